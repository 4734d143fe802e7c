"""Who is on call: across midnight, in the night that has an hour twice or not at all, and with exceptions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from reservations.services.rota import Instead, Shift, on_call

DAY, NIGHT, OTHER = 1, 2, 3
LISBON, NEW_YORK = ZoneInfo("Europe/Lisbon"), ZoneInfo("America/New_York")
EVERY_DAY = (
    Shift(contact_id=DAY, starts_at=time(7), ends_at=time(22)),
    Shift(contact_id=NIGHT, starts_at=time(22), ends_at=time(7)),
)


def at(text: str, zone: ZoneInfo = LISBON, fold: int = 0) -> datetime:
    """A local moment as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-11-20 06:59", NIGHT),
        ("2026-11-20 07:00", DAY),
        ("2026-11-20 21:59", DAY),
        ("2026-11-20 22:00", NIGHT),
        ("2026-11-21 00:00", NIGHT),
    ],
)
def test_a_shift_runs_past_midnight(moment: str, who: int) -> None:
    assert on_call(EVERY_DAY, (), LISBON, at(moment)) == [who]


def test_the_night_belongs_to_the_weekday_on_which_it_begins() -> None:
    friday = Shift(contact_id=NIGHT, weekday=4, starts_at=time(22), ends_at=time(8))
    found = {
        moment: on_call([friday], (), LISBON, at(moment))
        for moment in ("2026-11-20 23:00", "2026-11-21 07:59", "2026-11-21 08:00", "2026-11-21 23:00")
    }
    assert list(found.values()) == [[NIGHT], [NIGHT], [], []]


def test_from_midnight_to_midnight_is_always() -> None:
    always = Shift(contact_id=DAY, starts_at=time(0), ends_at=time(0))
    start = at("2026-10-20 00:00")
    for hours in range(24 * 12):
        assert on_call([always], (), LISBON, start + timedelta(hours=hours)) == [DAY]


@pytest.mark.parametrize(
    ("zone", "first"),
    [(LISBON, "2026-10-24 12:00"), (NEW_YORK, "2026-03-07 12:00"), (LISBON, "2026-03-28 12:00")],
)
@pytest.mark.parametrize("change", [time(1, 30), time(2), time(2, 30)])
def test_the_night_of_the_change_has_neither_gap_nor_two(zone: ZoneInfo, first: str, change: time) -> None:
    """Whatever hour there is twice or not at all: always somebody, and the change is made once."""
    shifts = (
        Shift(contact_id=DAY, starts_at=change, ends_at=time(14)),
        Shift(contact_id=NIGHT, starts_at=time(14), ends_at=change),
    )
    start = at(first, zone)
    seen = [on_call(shifts, (), zone, start + timedelta(minutes=5 * step)) for step in range(24 * 12)]
    assert {len(one) for one in seen} == {1}
    changes = [one for one, before in zip(seen[1:], seen, strict=False) if one != before]
    assert changes == [[NIGHT], [DAY]]


def test_an_exception_stands_in_the_place_of_the_week() -> None:
    holidays = Instead(
        contact_id=OTHER,
        first_day=date(2026, 12, 24),
        starts_at=time(18),
        last_day=date(2026, 12, 26),
        ends_at=time(8),
    )
    who = {
        moment: on_call(EVERY_DAY, [holidays], LISBON, at(moment))
        for moment in ("2026-12-24 17:59", "2026-12-24 18:00", "2026-12-25 23:00", "2026-12-26 08:00")
    }
    assert list(who.values()) == [[DAY], [OTHER], [OTHER], [DAY]]


def test_several_are_named_each_once() -> None:
    both = (*EVERY_DAY, Shift(contact_id=OTHER, starts_at=time(0), ends_at=time(0)), *EVERY_DAY)
    assert on_call(both, (), LISBON, at("2026-11-20 12:00")) == [DAY, OTHER]
    assert on_call((), (), LISBON, at("2026-11-20 12:00")) == []
