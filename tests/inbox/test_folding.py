"""A run of events is one line that unfolds (ux T4)."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from bellhop.core import clock
from inbox.models import ThreadEvent
from inbox.services import notes, timeline, triage
from inbox.views.folding import folded
from tests import factories
from tests.factories import Desk


def test_three_in_a_row_fold_and_two_do_not(desk: Desk, client: Client) -> None:
    thread = factories.thread(desk)
    triage.close(desk.agent, thread)
    triage.reopen(desk.agent, thread)
    kinds = [entry.kind for entry in folded(timeline.load(thread).entries)]
    assert kinds == ["event", "event"]
    triage.assign(desk.agent, thread, desk.agent)
    notes.add(desk.agent, thread, "A word between", client_token="note-token-1")
    triage.close(desk.agent, thread)
    found = list(folded(timeline.load(thread).entries))
    assert [entry.kind for entry in found] == ["events", "note", "event"]
    client.force_login(desk.agent)
    page = client.get(f"/inbox/all/{thread.public_id}/").content.decode()
    assert "3 events" in page
    assert page.count('class="event"') == 4


def test_a_day_ends_a_run_and_a_cancellation_stands_alone(desk: Desk) -> None:
    thread = factories.thread(desk)
    noon = clock.now().replace(hour=12)
    for days, kind in (
        (2, "closed"),
        (2, "closed"),
        (1, "closed"),
        (1, "cancelled"),
        (1, "closed"),
        (1, "tagged"),
    ):
        ThreadEvent.objects.create(thread=thread, kind=kind, at=noon - timedelta(days=days))
    assert {entry.kind for entry in folded(timeline.load(thread).entries)} == {"event"}
    ThreadEvent.objects.create(thread=thread, kind="closed", at=noon - timedelta(days=2))
    assert [entry.kind for entry in folded(timeline.load(thread).entries)] == ["events", *["event"] * 4]
