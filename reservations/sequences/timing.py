"""When a step is due: computed in the property's zone, given in UTC. Pure.

A local time that a clock change leaves out is the moment right after the gap; one that happens twice is its first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from reservations.sequences.definition import Anchor, When

USUAL_CHECK_IN: Final = time(15)
USUAL_CHECK_OUT: Final = time(11)


@dataclass(frozen=True, slots=True, kw_only=True)
class StayTimes:
    """What anchors need of a stay: instants in UTC, dates and times local to `zone`; None where the PMS tells none."""

    zone: tzinfo
    booked_at: datetime | None = None
    arrival: date | None = None
    departure: date | None = None
    check_in: time | None = None
    check_out: time | None = None
    cancelled_at: datetime | None = None


def due_at(when: When, stay: StayTimes) -> datetime | None:
    """The instant (UTC), None where the stay lacks what it counts from."""
    if when.at is not None:
        day = _day(when.anchor, stay)
        return None if day is None else local(day + timedelta(days=when.days), when.at, stay.zone)
    start = _instant(when.anchor, stay)
    return None if start is None else start + timedelta(days=when.days, hours=when.hours)


def local(day: date, at: time, zone: tzinfo) -> datetime:
    """A clock time on a day of a zone, as an instant."""
    naive = datetime.combine(day, at)
    moment = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == naive:
        return moment
    return _gap_end(naive, zone)


def _gap_end(naive: datetime, zone: tzinfo) -> datetime:
    """The first instant after the gap that a local time lies in, looked for minute by minute (gaps are an hour or
    two)."""
    moment = naive
    for _ in range(24 * 60):
        moment += timedelta(minutes=1)
        found = moment.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if found.astimezone(zone).replace(tzinfo=None) == moment:
            return found
    return naive.replace(tzinfo=zone).astimezone(UTC)


def _day(anchor: Anchor, stay: StayTimes) -> date | None:
    if anchor in {Anchor.ARRIVAL, Anchor.CHECK_IN}:
        return stay.arrival
    if anchor in {Anchor.DEPARTURE, Anchor.CHECK_OUT}:
        return stay.departure
    moment = stay.booked_at if anchor == Anchor.BOOKED else stay.cancelled_at
    return moment.astimezone(stay.zone).date() if moment else None


def _instant(anchor: Anchor, stay: StayTimes) -> datetime | None:
    if anchor == Anchor.BOOKED:
        return stay.booked_at
    if anchor == Anchor.CANCELLED:
        return stay.cancelled_at
    day = _day(anchor, stay)
    if day is None:
        return None
    clock = {
        Anchor.CHECK_IN: stay.check_in or USUAL_CHECK_IN,
        Anchor.CHECK_OUT: stay.check_out or USUAL_CHECK_OUT,
    }
    return local(day, clock.get(anchor, time(0)), stay.zone)
