"""Who does the work: somebody of the directory, one of the PMS's own people, or nobody. The PMS is told; what it says
itself afterwards holds."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import events
from connectors.contract.intents import AssignWorkOrder
from connectors.contract.registry import connector_class
from connectors.events import CommandMoved
from connectors.models import Command, CommandState, Connection
from connectors.outbound import outbox
from reservations.events import FieldChange, WorkOrderChanged
from reservations.models import Contact, PmsPerson, PmsState, WorkOrder
from reservations.services import directory
from reservations.services.ordering import STATES, line_of, lock_order

SUBJECT = "work_assigned:"
_NOT_THERE = {PmsState.FAILED, PmsState.UNCONFIRMED}
_OPEN = (WorkOrder.State.OPEN, WorkOrder.State.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Choices:
    """Whom a task can be given to."""

    contacts: list[Contact]
    people: list[PmsPerson]


def is_possible(connection: Connection) -> bool:
    """Does this PMS let somebody outside say who does its tasks?"""
    return AssignWorkOrder in connector_class(connection.slug).performs


def choices(connection: Connection, property_id: int | None) -> Choices:
    """For tasks of one property; three statements."""
    contacts = list(directory.for_place(connection.organization_id, property_id))
    return Choices(contacts, directory.pms_people(connection.pk))


@transaction.atomic
def assign(user: User, row: WorkOrder, to: Contact | PmsPerson | None) -> WorkOrder:
    """Give it to somebody, to somebody else, or to nobody. Raises ValidationError, PermissionDenied."""
    require(user, Permission.THREADS_REPLY)
    locked = lock_order(row)
    if not is_possible(locked.connection):
        raise ValidationError(_("This PMS lets nobody change its tasks from outside."))
    if locked.state not in _OPEN:
        raise ValidationError(_("This work is over."))
    offered = choices(locked.connection, locked.property_id)
    if to is not None and to not in (*offered.contacts, *offered.people):
        raise ValidationError(_("There is no such choice."))
    name = to.name if to else ""
    before, contact = locked.does_it, to if isinstance(to, Contact) else None
    if (before, locked.contact) == (name, contact) and locked.assign_state not in _NOT_THERE:
        return locked
    locked.wished_assignee, locked.contact = name, contact
    _owe(locked, to)
    audit(
        locked.organization_id,
        user,
        "work.assigned",
        f"work_order:{locked.public_id}",
        before=before,
        after=name,
    )
    events.emit(WorkOrderChanged(work_order=locked))
    return locked


@transaction.atomic
def again(user: User, row: WorkOrder) -> None:
    """Tell the PMS once more after a failure. Raises ValidationError, PermissionDenied."""
    require(user, Permission.THREADS_REPLY)
    locked = lock_order(row)
    if locked.assign_state not in _NOT_THERE:
        raise ValidationError(_("The PMS has it, or is being told."))
    person = None
    if locked.contact is None and locked.wished_assignee:
        people = directory.pms_people(locked.connection_id)
        person = next((one for one in people if one.name == locked.wished_assignee), None)
        if person is None:
            raise ValidationError(_("The PMS no longer has this person: choose somebody else."))
    _owe(locked, locked.contact or person)
    events.emit(WorkOrderChanged(work_order=locked))


@transaction.atomic
def take_back(user: User, row: WorkOrder) -> WorkOrder:
    """What the PMS says holds again; what has left already is told back. Raises ValidationError, PermissionDenied."""
    require(user, Permission.THREADS_REPLY)
    if row.assign_state != PmsState.WAITING or row.assign_command_id is None:
        raise ValidationError(_("The PMS has it: choose somebody else."))
    try:
        # The Command first, as its worker does: it is locked before the rows that it tells of.
        outbox.cancel(row.assign_command_id, "Taken back.")
    except outbox.NotPossible as error:
        raise ValidationError(_("It is on its way: choose somebody else.")) from error
    locked = lock_order(row)
    before = locked.wished_assignee
    _forget(locked)
    locked.save()
    audit(locked.organization_id, user, "work.assigned", f"work_order:{locked.public_id}", before=before,
          after=locked.assignee)  # fmt: skip
    events.emit(WorkOrderChanged(work_order=locked))
    return locked


def _owe(row: WorkOrder, to: Contact | PmsPerson | None) -> None:
    """In the order of the task, so that the last word stands."""
    person_id = to.remote_id if isinstance(to, PmsPerson) else ""
    command = outbox.enqueue(
        row.connection,
        AssignWorkOrder(work_order_id=row.remote_id, person_id=person_id, name=to.name if to else ""),
        subject=f"{SUBJECT}{row.pk}",
        order_key=line_of(row.remote_id),
        place_id=row.property_id,
    )
    row.assign_command_id, row.assign_state, row.assign_reason = command.pk, PmsState.WAITING, ""
    row.save()


def _forget(row: WorkOrder) -> None:
    row.wished_assignee, row.contact, row.assign_command_id = "", None, None
    row.assign_state, row.assign_reason = "", ""


def follow(row: WorkOrder, changes: tuple[FieldChange, ...]) -> None:
    """The PMS names somebody else than before: that holds, unless ours is on its way and comes after."""
    if not any(change.field == "assignee" for change in changes) or row.assign_state in {
        "",
        PmsState.WAITING,
    }:
        return
    if row.assignee == row.wished_assignee:
        row.assign_state, row.assign_reason = PmsState.DONE, ""
    else:
        _forget(row)
    row.save()


def on_command(event: CommandMoved) -> None:
    """The PMS has the newest word, or not. Under the Command's lock."""
    command: Command = event.command
    if not command.subject.startswith(SUBJECT):
        return
    told = {
        "assign_state": STATES.get(CommandState(command.state), PmsState.WAITING),
        "assign_reason": command.reason[:300],
    }
    rows = WorkOrder.objects.filter(pk=command.subject.removeprefix(SUBJECT), assign_command_id=command.pk)
    if rows.update(**told) and (row := rows.first()) is not None:
        events.emit(WorkOrderChanged(work_order=row))
