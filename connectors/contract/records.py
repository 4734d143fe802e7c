"""Canonical records: what a PMS said, in our words. Immutable; the raw payload always rides along.

`UNSET` means "the payload does not tell"; None means "the PMS says there is none". A connector that
turns a missing key into an empty string would wipe a good value, so the two are kept apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Final, Literal

Json = Mapping[str, Any]


class Unset(Enum):
    """The type of `UNSET`, so that type checkers can tell it apart."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = Unset.UNSET


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class AuthorKind(StrEnum):
    """Who wrote a message. `US` only where the payload itself proves that Bellhop sent it."""

    GUEST = "guest"
    STAFF = "staff"
    US = "us"
    SYSTEM = "system"


class StayStatus(StrEnum):
    INQUIRY = "inquiry"
    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    CHECKED_OUT = "checked_out"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Common to all records. `version` orders two states of one object: an ISO instant in UTC where the PMS
    has a change time; None where it has none. `unknown` keeps raw values that no table of ours names."""

    external_id: str
    version: str | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)
    raw: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyRecord(Record):
    name: str
    timezone: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRecord(Record):
    """A rentable unit. `timezone` is IANA; times are local to it."""

    property_id: str | None = None
    name: str | Unset = UNSET
    title: str | Unset = UNSET
    timezone: str | Unset | None = UNSET
    address: str | Unset = UNSET
    check_in_time: time | Unset | None = UNSET
    check_out_time: time | Unset | None = UNSET
    wifi: str | Unset = UNSET
    parking: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRecord(Record):
    """A person at the PMS. E-mail addresses of an OTA are relays; phones are as the PMS has them."""

    full_name: str | Unset = UNSET
    first_name: str | Unset = UNSET
    last_name: str | Unset = UNSET
    emails: tuple[str, ...] | Unset = UNSET
    phones: tuple[str, ...] | Unset = UNSET
    language: str | Unset | None = UNSET
    notes: str | Unset = UNSET
    tags: tuple[str, ...] | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Totals of a stay in major units as decimals, with their ISO 4217 currency."""

    currency: str
    total: Decimal | None = None
    paid: Decimal | None = None
    balance: Decimal | None = None
    lines: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationRecord(Record):
    """A stay. Dates are local to the property; times are local clock times; `status_raw` is the PMS's own
    word.

    `status` is UNSET where the PMS's word is unknown to us: the previous status is kept and the word
    reported.
    """

    confirmation_code: str | Unset | None = UNSET
    status: StayStatus | Unset = UNSET
    status_raw: str | None = None
    arrival_date: date | Unset | None = UNSET
    departure_date: date | Unset | None = UNSET
    check_in_time: time | Unset | None = UNSET
    check_out_time: time | Unset | None = UNSET
    property_id: str | Unset | None = UNSET
    unit_id: str | Unset | None = UNSET
    guest_id: str | Unset | None = UNSET
    guest: GuestRecord | None = None
    conversation_id: str | Unset | None = UNSET
    source: str | Unset | None = UNSET
    source_raw: str | None = None
    channel_code: str | Unset | None = UNSET
    adults: int | Unset | None = UNSET
    children: int | Unset | None = UNSET
    infants: int | Unset | None = UNSET
    pets: int | Unset | None = UNSET
    rate_plan: str | Unset | None = UNSET
    money: Money | Unset | None = UNSET
    door_code: str | Unset | None = UNSET
    notes: Mapping[str, str] | Unset = UNSET
    custom_fields: Mapping[str, Any] | Unset = UNSET
    cancelled_at: datetime | Unset | None = UNSET
    cancelled_by: str | Unset | None = UNSET
    is_owner_stay: bool = False
    is_test: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRecord:
    """A file that a message names. `content_id` is how an e-mail's own HTML shows it (`cid:`)."""

    external_id: str
    name: str = ""
    url: str = ""
    mime_type: str = ""
    size: int | None = None
    content_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord(Record):
    """One utterance to or from a guest. `channel` is our word (airbnb, booking, vrbo, sms, email, whatsapp,
    …); `channel_raw` is what the PMS wants back when we answer there. `automatic` is true where the PMS
    marks it so. `sequence` orders messages of one conversation that bear the same time: a number that the PMS counts
    up (see `wire.sequence`); 0 where it has none."""

    conversation_id: str
    reservation_id: str | None = None
    direction: Direction
    author_kind: AuthorKind
    author_name: str = ""
    channel: str = ""
    channel_raw: str = ""
    body_text: str
    body_html: str = ""
    sent_at: datetime
    sequence: int = 0
    automatic: bool = False
    attachments: tuple[AttachmentRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRecord(Record):
    """A remark that no guest sees: a post that was stored and not sent. `reference` is the token of a Command of
    ours that the text bears (see `connectors.contract.marks`)."""

    conversation_id: str | None = None
    reservation_id: str | None = None
    author_name: str = ""
    body_text: str
    written_at: datetime
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRecord(Record):
    """A remote conversation with one party. `is_guest` is false for owners and vendors: those stay out of
    the inbox."""

    is_guest: bool = True
    guest_id: str | None = None
    guest_name: str = ""
    reservation_ids: tuple[str, ...] = ()
    channel: str = ""
    channel_raw: str = ""
    language: str | None = None
    subject: str = ""
    changed_at: datetime | None = None


class WorkOrderState(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderRecord(Record):
    """A task or maintenance request. `status` is the PMS's own word, `state` ours (UNSET where the word is
    new to us)."""

    title: str
    kind: str = ""
    status: str = ""
    state: WorkOrderState | Unset = UNSET
    description: str | Unset = UNSET
    resolution: str | Unset = UNSET
    assignee: str | Unset = UNSET
    due_at: datetime | Unset | None = UNSET
    reservation_id: str | Unset | None = UNSET
    unit_id: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class HousekeepingRecord(Record):
    """What housekeeping knows of a unit today; `external_id` is the unit's. `condition` is the PMS's word: dirty,
    pickup, clean, inspected, … `refused`: its guests want no service today."""

    condition: str | Unset = UNSET
    occupied: bool | Unset | None = UNSET
    do_not_disturb: bool | Unset = UNSET
    refused: bool | Unset = UNSET
    comment: str | Unset = UNSET


AnyRecord = (
    PropertyRecord
    | UnitRecord
    | GuestRecord
    | ReservationRecord
    | MessageRecord
    | NoteRecord
    | ConversationRecord
    | WorkOrderRecord
    | HousekeepingRecord
)
