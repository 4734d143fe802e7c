"""A thread's entries in the order of utterance: messages, notes and events, page by page (ux T1, T2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

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
from inbox.services.shown_files import ABOUT
from reservations.models import StayRequest

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
    waits to go to the guest, `can_take_back` if nothing of it has left; `order` among those of one instant (the PMS's
    sequence, then our row); `attempts` of the leg that is in trouble."""

    kind: str
    at: datetime
    order: tuple[int, int]
    item: Any
    worst: Receipt | None = None
    receipts: tuple[Receipt, ...] = ()
    due_at: datetime | None = None
    can_take_back: bool = False
    attempts: tuple[Attempt, ...] = ()

    @property
    def can_undo(self) -> bool:
        return self.due_at is not None

    @property
    def in_trouble(self) -> bool:
        return self.worst is not None and self.worst.state in {ReceiptState.FAILED, ReceiptState.UNCONFIRMED}

    @property
    def is_unkept(self) -> bool:
        """Said on a channel of our own, and no PMS was asked to keep it."""
        if self.kind != "message" or self.item.address_id is None:
            return False
        return all(row.destination != Destination.PMS for row in self.receipts)

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
    files = Attachment.objects.filter(message=OuterRef("pk")).order_by("id")
    noted = StayRequest.objects.filter(message_id=OuterRef("pk"))
    shown = (
        thread.messages.filter(withdrawn_at__isnull=True)
        .select_related("mail")
        .defer("search")
        .annotate(files=ArraySubquery(files.values(about=ABOUT)), noted=ArraySubquery(noted.values("kind")))
    )
    rows = _until(shown, "sent_at", moment).order_by(*_NEWEST_FIRST)
    size = PAGE if first is None else MOST
    if first is not None:
        rows = rows.filter(sent_at__gte=first)
    messages = list(rows[: size + 1])
    beyond, messages = messages[size:], messages[:size]
    oldest = messages[-1].sent_at if beyond else first
    if beyond and beyond[0].sent_at == oldest:
        # The cursor is a time: what was uttered in the same instant belongs to this page.
        messages += rows.filter(_before(messages[-1]), sent_at=oldest)[:MOST]
    notes: QuerySet[Note] = _until(thread.notes.all(), "written_at", moment)
    events: QuerySet[ThreadEvent] = _until(
        thread.events.annotate(actor_name=F("actor__full_name")), "at", moment
    )
    if oldest is not None:
        notes, events = notes.filter(written_at__gte=oldest), events.filter(at__gte=oldest)
    entries = [
        *_message_entries(messages),
        *(Entry("note", note.written_at, (0, note.pk), note) for note in notes[:MOST]),
        *(Entry("event", event.at, (0, event.pk), event) for event in events[:MOST]),
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
    receipts = _receipts(messages)
    attempts = _attempts([row for rows in receipts.values() for row in rows])
    return [_message_entry(message, receipts.get(message.pk, ()), attempts) for message in messages]


def _message_entry(message: Message, rows: Sequence[Receipt], attempts: dict[int, list[Attempt]]) -> Entry:
    worst = min(rows, key=lambda row: (_WORSE.index(ReceiptState(row.state)), not row.reason), default=None)
    first: Any = rows[0] if rows else None
    is_ours = message.author == Author.AGENT
    waits = is_ours and first is not None and first.command_state == CommandState.WAITING
    tries = attempts.get(worst.command_id or 0, ()) if worst is not None else ()
    states = [row.command_state for row in rows]  # type: ignore[attr-defined]
    order = (message.sequence, message.pk)
    return Entry(
        "message", message.sent_at, order, message, worst, tuple(rows),
        due_at=first.command_due_at if waits else None,
        can_take_back=waits and all(state == CommandState.WAITING for state in states),
        attempts=tuple(tries),
    )  # fmt: skip


def _receipts(messages: Sequence[Message]) -> dict[int, list[Receipt]]:
    """Message → its receipts, each with where its Command stands. Only what agents wrote, and what went over our own
    channels, shows any."""
    written_here = [
        message.pk for message in messages if message.author == Author.AGENT or message.address_id is not None
    ]
    if not written_here:
        return {}
    command = Command.objects.filter(pk=OuterRef("command_id"))
    rows = Receipt.objects.filter(message_id__in=written_here).annotate(
        command_state=Subquery(command.values("state")),
        command_due_at=Subquery(command.values("due_at")),
        command_tries=Subquery(command.values("tries")),
    )
    found: dict[int, list[Receipt]] = {}
    for receipt in rows.order_by("destination"):
        found.setdefault(receipt.message_id, []).append(receipt)
    return found


def _attempts(receipts: Sequence[Any]) -> dict[int, list[Attempt]]:
    """Command → its tries, of those that didn't simply succeed."""
    wanted = {
        row.command_id
        for row in receipts
        if row.command_state is not None
        and (row.command_tries > 1 or row.command_state != CommandState.CONFIRMED)
    }
    if not wanted:
        return {}
    found: dict[int, list[Attempt]] = {}
    for attempt in Attempt.objects.filter(command_id__in=wanted).order_by("number"):
        found.setdefault(attempt.command_id, []).append(attempt)
    return found


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
