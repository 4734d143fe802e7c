"""What colleagues remark on work: kept with it, and in the PMS once that has the work."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, events
from connectors.contract.intents import NoteWorkOrder
from connectors.contract.registry import connector_class
from connectors.events import CommandMoved
from connectors.models import Command, CommandState
from connectors.outbound import outbox
from reservations.events import WorkOrderChanged, WorkOrdered
from reservations.models import OrderedWork, PmsState, WorkNote, WorkOrder
from reservations.services.ordering import STATES, line_of

SUBJECT = "work_note:"
MOST = 2_000
_NOT_THERE = {PmsState.FAILED, PmsState.UNCONFIRMED}


@transaction.atomic
def add(user: User, about: WorkOrder | OrderedWork, body: str) -> WorkNote:
    """Raises ValidationError, PermissionDenied."""
    require(user, Permission.THREADS_REPLY)
    said = body.strip()
    if not said:
        raise ValidationError(_("The note is empty."))
    if len(said) > MOST:
        raise ValidationError(_("A note has at most %(most)d characters.") % {"most": MOST})
    if isinstance(about, OrderedWork):
        # Locked, so that the PMS's answer comes before or after: else nobody would send the note on.
        about = OrderedWork.objects.select_for_update(no_key=True).get(pk=about.pk)
    is_kept = NoteWorkOrder in connector_class(about.connection.slug).performs
    row = WorkNote.objects.create(
        organization_id=about.organization_id,
        connection=about.connection,
        ordered=about if isinstance(about, OrderedWork) else None,
        remote_id=about.remote_id,
        property_id=about.property_id,
        author=user,
        author_name=user.full_name,
        body=said,
        written_at=clock.now(),
        pms_state=PmsState.WAITING if is_kept else "",
    )
    if is_kept and row.remote_id:
        _owe(row)
    subject = f"{'ordered' if row.ordered else 'work_order'}:{about.public_id}"
    audit(row.organization_id, user, "work.noted", subject)
    _tell(row)
    return row


@transaction.atomic
def again(user: User, note: WorkNote) -> None:
    """Tell the PMS once more after a failure, under the same token. Raises ValidationError, PermissionDenied."""
    require(user, Permission.THREADS_REPLY)
    if note.pms_state not in _NOT_THERE or note.command_id is None:
        raise ValidationError(_("The PMS has it, or is being told."))
    try:
        command = outbox.again(note.command_id)
    except outbox.NotPossible as error:
        raise ValidationError(_("The PMS has it, or is being told.")) from error
    note.command_id, note.pms_state, note.pms_reason = command.pk, PmsState.WAITING, ""
    note.save(update_fields=["command_id", "pms_state", "pms_reason"])
    _tell(note)


def _owe(row: WorkNote) -> None:
    zone = row.property.zone if row.property else None
    command = outbox.enqueue(
        row.connection,
        NoteWorkOrder(
            work_order_id=row.remote_id,
            body=row.body,
            author=row.author_name,
            written_at=f"{row.written_at.astimezone(zone):%Y-%m-%d %H:%M}",
        ),
        subject=f"{SUBJECT}{row.pk}",
        order_key=line_of(row.remote_id),
        place_id=row.property_id,
    )
    row.command_id = command.pk
    row.save(update_fields=["command_id"])


def on_ordered(event: WorkOrdered) -> None:
    """The PMS has the work now: what was remarked on it meanwhile follows."""
    work = event.work
    if not work.remote_id:
        return
    for row in work.notes.filter(remote_id="").select_related("connection", "property").order_by("id"):
        row.remote_id = work.remote_id
        row.save(update_fields=["remote_id"])
        if row.pms_state:
            _owe(row)


def on_command(event: CommandMoved) -> None:
    """The PMS has it, or not. Under the Command's lock."""
    command: Command = event.command
    if not command.subject.startswith(SUBJECT):
        return
    state = STATES.get(CommandState(command.state), PmsState.WAITING)
    rows = WorkNote.objects.filter(pk=command.subject.removeprefix(SUBJECT), command_id=command.pk)
    if rows.update(pms_state=state, pms_reason=command.reason[:300]) and (row := rows.first()) is not None:
        _tell(row)


def _tell(row: WorkNote) -> None:
    """Open panels of whatever it is about."""
    here = WorkOrder.objects.filter(connection_id=row.connection_id, remote_id=row.remote_id or None).first()
    if here is not None:
        events.emit(WorkOrderChanged(work_order=here))
    elif row.ordered is not None:
        events.emit(WorkOrdered(work=row.ordered))


def of(orders: Iterable[WorkOrder], ordered: Iterable[OrderedWork]) -> dict[str | int, list[WorkNote]]:
    """Remote id of a task, or our number of what the PMS doesn't have yet → its notes, oldest first; one statement."""
    waiting = list(ordered)
    about = Q(ordered__in=waiting, remote_id="")
    known = [(one.connection_id, one.remote_id) for one in orders]
    known += [(one.connection_id, one.remote_id) for one in waiting if one.remote_id]
    for connection_id, remote_id in known:
        about |= Q(connection_id=connection_id, remote_id=remote_id)
    found: dict[str | int, list[WorkNote]] = {}
    for note in WorkNote.objects.filter(about).order_by("written_at", "id"):
        found.setdefault(note.remote_id or note.ordered_id or 0, []).append(note)
    return found
