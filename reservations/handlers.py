"""What this app listens to: a bare list of event → function."""

from __future__ import annotations

from bellhop.core.events import subscribe
from connectors.events import (
    AddressReported,
    CommandMoved,
    ConnectionChanged,
    ConnectionRecovered,
    ConsentTold,
    GuestTold,
    HousekeepingTold,
    PersonTold,
    PropertyTold,
    ReservationTold,
    StayGone,
    UnitTold,
    WorkOrderTold,
)
from reservations.board import marks, setting
from reservations.events import PropertyAdded, RequestChanged, StayChanged, WorkOrdered
from reservations.night_audit import plans
from reservations.sequences import planning, sending
from reservations.services import (
    assigning,
    consent,
    directory,
    guests,
    housekeeping,
    ordering,
    places,
    requests,
    stays,
    work_notes,
    work_orders,
)


def register() -> None:
    subscribe(PropertyTold, places.on_property)
    subscribe(UnitTold, places.on_unit)
    subscribe(GuestTold, guests.on_guest)
    subscribe(ReservationTold, stays.on_reservation)
    subscribe(StayGone, stays.on_gone)
    subscribe(WorkOrderTold, work_orders.on_work_order)
    subscribe(PersonTold, directory.on_person)
    subscribe(StayChanged, planning.on_stay)
    subscribe(ConnectionRecovered, sending.on_connection)
    subscribe(ConnectionChanged, sending.on_connection)
    subscribe(StayChanged, requests.on_stay)
    subscribe(CommandMoved, requests.on_command)
    subscribe(CommandMoved, ordering.on_command)
    subscribe(CommandMoved, assigning.on_command)
    subscribe(CommandMoved, work_notes.on_command)
    subscribe(WorkOrdered, work_notes.on_ordered)
    subscribe(CommandMoved, setting.on_command)
    subscribe(RequestChanged, marks.on_request)
    subscribe(StayChanged, marks.on_stay)
    subscribe(ConsentTold, consent.on_consent)
    subscribe(AddressReported, consent.on_address)
    subscribe(HousekeepingTold, housekeeping.on_housekeeping)
    subscribe(PropertyAdded, plans.on_property)
