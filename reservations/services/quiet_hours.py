"""When a text may leave by itself, in the receiver's own hours.

Marketing 9:00 to 20:00 on weekdays and Saturdays, 12:00 to 20:00 on Sundays, never on US federal holidays to US
numbers; about the stay 8:00 to 21:00. Narrower than 47 CFR 64.1200(c)(1) (8 to 21 local) because several states are
(https://www.ecfr.gov/current/title-47/section-64.1200).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_zones

TRANSACTIONAL: Final = (time(8), time(21))
MARKETING: Final = (time(9), time(20))
MARKETING_SUNDAY: Final = (time(12), time(20))
_SUNDAY: Final = 6
_STEP: Final = timedelta(minutes=15)
_FIXED: Final = {(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)}
# month → (weekday, which one of the month; -1 the last)
_MOVING: Final = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))


def zones_of_number(e164: str) -> tuple[ZoneInfo, ...]:
    """Every zone in which a phone of that number may be; empty where the number doesn't tell."""
    try:
        names = number_zones.time_zones_for_number(phonenumbers.parse(e164, None))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(ZoneInfo(name) for name in names if name != "Etc/Unknown")


def next_opening(at: datetime, zones: Sequence[ZoneInfo], *, marketing: bool, american: bool) -> datetime:
    """`at` itself where it is inside the hours of every zone, else the first quarter of an hour that is (UTC in, UTC
    out).

    Zones that have no hour in common within a week are judged by their first one alone.
    """
    if all(_is_open(at, zone, marketing=marketing, american=american) for zone in zones):
        return at
    first = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
    for chosen in (zones, zones[:1]):
        moment = first
        for _ in range(7 * 24 * 4):
            moment += _STEP
            if all(_is_open(moment, zone, marketing=marketing, american=american) for zone in chosen):
                return moment
    return at


def _is_open(at: datetime, zone: ZoneInfo, *, marketing: bool, american: bool) -> bool:
    there = at.astimezone(zone)
    opens, closes = TRANSACTIONAL
    if marketing:
        if american and _is_holiday(there.date()):
            return False
        opens, closes = MARKETING_SUNDAY if there.weekday() == _SUNDAY else MARKETING
    return opens <= there.time() < closes


def _is_holiday(day: date) -> bool:
    """US federal holidays (5 U.S.C. 6103), without the days that are given off instead."""
    if (day.month, day.day) in _FIXED:
        return True
    return any(
        day.month == month and day.weekday() == weekday and day == _nth(day, number)
        for month, weekday, number in _MOVING
    )


def _nth(day: date, number: int) -> date:
    """The `number`th day of that month which is the weekday of `day`."""
    if number < 0:
        return day if (day + timedelta(days=7)).month != day.month else date.min
    return day if (day.day - 1) // 7 + 1 == number else date.min
