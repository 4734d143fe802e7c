"""What a page asks the database: a fixed number of statements, whatever it shows (G10)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.models import Thread
from inbox.services import notices, snoozing, triage
from tests import factories
from tests.factories import Desk

MOST_FOR_THE_LIST = 7
MOST_FOR_A_THREAD = 26


def _cost(client: Client, address: str) -> int:
    with CaptureQueriesContext(database) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.fixture
def agent(desk: Desk, client: Client, settings: Any) -> Client:
    settings.BELLHOP_CLOCK_REFRESH_S = 3_600
    client.force_login(desk.agent)
    return client


def _fill(desk: Desk, count: int) -> Thread:
    """Threads with stays, messages, events, notices, presets: everything that a page could ask for one by one."""
    for number in range(count):
        thread = factories.thread(desk, factories.stay(desk), assignee=desk.agent)
        factories.says(thread, f"Hello {number}")
        triage.tag(desk.agent, thread, [f"tag {number}"])
        triage.assign(desk.people["Admin"], thread, None)
        triage.assign(desk.people["Admin"], thread, desk.agent)
        snoozing.keep_preset(desk.agent, name=f"Mine {number}", kind="hours", number=1, at=None)
    return thread


@pytest.mark.parametrize(
    "address",
    ["/inbox/all/", "/inbox/all/?channel=sms&status=open", "/inbox/all/rows/", "/notices/", "/settings/"],
)
def test_pages_cost_the_same_at_any_size(desk: Desk, agent: Client, address: str) -> None:
    _fill(desk, 2)
    few = _cost(agent, address)
    _fill(desk, 8)
    assert _cost(agent, address) == few <= MOST_FOR_THE_LIST


def test_a_thread_costs_the_same_at_any_length(desk: Desk, agent: Client) -> None:
    thread = _fill(desk, 2)
    address = f"/inbox/all/{thread.public_id}/"
    few = _cost(agent, address)
    for number in range(12):
        factories.says(thread, f"More {number}")
        triage.tag(desk.agent, thread, [f"more {number}"])
    assert _cost(agent, address) == few <= MOST_FOR_A_THREAD
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    with CaptureQueriesContext(database) as captured:
        agent.get(address, headers=part)
    assert len(captured) < few


def test_the_bell_asks_once(desk: Desk, agent: Client) -> None:
    _fill(desk, 3)
    with CaptureQueriesContext(database) as captured:
        assert notices.unread(desk.agent) == 3
    assert len(captured) == 1
