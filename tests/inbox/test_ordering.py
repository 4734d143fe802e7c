"""Work ordered from the panel: owed to the PMS, shown until its own list has it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse

from bellhop.core import clock, events, files
from connectors.contract.events import Entity
from connectors.events import CommandMoved
from connectors.inbound import identity
from connectors.models import Command, CommandState
from inbox.models import Attachment, FileState, Thread
from reservations.models import OrderedWork, PmsState, Reservation, WorkOrder
from reservations.services import ordering, work_words
from reservations.services.ordering import Order
from tests import factories
from tests.core.test_files import picture
from tests.factories import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    return factories.stay(desk, starts_in=-1)


@pytest.fixture
def thread(desk: Desk, stay: Reservation) -> Thread:
    return factories.thread(desk, stay)


@pytest.fixture
def agent(desk: Desk, client: Client) -> Client:
    client.force_login(desk.agent)
    return client


def settle(state: CommandState, **changes: Any) -> None:
    row = Command.objects.order_by("-pk")[0]
    Command.objects.filter(pk=row.pk).update(state=state, **changes)
    row.refresh_from_db()
    with transaction.atomic():
        events.emit(CommandMoved(command=row))


def panel(agent: Client, thread: Thread) -> str:
    return agent.get(reverse("inbox:panel", args=[thread.public_id])).content.decode()


def test_an_order_is_owed_and_shown_until_the_pms_lists_it(
    desk: Desk, agent: Client, stay: Reservation, thread: Thread
) -> None:
    message = factories.says(thread, "The heating does not work. Can somebody come?")
    page = agent.get(reverse("inbox:thread", args=["all", thread.public_id])).content.decode()
    assert 'data-order="The heating does not work"' in page
    values = {"title": "The heating does not work", "kind": "maintenance", "message": message.public_id}
    assert agent.post(reverse("reservations:order-work", args=[stay.public_id]), values).status_code == 204
    row = OrderedWork.objects.get()
    assert (row.message_id, row.ordered_name) == (message.pk, desk.agent.full_name)
    assert Command.objects.get().kind == "create_work_order"
    assert "Waiting for the PMS" in panel(agent, thread)
    settle(CommandState.CONFIRMED, remote_id="t77")
    assert "In the PMS" in panel(agent, thread)
    listed = WorkOrder.objects.create(
        organization=desk.organization, connection=desk.connection, remote_id="t77", reservation=stay,
        title="The heating does not work", as_of=clock.now(),
    )  # fmt: skip
    identity.remember(desk.connection.pk, Entity.WORK_ORDER, "t77", listed.pk)
    assert panel(agent, thread).count("The heating does not work") == 1


def test_priority_entry_and_pictures_go_along(
    desk: Desk, agent: Client, stay: Reservation, thread: Thread
) -> None:
    """V10: what the PMS has no field for stands in the description; a picture as a link that is good for a month."""
    message = factories.says(thread, "The sink is broken")
    kept = files.keep(picture("PNG"), "sink.png")
    Attachment.objects.create(
        message=message, name="sink.png", state=FileState.KEPT,
        storage_key=kept.key, sniffed_type=kept.mime_type, size=kept.size,
    )  # fmt: skip
    values = {"title": "Sink", "kind": "maintenance", "priority": "high", "entry": "call"}
    url = reverse("reservations:order-work", args=[stay.public_id])
    assert agent.post(url, {**values, "message": message.public_id}).status_code == 204
    intent = Command.objects.get().intent
    assert intent["priority"] == "high"
    assert "Urgent. Only after a call" in intent["description"]
    link = re.search(r"sink\.png: (\S+)", intent["description"])
    assert link is not None
    assert Client().get(urlsplit(link[1]).path).status_code == 200
    assert "Only after a call" in panel(agent, thread)
    assert agent.post(url, {**values, "priority": "at once"}).status_code == 422


def test_what_the_pms_refuses_is_said_and_ordered_again(
    desk: Desk, agent: Client, stay: Reservation, thread: Thread
) -> None:
    row = ordering.order(desk.agent, desk.connection, stay, Order(title="Lamp"))
    settle(CommandState.FAILED, reason="No such listing.")
    assert "No such listing." in panel(agent, thread)
    assert agent.post(reverse("reservations:order-again", args=[row.public_id])).status_code == 204
    row.refresh_from_db()
    assert row.pms_state == PmsState.WAITING


def test_a_state_is_wished_until_the_pms_says_it(desk: Desk, agent: Client, stay: Reservation) -> None:
    row = WorkOrder.objects.create(
        organization=desk.organization, connection=desk.connection, remote_id="t1", reservation=stay,
        property=desk.place, title="Lamp", as_of=clock.now(),
    )  # fmt: skip
    url = reverse("reservations:work-state", args=[row.public_id])
    assert agent.post(url, {"state": "done"}).status_code == 204
    row.refresh_from_db()
    assert (row.state, row.wished_state, row.pms_state) == ("open", "done", "waiting")
    assert Command.objects.get().intent["state"] == "done"
    agent.post(url, {"state": "done"})
    assert Command.objects.count() == 1


def test_orders_need_a_title_a_kind_and_a_pms_that_takes_them(desk: Desk, stay: Reservation) -> None:
    for wanted in (Order(title=" "), Order(title="x", kind="magic")):
        with pytest.raises(ValidationError):
            ordering.order(desk.agent, desk.connection, stay, wanted)
    desk.connection.slug = "cloudbeds"
    with pytest.raises(ValidationError, match="no tasks"):
        ordering.order(desk.agent, desk.connection, stay, Order(title="Lamp"))
    with pytest.raises(PermissionDenied):
        ordering.order(desk.people["Marketer"], desk.connection, stay, Order(title="Lamp"))


@pytest.mark.parametrize(
    ("text", "title", "urgent"),
    [
        ("Hello. The shower is leaking! Thanks", "The shower is leaking!", False),
        ("There is a smell of gas in the kitchen", "There is a smell of gas in the kitchen", True),
        ("La calefacción no funciona", "La calefacción no funciona", True),
        ("We are locked out", "We are locked out", True),
        ("The TV won't turn on", "The TV won't turn on", False),
    ],
)
def test_trouble_is_seen(text: str, title: str, urgent: bool) -> None:
    found = work_words.suggest(text)
    assert found == work_words.Trouble(title, urgent)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you!",
        "Do you have a gas grill?",
        "Is there a gym?",
        "We work until five.",
        "¿A qué hora abre el bar?",
    ],
)
def test_no_trouble(text: str) -> None:
    assert work_words.suggest(text) is None
