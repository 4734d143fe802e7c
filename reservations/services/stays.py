"""Reservations as the PMS tells them (layout, flow C), and which of a guest's stays is the current one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bellhop.core import clock, events
from connectors.contract.events import Entity
from connectors.contract.records import UNSET, Money, ReservationRecord
from connectors.events import ReservationTold, Source, StayGone
from connectors.inbound import identity
from connectors.models import Stage
from reservations.events import StayChanged
from reservations.models import Guest, Property, Reservation, StayPhase, Unit
from reservations.services import guests, mirror

GONE_FROM_PMS = "gone from the PMS"


def on_reservation(event: ReservationTold) -> None:
    """Create or update a stay; tells StayChanged if anything is different."""
    record, source = event.record, event.source
    row, held = mirror.find(Reservation, source, Entity.RESERVATION, record.external_id)
    told = told_of(source, record, _guest(source, record))
    if row is None:
        first = {
            **told,
            "organization_id": source.connection.organization_id,
            "connection": source.connection,
            "remote_id": record.external_id,
            "as_of": clock.now(),
            "first_seen_at": None if source.history else clock.now(),
        }
        row = mirror.create(
            Reservation, source, Entity.RESERVATION, record.external_id, first, record.version
        )
        events.emit(StayChanged(reservation=row, changes=(), created=True, history=source.history))
        return
    unit_was = row.unit
    changes = mirror.merge(row, source, Entity.RESERVATION, record.external_id, told, held, record.version)
    if changes:
        events.emit(
            StayChanged(
                reservation=row,
                changes=changes,
                created=False,
                history=source.history,
                unit_was=unit_was if unit_was != row.unit else None,
            )
        )


def on_gone(event: StayGone) -> None:
    """The PMS no longer knows the stay: it ends here as one that was cancelled there, with all that follows."""
    row, held = mirror.find(Reservation, event.source, Entity.RESERVATION, event.external_id)
    if row is None or row.status == Reservation.Status.CANCELLED:
        return
    told = {
        "status": Reservation.Status.CANCELLED.value,
        "cancelled_at": clock.now(),
        "cancelled_by": GONE_FROM_PMS,
    }
    changes = mirror.merge(row, event.source, Entity.RESERVATION, event.external_id, told, held, None)
    events.emit(StayChanged(reservation=row, changes=changes, created=False, history=False))


def told_of(source: Source, record: ReservationRecord, guest: Any) -> dict[str, Any]:
    """The record in the words of our model; `guest` is its guest here, UNSET where that isn't known. Writes nothing."""
    told: dict[str, Any] = {
        "guest": guest,
        **_place(source, record),
        "conversation_id": _text(record.conversation_id, 200),
        "code": _text(record.confirmation_code, 80),
        "channel_code": _text(record.channel_code, 120),
        "status": record.status if record.status is UNSET else record.status.value,
        "status_raw": UNSET if record.status_raw is None else record.status_raw[:60],
        "arrival_date": record.arrival_date,
        "departure_date": record.departure_date,
        "check_in_time": record.check_in_time,
        "check_out_time": record.check_out_time,
        "source": _text(record.source, 40),
        "source_raw": UNSET if record.source_raw is None else record.source_raw[:80],
        "adults": record.adults,
        "children": record.children,
        "infants": record.infants,
        "pets": record.pets,
        "rate_plan": _text(record.rate_plan, 120),
        "money": _money(record.money),
        "door_code": _text(record.door_code, 80),
        "notes": record.notes if record.notes is UNSET else dict(record.notes),
        "custom_fields": record.custom_fields
        if record.custom_fields is UNSET
        else dict(record.custom_fields),
        "cancelled_at": record.cancelled_at,
        "cancelled_by": _text(record.cancelled_by, 60),
        "is_owner_stay": record.is_owner_stay,
        "booked_at": record.created_at or UNSET,
    }
    if record.is_test or _is_sandbox_test(source, record):
        told["is_test"] = True
    return told


def _is_sandbox_test(source: Source, record: ReservationRecord) -> bool:
    """The sandbox PMS seeds a reservation for rehearsals; a real one is marked by a person."""
    codes = (str(record.confirmation_code or ""), str(record.channel_code or ""))
    return source.connection.stage == Stage.SANDBOX and any(code.startswith("TEST-") for code in codes)


def _text(value: Any, length: int) -> Any:
    return value if value is UNSET else str(value or "")[:length]


def _money(money: Any) -> Any:
    if not isinstance(money, Money):
        return money
    amounts = {"total": money.total, "paid": money.paid, "balance": money.balance}
    return {
        "currency": money.currency,
        **{name: None if amount is None else str(amount) for name, amount in amounts.items()},
        "lines": [[label, str(amount)] for label, amount in money.lines],
    }


def _guest(source: Source, record: ReservationRecord) -> Any:
    if record.guest is not None and record.guest.external_id:
        # A guest told inside a stay is as old as the stay's state, so that a late event doesn't bring an old name back.
        version = record.guest.version or record.version
        return guests.take_over(source, replace(record.guest, version=version))
    if not record.guest_id:
        return UNSET if record.guest_id is UNSET else None
    found = identity.known(source.connection.pk, Entity.GUEST, [record.guest_id])
    return Guest.objects.filter(pk=found.get(record.guest_id, 0)).first() or UNSET


def _place(source: Source, record: ReservationRecord) -> dict[str, Any]:
    """Unit and property; a unit that we don't know (yet) leaves what is held, one that was taken away doesn't."""
    told: dict[str, Any] = {"unit": None} if record.unit_id is None else {}
    if record.unit_id is not UNSET and record.unit_id:
        found = identity.known(source.connection.pk, Entity.UNIT, [record.unit_id])
        unit = Unit.objects.select_related("property").filter(pk=found.get(record.unit_id, 0)).first()
        if unit is not None:
            return {"unit": unit, "property": unit.property}
    if record.property_id is not UNSET and record.property_id:
        found = identity.known(source.connection.pk, Entity.PROPERTY, [record.property_id])
        place = Property.objects.filter(pk=found.get(record.property_id, 0)).first()
        if place is not None:
            told["property"] = place
    return told


RANK = {
    StayPhase.IN_HOUSE: 0,
    StayPhase.DEPARTING: 0,
    StayPhase.ARRIVING: 1,
    StayPhase.UPCOMING: 2,
    StayPhase.INQUIRY: 3,
    StayPhase.CHECKED_OUT: 4,
    StayPhase.CANCELLED: 5,
}


def current(stays: Iterable[Reservation], now: datetime) -> Reservation | None:
    """The stay a conversation is about: in house, else the next arrival, else the last departure (ux V4)."""

    def rank(stay: Reservation) -> tuple[int, int]:
        phase = stay.phase(now)
        return RANK[phase], nearness(stay, phase)

    return min(stays, key=rank, default=None)


def nearness(stay: Reservation, phase: StayPhase) -> int:
    """Smaller is nearer: the next arrival of those ahead, the last departure of those past."""
    ahead = phase in {StayPhase.ARRIVING, StayPhase.UPCOMING, StayPhase.INQUIRY}
    day = (stay.arrival_date if ahead else stay.departure_date) or date.max
    return day.toordinal() if ahead else -day.toordinal()
