"""Due messages, one at a time: the stay locked, then the message; judged by what is true now, committed with its
Commands.

What becomes of one is said by `judging`; here is what it is judged by, and what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext as _

from bellhop.core import clock, incidents, wake
from bellhop.core.words import say
from connectors.contract.text import fingerprint
from connectors.events import ConnectionChanged, ConnectionRecovered
from reservations import ports
from reservations.models import Enrollment, Reason, Reservation, ScheduledMessage
from reservations.ports import Outgoing, Reach
from reservations.sequences import definition, judging
from reservations.sequences.definition import Step
from reservations.sequences.judging import Case, Twin, Verdict
from reservations.services import sending as gate
from reservations.surveys import links

log = structlog.get_logger(__name__)
BATCH: Final = 500
LOOK_AT: Final = 50
PLANNED: Final = ScheduledMessage.State.PLANNED

# Sequence by sequence, so that what waits in paused ones costs nothing, however much it is.
_DUE = """
SELECT due.id, due.reservation_id FROM reservations_sequence s
CROSS JOIN LATERAL (
  SELECT m.id, m.reservation_id, m.due_at FROM reservations_scheduledmessage m
  WHERE m.sequence_id = s.id AND m.state = 'planned' AND m.due_at <= %(now)s
  ORDER BY m.due_at, m.id LIMIT %(most)s) due
WHERE s.state = 'live' ORDER BY due.due_at, due.id LIMIT %(most)s
"""


def due(now: datetime, most: int = LOOK_AT) -> list[tuple[int, int]]:
    """(message, stay) of live sequences that are due, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now, "most": most})
        return [(pk, stay_id) for pk, stay_id in cursor.fetchall()]


def send_due() -> int:
    """Send what is due until nothing is left (or a batch is done, and another is asked for). Returns how many were
    brought to an end or moved."""
    done = 0
    while done < BATCH:
        taken = sum(_take(pk, stay_id) for pk, stay_id in due(clock.now()))
        if not taken:
            return done
        done += taken
    wake.task("reservations.send_due")
    return done


@transaction.atomic
def _take(pk: int, stay_id: int) -> bool:
    """False where another worker has it. The stay is locked before the message, as a cancellation does."""
    stays = Reservation.objects.select_for_update(of=("self",), skip_locked=True)
    stay = stays.select_related("guest", "unit", "property", "organization").filter(pk=stay_id).first()
    if stay is None:
        return False
    rows = ScheduledMessage.objects.select_for_update(of=("self",), skip_locked=True)
    row = rows.select_related("enrollment__version", "sequence").filter(pk=pk, state=PLANNED).first()
    if row is None or row.due_at > clock.now():
        return False
    found = definition.parse(row.enrollment.version.definition)
    step = found.step(row.step_key)
    if step is None:
        _settle(row, stay, None, Verdict(Reason.STEP_GONE))
        return True
    case = Case(row, stay, found, step, Known(row, stay, step))
    _settle(row, stay, step, judging.judge(case, clock.now()))
    return True


@dataclass(frozen=True, slots=True)
class Known:
    """The facts about one message, asked for one by one."""

    row: ScheduledMessage
    stay: Reservation
    step: Step

    def ways(self) -> list[Reach]:
        return ports.reach.get()(self.stay.pk, self.step.channels, self.step.purpose)

    def guest_wrote(self) -> bool:
        return ports.guest_wrote.get()(self.stay.pk, self.row.enrollment.enrolled_at)

    def was_said(self, body: str) -> bool:
        since = judging.since_when(self.row, self.stay)
        found = ports.said_elsewhere.get()([self.stay.pk], since)
        return fingerprint(body) in found.get(self.stay.pk, ())

    def twins(self, address: str) -> list[Twin]:
        sent = ScheduledMessage.objects.filter(
            sequence_id=self.row.sequence_id,
            step_key=self.row.step_key,
            state=ScheduledMessage.State.SENT,
        ).exclude(reservation_id=self.stay.pk)
        rows = sent.filter(
            address=address,
            reservation__arrival_date=self.stay.arrival_date,
            reservation__property=self.stay.property,
        ).values_list("reservation_id", *judging.CODES)
        if self.stay.channel_code:  # the OTA's code stays, whatever PMS tells of it
            same = sent.filter(
                organization_id=self.stay.organization_id,
                reservation__channel_code__iexact=self.stay.channel_code,
            )
            rows = rows.union(same.values_list("reservation_id", *judging.CODES))
        return [Twin(pk, judging.codes(*told)) for pk, *told in rows[:20]]

    def lately(self, now: datetime) -> Sequence[datetime]:
        rows = ScheduledMessage.objects.filter(
            reservation__guest=self.stay.guest,
            state=ScheduledMessage.State.SENT,
            settled_at__gt=now - judging.CAP_WITHIN,
        ).order_by("settled_at")
        return [at for at in rows.values_list("settled_at", flat=True) if at is not None]

    def zones(self, way: Reach, now: datetime) -> Sequence[ZoneInfo]:  # noqa: ARG002 (it is now)
        return gate.zones_of(self.stay.organization_id, way.kind, way.address, self.stay.property_id)


def _settle(row: ScheduledMessage, stay: Reservation, step: Step | None, verdict: Verdict) -> None:
    if verdict.way is not None and step is not None:
        verdict = _send(row, stay, step, verdict)
    if verdict.later is not None:
        _move(row, verdict.later, verdict)
        return
    if verdict.way is None:
        row.state, row.reason, row.detail = verdict.state, verdict.reason, verdict.detail
        row.settled_at = clock.now()
    row.save()
    if verdict.reason == Reason.MISSING_VALUE:
        _tell_marketer(row, verdict.detail)
    finish(row.enrollment)


def _move(row: ScheduledMessage, later: datetime, verdict: Verdict) -> None:
    """To another time; where it only waits for a connection, it keeps its own."""
    row.planned_for = row.time if verdict.reason == Reason.CONNECTION_DOWN else None
    row.due_at, row.reason, row.detail = later, verdict.reason, verdict.detail
    row.save(update_fields=["due_at", "planned_for", "reason", "detail"])


def _send(row: ScheduledMessage, stay: Reservation, step: Step, verdict: Verdict) -> Verdict:
    assert verdict.way is not None
    assert verdict.text is not None
    filled = verdict.template
    done = ports.send_automatic.get()(
        Outgoing(
            reservation_id=stay.pk,
            way=verdict.way,
            body=links.filled(verdict.text.body, stay, row),
            subject=verdict.text.subject,
            label=_label(row, step),
            purpose=step.purpose,
            language=verdict.language,
            template=(filled.name, filled.language, filled.values) if filled else None,
        )
    )
    if done is None:
        return Verdict(Reason.NO_CHANNEL)
    row.state, row.reason, row.settled_at = ScheduledMessage.State.SENT, "", clock.now()
    row.channel, row.address = verdict.way.channel, verdict.way.address
    row.message_id, row.command_ids = done.message_id, list(done.command_ids)
    return verdict


def _label(row: ScheduledMessage, step: Step) -> str:
    """ "Pre-arrival, step 2", as the thread names its author (ux T3)."""
    steps = definition.in_order(definition.parse(row.enrollment.version.definition).steps)
    number = next((n for n, one in enumerate(steps, 1) if one.key == step.key), 0)
    return _("%(sequence)s, step %(n)d") % {"sequence": row.sequence.name, "n": number}


def finish(enrollment: Enrollment) -> None:
    """Where nothing of it is ahead, it is over."""
    ahead = enrollment.scheduled.filter(state__in=(PLANNED, ScheduledMessage.State.HELD))
    if enrollment.state == Enrollment.State.ACTIVE and not ahead.exists():
        Enrollment.objects.filter(pk=enrollment.pk).update(state=Enrollment.State.FINISHED)


def _tell_marketer(row: ScheduledMessage, detail: dict[str, Any]) -> None:
    incidents.open_incident(
        row.organization_id,
        "sequence_missing_value",
        say("%(name)s can't be filled in for some guests", name=row.sequence.name),
        subject=f"{row.sequence_id}:{row.step_key}",
        detail=say("Missing: %(what)s", what=str(detail.get("name", ""))),
        remedy=say("Nothing was sent with a hole. Fill the value in the PMS, or give the text a default."),
    )


def on_connection(event: ConnectionRecovered | ConnectionChanged) -> None:
    """A connection answers again, or goes on after a pause: what waited for one is looked at at once."""
    rows = ScheduledMessage.objects.filter(
        organization_id=event.organization_id, state=PLANNED, reason=Reason.CONNECTION_DOWN
    )
    if rows.update(due_at=clock.now()):
        wake.after_commit("reservations.send_due")
