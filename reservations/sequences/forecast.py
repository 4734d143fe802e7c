"""What will go out, to whom, when, and why the others won't get it (signature N12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q

from bellhop.accounts.models import User
from bellhop.core import clock
from reservations.models import ScheduledMessage, Sequence
from reservations.sequences import definition, predicting, reasons
from reservations.sequences.predicting import Prediction
from reservations.services import scope

AHEAD = timedelta(days=14)
BACK = timedelta(days=1)
MOST = 500
STATES = tuple(ScheduledMessage.State.values)


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the calendar: `state` as it is or, where it is planned, as it will be; `at` local to the
    property."""

    row: ScheduledMessage
    day: date
    at: datetime
    step: str
    state: ScheduledMessage.State
    why: str

    @property
    def will_not(self) -> bool:
        """Is it planned, and will not be sent all the same?"""
        return self.row.state == ScheduledMessage.State.PLANNED and self.state != self.row.state


def lines(user: User, sequence: Sequence | None = None) -> list[Line]:
    """From yesterday to a fortnight ahead, by the time at which they leave, of the properties that the person sees."""
    now = clock.now()
    rows = ScheduledMessage.objects.filter(
        organization_id=user.organization_id, due_at__gte=now - BACK, due_at__lte=now + AHEAD
    )
    ids = scope.property_ids(user)
    if ids is not None:
        rows = rows.filter(reservation__property_id__in=ids)
    if sequence is not None:
        rows = rows.filter(sequence=sequence)
    found = list(rows.select_related(*predicting.LOADED).order_by("due_at", "id")[:MOST])
    told = predicting.of(found)
    return sorted((_line(row, told.get(row.pk)) for row in found), key=lambda line: (line.day, line.at))


def _line(row: ScheduledMessage, told: Prediction | None) -> Line:
    place = row.reservation.property
    there = (told.at if told else row.time).astimezone(place.zone if place else None)
    step = definition.parse(row.enrollment.version.definition).step(row.step_key)
    why = reasons.sentence(told.reason, told.detail) if told else reasons.in_words(row)
    state = told.state if told else ScheduledMessage.State(row.state)
    return Line(row, there.date(), there, step.name if step else row.step_key, state, why)


def counts(organization_id: int) -> dict[int, dict[str, int]]:
    """sequence → how many enrolled, planned, held, sent and not sent, in two statements."""
    of_messages = (
        ScheduledMessage.objects.filter(organization_id=organization_id)
        .values("sequence_id")
        .annotate(**{state: Count("id", filter=Q(state=state)) for state in STATES})
        .values_list("sequence_id", *STATES)
    )
    found = {pk: dict(zip(STATES, told, strict=True)) for pk, *told in of_messages}
    enrolled = (
        Sequence.objects.filter(organization_id=organization_id)
        .annotate(enrolled=Count("enrollments"))
        .values_list("pk", "enrolled")
    )
    return {pk: {**found.get(pk, {}), "enrolled": number} for pk, number in enrolled}
