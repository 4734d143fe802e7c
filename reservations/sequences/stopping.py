"""Cancelled means silent (invariant 7; layout, flow C): before a cancellation is applied, what is on the wire is
waited for.

The stay is marked *stopping* in a transaction of its own: from then on nothing of a sequence is claimed for it. Once
no such Command is being sent any more, the cancellation itself may be committed.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.inbound import identity
from connectors.models import ACTIVE_STATES, Command, Origin
from connectors.ports import Obstacle
from reservations.models import Reservation, ScheduledMessage

LOOK_AGAIN = timedelta(seconds=1)
OVER = {Reservation.Status.CANCELLED, Reservation.Status.NO_SHOW}


def must_wait(connection_id: int, remote_ids: list[str]) -> bool:
    """Stays of a PMS are about to be cancelled: mark them, and say whether something of a sequence is still on the
    wire."""
    known = identity.known(connection_id, Entity.RESERVATION, remote_ids)
    if not known:
        return False
    with transaction.atomic():
        rows = Reservation.objects.select_for_update(no_key=True).filter(pk__in=known.values())
        ids = [row.pk for row in rows.order_by("pk") if row.status not in OVER]
        if not ids:
            return False
        Reservation.objects.filter(pk__in=ids, stopping_at=None).update(stopping_at=clock.now())
    return _on_the_wire(ids)


def _on_the_wire(stay_ids: list[int]) -> bool:
    sent = ScheduledMessage.objects.filter(
        reservation_id__in=stay_ids, state=ScheduledMessage.State.SENT
    ).values_list("command_ids", flat=True)
    ids = [command_id for found in sent for command_id in found]
    return Command.objects.filter(pk__in=ids, state__in=ACTIVE_STATES).exists()


def obstacle(command: Command) -> Obstacle | None:
    """Asked in the transaction that claims a Command of a sequence: the stay is held against a cancellation until
    then."""
    if command.origin != Origin.SEQUENCE:
        return None
    row = (
        ScheduledMessage.objects.filter(command_ids__contains=[command.pk])
        .values_list("reservation_id", "sequence__state", "enrollment__state")
        .first()
    )
    if row is None:
        return None
    stay_id, sequence_state, _enrollment_state = row
    # The Command is locked, and a cancellation locks the stay first: neither waits for the other.
    stay = Reservation.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=stay_id).first()
    if stay is None:
        return Obstacle(code="", reason="", until=clock.now() + LOOK_AGAIN)
    if stay.stopping_at is not None and stay.status not in OVER:
        return Obstacle(code="cancelled", reason="The stay is being cancelled.")
    if sequence_state == "stopped":
        return Obstacle(code="stopped", reason="The sequence was stopped.")
    return None
