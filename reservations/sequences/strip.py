"""A sequence's timeline to scale: where anchors, nights, days and steps are on a drawing. Pure.

Units are those of the drawing (1 is a pixel at 100 %). The time between booking and the first step before arrival is
cut out: nobody knows it beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from reservations.sequences.definition import Anchor, Step, When
from reservations.sequences.timing import USUAL_CHECK_IN, USUAL_CHECK_OUT

NIGHTS = 3
LEFT, START, END = 12.0, 130.0, 30.0
WIDEST, NARROWEST, ROOM = 50.0, 14.0, 640.0
TOP, AXIS, LOOSE, GAP = 58.0, 92.0, 152.0, 22.0
_LEVELS = (58.0, 34.0, 74.0)
_STAY = {Anchor.ARRIVAL, Anchor.CHECK_IN, Anchor.CHECK_OUT, Anchor.DEPARTURE}


@dataclass(frozen=True, slots=True)
class Pin:
    """One step: its number in the list, and where it stands."""

    number: int
    key: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled place on the axis: `days` before (negative) or after the anchor."""

    x: float
    days: int


@dataclass(frozen=True, slots=True)
class Strip:
    """`nights` are bands (x, width) of quiet hours; `loose` are steps that hang on no date of the stay."""

    width: float
    height: float
    arrival: float
    departure: float
    nights: tuple[tuple[float, float], ...]
    before: tuple[Mark, ...]
    after: tuple[Mark, ...]
    booked: tuple[Pin, ...]
    pins: tuple[Pin, ...]
    loose: tuple[Pin, ...]

    @property
    def end(self) -> float:
        """Where the axis ends."""
        return self.width - END / 2


def draw(steps: Sequence[Step]) -> Strip:
    """The drawing of steps in the order in which the list shows them."""
    numbered = list(enumerate(steps, 1))
    offsets = {n: _days(step.when) for n, step in numbered if step.when.anchor in _STAY}
    first = min([-3.0, *offsets.values()])
    last = max([NIGHTS + 2.0, *offsets.values()])
    scale = min(WIDEST, max(NARROWEST, ROOM / (last - first + 1)))
    arrival = START - first * scale
    where = {n: arrival + days * scale for n, days in offsets.items()}
    booked = [(n, step) for n, step in numbered if step.when.anchor == Anchor.BOOKED]
    others = [(n, step) for n, step in numbered if n not in offsets and step.when.anchor != Anchor.BOOKED]
    return Strip(
        width=round(arrival + (last + 1) * scale + END, 1),
        height=176.0 if others else 120.0,
        arrival=round(arrival + _part(USUAL_CHECK_IN) * scale, 1),
        departure=round(arrival + (NIGHTS + _part(USUAL_CHECK_OUT)) * scale, 1),
        nights=_bands(first, last, arrival, scale),
        before=_marks(range(-1, int(first) - 1, -1), arrival, scale),
        after=_marks(range(NIGHTS + 1, int(last) + 2), arrival, scale, NIGHTS),
        booked=tuple(
            Pin(n, step.key, LEFT + 11 + place * 22, TOP) for place, (n, step) in enumerate(booked[:4])
        ),
        pins=_spread([(where[n], n, step.key) for n, step in numbered if n in where]),
        loose=tuple(
            Pin(n, step.key, LEFT + 11 + place * 39, LOOSE) for place, (n, step) in enumerate(others)
        ),
    )


def _days(when: When) -> float:
    """Days after the beginning of the day of arrival, in a stay of three nights."""
    start = {
        Anchor.ARRIVAL: 0.0,
        Anchor.CHECK_IN: 0.0 if when.at else _part(USUAL_CHECK_IN),
        Anchor.CHECK_OUT: NIGHTS + (0.0 if when.at else _part(USUAL_CHECK_OUT)),
        Anchor.DEPARTURE: float(NIGHTS),
    }[when.anchor]
    return start + when.days + when.hours / 24 + (_part(when.at) if when.at else 0.0)


def _part(at: time) -> float:
    return (at.hour * 60 + at.minute) / 1440


def _bands(first: float, last: float, arrival: float, scale: float) -> tuple[tuple[float, float], ...]:
    """From nine in the evening to nine in the morning, each night."""
    nights = range(int(first) - 1, int(last) + 1)
    return tuple((round(arrival + (day + 0.875) * scale, 1), round(scale / 2, 1)) for day in nights)


def _marks(days: range, arrival: float, scale: float, anchor: int = 0) -> tuple[Mark, ...]:
    """Every day, or every second, or every seventh, as there is room for words."""
    every = next((n for n in (1, 2, 7, 14) if n * scale >= 48), 14)
    return tuple(
        Mark(round(arrival + day * scale, 1), day - anchor) for day in days if (day - anchor) % every == 0
    )


def _spread(found: list[tuple[float, int, str]]) -> tuple[Pin, ...]:
    """Pins that would lie upon each other stand at different heights."""
    pins: list[Pin] = []
    for x, n, key in sorted(found):
        taken = {pin.y for pin in pins if x - pin.x < GAP}
        level = next((y for y in _LEVELS if y not in taken), TOP)
        pins.append(Pin(n, key, round(x, 1), level))
    return tuple(pins)
