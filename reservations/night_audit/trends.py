"""Night audits over the dates: what a manager compares from day to day. Every number comes from frozen audits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any, Final

from django.db.models import Count, IntegerField, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from bellhop.accounts.models import User
from reservations.models import NightAudit, Property
from reservations.night_audit import reading

USUAL: Final = 30
LONGEST: Final = 92
STANDING: Final = frozenset({"unanswered"})
RESPONSE: Final = "response"
NAMES: Final = ("requests", RESPONSE, "unanswered", "undelivered", "outages")
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
    """Of one property, or of all that the person sees added up. Three statements at most."""
    rows = reading.audits(user).filter(business_date__gte=first, business_date__lte=last)
    if place is not None:
        rows = rows.filter(property=place)
    sums = {row["business_date"]: row for row in _sums(rows)}
    minutes: dict[date, list[int]] = {}
    for on, answers in rows.exclude(figures__answers=[]).values_list("business_date", "figures__answers"):
        minutes.setdefault(on, []).extend(answers)
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    points = [_point(on, sums.get(on), minutes.get(on, [])) for on in dates]
    every = [one for found in minutes.values() for one in found]
    series = tuple(_series(name, points, every) for name in NAMES)
    return Trend(first, last, tuple(reversed(points)), series, sum(point.of for point in points))


def _sums(rows: QuerySet[NightAudit]) -> list[dict[str, Any]]:
    counts = {name: Sum(Cast(KT(f"figures__{name}"), IntegerField())) for name in NAMES if name != RESPONSE}
    found = rows.order_by().values("business_date").annotate(of=Count("pk"), **counts)
    return [dict(row) for row in found]


def _point(on: date, sums: dict[str, Any] | None, minutes: list[int]) -> Point:
    if sums is None:
        return Point(on, 0, dict.fromkeys(NAMES))
    values = {name: sums[name] for name in NAMES if name != RESPONSE}
    return Point(on, sums["of"], {**values, RESPONSE: _median(minutes)})


def _median(minutes: list[int]) -> int | None:
    return round(median(minutes)) if minutes else None


def _series(name: str, points: Iterable[Point], minutes: list[int]) -> Series:
    told = tuple((point.on, point.values[name]) for point in points)
    values = [value for _on, value in told if value is not None]
    total: int | None = sum(values)
    if name == RESPONSE:
        total = _median(minutes)
    elif name in STANDING:
        total = values[-1] if values else None
    return Series(name, told, max(values, default=0), total)
