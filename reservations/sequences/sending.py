"""Due messages, one at a time: the stay locked, then the message; judged by what is true now, committed with its
Commands.

The order of the questions is fixed, and the first that stops a message is the reason that people are told (ux Q11).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.core import clock, incidents
from bellhop.core.words import say
from reservations import ports
from reservations.models import Enrollment, Reservation, ScheduledMessage, Sequence
from reservations.ports import Outgoing, Reach
from reservations.sequences import conditions, definition, planning, rendering, timing, values
from reservations.sequences.definition import Definition, Late, Step, Text
from reservations.services import quiet_hours
from reservations.services.sending import zones_of
from reservations.surveys import links

log = structlog.get_logger(__name__)
BATCH: Final = 200
LOOK_AT: Final = 20
# Less than that is no delay that anybody would notice.
GRACE: Final = timedelta(minutes=10)
STOPPING_FOR: Final = timedelta(minutes=10)
CAP: Final = 3
CAP_WITHIN: Final = timedelta(hours=24)
LIVE: Final = Sequence.State.LIVE
PLANNED: Final = ScheduledMessage.State.PLANNED


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a due message: `send` it by a way, or not: `state` with a reason, or a later time."""

    reason: str = ""
    state: ScheduledMessage.State = ScheduledMessage.State.SUPPRESSED
    later: datetime | None = None
    way: Reach | None = None
    text: Text | None = None
    language: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def send_due() -> int:
    """Send what is due until nothing is left (or a batch is done). Returns how many were brought to an end or moved."""
    for done in range(BATCH):
        if not _one():
            return done
    return BATCH


def _one() -> bool:
    now = clock.now()
    due = ScheduledMessage.objects.filter(state=PLANNED, due_at__lte=now, sequence__state=LIVE)
    for pk, stay_id in due.order_by("due_at", "id").values_list("pk", "reservation_id")[:LOOK_AT]:
        if _take(pk, stay_id):
            return True
    return False


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
    step = next((one for one in found.steps if one.key == row.step_key), None)
    _settle(row, stay, step, _judge(row, stay, found, step) if step else Verdict("step_gone"))
    return True


def _judge(row: ScheduledMessage, stay: Reservation, found: Definition, step: Step) -> Verdict:
    now = clock.now()
    if not found.is_farewell and (_is_over(stay) or _is_stopping(stay, now)):
        return Verdict("cancelled")
    if (late := _late(row, stay, step, now)) is not None:
        return late
    broken = conditions.first_false((*found.rules, *step.rules), stay)
    if broken is not None:
        return Verdict("condition_false", detail={"field": broken.field})
    if found.stop_when_answered and ports.guest_wrote.get()(stay.pk, row.enrollment.enrolled_at):
        return Verdict("guest_replied", ScheduledMessage.State.HELD)
    ways = ports.reach.get()(stay.pk, step.channels, step.purpose)
    way = next((one for one in ways if not one.refusal), None)
    if way is None:
        return Verdict(_worst(ways))
    if _was_sent(row, stay, way):
        return Verdict("already_sent")
    if (wait := _wait(stay, step, way, now)) is not None:
        return wait
    return _words(row, stay, step, way)


def _is_over(stay: Reservation) -> bool:
    return stay.status in {Reservation.Status.CANCELLED, Reservation.Status.NO_SHOW}


def _is_stopping(stay: Reservation, now: datetime) -> bool:
    """A cancellation is waiting to be applied; one that never was (an old webhook) has no say after a while."""
    return stay.stopping_at is not None and stay.stopping_at > now - STOPPING_FOR


def _late(row: ScheduledMessage, stay: Reservation, step: Step, now: datetime) -> Verdict | None:
    if now <= row.due_at + GRACE or row.reason in {"quiet_hours", "daily_cap", "approved"}:
        return None
    if step.late == Late.HOLD:
        return Verdict("past_its_time", ScheduledMessage.State.HELD)
    if step.late == Late.SEND and step.useful_until is not None:
        until = timing.due_at(step.useful_until, planning.times_of(stay))
        if until is not None and now < until:
            return None
    return Verdict("past_its_time")


def _worst(ways: list[Reach]) -> str:
    """The reason of the last way that was tried and might have worked; a guest without any address has no channel."""
    told = [way.refusal for way in ways if way.refusal != "no_channel"]
    return told[0] if told else "no_channel"


def _was_sent(row: ScheduledMessage, stay: Reservation, way: Reach) -> bool:
    """Did this step go to this address for this arrival already, under another row of the same stay (a PMS that was
    connected anew, a duplicate guest)?"""
    sent = ScheduledMessage.objects.filter(
        sequence_id=row.sequence_id,
        step_key=row.step_key,
        address=way.address,
        state=ScheduledMessage.State.SENT,
        reservation__arrival_date=stay.arrival_date,
        reservation__property=stay.property,
    )
    return sent.exclude(reservation_id=stay.pk).exists()


def _wait(stay: Reservation, step: Step, way: Reach, now: datetime) -> Verdict | None:
    """Nights and the daily cap move a message, they don't drop it."""
    lately = ScheduledMessage.objects.filter(
        reservation__guest=stay.guest,
        state=ScheduledMessage.State.SENT,
        settled_at__gt=now - CAP_WITHIN,
    ).order_by("settled_at")
    times = list(lately.values_list("settled_at", flat=True)[:CAP]) if stay.guest_id else []
    if len(times) >= CAP and times[0] is not None:
        return Verdict("daily_cap", later=times[0] + CAP_WITHIN)
    if not way.rings or step.any_hour:
        return None
    marketing = step.purpose == "marketing"
    zones = zones_of(stay.organization_id, way.kind, way.address, stay.property_id)
    opens = quiet_hours.next_opening(now, zones, marketing=marketing, american=way.address.startswith("+1"))
    return Verdict("quiet_hours", later=opens) if opens > now else None


def _words(row: ScheduledMessage, stay: Reservation, step: Step, way: Reach) -> Verdict:
    language = language_of(step, stay)
    text = step.texts[language]
    told = values.of(stay, language)
    try:
        body = row.edited.strip() or rendering.render(text.body, told)
        subject = rendering.render(text.subject, told) if text.subject else ""
    except rendering.MissingValue as missing:
        return Verdict("missing_value", ScheduledMessage.State.HELD, detail={"name": missing.name})
    except rendering.BadTemplate as bad:
        return Verdict("missing_value", ScheduledMessage.State.HELD, detail={"name": str(bad)})
    return Verdict(way=way, text=Text(body=body, subject=subject), language=language)


def language_of(step: Step, stay: Reservation) -> str:
    """The guest's language where the step has it (whole, then without its region), else the step's own."""
    wanted = (stay.guest.language if stay.guest else "").replace("_", "-")
    for candidate in (wanted, wanted.partition("-")[0]):
        if candidate in step.texts:
            return candidate
    return step.language


def _settle(row: ScheduledMessage, stay: Reservation, step: Step | None, verdict: Verdict) -> None:
    now = clock.now()
    if verdict.way is not None and verdict.text is not None and step is not None:
        verdict = _send(row, stay, step, verdict)
    if verdict.later is not None:
        row.due_at, row.reason, row.detail = verdict.later, verdict.reason, verdict.detail
        row.save(update_fields=["due_at", "reason", "detail"])
        return
    if verdict.way is None:
        row.state, row.reason, row.detail, row.settled_at = verdict.state, verdict.reason, verdict.detail, now
    row.save()
    if verdict.reason == "missing_value":
        _tell_marketer(row, verdict)
    _finish(row.enrollment)


def _send(row: ScheduledMessage, stay: Reservation, step: Step, verdict: Verdict) -> Verdict:
    assert verdict.way is not None
    assert verdict.text is not None
    done = ports.send_automatic.get()(
        Outgoing(
            reservation_id=stay.pk,
            way=verdict.way,
            body=links.filled(verdict.text.body, stay, row),
            subject=verdict.text.subject,
            label=_label(row, step),
            purpose=step.purpose,
            language=verdict.language,
        )
    )
    if done is None:
        return Verdict("no_channel")
    row.state, row.reason, row.settled_at = ScheduledMessage.State.SENT, "", clock.now()
    row.channel, row.address = verdict.way.channel, verdict.way.address
    row.message_id, row.command_ids = done.message_id, list(done.command_ids)
    return verdict


def _label(row: ScheduledMessage, step: Step) -> str:
    """ "Pre-arrival, step 2", as the thread names its author (ux T3)."""
    steps = definition.in_order(definition.parse(row.enrollment.version.definition).steps)
    number = next((n for n, one in enumerate(steps, 1) if one.key == step.key), 0)
    return _("%(sequence)s, step %(n)d") % {"sequence": row.sequence.name, "n": number}


def _finish(enrollment: Enrollment) -> None:
    """Nothing of it is ahead: it is over."""
    ahead = enrollment.scheduled.filter(state__in=(PLANNED, ScheduledMessage.State.HELD))
    if enrollment.state == Enrollment.State.ACTIVE and not ahead.exists():
        Enrollment.objects.filter(pk=enrollment.pk).update(state=Enrollment.State.FINISHED)


def _tell_marketer(row: ScheduledMessage, verdict: Verdict) -> None:
    incidents.open_incident(
        row.organization_id,
        "sequence_missing_value",
        say("%(name)s can't be filled in for some guests", name=row.sequence.name),
        subject=f"{row.sequence_id}:{row.step_key}",
        detail=say("Missing: %(what)s", what=str(verdict.detail.get("name", ""))),
        remedy=say("Nothing was sent with a hole. Fill the value in the PMS, or give the text a default."),
    )
