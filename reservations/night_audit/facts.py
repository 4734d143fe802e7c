"""What a night audit is made of: sections, each a list of facts as JSON that no later change of the code or of the rows
they came from can touch.

A fact is a mapping with a `key` that is the same whenever it is collected, and whatever its section shows. While it is
being collected it may name its stay (`stay`: row id) and its message (`said`: row id); `collecting` puts in what people
follow instead: `thread`, `message`, `channel`, `with`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any, Final, TypeAlias

from reservations.models import Reservation

LAYOUT: Final = 2
"""Grows with every change of what sections or figures hold."""

Fact: TypeAlias = dict[str, Any]
Known: TypeAlias = Mapping["Section", frozenset[str]]
"""Section → keys that an audit names already: collected again, whatever became of them since."""


class Section(StrEnum):
    """In the order of the paper (ux A1, A2)."""

    TIMES = "times"
    OPEN = "open"
    UNANSWERED = "unanswered"
    UNDELIVERED = "undelivered"
    NOT_IN_PMS = "not_in_pms"
    INSTRUCTIONS = "instructions"
    CANCELLED = "cancelled"
    SCORES = "scores"
    DRIFT = "drift"
    OUTAGES = "outages"
    DEPARTURES = "departures"


# What of a fact is looked at again: a difference is an addendum.
WATCHED: Final[dict[Section, tuple[str, ...]]] = {
    Section.TIMES: ("state", "agreed", "price", "decided_at", "pms_state"),
    Section.OPEN: ("state",),
    Section.UNANSWERED: ("state",),
    Section.UNDELIVERED: ("state",),
    Section.NOT_IN_PMS: ("state",),
    Section.INSTRUCTIONS: ("state",),
    Section.CANCELLED: ("state",),
    Section.SCORES: ("score", "words"),
    Section.DRIFT: ("state",),
    Section.OUTAGES: ("until",),
    Section.DEPARTURES: ("state", "to", "differs"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """The facts of one section. `of`: how many there were to look at, None where that says nothing; `counts`: further
    numbers of the section; `about`: a fact about the whole of it."""

    rows: tuple[Fact, ...] = ()
    of: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    about: Fact = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"rows": list(self.rows), "of": self.of, "counts": dict(self.counts), "about": self.about}


Parts: TypeAlias = dict[Section, Part]


def at(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None


def clock_time(value: time | None) -> str | None:
    return f"{value:%H:%M}" if value is not None else None


def of_stay(stay: Reservation | None) -> Fact:
    """Whose stay, where: names as they are now. Needs unit and guest loaded."""
    if stay is None:
        return {"unit": "", "guest": ""}
    return {
        "stay": stay.pk,
        "unit": stay.unit.name if stay.unit else "",
        "guest": stay.guest.full_name if stay.guest else "",
        "code": stay.code,
    }


def ids_of(keys: Iterable[str]) -> list[int]:
    """Row ids that are kept as keys."""
    return [int(key) for key in keys if key.isdecimal()]
