"""Until when a thread sleeps: by its property's clock, by one's own rules, and again after an early wake (ux L12)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.test import Client

from bellhop.core import clock
from inbox.models import SnoozePreset
from inbox.services import snoozing, triage
from inbox.services.snoozing import PresetRefused, UnknownSnooze
from inbox.templatetags.inbox_words import day_ends
from tests import factories
from tests.factories import Desk

LISBON = "Europe/Lisbon"


@pytest.mark.parametrize(
    ("kind", "number", "at", "day", "hour"),
    [("days", 2, time(7), 2, 7), ("arrival", 1, time(8), 9, 8), ("departure", 0, time(12), 12, 12)],
)
def test_rules(desk: Desk, kind: str, number: int, at: time, day: int, hour: int) -> None:
    """A stay of two nights that begins in ten days."""
    thread = factories.thread(desk, factories.stay(desk, starts_in=10))
    preset = snoozing.keep_preset(desk.agent, name="Mine", kind=kind, number=number, at=at)
    wanted = datetime.combine(clock.now().date() + timedelta(days=day), time(hour), UTC)
    assert snoozing.until(desk.agent, preset.public_id, thread) == wanted


def test_hours_count_from_now(desk: Desk) -> None:
    preset = snoozing.keep_preset(desk.agent, name="Mine", kind="hours", number=5, at=None)
    found = snoozing.until(desk.agent, preset.public_id, factories.thread(desk))
    assert found is not None
    assert abs(found - clock.now() - timedelta(hours=5)) < timedelta(seconds=5)


def test_a_weekday_is_the_next_one_at_the_property(desk: Desk) -> None:
    thread = factories.thread(desk, property=factories.property_of(desk.organization, "Casa", LISBON))
    preset = snoozing.keep_preset(desk.agent, name="Friday", kind="weekday", number=4, at=time(10))
    found = snoozing.until(desk.agent, preset.public_id, thread)
    assert found is not None
    local = found.astimezone(snoozing.zone_of(thread))
    assert (local.weekday(), local.time()) == (4, time(10))
    assert timedelta() < found - clock.now() <= timedelta(days=7, hours=10)


def test_a_time_that_is_past_is_three_hours_from_now(desk: Desk) -> None:
    thread = factories.thread(desk, factories.stay(desk, starts_in=-5, nights=20))
    found = snoozing.until(desk.agent, "arrival", thread)
    assert found is not None
    assert abs(found - clock.now() - snoozing.SOON) < timedelta(seconds=5)


def test_presets_are_ones_own(desk: Desk) -> None:
    thread = factories.thread(desk)
    preset = snoozing.keep_preset(desk.agent, name="Mine", kind="hours", number=1, at=None)
    with pytest.raises(UnknownSnooze):
        snoozing.until(desk.people["Admin"], preset.public_id, thread)
    assert not snoozing.remove_preset(desk.people["Admin"], preset.public_id)
    assert snoozing.remove_preset(desk.agent, preset.public_id)


@pytest.mark.parametrize(
    ("name", "kind", "number"), [("", "hours", 1), ("x", "hours", 0), ("x", "days", 400)]
)
def test_what_makes_no_sense_is_refused(desk: Desk, name: str, kind: str, number: int) -> None:
    with pytest.raises(PresetRefused):
        snoozing.keep_preset(desk.agent, name=name, kind=kind, number=number, at=None)


def test_back_to_sleep_after_an_early_wake(desk: Desk, client: Client) -> None:
    thread = factories.thread(desk)
    until = clock.now() + timedelta(days=2)
    triage.snooze(desk.agent, thread, until)
    thread.refresh_from_db()
    assert snoozing.again(thread, clock.now()) is None
    factories.says(thread, "One more thing")
    assert snoozing.again(thread, clock.now()) == until
    client.force_login(desk.agent)
    assert "Snooze again until" in client.get(f"/inbox/all/{thread.public_id}/").content.decode()
    client.post(f"/threads/{thread.public_id}/do/snooze/", {"snooze": "again"})
    thread.refresh_from_db()
    assert (thread.status, thread.snoozed_until) == ("snoozed", until)


def test_the_page_keeps_shows_and_removes_them(desk: Desk, client: Client) -> None:
    client.force_login(desk.agent)
    client.post("/settings/inbox/", {"name": "Friday", "rule": "weekday-4", "number": "1", "at": "10:00"})
    preset = SnoozePreset.objects.get()
    assert "Friday, 10:00" in client.get("/settings/inbox/").content.decode()
    refused = client.post("/settings/inbox/", {"name": "No", "rule": "hours", "number": "0"})
    assert "from 0 to" in refused.content.decode()
    thread = factories.thread(desk)
    assert preset.public_id in client.get(f"/threads/{thread.public_id}/menu/snooze/").content.decode()
    client.post(f"/snoozes/{preset.public_id}/remove/")
    assert not SnoozePreset.objects.exists()


def test_a_row_names_the_midnight_of_its_property(desk: Desk) -> None:
    """ux L9: then its phase may change."""
    casa = factories.property_of(desk.organization, "Casa", "Asia/Tokyo")
    thread = factories.thread(desk, factories.stay(desk, property=casa))
    ends = day_ends(thread)
    assert ends is not None
    assert ends.astimezone(casa.zone).time() == time(0)
    assert timedelta() < ends - clock.now() <= timedelta(days=1)
    assert day_ends(factories.thread(desk)) is None
