"""What an e-mail provider's refusal stands for: of a mail that was to go out, or of what was to be fetched."""

from __future__ import annotations

from typing import Final

from connectors.channels.mail import amazon
from connectors.contract.answers import Problem, error_for
from connectors.contract.direct import AddressState
from connectors.contract.errors import ConnectorError, Rejected, Unreadable
from connectors.contract.http import Request, Response
from connectors.contract.wire import Wire, first, obj, text

SEND: Final = "anymail://"
_OTHER_REGION: Final = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "TemporaryRedirect"})
# Resend, whose keys for sending can't read (https://resend.com/docs/api-reference/errors).
_ONLY_SENDS: Final = "restricted_api_key"
_NO_KEY: Final = "invalid_api_key"
_NO_KEY_WORDS: Final = "api key is invalid"


def error_of(esp: str, request: Request, response: Response) -> ConnectorError:
    if request.path.startswith(SEND):
        return _not_sent(request, response)
    if not request.authorized and response.status in {401, 403}:
        # A signed address that is no longer good: it says nothing about our key, and trying again doesn't help.
        return error_for(request, response, Problem(code="closed"), status=404)
    if esp == "amazon_ses":
        return _of_amazon(request, response)
    return _not_fetched(request, response)


def _told(response: Response) -> Wire:
    try:
        return obj(response.json())
    except Unreadable:
        return {}


def _not_sent(request: Request, response: Response) -> ConnectorError:
    told = _told(response)
    error = error_for(request, response, Problem(message=text(told.get("text")), code=text(told.get("code"))))
    if isinstance(error, Rejected) and text(told.get("refused")):
        error.user_message = "The provider writes to this address no more."
        error.address_state = AddressState.BAD
    return error


def _of_amazon(request: Request, response: Response) -> ConnectorError:
    code, message = amazon.refusal(response)
    if code in _OTHER_REGION:
        return Rejected("The bucket is in another region than the one entered here.", code=code)
    status = amazon.status_of(code, response.status)
    return error_for(request, response, Problem(message=message or code, code=code), status=status)


def _not_fetched(request: Request, response: Response) -> ConnectorError:
    told = _told(response)
    name, message = first(told.get("name"), told.get("code")), first(told.get("message"), told.get("error"))
    problem = Problem(message=message, code=name)
    if name == _ONLY_SENDS:
        words = "The API key may only send: reading what comes in needs one with full access."
        return Rejected(words, code=name, detail=message[:300])
    no_key = name == _NO_KEY or _NO_KEY_WORDS in message.lower()
    return error_for(request, response, problem, status=401 if no_key else None)
