"""The guest portal: one link per stay and recipient, that opens as often as one likes and as long as it should."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from bellhop import logs
from bellhop.core import clock
from inbox.models import ChatWidget, PortalLink, Thread
from inbox.services import mirror
from inbox.services.chat import forgetting, portal
from reservations.events import FieldChange, StayChanged
from reservations.models import Guest, Reservation
from tests import factories
from tests.factories import Desk
from tests.inbox.chat.conftest import work

PHONE = "+14155550142"
PEER = {"REMOTE_ADDR": "198.51.100.7"}


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    desk.place.address = "12 Bowen's Wharf"
    desk.place.save()
    desk.unit.wifi = "harbour / s3cret"
    desk.unit.save()
    made = factories.stay(desk, door_code="4711")
    assert made.guest is not None
    made.guest.contact_points.create(organization=desk.organization, kind="phone", value=PHONE)
    return made


@pytest.fixture
def thread(desk: Desk, stay: Reservation) -> Thread:
    made = factories.thread(desk, stay)
    factories.says(made, "Is there parking?")
    made.messages.update(reservation=stay)
    return made


@pytest.fixture
def made(desk: Desk, widget: ChatWidget, thread: Thread, stay: Reservation) -> tuple[PortalLink, str]:
    return portal.make(desk.agent, stay, channel="sms", recipient=PHONE)


def open_link(token: str, client: Client | None = None) -> tuple[Client, Any]:
    client = client or Client()
    return client, client.get(f"/g/{token}", follow=True)


def test_it_leads_to_an_address_without_the_token(made: tuple[PortalLink, str]) -> None:
    link, token = made
    client = Client()
    answer = client.get(f"/g/{token}")
    assert answer.status_code == 302
    assert token not in answer["Location"]
    cookie = answer.cookies["bellhop_stay"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (answer["Location"], True, "Lax")
    assert token not in cookie.value
    page = client.get(answer["Location"])
    assert (page["Cache-Control"], page["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "Is there parking?" in page.content.decode()
    assert link.token_digest != token
    assert Client().get(answer["Location"]).status_code == 404  # the address alone is worth nothing


def test_scanners_change_nothing(made: tuple[PortalLink, str]) -> None:
    before = list(PortalLink.objects.values()), list(Thread.objects.values())
    for _time in range(3):
        assert Client().head(f"/g/{made[1]}").status_code == 302
        _client, page = open_link(made[1])
        assert page.status_code == 200
    assert (list(PortalLink.objects.values()), list(Thread.objects.values())) == before
    assert "og:title" in page.content.decode()
    assert "Lindqvist" not in page.content.decode()  # neither in the preview, nor as the name above a message


def test_what_is_written_goes_into_the_thread_of_the_stay(
    desk: Desk, made: tuple[PortalLink, str], thread: Thread
) -> None:
    """Without a script: a plain form, once however often it is sent."""
    client, page = open_link(made[1])
    here = page.request["PATH_INFO"]
    sent = re.search(r'name="id" value="([^"]+)"', page.content.decode())
    assert sent is not None
    for _time in range(2):
        assert client.post(f"{here}write", {"id": sent[1], "text": "We come at four."}).status_code == 302
    work()
    thread.refresh_from_db()
    assert factories.bodies(thread) == ["Is there parking?", "We come at four."]
    assert thread.messages.get(body="We come at four.").channel == "webchat"
    factories.answers(desk.agent, thread, "See you then.")
    work()
    assert "See you then." in client.get(here).content.decode()
    long = client.post(f"{here}write", {"id": sent[1], "text": "x" * 5_000})
    assert long.status_code == 422
    assert "at most 4000 characters" in long.content.decode()


def test_it_shows_no_other_stay(desk: Desk, made: tuple[PortalLink, str], thread: Thread) -> None:
    before = factories.stay(desk, "Maria Lindqvist", starts_in=-300)
    thread.stays.add(before)
    old = factories.says(thread, "About the last time")
    thread.messages.filter(pk=old.pk).update(reservation=before)
    _client, page = open_link(made[1])
    assert "About the last time" not in page.content.decode()


@pytest.mark.parametrize("how", ["cancelled", "guest", "revoked", "late", "guessed"])
def test_a_link_that_is_over_opens_nothing(
    desk: Desk, made: tuple[PortalLink, str], stay: Reservation, how: str, settings: Any
) -> None:
    link, token = made
    client, page = open_link(token)
    here = page.request["PATH_INFO"]
    if how == "cancelled":
        Reservation.objects.filter(pk=stay.pk).update(status=Reservation.Status.CANCELLED)
        stay.refresh_from_db()
        change = FieldChange("status", "confirmed", "cancelled")
        portal.on_stay(StayChanged(reservation=stay, changes=(change,), created=False, history=False))
        link.refresh_from_db()
        assert link.revoked_why == "cancelled"
    elif how == "guest":
        other = Guest.objects.create(organization=desk.organization, full_name="B", created_at=clock.now())
        Reservation.objects.filter(pk=stay.pk).update(guest=other)
    elif how == "revoked":
        agent = Client()
        agent.force_login(desk.agent)
        assert agent.post(f"/portal-links/{link.public_id}/revoke/").status_code == 200
    elif how == "late":
        Reservation.objects.filter(pk=stay.pk).update(departure_date=clock.now().date() - timedelta(days=15))
    else:
        client, token = Client(), token[:-1] + ("A" if token[-1] != "A" else "B")
    for address in (f"/g/{token}", here, f"{here}messages"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "Is there parking?" not in answer.content.decode()
    assert client.post(f"{here}write", {"id": "0" * 32, "text": "Still here"}).status_code == 404
    assert "Send me a new link" in client.get(f"/g/{token}").content.decode()


def test_the_door_code_needs_a_proof(made: tuple[PortalLink, str]) -> None:
    client, page = open_link(made[1])
    here = page.request["PATH_INFO"]
    for hidden in ("4711", "12 Bowen", "s3cret"):
        assert hidden not in page.content.decode()
    wrong = client.post(f"{here}prove", {"fact": "Berg"}, **PEER)
    assert wrong.status_code == 422
    right = client.post(f"{here}prove", {"fact": " LINDQVIST "}, **PEER)
    assert right.status_code == 302
    shown = client.get(here).content.decode()
    assert "4711" in shown
    assert "12 Bowen" in shown
    assert "4711" not in open_link(made[1])[1].content.decode()  # another browser proves it anew


def test_five_tries_and_one_word_for_every_failure(made: tuple[PortalLink, str]) -> None:
    client, page = open_link(made[1])
    here = page.request["PATH_INFO"]

    def tried(fact: str, peer: str) -> tuple[int, str]:
        answer = client.post(f"{here}prove", {"fact": fact}, REMOTE_ADDR=peer)
        found = re.search(r'id="fact-problem">([^<]*)', answer.content.decode())
        return answer.status_code, found[1] if found else ""

    said = {tried("0000", f"198.51.100.{n}") for n in range(5)}
    assert len(said) == 1
    assert tried("0142", "203.0.113.9") in said  # right, and too late
    PortalLink.objects.update(tries=0)
    for _time in range(5):
        tried("0000", "2001:db8::1")
    PortalLink.objects.update(tries=0)
    assert tried("0142", "2001:db8::2") in said  # the same network
    assert tried("0142", "2001:db8:0:1::2")[0] == 302


def test_the_day_of_arrival_proves_nothing(made: tuple[PortalLink, str], stay: Reservation) -> None:
    """It stands on the page."""
    client, page = open_link(made[1])
    answer = client.post(f"{page.request['PATH_INFO']}prove", {"fact": str(stay.arrival_date)}, **PEER)
    assert answer.status_code == 422


def test_no_token_in_logs_or_at_the_pms(
    desk: Desk, made: tuple[PortalLink, str], thread: Thread, caplog: pytest.LogCaptureFixture
) -> None:
    _link, token = made
    formatter = logs.configuration(json=True)["formatters"]["line"]
    chain = formatter["foreign_pre_chain"]
    with caplog.at_level(logging.DEBUG):
        open_link(token)
        open_link(token[:-1] + "_")
        Client().post(f"/g/{token}")
        Client().get(f"/g/{token}/elsewhere")
    for record in caplog.records:
        event: Any = {"event": record.getMessage()}
        for step in chain:
            if getattr(step, "__name__", "") == "redact":
                event = step(None, "", event)
        assert token[:-1] not in str(event), record.name
    message = factories.answers(desk.agent, thread, f"Your page: {portal.url_of(token)}")
    kept = mirror.intent_for(thread, message)
    assert kept is not None
    assert token not in kept.body


def test_a_lost_link_goes_to_the_guest_and_nobody_else(
    desk: Desk, made: tuple[PortalLink, str], stay: Reservation
) -> None:
    factories.connect(
        desk.organization, slug="twilio", kind="channel", name="SMS", stage="live",
        addresses={"sms": "+14155550160"},
        credentials={"account_sid": "AC1", "auth_token": "t", "sender": "+14155550160"},
    )  # fmt: skip

    def ask(contact: str, peer: str = "198.51.100.9") -> tuple[int, str]:
        answer = Client().post("/g/", {"code": stay.code, "contact": contact}, REMOTE_ADDR=peer)
        return answer.status_code, answer.content.decode()

    foreign = ask("+14155550199")
    assert PortalLink.objects.count() == 1
    assert ask(PHONE) == foreign
    assert PortalLink.objects.count() == 2
    assert Thread.objects.filter(messages__body__contains="/g/", messages__address__address=PHONE).exists()
    for _time in range(4):
        ask("nobody@guest.example")
    assert ask("nobody@guest.example")[0] == 429


def test_agents_make_links_for_the_stays_own_addresses(
    desk: Desk, widget: ChatWidget, thread: Thread
) -> None:
    agent = Client()
    agent.force_login(desk.agent)
    refused = agent.post(f"/threads/{thread.public_id}/portal/", {"to": "sms:+14155550199"})
    assert refused.status_code == 422
    shown = agent.post(f"/threads/{thread.public_id}/portal/", {"to": f"sms:{PHONE}", "details": "1"})
    found = re.search(r'value="(http[^"]+/g/[^"]+)"', shown.content.decode())
    assert found is not None
    assert open_link(found[1].rpartition("/")[2])[1].status_code == 200
    panel = agent.get(f"/threads/{thread.public_id}/portal/").content.decode()
    assert found[1] not in panel  # shown once
    assert PHONE in panel


def test_erasure_takes_links_tokens_and_uploads(
    desk: Desk, made: tuple[PortalLink, str], stay: Reservation, widget: ChatWidget
) -> None:
    assert stay.guest is not None
    forgetting.forget(stay.guest)
    assert not PortalLink.objects.exists()
    assert open_link(made[1])[1].status_code == 404
    assert ChatWidget.objects.filter(pk=widget.pk).exists()
