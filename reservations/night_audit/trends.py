"""Night audits over the dates: what a manager compares from day to day. Every number comes from frozen audits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Final

from bellhop.accounts.models import User
from reservations.models import NightAudit, Property
from reservations.night_audit import reading

USUAL: Final = 30
LONGEST: Final = 92
STANDING: Final = frozenset({"unanswered"})
NAMES: Final = ("requests", "response", "unanswered", "undelivered", "outages")
"""`response`: the median of the minutes until a person answered; `undelivered`: messages failed or unconfirmed."""


@dataclass(frozen=True, slots=True)
class Point:
    """One date: `of` audits of so many properties. A value is None where there is nothing to say it from."""

    on: date
    of: int
    values: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Series:
    """One number over the dates, the oldest first. `total`: the sum; of response times the median of all; of what
    stands at a close, and may stand at the next one too, the newest."""

    name: str
    points: tuple[tuple[date, int | None], ...]
    most: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Trend:
    """`points`: the newest first."""

    first: date
    last: date
    points: tuple[Point, ...]
    series: tuple[Series, ...]
    audits: int


def span(first: date | None, last: date | None, over: date) -> tuple[date, date]:
    """The dates that were asked for, else the last thirty until `over`, the last one that is; at most three months."""
    last = last or over
    first = min(first, last) if first is not None else last - timedelta(days=USUAL - 1)
    return max(first, last - timedelta(days=LONGEST - 1)), last


def of(user: User, place: Property | None, first: date, last: date) -> Trend:
    """Of one property, or of all that the person sees added up. Two statements."""
    rows = reading.audits(user).filter(business_date__gte=first, business_date__lte=last)
    if place is not None:
        rows = rows.filter(property=place)
    by_date: dict[date, list[NightAudit]] = {}
    for row in rows.only("business_date", "figures"):
        by_date.setdefault(row.business_date, []).append(row)
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    points = [_point(on, by_date.get(on, [])) for on in dates]
    everything = [row for found in by_date.values() for row in found]
    series = tuple(_series(name, points, everything) for name in NAMES)
    return Trend(first, last, tuple(reversed(points)), series, len(everything))


def _point(on: date, rows: list[NightAudit]) -> Point:
    return Point(on, len(rows), {name: _value(name, rows) for name in NAMES})


def _value(name: str, rows: list[NightAudit]) -> int | None:
    if not rows:
        return None
    if name == "response":
        minutes = [minutes for row in rows for minutes in row.figures.get("answers", ())]
        return round(median(minutes)) if minutes else None
    return sum(int(row.figures.get(name, 0)) for row in rows)


def _series(name: str, points: Iterable[Point], rows: list[NightAudit]) -> Series:
    told = tuple((point.on, point.values[name]) for point in points)
    total = _value(name, rows)
    if name in STANDING:
        total = next((value for _on, value in reversed(told) if value is not None), None)
    return Series(name, told, max((value or 0 for _on, value in told), default=0), total)
