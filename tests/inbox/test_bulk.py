"""Many threads at once: every action, its result in words, its undo (ux L14)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from bellhop.accounts.models import Team
from bellhop.core import clock
from inbox.models import Message, Thread, ThreadRead
from inbox.services import bulk, triage
from inbox.services.bulk import Action
from tests import factories
from tests.factories import Desk


@pytest.fixture
def two(desk: Desk) -> list[Thread]:
    return [factories.thread(desk), factories.thread(desk, assignee=desk.agent)]


@pytest.fixture
def post(client: Client, desk: Desk) -> Any:
    """Post to the selection's bar as the agent; answers the page's text."""
    client.force_login(desk.agent)

    def send(action: str, threads: list[Thread], **more: str) -> str:
        values = {"action": action, "thread": [thread.public_id for thread in threads], **more}
        answer = client.post("/inbox/all/bulk/", values)
        assert answer.status_code == 200, answer.status_code
        return answer.content.decode()

    return send


def rows(*fields: str) -> list[Any]:
    return list(Thread.objects.order_by("pk").values_list(*fields, flat=len(fields) == 1))


def test_every_change_and_its_undo(desk: Desk, two: list[Thread], post: Any, client: Client) -> None:
    team = Team.objects.create(organization=desk.organization, name="Desk")
    colleague = factories.person(desk.organization)
    triage.tag(desk.agent, two[0], ["late"])
    before = rows("status", "assignee", "team", "snoozed_until", "no_answer_until")
    steps = [
        (f"assign:{colleague.public_id}", {}, lambda: set(rows("assignee")) == {colleague.pk}),
        ("assign:me", {}, lambda: set(rows("assignee")) == {desk.agent.pk}),
        ("assign:", {}, lambda: set(rows("assignee")) == {None}),
        (f"team:{team.public_id}", {}, lambda: set(rows("team")) == {team.pk}),
        ("snooze:tomorrow", {}, lambda: None not in rows("snoozed_until")),
        ("snooze:", {"until": "2031-05-06T07:00"}, lambda: {m.year for m in rows("snoozed_until")} == {2031}),
        ("close", {}, lambda: set(rows("status")) == {"closed"}),
        ("tags:add", {"tags": "VIP, quiet"}, lambda: two[0].tags.count() == 3 and two[1].tags.count() == 2),
        ("tags:remove", {"tags": "late"}, lambda: two[0].tags.count() == 0),
    ]
    for action, more, is_done in steps:
        assert "2 threads changed" in post(action, two, **more), action
        assert is_done(), action
        client.post("/bulk/undo/")
        assert rows("status", "assignee", "team", "snoozed_until", "no_answer_until") == before, action
        assert [tag.name for thread in two for tag in thread.tags.all()] == ["late"], action


def test_read_and_unread(desk: Desk, two: list[Thread], post: Any, client: Client) -> None:
    said = factories.says(two[0], "Hello")
    post("read", two)
    assert ThreadRead.objects.get(thread=two[0]).last_read_id == said.pk
    post("unread", two)
    assert set(ThreadRead.objects.values_list("marked_unread", flat=True)) == {True}
    assert "Undone for 2 threads" in client.post("/bulk/undo/").content.decode()
    assert set(ThreadRead.objects.values_list("marked_unread", flat=True)) == {False}
    assert Message.objects.count() == 1


def test_who_is_skipped_is_counted_with_the_reason(desk: Desk, post: Any) -> None:
    """ "212 done, 2 skipped: not allowed": who doesn't see the property isn't given the thread."""
    elsewhere = factories.property_of(desk.organization, "Casa")
    threads = [factories.thread(desk), factories.thread(desk, property=elsewhere)]
    limited = factories.limited(desk.organization, desk.place)
    said = post(f"assign:{limited.public_id}", threads)
    assert "1 thread changed" in said
    assert "1 skipped: not allowed" in said
    assert rows("assignee") == [limited.pk, None]
    assert "1 skipped: that time is past" in post("snooze:", threads[:1], until="2001-01-01T00:00")


def test_one_that_is_gone_stops_nothing(desk: Desk, two: list[Thread]) -> None:
    Thread.objects.filter(pk=two[0].pk).delete()
    result = bulk.run(desk.agent, two, Action(lambda thread: triage.close(desk.agent, thread)))
    assert (result.done, dict(result.skipped)) == (1, {"no longer there": 1})


def test_undo_leaves_what_somebody_changed_since(
    desk: Desk, two: list[Thread], post: Any, client: Client
) -> None:
    post("close", two)
    triage.reopen(desk.agent, two[0])
    triage.snooze(desk.agent, two[0], clock.now() + timedelta(hours=1))
    said = client.post("/bulk/undo/").content.decode()
    assert "Undone for 1 thread" in said
    assert "1 skipped: changed meanwhile" in said
    assert rows("status") == ["snoozed", "open"]
    assert "Undone for 0 threads" in client.post("/bulk/undo/").content.decode()


def test_more_than_the_limit_are_counted_not_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LIMIT", 2)
    for _ in range(5):
        factories.thread(desk)
    action = Action(lambda thread: triage.close(desk.agent, thread))
    result = bulk.run(desk.agent, Thread.objects.order_by("pk"), action)
    assert (result.done, dict(result.skipped)) == (2, {"too many at once": 3})
    result = bulk.run(desk.agent, Thread.objects.order_by("pk")[:2], action)
    assert (result.done, dict(result.skipped)) == (2, {})


def test_all_that_match_means_the_filter(desk: Desk, client: Client) -> None:
    client.force_login(desk.agent)
    made = [factories.thread(desk, channel=channel) for channel in ("sms", "sms", "email")]
    client.post("/inbox/all/bulk/?channel=sms", {"action": "close", "all": "1", "thread": made[2].public_id})
    assert rows("status") == ["closed", "closed", "open"]


@pytest.mark.parametrize("action", ["", "send", "tags:", "tags:add"])
def test_what_is_not_understood_changes_nothing(
    two: list[Thread], client: Client, desk: Desk, action: str
) -> None:
    client.force_login(desk.agent)
    answer = client.post("/inbox/all/bulk/", {"action": action, "thread": [t.public_id for t in two]})
    assert answer.status_code == 400
    assert set(rows("status")) == {"open"}


def test_only_those_who_may(desk: Desk, two: list[Thread]) -> None:
    with pytest.raises(PermissionDenied):
        bulk.run(desk.people["Marketer"], two, Action(lambda thread: thread))
    with pytest.raises(PermissionDenied):
        bulk.restore(desk.people["Marketer"], [])


def test_a_foreign_person_or_thread_is_not_there(desk: Desk, two: list[Thread], client: Client) -> None:
    """Invariant 10."""
    other = factories.desk("other")
    client.force_login(desk.agent)
    values = {"action": f"assign:{other.agent.public_id}", "thread": two[0].public_id}
    assert client.post("/inbox/all/bulk/", values).status_code == 404
    foreign = factories.thread(other)
    client.post("/inbox/all/bulk/", {"action": "close", "thread": foreign.public_id})
    foreign.refresh_from_db()
    assert foreign.status == "open"
