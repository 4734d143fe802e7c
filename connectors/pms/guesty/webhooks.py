"""One webhook delivery → canonical events (open-api-docs.guesty.com/docs/webhooks)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from connectors.contract import svix, wire
from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, Entity, EventKind, ReadHint
from connectors.contract.records import UNSET, AuthorKind, ConversationRecord, MessageRecord, NoteRecord
from connectors.contract.wire import Wire, first, identifier, obj, text
from connectors.pms.guesty import people
from connectors.pms.guesty.conversations import author_of, module_of, read_conversation, read_post
from connectors.pms.guesty.reservations import read_reservation, reservation_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook's body, opened. `digest` stands for its content where no id of the fact is told."""

    name: str
    body: Wire
    digest: str
    timezone: str
    stamp: str


def open_delivery(headers: Mapping[str, str], body: bytes, timezone: str) -> Delivery:
    """Raises Unreadable unless it is a JSON object that names its event."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(detail="The body is not JSON.") from error
    if not isinstance(data, dict):
        raise Unreadable(detail="The body is not a JSON object.")
    name = first(data.get("event"), data.get("eventType"))
    if not name:
        raise Unreadable(detail="The body names no event.")
    return Delivery(
        name=name,
        body=data,
        digest=sha256(body).hexdigest()[:32],
        timezone=timezone,
        stamp=svix.header(headers, "timestamp"),
    )


def read_events(delivery: Delivery) -> list[CanonicalEvent]:
    """What the delivery means; one `ignored` event where it means nothing to us."""
    reader = _READERS.get(delivery.name)
    if reader is None:
        known = delivery.name in _NOT_MIRRORED
        reason = "This kind of event is not mirrored." if known else "Unknown kind of event."
        return [_ignored(delivery, reason, unknown={} if known else {"event": delivery.name})]
    return [reader(delivery)]


def _ignored(delivery: Delivery, reason: str, *, unknown: Mapping[str, str] | None = None) -> CanonicalEvent:
    return CanonicalEvent(
        kind=EventKind.IGNORED,
        dedupe_key=f"{delivery.name}:{delivery.digest}",
        unknown=unknown or {},
        reason=reason,
    )


# --- messages ---
def _message(delivery: Delivery) -> CanonicalEvent:
    message, about = obj(delivery.body.get("message")), obj(delivery.body.get("conversation"))
    conversation = read_conversation(about)
    if not first(message.get("postId"), message.get("_id")) or not conversation.external_id:
        raise Unreadable(detail="A message event without the id of its post or of its conversation.")
    if not conversation.is_guest:
        return _ignored(delivery, "A conversation with an owner.", unknown=conversation.unknown)
    author = author_of(message) or _author_by_name(delivery.name)
    if author is AuthorKind.SYSTEM:
        return _ignored(delivery, "A system or log line.", unknown=_unknown_author(message))
    record = read_post(
        message,
        conversation.external_id,
        reservation_id=_stay_of(delivery, conversation),
        guest_name=conversation.guest_name,
        author=author,
        sent_at=wire.epoch(delivery.stamp),
    )
    if record is None:
        raise Unreadable(detail="A message event without the time of its post.")
    if isinstance(record, NoteRecord):
        return CanonicalEvent(
            kind=EventKind.NOTES_CHANGED,
            dedupe_key=f"note:{record.external_id}",
            record=record,
            conversation=conversation,
            occurred_at=record.written_at,
        )
    return _message_event(record, conversation, wire.objects(about.get("thread")))


def _message_event(
    record: MessageRecord, conversation: ConversationRecord, thread: list[Wire]
) -> CanonicalEvent:
    earlier = (
        read_post(post, conversation.external_id, guest_name=conversation.guest_name)
        for post in thread
        if first(post.get("postId"), post.get("_id")) != record.external_id
    )
    # An attachment without text comes with an empty body: the posts of the conversation tell what it was.
    empty = not record.body_text and not record.attachments
    hint = ReadHint(entity=Entity.CONVERSATION, external_id=conversation.external_id)
    return CanonicalEvent(
        kind=EventKind.MESSAGE_RECEIVED if record.author_kind is AuthorKind.GUEST else EventKind.MESSAGE_SENT,
        dedupe_key=f"message:{record.external_id}",
        record=record,
        needs_read=(hint,) if empty else (),
        unknown={**conversation.unknown, **record.unknown},
        occurred_at=record.sent_at,
        conversation=conversation,
        earlier=tuple(post for post in earlier if isinstance(post, MessageRecord)),
    )


def _author_by_name(event: str) -> AuthorKind:
    return AuthorKind.GUEST if event.endswith("messageReceived") else AuthorKind.STAFF


def _unknown_author(message: Wire) -> dict[str, str]:
    named = first(message.get("type"), message.get("sentBy"))
    known = named.lower() in {"system", "log"} or module_of(message).lower() == "log"
    return {} if known else {"message.type": named}


def _stay_of(delivery: Delivery, conversation: ConversationRecord) -> str | None:
    """Several stays may hang on one conversation: only a single one is taken without being named."""
    stays = conversation.reservation_ids
    return text(delivery.body.get("reservationId")) or (stays[0] if len(stays) == 1 else None)


# --- reservations ---
def _reservation(delivery: Delivery) -> CanonicalEvent:
    """Legacy events bring the whole object. v2 events are triggers: what they tell is partial and must be
    re-read."""
    body = delivery.body
    data = obj(body.get("reservation")) or obj(body.get("data"))
    lean = delivery.name.endswith(".v2") or not obj(body.get("reservation"))
    external_id = reservation_id(data) or text(body.get("reservationId"))
    if not external_id:
        raise Unreadable(detail="A reservation event without the reservation's id.")
    published = wire.version(first(body.get("publishedAt"), data.get("publishedAt"))) if lean else None
    record = read_reservation({"reservationId": external_id, **data}, delivery.timezone, version=published)
    created = delivery.name in {"reservation.new", "reservation.created.v2"}
    return CanonicalEvent(
        kind=EventKind.RESERVATION_CREATED if created else EventKind.RESERVATION_UPDATED,
        dedupe_key=f"{delivery.name}:{external_id}:{record.version or delivery.digest}",
        record=record,
        needs_read=(ReadHint(entity=Entity.RESERVATION, external_id=external_id),) if lean else (),
        unknown=record.unknown,
        version=record.version,
        occurred_at=wire.instant(record.version),
    )


# --- the rest ---
def _guest(delivery: Delivery) -> CanonicalEvent:
    data = obj(delivery.body.get("guest"))
    external_id = identifier(data) or first(
        delivery.body.get("guestId"), identifier(delivery.body.get("data"))
    )
    if not external_id:
        raise Unreadable(detail="A guest event without the guest's id.")
    record = people.read_guest(data, external_id)
    hint = ReadHint(entity=Entity.GUEST, external_id=external_id)
    return CanonicalEvent(
        kind=EventKind.GUEST_UPDATED,
        dedupe_key=f"guest:{external_id}:{record.version or delivery.digest}",
        record=record,
        needs_read=() if record.full_name else (hint,),
        version=record.version,
    )


def _listing(delivery: Delivery) -> CanonicalEvent:
    body = delivery.body
    data = obj(body.get("listing")) or obj(body.get("data"))
    external_id = identifier(data) or first(body.get("listingId"), data.get("listingId"), body.get("_id"))
    if not external_id:
        raise Unreadable(detail="A listing event without the listing's id.")
    # Which complex it is in, a listing doesn't tell: that is why it is read.
    record = people.read_unit({**data, "_id": external_id})
    hint = ReadHint(entity=Entity.UNIT, external_id=external_id)
    return CanonicalEvent(
        kind=EventKind.UNIT_UPDATED,
        dedupe_key=f"unit:{external_id}:{record.version or delivery.digest}",
        record=record,
        needs_read=(hint,),
        version=record.version,
    )


def _task(delivery: Delivery) -> CanonicalEvent:
    """What is documented of a task in here names neither its place nor its description: then it is read. One that was
    deleted can't be."""
    task = obj(delivery.body.get("task"))
    if not identifier(task):
        raise Unreadable(detail="A task event without the task's id.")
    deleted = delivery.name == "task.deleted"
    record = people.read_task(task, status="deleted" if deleted else "")
    named = people.assignee_of(task)  # by an id, whose name is told elsewhere
    whole = record.version and record.unit_id is not UNSET and record.description is not UNSET and not named
    hint = ReadHint(entity=Entity.WORK_ORDER, external_id=record.external_id)
    return CanonicalEvent(
        kind=EventKind.WORK_ORDER_UPDATED,
        dedupe_key=f"{delivery.name}:{record.external_id}:{record.version or delivery.digest}",
        record=record,
        needs_read=() if deleted or whole else (hint,),
        unknown=record.unknown,
        version=record.version,
    )


_READERS: Mapping[str, Callable[[Delivery], CanonicalEvent]] = {
    "reservation.messageReceived": _message,
    "reservation.messageSent": _message,
    "reservation.created.v2": _reservation,
    "reservation.updated.v2": _reservation,
    "reservation.new": _reservation,
    "reservation.updated": _reservation,
    "guest.created": _guest,
    "guest.updated": _guest,
    "listing.new": _listing,
    "listing.updated": _listing,
    "task.created": _task,
    "task.updated": _task,
    "task.deleted": _task,
}

_NOT_MIRRORED = frozenset(
    {
        "reservation_update_shortlist",
        "guest.deleted",
        "listing.removed",
        "listing.calendar.updated",
        "calendar.updated.v2",
        "payments.failed",
        "payments.method.received",
    }
)
