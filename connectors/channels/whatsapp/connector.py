"""WhatsApp Cloud API (https://developers.facebook.com/documentation/business-messaging/whatsapp): facts,
authorisation, errors."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from connectors.channels.whatsapp import webhooks
from connectors.channels.whatsapp.effects import MAX_FILE, MAX_TEXT, Effects
from connectors.channels.whatsapp.words import CODES, LATER_S, PAIR_RATE, PAIR_WAIT_S, Next, meaning_of
from connectors.contract import phones, wire
from connectors.contract.answers import Problem, error_for, require_json, retry_after
from connectors.contract.capabilities import Capabilities, Capability, Push, RateLimit
from connectors.contract.channel import ChannelFacts, Files
from connectors.contract.connector import CredentialField, Settings, Subscription, Token
from connectors.contract.deliveries import key_of
from connectors.contract.direct import Channel
from connectors.contract.errors import ConnectorError, Rejected, Retryable, Unreadable, Unsupported
from connectors.contract.events import CanonicalEvent, Entity
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import Done, Found, Intent, MarkRead, SendDirect
from connectors.contract.media import MediaLimits
from connectors.contract.wire import first, items, obj, text
from connectors.contract.words import gettext_noop as _

VERSION: Final = "v23.0"
_DAY_S: Final = 86_400
_TYPES: Final = {
    **dict.fromkeys(("image/jpeg", "image/png"), 5_000_000),
    **dict.fromkeys(("audio/*", "video/mp4", "video/3gpp"), 16_000_000),
    **dict.fromkeys(("application/*", "text/*"), MAX_FILE),
}


class WhatsApp(Effects):
    """One number of a WhatsApp business account: signed webhooks, reports that bear our token, templates, read marks.
    Nothing can be listed: what stays unclear is settled by a report or by a person."""

    slug = "whatsapp"
    label = "WhatsApp (Meta Cloud API)"
    default_base_url = "https://graph.facebook.com"
    credential_fields = (
        CredentialField(
            name="phone_number_id",
            label=_("Phone number ID"),
            secret=False,
            help=_("In your app at Meta, under WhatsApp, API Setup. It is not the number itself."),
        ),
        CredentialField(
            name="waba_id",
            label=_("WhatsApp Business Account ID"),
            secret=False,
            help=_("On the same page."),
        ),
        CredentialField(
            name="number",
            label=_("Phone number"),
            secret=False,
            help=_("As guests see it, with the country code."),
        ),
        CredentialField(
            name="access_token",
            label=_("Access token"),
            help=_(
                "Of a system user, under Business settings; one that doesn't expire, for messages and management."
            ),
        ),
        CredentialField(
            name="app_secret",
            label=_("App secret"),
            help=_("Under App settings, Basic. It signs what Meta tells us."),
        ),
        CredentialField(
            name="app_secret_old",
            label=_("App secret before"),
            required=False,
            help=_("Only while the secret is changed: both are believed."),
        ),
        CredentialField(
            name="api_version",
            label=_("Version of the API"),
            secret=False,
            required=False,
            help=_("Empty: the one that we know, v23.0."),
        ),
    )
    facts = {
        Channel.WHATSAPP: ChannelFacts(
            max_text=MAX_TEXT,
            media=MediaLimits(types=_TYPES, count=1),
            window_s=_DAY_S,
            templates=True,
            reads=True,
        )
    }
    # The one per guest (10 a minute, bursts of 45) isn't counted beforehand: after error 131056 that line waits.
    limits = (RateLimit(window_s=1, limit=80),)
    accepted_status = 200
    max_body = 4_000_000
    signature_header = webhooks.SIGNATURE
    propagation_delay_s = 120
    performs = (SendDirect, MarkRead)
    capabilities = Capabilities(
        entities={
            Entity.MESSAGE: Capability(
                write=True,
                push=Push.FULL,
                fallback="A lost answer is settled by the report that bears our token, else by a person.",
                why="Messages can't be listed; webhooks are repeated for 7 days, then they are lost.",
            ),
            Entity.TEMPLATE: Capability(
                read=True, write=True, push=Push.HINT, why="They are written and approved at Meta."
            ),
        },
        attachments=True,
        read_receipts=True,
        client_reference=True,
    )

    def __init__(self, settings: Settings, files: Files | None = None) -> None:
        super().__init__(settings, files)
        told = settings.credentials
        self.root = f"/{told.get('api_version') or VERSION}"
        self.number = quote(told.get("phone_number_id", ""), safe="")
        self._media_urls = set()

    def addresses(self) -> Mapping[Channel, str]:
        given = self.settings.credentials.get("number", "")
        return {Channel.WHATSAPP: phones.to_e164(given) or phones.from_digits(given) or given}

    # --- inbound ---
    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002
        return webhooks.delivery_key(body) or key_of(body)

    def verify(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],  # noqa: ARG002 - these are the tokens that Meta presents when it tries the address
        at: datetime,  # noqa: ARG002
    ) -> bool | None:
        """No time is signed: a replay is the same delivery, which is taken once."""
        told = self.settings.credentials
        return webhooks.verify(headers, body, (told.get("app_secret", ""), told.get("app_secret_old", "")))

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:  # noqa: ARG002
        told = self.settings.credentials
        return webhooks.Reader(told.get("waba_id", ""), told.get("phone_number_id", "")).read_events(body)

    def answer_get(self, query: str, secrets: Sequence[str]) -> str | None:
        return webhooks.answer_to(query, secrets)

    # --- authorisation ---
    def limit_key(self) -> str:
        number = f"{self.settings.base_url} {self.settings.credentials.get('phone_number_id', '')}"
        return f"whatsapp:{sha256(number.encode()).hexdigest()[:24]}"

    def token_request(self) -> None:
        return None

    def read_token(self, response: Response) -> Token:  # noqa: ARG002
        raise Unsupported(detail="There are no tokens here.")

    def authorize(self, request: Request, token: str | None) -> Request:  # noqa: ARG002
        key = self.settings.credentials.get("access_token", "")
        return replace(request, headers={**request.headers, "authorization": f"Bearer {key}"})

    def check(self, request: Request, response: Response) -> None:
        if not 200 <= response.status < 300:
            raise _error(request, response)
        if self.is_file(request):
            return
        if obj(obj(require_json(request, response)).get("error")):
            raise _error(request, response, status=400)

    # --- reads and effects ---
    def ping(self, call: Call) -> str:
        waba = self.settings.credentials.get("waba_id", "")
        answer = call(Request(method="GET", path=f"{self.root}/{quote(waba, safe='')}/phone_numbers")).json()
        mine = self.settings.credentials.get("phone_number_id", "")
        for one in items(answer, "data"):
            if text(one.get("id")) == mine:
                return (
                    " ".join(wire.texts((one.get("verified_name"), one.get("display_phone_number")))) or mine
                )
        raise Rejected("The account has no number with this ID.", code="no_number")

    def perform(self, call: Call, intent: Intent) -> Done:
        if isinstance(intent, SendDirect):
            return self.send(call, intent)
        if isinstance(intent, MarkRead):
            self.mark_read(call, intent.message_id)
            return Done(remote_id="")
        raise Unsupported(detail=type(intent).__name__)

    def find(self, call: Call, intent: Intent, since: datetime, known: Collection[str] = ()) -> Found | None:  # noqa: ARG002
        if isinstance(intent, MarkRead):
            return None
        raise Unsupported(detail="WhatsApp lists no messages; a report with our token decides.")

    # --- webhooks ---
    def new_webhook_secret(self) -> str:
        """The token by which Meta shows, when it tries our address, that it is the one that we named."""
        return secrets.token_urlsafe(32)

    def _apps(self) -> str:
        return f"{self.root}/{quote(self.settings.credentials.get('waba_id', ''), safe='')}/subscribed_apps"

    def list_subscriptions(self, call: Call) -> Iterator[Subscription]:
        for one in items(call(Request(method="GET", path=self._apps())).json(), "data"):
            app = obj(one.get("whatsapp_business_api_data"))
            yield Subscription(external_id=text(app.get("id")), url=text(one.get("override_callback_uri")))

    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:
        """Doing it again is the same. Which fields are sent is set at the app."""
        if any(one.url == url for one in self.list_subscriptions(call)):
            return Subscription(external_id=self.settings.credentials.get("waba_id", ""), url=url)
        body = {"override_callback_uri": url, "verify_token": secret}
        answer = obj(call(Request(method="POST", path=self._apps(), json=body)).json())
        if wire.flag(answer.get("success")) is False:
            raise Rejected("Meta did not take our address.", code="not_subscribed")
        return Subscription(external_id=self.settings.credentials.get("waba_id", ""), url=url)

    def unsubscribe(self, call: Call, subscription: Subscription) -> None:  # noqa: ARG002
        call(Request(method="DELETE", path=self._apps()))

    def read_webhook_secret(self, call: Call, url: str) -> str | None:  # noqa: ARG002
        """The app secret is one of the credentials."""
        return None


def _error(request: Request, response: Response, status: int | None = None) -> ConnectorError:
    """By Meta's code, whose words change. Where it broke down (5xx) a message may have gone out all the same."""
    try:
        told = obj(obj(response.json()).get("error"))
    except Unreadable:
        told = {}
    code = wire.integer(told.get("code"))
    problem = Problem(
        message=first(obj(told.get("error_data")).get("details"), told.get("message")),
        code="" if code is None else str(code),
        request_id=text(told.get("fbtrace_id")),
    )
    found = status or response.status
    meaning = meaning_of(code)
    if code is None or found >= 500 or found in {408, 425, 429} or code not in CODES:
        return error_for(request, response, problem, status=status)
    if meaning.next == Next.HOLD:
        return error_for(request, response, problem, status=429)
    if meaning.next == Next.CREDENTIALS:
        return error_for(request, response, problem, status=401)
    facts = {"detail": f"HTTP {response.status}: {problem.message}"[:300], "code": problem.code}
    if meaning.next == Next.LATER:
        wait = PAIR_WAIT_S if code == PAIR_RATE else LATER_S
        return Retryable(
            meaning.text, after_s=retry_after(response) or wait, request_id=problem.request_id, **facts
        )
    error = Rejected(meaning.text, request_id=problem.request_id, **facts)
    error.address_state = meaning.state
    return error
