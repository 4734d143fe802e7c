"""What this app listens to: a bare list of event → function."""

from __future__ import annotations

from bellhop.core.events import subscribe
from connectors.events import GuestTold, PropertyTold, ReservationTold, UnitTold
from reservations.services import guests, places, stays


def register() -> None:
    subscribe(PropertyTold, places.on_property)
    subscribe(UnitTold, places.on_unit)
    subscribe(GuestTold, guests.on_guest)
    subscribe(ReservationTold, stays.on_reservation)
