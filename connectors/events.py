"""Facts that this layer tells upward. Handled inside the transaction that emits them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.contract.direct import (
    Address,
    AddressMovedRecord,
    AddressState,
    Channel,
    ConsentRecord,
    DirectMessageRecord,
    MessageChangeRecord,
)
from connectors.contract.records import (
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
from connectors.models import Command, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a record came from: a webhook (`delivery_id`), a catch-up, or the first import (`history`: nothing in it
    is new to anybody, so nobody is alerted and nothing is waiting)."""

    connection: Connection
    delivery_id: int | None = None
    history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyTold:
    source: Source
    record: PropertyRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTold:
    source: Source
    record: UnitRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestTold:
    source: Source
    record: GuestRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationTold:
    source: Source
    record: ReservationRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class StayGone:
    """The PMS no longer knows a stay, and a person decided that it is over."""

    source: Source
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderTold:
    source: Source
    record: WorkOrderRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class HousekeepingTold:
    source: Source
    record: HousekeepingRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTold:
    source: Source
    record: PersonRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationTold:
    source: Source
    record: ConversationRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """A message stands in the PMS that is not ours (echoes were taken out). May be told again: dedupe by its id."""

    source: Source
    record: MessageRecord
    conversation: ConversationRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryReceived:
    """What was said in a conversation before we came, oldest first, without echoes. May be told again: dedupe by id."""

    source: Source
    records: tuple[MessageRecord, ...]
    conversation: ConversationRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReceived:
    """A note stands in the PMS that is not ours. May be told again."""

    source: Source
    record: NoteRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessageReceived:
    """A message came in on a channel of our own, or was sent there by somebody else from our address, `at` (UTC). May
    be told again: dedupe by its id."""

    source: Source
    record: DirectMessageRecord
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessageChanged:
    """The guest edited, deleted or reacted to a message of a channel. May be told again."""

    source: Source
    record: MessageChangeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressReported:
    """A provider says something about an address itself: no use, opted out, complained. `code` and `reason` are its
    words; `command_id` is what was sent there, None where that isn't known."""

    connection: Connection
    channel: Channel
    address: Address
    state: AddressState
    code: str
    reason: str
    command_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTold:
    source: Source
    record: ConsentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressMoved:
    source: Source
    record: AddressMovedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMoved:
    """A Command changed its state (or its due time). Told in the transaction that changes it, which never locks a
    thread."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEchoed:
    """The PMS showed what a confirmed Command did: by a webhook or by a read."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDown:
    connection_id: int
    organization_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRecovered:
    connection_id: int
    organization_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged:
    """State, queue or progress of a connection changed in a way that screens show. `imported`: history came in, which
    is not announced message by message."""

    connection_id: int
    organization_id: int
    imported: bool = False
