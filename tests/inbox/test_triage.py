"""Assigning, closing, snoozing, tagging, in bulk and undone (ux L11, L12, L14, P3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from bellhop.accounts.models import Team
from bellhop.core import clock
from bellhop.core.models import LiveEvent
from inbox.models import Thread, ThreadEvent, ThreadStatus
from inbox.services import triage
from tests import factories
from tests.factories import Desk


@pytest.fixture
def thread(desk: Desk) -> Thread:
    return factories.thread(desk)


def kinds(thread: Thread) -> list[str]:
    return list(ThreadEvent.objects.filter(thread=thread).order_by("id").values_list("kind", flat=True))


def test_assigning_is_written_down_once(desk: Desk, thread: Thread) -> None:
    triage.assign(desk.agent, thread, desk.agent)
    triage.assign(desk.agent, thread, desk.agent)
    triage.assign(desk.agent, thread, None)
    team = Team.objects.create(organization=desk.organization, name="Desk")
    triage.assign_team(desk.agent, thread, team)
    assert kinds(thread) == ["assigned", "assigned", "team"]
    told = ThreadEvent.objects.order_by("id")[1].data
    assert told == {"to": "", "was": desk.agent.full_name}


def test_closing_and_reopening(desk: Desk, thread: Thread) -> None:
    assert triage.close(desk.agent, thread).status == ThreadStatus.CLOSED
    triage.close(desk.agent, thread)
    assert triage.reopen(desk.agent, thread).status == ThreadStatus.OPEN
    triage.reopen(desk.agent, thread)
    assert kinds(thread) == ["closed", "reopened"]


def test_a_snooze_ends_by_time(desk: Desk, thread: Thread) -> None:
    """ux L12."""
    triage.snooze(desk.agent, thread, clock.now() + timedelta(hours=3))
    assert triage.wake_snoozed() == 0
    clock.set_offset(timedelta(hours=3, seconds=1))
    assert triage.wake_snoozed() == 1
    thread.refresh_from_db()
    assert (thread.status, thread.snoozed_until) == (ThreadStatus.OPEN, None)
    assert triage.wake_snoozed() == 0
    assert kinds(thread) == ["snoozed", "woken"]
    clock.set_offset(timedelta())


def test_a_snooze_until_reply_ends_by_a_reply_only(desk: Desk, thread: Thread) -> None:
    """ux L12: and then offers to snooze again."""
    triage.snooze(desk.agent, thread, None)
    clock.set_offset(timedelta(days=300))
    assert triage.wake_snoozed() == 0
    factories.says(thread, "Here I am")
    assert thread.status == ThreadStatus.OPEN
    assert thread.woken_at is not None
    triage.snooze(desk.agent, thread, clock.now() + timedelta(hours=1))
    thread.refresh_from_db()
    assert thread.woken_at is None
    clock.set_offset(timedelta())


def test_tags_are_set_whole(desk: Desk, thread: Thread) -> None:
    triage.tag(desk.agent, thread, ["  VIP  guest ", "late", "", "late"])
    assert sorted(thread.tags.values_list("name", flat=True)) == ["VIP guest", "late"]
    triage.tag(desk.agent, thread, ["late", "VIP guest"])
    triage.tag(desk.agent, thread, [])
    assert thread.tags.count() == 0
    assert kinds(thread) == ["tagged", "tagged"]


def test_only_those_who_may(desk: Desk, thread: Thread) -> None:
    marketer = desk.people["Marketer"]
    for act in (triage.close, triage.reopen, triage.no_answer_needed, triage.needs_answer):
        with pytest.raises(PermissionDenied):
            act(marketer, thread)


def test_each_change_is_told_once_to_open_screens(desk: Desk, thread: Thread) -> None:
    triage.assign(desk.agent, thread, desk.agent)
    triage.assign(desk.agent, thread, desk.agent)
    event = LiveEvent.objects.get(topic="thread")
    assert (event.subject_id, event.property_id) == (thread.pk, desk.place.pk)
    assert event.data == {"what": "state", "by": desk.agent.pk}


def test_nobody_is_given_what_they_may_not_see(desk: Desk, thread: Thread) -> None:
    elsewhere = factories.limited(desk.organization)
    with pytest.raises(PermissionDenied):
        triage.assign(desk.agent, thread, elsewhere)
    assert elsewhere not in triage.who_may_have(thread)
    assert desk.agent in triage.who_may_have(thread)
    assert desk.people["Housekeeper"] not in triage.who_may_have(thread)


def test_tags_are_added_and_removed(desk: Desk, thread: Thread) -> None:
    triage.tag(desk.agent, thread, ["late", "VIP"])
    triage.change_tags(desk.agent, thread, add=["noise"], remove=["late"])
    assert sorted(thread.tags.values_list("name", flat=True)) == ["VIP", "noise"]
