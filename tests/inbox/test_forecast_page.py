"""The forecast's page: what goes, what is held back and why, week and day, filters, one step (ux Q10)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bellhop.core import clock
from reservations.models import Reservation, ScheduledMessage, Sequence
from reservations.sequences import calendar, forecast, sending
from tests import factories
from tests.factories import Desk
from tests.inbox.test_sequences import DAY_BEFORE, booked, forward, live, noon, step

__all__ = ["noon"]
pytestmark = pytest.mark.django_db
CODE = {
    **step(when={"anchor": "arrival", "days": 0, "at": "09:00"}, texts={"en": {"body": "Code {{ stay.door_code }}"}}),
    "key": "code",
    "name": "Door code",
}  # fmt: skip


@pytest.fixture
def page(desk: Desk) -> Any:
    client = Client()
    client.force_login(desk.people["Marketer"])

    def get(query: str = "", status: int = 200) -> str:
        answer = client.get(f"/sequences/forecast/{query}")
        assert answer.status_code == status
        return re.sub(r"\s+", " ", answer.content.decode())

    return get


@pytest.fixture
def sequence(desk: Desk) -> Sequence:
    """Two stays: one whole, one whose second message is held back by a condition."""
    return live(desk, DAY_BEFORE, CODE)


def suppress(stay: Reservation, key: str, reason: str, **detail: str) -> ScheduledMessage:
    row = ScheduledMessage.objects.get(reservation=stay, step_key=key)
    row.state, row.reason, row.detail = ScheduledMessage.State.SUPPRESSED, reason, detail
    row.save()
    return row


def test_a_week_counts_what_goes_and_what_does_not(desk: Desk, page: Any, sequence: Sequence) -> None:
    booked(desk, starts_in=3, door_code="4711")
    other = booked(desk, starts_in=3, door_code="4712")
    suppress(other, "code", "condition_false", field="nights")
    shown = page()
    assert "3 go," in shown
    assert "1 is held back." in shown
    assert shown.count('class="cal-item"') == 2
    assert "each guest and step has one reason" in shown
    assert "A condition does not hold: Nights." in shown
    assert 'class="cal-day" data-today' in shown
    days = calendar.days(
        forecast.lines(desk.people["Marketer"]), clock.now().date(), calendar.WEEK, clock.now()
    )
    assert [(len(item.going), len(item.held)) for day in days for item in day.items] == [(2, 0), (1, 1)]


def test_one_step_with_its_guests_and_text(desk: Desk, page: Any, sequence: Sequence) -> None:
    stay = booked(desk, starts_in=3, door_code="4711")
    held = booked(desk, starts_in=3)
    suppress(held, "code", "missing_value", name="stay.door_code")
    item = next(
        key for key in map(calendar.key_of, forecast.lines(desk.people["Marketer"])) if key.endswith("code")
    )
    shown = page(f"?open={item}")
    assert "A value is missing: stay.door_code." in shown
    assert shown.count('id="detail"') == 1
    assert "4711" not in shown  # a code is nobody's business here
    row = ScheduledMessage.objects.get(reservation=held, step_key="code")
    assert '<span class="blank">stay.door_code</span>' in page(f"?open={item}&guest={row.public_id}")
    row = ScheduledMessage.objects.get(reservation=stay, step_key="code")
    row.edited = "Ring the <bell>"
    row.save()
    assert "Ring the &lt;bell&gt;" in page(f"?open={item}&guest={row.public_id}")
    assert 'id="detail"' not in page("?open=nonsense&guest=nobody")


def test_what_has_left_says_so(desk: Desk, page: Any) -> None:
    live(desk)
    booked(desk)
    sending.send_due()
    [line] = forecast.lines(desk.people["Marketer"])
    shown = page(f"?open={calendar.key_of(line)}")
    assert 'data-state="sent"' in shown
    assert "It has left; its words stand in the conversation." in shown


def test_filters_and_a_sequence_that_is_chosen(desk: Desk, page: Any, sequence: Sequence) -> None:
    far = factories.property_of(desk.organization, "Far House")
    booked(desk, starts_in=3, door_code="4711")
    there = booked(desk, starts_in=3, property=far, unit=None)
    suppress(there, "code", "cancelled")
    other = live(desk, {**DAY_BEFORE, "name": "Another"})
    booked(desk, starts_in=4, source="x", door_code="4712")
    assert "Another" in page()
    assert ">Another<" not in page(f"?sequence={sequence.public_id}")
    assert page(f"?sequence={other.public_id}").count(">One<") == 0
    assert page(f"?property={far.public_id}").count('class="cal-item"') == 3
    assert page("?state=held").count('class="cal-item"') == 1
    assert page("?reason=cancelled").count('class="cal-item"') == 1
    assert "Nothing here fits the filter." in page("?state=sent")
    page("?sequence=notthere", 404)


def test_a_day_and_the_way_on(desk: Desk, page: Any, sequence: Sequence) -> None:
    booked(desk, starts_in=3)
    arrival = clock.now().date() + timedelta(days=3)
    shown = page(f"?view=day&day={arrival}")
    assert shown.count("<tr>") == 2  # its head and one message
    assert f"day={arrival + timedelta(days=1)}" in shown
    assert f"day={arrival - timedelta(days=1)}" in shown
    assert page("?day=nonsense").count("data-today") == 1
    last = page(f"?day={clock.now().date() + timedelta(days=400)}")
    assert "Week after" not in last
    assert "Nothing goes out in these days." in last
    assert "Week before" not in page(f"?day={clock.now().date() - timedelta(days=400)}")


def test_only_ones_own_properties_and_organization(desk: Desk, sequence: Sequence) -> None:
    far = factories.property_of(desk.organization, "Far House")
    booked(desk, starts_in=3, property=far, unit=None)
    client = Client()
    client.force_login(factories.limited(desk.organization, desk.place, role="Marketer"))
    shown = client.get("/sequences/forecast/").content.decode()
    assert ("cal-item" in shown, "Far House" in shown) == (False, False)
    client.force_login(factories.desk("elsewhere").people["Marketer"])
    assert client.get(f"/sequences/forecast/?sequence={sequence.public_id}").status_code == 404
    client.force_login(desk.agent)
    assert client.get("/sequences/forecast/").status_code == 403


def test_it_costs_the_same_at_any_size(desk: Desk, page: Any, sequence: Sequence, steady_clock: None) -> None:
    def cost() -> int:
        with CaptureQueriesContext(database) as captured:
            page()
        return len(captured)

    booked(desk, starts_in=3)
    few = cost()
    for _number in range(8):
        booked(desk, starts_in=4)
    assert cost() == few <= 18


def test_now_stands_between_what_was_and_what_comes(desk: Desk, page: Any) -> None:
    live(desk, step(), {**DAY_BEFORE, "key": "s2", "when": {"anchor": "booked", "hours": 2}})
    booked(desk)
    sending.send_due()
    forward(hours=1)
    now = clock.now()
    [today] = calendar.days(forecast.lines(desk.people["Marketer"]), now.date(), 1, now)
    assert (len(today.items), today.now_before) == (2, 1)
    assert 'class="cal-now"' in page()


def test_times_are_those_of_the_property(desk: Desk, page: Any) -> None:
    live(desk, DAY_BEFORE)
    place = factories.property_of(desk.organization, "Peak", "Asia/Kathmandu")
    stay = booked(desk, starts_in=3, property=place, unit=None)
    [line] = forecast.lines(desk.people["Marketer"])
    assert ">10:00</time>" in page()
    assert ", 10:00" in page(f"?open={calendar.key_of(line)}")
    assert stay.arrival_date is not None
    assert ">10:00</time>" in page(f"?view=day&day={stay.arrival_date - timedelta(days=1)}")
