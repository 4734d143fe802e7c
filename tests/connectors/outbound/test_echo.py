"""Invariant 4: what the PMS shows us of our own is recognised, whatever comes first and however it was altered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bellhop.core import clock
from connectors.contract.records import AuthorKind, Direction, MessageRecord
from connectors.models import Command, CommandState
from connectors.outbound import claim, echo
from connectors.outbound.claim import Claim
from inbox.models import ReceiptState
from inbox.services import receipts, reply
from tests import factories
from tests.pms import Pms

LONG = "Your room is ready 🏡, the key is in the box by the door, and breakfast is from eight to ten 🥐 tomorrow."


def test_response_before_echo(pms: Pms) -> None:
    """Invariant 4: sent by the answer, delivered by the webhook."""
    thread = pms.thread()
    pms.subscribe()
    pms.fault("webhook_delay", seconds=30)
    message = pms.reply(thread, "First the answer.")
    pms.run()
    assert dict(message.receipts.values_list("destination", "state"))["pms"] == ReceiptState.SENT
    pms.forward(31)
    pms.hear()
    assert dict(message.receipts.values_list("destination", "state"))["pms"] == ReceiptState.DELIVERED
    pms.once(thread, message)


def test_echo_before_response(pms: Pms) -> None:
    """Invariant 4: the webhook is processed while the request is still open."""
    thread = pms.thread()
    message = pms.reply(thread, "First the echo.")
    held = claimed()
    remote_id = deliver_as_the_pms(pms, held)
    assert tell(pms, message.body, remote_id) == "our own message"
    assert pms.command(message).state == CommandState.CONFIRMED
    assert pms.command(message).matched_by_text
    answer(held, remote_id)
    pms.run()
    pms.once(thread, message)


def test_an_echo_while_the_response_is_being_written_down(pms: Pms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 4: the answer's commit falls between the look for the id and the look for the text."""
    thread = pms.thread()
    message = pms.reply(thread, "Both at once.")
    held = claimed()
    remote_id = deliver_as_the_pms(pms, held)
    look = echo._candidates

    def after_the_answer(*given: Any) -> list[Command]:
        answer(held, remote_id)
        return look(*given)

    monkeypatch.setattr(echo, "_candidates", after_the_answer)
    assert tell(pms, message.body, remote_id) == "our own message"
    assert not pms.command(message).matched_by_text
    assert factories.bodies(thread).count("Both at once.") == 1


@pytest.mark.parametrize(
    "shown",
    [
        LONG.replace("🏡", "").replace("🥐", ""),
        LONG[:60],
        LONG.replace(" ", "  ").upper(),
        LONG.replace("🏡", "&nbsp;<br>"),
    ],
    ids=["emoji dropped", "cut", "white space and case", "as HTML"],
)
def test_an_altered_echo_is_ours(pms: Pms, shown: str) -> None:
    """Invariant 4: channels drop symbols and cut long texts."""
    thread = pms.thread()
    pms.reply(thread, LONG)
    held = claimed()
    remote_id = deliver_as_the_pms(pms, held)
    assert tell(pms, shown, remote_id) == "our own message"
    answer(held, remote_id)
    pms.run()
    assert factories.bodies(thread).count(LONG) == 1
    assert shown not in factories.bodies(thread)


def test_a_short_text_must_be_equal(pms: Pms) -> None:
    """Invariant 4: "Yes" of a colleague isn't the beginning of our "Yes, of course"."""
    thread = pms.thread()
    message = pms.reply(thread, "Yes, of course.")
    held = claimed()
    assert tell(pms, "Yes", "posted-by-a-colleague") == "message"
    remote_id = deliver_as_the_pms(pms, held)
    answer(held, remote_id)
    pms.run()
    pms.once(thread, message)
    assert factories.bodies(thread).count("Yes") == 1


@pytest.mark.parametrize("mirrored_first", [True, False])
def test_a_colleague_types_the_same_text(pms: Pms, mirrored_first: bool) -> None:
    """Invariant 4: a match by text is taken back when the id shows that it was somebody else's message."""
    thread = pms.thread()
    pms.subscribe()
    message = pms.reply(thread, "Your taxi is here.")
    held = claimed()
    theirs = pms.staff_writes(thread, "Your taxi is here.")
    pms.hear()
    assert pms.command(message).remote_id == theirs
    ours = deliver_as_the_pms(pms, held)
    if not mirrored_first:
        # The second webhook arrives before the answer does.
        pms.hear()
    answer(held, ours)
    receipts.after_settling()
    pms.hear()
    pms.run()
    found = {row.remote_id: row.author for row in thread.messages.filter(body="Your taxi is here.")}
    assert found == {ours: "agent", theirs: "pms_staff"}
    assert dict(message.receipts.values_list("destination", "state"))["guest"] == ReceiptState.SENT


def test_a_colleagues_same_text_that_only_a_read_showed(pms: Pms) -> None:
    """Invariant 4: without a webhook to replay, the next catch-up brings the colleague's message."""
    thread = pms.thread()
    message = pms.reply(thread, "Your taxi is here.")
    held = claimed()
    theirs = pms.staff_writes(thread, "Your taxi is here.")
    pms.thread()
    assert pms.command(message).remote_id == theirs
    ours = deliver_as_the_pms(pms, held)
    answer(held, ours)
    pms.run()
    pms.thread()
    found = {row.remote_id: row.author for row in thread.messages.filter(body="Your taxi is here.")}
    assert found == {ours: "agent", theirs: "pms_staff"}


def test_an_echo_meets_the_one_on_the_wire_before_one_given_up(pms: Pms) -> None:
    """Invariants 3 and 4: the same text once more, after an unconfirmed one."""
    thread = pms.thread()
    pms.fault("html_error", path="*/send-message")
    first = pms.reply(thread, "Welcome!")
    pms.run()
    pms.heal()
    for seconds in (3, 62):
        pms.forward(seconds)
        pms.run()
    assert pms.command(first).state == CommandState.UNCONFIRMED
    second = pms.reply(thread, "Welcome!")
    held = claimed()
    remote_id = deliver_as_the_pms(pms, held)
    assert tell(pms, "Welcome!", remote_id) == "our own message"
    answer(held, remote_id)
    pms.run()
    second.refresh_from_db()
    assert second.remote_id == remote_id
    assert pms.command(first).state == CommandState.UNCONFIRMED
    assert thread.messages.filter(body="Welcome!").count() == 2


def test_what_shows_up_after_it_was_sent_again_is_shown_too(pms: Pms) -> None:
    """Invariant 4: the agent decided; Bellhop then shows what the PMS has, both of them."""
    thread = pms.thread()
    pms.fault("html_error", path="*/send-message")
    message = pms.reply(thread, "Did you get this?")
    pms.run()
    pms.heal()
    for seconds in (3, 62):
        pms.forward(seconds)
        pms.run()
    reply.send_again(pms.desk.agent, message)
    pms.run()
    assert tell(pms, "Did you get this?", "late-after-all") == "message"
    assert thread.messages.filter(body="Did you get this?").count() == 2


def test_duplicated_and_reordered_webhooks(pms: Pms) -> None:
    """Invariants 3 and 4: three times each, newest first."""
    thread = pms.thread()
    pms.subscribe()
    pms.fault("webhook_duplicate", times=3)
    pms.fault("webhook_reorder", batch=4, seconds=1)
    guest = [pms.guest_writes(thread, f"Question {n}") for n in range(3)]
    message = pms.reply(thread, "One answer to all.")
    pms.run()
    pms.forward(2)
    pms.hear()
    pms.once(thread, message)
    shown = [
        row.remote_id for row in thread.messages.filter(body__startswith="Question").order_by("sent_at", "id")
    ]
    assert shown == guest


def test_a_note_of_ours_is_recognised(pms: Pms) -> None:
    """Invariant 4, notes."""
    from inbox.models import Note
    from inbox.services import notes

    thread = pms.thread()
    note = notes.add(pms.desk.agent, thread, "Allergic to feathers.", client_token="note-token", to_pms=True)
    pms.run()
    pms.thread()
    assert Note.objects.filter(thread=thread, body__contains="feathers").count() == 1
    note.refresh_from_db()
    assert note.pms_state in {ReceiptState.SENT, ReceiptState.DELIVERED}


def test_another_conversation_is_another_matter(pms: Pms) -> None:
    """Invariant 4: a match by text holds within its thread, author and time window."""
    here, there = pms.threads(2)
    pms.reply(here, "Good morning to you.")
    held = claimed()
    now = clock.now()
    for changes in (
        {"conversation_id": there.conversation_id},
        {"direction": Direction.INBOUND, "author_kind": AuthorKind.GUEST},
        {"sent_at": now - timedelta(minutes=30)},
        {"sent_at": now + timedelta(hours=100)},
    ):
        record = MessageRecord(
            **{**fields(held.command.conversation_id, "Good morning to you.", "x1"), **changes}  # type: ignore[arg-type]
        )
        assert not echo.is_ours(pms.connection.pk, record, None), changes
    assert Command.objects.get(pk=held.command.pk).state == CommandState.IN_FLIGHT


# --- the wire, step by step ---
def claimed() -> Claim:
    """A worker has the next Command and has not called yet."""
    found = claim.take()
    assert found is not None
    return found


def deliver_as_the_pms(pms: Pms, held: Claim) -> str:
    """The request reached the PMS, which posted the text; the answer is still under way. Returns the post's id."""
    from connectors.outbound import caller
    from connectors.outbound.outbox import intent_of

    call = caller.caller_for(held.command.connection)
    return call.connector.perform(call, intent_of(held.command)).remote_id


def answer(held: Claim, remote_id: str) -> None:
    """Now the answer comes in."""
    from connectors.outbound import settle

    settle.confirmed(held, remote_id, status=200)


def fields(conversation_id: str, body: str, remote_id: str) -> dict[str, Any]:
    return {
        "external_id": remote_id,
        "conversation_id": conversation_id,
        "direction": Direction.OUTBOUND,
        "author_kind": AuthorKind.STAFF,
        "body_text": body,
        "sent_at": clock.now(),
    }


def tell(pms: Pms, body: str, remote_id: str) -> str:
    """The PMS shows an outbound message. Returns what became of it."""
    conversation_id = Command.objects.order_by("-id").values_list("conversation_id", flat=True)[0]
    return factories.tell(pms.connection, MessageRecord(**fields(conversation_id, body, remote_id)))
