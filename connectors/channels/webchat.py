"""Web chat: no provider. What a visitor writes is journaled by Bellhop itself, and what we send lies ready in Bellhop
until the visitor's page fetches it."""

from __future__ import annotations

import json
import secrets as randomness
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from connectors.contract import wire
from connectors.contract.answers import Problem, error_for, require_json
from connectors.contract.capabilities import Capabilities, Capability, Push
from connectors.contract.channel import ChannelConnector, ChannelFacts, Media
from connectors.contract.connector import CredentialField, Subscription, Token
from connectors.contract.deliveries import key_of
from connectors.contract.direct import Address, AddressKind, Channel, DirectMessageRecord
from connectors.contract.errors import NotFound, Unreadable, Unsupported
from connectors.contract.events import CanonicalEvent, Entity, EventKind
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import Done, Found, Intent, SendDirect
from connectors.contract.media import MediaLimits
from connectors.contract.records import AttachmentRecord
from connectors.contract.wire import Wire, items, obj, text

MAX_TEXT: Final = 4_000
MAX_FILE: Final = 10_000_000
MAX_FILES: Final = 5
_TYPES: Final = dict.fromkeys(("image/*", "audio/*", "video/*", "application/pdf", "text/plain"), MAX_FILE)


class WebChat(ChannelConnector):
    """The chat on a property's website and in the guest portal."""

    slug = "webchat"
    label = "Web chat"
    default_base_url = "https://webchat.invalid"
    credential_fields = (
        CredentialField(name="site", label="Website, such as https://www.hotel.example", secret=False),
    )
    facts = {
        Channel.WEBCHAT: ChannelFacts(
            max_text=MAX_TEXT, media=MediaLimits(types=_TYPES, count=MAX_FILES), reads=True
        )
    }
    performs = (SendDirect,)
    remote = False
    propagation_delay_s = 0
    capabilities = Capabilities(
        entities={
            Entity.MESSAGE: Capability(
                read=True,
                write=True,
                push=Push.FULL,
                fallback="Who has gone gets what they haven't read by e-mail or SMS, if they left an address.",
                why="Nobody else carries it: what is sent lies ready here until the visitor's page fetches it.",
            )
        },
        attachments=True,
        read_receipts=True,
    )

    def addresses(self) -> Mapping[Channel, str]:
        site = self.settings.credentials.get("site", "")
        return {Channel.WEBCHAT: urlsplit(site).netloc or site or self.slug}

    # --- inbound: written by Bellhop's own views, which know the visitor ---
    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002
        try:
            told = _told(body)
        except Unreadable:
            return key_of(body)
        return _key(text(told.get("visitor")), text(told.get("id"))) or key_of(body)

    def verify(
        self,
        headers: Mapping[str, str],  # noqa: ARG002
        body: bytes,  # noqa: ARG002
        secrets: Sequence[str],  # noqa: ARG002
        at: datetime,  # noqa: ARG002
    ) -> bool | None:
        """Nobody outside has any business at this address."""
        return False

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:  # noqa: ARG002
        told = _told(body)
        visitor, said_at = text(told.get("visitor")), wire.instant(told.get("at"))
        key = _key(visitor, text(told.get("id")))
        if not key:
            raise Unreadable(detail="It names no visitor or has no id.")
        files = [
            AttachmentRecord(
                external_id=text(file.get("key")),
                name=text(file.get("name")),
                mime_type=text(file.get("type")),
                size=wire.integer(file.get("size")),
            )
            for file in items(told, "files")
            if text(file.get("key"))
        ]
        record = DirectMessageRecord(
            external_id=key,
            channel=Channel.WEBCHAT,
            guest=Address(kind=AddressKind.VISITOR, value=visitor, name=text(told.get("name"))),
            body_text=text(told.get("text")),
            sent_at=said_at,
            attachments=tuple(files),
        )
        return [
            CanonicalEvent(
                kind=EventKind.DIRECT_MESSAGE,
                dedupe_key=f"message:{key}",
                direct=record,
                occurred_at=said_at,
            )
        ]

    def part(self, headers: Mapping[str, str], body: bytes, external_id: str) -> Media:  # noqa: ARG002
        """What the visitor uploaded before the message: the delivery names where it lies."""
        for file in items(_told(body), "files"):
            if text(file.get("key")) == external_id and self.files is not None:
                try:
                    content = self.files.read(external_id)
                except (FileNotFoundError, KeyError):
                    raise NotFound(detail="the upload is gone") from None
                return Media(content=content, mime_type=text(file.get("type")), name=text(file.get("name")))
        raise NotFound(detail="no such file in this message")

    # --- there is no remote system ---
    def limit_key(self) -> str:
        site = self.settings.credentials.get("site", "")
        return f"webchat:{sha256(f'{self.settings.hook_url} {site}'.encode()).hexdigest()[:24]}"

    def token_request(self) -> None:
        return None

    def read_token(self, response: Response) -> Token:  # noqa: ARG002
        raise Unsupported(detail="There are no tokens here.")

    def authorize(self, request: Request, token: str | None) -> Request:  # noqa: ARG002
        return request

    def check(self, request: Request, response: Response) -> None:
        """Nothing is called; an answer would mean what it means everywhere."""
        if not 200 <= response.status < 300:
            raise error_for(request, response, Problem())
        require_json(request, response)

    def ping(self, call: Call) -> str:  # noqa: ARG002
        return self.addresses()[Channel.WEBCHAT]

    def perform(self, call: Call, intent: Intent) -> Done:  # noqa: ARG002
        """It is the visitor's as soon as the Command is settled: their page shows what is. A fresh id each time, for a
        try that was not settled was not seen either."""
        if isinstance(intent, SendDirect):
            return Done(remote_id=randomness.token_hex(12))
        raise Unsupported(detail=type(intent).__name__)

    def find(self, call: Call, intent: Intent, since: datetime, known: Collection[str] = ()) -> Found | None:  # noqa: ARG002
        """A try that was not settled did nothing."""
        if isinstance(intent, SendDirect):
            return None
        raise Unsupported(detail=type(intent).__name__)

    def is_repeatable(self, intent: Intent) -> bool:
        return isinstance(intent, SendDirect)

    # --- no webhooks either ---
    def list_subscriptions(self, call: Call) -> Iterator[Subscription]:  # noqa: ARG002
        return iter(())

    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:  # noqa: ARG002
        return Subscription(external_id="", url=url)

    def unsubscribe(self, call: Call, subscription: Subscription) -> None:
        """Nothing of ours is kept anywhere."""

    def read_webhook_secret(self, call: Call, url: str) -> str | None:  # noqa: ARG002
        return None


def _key(visitor: str, client_id: str) -> str:
    """One visitor can't take another's ids."""
    return f"{visitor}:{client_id}" if visitor and client_id else ""


def _told(body: bytes) -> Wire:
    """Raises Unreadable."""
    try:
        return obj(json.loads(body))
    except ValueError as error:
        raise Unreadable(detail="no JSON") from error
