"""What was committed and has not left: taken back where the stay is being cancelled or paused, the sequence paused or
stopped, the guest on legal hold, or its use over.

Cancelled means silent (invariant 7; layout, flow C): before a cancellation is applied, what is on the wire is waited
for. The stay is marked *stopping* in a transaction of its own: from then on nothing of a sequence is claimed for it.
Once no such Command is being sent any more, the cancellation itself may be committed.

A pause takes back, too, instead of letting Commands wait: a waiting one would hold an agent's reply in the same thread,
and would have to be looked at again and again. Its message is planned as before, at its own time; going on judges it
anew by its late rule.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import QuerySet

from bellhop.core import clock, wake
from connectors.contract.events import Entity
from connectors.inbound import identity
from connectors.models import ACTIVE_STATES, Command, Origin
from connectors.ports import Obstacle
from reservations.models import Enrollment, Reason, Reservation, ScheduledMessage, Sequence
from reservations.sequences import definition, judging, planning, reasons
from reservations.sequences.definition import Step
from reservations.sequences.judging import Verdict

LOOK_AGAIN: Final = timedelta(seconds=1)
OVER: Final = judging.OVER
BATCH: Final = 200
# A queue (a provider's limit, tries after failures) may delay what was committed in time by so much.
ON_ITS_WAY: Final = timedelta(hours=2)
SENT: Final = ScheduledMessage.State.SENT
PLANNED: Final = ScheduledMessage.State.PLANNED
# What stands in the way of an address, in the words of a sequence.
_OF_ADDRESS: Final = {
    "dead_address": Reason.NO_CHANNEL,
    "window_closed": Reason.NO_CHANNEL,
    "opted_out": Reason.OPTED_OUT,
    "no_consent": Reason.NO_CONSENT,
}


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
        Reservation.objects.filter(pk__in=ids).update(stopping_at=clock.now())
    return _on_the_wire(ids)


def _on_the_wire(stay_ids: list[int]) -> bool:
    sent = ScheduledMessage.objects.filter(reservation_id__in=stay_ids, state=SENT).values_list(
        "command_ids", flat=True
    )
    ids = [command_id for found in sent for command_id in found]
    return Command.objects.filter(pk__in=ids, state__in=ACTIVE_STATES).exists()


# --- at the claim ---
def obstacle(command: Command) -> Obstacle | None:
    """Asked in the transaction that claims a Command of a sequence: the stay is held against a cancellation until
    then. Where it may not leave, its message says why."""
    if command.origin != Origin.SEQUENCE:
        return None
    found = _of_command(command).values_list("pk", "reservation_id").first()
    if found is None:
        return None
    # The Command is locked, and others lock stay and message first: neither waits for the other.
    stays = Reservation.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    stay = stays.select_related("guest", "unit", "property").filter(pk=found[1]).first()
    rows = ScheduledMessage.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    row = rows.select_related("sequence", "enrollment__version").filter(pk=found[0], state=SENT).first()
    if stay is None or row is None:
        return Obstacle(code="", reason="", until=clock.now() + LOOK_AGAIN)
    verdict = _verdict(command, row, stay, clock.now())
    if verdict is None:
        return None
    _settle(row, verdict)
    return Obstacle(code=verdict.reason, reason=reasons.sentence(verdict.reason, {}))


def ended(command: Command, why: Obstacle) -> None:
    """It may never go to its address: the message says so, too. In the transaction of `obstacle`, which locked it."""
    row = _of_command(command).select_related("sequence", "enrollment").first()
    if row is not None and command.origin == Origin.SEQUENCE:
        _settle(row, Verdict(_OF_ADDRESS.get(why.code, Reason.NO_CHANNEL)))


def _of_command(command: Command) -> QuerySet[ScheduledMessage]:
    return ScheduledMessage.objects.filter(command_ids__contains=[command.pk], state=SENT)


def _verdict(command: Command, row: ScheduledMessage, stay: Reservation, now: datetime) -> Verdict | None:
    found = definition.parse(row.enrollment.version.definition)
    if not found.is_farewell and (stay.status in OVER or judging.is_stopping(stay, now)):
        return Verdict(Reason.CANCELLED)
    if (held := _held_back(row, stay)) is not None:
        return held
    step = found.step(row.step_key)
    return None if step is None else _useless(command, row, stay, step, now)


def _held_back(row: ScheduledMessage, stay: Reservation) -> Verdict | None:
    """What people did to its sequence, or its guest, since it was committed."""
    if row.sequence.state == Sequence.State.STOPPED:
        return Verdict(Reason.STOPPED)
    if row.sequence.state == Sequence.State.PAUSED:
        return Verdict(Reason.PAUSED, PLANNED)
    if stay.guest is not None and stay.guest.held_at is not None:
        return Verdict(Reason.LEGAL_HOLD, ScheduledMessage.State.HELD)
    if stay.messages_paused_at is not None:
        return Verdict(Reason.PAUSED, ScheduledMessage.State.HELD)
    return None


def _useless(
    command: Command, row: ScheduledMessage, stay: Reservation, step: Step, now: datetime
) -> Verdict | None:
    """It waited (an outage, a queue) until it was of no use any more. Nights move what is due, and are no delay."""
    began = max(row.time, row.settled_at or row.time)
    if command.reason_code in {Reason.QUIET_HOURS, Reason.DAILY_CAP}:
        began = max(began, command.due_at)
    until = judging.ends(row, stay, step)
    if now <= began + ON_ITS_WAY or (until is not None and now < until):
        return None
    return judging.late(row, step)


def _settle(row: ScheduledMessage, verdict: Verdict) -> None:
    """Taken back: not sent after all. What is planned again keeps its time."""
    row.state, row.reason, row.detail = verdict.state, verdict.reason, verdict.detail
    row.settled_at = None if verdict.state == PLANNED else clock.now()
    if verdict.state == PLANNED:
        row.message_id, row.command_ids, row.channel, row.address = None, [], "", ""
        finished = Enrollment.objects.filter(pk=row.enrollment_id, state=Enrollment.State.FINISHED)
        finished.update(state=Enrollment.State.ACTIVE)
    row.save()


# --- before anything is claimed ---
_WAITING = """
SELECT m.id, m.reservation_id FROM connectors_command c
JOIN reservations_scheduledmessage m ON m.command_ids @> ARRAY[c.id] AND m.state = 'sent'
JOIN reservations_sequence s ON s.id = m.sequence_id
JOIN reservations_reservation r ON r.id = m.reservation_id
LEFT JOIN reservations_guest g ON g.id = r.guest_id
WHERE c.origin = 'sequence' AND c.state = 'waiting' AND m.id > %(after)s
  AND (s.state IN ('paused', 'stopped') OR g.held_at IS NOT NULL OR r.messages_paused_at IS NOT NULL)
ORDER BY m.id LIMIT %(most)s
"""


def take_back_waiting() -> int:
    """Whatever waits of sequences that were paused or stopped, or for stays that are or guests on legal hold, each in
    a transaction of its own. The claim refuses it meanwhile, so nothing depends on how soon this is done. Returns
    how many."""
    done = after = 0
    while found := _waiting(after):
        done += sum(_take_back(pk, stay_id) for pk, stay_id in found)
        after = found[-1][0]
    return done


def _waiting(after: int) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"after": after, "most": BATCH})
        return [(pk, stay_id) for pk, stay_id in cursor.fetchall()]


@transaction.atomic
def _take_back(pk: int, stay_id: int) -> bool:
    stays = Reservation.objects.select_for_update(of=("self",), no_key=True).select_related("guest")
    stay = stays.get(pk=stay_id)
    rows = ScheduledMessage.objects.select_for_update(of=("self",), no_key=True)
    row = rows.select_related("sequence", "enrollment").filter(pk=pk, state=SENT).first()
    if row is None:
        return False
    verdict = _held_back(row, stay)
    if verdict is None or not planning.take_back(row.command_ids, verdict.reason):
        return False
    _settle(row, verdict)
    return True


def take_back_soon() -> None:
    """Have it done right after commit."""
    wake.after_commit("reservations.take_back")
