"""What will go out, to whom, when, and why the others won't get it (signature N12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q

from bellhop.accounts.models import User
from bellhop.core import clock
from reservations.models import ScheduledMessage, Sequence
from reservations.sequences import definition, reasons
from reservations.services import scope

AHEAD = timedelta(days=14)
BACK = timedelta(days=1)
MOST = 500
STATES = tuple(ScheduledMessage.State.values)


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the calendar."""

    row: ScheduledMessage
    day: date
    at: datetime
    step: str
    why: str


def lines(user: User, sequence: Sequence | None = None) -> list[Line]:
    """From yesterday to a fortnight ahead, by time, of the properties that the person sees."""
    now = clock.now()
    rows = ScheduledMessage.objects.filter(
        organization_id=user.organization_id, due_at__gte=now - BACK, due_at__lte=now + AHEAD
    )
    ids = scope.property_ids(user)
    if ids is not None:
        rows = rows.filter(reservation__property_id__in=ids)
    if sequence is not None:
        rows = rows.filter(sequence=sequence)
    found = rows.select_related(
        "sequence", "enrollment__version", "reservation__guest", "reservation__property", "reservation__unit"
    ).order_by("due_at", "id")[:MOST]
    return [_line(row) for row in found]


def _line(row: ScheduledMessage) -> Line:
    place = row.reservation.property
    there = row.due_at.astimezone(place.zone if place else None)
    steps = definition.parse(row.enrollment.version.definition).steps
    name = next((step.name for step in steps if step.key == row.step_key), row.step_key)
    return Line(row, there.date(), there, name, reasons.in_words(row))


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
