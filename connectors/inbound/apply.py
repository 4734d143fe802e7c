"""Handing records to the upper layers as events, echoes taken out. One transaction of the caller, no network."""

from __future__ import annotations

from bellhop.core import events
from connectors.contract.records import (
    AnyRecord,
    AuthorKind,
    ConversationRecord,
    GuestRecord,
    MessageRecord,
    NoteRecord,
    PropertyRecord,
    ReservationRecord,
    UnitRecord,
    WorkOrderRecord,
)
from connectors.events import (
    ConversationTold,
    GuestTold,
    MessageReceived,
    NoteReceived,
    PropertyTold,
    ReservationTold,
    Source,
    UnitTold,
)
from connectors.outbound import echo

_TOLD = {
    PropertyRecord: PropertyTold,
    UnitRecord: UnitTold,
    GuestRecord: GuestTold,
    ReservationRecord: ReservationTold,
    ConversationRecord: ConversationTold,
}


def apply(source: Source, record: AnyRecord, conversation: ConversationRecord | None = None) -> str:
    """Tell one record. Returns what became of it, in a word for the journal."""
    if isinstance(record, MessageRecord):
        return _message(source, record, conversation)
    if isinstance(record, NoteRecord):
        if echo.is_ours(source.connection.pk, record, source.delivery_id):
            return "our own note"
        events.emit(NoteReceived(source=source, record=record))
        return "note"
    if isinstance(record, WorkOrderRecord):
        return "work order, not mirrored yet"
    if isinstance(record, ConversationRecord) and not record.is_guest:
        return "not a guest's conversation"
    events.emit(_TOLD[type(record)](source=source, record=record))
    return type(record).__name__.removesuffix("Record").lower()


def _message(source: Source, record: MessageRecord, conversation: ConversationRecord | None) -> str:
    if record.author_kind == AuthorKind.SYSTEM:
        return "system entry"
    if conversation is not None and not conversation.is_guest:
        return "not a guest's conversation"
    if echo.is_ours(source.connection.pk, record, source.delivery_id):
        return "our own message"
    events.emit(MessageReceived(source=source, record=record, conversation=conversation))
    return "message"
