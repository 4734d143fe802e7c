"""Requests as agents meet them: a chip on the message, the panel, words for the guest."""

from __future__ import annotations

import json
from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inbox.models import Thread, ThreadEvent
from reservations.models import RequestKind, Reservation, StayRequest
from reservations.services import requests
from reservations.services.requests import Wish
from tests import factories
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


def panel(agent: Client, thread: Thread) -> str:
    return agent.get(reverse("inbox:panel", args=[thread.public_id])).content.decode()


def _page(agent: Client, thread: Thread) -> str:
    return agent.get(reverse("inbox:thread", args=["all", thread.public_id])).content.decode()


def decide(agent: Client, row: StayRequest, how: str, **values: str) -> Any:
    return agent.post(reverse("reservations:decide-request", args=[row.public_id, how]), values)


def test_a_message_becomes_a_request_in_one_step(agent: Client, stay: Reservation, thread: Thread) -> None:
    message = factories.says(thread, "Hi, can we stay until one?")
    page = _page(agent, thread)
    assert "Note as a request: Late check-out 13:00" in page
    assert "Note as a request: Late check-out 13:00" in _page(agent, thread), "kept as it was rendered"
    values = {"kind": "late_check_out", "wished": "13:00", "message": message.public_id}
    answer = agent.post(reverse("reservations:ask", args=[stay.public_id]), values)
    assert answer.status_code == 204
    row = StayRequest.objects.get()
    assert (row.source, row.message_id, row.wished) == ("message", message.pk, time(13))
    shown = panel(agent, thread)
    assert "Asked, not decided" in shown
    assert f"#m-{message.public_id}" in shown
    assert ThreadEvent.objects.filter(thread=thread, kind="request").count() == 1
    assert "Note as a request" not in _page(agent, thread)


def test_approving_offers_the_words_in_the_guests_language(
    desk: Desk, agent: Client, stay: Reservation, thread: Thread
) -> None:
    assert stay.guest is not None
    stay.guest.language = "es"
    stay.guest.save()
    row = requests.ask(desk.agent, stay, Wish(kind=RequestKind.LATE_CHECK_OUT, wished=time(13)))
    answer = decide(agent, row, "approve", agreed="13:00", price="25,5", currency="EUR")
    offered = json.loads(answer["HX-Trigger"])["bellhop:offer"]["text"]
    assert "13:00" in offered
    assert "25.50 EUR" in offered
    assert offered.startswith("Con mucho gusto")
    assert "Waiting for the PMS" in panel(agent, thread)


@pytest.mark.parametrize(("field", "value"), [("agreed", "quarter past"), ("price", "free"), ("price", "-3")])
def test_what_cannot_be_read_is_said(
    desk: Desk, agent: Client, stay: Reservation, field: str, value: str
) -> None:
    row = requests.ask(desk.agent, stay, Wish(kind=RequestKind.LATE_CHECK_OUT, wished=time(13)))
    answer = decide(agent, row, "approve", **{field: value})
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#request-refused"
    row.refresh_from_db()
    assert row.state == StayRequest.State.ASKED


def test_a_message_of_another_stay_is_none_of_it(desk: Desk, agent: Client, stay: Reservation) -> None:
    other = factories.says(factories.thread(desk, factories.stay(desk, "Somebody Else")), "Late check-out?")
    values = {"kind": "late_check_out", "message": other.public_id}
    assert agent.post(reverse("reservations:ask", args=[stay.public_id]), values).status_code == 404


def test_only_who_sees_the_property_decides(desk: Desk, client: Client, stay: Reservation) -> None:
    elsewhere = factories.property_of(desk.organization, "Elsewhere")
    client.force_login(factories.limited(desk.organization, elsewhere))
    row = requests.ask(desk.agent, stay, Wish(kind=RequestKind.COT))
    assert decide(client, row, "approve").status_code == 404
