"""A thread's entries in the order of utterance: messages, notes and events, page by page (ux T1, T2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from connectors.models import Attempt, Command, CommandState
from inbox.models import (
    Attachment,
    Author,
    Destination,
    Message,
    Note,
    Receipt,
    ReceiptState,
    Thread,
    ThreadEvent,
)

PAGE = 50
_NEWEST_FIRST = ("-sent_at", "-sequence", "-id")
MOST = 500
_WORSE = [
    ReceiptState.FAILED,
    ReceiptState.UNCONFIRMED,
    ReceiptState.QUEUED,
    ReceiptState.SENDING,
    ReceiptState.SENT,
    ReceiptState.DELIVERED,
    ReceiptState.READ,
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `kind` is message, note or event; `worst` is the worse of a message's two receipts; `due_at` while it
    can still be undone; `order` among those of one instant (the PMS's sequence, then our row); `attempts` of a message
    in trouble."""

    kind: str
    at: datetime
    order: tuple[int, int]
    item: Any
    worst: Receipt | None = None
    receipts: tuple[Receipt, ...] = ()
    command: Command | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def can_undo(self) -> bool:
        return self.command is not None and self.command.state == CommandState.WAITING

    @property
    def in_trouble(self) -> bool:
        return self.worst is not None and self.worst.state in {ReceiptState.FAILED, ReceiptState.UNCONFIRMED}

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.item.pk}"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Entries oldest first. `older_before` is the cursor for earlier ones, empty at the beginning."""

    entries: list[Entry]
    older_before: str


def load(thread: Thread, before: str = "", since: str = "") -> Timeline:
    """The newest page; or the one before a cursor of an earlier answer; or all from `since` on, so that what a reader
    has loaded stays loaded. A constant number of statements."""
    moment, first = _moment(before), _moment(since)
    shown = thread.messages.filter(withdrawn_at__isnull=True).defer("search")
    rows = _until(shown, "sent_at", moment).order_by(*_NEWEST_FIRST)
    size = PAGE if first is None else MOST
    if first is not None:
        rows = rows.filter(sent_at__gte=first)
    messages = list(rows[: size + 1])
    oldest = messages[size - 1].sent_at if len(messages) > size else first
    messages = messages[:size]
    if messages and oldest is not None:
        # The cursor is a time: what was uttered in the same instant belongs to this page.
        messages += rows.filter(_before(messages[-1]), sent_at=oldest)[:MOST]
    notes: QuerySet[Note] = _until(thread.notes.all(), "written_at", moment)
    events: QuerySet[ThreadEvent] = _until(thread.events.all(), "at", moment)
    if oldest is not None:
        notes, events = notes.filter(written_at__gte=oldest), events.filter(at__gte=oldest)
    entries = [
        *_message_entries(messages),
        *(
            Entry("note", note.written_at, (0, note.pk), note)
            for note in notes.select_related("author_user")[:MOST]
        ),
        *(Entry("event", event.at, (0, event.pk), event) for event in events.select_related("actor")[:MOST]),
    ]
    entries.sort(key=lambda entry: (entry.at, entry.kind != "event", entry.order))
    if first is not None and oldest == first and not thread.messages.filter(sent_at__lt=first).exists():
        oldest = None
    return Timeline(entries, oldest.isoformat() if oldest is not None else "")


def _until(rows: QuerySet[Any], field: str, moment: datetime | None) -> QuerySet[Any]:
    if moment is not None:
        rows = rows.filter(**{f"{field}__lt": moment})
    return rows.order_by(f"-{field}", "-id")


def _before(message: Message) -> Q:
    """Those of the same instant that stand before it."""
    return Q(sequence__lt=message.sequence) | Q(sequence=message.sequence, pk__lt=message.pk)


def _moment(cursor: str) -> datetime | None:
    try:
        return datetime.fromisoformat(cursor) if cursor else None
    except ValueError:
        return None


def _message_entries(messages: Sequence[Message]) -> list[Entry]:
    ids = [message.pk for message in messages]
    receipts: dict[int, list[Receipt]] = {}
    for receipt in Receipt.objects.filter(message_id__in=ids).order_by("destination"):
        receipts.setdefault(receipt.message_id, []).append(receipt)
    command_ids = {row.command_id for rows in receipts.values() for row in rows if row.command_id}
    commands = {command.pk: command for command in Command.objects.filter(pk__in=command_ids)}
    attempts = _attempts(list(commands.values()))
    _attach_files(messages)
    entries = []
    for message in messages:
        rows = tuple(receipts.get(message.pk, ()))
        command = commands.get(rows[0].command_id or 0) if rows else None
        worst = min(rows, key=lambda row: _WORSE.index(ReceiptState(row.state)), default=None)
        tries = attempts.get(command.pk, ()) if command else ()
        order = (message.sequence, message.pk)
        entries.append(Entry("message", message.sent_at, order, message, worst, rows, command, tuple(tries)))
    return entries


def _attempts(commands: Sequence[Command]) -> dict[int, list[Attempt]]:
    """Tries of Commands that didn't simply succeed."""
    wanted = [
        command.pk for command in commands if command.tries > 1 or command.state != CommandState.CONFIRMED
    ]
    found: dict[int, list[Attempt]] = {}
    for attempt in Attempt.objects.filter(command_id__in=wanted).order_by("number"):
        found.setdefault(attempt.command_id, []).append(attempt)
    return found


def _attach_files(messages: Sequence[Message]) -> None:
    from django.db.models import prefetch_related_objects

    in_order = Prefetch("attachments", Attachment.objects.order_by("pk"))
    prefetch_related_objects(list(messages), in_order)


def first_unread(
    entries: Sequence[Entry], last_read_id: int, *, read_at: datetime | None = None, me: int = 0
) -> str:
    """The key of the first entry that is news to a person, for the "new" line; empty if there is none: what the guest
    said after `last_read_id`, or a colleague noted after `read_at`. What staff typed in the PMS and what was sent by
    itself is no news."""
    for entry in entries:
        if entry.kind == "message" and entry.item.author == Author.GUEST and entry.item.pk > last_read_id:
            return entry.key
        by_others = entry.kind == "note" and entry.item.author_user_id not in {None, me}
        if by_others and (read_at is None or entry.at > read_at):
            return entry.key
    return ""


def problems(thread: Thread) -> int:
    """How many messages of the thread failed or stayed unconfirmed."""
    return (
        Receipt.objects.filter(thread=thread, state__in=(ReceiptState.FAILED, ReceiptState.UNCONFIRMED))
        .filter(message__withdrawn_at__isnull=True)
        .values("message_id")
        .distinct()
        .count()
    )


def waiting_at_pms(thread: Thread) -> int:
    """Messages of the thread that wait for the PMS."""
    return thread.receipts.filter(
        Q(state__in=(ReceiptState.QUEUED, ReceiptState.SENDING)), destination=Destination.PMS
    ).count()


def newest_id(thread: Thread) -> int:
    """The id of the newest message that anybody may have read: what a draft is compared with."""
    return thread.messages.order_by("-id").values_list("id", flat=True).first() or 0
