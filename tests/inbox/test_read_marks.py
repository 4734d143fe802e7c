"""What a person has read is shown as read to the guest: once, last of all, and only where the house wants it."""

from __future__ import annotations

from typing import Any

import pytest

from bellhop.core import clock
from connectors.inbound import subscriptions
from connectors.models import Command, CommandKind, CommandState, Connection, ConnectionHealth, ConnectionKind
from connectors.trust import connecting
from inbox.models import Receipt, Thread
from inbox.services import read_marks, triage
from tests import factories
from tests.connectors.channels.whatsapp.test_against_sandbox import CREDENTIALS
from tests.harness.waiting import eventually
from tests.pms import SCALE, Pms

GUEST = "+14155550142"


@pytest.fixture
def connection(pms: Pms) -> Connection:
    pms.control("phones/reset", "POST")
    made = Connection.objects.create(
        organization=pms.desk.organization,
        slug="whatsapp",
        kind=ConnectionKind.CHANNEL,
        name="WhatsApp",
        stage="sandbox",
        base_url=f"http://127.0.0.1:{pms.sandbox.port}/graph",
        credentials=CREDENTIALS,
        limit_scale=SCALE,
        created_at=clock.now(),
    )
    ConnectionHealth.objects.create(connection=made)
    connecting.note_addresses(made)
    assert subscriptions.ensure(made)
    return made


def writes(pms: Pms, body: str) -> Thread:
    pms.control(f"phones/{GUEST}/whatsapp", "POST", body=body)

    def heard() -> Thread | None:
        pms.run()
        return Thread.objects.filter(messages__body=body).first()

    return eventually(heard)


def read_by_the_house(pms: Pms) -> dict[str, bool]:
    """What the guest wrote → whether their phone shows it as read."""
    shown: list[dict[str, Any]] = pms.control(f"phones/{GUEST}/messages")["messages"]
    return {one["body"]: bool(one["read_at"]) for one in shown if one["inbound"]}


def test_the_newest_stands_for_all_before_it_and_is_marked_once(pms: Pms, connection: Connection) -> None:
    writes(pms, "Hello?")
    thread = writes(pms, "Anybody there?")
    assert not any(read_by_the_house(pms).values())
    triage.mark_read(pms.desk.agent, thread, thread.last_message_id or 0)
    triage.mark_read(pms.desk.people["Admin"], thread, thread.last_message_id or 0)
    command = Command.objects.get(connection=connection, kind=CommandKind.MARK_READ)
    assert command.give_up_at <= command.created_at + read_marks.GIVE_UP_AFTER
    reply = factories.answers(pms.desk.agent, thread, "Here we are")
    assert pms.command(reply).order_key != command.order_key
    assert pms.command(reply).priority < command.priority
    pms.run()
    command.refresh_from_db()
    assert command.state == CommandState.CONFIRMED
    assert read_by_the_house(pms) == {"Hello?": True, "Anybody there?": True}
    assert not Receipt.objects.filter(command_id=command.pk).exists()
    assert factories.bodies(thread) == ["Hello?", "Anybody there?", "Here we are"]


def test_a_house_may_keep_it_to_itself(pms: Pms, connection: Connection) -> None:
    thread = writes(pms, "Hello?")
    agent = pms.desk.agent
    agent.organization.show_read_marks = False
    agent.organization.save()
    triage.mark_read(agent, thread, thread.last_message_id or 0)
    assert not Command.objects.filter(kind=CommandKind.MARK_READ).exists()


def test_a_lost_answer_is_asked_for_again(pms: Pms, connection: Connection) -> None:
    """Doing it twice is the same as once."""
    thread = writes(pms, "Hello?")
    triage.mark_read(pms.desk.agent, thread, thread.last_message_id or 0)
    pms.control("whatsapp/faults/cut_after_work", "PUT", path="*/messages", method="POST", count=1)
    pms.run()
    command = Command.objects.get(kind=CommandKind.MARK_READ)
    assert command.state == CommandState.WAITING
    pms.forward(120)
    pms.run()
    command.refresh_from_db()
    assert (command.state, command.tries) == (CommandState.CONFIRMED, 2)
