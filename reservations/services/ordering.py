"""Work ordered from here: a task of the PMS for a stay or a unit, and what people say of it. The PMS's own list stays
the truth; what we owe it has a receipt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit
from bellhop.core import clock, events
from connectors.contract.events import Entity
from connectors.contract.intents import CreateWorkOrder, UpdateWorkOrder
from connectors.contract.registry import connector_class
from connectors.events import CommandMoved
from connectors.inbound import identity
from connectors.models import Command, CommandState, Connection, ExternalId
from connectors.outbound import outbox
from reservations import ports
from reservations.events import WorkOrderChanged, WorkOrdered
from reservations.models import OrderedWork, PmsState, Reservation, Unit, WorkOrder
from reservations.models.work_order import Entry, Priority

KINDS: Final = ("maintenance", "cleaning", "check_in", "check_out", "office", "other")
STATES: Final[dict[CommandState, PmsState]] = {
    CommandState.CONFIRMED: PmsState.DONE,
    CommandState.FAILED: PmsState.FAILED,
    CommandState.UNCONFIRMED: PmsState.UNCONFIRMED,
    CommandState.CANCELLED: PmsState.FAILED,
}
_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done. `due_at` (UTC) where it has a time; the files of its message go along as links."""

    title: str
    kind: str = "maintenance"
    priority: str = ""
    entry: str = ""
    description: str = ""
    message_id: int | None = None
    due_at: datetime | None = None


def is_possible(connection: Connection) -> bool:
    """Does this PMS take orders?"""
    return CreateWorkOrder in connector_class(connection.slug).performs


@transaction.atomic
def order(user: User, connection: Connection, place: Reservation | Unit, wanted: Order) -> OrderedWork:
    """Owe it to the PMS. Raises ValidationError, PermissionDenied."""
    _require(user)
    if not is_possible(connection):
        raise ValidationError(_("This PMS takes no tasks: write a note."))
    if not wanted.title.strip():
        raise ValidationError(_("What is to be done?"))
    if wanted.kind not in KINDS:
        raise ValidationError(_("There is no such kind of work."))
    if wanted.priority not in {"", *Priority.values} or wanted.entry not in {"", *Entry.values}:
        raise ValidationError(_("There is no such choice."))
    stay = place if isinstance(place, Reservation) else None
    unit = stay.unit if stay else place if isinstance(place, Unit) else None
    row = OrderedWork.objects.create(
        organization_id=user.organization_id,
        connection=connection,
        reservation=stay,
        unit=unit,
        property_id=place.property_id,
        title=wanted.title.strip()[:300],
        kind=wanted.kind,
        priority=wanted.priority,
        entry=wanted.entry,
        description=wanted.description.strip(),
        message_id=wanted.message_id,
        ordered_at=clock.now(),
        ordered_by=user,
        ordered_name=user.full_name,
    )
    _owe(row, wanted.due_at)
    audit(row.organization_id, user, "work.ordered", f"ordered:{row.public_id}", after=row.title)
    events.emit(WorkOrdered(work=row))
    return row


@transaction.atomic
def order_again(user: User, row: OrderedWork) -> None:
    """Tell the PMS once more after a failure. Raises ValidationError, PermissionDenied."""
    _require(user)
    locked = OrderedWork.objects.select_for_update(no_key=True).get(pk=row.pk)
    if locked.pms_state not in {PmsState.FAILED, PmsState.UNCONFIRMED}:
        raise ValidationError(_("The PMS has it, or is being told."))
    _owe(locked, None)
    events.emit(WorkOrdered(work=locked))


def _owe(row: OrderedWork, due_at: datetime | None) -> None:
    stay, unit_id = row.reservation, ""
    if stay is None and row.unit_id is not None:
        unit_id = _remote_unit(row.connection_id, row.unit_id)
    command = outbox.enqueue(
        row.connection,
        CreateWorkOrder(
            title=row.title,
            description=_description(row),
            kind=row.kind,
            priority=row.priority,
            reservation_id=stay.remote_id if stay else "",
            unit_id=unit_id,
            due_at=due_at.isoformat() if due_at else "",
        ),
        subject=f"ordered:{row.pk}",
        order_key=f"ordered:{row.pk}",
        place_id=row.property_id,
    )
    row.command_id, row.pms_state, row.pms_reason = command.pk, PmsState.WAITING, ""
    row.save(update_fields=["command_id", "pms_state", "pms_reason"])


def _description(row: OrderedWork) -> str:
    """What whoever does the work reads: not every PMS has fields for priority, entry and pictures."""
    told = [Priority(row.priority).label if row.priority else "", Entry(row.entry).label if row.entry else ""]
    files = ports.files_of_message.get()(row.message_id) if row.message_id is not None else []
    parts = (row.description, ". ".join(str(one) for one in told if one), "\n".join(files), row.ordered_name)
    return "\n\n".join(part for part in parts if part)


def _remote_unit(connection_id: int, unit_id: int) -> str:
    rows = ExternalId.objects.filter(connection_id=connection_id, entity=Entity.UNIT, object_id=unit_id)
    return rows.values_list("remote_id", flat=True).first() or ""


@transaction.atomic
def set_state(user: User, row: WorkOrder, state: WorkOrder.State) -> WorkOrder:
    """Say how far it is; the PMS is told, and its own word stands once it comes. Raises ValidationError,
    PermissionDenied."""
    _require(user)
    locked = lock_order(row)
    if UpdateWorkOrder not in connector_class(locked.connection.slug).performs:
        raise ValidationError(_("This PMS lets nobody change its tasks from outside."))
    if state == (locked.wished_state or locked.state):
        return locked
    command = outbox.enqueue(
        locked.connection,
        UpdateWorkOrder(work_order_id=locked.remote_id, state=state.value),
        subject=f"work_order:{locked.pk}",
        order_key=line_of(locked.remote_id),
        place_id=locked.property_id,
    )
    locked.wished_state, locked.command_id = state, command.pk
    locked.pms_state, locked.pms_reason = PmsState.WAITING, ""
    locked.save(update_fields=["wished_state", "command_id", "pms_state", "pms_reason"])
    audit(locked.organization_id, user, "work.state", f"work_order:{locked.public_id}", after=state.value)
    events.emit(WorkOrderChanged(work_order=locked))
    return locked


def lock_order(row: WorkOrder) -> WorkOrder:
    rows = WorkOrder.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("connection").get(pk=row.pk)


def line_of(remote_id: str) -> str:
    """The order key of what is written on one task: some PMSs keep several things in one text of it."""
    return f"task:{sha256(remote_id.encode()).hexdigest()[:24]}"


def _require(user: User) -> None:
    """Agents and housekeepers order work."""
    if not (user.may(Permission.THREADS_REPLY) or user.may(Permission.HOUSEKEEPING_READ)):
        raise PermissionDenied(str(Permission.THREADS_REPLY.label))


def on_command(event: CommandMoved) -> None:
    """The PMS has it, or not. Under the Command's lock: the rows here have no other writer then."""
    command: Command = event.command
    state = STATES.get(CommandState(command.state), PmsState.WAITING)
    told = {"pms_state": state, "pms_reason": command.reason[:300]}
    if command.subject.startswith("ordered:"):
        rows = OrderedWork.objects.filter(command_id=command.pk)
        if rows.update(**told, remote_id=command.remote_id or "") and (row := rows.first()) is not None:
            events.emit(WorkOrdered(work=row))
    elif command.subject.startswith("work_order:"):
        orders = WorkOrder.objects.filter(command_id=command.pk)
        if orders.update(**told) and (order_row := orders.first()) is not None:
            events.emit(WorkOrderChanged(work_order=order_row))


def waiting(stay: Reservation) -> list[OrderedWork]:
    """Ordered for a stay, and not in the PMS's own list yet; the newest first, three statements."""
    rows = list(stay.ordered_work.prefetch_related("reports").order_by("-ordered_at", "-id")[:_SHOWN])
    known = identity.known(
        stay.connection_id, Entity.WORK_ORDER, [row.remote_id for row in rows if row.remote_id]
    )
    return [row for row in rows if row.remote_id not in known]
