"""What a message of a channel of our own shows: its copy in the PMS, what its sender did to it, or that nobody keeps it
(ux §1, receipts)."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from bellhop.core import clock
from connectors.models import Connection
from inbox.models import Message, Receipt, ReceiptState, Thread
from inbox.services import listing, matching, mirror
from inbox.services.mirror import Keeping
from tests import factories
from tests.channels import connect_twilio
from tests.factories import Desk
from tests.inbox.test_merging import knows, texts

UNKEPT = "Not kept in the PMS"


@pytest.fixture
def line(desk: Desk) -> Connection:
    return connect_twilio(desk.organization, "https://sms.example")


@pytest.fixture
def agent(desk: Desk, client: Client) -> Client:
    client.force_login(desk.agent)
    return client


def page(agent: Client, thread: Thread) -> str:
    return agent.get(reverse("inbox:thread", args=["all", thread.public_id])).content.decode()


def test_a_copy_that_moves_on_is_shown_anew(desk: Desk, line: Connection, agent: Client) -> None:
    factories.thread(desk, knows(factories.stay(desk)))
    thread = texts(line, "Can we stay until one?")
    receipt = Receipt.objects.get(thread=thread)
    for state in (ReceiptState.SENT, ReceiptState.DELIVERED):
        Receipt.objects.filter(pk=receipt.pk).update(state=state, since=clock.now())
        assert f'class="receipt" type="button" data-state="{state.value}"' in page(agent, thread)
    Message.objects.filter(thread=thread).update(deleted_at=clock.now(), reaction="👍")
    shown = page(agent, thread)
    assert "Deleted by the sender" in shown
    assert "👍" in shown
    assert UNKEPT not in shown


def test_a_thread_without_a_place_in_the_pms_says_so(desk: Desk, line: Connection, agent: Client) -> None:
    thread = texts(line, "Have you a room?")
    assert UNKEPT in page(agent, thread)
    assert reverse("inbox:keep-in-pms", args=[thread.messages.get().public_id]) not in page(agent, thread)
    assert mirror.keeping(thread, thread.messages.get()) == Keeping.NO_PLACE
    assert thread in listing.in_view(desk.agent, "unmatched")
    assert thread not in listing.in_view(desk.agent, "not-in-pms")
    desk.connection.__class__.objects.filter(pk=desk.connection.pk).update(kind="channel")
    assert UNKEPT not in page(agent, thread)


def test_what_has_a_place_may_be_added(desk: Desk, line: Connection, agent: Client) -> None:
    thread = matching.link(desk.agent, texts(line, "Have you a room?"), knows(factories.stay(desk)))
    message = Message.objects.get(thread=thread)
    with transaction.atomic():
        Receipt.objects.filter(message=message).delete()
    add = reverse("inbox:keep-in-pms", args=[message.public_id])
    assert add in page(agent, thread)
    assert agent.post(add).status_code == 200
    assert Receipt.objects.get(message=message).destination == "pms"
    assert thread in listing.in_view(desk.agent, "not-in-pms")
    assert thread not in listing.in_view(desk.agent, "unmatched")
    assert thread in listing.filtered(Thread.objects.all(), {"channel": ["sms"]}, clock.now())
    assert UNKEPT not in page(agent, thread)
    assert "There is nothing to do" in agent.post(add).content.decode()
    assert Receipt.objects.filter(message=message).count() == 1
