"""Twilio Programmable Messaging (https://www.twilio.com/docs/messaging): facts, authorisation, errors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from connectors.channels.twilio import signature, templates, webhooks
from connectors.channels.twilio.messages import MAX_TEXT, REDIRECTS, Messages, is_media
from connectors.channels.twilio.words import CODES, meaning_of
from connectors.contract import wire
from connectors.contract.answers import Problem, error_for, require_json, retry_after
from connectors.contract.capabilities import Capabilities, Capability, Push, RateLimit
from connectors.contract.channel import ChannelFacts, Files
from connectors.contract.connector import CredentialField, Settings, Subscription, Token
from connectors.contract.deliveries import as_basic, key_of
from connectors.contract.direct import Channel
from connectors.contract.errors import (
    ConnectorError,
    Rejected,
    Retryable,
    Unreadable,
    Unsupported,
)
from connectors.contract.events import CanonicalEvent, Entity
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import Done, Found, Intent, SendDirect
from connectors.contract.media import MediaLimits
from connectors.contract.wire import obj, text
from connectors.contract.words import gettext_noop as _

_PICTURE: Final = 5_000_000
_OTHER: Final = 500_000
_TYPES: Final = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/gif"), _PICTURE),
    **dict.fromkeys(("application/pdf", "audio/*", "video/*"), _OTHER),
}
_DAY_S: Final = 86_400
_NOT_FOUND, _NO_ACCESS, _TOO_MANY = 20404, 20003, 20429


class Twilio(Messages):
    """SMS, MMS and WhatsApp of one account: signed webhooks, status callbacks that bear our token, and a list to read
    back from and to catch up by."""

    slug = "twilio"
    label = "Twilio (SMS, WhatsApp)"
    default_base_url = "https://api.twilio.com"
    credential_fields = (
        CredentialField(
            name="account_sid",
            label=_("Account SID"),
            secret=False,
            help=_("Begins with AC; on the Twilio Console's first page, under Account Info."),
        ),
        CredentialField(
            name="auth_token",
            label=_("Auth token"),
            help=_(
                "Beside the account SID. It signs what Twilio tells us, so it is needed with an API key, too."
            ),
        ),
        CredentialField(
            name="auth_token_old",
            label=_("Auth token before"),
            required=False,
            help=_("Only while the token is rotated: both are believed."),
        ),
        CredentialField(
            name="api_key_sid",
            label=_("API key SID"),
            secret=False,
            required=False,
            help=_("Begins with SK. With a key, our calls don't use the auth token."),
        ),
        CredentialField(
            name="api_key_secret",
            label=_("API key secret"),
            required=False,
            help=_("Shown once, when the key is made."),
        ),
        CredentialField(
            name="messaging_service_sid",
            label=_("Messaging Service SID"),
            secret=False,
            required=False,
            help=_("Begins with MG. Texts leave by this service, which picks the number."),
        ),
        CredentialField(
            name="sender",
            label=_("Number for SMS"),
            secret=False,
            required=False,
            help=_("With the country code: +14155550160."),
        ),
        CredentialField(
            name="whatsapp_sender",
            label=_("Number for WhatsApp"),
            secret=False,
            required=False,
            help=_("Only if WhatsApp runs through Twilio. With the country code."),
        ),
    )
    facts = {
        Channel.SMS: ChannelFacts(
            max_text=MAX_TEXT, media=MediaLimits(types=_TYPES, count=10, total=_PICTURE)
        ),
        Channel.WHATSAPP: ChannelFacts(
            max_text=MAX_TEXT,
            media=MediaLimits(types=_TYPES, count=1, total=_PICTURE),
            window_s=_DAY_S,
            templates=True,
            reads=True,
        ),
    }
    # Twilio publishes none for its API: it queues, for hours. What waits there can't be stopped any more by a STOP, so
    # texts are given away at the pace of an ordinary number (https://www.twilio.com/docs/messaging/queues-and-latency).
    limits = (RateLimit(window_s=1, limit=10),)
    lists_messages = True
    confirms_stop = True
    silent = True
    accepted_status = 204
    signature_header = "x-twilio-signature"
    propagation_delay_s = 60
    performs = (SendDirect,)
    capabilities = Capabilities(
        entities={
            Entity.MESSAGE: Capability(
                read=True,
                write=True,
                push=Push.FULL,
                fallback="What was missed is listed. Texts written elsewhere for the account stay out.",
                why="No key against sending twice: a lost answer is looked for by number, time and text.",
            ),
            Entity.TEMPLATE: Capability(
                read=True,
                write=True,
                poll_s=900,
                why="They are written and handed in for approval at Twilio; listed where WhatsApp runs through it.",
            ),
        },
        attachments=True,
        read_receipts=True,
        client_reference=True,
    )

    def __init__(self, settings: Settings, files: Files | None = None) -> None:
        super().__init__(settings, files)
        self.root = f"/2010-04-01/Accounts/{settings.credentials.get('account_sid', '')}"
        self._redirects = set()

    def addresses(self) -> Mapping[Channel, str]:
        told = self.settings.credentials
        found = {
            Channel.SMS: told.get("sender") or told.get("messaging_service_sid") or "",
            Channel.WHATSAPP: told.get("whatsapp_sender") or "",
        }
        return {channel: address for channel, address in found.items() if address}

    # --- inbound ---
    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:
        return webhooks.key_of(headers, body) or key_of(body)

    def verify(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],
        at: datetime,  # noqa: ARG002
    ) -> bool | None:
        """No time is signed: a replay is the same delivery, which is taken once. Good are the auth token of the
        account and the one before, until it is removed."""
        told = self.settings.credentials
        tokens = (told.get("auth_token", ""), told.get("auth_token_old", ""), *secrets)
        return signature.verify(self.settings.hook_url, headers, body, tokens) and self._is_mine_told(
            headers, body
        )

    def _is_mine_told(self, headers: Mapping[str, str], body: bytes) -> bool:
        """A token is one account's; yet what names another account is not for us."""
        mine = self.settings.credentials.get("account_sid", "")
        if not mine or signature.is_json(headers):
            return True
        return dict(signature.form_of(body)).get("AccountSid", mine) == mine

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:
        return webhooks.read_events(headers, body)

    # --- authorisation ---
    def limit_key(self) -> str:
        account = f"{self.settings.base_url} {self.settings.credentials.get('account_sid', '')}"
        return f"twilio:{sha256(account.encode()).hexdigest()[:24]}"

    def token_request(self) -> None:
        return None

    def read_token(self, response: Response) -> Token:  # noqa: ARG002
        raise Unsupported(detail="There are no tokens here.")

    def authorize(self, request: Request, token: str | None) -> Request:  # noqa: ARG002
        told = self.settings.credentials
        login, password = told.get("account_sid", ""), told.get("auth_token", "")
        if told.get("api_key_sid") and told.get("api_key_secret"):
            login, password = told["api_key_sid"], told["api_key_secret"]
        return replace(request, headers={**request.headers, "authorization": as_basic(login, password)})

    def check(self, request: Request, response: Response) -> None:
        if 200 <= response.status < 300:
            if not is_media(request):
                require_json(request, response)
            return
        if is_media(request) and response.status in REDIRECTS and response.headers.get("location"):
            return
        if templates.is_listing(request) and response.status in {401, 403}:
            # A restricted API key sends well without that right: nothing else is to stop.
            raise Rejected(
                "The API key may not read templates: give it access to Content at Twilio.",
                code="no_templates",
            )
        raise _error(request, response)

    # --- reads and effects ---
    def ping(self, call: Call) -> str:
        """The account's name has no call of its own here; its list of messages shows that we may read."""
        query = (("PageSize", "1"),)
        call(Request(method="GET", path=f"{self.root}/Messages.json", query=query))
        return self.settings.credentials.get("account_sid", "")

    def perform(self, call: Call, intent: Intent) -> Done:
        if isinstance(intent, SendDirect):
            return self.send(call, intent)
        raise Unsupported(detail=type(intent).__name__)

    def find(self, call: Call, intent: Intent, since: datetime, known: Collection[str] = ()) -> Found | None:
        if isinstance(intent, SendDirect):
            return self.find_sent(call, intent, since, known)
        raise Unsupported(detail=type(intent).__name__)

    # --- webhooks ---
    def hook_addresses(self, url: str) -> Mapping[str, str]:
        """With the fragment by which Twilio tries again after a broken answer or a 5xx
        (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)."""
        return {"inbound": f"{url}{signature.AGAIN}"}

    def list_subscriptions(self, call: Call) -> Iterator[Subscription]:  # noqa: ARG002
        return iter(())

    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:  # noqa: ARG002
        """A person enters the address at Twilio, for the number or its Messaging Service; statuses come to an address
        that each message names."""
        return Subscription(external_id="", url=url)

    def unsubscribe(self, call: Call, subscription: Subscription) -> None:
        """Nothing of ours is kept there."""

    def read_webhook_secret(self, call: Call, url: str) -> str | None:  # noqa: ARG002
        return self.settings.credentials.get("auth_token") or None


def _error(request: Request, response: Response) -> ConnectorError:
    """By Twilio's code where the table knows it, else by the status. Only a 429 and a refusal surely did nothing."""
    try:
        answer = obj(response.json())
    except Unreadable:
        answer = {}
    code = wire.integer(answer.get("code"))
    request_id = response.headers.get("twilio-request-id", "")
    problem = Problem(message=text(answer.get("message")), code=str(code or ""), request_id=request_id)
    if code == _TOO_MANY:
        return error_for(request, response, problem, status=429)
    if code == _NO_ACCESS:
        return error_for(request, response, problem, status=401)
    if code not in CODES or not 400 <= response.status < 500 or response.status in {401, 403, 408, 425, 429}:
        return error_for(request, response, problem, status=404 if code == _NOT_FOUND else None)
    meaning = meaning_of(code)
    detail = f"HTTP {response.status}: {problem.message}"[:300]
    if meaning.again_s is not None:
        return Retryable(
            meaning.text,
            after_s=retry_after(response) or meaning.again_s,
            detail=detail,
            code=problem.code,
            request_id=request_id,
        )
    error = Rejected(meaning.text, detail=detail, code=problem.code, request_id=request_id)
    error.address_state = meaning.state
    return error
