"""The way out of automatic mail: without a login, without a script, and never by a mere look (RFC 8058)."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client

from bellhop.core import clock
from inbox.services import unsubscribing
from reservations.models import ChannelAddress, ConsentEntry
from tests.channels import connect_twilio
from tests.factories import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(desk: Desk) -> ChannelAddress:
    return ChannelAddress.objects.create(
        organization=desk.organization,
        connection=connect_twilio(desk.organization, "https://sms.example"),
        channel="email",
        kind="email",
        address="jo@mail.example",
        created_at=clock.now(),
    )


def test_a_look_changes_nothing_and_the_button_stops_offers(address: ChannelAddress) -> None:
    client = Client(enforce_csrf_checks=True)
    path = urlsplit(unsubscribing.url(address)).path
    shown = client.get(path)
    assert b"<script" not in shown.content
    assert "no-store" in shown["Cache-Control"]
    assert not ConsentEntry.objects.exists()
    assert b"Messages about your stay still come." in client.post(path).content
    assert not unsubscribing.standing(address).allows_marketing
    assert unsubscribing.standing(address).stopped is None
    client.post(path, {"everything": "1"})
    client.post(path, {"everything": "1"})
    assert unsubscribing.standing(address).stopped is not None
    assert ConsentEntry.objects.count() == 2


def test_one_click_of_a_mail_program(address: ChannelAddress) -> None:
    path = urlsplit(unsubscribing.url(address)).path
    answer = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert ConsentEntry.objects.get().proof["how"] == "one click"


def test_a_token_that_is_not_ours(address: ChannelAddress) -> None:
    path = urlsplit(unsubscribing.url(address)).path
    assert Client().post(f"{path[:-2]}x/").status_code == 404
    assert not ConsentEntry.objects.exists()
