"""The two legs of a message on a channel of our own, under every fault: each alone, once, and forward only."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection as database
from django.db import transaction

from bellhop.core import clock
from connectors.contract.errors import ConnectorError
from connectors.models import Command, CommandState, Connection, ConnectionHealth, Origin
from connectors.outbound import caller, leases, probe
from inbox.models import Destination, Message, Notice, Receipt, ReceiptState, Thread, ThreadStatus
from inbox.services import automatic, later, reply, threads, timeline
from reservations.models import ContactKind, ContactPoint, DeadAddress
from tests import factories
from tests.channels import OUR_NUMBER, TWILIO, Phones
from tests.harness.processes import Program
from tests.pms import Pms

GUEST = "+14155550131"
SEND = {"path": "*/Messages.json", "method": "POST"}
G, P = Destination.GUEST, Destination.PMS
DELIVERED, SENT, QUEUED = ReceiptState.DELIVERED, ReceiptState.SENT, ReceiptState.QUEUED
FAILED = ReceiptState.FAILED


@pytest.fixture
def phones(pms: Pms) -> Phones:
    return Phones(pms)


@pytest.fixture
def thread(pms: Pms, phones: Phones) -> Thread:
    """The thread of a stay whose guest has just texted."""
    found = pms.thread()
    pms.read_stay()
    found.refresh_from_db()
    assert found.guest is not None
    ContactPoint.objects.create(
        organization=found.organization, guest=found.guest, kind=ContactKind.PHONE, value=GUEST
    )
    phones.texts(GUEST, "Hello?")
    found.refresh_from_db()
    return found


def legs(message: Message) -> dict[str, str]:
    return dict(Receipt.objects.filter(message=message).values_list("destination", "state"))


def copies(pms: Pms, thread: Thread, text: str) -> list[str]:
    """What the PMS keeps of it."""
    return [post["body"] for post in pms.posts(thread) if text in post["body"]]


def everywhere_once(pms: Pms, phones: Phones, thread: Thread, text: str) -> None:
    """Invariant 3, with two destinations."""
    assert phones.on(GUEST).count(text) == 1
    assert len(copies(pms, thread, text)) == 1
    assert thread.messages.filter(body__contains=text, withdrawn_at=None).count() == 1


def notice(connection: Connection) -> None:
    """Calls fail until the breaker opens."""
    connector, call = caller.connector_for(connection), caller.caller_for(connection)
    for _ in range(3):
        with contextlib.suppress(ConnectorError):
            connector.ping(call)
    assert ConnectionHealth.objects.get(pk=connection.pk).down_since is not None


@pytest.mark.parametrize("fault", ["error_after_work", "cut_after_work"])
def test_an_answer_of_the_provider_that_is_lost_is_read_back(
    pms: Pms, phones: Phones, thread: Thread, fault: str
) -> None:
    phones.fault(fault, **SEND)
    phones.fault("webhook_lost")
    message = pms.reply(thread, "Only once, please.")
    pms.run()
    assert legs(message) == {G: ReceiptState.SENDING, P: SENT}
    phones.heal()
    phones.forward(3)
    phones.until(lambda: legs(message)[G] in {SENT, DELIVERED})
    phones.arrives(GUEST, "Only once, please.")
    everywhere_once(pms, phones, thread, "Only once, please.")


def test_a_provider_that_is_down_holds_up_no_copy_and_drains_in_order(
    pms: Pms, phones: Phones, thread: Thread
) -> None:
    """Invariants 5 and 8."""
    phones.fault("down")
    notice(phones.connection)
    said = [f"Number {n}" for n in range(3)]
    messages = [pms.reply(thread, text) for text in said]
    pms.run()
    assert [legs(one) for one in messages] == [{G: QUEUED, P: SENT}] * 3
    [entry] = [one for one in timeline.load(thread).entries if one.key == f"message-{messages[0].pk}"]
    assert (entry.can_undo, entry.can_take_back) == (True, False)
    phones.heal()
    reply.send_now(pms.desk.agent, messages[0])
    phones.forward(130)
    assert probe.probe_due() == 1
    phones.until(lambda: all(legs(one)[G] == DELIVERED for one in messages))
    assert [text for text in phones.on(GUEST) if text in said] == said
    for text in said:
        everywhere_once(pms, phones, thread, text)


def test_a_pms_that_is_down_holds_up_no_text_and_is_told_in_order(
    pms: Pms, phones: Phones, thread: Thread
) -> None:
    """Invariants 5 and 8."""
    pms.fault("down")
    notice(pms.connection)
    said = ["First", "Second"]
    messages = [pms.reply(thread, text) for text in said]
    phones.until(lambda: all(legs(one)[G] == DELIVERED for one in messages))
    assert {legs(one)[P] for one in messages} <= {QUEUED, ReceiptState.SENDING}
    pms.heal()
    pms.forward(130)
    assert probe.probe_due() == 1
    phones.until(lambda: all(legs(one)[P] == SENT for one in messages))
    kept = [post["body"].rpartition("\n")[2] for post in pms.posts(thread)]
    assert [text for text in kept if text in said] == said
    for text in said:
        everywhere_once(pms, phones, thread, text)


def test_reports_in_any_order_and_number_never_go_back(pms: Pms, phones: Phones, thread: Thread) -> None:
    phones.fault("webhook_duplicate", event="sms.*", times=2)
    phones.fault("webhook_reorder", event="sms.*", batch=6, seconds=1)
    message = pms.reply(thread, "Are you there?")
    pms.run()
    seen: list[str] = []

    def look() -> bool:
        seen.append(legs(message)[G])
        return seen[-1] == DELIVERED and phones.control("twilio/state")["deliveries"]["pending"] == 0

    phones.until(look)
    phones.control("twilio/redeliver", "POST", last=6)
    phones.hear()
    assert legs(message)[G] == DELIVERED
    order = [QUEUED, ReceiptState.SENDING, SENT, DELIVERED]
    assert seen == sorted(seen, key=lambda state: order.index(ReceiptState(state)))


def test_what_fails_after_it_was_sent_comes_back_to_its_author(
    pms: Pms, phones: Phones, thread: Thread
) -> None:
    """ux R3 and R4; a late *delivered* wins, and the address is good after all."""
    phones.control(f"phones/{GUEST}", "PATCH", fails_with=30005)
    message = pms.reply(thread, "Gone?", then="close")
    assert Thread.objects.get(pk=thread.pk).status == ThreadStatus.CLOSED
    phones.until(lambda: legs(message)[G] == FAILED)
    thread.refresh_from_db()
    assert (thread.status, legs(message)[P]) == (ThreadStatus.OPEN, SENT)
    assert Notice.objects.filter(user=pms.desk.agent, kind=Notice.Kind.FAILED).count() == 1
    assert DeadAddress.objects.filter(address=GUEST, channel="sms").exists()
    command = pms.command(message)
    late = {"MessageSid": command.remote_id, "MessageStatus": "delivered", "To": GUEST, "From": OUR_NUMBER}
    assert phones.posts(**late, AccountSid=TWILIO["account_sid"]) in {200, 204}
    phones.hear()
    assert legs(message)[G] == DELIVERED
    assert not DeadAddress.objects.exists()


def test_only_the_leg_that_failed_is_sent_again(pms: Pms, phones: Phones, thread: Thread) -> None:
    phones.control(f"phones/{GUEST}", "PATCH", refuses_with=21612)
    message = pms.reply(thread, "Once more")
    pms.run()
    assert legs(message) == {G: FAILED, P: SENT}
    phones.control(f"phones/{GUEST}", "PATCH", refuses_with=0)
    reply.send_again(pms.desk.agent, message)
    phones.until(lambda: legs(message)[G] == DELIVERED)
    everywhere_once(pms, phones, thread, "Once more")


def test_a_worker_that_dies_between_the_legs(
    pms: Pms, phones: Phones, thread: Thread, tmp_path: Path
) -> None:
    message = pms.reply(thread, "Half done")
    worker = Program(
        "tests.hand", database.settings_dict["NAME"], str(pms.sandbox.port), "dying", "claim",
        log=tmp_path / "hand.log",
    )  # fmt: skip
    worker.start()
    worker.says("claimed")
    worker.kill()
    pms.run()
    assert sorted(legs(message).values()) == [ReceiptState.SENDING, SENT]
    assert leases.release("dying") == 1
    phones.until(lambda: legs(message) == {G: DELIVERED, P: SENT})
    everywhere_once(pms, phones, thread, "Half done")


def test_undo_takes_both_legs_back(pms: Pms, phones: Phones, thread: Thread) -> None:
    slow = factories.person(pms.desk.organization, undo_send_s=10)
    message = pms.reply(thread, "Too early", slow)
    pms.run()
    reply.withdraw(slow, message)
    phones.forward(20)
    pms.run()
    assert phones.on(GUEST).count("Too early") == 0
    assert copies(pms, thread, "Too early") == []
    states = Command.objects.filter(subject=f"message:{message.pk}").values_list("state", flat=True)
    assert list(states) == [CommandState.CANCELLED] * 2


def test_later_both_legs_wait_and_change_together(pms: Pms, phones: Phones, thread: Thread) -> None:
    at = clock.now() + timedelta(hours=1)
    message = pms.reply(thread, "At six", send_at=at)
    later.change(pms.desk.agent, message, "At seven", at + timedelta(minutes=5), keep_if_cancelled=False)
    pms.run()
    assert (phones.on(GUEST).count("At seven"), copies(pms, thread, "At seven")) == (0, [])
    phones.forward(66 * 60)
    phones.until(lambda: legs(message) == {G: DELIVERED, P: SENT})
    everywhere_once(pms, phones, thread, "At seven")
    [copy] = copies(pms, thread, "At seven")
    assert copy.startswith("→ Guest SMS, ")
    assert copies(pms, thread, "At six") == []


def test_the_pms_keeps_nothing_that_never_left(pms: Pms, phones: Phones, thread: Thread) -> None:
    """What a plan would have said, and STOP prevented; what it did say is kept once it has left."""
    address = Message.objects.get(body="Hello?").address
    assert address is not None
    phones.forward((clock.now().replace(hour=18, minute=0) - clock.now()).total_seconds() % 86_400)
    for text in ("Kept", "Prevented"):
        with transaction.atomic():
            automatic.send(threads.lock(thread.pk), address, text, origin=Origin.SEQUENCE)
        if text == "Kept":
            phones.until(lambda: len(copies(pms, thread, "Kept")) == 1)
            phones.texts(GUEST, "STOP")
    pms.run()
    prevented = Message.objects.get(body="Prevented")
    assert legs(prevented) == {G: FAILED}
    assert copies(pms, thread, "Prevented") == []
    command = pms.command(prevented)
    assert (command.state, command.reason_code) == (CommandState.CANCELLED, "opted_out")
