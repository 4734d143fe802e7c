"""How the Graph API says no, and what it says of a message that failed (…/whatsapp/support/error-codes)."""

import secrets

from connectors.sandbox.records import Json

_TEXTS: dict[int, str] = {
    2: "Service temporarily unavailable",
    4: "Application request limit reached",
    100: "Invalid parameter",
    190: "Invalid OAuth access token",
    130429: "Rate limit hit",
    130472: "User's number is part of an experiment",
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131048: "Spam rate limit hit",
    131049: "This message was not delivered to maintain healthy ecosystem engagement",
    131050: "User has stopped marketing messages from this business",
    131051: "Message type unknown",
    131053: "Media upload error",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132015: "Template is paused",
    132016: "Template is disabled",
    132018: "There was an issue with the parameters in your template",
}
_STATUS = {190: 401, 2: 500, 131000: 500, 4: 429}
_TRANSIENT = frozenset({2, 4, 131000, 130429, 131056})
_MORE = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


class GraphError(Exception):
    """Ends a handler with an error answer; `status` is what the code has unless told otherwise."""

    def __init__(self, code: int, details: str = "", *, status: int = 0, subcode: int = 0) -> None:
        super().__init__(details or text_of(code))
        self.code = code
        self.status = status or _STATUS.get(code, 400)
        self.body = body_of(code, details, subcode)


def text_of(code: int) -> str:
    """The title of a code; titles change, decide on the code."""
    return _TEXTS.get(code, "Something went wrong")


def body_of(code: int, details: str = "", subcode: int = 0) -> Json:
    """The answer's body."""
    error: Json = {"message": f"(#{code}) {text_of(code)}", "type": "OAuthException", "code": code}
    if subcode:
        error["error_subcode"] = subcode
    if code >= 130_000 or details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details or text_of(code)}
    if code in _TRANSIENT:
        error["is_transient"] = True
    return {"error": error | {"fbtrace_id": "A" + secrets.token_urlsafe(16)}}


def in_status(code: int) -> Json:
    """The same in a status webhook."""
    title = text_of(code)
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": f"{title}."},
        "href": _MORE,
    }
