"""Webhooks that only say where a mail is: reading them, and the mail itself once it was fetched."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from connectors.channels.mail import sns
from connectors.channels.mail.esp_webhooks import CameIn
from connectors.contract.channel import Enclosure
from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, Entity, EventKind, ReadHint
from connectors.contract.wire import Wire, epoch, first, instant, obj, objects, text, texts

FETCHED: Final = ":fetched"
"""Under this name the headers of a mail that was fetched hold its envelope; no header of HTTP/1 can be named so."""
_MAILTRAP_EVENTS: Final = frozenset({"inbound.message_received", "inbound_message_received"})
_MAILTRAP_EXAMPLE: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A mail at the provider. `key` is the same whenever it is told of; `path` what its API is asked for (with
    `bucket`: the object there); `alone` a webhook that tells of it and of no other."""

    key: str
    path: str
    bucket: str = ""
    recipients: tuple[str, ...] = ()
    sender: str | None = None
    at: datetime | None = None
    alone: bytes = b""

    def event(self) -> CanonicalEvent:
        """What the webhook means: there is a mail to be read."""
        hint = ReadHint(entity=Entity.MESSAGE, external_id=self.key)
        return CanonicalEvent(
            kind=EventKind.DIRECT_MESSAGE, dedupe_key=f"there:{self.key}", needs_read=(hint,)
        )

    def enclosure(self, mail: bytes) -> Enclosure:
        """The mail as an entry of the journal."""
        envelope = {
            "recipients": self.recipients,
            "sender": self.sender,
            "at": self.at.isoformat() if self.at else None,
        }
        return Enclosure(key=self.key, headers={FETCHED: json.dumps(envelope)}, body=mail)


def pointers_in(esp: str, kind: str, body: bytes) -> list[Pointer]:
    """Where the mails are of which a webhook of this provider tells; none where it holds them itself. Raises
    Unreadable."""
    reader = _READERS.get(esp) if kind == "inbound" else None
    return reader(body) if reader is not None else []


def is_fetched(headers: Mapping[str, str]) -> bool:
    return FETCHED in headers


def opened(headers: Mapping[str, str], body: bytes) -> CameIn:
    """A mail that was fetched, with its envelope."""
    told = _object(headers[FETCHED].encode())
    sender = told.get("sender")
    return CameIn(
        raw=body,
        recipients=texts(told.get("recipients") or ()),
        sender=None if sender is None else text(sender),
        at=instant(told.get("at")),
    )


def _object(body: bytes) -> Wire:
    try:
        return obj(json.loads(body))
    except ValueError as error:
        raise Unreadable(detail="Not JSON.") from error


def _in_path(value: str) -> str:
    return quote(value, safe="")


def _resend(body: bytes) -> list[Pointer]:
    """https://resend.com/docs/webhooks/emails/received"""
    told = _object(body)
    data = obj(told.get("data"))
    email_id = text(data.get("email_id"))
    if told.get("type") != "email.received" or not email_id:
        raise Unreadable(detail=f"No mail that came in: {text(told.get('type'))[:60]}")
    found = Pointer(
        key=f"mail:resend:{email_id}"[:200],
        path=f"/emails/receiving/{_in_path(email_id)}",
        recipients=texts(data["to"]) if isinstance(data.get("to"), list) else (),
        at=instant(told.get("created_at")),
    )
    return [found]


def _mailtrap(body: bytes) -> list[Pointer]:
    """Several at once (https://docs.mailtrap.io/developers/inbound). Its example names no inbox, or the first."""
    found = []
    for event in objects(_object(body).get("events")):
        if text(event.get("event")) not in _MAILTRAP_EVENTS:
            raise Unreadable(detail=f"No mail that came in: {text(event.get('event'))[:60]}")
        inbox, message = event.get("inbox_id"), text(event.get("message_id"))
        if inbox is None or inbox == _MAILTRAP_EXAMPLE:
            continue
        if not text(inbox) or not message:
            raise Unreadable(detail="A mail without an id.")
        pointer = Pointer(
            key=f"mail:mailtrap:{text(inbox)}/{message}"[:200],
            path=f"/inbound/inboxes/{_in_path(text(inbox))}/messages/{_in_path(message)}",
            at=_milliseconds(event.get("timestamp")),
            alone=json.dumps({"events": [event]}).encode(),
        )
        found.append(pointer)
    return found


def _milliseconds(value: object) -> datetime | None:
    return epoch(value // 1000) if isinstance(value, int) and value > 0 else None


def _amazon_ses(body: bytes) -> list[Pointer]:
    """A receipt rule that puts mails into a bucket
    (https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html)."""
    message = sns.read(body)
    told = message.ses() if message.kind == sns.NOTIFICATION else {}
    mail, receipt = obj(told.get("mail")), obj(told.get("receipt"))
    action = obj(receipt.get("action"))
    if text(action.get("type")) != "S3":
        return []
    bucket, key = text(action.get("bucketName")), text(action.get("objectKey"))
    if not bucket or not key:
        raise Unreadable(detail="A mail without a place in S3.")
    found = Pointer(
        key=f"mail:ses:{first(mail.get('messageId'), key)}"[:200],
        path=key,
        bucket=bucket,
        recipients=sns.recipients_of(receipt),
        sender=None if mail.get("source") is None else text(mail.get("source")),
        at=instant(mail.get("timestamp")),
    )
    return [found]


_READERS: Final[Mapping[str, Callable[[bytes], list[Pointer]]]] = {
    "amazon_ses": _amazon_ses,
    "mailtrap": _mailtrap,
    "resend": _resend,
}
