"""Everything automatic of one stay, paused by a person until they let it go on (ux V6)."""

from __future__ import annotations

from django.db import transaction

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, events, wake
from reservations.events import ScheduleChanged
from reservations.models import Reason, Reservation, ScheduledMessage
from reservations.sequences import stopping

PLANNED, HELD = ScheduledMessage.State.PLANNED, ScheduledMessage.State.HELD


@transaction.atomic
def pause(user: User, stay: Reservation) -> None:
    """Nothing of a sequence leaves for this stay any more, nor what was committed and has not left. Raises
    PermissionDenied."""
    locked = _locked(user, stay)
    if locked.messages_paused_at is not None:
        return
    locked.messages_paused_at, locked.messages_paused_name = clock.now(), user.full_name
    _keep(user, locked, "stay.messages_paused")
    stopping.take_back_soon()


@transaction.atomic
def go_on(user: User, stay: Reservation) -> None:
    """What is ahead leaves at its time; what was held back is judged anew, by the late rule of its step. Raises
    PermissionDenied."""
    locked = _locked(user, stay)
    if locked.messages_paused_at is None:
        return
    locked.messages_paused_at, locked.messages_paused_name = None, ""
    _keep(user, locked, "stay.messages_resumed")
    # Their reason stays: judged late, they were late for the pause.
    held = ScheduledMessage.objects.filter(reservation=locked, state=HELD, reason=Reason.PAUSED)
    held.update(state=PLANNED, settled_at=None)
    wake.after_commit("reservations.send_due")


def _locked(user: User, stay: Reservation) -> Reservation:
    require(user, Permission.THREADS_REPLY)
    rows = Reservation.objects.select_for_update(of=("self",), no_key=True)
    return rows.get(pk=stay.pk, organization_id=user.organization_id)


def _keep(user: User, stay: Reservation, what: str) -> None:
    stay.save(update_fields=["messages_paused_at", "messages_paused_name"])
    audit(user.organization_id, user, what, f"reservation:{stay.public_id}")
    events.emit(ScheduleChanged(reservation_id=stay.pk, organization_id=stay.organization_id))
