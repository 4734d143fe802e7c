"""What will go out, to whom, when, and why the others won't get it (signature N12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

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
    """One message of the calendar: `state` and `reason` with its `detail` (`why` in words) as they are or, where it is
    planned, as they will be; `at` local to the property."""

    row: ScheduledMessage
    day: date
    at: datetime
    step: str
    state: ScheduledMessage.State
    reason: str
    detail: Mapping[str, Any]
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
    state = told.state if told else ScheduledMessage.State(row.state)
    reason, detail = (told.reason, told.detail) if told else (row.reason, row.detail or {})
    name = step.name if step else row.step_key
    return Line(row, there.date(), there, name, state, reason, detail, reasons.sentence(reason, detail))


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
