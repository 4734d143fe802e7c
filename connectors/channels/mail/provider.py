"""E-mail by a provider (ESP): facts, sending, its webhooks."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qs, quote

from connectors.channels.mail import esp_webhooks, fields, sns
from connectors.channels.mail.addresses import fold
from connectors.channels.mail.amazon import Account, account_of
from connectors.channels.mail.building import build, instance_of
from connectors.channels.mail.esp_webhooks import CameIn, Hook, Tracked
from connectors.channels.mail.esps import ESPS, Esp
from connectors.channels.mail.fetching import Fetcher
from connectors.channels.mail.mime import PART, open_mail, part_of
from connectors.channels.mail.pointers import Pointer, is_fetched, opened, pointers_in
from connectors.channels.mail.reading import Envelope, Home, as_events, read_mail
from connectors.channels.mail.refusals import SEND, error_of
from connectors.channels.mail.reports import DELAYED
from connectors.contract.answers import require_json
from connectors.contract.capabilities import Capabilities, Capability, Push
from connectors.contract.channel import ChannelConnector, ChannelFacts, Enclosure, Files, Media
from connectors.contract.connector import QUERY, Settings, Subscription, Token
from connectors.contract.deliveries import basic_of, is_any_of, key_of, lowered
from connectors.contract.direct import (
    Address,
    AddressKind,
    AddressState,
    AlertRecord,
    Channel,
    ConsentRecord,
    Delivery,
    DeliveryReport,
    DirectMessageRecord,
    DirectRecord,
    Scope,
)
from connectors.contract.errors import (
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unreadable,
    Unsupported,
)
from connectors.contract.events import CanonicalEvent, Entity, EventKind
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import Done, Found, Intent, SendDirect
from connectors.contract.media import MediaLimits
from connectors.contract.records import AttachmentRecord
from connectors.contract.wire import obj, text

MAX_FILES: Final = 10_000_000
INBOUND, TRACKING = "inbound", "tracking"
KIND: Final = "w"
SES: Final = "amazon_ses"
LOGIN: Final = "bellhop"
MAILGUN_WHOLE: Final = "&as=mime"
"""An address that ends so is told the mail itself instead of its parsed fields
(https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http)."""
# Mailgun tries a webhook for eight hours; what was said before is a replay.
_SEAL_LIVES_S: Final = 8 * 3600 + 900
_SKEW_S: Final = 300
_STATES: Final = {
    "sent": Delivery.SENT,
    "deferred": Delivery.DELAYED,
    "delivered": Delivery.DELIVERED,
    "bounced": Delivery.FAILED,
    "rejected": Delivery.FAILED,
    "failed": Delivery.FAILED,
    "complained": Delivery.DELIVERED,
}
# A pixel that was loaded says nothing of a reader: many are loaded by programs.
_OF_NO_USE: Final = frozenset({"queued", "opened", "clicked", "autoresponded", "subscribed"})


class MailProvider(ChannelConnector):
    """Mail of our own domain: sent by the provider's API, answers and reports by its webhooks."""

    slug = "mail_provider"
    label = "E-mail provider"
    default_base_url = "https://anymail.dev"
    credential_fields = fields.PROVIDER
    facts = {
        Channel.EMAIL: ChannelFacts(
            max_text=200_000,
            media=MediaLimits(types={"*/*": MAX_FILES}, count=20, total=MAX_FILES),
            html=True,
        )
    }
    accepted_status = 200
    max_body = 40_000_000
    signature_header = "authorization"
    propagation_delay_s = 300
    performs = (SendDirect,)
    capabilities = Capabilities(
        entities={
            Entity.MESSAGE: Capability(
                write=True,
                push=Push.FULL,
                fallback="A lost answer is settled by a report that bears our token, else by a person.",
                why="Providers list no mails. Scaleway reports nothing; it and Unisender Go bring no incoming mail.",
            )
        },
        attachments=True,
        client_reference=True,
    )

    def __init__(self, settings: Settings, files: Files | None = None) -> None:
        super().__init__(settings, files)
        self.told: Mapping[str, str] = settings.credentials
        base = settings.base_url.rstrip("/")
        self.test_url = "" if base == self.default_base_url else base
        self.fetcher = Fetcher(self.told.get("esp", ""), self.test_url)
        self.own = fold(self.told.get("address", ""))
        inbound = self.told.get("inbound_address", "").strip().casefold()
        self.home_of_mail = Home(
            address=self.own,
            inbound=inbound if inbound.startswith("@") else fold(inbound),
            instance=instance_of(settings.hook_url),
            authserv_id=self.told.get("authserv_id", ""),
        )

    @property
    def is_ses(self) -> bool:
        return self.told.get("esp") == SES

    @property
    def esp(self) -> Esp:
        """Raises Unsupported."""
        found = ESPS.get(self.told.get("esp", ""))
        if found is None:
            raise Unsupported(f"There is no provider of that name. There are: {', '.join(ESPS)}.")
        return found

    def addresses(self) -> Mapping[Channel, str]:
        return {Channel.EMAIL: self.own}

    def reply_address(self, token: str) -> str:
        """Where answers come in: a domain of its own, or an address with the token behind a plus sign."""
        inbound = self.home_of_mail.inbound
        if inbound.startswith("@"):
            return f"{token}{inbound}"
        local, _, domain = (inbound or self.own).rpartition("@")
        return f"{local}+{token}@{domain}"

    # --- inbound ---
    def logins(self) -> list[str]:
        passwords = (self.told.get("webhook_password", ""), self.told.get("webhook_password_old", ""))
        return [f"{LOGIN}:{one}" for one in passwords if one]

    def hook_addresses(self, url: str) -> Mapping[str, str]:
        password = quote(self.told.get("webhook_password", ""), safe="")
        addressed = esp_webhooks.with_login(url, f"{LOGIN}:{password}")
        found = {
            kind: f"{addressed}?{KIND}={kind}" for kind in (INBOUND, TRACKING) if getattr(self.esp, kind)
        }
        if self.told.get("esp") == "mailgun":
            found[INBOUND] += MAILGUN_WHOLE
        return found

    def _hook(self, headers: Mapping[str, str]) -> Hook:
        kind = parse_qs(lowered(headers).get(QUERY, "")).get(KIND, [""])[0]
        esp = self.told.get("esp", "")
        url = self.hook_addresses(self.settings.hook_url).get(kind, "") if esp in ESPS else ""
        return Hook(esp=esp, kind=kind, url=url, logins=self.logins(), credentials=self.told)

    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:
        """Mailgun and Amazon's SNS sign a token, which must count once, whatever stands beside it."""
        try:
            if self.told.get("esp") == "mailgun":
                return f"mailgun:{esp_webhooks.mailgun_seal(headers, body)[0]}"[:200]
            if self.is_ses and (message_id := sns.read(body).message_id):
                return f"sns:{self._hook(headers).kind}:{message_id}"[:200]
        except Unreadable:
            return key_of(body)
        return key_of(body)

    def verify(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],  # noqa: ARG002 - the passwords are credentials: a person enters them on both sides
        at: datetime,
    ) -> bool | None:
        """A seal of Svix's proves more than our password, which that sender may not show."""
        if is_fetched(headers):
            return False
        hook, known = self._hook(headers), is_any_of(basic_of(headers), self.logins())
        sealed = esp_webhooks.is_sealed(hook, headers, body, at)
        if sealed is not None:
            return sealed and (known or "authorization" not in lowered(headers))
        if not known or (self.told.get("esp") == "mailgun" and not _is_fresh(headers, body, at)):
            return False
        return esp_webhooks.is_signed(hook, headers, body)

    def prepare(self, call: Call, headers: Mapping[str, str], body: bytes) -> Sequence[Enclosure]:
        """A mail is fetched where its webhook only says where it is; several that one tells of go separate ways, so
        that one that can't be had holds up no other. What Amazon sends must be signed by it."""
        if is_fetched(headers):
            return ()
        if self.is_ses:
            message = sns.read(body)
            self.fetcher.prove(call, message)
            if message.kind == sns.SUBSCRIPTION:
                self.fetcher.confirm(call, message)
        found = self._pointers(headers, body)
        if len(found) > 1:
            return [Enclosure(key=f"one:{one.key}", headers=headers, body=one.alone) for one in found]
        return [one.enclosure(self._fetched(call, one)) for one in found]

    def _pointers(self, headers: Mapping[str, str], body: bytes) -> list[Pointer]:
        return pointers_in(self.told.get("esp", ""), self._hook(headers).kind, body)

    def _fetched(self, call: Call, pointer: Pointer) -> bytes:
        if self.is_ses:
            return self.fetcher.stored(call, self._account(), pointer)
        return self.fetcher.mail(call, pointer)

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:
        key = key_of(body)
        if is_fetched(headers):
            return self._mail(opened(headers, body), key)
        if self.is_ses and (notice := _notice(sns.read(body), key)) is not None:
            return [notice]
        found = [one.event() for one in self._pointers(headers, body)]
        if found:
            return found
        for place, one in enumerate(esp_webhooks.read(self._hook(headers), headers, body)):
            mine = f"{key}:{place}"
            found += self._mail(one, mine) if isinstance(one, CameIn) else [self._report(one, mine)]
        return found or [CanonicalEvent(kind=EventKind.IGNORED, dedupe_key=key, reason="nothing in it")]

    def _mail(self, given: CameIn, key: str) -> list[CanonicalEvent]:
        envelope = Envelope(
            recipients=given.recipients, sender=given.sender, received_at=given.at, stripped=given.stripped
        )
        found = read_mail(open_mail(given.raw), self.home_of_mail, envelope)
        if given.files and not isinstance(found, str):
            found = [_with_files(record, given.files) for record in found]
        return as_events(found, key)

    def fetch(self, call: Call, attachment: AttachmentRecord) -> Media:
        """A file that Brevo keeps apart; all others lie inside a delivery."""
        return self.fetcher.file(call, attachment)

    def part(self, headers: Mapping[str, str], body: bytes, external_id: str) -> Media:
        if is_fetched(headers):
            return part_of(open_mail(body), external_id)
        for one in esp_webhooks.read(self._hook(headers), headers, body):
            if isinstance(one, CameIn):
                return part_of(open_mail(one.raw), external_id)
        raise NotFound(detail=external_id, code="no_part")

    def _report(self, given: Tracked, key: str) -> CanonicalEvent:
        address, state = fold(given.recipient), _STATES.get(given.kind)
        person = Address(kind=AddressKind.EMAIL, value=address) if address else None
        mine = f"report:{given.event_id or key}:{given.kind}:{address}"[:300]
        if given.kind == "unsubscribed" and person is not None and given.at is not None:
            consent = ConsentRecord(
                external_id=mine,
                channel=Channel.EMAIL,
                address=person,
                scope=Scope.MARKETING,
                granted=False,
                source=f"{self.esp.label}: unsubscribed",
                at=given.at,
            )
            return CanonicalEvent(kind=EventKind.CONSENT_TOLD, dedupe_key=mine, direct=consent)
        if state is None:
            known = given.kind in _OF_NO_USE or given.kind == "unsubscribed"
            unknown = {} if known else {"event_type": given.kind}
            return CanonicalEvent(kind=EventKind.IGNORED, dedupe_key=mine, reason=given.kind, unknown=unknown)
        is_told_why = state in {Delivery.FAILED, Delivery.DELAYED}
        report = DeliveryReport(
            external_id=self._id_in_the_world(given.message_id),
            channel=Channel.EMAIL,
            state=state,
            reference=given.reference,
            code=given.reason or given.kind if is_told_why else "",
            reason=_words(given) if is_told_why else "",
            at=given.at,
            address=person,
            address_state=_address_state(given),
        )
        return CanonicalEvent(
            kind=EventKind.DELIVERY_REPORT, dedupe_key=mine, direct=report, occurred_at=given.at
        )

    # --- authorisation ---
    def is_ours(self, url: str) -> bool:
        if url.startswith(f"{SEND}{self.told.get('esp', '-')}/") or self.fetcher.is_ours(url):
            return True
        return (self.is_ses and url == self._account_url()) or super().is_ours(url)

    def _account(self) -> Account:
        """Raises Rejected where what was entered can't be right."""
        given = {name: self.told.get(field, "") for name, field in self.esp.settings.items()}
        return account_of(given, self.test_url)

    def _account_url(self) -> str:
        """https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html"""
        return f"{self._account().ses_url}/account"

    def _id_in_the_world(self, message_id: str) -> str:
        """By which answers and reports know a mail: SES gives it a Message-ID of its own."""
        return self._account().message_id(message_id) if self.is_ses else message_id

    def limit_key(self) -> str:
        account = f"{self.told.get('esp', '')} {self.told.get('address', '')}"
        return f"mail_provider:{sha256(account.encode()).hexdigest()[:24]}"

    def token_request(self) -> None:
        return None

    def read_token(self, response: Response) -> Token:  # noqa: ARG002
        raise Unsupported(detail="There are no tokens here.")

    def authorize(self, request: Request, token: str | None) -> Request:  # noqa: ARG002
        shown = self._settings() if request.path.startswith(SEND) else self._shown_key(request)
        return replace(request, headers={**request.headers, **shown})

    def _settings(self) -> dict[str, str]:
        """Everything that anymail needs to send."""
        settings = {
            name: self.told[field] for name, field in self.esp.settings.items() if self.told.get(field)
        }
        if self.is_ses:
            self._account()
        if self.test_url:
            settings["api_url"] = f"{self.test_url}/"
        elif self.esp.needs_url:
            raise Rejected("This provider has no address of its own: enter yours.", code="no_address")
        packed = base64.b64encode(json.dumps(settings).encode()).decode()
        return {"authorization": f"Anymail {packed}"}

    def _shown_key(self, request: Request) -> dict[str, str]:
        """What proves a fetch to be ours."""
        if self.is_ses:
            service = "s3" if request.path in self.fetcher.files else "ses"
            return self._account().signed(request.method, request.path, service)
        return {self.esp.key_header: self.esp.key_form.format(self.told.get("api_key", ""))}

    def check(self, request: Request, response: Response) -> None:
        if not 200 <= response.status < 300:
            raise error_of(self.told.get("esp", ""), request, response)
        if request.path not in self.fetcher.files:
            require_json(request, response)

    # --- reads and effects ---
    def ping(self, call: Call) -> str:
        """There is nothing that all providers answer: the settings are complete, the first mail shows the rest. Amazon
        tells whether the account may send."""
        label = self.esp.label
        call(Request(method="HEAD", path=f"{SEND}{self.told.get('esp', '-')}/"))
        if self.is_ses:
            told = obj(call(Request(method="GET", path=self._account_url())).json())
            if told.get("SendingEnabled") is False:
                raise Rejected("Amazon has switched sending off for this account.", code="sending_off")
        return f"{label}: {self.own}"

    def perform(self, call: Call, intent: Intent) -> Done:
        if not isinstance(intent, SendDirect):
            raise Unsupported(detail=type(intent).__name__)
        if intent.channel != Channel.EMAIL:
            raise Rejected("This connection sends e-mail only.", code="no_sender")
        now = datetime.now(UTC)
        content = build(intent, self.own, self.home_of_mail.instance, self._read, now)
        headers = {"x-reference": intent.reference}
        if self.esp.keeps_id is not None:
            headers["x-keeps-id"] = ":".join(self.esp.keeps_id)
        request = Request(
            method="SEND",
            path=f"{SEND}{self.told.get('esp', '-')}/",
            content=content,
            headers=headers,
            effect=True,
        )
        remote_id = text(obj(call(request).json()).get("message_id"))
        if not remote_id:
            raise OutcomeUnknown(detail="No id in the answer.", code="no_id")
        return Done(remote_id=self._id_in_the_world(remote_id), at=now)

    def _read(self, key: str) -> bytes:
        if self.files is None:
            raise Unsupported(detail="There is no store of files.")
        return self.files.read(key)

    def find(self, call: Call, intent: Intent, since: datetime, known: Collection[str] = ()) -> Found | None:  # noqa: ARG002
        raise Unsupported(detail="Providers list no mails; a report with our token decides.")

    # --- webhooks ---
    def list_subscriptions(self, call: Call) -> Iterator[Subscription]:  # noqa: ARG002
        return iter(())

    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:  # noqa: ARG002
        """A person enters the addresses at the provider (see `hook_addresses`)."""
        return Subscription(external_id="", url=url)

    def unsubscribe(self, call: Call, subscription: Subscription) -> None:
        """Nothing of ours is kept there."""

    def read_webhook_secret(self, call: Call, url: str) -> str | None:  # noqa: ARG002
        return self.told.get("webhook_password") or None


def _is_fresh(headers: Mapping[str, str], body: bytes, at: datetime) -> bool:
    try:
        said = esp_webhooks.mailgun_seal(headers, body)[1]
    except Unreadable:
        return False
    return at.timestamp() - _SEAL_LIVES_S <= said <= at.timestamp() + _SKEW_S


def _address_state(given: Tracked) -> AddressState:
    if given.kind == "complained":
        return AddressState.COMPLAINED
    if given.reason == "unsubscribed":
        return AddressState.OPTED_OUT
    if given.soft:
        return AddressState.FINE
    hard = given.kind in {"bounced", "rejected", "failed"} and given.reason in {"invalid", "bounced"}
    return AddressState.BAD if hard else AddressState.FINE


def _words(given: Tracked) -> str:
    if given.kind == "deferred":
        return DELAYED
    sentences = {
        "invalid": "This e-mail address does not exist.",
        "bounced": "The guest's mail host refused it for good.",
        "timed_out": "The guest's mail host did not take it in time.",
        "blocked": "The guest's mail host refuses mail from us.",
        "spam": "It was taken for unwanted mail.",
        "unsubscribed": "The guest has unsubscribed from our mail.",
    }
    return sentences.get(given.reason, "The mail was not delivered.")


def _with_files(record: DirectRecord, files: tuple[AttachmentRecord, ...]) -> DirectRecord:
    if not isinstance(record, DirectMessageRecord):
        return record
    return replace(record, attachments=(*record.attachments, *files))


def _notice(message: sns.Message, key: str) -> CanonicalEvent | None:
    """What a topic of Amazon's says of itself."""
    if message.kind == sns.SUBSCRIPTION:
        return CanonicalEvent(kind=EventKind.IGNORED, dedupe_key=key, reason="subscription confirmed")
    if message.kind != sns.UNSUBSCRIBED:
        return None
    alert = AlertRecord(
        external_id=message.topic,
        title="A topic of Amazon SNS no longer tells us anything: its subscription was ended.",
        detail=message.topic,
        code="sns_unsubscribed",
    )
    return CanonicalEvent(kind=EventKind.ALERT, dedupe_key=key, direct=alert)


__all__ = ["INBOUND", "PART", "TRACKING", "MailProvider"]
