"""What changes around a stay without changing it: tasks, the condition of its unit. Open panels show it at once."""

from __future__ import annotations

from bellhop.core import live
from inbox.models import Thread
from reservations.events import ScheduleChanged, UnitChanged, WorkOrderChanged, WorkOrdered
from reservations.models import Reservation

_HERE = (Reservation.Status.CONFIRMED, Reservation.Status.CHECKED_IN)


def on_work_order(event: WorkOrderChanged) -> None:
    """A task of a stay, or of the unit that a stay is in."""
    order = event.work_order
    if order.reservation_id is not None:
        _tell(order.organization_id, {"stay_id": order.reservation_id})
    elif order.unit_id is not None:
        _tell(order.organization_id, {"stay__unit_id": order.unit_id, "stay__status__in": _HERE})


def on_ordered(event: WorkOrdered) -> None:
    """Work was ordered for a stay, or the PMS has it."""
    if event.work.reservation_id is not None:
        _tell(event.work.organization_id, {"stays": event.work.reservation_id})


def on_unit(event: UnitChanged) -> None:
    """Housekeeping says something new of a unit."""
    unit = event.unit
    _tell(unit.organization_id, {"stay__unit_id": unit.pk, "stay__status__in": _HERE})


def on_schedule(event: ScheduleChanged) -> None:
    """What goes out by itself for a stay was changed by a person."""
    _tell(event.organization_id, {"stays": event.reservation_id})


def _tell(organization_id: int, which: dict[str, object]) -> None:
    rows = Thread.objects.filter(organization_id=organization_id, **which).values_list("pk", "property_id")
    changes = [
        live.Change(topic="thread", subject_id=pk, property_id=property_id, data={"what": "stay"})
        for pk, property_id in rows
    ]
    if changes:
        live.append(organization_id, changes)
