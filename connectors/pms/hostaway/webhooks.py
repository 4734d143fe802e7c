"""One unified webhook → canonical events (https://api.hostaway.com/documentation#unified-webhooks).

The body holds the full object; HTTP Basic says who sent it. One public receiver documents the object one level deeper,
under `payload.data`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from connectors.contract import wire
from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, Entity, EventKind, ReadHint
from connectors.contract.records import AuthorKind, ConversationRecord
from connectors.contract.wire import Wire, first, obj, text
from connectors.pms.hostaway.conversations import (
    has_failed,
    is_under_way,
    read_message,
    status_of,
    way_to_guest,
)
from connectors.pms.hostaway.stays import guest_id, read_reservation
from connectors.pms.hostaway.words import SENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook's body, opened: which event, about what; `key` is the same for every delivery of the fact."""

    name: str
    data: Wire
    key: str


def verify(headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """HTTP Basic against any of `login:password`, in constant time per secret."""
    given = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
    scheme, _, encoded = given.partition(" ")
    try:
        told = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    fits = [compare_digest(told, secret.encode()) for secret in secrets if ":" in secret]
    return scheme.lower() == "basic" and any(fits)


def open_delivery(body: bytes) -> Delivery:
    """Raises Unreadable unless it is a JSON object that names its event."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(detail="The body is not JSON.") from error
    if not isinstance(told, dict):
        raise Unreadable(detail="The body is not a JSON object.")
    outer = {str(name).lower(): value for name, value in told.items()}
    payload = obj(outer.get("payload"))
    name = first(outer.get("event"), payload.get("event"))
    if not name:
        raise Unreadable(detail="The body names no event.")
    data = obj(outer.get("data")) or obj(payload.get("data"))
    state = text(data.get("updatedOn")) or sha256(body).hexdigest()[:32]
    return Delivery(name=name, data=data, key=f"{name}:{text(data.get('id'))}:{state}")


def read_events(delivery: Delivery) -> list[CanonicalEvent]:
    """What the delivery means; one `ignored` event where it means nothing to us."""
    reader = _READERS.get(delivery.name.lower())
    if reader is None:
        return [_ignored(delivery, "Unknown kind of event.", {"event": delivery.name})]
    return [reader(delivery)]


def _ignored(delivery: Delivery, reason: str, unknown: Mapping[str, str] | None = None) -> CanonicalEvent:
    return CanonicalEvent(
        kind=EventKind.IGNORED, dedupe_key=delivery.key, reason=reason, unknown=unknown or {}
    )


def _reservation(delivery: Delivery) -> CanonicalEvent:
    record = read_reservation(delivery.data)
    if not record.external_id:
        raise Unreadable(detail="A reservation event without the reservation's id.")
    created = delivery.name.lower() == "reservation.created"
    return CanonicalEvent(
        kind=EventKind.RESERVATION_CREATED if created else EventKind.RESERVATION_UPDATED,
        dedupe_key=delivery.key,
        record=record,
        unknown=record.unknown,
        version=record.version,
        occurred_at=wire.instant(record.version),
    )


def _message(delivery: Delivery) -> CanonicalEvent:
    """For outgoing ones, too. One that has not left yet, or never will, is no message."""
    data = delivery.data
    conversation_id = text(data.get("conversationId"))
    if not text(data.get("id")) or not conversation_id:
        raise Unreadable(detail="A message event without the id of the message or of its conversation.")
    if has_failed(data):
        return _ignored(delivery, f"It did not reach the guest: {status_of(data)}.")
    if is_under_way(data):
        return _ignored(delivery, f"It has not left yet: {status_of(data)}.")
    record = read_message(data)
    hint = ReadHint(entity=Entity.CONVERSATION, external_id=conversation_id)
    if record is None:
        kind = EventKind.MESSAGE_RECEIVED
        return CanonicalEvent(kind=kind, dedupe_key=delivery.key, needs_read=(hint,))
    incoming = record.author_kind is AuthorKind.GUEST
    odd = {} if status_of(data) == SENT else {"status": status_of(data)}
    return CanonicalEvent(
        kind=EventKind.MESSAGE_RECEIVED if incoming else EventKind.MESSAGE_SENT,
        dedupe_key=delivery.key,
        record=record,
        # Text or attachment: with neither, the conversation tells what it was.
        needs_read=() if record.body_text or record.attachments else (hint,),
        unknown={**record.unknown, **odd},
        version=record.version,
        occurred_at=record.sent_at,
        conversation=_conversation(data, conversation_id),
    )


def _conversation(data: Wire, conversation_id: str) -> ConversationRecord:
    reservation_id = text(data.get("reservationId"))
    channel, channel_raw = way_to_guest(data)
    return ConversationRecord(
        external_id=conversation_id,
        guest_id=guest_id(reservation_id) if reservation_id else None,
        reservation_ids=wire.texts([reservation_id]),
        channel=channel,
        channel_raw=channel_raw,
    )


_READERS: Mapping[str, Callable[[Delivery], CanonicalEvent]] = {
    "reservation.created": _reservation,
    "reservation.updated": _reservation,
    "message.received": _message,
}
