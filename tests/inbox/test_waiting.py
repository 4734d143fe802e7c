"""Who waits for an answer, since when, and what a row of the list shows (ux L6, L8, L10, L11)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bellhop.core import clock
from connectors.contract.records import AuthorKind
from connectors.models import Command, CommandState
from connectors.outbound import outbox
from inbox.models import Receipt, ReceiptState, Thread, ThreadEvent, ThreadStatus
from inbox.services import listing, notes, receipts, reply, row_view, standing, triage
from tests import factories
from tests.factories import Desk


@pytest.fixture
def thread(desk: Desk) -> Thread:
    return factories.thread(desk)


def ago(minutes: float) -> object:
    return clock.now() - timedelta(minutes=minutes)


def test_the_oldest_unanswered_counts(desk: Desk, thread: Thread) -> None:
    first = factories.says(thread, "One", at=ago(30))
    factories.says(thread, "Two", at=ago(10))
    assert thread.waiting_since == first.sent_at
    factories.answers(desk.agent, thread, "Here")
    assert thread.waiting_since is None
    third = factories.says(thread, "Three")
    assert thread.waiting_since == third.sent_at


def test_an_answer_typed_in_the_pms_counts_an_automatic_one_does_not(desk: Desk, thread: Thread) -> None:
    factories.says(thread, "Hello?", at=ago(30))
    factories.staff_says(thread, "Welcome (automatic)", at=ago(20), automatic=True)
    assert thread.waiting_since is not None
    notes.add(desk.agent, thread, "I will call them.", client_token="note-1")
    thread.refresh_from_db()
    assert thread.waiting_since is not None
    factories.staff_says(thread, "Hello!", at=ago(5))
    assert thread.waiting_since is None


def test_disorder_makes_no_difference(desk: Desk, thread: Thread) -> None:
    """An answer that is told before its question, and a question that arrives after its answer."""
    factories.staff_says(thread, "Eight o'clock.", at=ago(5))
    late = factories.says(thread, "When is breakfast?", at=ago(10))
    assert late.arrived_late
    assert thread.waiting_since is None
    assert thread.preview == "Eight o'clock."
    assert factories.bodies(thread) == ["When is breakfast?", "Eight o'clock."]


def test_no_answer_needed_and_back(desk: Desk, thread: Thread) -> None:
    first = factories.says(thread, "Thanks!", at=ago(5))
    triage.no_answer_needed(desk.agent, thread)
    thread.refresh_from_db()
    assert thread.waiting_since is None
    second = factories.says(thread, "One more thing", at=ago(1))
    assert thread.waiting_since == second.sent_at
    triage.needs_answer(desk.agent, thread)
    thread.refresh_from_db()
    assert thread.waiting_since == first.sent_at


def test_a_withdrawn_answer_is_none(desk: Desk, thread: Thread) -> None:
    asked = factories.says(thread, "Hello?", at=ago(5))
    message = factories.answers(desk.agent, thread, "Oops")
    reply.withdraw(desk.agent, message)
    thread.refresh_from_db()
    assert thread.waiting_since == asked.sent_at
    assert thread.preview == "Hello?"


def test_a_thread_with_nothing_but_a_withdrawn_answer_shows_none(desk: Desk, thread: Thread) -> None:
    message = factories.answers(desk.agent, thread, "Wrong guest!")
    reply.withdraw(desk.agent, message)
    thread.refresh_from_db()
    assert (thread.preview, thread.preview_author, thread.last_message_id) == ("", "", None)


def test_a_failed_answer_is_none_and_reopens_the_thread(desk: Desk, thread: Thread) -> None:
    """Invariant 12, ux R3: who closed with a reply that then fails, hears of it and finds it in Needs reply."""
    asked = factories.says(thread, "Hello?", at=ago(5))
    message = factories.answers(desk.agent, thread, "Bye!", then="close")
    assert thread.status == ThreadStatus.CLOSED
    settle(message.pk, CommandState.FAILED)
    thread.refresh_from_db()
    assert (thread.status, thread.waiting_since) == (ThreadStatus.OPEN, asked.sent_at)
    assert listing.counts(desk.agent)["failed"] == 1
    from bellhop.core.models import LiveEvent

    alert = LiveEvent.objects.get(topic="alert")
    assert alert.user_id == desk.agent.pk
    reply.send_again(desk.agent, message)
    settle(message.pk, CommandState.CONFIRMED)
    thread.refresh_from_db()
    assert thread.waiting_since is None


def settle(message_id: int, state: CommandState) -> None:
    command = Command.objects.get(pk=Receipt.objects.filter(message_id=message_id)[0].command_id or 0)
    outbox._end(command, state, "as the test says")
    receipts.after_settling()


def test_what_a_guest_message_reopens(desk: Desk, thread: Thread) -> None:
    """ux L11."""
    triage.close(desk.agent, thread)
    factories.staff_says(thread, "From the PMS")
    assert thread.status == ThreadStatus.CLOSED
    factories.says(thread, "An old one", history=True)
    assert thread.status == ThreadStatus.CLOSED
    factories.says(thread, "I am back")
    assert thread.status == ThreadStatus.OPEN
    assert thread.woken_at is None


def test_unread_is_per_person(desk: Desk, thread: Thread) -> None:
    """ux L10."""
    colleague = factories.person(desk.organization)
    message = factories.says(thread, "Hello?")
    assert unread(desk, thread) == unread_of(colleague, thread) is True
    triage.mark_read(desk.agent, thread, message.pk)
    assert (unread(desk, thread), unread_of(colleague, thread)) == (False, True)
    triage.mark_read(desk.agent, thread, 0)
    assert not unread(desk, thread), "reading never goes back"
    triage.mark_unread(desk.agent, thread)
    assert unread(desk, thread)
    triage.mark_read(desk.agent, thread, message.pk)
    assert not unread(desk, thread)
    factories.staff_says(thread, "From the PMS")
    assert not unread(desk, thread), "a colleague's message is nothing new from the guest"


def unread(desk: Desk, thread: Thread) -> bool:
    return unread_of(desk.agent, thread)


def unread_of(user: object, thread: Thread) -> bool:
    found = listing.row(user, thread.pk)  # type: ignore[arg-type]
    assert found is not None
    return row_view.is_unread(found)


@pytest.mark.parametrize(
    ("minutes", "level"), [(0, ""), (35, ""), (36, "warn"), (44, "warn"), (45, "bad"), (900, "bad")]
)
def test_the_timer_turns_amber_and_red(desk: Desk, thread: Thread, minutes: int, level: str) -> None:
    """ux L6: at 80 % and 100 % of the reply target of 45 minutes."""
    now = clock.now()
    thread.waiting_since = now - timedelta(minutes=minutes)
    assert row_view.waiting(thread, now) == (minutes, level)


def test_the_author_before_the_preview(desk: Desk, thread: Thread) -> None:
    """ux L8."""
    factories.says(thread, "Hi", at=ago(9))
    assert row_view.author_words(thread.preview_author, desk.agent.pk) == ""
    factories.staff_says(thread, "Hi", at=ago(8), automatic=True)
    assert row_view.author_words(thread.preview_author, desk.agent.pk) == "Auto:"
    factories.staff_says(thread, "Hi", at=ago(7))
    assert row_view.author_words(thread.preview_author, desk.agent.pk) == "PMS:"
    factories.answers(desk.agent, thread, "Hi")
    assert row_view.author_words(thread.preview_author, desk.agent.pk) == "You:"
    assert row_view.author_words(thread.preview_author, None) == "Agent:"


def test_every_change_counts_the_version_up(desk: Desk, thread: Thread) -> None:
    """Cached rows are found by it."""
    seen = {thread.version}
    message = factories.says(thread, "Hi")
    seen.add(thread.version)
    mine = factories.answers(desk.agent, thread, "Hi", seen_message_id=message.pk)
    seen.add(thread.version)
    settle(mine.pk, CommandState.FAILED)
    thread.refresh_from_db()
    seen.add(thread.version)
    triage.close(desk.agent, thread)
    thread.refresh_from_db()
    seen.add(thread.version)
    assert len(seen) == 5


def test_owners_and_the_system_stay_out(desk: Desk, thread: Thread) -> None:
    from connectors.contract.records import ConversationRecord

    assert (
        factories.tell(desk.connection, ConversationRecord(external_id="own", is_guest=False))
        != "conversation"
    )
    assert not Thread.objects.filter(conversation_id="own").exists()
    factories.told(thread, "Log line", author=AuthorKind.SYSTEM)
    assert factories.bodies(thread) == []


def test_told_twice_stands_once(desk: Desk, thread: Thread) -> None:
    """Invariant 3."""
    for _ in range(3):
        factories.told(thread, "Once", remote_id="p1")
    assert factories.bodies(thread) == ["Once"]
    assert ThreadEvent.objects.count() == 0
    states = Receipt.objects.values_list("destination", "state")
    assert list(states) == [("pms", ReceiptState.DELIVERED)]
    assert standing.of(thread).answered_at is None
