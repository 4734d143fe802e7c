"""What one webhook delivery means: canonical events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connectors.contract.direct import DirectRecord
from connectors.contract.records import AnyRecord, ConversationRecord, MessageRecord


class EventKind(StrEnum):
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_SENT = "message.sent"
    RESERVATION_CREATED = "reservation.created"
    RESERVATION_UPDATED = "reservation.updated"
    GUEST_UPDATED = "guest.updated"
    NOTES_CHANGED = "notes.changed"
    UNIT_UPDATED = "unit.updated"
    HOUSEKEEPING_CHANGED = "housekeeping.changed"
    WORK_ORDER_UPDATED = "work_order.updated"
    LEASE_UPDATED = "lease.updated"
    DIRECT_MESSAGE = "direct.message"
    MESSAGE_CHANGED = "direct.changed"
    DELIVERY_REPORT = "direct.report"
    CONSENT_TOLD = "direct.consent"
    ADDRESS_MOVED = "direct.address"
    TEMPLATE_TOLD = "direct.template"
    ALERT = "direct.alert"
    IGNORED = "ignored"


class Entity(StrEnum):
    PROPERTY = "property"
    UNIT = "unit"
    GUEST = "guest"
    RESERVATION = "reservation"
    CONVERSATION = "conversation"
    MESSAGE = "message"
    NOTE = "note"
    WORK_ORDER = "work_order"
    LEASE = "lease"
    FOLIO = "folio"
    HOUSEKEEPING = "housekeeping"
    TEMPLATE = "template"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadHint:
    """An object that must be fetched because the payload only says that it changed. A note hint names the
    reservation whose notes changed, a housekeeping hint the unit."""

    entity: Entity
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalEvent:
    """One fact of a delivery. `dedupe_key` is the same for every delivery of the same fact.

    `version` is the provider's time of the change where told. `conversation` and `earlier` ride along with
    message events: the conversation as described there, and repeated earlier posts that may fill a gap.
    `told` is what an unsigned payload claims (field of the record → its value): never applied, only compared with
    what is read, since some systems show their own change late. `direct` is what a channel told; `record` a PMS.
    """

    kind: EventKind
    dedupe_key: str
    record: AnyRecord | None = None
    direct: DirectRecord | None = None
    needs_read: tuple[ReadHint, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None
    occurred_at: datetime | None = None
    conversation: ConversationRecord | None = None
    earlier: tuple[MessageRecord, ...] = ()
    reason: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
