"""Who is on call at a moment: weekly shifts by the property's clocks, and exceptions in their place. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reservations.sequences.timing import local

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """`weekday` as `date.weekday()` counts, None for every day. An end that isn't later than the start is on the next
    day: from 00:00 to 00:00 is the whole day."""

    contact_id: int
    starts_at: time
    ends_at: time
    weekday: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """Somebody from one local moment to another, whatever the shifts say."""

    contact_id: int
    first_day: date
    starts_at: time
    last_day: date
    ends_at: time


def on_call(
    shifts: Iterable[Shift], exceptions: Iterable[Instead], zone: ZoneInfo, at: datetime
) -> list[int]:
    """The contacts who are on call at `at` (UTC), each once, in the order in which they are planned."""
    found = [
        one.contact_id
        for one in exceptions
        if local(one.first_day, one.starts_at, zone) <= at < local(one.last_day, one.ends_at, zone)
    ]
    if not found:
        found = [
            shift.contact_id
            for shift in shifts
            if any(starts <= at < ends for starts, ends in _spans(shift, zone, at))
        ]
    return list(dict.fromkeys(found))


def _spans(shift: Shift, zone: ZoneInfo, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The shift's spans that may hold `at`: one that began yesterday may run until today. Both ends are instants, so
    that an hour that there is twice, or not at all, leaves no gap between two shifts."""
    today = at.astimezone(zone).date()
    for day in (today - _DAY, today):
        if shift.weekday in {None, day.weekday()}:
            overnight = shift.ends_at <= shift.starts_at
            yield (
                local(day, shift.starts_at, zone),
                local(day + _DAY if overnight else day, shift.ends_at, zone),
            )
