"""Invariant 5: within a thread and a destination everything goes in order; other threads pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.models import CommandState
from connectors.outbound import delivery, outbox
from inbox.models import Message, Thread
from inbox.services import notes, reply
from tests import factories
from tests.pms import Pms


def test_a_head_in_its_undo_time_holds_the_thread_only(pms: Pms) -> None:
    """Invariant 5: later messages of the thread wait behind it, other threads don't."""
    here, there = pms.threads(2)
    careful = factories.person(pms.desk.organization, undo_send_s=30)
    first = pms.reply(here, "First.", careful)
    second = pms.reply(here, "Second.", send_anyway=True)
    other = pms.reply(there, "Other thread.")
    pms.run()
    assert [state(pms, m) for m in (first, second, other)] == ["waiting", "waiting", "confirmed"]
    pms.forward(31)
    pms.run()
    assert [post["body"] for post in pms.posts(here)][-2:] == ["First.", "Second."]


def test_a_head_that_is_read_back_holds(pms: Pms) -> None:
    """Invariant 5: what came later must not overtake one whose outcome is unknown."""
    thread = pms.thread()
    pms.fault("cut_after_work", path="*/send-message", count=1)
    first, second = pms.reply(thread, "Lost answer."), pms.reply(thread, "Behind it.")
    pms.run()
    assert [state(pms, first), state(pms, second)] == ["unknown", "waiting"]
    pms.forward(3)
    pms.run()
    assert [post["body"] for post in pms.posts(thread)][-2:] == ["Lost answer.", "Behind it."]


def test_a_head_that_is_tried_again_holds(pms: Pms) -> None:
    """Invariant 5, after 429."""
    thread = pms.thread()
    pms.fault("too_many", path="*/send-message", retry_after=5, count=1)
    first, second = pms.reply(thread, "Too many."), pms.reply(thread, "After it.")
    pms.run()
    assert [state(pms, first), state(pms, second)] == ["waiting", "waiting"]
    pms.forward(6)
    pms.run()
    assert [post["body"] for post in pms.posts(thread)][-2:] == ["Too many.", "After it."]


def test_a_note_waits_for_the_message_before_it(pms: Pms) -> None:
    """Invariant 5: messages and notes of a thread share one line."""
    thread = pms.thread()
    careful = factories.person(pms.desk.organization, undo_send_s=30)
    pms.reply(thread, "Message first.", careful)
    note = notes.add(careful, thread, "Note after.", client_token="note-after", to_pms=True)
    pms.run()
    note.refresh_from_db()
    assert note.pms_state == "queued"
    pms.forward(31)
    pms.run()
    shown = [post["body"] for post in pms.posts(thread)]
    assert shown.index("Message first.") < next(n for n, body in enumerate(shown) if "Note after." in body)


def fail(pms: Pms, thread: Thread) -> None:
    pms.fault("error_in_200", path="*/send-message", count=1)
    pms.reply(thread, "Head.")


def stay_unconfirmed(pms: Pms, thread: Thread) -> None:
    pms.fault("html_error", path="*/send-message", count=1)
    pms.reply(thread, "Head.")


def be_withdrawn(pms: Pms, thread: Thread) -> None:
    careful = factories.person(pms.desk.organization, undo_send_s=30)
    reply.withdraw(careful, pms.reply(thread, "Head.", careful))


def be_given_up(pms: Pms, thread: Thread) -> None:
    careful = factories.person(pms.desk.organization, undo_send_s=30)
    message = pms.reply(thread, "Head.", careful)
    outbox.give_up(pms.command(message).pk, "An operator gave it up.")


@pytest.mark.parametrize("end", [fail, stay_unconfirmed, be_withdrawn, be_given_up])
def test_a_head_that_ended_frees_the_thread(pms: Pms, end: Callable[[Pms, Thread], None]) -> None:
    """Invariant 5: failed, unconfirmed and cancelled heads hold nobody."""
    thread = pms.thread()
    end(pms, thread)
    behind = pms.reply(thread, "Behind.", send_anyway=True)
    for seconds in (0, 3, 62):
        pms.forward(seconds)
        pms.run()
    pms.once(thread, behind)
    assert pms.posts(thread, "Head.") == []


def test_an_agent_goes_before_bulk(pms: Pms) -> None:
    """Invariant 9: of what is due, an agent's reply goes first."""
    from connectors.contract.intents import SendMessage
    from connectors.models import Command, Origin

    threads = pms.threads(3)
    for n, thread in enumerate(threads[:2]):
        intent = SendMessage(
            conversation_id=thread.conversation_id, body=f"Bulk {n}", channel_raw=thread.channel_raw
        )
        outbox.enqueue(
            pms.connection, intent, subject="bulk", order_key=thread.order_key, origin=Origin.SEQUENCE
        )
    message = pms.reply(threads[2], "An agent's.")
    delivery.drain()
    sent = [post["body"] for thread in threads for post in pms.posts(thread)]
    assert {"An agent's.", "Bulk 0", "Bulk 1"} <= set(sent)
    subjects = Command.objects.order_by("settled_at").values_list("subject", flat=True)
    assert list(subjects) == [f"message:{message.pk}", "bulk", "bulk"]
    assert state(pms, message) == "confirmed"


def state(pms: Pms, message: Message) -> str:
    return CommandState(pms.command(message).state).value
