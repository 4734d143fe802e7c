"""WhatsApp by Meta, which can't be asked what became of a message: reports settle it, or a person does."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.inbound import subscriptions
from inbox.models import Destination, Message, Receipt, ReceiptState, Thread
from inbox.services import ways
from tests.channels import WHATSAPP, Phones, connect
from tests.pms import Pms

GUEST = "+14155550131"
SEND = {"path": "*/messages", "method": "POST", "count": 1}


@pytest.fixture
def phones(pms: Pms) -> Phones:
    made = Phones(pms)
    connection = connect(pms.desk.organization, "whatsapp", f"{made.root}/graph", WHATSAPP)
    assert subscriptions.ensure(connection)
    return made


@pytest.fixture
def thread(pms: Pms, phones: Phones) -> Thread:
    phones.whatsapps(GUEST, "Hello?")
    return Message.objects.get(body="Hello?").thread


def state(message: Message) -> str:
    return Receipt.objects.get(message=message, destination=Destination.GUEST).state


def on(phones: Phones) -> list[str]:
    rows: list[dict[str, Any]] = phones.control(f"phones/{GUEST}/messages?kind=whatsapp")["messages"]
    return [row["body"] for row in rows]


def test_a_lost_answer_is_settled_by_a_report(pms: Pms, phones: Phones, thread: Thread) -> None:
    phones.fault("cut_after_work", "whatsapp", **SEND)
    message = pms.reply(thread, "Here we are.")
    phones.until(lambda: state(message) in {ReceiptState.DELIVERED, ReceiptState.READ})
    assert on(phones).count("Here we are.") == 1


def test_without_a_report_a_person_decides_and_a_late_one_still_does(
    pms: Pms, phones: Phones, thread: Thread
) -> None:
    """Invariant 3: never sent again by itself."""
    phones.fault("cut_after_work", "whatsapp", **SEND)
    phones.fault("webhook_delay", "whatsapp", event="status.*", seconds=7200)
    message = pms.reply(thread, "Here we are.")
    pms.run()
    assert state(message) == ReceiptState.SENDING
    for _ in range(3):
        pms.forward(65)
        pms.run()
    assert state(message) == ReceiptState.UNCONFIRMED
    phones.heal("whatsapp")
    phones.forward(7200)
    phones.until(lambda: state(message) in {ReceiptState.DELIVERED, ReceiptState.READ})
    assert on(phones).count("Here we are.") == 1


def test_a_closed_window_asks_for_a_template(pms: Pms, phones: Phones, thread: Thread) -> None:
    """It is known here before the provider refuses it, and opens with the guest's next message."""

    def choice() -> ways.Choice:
        return next(one for one in ways.of(thread) if one.value == GUEST and one.channel == "whatsapp")

    assert not choice().needs_template
    phones.forward(24 * 3600)
    assert choice().needs_template
    assert choice().refusal, "there is no template yet"
    phones.whatsapps(GUEST, "Still there?")
    assert not choice().needs_template
