"""Which upcoming stays a sequence, a step or one condition is for: counted while it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bellhop.accounts.models import User
from bellhop.core import clock
from reservations.models import Reservation
from reservations.sequences import conditions, planning, rendering, sending, values
from reservations.sequences.definition import Definition, Rule, Step
from reservations.services import scope

MOST: Final = 2_000
LOOK_AT: Final = 200


@dataclass(frozen=True, slots=True)
class Match:
    """How many of the upcoming stays."""

    matching: int
    upcoming: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that some stays lack, of the next ones that a step is for."""

    name: str
    stays: tuple[Reservation, ...]


def upcoming(user: User) -> list[Reservation]:
    """The next stays by arrival (at most two thousand) that the person may see; one statement."""
    rows = Reservation.objects.filter(
        organization_id=user.organization_id,
        is_owner_stay=False,
        status__in=planning.BOOKED,
        departure_date__gte=clock.now().date(),
    )
    ids = scope.property_ids(user)
    if ids is not None:
        rows = rows.filter(property_id__in=ids)
    found = rows.select_related("guest", "unit", "property", "organization")
    return list(found.order_by("arrival_date", "id")[:MOST])


def count(rules: Iterable[Rule], stays: Sequence[Reservation]) -> Match:
    wanted = tuple(rules)
    return Match(sum(conditions.first_false(wanted, stay) is None for stay in stays), len(stays))


def counts(found: Definition, stays: Sequence[Reservation]) -> dict[str, Match]:
    """Step key → its match, with the sequence's own rules; "" → that of the sequence."""
    mine = [stay for stay in stays if conditions.first_false(found.rules, stay) is None]
    matches = {"": Match(len(mine), len(stays))}
    for step in found.steps:
        matches[step.key] = Match(count(step.rules, mine).matching, len(stays))
    return matches


def missing(found: Definition, step: Step, stays: Iterable[Reservation]) -> tuple[list[Missing], int]:
    """The values that keep the step from some of the next stays it is for, and how many stays were looked at."""
    wanted = [stay for stay in stays if conditions.first_false((*found.rules, *step.rules), stay) is None]
    lacking: dict[str, list[Reservation]] = {}
    for stay in wanted[:LOOK_AT]:
        language = sending.language_of(step, stay)
        text = step.texts.get(language)
        told = values.of(stay, language)
        for name in rendering.blanks(f"{text.subject}\n{text.body}", told) if text else ():
            lacking.setdefault(name, []).append(stay)
    return [Missing(name, tuple(found)) for name, found in lacking.items()], len(wanted[:LOOK_AT])
