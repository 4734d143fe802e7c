"""What a page asks the database: a fixed number of statements, whatever it shows (G10)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bellhop.core import clock
from connectors.models import Attempt
from inbox.models import Draft, Receipt, Thread
from inbox.services import drafts, notes, notices, snoozing, triage
from tests import factories
from tests.factories import Desk

MOST_FOR_THE_LIST = 6
MOST_FOR_A_THREAD = 9
MOST_FOR_THE_PANEL = 18
MOST_FOR_ITS_PAGE = 13
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def _cost(client: Client, address: str, headers: dict[str, str] | None = None) -> int:
    with CaptureQueriesContext(database) as captured:
        assert client.get(address, headers=headers).status_code == 200
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


def _talk(desk: Desk, thread: Thread, count: int) -> None:
    """Everything that an open thread could ask for one by one: files, receipts, tries, notes, events, tags."""
    for number in range(count):
        message = factories.says(thread, f"More {number}")
        message.attachments.create(name="key.pdf", size=1_000)
        message = factories.answers(desk.agent, thread, f"Answer {number}", send_anyway=True)
        receipt = Receipt.objects.filter(message=message).first()
        assert receipt is not None
        tried = {"number": 1, "started_at": clock.now(), "result": "failed"}
        Attempt.objects.create(command_id=receipt.command_id, **tried)
        notes.add(desk.agent, thread, f"Note {number}", client_token=f"note {message.pk}")
        triage.tag(desk.agent, thread, [f"more {number}"])


def test_a_thread_costs_the_same_at_any_length(desk: Desk, agent: Client) -> None:
    thread = _fill(desk, 2)
    address = f"/inbox/all/{thread.public_id}/"
    _talk(desk, thread, 2)
    drafts.save(desk.agent, thread, Draft.Mode.REPLY, "half a sen", seen_message_id=0, device="")
    page, part = _cost(agent, address), _cost(agent, address, PART)
    panel, log = f"/threads/{thread.public_id}/panel/", f"/threads/{thread.public_id}/log/"
    beside = _cost(agent, panel), _cost(agent, log)
    _talk(desk, thread, 12)
    drafts.save(desk.agent, thread, Draft.Mode.REPLY, "half a sen", seen_message_id=0, device="")
    assert _cost(agent, address) == page <= MOST_FOR_ITS_PAGE
    assert _cost(agent, address, PART) == part <= MOST_FOR_A_THREAD
    assert (_cost(agent, panel), _cost(agent, log)) == beside
    assert beside[0] <= MOST_FOR_THE_PANEL
    assert beside[1] <= MOST_FOR_A_THREAD
    shown = agent.get(address, headers=PART).content.decode()
    assert shown.count("key.pdf") == 14
    assert "half a sen" in shown
    assert "more 11" in shown


def test_the_bell_asks_once(desk: Desk, agent: Client) -> None:
    _fill(desk, 3)
    with CaptureQueriesContext(database) as captured:
        assert notices.unread(desk.agent) == 3
    assert len(captured) == 1
