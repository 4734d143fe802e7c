"""What the night audit says of conversations: who waits, what did not arrive, what the PMS lacks, how soon people
answered (ux A1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Final

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from inbox.models import Author, Destination, Direction, Message, Receipt, ReceiptState, Thread, ThreadStatus
from inbox.services import listing
from inbox.services.row_view import channel_words
from reservations.models import Guest
from reservations.night_audit import forgetting
from reservations.night_audit.days import Day
from reservations.night_audit.facts import Fact, Known, Part, Section, at, ids_of
from reservations.ports import Said, Talk

PEOPLE: Final = (Author.AGENT, Author.PMS_STAFF)
SHOWN: Final = 300
_NONE: Final[frozenset[str]] = frozenset()


def talk(day: Day, known: Known) -> Talk:
    """Eight statements."""
    messages = list(_of_day(day))
    answers = tuple(sorted(_answers(messages)))
    return Talk(
        parts={
            Section.UNANSWERED: _unanswered(day, known, answers),
            Section.UNDELIVERED: _undelivered(day, known),
            Section.NOT_IN_PMS: _not_in_pms(day, known, len(messages)),
        },
        messages=len(messages),
        answers=answers,
    )


def _threads(day: Day) -> QuerySet[Thread]:
    return Thread.objects.filter(
        organization_id=day.organization_id, property_id=day.property_id, merged_into=None
    )


# --- how soon ---
def _of_day(day: Day) -> Iterable[tuple[int, str, str, datetime]]:
    threads = _threads(day).filter(last_activity_at__gte=day.start).values("pk")
    rows = Message.objects.filter(
        thread__in=threads, sent_at__gte=day.start, sent_at__lt=day.end, withdrawn_at=None
    )
    ordered = rows.order_by("thread_id", "sent_at", "sequence", "pk")
    return ordered.values_list("thread_id", "direction", "author", "sent_at")


def _answers(messages: Iterable[tuple[int, str, str, datetime]]) -> Iterable[int]:
    """Minutes from each guest message that nobody had to answer before it, to the next answer of a person."""
    of, since = 0, None
    for thread_id, direction, author, sent_at in messages:
        if thread_id != of:
            of, since = thread_id, None
        if direction == Direction.INBOUND and author == Author.GUEST:
            since = since or sent_at
        elif since is not None and author in PEOPLE:
            yield round((sent_at - since).total_seconds() / 60)
            since = None


# --- who waits ---
def _unanswered(day: Day, known: Known, answers: Sequence[int]) -> Part:
    """Guests nobody has answered, the longest wait first; how many were answered on the date, after how many minutes;
    and who waits and belongs to no property, so that nobody's paper names them. Three statements."""
    keys = known.get(Section.UNANSWERED, _NONE)
    last = Message.objects.filter(
        thread=OuterRef("pk"), direction=Direction.OUTBOUND, author__in=PEOPLE, withdrawn_at=None
    ).order_by("-sent_at", "-sequence", "-pk")
    waits = Q(waiting_since__lt=day.end) & ~Q(status=ThreadStatus.CLOSED)
    rows = list(
        _threads(day)
        .filter(waits | Q(pk__in=ids_of(keys)))
        .select_related("stay__unit", "assignee")
        .annotate(
            answered_at=Subquery(last.values("sent_at")[:1]),
            answered_by=Subquery(last.values("author_name")[:1]),
        )
        .order_by(F("waiting_since").asc(nulls_last=True), "pk")
    )
    oldest: dict[int, Message] = {}
    for message in Message.objects.filter(
        thread__in=[row.pk for row in rows], direction=Direction.INBOUND, sent_at=F("thread__waiting_since")
    ).order_by("-pk"):
        oldest[message.thread_id] = message
    unplaced = Thread.objects.filter(
        waits, organization_id=day.organization_id, property=None, merged_into=None
    ).count()
    counts = {"answered": len(answers), "unplaced": unplaced}
    if answers:
        counts["median"] = round(median(answers))
    return Part(tuple(_waiting(row, oldest.get(row.pk), day.end) for row in rows), counts=counts)


def _waiting(thread: Thread, message: Message | None, end: datetime) -> Fact:
    waits = thread.waiting_since is not None and thread.waiting_since < end
    state = "waiting" if waits and thread.status != ThreadStatus.CLOSED else "dismissed"
    answered_at: datetime | None = getattr(thread, "answered_at", None)
    is_answered = answered_at is not None and (thread.no_answer_until or answered_at) <= answered_at
    if state != "waiting" and is_answered:
        state = "answered"
    return {
        "key": str(thread.pk),
        **_whose(thread),
        "with": thread.assignee.full_name if thread.assignee else "",
        "since": at(thread.waiting_since),
        "message": message.public_id if message else "",
        "channel": channel_words(thread.channel)[0],
        "text": message.body[:SHOWN] if message else "",
        "snoozed_until": at(thread.snoozed_until) if thread.status == ThreadStatus.SNOOZED else None,
        "state": state,
        "answered_at": at(answered_at) if state == "answered" else None,
        "answered_by": getattr(thread, "answered_by", "") or "" if state == "answered" else "",
    }


def _whose(thread: Thread) -> Fact:
    unit = thread.stay.unit if thread.stay and thread.stay.unit else None
    return {"thread": thread.public_id, "guest": thread.party_name, "unit": unit.name if unit else ""}


# --- what did not arrive ---
def _undelivered(day: Day, known: Known) -> Part:
    """Messages to guests that failed, or may not have arrived, on the date; and what reached them next. Two
    statements."""
    wrong = Q(state__in=listing.PROBLEM, since__gte=day.start, since__lt=day.end)
    facts = _receipts(day, Destination.GUEST, wrong, known.get(Section.UNDELIVERED, _NONE))
    arrived = _arrived({fact["thread"] for fact in facts}, day)
    return Part(tuple(fact | {"then": _next(fact, arrived.get(fact["thread"], []))} for fact in facts))


def _arrived(threads: Collection[str], day: Day) -> dict[str, list[Fact]]:
    """Thread → what left for its guest since the date began, and is no trouble."""
    rows = (
        Receipt.objects.filter(
            thread__public_id__in=threads,
            organization_id=day.organization_id,
            destination=Destination.GUEST,
            state__in=(ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ),
            message__sent_at__gte=day.start,
        )
        .order_by("message__sent_at", "message_id")
        .values_list("thread__public_id", "message__sent_at", "message__channel", "state")
    )
    found: dict[str, list[Fact]] = {}
    for thread, sent_at, channel, state in rows:
        told = {"at": at(sent_at), "channel": channel_words(channel)[0], "state": state}
        found.setdefault(thread, []).append(told)
    return found


def _next(fact: Fact, arrived: Iterable[Fact]) -> Fact | None:
    return next((one for one in arrived if one["at"] > fact["at"]), None)


def _not_in_pms(day: Day, known: Known, messages: int) -> Part:
    """Messages whose copy the PMS doesn't have, whenever they were written."""
    lacking = Q(state__in=listing.NOT_IN_PMS, message__sent_at__lt=day.end)
    rows = _receipts(day, Destination.PMS, lacking, known.get(Section.NOT_IN_PMS, _NONE))
    return Part(tuple(rows), messages)


def _receipts(day: Day, destination: Destination, wanted: Q, keys: frozenset[str]) -> list[Fact]:
    """One statement."""
    rows = (
        Receipt.objects.filter(
            organization_id=day.organization_id,
            thread__property_id=day.property_id,
            destination=destination,
            message__withdrawn_at=None,
        )
        .filter(wanted | Q(message_id__in=ids_of(keys)))
        .select_related("message", "thread__stay__unit")
        .order_by("message__sent_at", "message_id")
    )
    return [_receipt(row) for row in rows]


def _receipt(row: Receipt) -> Fact:
    message = row.message
    return {
        "key": str(message.pk),
        **_whose(row.thread),
        "message": message.public_id,
        "by": message.author_name,
        "author": message.author,
        "direction": message.direction,
        "channel": channel_words(message.channel)[0],
        "text": message.body[:SHOWN],
        "at": at(message.sent_at),
        "state": row.state,
        "since": at(row.since),
        "reason": row.reason,
    }


def said(stay_ids: Collection[int], message_ids: Collection[int]) -> Said:
    """Where a stay is talked about, and a message stands."""
    links = Thread.stays.through.objects.filter(reservation_id__in=stay_ids, thread__merged_into=None)
    threads = links.select_related("thread__assignee").order_by("thread__last_activity_at", "pk")
    messages = Message.objects.filter(pk__in=message_ids).select_related("thread")
    return Said(
        threads={
            row.reservation_id: (
                row.thread.public_id,
                row.thread.assignee.full_name if row.thread.assignee else "",
            )
            for row in threads
        },
        messages={
            row.pk: (row.thread.public_id, row.public_id, channel_words(row.channel)[0]) for row in messages
        },
    )


def forget(guest: Guest) -> None:
    """Erasure: the guest's name and words go from the papers that name them."""
    forgetting.forget(guest, dict(Thread.objects.filter(guest=guest).values_list("pk", "public_id")))
