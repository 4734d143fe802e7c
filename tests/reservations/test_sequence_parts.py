"""The pure parts of sequences: times with their clock changes, words without holes, conditions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservations.models import Reservation
from reservations.sequences import conditions, definition, rendering, timing
from reservations.sequences.definition import Anchor, When
from reservations.sequences.timing import StayTimes

LISBON, NEW_YORK, KATHMANDU = map(ZoneInfo, ("Europe/Lisbon", "America/New_York", "Asia/Kathmandu"))


def stay(zone: ZoneInfo = LISBON, **more: Any) -> StayTimes:
    return StayTimes(zone=zone, **{"arrival": date(2026, 11, 26), "departure": date(2026, 11, 28), **more})


@pytest.mark.parametrize(
    ("when", "zone", "expected"),
    [
        (When(anchor=Anchor.ARRIVAL, days=-1, at=time(10)), LISBON, "2026-11-25T10:00+00:00"),
        (When(anchor=Anchor.ARRIVAL, days=-1, at=time(10)), KATHMANDU, "2026-11-25T04:15+00:00"),
        (When(anchor=Anchor.CHECK_IN, hours=-3), NEW_YORK, "2026-11-26T17:00+00:00"),
        (When(anchor=Anchor.CHECK_OUT, hours=2), LISBON, "2026-11-28T13:00+00:00"),
        (When(anchor=Anchor.DEPARTURE, days=1, at=time(9, 30)), LISBON, "2026-11-29T09:30+00:00"),
    ],
)
def test_due(when: When, zone: ZoneInfo, expected: str) -> None:
    assert timing.due_at(when, stay(zone)) == datetime.fromisoformat(expected)


def test_a_local_time_in_the_gap_is_its_end() -> None:
    """New York skips 02:00 to 03:00 on 2026-03-08."""
    assert timing.local(date(2026, 3, 8), time(2, 30), NEW_YORK) == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)


def test_a_local_time_that_comes_twice_is_its_first() -> None:
    """01:30 on 2026-11-01 is first 05:30 UTC, then 06:30."""
    assert timing.local(date(2026, 11, 1), time(1, 30), NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@given(day=st.dates(date(2020, 1, 1), date(2035, 1, 1)), at=st.times())
def test_every_local_time_is_one_instant_of_that_day_or_right_after(day: date, at: time) -> None:
    at = at.replace(microsecond=0, second=0, tzinfo=None)
    for zone in (LISBON, NEW_YORK, KATHMANDU):
        shown = timing.local(day, at, zone).astimezone(zone)
        assert shown.date() == day
        assert shown.time().replace(tzinfo=None) >= at


def test_what_a_stay_lacks_has_no_time() -> None:
    assert timing.due_at(When(anchor=Anchor.ARRIVAL, at=time(10)), stay(arrival=None)) is None
    assert timing.due_at(When(anchor=Anchor.CANCELLED, hours=1), stay()) is None


VALUES = {"guest": {"first_name": "Maria", "nickname": ""}, "stay": {"nights": 2, "door_code": None}}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hi {{ guest.first_name }}!", "Hi Maria!"),
        ("{% if stay.door_code %}Code {{ stay.door_code }}{% else %}Ask us{% endif %}", "Ask us"),
        ("{{ guest.nickname | default: guest.first_name }}", "Maria"),
        ("{% if stay.nights > 1 %}{{ stay.nights }} nights{% endif %}", "2 nights"),
    ],
)
def test_words(text: str, shown: str) -> None:
    assert rendering.render(text, VALUES) == shown


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Hi {{ guest.nickname }}", "guest.nickname"),
        ("Code {{ stay.door_code | upcase }}", "stay.door_code"),
        ("Hi {{ guest.nickame }}", "guest.nickame"),
        ("{{ nobody }}", "nobody"),
    ],
)
def test_a_hole_stops_the_message(text: str, missing: str) -> None:
    with pytest.raises(rendering.MissingValue) as stopped:
        rendering.render(text, VALUES)
    assert stopped.value.name == missing


@pytest.mark.parametrize(
    "text",
    [
        "Hi {{ guest.first_name",
        "{% for x in y %}{% endfor %}",
        "{% include 'a' %}",
        "{% if stay.door_code %}x{% endif %}",
    ],
)
def test_what_is_no_message(text: str) -> None:
    with pytest.raises(rendering.BadTemplate):
        rendering.render(text, VALUES)


def test_braces_of_a_guest_are_not_sent() -> None:
    with pytest.raises(rendering.BadTemplate):
        rendering.render("Hi {{ name }}", {"name": "{{ x }}"})


STEP = {
    "key": "s1",
    "name": "Welcome",
    "when": {"anchor": "booked"},
    "channels": ["pms"],
    "texts": {"en": {"body": "Hi"}},
    "language": "en",
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"channels": []}, "no_channel"),
        ({"channels": ["fax"]}, "unknown_channel"),
        ({"language": "de"}, "no_text"),
        ({"when": {"anchor": "arrival"}}, "day_without_time"),
        ({"late": "send"}, "no_end"),
        ({"purpose": "marketing"}, "marketing_in_pms"),
        ({"when": {"anchor": "moon"}}, "unreadable"),
    ],
)
def test_flaws(change: dict[str, Any], code: str | None) -> None:
    found = [flaw.code for flaw in definition.flaws({"steps": [{**STEP, **change}]})]
    assert found == ([code] if code else [])


def test_a_step_twice_and_nothing_at_all() -> None:
    assert [flaw.code for flaw in definition.flaws({"steps": [STEP, STEP]})] == ["key_twice"]
    assert [flaw.code for flaw in definition.flaws({})] == ["no_steps"]


def test_a_condition_on_what_is_gone_is_told() -> None:
    rule = definition.Rule(field="moon_phase", operator="is", value="full")
    assert conditions.flaw(rule) == "unknown_field"
    assert (
        conditions.flaw(definition.Rule(field="nights", operator="at_least", value="two")) == "not_a_number"
    )


def test_one_of_a_rules_alternatives_is_enough() -> None:
    (rule,) = definition.parse(
        {
            "rules": [
                {
                    "field": "nights",
                    "operator": "at_least",
                    "value": 7,
                    "or": [{"field": "pets", "operator": "at_least", "value": 1}],
                }
            ]
        }
    ).rules
    stay = Reservation(pets=0)
    assert not conditions.holds(rule, stay)
    stay.pets = 2
    assert conditions.holds(rule, stay)
