"""The housekeeping board's socket: cards to whoever may see them, and nothing else of anybody (invariant 10, ux H6)."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

import pytest

from bellhop.core import clock
from inbox.models import Thread
from reservations.board import assigning, reading, setting
from reservations.board.setting import Tap
from reservations.models import ContactPoint, RequestKind, Reservation, Unit
from reservations.services import requests
from reservations.services.requests import Terms, Wish
from tests import factories
from tests.factories import Desk
from tests.inbox.test_socket import Open, Tab, address, desk, open_tab

__all__ = ["address", "desk", "open_tab"]
BOARD = "?room=board&lang=en"
SECRETS = ("Lindqvist", "maria@guest.example", "Can we stay", "30.00", "EUR")


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    desk.unit.check_out_time = time(11)
    desk.unit.save()
    made = factories.stay(desk, starts_in=-2)
    assert made.guest is not None
    ContactPoint.objects.create(
        organization=desk.organization, guest=made.guest, kind="email", value="maria@guest.example"
    )
    return made


def approved(desk: Desk, stay: Reservation) -> None:
    row = requests.ask(desk.agent, stay, Wish(kind=RequestKind.LATE_CHECK_OUT, wished=time(14)))
    requests.approve(desk.agent, row, Terms(agreed=time(14), price=Decimal(30), currency="EUR"))


def card_of(tab: Tab, unit: Unit, when: str = "today") -> str:
    """The unit's card in the next frame that holds one."""
    while True:
        cards = tab.hear().get("cards") or {}
        if unit.public_id in cards:
            return str(cards[unit.public_id][when])


def say(desk: Desk, act: str) -> None:
    setting.tap(desk.agent, desk.unit, Tap(act=act, token=f"{act} {clock.now():%f}"))


def test_an_approval_is_on_the_board_at_once(desk: Desk, stay: Reservation, open_tab: Open) -> None:
    """ux H3."""
    tab = open_tab(desk.people["Housekeeper"], BOARD)
    tab.hello()
    approved(desk, stay)
    while "<b>14:00</b>" not in (shown := card_of(tab, desk.unit)):
        assert "14:00 asked, not decided" in shown
    assert f"Approved by {desk.agent.full_name.split()[0]}" in shown


def test_a_card_tells_no_surname_no_address_no_price_and_no_message(
    desk: Desk, stay: Reservation, open_tab: Open
) -> None:
    thread: Thread = factories.thread(desk, stay)
    tab = open_tab(desk.people["Housekeeper"], BOARD)
    tab.hello()
    factories.says(thread, "Can we stay until two?")
    approved(desk, stay)
    say(desk, "clean")
    heard = ""
    while 'data-was="clean"' not in heard:
        heard += str(tab.hear())
    assert [secret for secret in SECRETS if secret in heard] == []
    assert "Maria L." in heard
    assert "'thread'" not in heard


def test_the_inbox_hears_no_cards(desk: Desk, stay: Reservation, open_tab: Open) -> None:
    """Who has no board open is not burdened with it."""
    tab = open_tab(desk.agent)
    tab.hello()
    say(desk, "clean")
    factories.says(factories.thread(desk, stay), "Hello?")
    frames = [tab.hear()]
    while not any(
        event["topic"] == "thread" and event.get("inbound") for event in frames[-1].get("events", ())
    ):
        frames.append(tab.hear())
    assert not any("cards" in frame for frame in frames)


def test_a_board_of_another_property_or_role_hears_nothing(desk: Desk, open_tab: Open) -> None:
    elsewhere = factories.property_of(desk.organization, "Annex")
    there = Unit.objects.create(organization=desk.organization, property=elsewhere, name="9")
    limited = open_tab(factories.limited(desk.organization, elsewhere, role="Housekeeper"), BOARD)
    marketer = open_tab(desk.people["Marketer"], BOARD)
    for tab in (limited, marketer):
        tab.hello()
    say(desk, "clean")
    day = reading.today(elsewhere, clock.now())
    assigning.set_minutes(desk.people["Admin"], there, day, 20)
    frames = [limited.hear()]
    while not frames[-1].get("cards"):
        frames.append(limited.hear())
    assert list(frames[-1]["cards"]) == [there.public_id]
    assert all(set(frame) <= {"n", "events", "cards"} for frame in frames)
    heard = marketer.hear()
    while heard["n"] < frames[-1]["n"]:
        assert set(heard) == {"n"}
        heard = marketer.hear()
    assert set(heard) == {"n"}


def test_housekeepers_hear_of_no_threads(desk: Desk, stay: Reservation, open_tab: Open) -> None:
    """Neither who reads one, nor who writes in one."""
    thread = factories.thread(desk, stay)
    plain, agent = open_tab(desk.people["Housekeeper"]), open_tab(desk.agent)
    for tab in (plain, agent):
        tab.hello()
    agent.say(type="presence", thread=thread.public_id, state="replying")
    factories.says(thread, "Can we stay until two?")
    heard = plain.hear()
    assert set(heard) == {"n"}


def test_cards_speak_the_language_of_their_page(desk: Desk, stay: Reservation, open_tab: Open) -> None:
    tabs = {lang: open_tab(desk.agent, f"?room=board&lang={lang}") for lang in ("en", "es", "pl", "ro")}
    for tab in tabs.values():
        tab.hello()
    say(desk, "clean")
    words = {"en": "Clean", "es": "Limpia", "pl": "Czysty", "ro": "Curat"}
    for lang, tab in tabs.items():
        assert words[lang] in card_of(tab, desk.unit), lang
