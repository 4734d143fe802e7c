"""Facts that this layer tells upward, inside the transaction that makes them true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bellhop.accounts.models import User
from reservations.models import (
    ConsentEntry,
    ContactPoint,
    Guest,
    OrderedWork,
    Property,
    Reservation,
    StayRequest,
    SurveyAnswer,
    Unit,
    WorkOrder,
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One mirrored field: its name, and both values as JSON."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StayChanged:
    """A stay was told for the first time (`created`) or differs. `history`: it is part of the first import. `unit_was`:
    where it was to be until now, if that is another unit."""

    reservation: Reservation
    changes: tuple[FieldChange, ...]
    created: bool
    history: bool
    unit_was: Unit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyAdded:
    """A property was told for the first time."""

    property: Property


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestChanged:
    guest: Guest


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPointsAdded:
    """A guest is reached at addresses that they weren't known by."""

    guest: Guest
    points: tuple[ContactPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChanged:
    """Something was said about an address: stopped, allowed again, agreed to."""

    entry: ConsentEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderChanged:
    """A work order was told for the first time, or differs."""

    work_order: WorkOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrdered:
    """Somebody ordered work from the PMS, or the PMS has it now, or not."""

    work: OrderedWork


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChanged:
    """Housekeeping says something else of a unit than before."""

    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered:
    """A guest answered a survey, or added words to their answer (`added`)."""

    answer: SurveyAnswer
    added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChanged:
    """Somebody skipped, approved or rewrote a message that was planned for a stay."""

    reservation_id: int
    organization_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChanged:
    """A guest's request was made, decided, taken back, or the PMS has it now. `what`: asked, proposed, approved,
    declined, withdrawn, moved (the PMS changed its time), pms (its state there)."""

    request: StayRequest
    what: str
    actor: User | None = None
