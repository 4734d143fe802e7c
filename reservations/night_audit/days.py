"""Business dates: which one an instant belongs to, and when it begins and ends. Pure; by the property's clocks, so that
a date has 23 or 25 hours where they change. "Night of the 18th": from the close of the 17th to that of the 18th, which
is past midnight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reservations.sequences.timing import local


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A business date of one property, from `start` until before `end` (UTC)."""

    organization_id: int
    property_id: int
    on: date
    start: datetime
    end: datetime

    @property
    def next_date(self) -> date:
        return self.on + timedelta(days=1)


def begins(day: date, closes_at: time, zone: ZoneInfo) -> datetime:
    """When a business date begins, and the one before it ends."""
    return local(day, closes_at, zone)


def ends(day: date, closes_at: time, zone: ZoneInfo) -> datetime:
    return begins(day + timedelta(days=1), closes_at, zone)


def date_of(moment: datetime, closes_at: time, zone: ZoneInfo) -> date:
    """The business date that is open at an instant."""
    day = moment.astimezone(zone).date()
    return day if moment >= begins(day, closes_at, zone) else day - timedelta(days=1)


def first_after(moment: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The first time at or after an instant that local clocks show `at`."""
    day = moment.astimezone(zone).date()
    found = local(day, at, zone)
    return found if found >= moment else local(day + timedelta(days=1), at, zone)
