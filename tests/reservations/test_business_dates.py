"""Business dates by the property's clocks, where these change too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from reservations.night_audit import days

NEW_YORK = ZoneInfo("America/New_York")
# Zone, a date on which the clocks change within the business date, its length in hours.
CHANGES = [
    ("America/New_York", date(2026, 3, 7), time(3), 23),
    ("America/New_York", date(2026, 10, 31), time(3), 25),
    ("Europe/Lisbon", date(2026, 3, 28), time(3), 23),
    ("Australia/Lord_Howe", date(2026, 10, 3), time(3), 23.5),
    ("America/New_York", date(2026, 3, 7), time(2, 30), 24),
    ("America/New_York", date(2026, 10, 31), time(1, 30), 24),
    ("Asia/Kathmandu", date(2026, 3, 7), time(3), 24),
]


@pytest.mark.parametrize(("zone", "on", "closes_at", "hours"), CHANGES)
def test_a_date_is_as_long_as_its_clocks_say(zone: str, on: date, closes_at: time, hours: float) -> None:
    """Fault matrix 24."""
    place = ZoneInfo(zone)
    start, end = days.begins(on, closes_at, place), days.ends(on, closes_at, place)
    if closes_at == time(2, 30):
        assert (end - start) < timedelta(hours=24), "02:30 is left out: the date ends right after the gap"
    else:
        assert end - start == timedelta(hours=hours)
    assert days.begins(on + timedelta(days=1), closes_at, place) == end, "no gap, no overlap"


@pytest.mark.parametrize(("zone", "on", "closes_at", "hours"), CHANGES)
def test_every_instant_belongs_to_one_date(zone: str, on: date, closes_at: time, hours: float) -> None:
    place = ZoneInfo(zone)
    moment = days.begins(on, closes_at, place)
    for _ in range(24 * 4 * 2):
        found = days.date_of(moment, closes_at, place)
        assert days.begins(found, closes_at, place) <= moment < days.ends(found, closes_at, place)
        moment += timedelta(minutes=15)


def test_past_midnight_is_still_the_date_before() -> None:
    two = datetime(2026, 6, 19, 2, 0, tzinfo=NEW_YORK)
    assert days.date_of(two.astimezone(UTC), time(3), NEW_YORK) == date(2026, 6, 18)
    assert days.date_of((two + timedelta(hours=1)).astimezone(UTC), time(3), NEW_YORK) == date(2026, 6, 19)


def test_the_first_time_after_a_close() -> None:
    close = datetime(2026, 6, 19, 3, 0, tzinfo=NEW_YORK)
    assert days.first_after(close, time(6, 30), NEW_YORK) == close + timedelta(hours=3, minutes=30)
    assert days.first_after(close, time(3), NEW_YORK) == close
    assert days.first_after(close, time(2), NEW_YORK) == close + timedelta(hours=23)
