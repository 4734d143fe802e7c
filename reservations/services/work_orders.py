"""Work orders as the PMS tells them, and those that matter to a stay."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from bellhop.core import clock, events
from connectors.contract.events import Entity
from connectors.contract.records import UNSET, Unset, WorkOrderRecord
from connectors.events import Source, WorkOrderTold
from connectors.inbound import identity
from reservations.events import WorkOrderChanged
from reservations.models import Property, Reservation, Unit, WorkOrder
from reservations.services import assigning, mirror

SHOWN = 12


def on_work_order(event: WorkOrderTold) -> None:
    """Create or update a work order; tells WorkOrderChanged if anything is different."""
    record, source = event.record, event.source
    row, held = mirror.find(WorkOrder, source, Entity.WORK_ORDER, record.external_id)
    told = {**_told(record), **_place(source, record)}
    if row is None:
        first = {
            **told,
            "organization_id": source.connection.organization_id,
            "connection": source.connection,
            "remote_id": record.external_id,
            "as_of": clock.now(),
        }
        row = mirror.create(WorkOrder, source, Entity.WORK_ORDER, record.external_id, first, record.version)
        changed = True
    else:
        changes = mirror.merge(row, source, Entity.WORK_ORDER, record.external_id, told, held, record.version)
        changed = bool(changes)
        assigning.follow(row, changes)
        if row.wished_state and row.state == row.wished_state:
            WorkOrder.objects.filter(pk=row.pk).update(wished_state="")
    if changed and not source.history:
        events.emit(WorkOrderChanged(work_order=row))


def _told(record: WorkOrderRecord) -> dict[str, Any]:
    return {
        "title": record.title[:300],
        "kind": record.kind[:40],
        "status": record.status[:40],
        "state": record.state if record.state is UNSET else record.state.value,
        "description": record.description,
        "resolution": record.resolution,
        "assignee": record.assignee if record.assignee is UNSET else record.assignee[:120],
        "due_at": record.due_at,
    }


def _place(source: Source, record: WorkOrderRecord) -> dict[str, Any]:
    """The stay, unit and property it names, as far as we know them. A listing may be a unit, or a property of several
    units. Told of no place, it stays where it is."""
    if record.reservation_id is UNSET and record.unit_id is UNSET:
        return {}
    connection_id = source.connection.pk
    stay = _known(Reservation, connection_id, Entity.RESERVATION, record.reservation_id)
    unit = _known(Unit, connection_id, Entity.UNIT, record.unit_id)
    place = unit.property if unit else _known(Property, connection_id, Entity.PROPERTY, record.unit_id)
    return {"reservation": stay, "unit": unit, "property": place or (stay.property if stay else None)}


def _known(model: type[Any], connection_id: int, entity: Entity, remote_id: str | Unset | None) -> Any:
    if not remote_id:
        return None
    found = identity.known(connection_id, entity, [remote_id])
    return model.objects.filter(pk=found.get(remote_id, 0)).first()


def of_stay(stay: Reservation) -> QuerySet[WorkOrder]:
    """What is to be done for a stay, or in its unit while it is open: the next due first."""
    about = Q(reservation=stay)
    if stay.unit_id is not None:
        open_ones = (WorkOrder.State.OPEN, WorkOrder.State.IN_PROGRESS)
        about |= Q(unit_id=stay.unit_id, reservation__isnull=True, state__in=open_ones)
    return WorkOrder.objects.filter(about).select_related("contact").order_by("due_at", "id")[:SHOWN]
