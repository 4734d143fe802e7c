"""Invariant 3: whatever happens on the wire, a message stands exactly once on each side."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from bellhop.core import clock
from connectors.contract.intents import SetCustomField
from connectors.models import Attempt, CommandState, Connection, ConnectionHealth
from connectors.outbound import caller, limits, outbox
from inbox.models import ReceiptState
from inbox.services import reply
from tests.pms import OFFLINE, Pms

AFTER_EFFECT: list[tuple[str, dict[str, Any]]] = [
    ("error_after_work", {"status": 500}),
    ("cut_after_work", {}),
    ("truncated", {}),
]


@pytest.mark.parametrize(("fault", "parameters"), AFTER_EFFECT)
def test_an_effect_without_an_answer_is_found_by_reading(
    pms: Pms, fault: str, parameters: dict[str, Any]
) -> None:
    """Invariant 3: 500, cut line and spoilt answer after the effect."""
    thread = pms.thread()
    pms.fault(fault, path="*/send-message", **parameters)
    message = pms.reply(thread, f"Answered through {fault}.")
    pms.run()
    assert pms.command(message).state == CommandState.UNKNOWN
    assert {receipt.checking for receipt in message.receipts.all()} == {True}
    pms.forward(3)
    pms.run()
    assert pms.command(message).state == CommandState.CONFIRMED
    states = dict(message.receipts.values_list("destination", "state"))
    assert states == {"guest": ReceiptState.SENT, "pms": ReceiptState.DELIVERED}
    pms.once(thread, message)


@pytest.mark.parametrize("fault", ["html_error", "down"])
def test_without_effect_and_without_answer_a_person_decides(pms: Pms, fault: str) -> None:
    """Invariant 3: read back twice, the later time past the propagation delay; then unconfirmed, never sent blindly."""
    thread = pms.thread()
    pms.fault(fault, path="*/send-message")
    message = pms.reply(thread, "Did this arrive?")
    pms.run()
    pms.heal()
    pms.forward(3)
    pms.run()
    command = pms.command(message)
    assert (command.state, command.reads) == (CommandState.UNKNOWN, 1)
    pms.forward(62)
    pms.run()
    assert pms.command(message).state == CommandState.UNCONFIRMED
    assert {receipt.state for receipt in message.receipts.all()} == {ReceiptState.UNCONFIRMED}
    assert pms.posts(thread, "Did this") == []
    reply.send_again(pms.desk.agent, message)
    pms.run()
    pms.once(thread, message)


def test_it_arrived_says_a_person(pms: Pms) -> None:
    """Invariant 3: nothing is sent; what the PMS tells about it later is the same message."""
    thread = pms.thread()
    pms.fault("error_after_work", path="*/send-message")
    pms.fault("stale_reads", path="*/posts", seconds=600)
    message = pms.reply(thread, "It did arrive.")
    pms.run()
    for _ in range(3):
        pms.forward(62)
        pms.run()
    assert pms.command(message).state == CommandState.UNCONFIRMED
    reply.mark_arrived(pms.desk.agent, message)
    pms.heal()
    pms.thread()
    pms.run()
    pms.once(thread, message)


def test_stale_reads_are_outwaited(pms: Pms) -> None:
    """Invariant 3, fault 14: the answer is dropped and reads lag 20 s behind."""
    thread = pms.thread()
    pms.fault("cut_after_work", path="*/send-message")
    pms.fault("stale_reads", seconds=20)
    message = pms.reply(thread, "Seen only after a while.")
    pms.run()
    pms.forward(3)
    pms.run()
    assert pms.command(message).state == CommandState.UNKNOWN
    pms.control("faults/stale_reads", "DELETE")
    pms.forward(62)
    pms.run()
    assert pms.command(message).state == CommandState.CONFIRMED
    pms.once(thread, message)


def test_two_equal_texts_in_a_row_are_two_messages(pms: Pms) -> None:
    """Invariant 3: the second one's read-back must not adopt the first one."""
    thread = pms.thread()
    first = pms.reply(thread, "On our way.")
    pms.run()
    pms.fault("html_error", path="*/send-message")
    second = pms.reply(thread, "On our way.")
    pms.run()
    pms.heal()
    pms.forward(3)
    pms.run()
    pms.forward(62)
    pms.run()
    assert pms.command(first).state == CommandState.CONFIRMED
    assert pms.command(second).state == CommandState.UNCONFIRMED
    assert len(pms.posts(thread, "On our way.")) == 1
    assert thread.messages.filter(body="On our way.").count() == 2


def test_two_equal_texts_both_without_an_answer(pms: Pms) -> None:
    """Invariant 3: each read-back finds its own."""
    thread = pms.thread()
    pms.fault("cut_after_work", path="*/send-message")
    first, second = pms.reply(thread, "Yes."), pms.reply(thread, "Yes.")
    for _ in range(4):
        pms.run()
        pms.forward(3)
    pms.run()
    ids = {pms.command(first).remote_id, pms.command(second).remote_id}
    assert ids == {post["id"] for post in pms.posts(thread, "Yes.")}
    assert len(ids) == 2


def test_refused_before_the_effect_is_tried_again_by_itself(pms: Pms) -> None:
    """Invariant 3: 429 means that nothing was done."""
    thread = pms.thread()
    pms.fault("too_many", path="*/send-message", retry_after=4, count=1)
    message = pms.reply(thread, "A moment later.")
    pms.run()
    assert pms.command(message).state == CommandState.WAITING
    pms.forward(5)
    pms.run()
    pms.once(thread, message)


def test_a_refusal_is_final_and_can_be_tried_again(pms: Pms) -> None:
    """Invariants 3 and 12: 200 with an error in it did nothing; the agent sees why and may retry."""
    thread = pms.thread()
    pms.fault("error_in_200", path="*/send-message", count=1)
    message = pms.reply(thread, "Refused at first.")
    pms.run()
    assert pms.command(message).state == CommandState.FAILED
    assert pms.command(message).reason
    reply.send_again(pms.desk.agent, message)
    pms.run()
    pms.once(thread, message)


def test_the_propagation_delay_counts_from_when_it_left(pms: Pms) -> None:
    """Invariant 3: an early try that was refused doesn't make a later one look old."""
    thread = pms.thread()
    pms.fault("too_many", path="*/send-message", retry_after=100, count=1)
    message = pms.reply(thread, "Waited, then lost.")
    pms.run()
    pms.fault("cut_after_work", path="*/send-message")
    pms.fault("stale_reads", seconds=20)
    pms.forward(110)
    pms.run()
    assert pms.command(message).state == CommandState.UNKNOWN
    for _ in range(4):
        pms.forward(4)
        pms.run()
    assert pms.command(message).state == CommandState.UNKNOWN, "given up before it could be seen"
    pms.heal()
    pms.forward(60)
    pms.run()
    assert pms.command(message).state == CommandState.CONFIRMED
    pms.once(thread, message)


def test_every_try_is_on_record(pms: Pms) -> None:
    thread = pms.thread()
    pms.fault("error_after_work", path="*/send-message")
    message = pms.reply(thread, "On record.")
    pms.run()
    pms.forward(3)
    pms.run()
    tries = list(
        pms.command(message).attempts.order_by("number").values_list("number", "read_back", "result")
    )
    assert tries == [(1, False, Attempt.Result.UNKNOWN), (2, True, Attempt.Result.FOUND)]


@pytest.mark.parametrize("fault", ["truncated", "cut_after_work"])
def test_a_field_whose_answer_is_spoilt_is_not_failed(pms: Pms, fault: str) -> None:
    """What may be written twice is written, seen or written again; never told as failed although it stands there."""
    connector, call = caller.connector_for(pms.connection), caller.caller_for(pms.connection)
    field = next(iter(connector.text_fields(call)))
    stay = pms.control("reservations/TEST-0001")["id"]
    pms.fault(fault, path="*custom-fields", method="PUT", count=1)
    intent = SetCustomField(reservation_id=stay, field_id=field, value="late 13:00")
    with transaction.atomic():
        command = outbox.enqueue(pms.connection, intent, subject="field", order_key="field")
    pms.run()
    for _ in range(3):
        pms.forward(65)
        pms.run()
    command.refresh_from_db()
    assert command.state == CommandState.CONFIRMED, command.reason


def test_waiting_for_our_own_limit_is_no_try(pms: Pms) -> None:
    """Invariant 9: nothing was asked, so nothing is counted; it keeps its place and the connection is held."""
    message = pms.reply(pms.thread(), "In a moment.")
    limits.hold(caller.connector_for(pms.connection).limits_by_key(), 30)
    pms.run()
    command = pms.command(message)
    assert (command.state, command.tries, command.attempts.count()) == (CommandState.WAITING, 0, 0)
    hold = ConnectionHealth.objects.get(pk=pms.connection.pk).hold_until
    assert hold is not None
    assert hold > clock.now()
    pms.forward(31)
    pms.run()
    assert pms.command(message).state == CommandState.CONFIRMED
    assert pms.command(message).tries == 1


def test_what_finds_no_line_has_not_left(pms: Pms) -> None:
    """The moment of leaving is committed when the line is open, so that all before it may simply be tried again."""
    message = pms.reply(pms.thread(), "Is anybody there?")
    Connection.objects.filter(pk=pms.connection.pk).update(base_url=OFFLINE)
    pms.run()
    attempt = Attempt.objects.filter(command=pms.command(message)).latest("number")
    assert (attempt.left_at, attempt.result) == (None, Attempt.Result.RETRY)
    assert pms.command(message).state == CommandState.WAITING
