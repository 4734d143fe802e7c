"""Live sequences that a stay is not on: those that people may put it on, and why it isn't on the others (signature
N12)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _

from reservations.models import Enrollment, Reason, Reservation, Sequence
from reservations.sequences import conditions, definition, judging, planning, reasons
from reservations.sequences.definition import Definition


@dataclass(frozen=True, slots=True)
class Absence:
    """`why` in one sentence."""

    sequence: Sequence
    why: str


@dataclass(frozen=True, slots=True)
class Absent:
    """By name: `put_on` those that a person may choose, `left_out` the others."""

    put_on: tuple[Sequence, ...] = ()
    left_out: tuple[Absence, ...] = ()


def live(organization_id: int, stay: int | F | OuterRef) -> QuerySet[Sequence]:
    """Live sequences of an organization that the stay (of that id) is not on."""
    on_it = Enrollment.objects.filter(sequence=OuterRef("pk"), reservation_id=stay)
    rows = Sequence.objects.filter(organization_id=organization_id, state=Sequence.State.LIVE)
    return rows.exclude(live=None).filter(~Exists(on_it))


def of(stay: Reservation) -> Absent:
    """In one statement."""
    if stay.is_owner_stay:
        return Absent()
    put_on, left_out = [], []
    for row in live(stay.organization_id, stay.pk).select_related("live").order_by("name"):
        found = definition.parse(row.live.definition) if row.live else Definition()
        if found.is_by_hand:
            put_on += [row] if stay.status not in judging.OVER else []
        elif not found.is_farewell and (why := _why(found, stay)):
            left_out.append(Absence(row, why))
    return Absent(tuple(put_on), tuple(left_out))


def _why(found: Definition, stay: Reservation) -> str:
    if stay.status in judging.OVER:
        return reasons.sentence(Reason.CANCELLED, {})
    if stay.status not in planning.BOOKED:
        return _("The stay is not confirmed.")
    broken = conditions.first_false(found.rules, stay)
    return reasons.sentence(Reason.CONDITION_FALSE, {"field": broken.field}) if broken else ""
