"""A thread's entries: order of utterance, pages, late arrivals, receipts and tries (ux T1 to T4, R1)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from bellhop.core import clock
from connectors.contract.records import AuthorKind
from connectors.models import Attempt, Command, CommandState
from connectors.outbound import outbox
from inbox.models import Receipt, Thread
from inbox.services import notes, reply, timeline, triage
from tests import factories
from tests.factories import Desk


@pytest.fixture
def thread(desk: Desk) -> Thread:
    return factories.thread(desk)


def ago(minutes: float) -> datetime:
    return clock.now() - timedelta(minutes=minutes)


def read_all(thread: Thread) -> list[str]:
    """Keys of all entries, page by page from the newest, in the order in which they are shown."""
    shown: list[str] = []
    cursor = ""
    while True:
        page = timeline.load(thread, cursor)
        shown = [entry.key for entry in page.entries] + shown
        if not page.older_before:
            return shown
        cursor = page.older_before


def test_messages_notes_and_events_in_one_order(desk: Desk, thread: Thread) -> None:
    factories.says(thread, "First", at=ago(10))
    note = notes.add(desk.agent, thread, "A note", client_token="note-1")
    triage.close(desk.agent, thread)
    factories.says(thread, "Late", at=ago(20))
    page = timeline.load(thread)
    assert [entry.kind for entry in page.entries] == ["message", "message", "note", "event", "event"]
    assert [entry.item.body for entry in page.entries[:3]] == ["Late", "First", note.body]
    assert page.entries[0].item.arrived_late
    assert page.older_before == ""


@pytest.mark.parametrize("apart", [timedelta(minutes=1), timedelta()], ids=["minutes apart", "at once"])
def test_pages_hold_everything_once(desk: Desk, thread: Thread, apart: timedelta) -> None:
    """ux T2: 110 messages, also where an import gave all of them one and the same time."""
    start = ago(300)
    made = [factories.says(thread, str(n), at=start + n * apart, history=True) for n in range(110)]
    assert read_all(thread) == [f"message-{message.pk}" for message in made]


def test_of_one_instant_the_sequence_decides(desk: Desk, thread: Thread) -> None:
    """ux T1: whatever order their webhooks come in, on any page, and for what the list shows."""
    moment = ago(300)
    made = [
        factories.says(thread, str(number), at=moment, sequence=number, history=True)
        for number in sorted(range(1, 111), key=lambda number: (number * 37) % 111)
    ]
    made.sort(key=lambda message: message.sequence)
    assert read_all(thread) == [f"message-{message.pk}" for message in made]
    thread.refresh_from_db()
    assert (thread.preview, thread.last_message_id) == ("110", made[-1].pk)
    since = timeline.load(thread, since=moment.isoformat())
    assert [entry.item.body for entry in since.entries] == [message.body for message in made]
    assert factories.bodies(thread) == [message.body for message in made]


@pytest.mark.usefixtures("steady_clock")
def test_a_page_walks_the_index(desk: Desk, thread: Thread) -> None:
    factories.says(thread, "Hello")
    with CaptureQueriesContext(database) as captured:
        timeline.load(thread)
    (page,) = [one["sql"] for one in captured if 'FROM "inbox_message"' in one["sql"]]
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan TO off; SET LOCAL enable_sort TO off")
        cursor.execute(f"EXPLAIN {page}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "message_by_order" in plan, plan
    assert "Sort" not in plan, plan


def test_what_is_loaded_stays_loaded(desk: Desk, thread: Thread) -> None:
    made = [factories.says(thread, str(n), at=ago(200 - n), history=True) for n in range(120)]
    since = made[30].sent_at.isoformat()
    page = timeline.load(thread, since=since)
    assert [entry.item.pk for entry in page.entries] == [message.pk for message in made[30:]]
    assert timeline.load(thread, before="nonsense").entries[-1].item == made[-1]


@pytest.mark.usefixtures("steady_clock")
def test_a_constant_number_of_statements(desk: Desk, thread: Thread) -> None:
    numbers = []
    for count in (3, 60):
        for n in range(count):
            factories.answers(desk.agent, thread, f"{count} {n}", send_anyway=True)
        fresh = Thread.objects.get(pk=thread.pk)
        with CaptureQueriesContext(database) as captured:
            timeline.load(fresh)
        numbers.append(len(captured))
    assert numbers[1] == numbers[0] <= 5, numbers


def test_the_worse_of_two_receipts_and_the_tries(desk: Desk, thread: Thread) -> None:
    """ux R1, R2."""
    message = factories.answers(desk.agent, thread, "Hello")
    entry = next(e for e in timeline.load(thread).entries if e.item == message)
    assert entry.can_undo
    command = Command.objects.get()
    Attempt.objects.create(command=command, number=1, started_at=clock.now(), result="failed")
    outbox._end(command, CommandState.FAILED, "Refused.")
    Receipt.objects.filter(message=message, destination="guest").update(state="sent")
    entry = next(e for e in timeline.load(thread).entries if e.item == message)
    assert entry.in_trouble
    assert not entry.can_undo
    assert entry.worst is not None
    assert (entry.worst.destination, entry.worst.state, entry.worst.reason) == ("pms", "failed", "Refused.")
    assert [attempt.result for attempt in entry.attempts] == ["failed"]
    assert timeline.problems(thread) == 1


def test_withdrawn_messages_are_not_shown(desk: Desk, thread: Thread) -> None:
    reply.withdraw(desk.agent, factories.answers(desk.agent, thread, "Oops"))
    assert timeline.load(thread).entries == []
    assert timeline.problems(thread) == timeline.waiting_at_pms(thread) == 0


def test_the_new_line(desk: Desk, thread: Thread) -> None:
    """ux T2."""
    read = factories.says(thread, "Read", at=ago(9))
    new = factories.says(thread, "New", at=ago(8))
    factories.answers(desk.agent, thread, "Mine")
    entries = timeline.load(thread).entries
    assert timeline.first_unread(entries, read.pk) == f"message-{new.pk}"
    assert timeline.first_unread(entries, timeline.newest_id(thread)) == ""


def test_only_guests_and_colleagues_make_news(desk: Desk, thread: Thread) -> None:
    """ux T2: not what staff typed in the PMS, not what was sent by itself, not one's own notes."""
    read = factories.says(thread, "Read", at=ago(9))
    factories.staff_says(thread, "From the PMS", at=ago(8))
    factories.told(thread, "By itself", at=ago(7), author=AuthorKind.SYSTEM, automatic=True)
    mine = notes.add(desk.agent, thread, "Mine", client_token="note-token-1")
    entries = timeline.load(thread).entries
    assert timeline.first_unread(entries, read.pk, read_at=ago(5), me=desk.agent.pk) == ""
    other = desk.people["Admin"].pk
    assert timeline.first_unread(entries, read.pk, read_at=ago(5), me=other) == f"note-{mine.pk}"
    assert timeline.first_unread(entries, read.pk, read_at=clock.now(), me=other) == ""
