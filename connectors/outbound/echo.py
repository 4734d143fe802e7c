"""Recognising our own effects when the PMS shows them to us (invariant 4)."""

from __future__ import annotations

from datetime import timedelta

from connectors.contract.records import AuthorKind, Direction, MessageRecord, NoteRecord
from connectors.contract.text import fingerprint, normalise
from connectors.models import Command, CommandKind, CommandState
from connectors.outbound import settle
from connectors.outbound.outbox import STAY, intent_of

SKEW = timedelta(minutes=5)
WINDOW = timedelta(hours=72)
MIN_PREFIX = 20
# Confirmed without an id: a person said that it arrived. One on the wire is met before one that was given up.
_OPEN_TO_TEXT = (
    CommandState.IN_FLIGHT,
    CommandState.UNKNOWN,
    CommandState.UNCONFIRMED,
    CommandState.CONFIRMED,
)


def is_ours(connection_id: int, record: MessageRecord | NoteRecord, delivery_id: int | None) -> bool:
    """Is this something that we sent? Then its Command is settled by it, and nobody else hears of it.

    By remote id; before the id is known, by conversation, direction, text and time.
    """
    if not record.external_id or _is_a_guests(record):
        return False
    if isinstance(record, NoteRecord) and record.reference:
        return _bears_our_mark(connection_id, record, delivery_id)
    known = _known(connection_id, record)
    if known is not None:
        return settle.echoed(known, record.external_id, delivery_id, by_text=False)
    if isinstance(record, MessageRecord) and not _could_be_ours(record):
        return False
    if any(
        settle.echoed(command.pk, record.external_id, delivery_id, by_text=True)
        for command in _candidates(connection_id, record)
    ):
        return True
    # Its answer may have come, and brought the id, after the first look and before the second.
    known = _known(connection_id, record)
    return known is not None and settle.echoed(known, record.external_id, delivery_id, by_text=False)


def _known(connection_id: int, record: MessageRecord | NoteRecord) -> int | None:
    rows = Command.objects.filter(
        connection_id=connection_id, remote_id=record.external_id, kind=_kind(record)
    )
    return rows.values_list("pk", flat=True).first()


def _bears_our_mark(connection_id: int, record: NoteRecord, delivery_id: int | None) -> bool:
    """A text with our token is ours in any case, even where its Command is long gone; it settles the one whose text it
    is. (A stay's agreed times leave a marked text, too, which is not all that they do.)"""
    kinds = (CommandKind.ADD_NOTE, CommandKind.MIRROR_MESSAGE)
    owed = Command.objects.filter(connection_id=connection_id, reference=record.reference, kind__in=kinds)
    for command_id in owed.values_list("pk", flat=True):
        settle.echoed(command_id, record.external_id, delivery_id, by_text=False)
    return True


def _is_a_guests(record: MessageRecord | NoteRecord) -> bool:
    return isinstance(record, MessageRecord) and record.author_kind == AuthorKind.GUEST


def _kind(record: MessageRecord | NoteRecord) -> CommandKind:
    return CommandKind.SEND_MESSAGE if isinstance(record, MessageRecord) else CommandKind.ADD_NOTE


def _could_be_ours(record: MessageRecord) -> bool:
    return record.direction == Direction.OUTBOUND and record.author_kind in {AuthorKind.STAFF, AuthorKind.US}


def _candidates(connection_id: int, record: MessageRecord | NoteRecord) -> list[Command]:
    at = record.sent_at if isinstance(record, MessageRecord) else record.written_at
    open_ones = Command.objects.filter(
        connection_id=connection_id,
        conversation_id=record.conversation_id
        or (f"{STAY}{record.reservation_id}" if record.reservation_id else ""),
        kind=_kind(record),
        state__in=_OPEN_TO_TEXT,
        remote_id="",
        first_sent_at__range=(at - WINDOW, at + SKEW),
    ).order_by("id")
    found = [command for command in open_ones if _same_text(command, record.body_text)]
    return sorted(found, key=lambda command: _OPEN_TO_TEXT.index(CommandState(command.state)))


def _same_text(command: Command, text: str) -> bool:
    """Equal, or one the beginning of the other: channels cut long texts and drop symbols."""
    if command.fingerprint == fingerprint(text):
        return True
    ours, theirs = normalise(getattr(intent_of(command), "body", "")), normalise(text)
    shorter = min(ours, theirs, key=len)
    return len(shorter) >= MIN_PREFIX and ours.startswith(shorter) and theirs.startswith(shorter)
