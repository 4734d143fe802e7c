"""Who is on a sequence, and when each message is due: planned once, moved in place, never planned anew (signature N13).

What was sent under a step's key is never sent again to that stay, whatever is altered, imported or rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bellhop.core import clock, wake
from connectors.outbound import outbox
from reservations.events import StayChanged
from reservations.models import Enrollment, Reason, Reservation, ScheduledMessage, Sequence, SequenceVersion
from reservations.sequences import conditions, definition, timing
from reservations.sequences.definition import Anchor, Definition
from reservations.sequences.timing import StayTimes

PLANNED, HELD = ScheduledMessage.State.PLANNED, ScheduledMessage.State.HELD
SUPPRESSED = ScheduledMessage.State.SUPPRESSED
BOOKED = {Reservation.Status.CONFIRMED, Reservation.Status.CHECKED_IN}
DATES = {"arrival_date", "departure_date"}
# A change of one of these moves times.
MOVES = {
    "arrival_date",
    "departure_date",
    "check_in_time",
    "check_out_time",
    "unit",
    "booked_at",
    "cancelled_at",
}
# A change of one of these may put a stay on a sequence.
ADMITS = {"status", "guest", "property", "unit", "source"}
# A change of one of these may make conditions hold: from then on, not for what is past.
MAY_FIT = DATES | {"adults", "children", "pets", "rate_plan", "check_out_time", "is_test"}
# A message that was not sent for one of these may still be, if its time moves into the future.
WAKE_WITHIN_S = 10.0
MAY_COME_BACK = (Reason.PAST_ITS_TIME, Reason.NO_TIME)


def on_stay(event: StayChanged) -> None:
    """Enroll, move or end what is planned for a stay. In the transaction that changes it, its row locked."""
    stay = event.reservation
    if stay.is_owner_stay:
        return
    changed = {change.field for change in event.changes}
    if stay.status in {Reservation.Status.CANCELLED, Reservation.Status.NO_SHOW}:
        if event.created or "status" in changed:
            end(stay, "cancelled")
            if stay.status == Reservation.Status.CANCELLED and not event.created:
                enroll(stay, farewell=True)
        return
    if "status" in changed and stay.status in BOOKED:
        _revive(stay)
    if event.created or changed & ADMITS:
        enroll(stay, history=event.history)
    elif changed & MAY_FIT:
        enroll(stay, history=True)
    if changed & MOVES:
        told = _has_new_dates(event)
        if told:
            stay.dates_changed_at = clock.now()
            Reservation.objects.filter(pk=stay.pk).update(dates_changed_at=stay.dates_changed_at)
        replan(stay, dates=bool(changed & DATES), told=told)


def _has_new_dates(event: StayChanged) -> bool:
    """Did days that were known change, now? What an import finds changed is no news to anybody."""
    moved = any(change.field in DATES and change.old for change in event.changes)
    return moved and not event.created and not event.history


def enroll(stay: Reservation, *, farewell: bool = False, history: bool = False) -> int:
    """Put a stay on every live sequence that is for it. Returns how many. What an import brings gets nothing that is
    past."""
    if not farewell and stay.status not in BOOKED:
        return 0
    rows = Sequence.objects.filter(organization_id=stay.organization_id, state=Sequence.State.LIVE)
    live = list(rows.exclude(live=None).select_related("live").order_by("pk"))
    if not live:
        return 0
    known = set(Enrollment.objects.filter(reservation=stay).values_list("sequence_id", flat=True))
    return sum(
        enroll_in(sequence, stay, history=history)
        for sequence in live
        if sequence.pk not in known and _is_for(definition.parse(_version(sequence)), farewell=farewell)
    )


def _is_for(found: Definition, *, farewell: bool) -> bool:
    return found.is_farewell == farewell and not found.is_by_hand


def enroll_in(sequence: Sequence, stay: Reservation, *, history: bool = False) -> bool:
    """Put a stay on one sequence, if its rules let it. `history`: what is past by now is never sent (import,
    publishing)."""
    found = definition.parse(_version(sequence))
    if conditions.first_false(found.rules, stay) is not None:
        return False
    assert sequence.live is not None
    enrollment, made = Enrollment.objects.get_or_create(
        sequence=sequence,
        reservation=stay,
        defaults={
            "organization_id": stay.organization_id,
            "version": sequence.live,
            "enrolled_at": clock.now(),
        },
    )
    if made:
        _plan(enrollment, found, stay, history=history)
    return made


def _version(sequence: Sequence) -> dict[str, object]:
    return dict(sequence.live.definition) if sequence.live is not None else {}


def _plan(enrollment: Enrollment, found: Definition, stay: Reservation, *, history: bool) -> None:
    """Steps about new dates are planned when the dates change."""
    now, times = clock.now(), times_of(stay, enrollment)
    rows = [
        _row(enrollment, step.key, timing.due_at(step.when, times), now, history)
        for step in found.steps
        if step.when.anchor != Anchor.DATES_CHANGED
    ]
    ScheduledMessage.objects.bulk_create(rows, ignore_conflicts=True)
    if not enrollment.scheduled.filter(state__in=(PLANNED, HELD)).exists():
        Enrollment.objects.filter(pk=enrollment.pk).update(state=Enrollment.State.FINISHED)
    _wake(row.due_at for row in rows if row.state == PLANNED)


def _row(
    enrollment: Enrollment, key: str, due: datetime | None, now: datetime, history: bool
) -> ScheduledMessage:
    reason = Reason.NO_TIME if due is None else Reason.PAST_ITS_TIME if history and due < now else ""
    return ScheduledMessage(
        organization_id=enrollment.organization_id,
        enrollment=enrollment,
        sequence_id=enrollment.sequence_id,
        reservation_id=enrollment.reservation_id,
        step_key=key,
        due_at=due or now,
        state=SUPPRESSED if reason else PLANNED,
        reason=reason,
        settled_at=now if reason else None,
    )


def replan(stay: Reservation, *, dates: bool = False, told: bool = False) -> None:
    """The stay's times moved (`dates`: its days did; `told`: the guest may be told of that): so do its messages, in
    place. What was sent stays sent."""
    running = (Enrollment.State.ACTIVE, Enrollment.State.FINISHED)
    for enrollment in Enrollment.objects.filter(reservation=stay, state__in=running).select_related(
        "version"
    ):
        found = definition.parse(enrollment.version.definition)
        if dates and found.when_dates_change == "stop":
            _stop(enrollment, Reason.DATES_CHANGED)
        else:
            _move_all(enrollment, found, stay, told=told)


def _stop(enrollment: Enrollment, reason: str) -> None:
    rows = ScheduledMessage.objects.filter(enrollment=enrollment, state__in=(PLANNED, HELD))
    rows.update(state=SUPPRESSED, reason=reason, settled_at=clock.now())
    Enrollment.objects.filter(pk=enrollment.pk).update(state=Enrollment.State.STOPPED, reason=reason)


def _move_all(
    enrollment: Enrollment, found: Definition, stay: Reservation, *, told: bool = False
) -> set[str]:
    """Every message that was not sent, to its time. Returns the keys that the enrollment has."""
    now, times = clock.now(), times_of(stay, enrollment)
    steps = {step.key: step for step in found.steps}
    locked = ScheduledMessage.objects.select_for_update(no_key=True).filter(enrollment=enrollment)
    rows = list(locked.order_by("occurrence", "id"))
    newest = {row.step_key: row for row in rows}
    for row in newest.values():
        if row.state != ScheduledMessage.State.SENT and row.step_key in steps:
            _move(row, timing.due_at(steps[row.step_key].when, times), now)
    ahead = [row for row in newest.values() if row.state == PLANNED]
    if told:
        ahead += _of_new_dates(enrollment, found, times, newest, now)
    if enrollment.state == Enrollment.State.FINISHED and ahead:
        Enrollment.objects.filter(pk=enrollment.pk).update(state=Enrollment.State.ACTIVE)
    return set(newest)


def _of_new_dates(
    enrollment: Enrollment,
    found: Definition,
    times: StayTimes,
    newest: dict[str, ScheduledMessage],
    now: datetime,
) -> list[ScheduledMessage]:
    """Steps about new dates, once for this change: one that still waits has moved with it."""
    rows = []
    for step in found.steps:
        last = newest.get(step.key)
        if step.when.anchor == Anchor.DATES_CHANGED and (last is None or last.state not in (PLANNED, HELD)):
            row = _row(enrollment, step.key, timing.due_at(step.when, times), now, history=False)
            row.occurrence = last.occurrence + 1 if last is not None else 1
            rows.append(row)
    ScheduledMessage.objects.bulk_create(rows, ignore_conflicts=True)
    _wake(row.due_at for row in rows)
    return rows


def move_to(enrollment: Enrollment, version: SequenceVersion, stay: Reservation) -> None:
    """A stay that began on an older version goes on with this one: what is ahead moves, what the version lacks ends,
    what is new to it and past is never sent. The stay is locked."""
    found = definition.parse(version.definition)
    enrollment.version = version
    enrollment.save(update_fields=["version"])
    gone = ScheduledMessage.objects.filter(enrollment=enrollment, state__in=(PLANNED, HELD))
    gone.exclude(step_key__in=[step.key for step in found.steps]).update(
        state=SUPPRESSED, reason=Reason.STEP_GONE, settled_at=clock.now()
    )
    known = _move_all(enrollment, found, stay)
    fresh = tuple(step for step in found.steps if step.key not in known)
    _plan(enrollment, replace(found, steps=fresh), stay, history=True)


def _move(row: ScheduledMessage, due: datetime | None, now: datetime) -> None:
    comes_back = row.state == SUPPRESSED and row.reason in MAY_COME_BACK and due is not None and due > now
    if row.state == SUPPRESSED and not comes_back:
        return
    if due is None:
        row.state, row.reason, row.settled_at = SUPPRESSED, Reason.NO_TIME, now
    elif due != row.time or comes_back:
        row.due_at, row.planned_for, row.state, row.settled_at = due, None, PLANNED, None
        row.reason, row.detail = "", {}
        _wake([due])
    row.save(update_fields=["due_at", "planned_for", "state", "reason", "detail", "settled_at"])


def end(stay: Reservation, reason: str) -> None:
    """Nothing more of any sequence for this stay, but for its farewell: what is planned, and what was committed and has
    not left (invariant 7)."""
    now = clock.now()
    active = [
        enrollment
        for enrollment in Enrollment.objects.filter(
            reservation=stay, state=Enrollment.State.ACTIVE
        ).select_related("version")
        if not definition.parse(enrollment.version.definition).is_farewell
    ]
    ids = [enrollment.pk for enrollment in active]
    rows = ScheduledMessage.objects.select_for_update(no_key=True).filter(enrollment_id__in=ids)
    waiting = list(rows.filter(state__in=(PLANNED, HELD)).order_by("id"))
    ScheduledMessage.objects.filter(pk__in=[row.pk for row in waiting]).update(
        state=SUPPRESSED, reason=reason, settled_at=now
    )
    for row in rows.filter(state=ScheduledMessage.State.SENT).order_by("id"):
        if take_back(row.command_ids, reason):
            row.state, row.reason, row.settled_at = SUPPRESSED, reason, now
            row.save(update_fields=["state", "reason", "settled_at"])
    Enrollment.objects.filter(pk__in=ids).update(state=Enrollment.State.STOPPED, reason=reason)


def _revive(stay: Reservation) -> None:
    """A cancellation was taken back: what is still ahead is planned again."""
    stopped = Enrollment.objects.filter(reservation=stay, state=Enrollment.State.STOPPED, reason="cancelled")
    ids = list(stopped.values_list("pk", flat=True))
    Reservation.objects.filter(pk=stay.pk).update(stopping_at=None)
    if not ids:
        return
    ScheduledMessage.objects.filter(
        enrollment_id__in=ids, state=SUPPRESSED, reason="cancelled", due_at__gt=clock.now()
    ).update(state=PLANNED, reason="", settled_at=None)
    Enrollment.objects.filter(pk__in=ids).update(state=Enrollment.State.ACTIVE, reason="")
    replan(stay)


def take_back(command_ids: Iterable[int], reason: str) -> bool:
    """Cancel Commands that have not left. True if the one to the guest (the first) was among them."""
    taken = []
    for command_id in command_ids:
        try:
            outbox.cancel(command_id, f"sequence: {reason}")
        except outbox.NotPossible:
            taken.append(False)
        else:
            taken.append(True)
    return bool(taken and taken[0])


def times_of(stay: Reservation, enrollment: Enrollment | None = None) -> StayTimes:
    """What times count from, as the stay is now; `enrollment`: on that sequence."""
    return StayTimes(
        zone=stay.property.zone if stay.property else ZoneInfo("UTC"),
        booked_at=stay.booked_at or stay.first_seen_at,
        arrival=stay.arrival_date,
        departure=stay.departure_date,
        check_in=stay.effective_check_in,
        check_out=stay.effective_check_out,
        cancelled_at=stay.cancelled_at
        or (clock.now() if stay.status == Reservation.Status.CANCELLED else None),
        dates_changed_at=stay.dates_changed_at,
        put_on_at=enrollment.enrolled_at if enrollment else None,
    )


def _wake(moments: Iterable[datetime]) -> None:
    """Have the due ones looked at when the first of them comes, after commit; the sweep finds the others."""
    now = clock.now()
    soon = [moment for moment in moments if (moment - now).total_seconds() < WAKE_WITHIN_S]
    if soon:
        wake.after_commit("reservations.send_due", delay_s=max(0.0, (min(soon) - now).total_seconds()))
