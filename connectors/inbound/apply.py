"""Handing records to the upper layers as events, echoes taken out. One transaction of the caller, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from bellhop.core import events
from connectors.contract.records import (
    AnyRecord,
    AuthorKind,
    ConversationRecord,
    GuestRecord,
    HousekeepingRecord,
    MessageRecord,
    NoteRecord,
    PersonRecord,
    PropertyRecord,
    ReservationRecord,
    UnitRecord,
    WorkOrderRecord,
)
from connectors.events import (
    ConversationTold,
    GuestTold,
    HistoryReceived,
    HousekeepingTold,
    MessageReceived,
    NoteReceived,
    PersonTold,
    PropertyTold,
    ReservationTold,
    Source,
    UnitTold,
    WorkOrderTold,
)
from connectors.outbound import echo
from connectors.trust import evidence

_UNSTORABLE = re.compile(r"\\x00|\\ud[89a-f]")
_TOLD = {
    PropertyRecord: PropertyTold,
    UnitRecord: UnitTold,
    GuestRecord: GuestTold,
    ReservationRecord: ReservationTold,
    ConversationRecord: ConversationTold,
    WorkOrderRecord: WorkOrderTold,
    HousekeepingRecord: HousekeepingTold,
    PersonRecord: PersonTold,
}


def apply(source: Source, record: AnyRecord, conversation: ConversationRecord | None = None) -> str:
    """Tell one record. Returns what became of it, in a word for the journal."""
    record = storable(record)
    evidence.told(source.connection.pk, record, source.delivery_id)
    if isinstance(record, MessageRecord):
        return _message(source, record, conversation)
    if isinstance(record, NoteRecord):
        if echo.is_ours(source.connection.pk, record, source.delivery_id):
            return "our own note"
        events.emit(NoteReceived(source=source, record=record))
        return "note"
    if isinstance(record, ConversationRecord) and not record.is_guest:
        return "not a guest's conversation"
    events.emit(_TOLD[type(record)](source=source, record=record))
    return type(record).__name__.removesuffix("Record").lower()


def apply_history(
    source: Source, records: Sequence[AnyRecord], conversation: ConversationRecord
) -> list[str]:
    """Tell a conversation that an import read: its messages together, since there may be thousands."""
    words, said = [], list[MessageRecord]()
    for record in records:
        if not isinstance(record, MessageRecord):
            words.append(apply(source, record, conversation))
            continue
        message = storable(record)
        evidence.told(source.connection.pk, message, source.delivery_id)
        word = _why_not_told(source, message, conversation)
        words.append(word or "message")
        said += [] if word else [message]
    if said:
        events.emit(HistoryReceived(source=source, records=tuple(said), conversation=conversation))
    return words


def storable(value: Any) -> Any:
    """The same record without what no text column takes, NUL and halves of signs (a text cut inside an emoji): whoever
    writes one must not park a webhook."""
    if not _UNSTORABLE.search(repr(value)):
        return value
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {storable(name): storable(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(map(storable, value))
    if is_dataclass(value) and not isinstance(value, type):
        told = (f.name for f in fields(value) if f.repr)
        return replace(value, **{name: storable(getattr(value, name)) for name in told})
    return value


def _message(source: Source, record: MessageRecord, conversation: ConversationRecord | None) -> str:
    if word := _why_not_told(source, record, conversation):
        return word
    events.emit(MessageReceived(source=source, record=record, conversation=conversation))
    return "message"


def _why_not_told(source: Source, record: MessageRecord, conversation: ConversationRecord | None) -> str:
    if record.author_kind == AuthorKind.SYSTEM:
        return "system entry"
    if conversation is not None and not conversation.is_guest:
        return "not a guest's conversation"
    if echo.is_ours(source.connection.pk, record, source.delivery_id):
        return "our own message"
    return ""
