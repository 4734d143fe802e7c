"""Promise: what a guest asks by SMS and an agent approves is a fact at once: in the PMS, on the housekeeper's phone, in
the guest's hand, and on the night audit (signature N14). An agent, a housekeeper and the other side, each in a browser
of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.flows.test_channels import MARIA, _came, _kept, _open, _phone, _text
from tests.harness import axe
from tests.harness.browser import NewPage
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
WIDE = {"width": 1440, "height": 900}
IN_A_CORRIDOR = {"width": 390, "height": 844}
WISH = "Our train leaves late. Can we stay until one?"
NEXT = "Ottilie Brandt"
SOON = 5_000
STAY = """
SELECT to_char(s.departure_date, 'YYYY-MM-DD'), p.public_id, p.name, u.name FROM reservations_reservation s
JOIN reservations_guest g ON g.id = s.guest_id JOIN reservations_unit u ON u.id = s.unit_id
JOIN reservations_property p ON p.id = s.property_id WHERE g.full_name = %s ORDER BY s.departure_date DESC
"""


@pytest.fixture
def stay(live_stack: LiveStack) -> tuple[str, str, str, str]:
    """Maria's: her last day, her house (id and name), her room. Nothing was asked yet."""
    live_stack.query("DELETE FROM reservations_stayrequest")
    live_stack.query("DELETE FROM reservations_nightauditaddendum")
    live_stack.query("DELETE FROM reservations_nightaudit")
    [(day, house_id, house, room), *_] = live_stack.query(STAY, MARIA)
    return str(day), str(house_id), str(house), str(room)


def _book_next(console: Page, stack: LiveStack, day: str, room: str) -> None:
    """Somebody else comes into the room on that day."""
    console.goto(stack.sandbox.url)
    form = console.locator("#book")
    form.get_by_label("Guest name").fill(NEXT)
    form.get_by_label("Unit").select_option(label=room)
    form.get_by_label("Arrival").fill(day)
    form.get_by_role("button", name="New booking").click()
    expect(console.get_by_text(NEXT).first).to_be_visible()


def _at_the_pms(console: Page, stack: LiveStack, guest: str) -> Locator:
    """The stay's own page there."""
    console.goto(stack.sandbox.url)
    console.locator("button", has_text=guest).first.click()
    return console.locator("#dates").locator("xpath=..")


@dataclass(frozen=True, slots=True)
class Desks:
    """Who looks at it: the agent, the housekeeper with the room's card, the other side."""

    agent: Page
    housekeeper: Page
    console: Page
    stack: LiveStack
    card: Locator

    @property
    def request(self) -> Locator:
        return self.agent.locator("#requests")


def test_a_promise_made_in_chat_becomes_a_fact(
    new_page: NewPage, live_stack: LiveStack, stay: tuple[str, str, str, str]
) -> None:
    day, house_id, house, room = stay
    agent, housekeeper = new_page("agent", viewport=WIDE), new_page("housekeeper", viewport=IN_A_CORRIDOR)
    console = new_page(viewport=WIDE)
    _book_next(console, live_stack, day, room)
    housekeeper.goto(f"/housekeeping/?property={house_id}")
    expect(housekeeper.locator("html[data-live=on]")).to_be_attached()
    card = housekeeper.locator(f'.unit-card[data-name="{room}"]')
    _open(agent, MARIA)
    on = Desks(agent, housekeeper, console, live_stack, card)
    _is_asked(on)
    _is_approved(on)
    _is_answered(on)
    _is_on_the_nights_paper(new_page("manager", viewport=WIDE), house)
    _is_changed_in_the_pms(on)
    _is_taken_back(on)


def _is_asked(on: Desks) -> None:
    """Asked by SMS; noted in one step, with what stands in the way."""
    _phone(on.console, on.stack, MARIA)
    _text(on.console, WISH)
    asked = _came(on.agent, WISH)
    asked.get_by_role("button", name="Note as a request: Late check-out 13:00").click()
    expect(on.request).to_contain_text("Asked, not decided")
    expect(on.request).to_contain_text("The next guest arrives at")
    expect(asked.get_by_role("button", name="Note as a request")).to_have_count(0)
    expect(on.card).to_contain_text("13:00 asked, not decided", timeout=SOON)
    assert axe.violations(on.agent, ["#context", "#log"]) == []


def _is_approved(on: Desks) -> None:
    """On the phone in the corridor within five seconds, with who and when; in the PMS."""
    on.request.get_by_role("button", name="Approve").click()
    expect(on.card).to_contain_text(re.compile(r"Approved by Ana \d\d:\d\d"), timeout=SOON)
    expect(on.card).to_contain_text("Changed")
    expect(on.card).to_contain_text("13:00")
    assert axe.violations(on.housekeeper) == []
    for kept_from_them in (MARIA.split()[1], NEXT.split()[1], WISH, "train"):
        assert kept_from_them not in on.housekeeper.content()
    expect(on.request).to_contain_text("In the PMS")
    at_the_pms = _at_the_pms(on.console, on.stack, MARIA)
    expect(at_the_pms).to_contain_text("out 13:00")


def _is_answered(on: Desks) -> None:
    """In the words that are offered: the guest has it, and the PMS keeps both."""
    expect(on.agent.locator("#body")).to_have_value(re.compile("13:00"))
    answer = on.agent.locator("#body").input_value()
    on.agent.locator("#send").click()
    on.agent.locator("#log .msg[data-kind=out]", has_text=answer).get_by_role(
        "button", name="Send now"
    ).click()
    _phone(on.console, on.stack, MARIA)
    expect(on.console.locator("#bubbles")).to_contain_text(answer)
    eventually(lambda: [len(_kept(on.stack, MARIA, text)) for text in (WISH, answer)] == [1, 1])


def _is_on_the_nights_paper(manager: Page, house: str) -> None:
    """With the message; its link leads there."""
    manager.goto("/night-audit/")
    manager.get_by_role("link", name=house, exact=True).click()
    manager.get_by_role("link", name="not over yet").click()
    manager.get_by_role("button", name="Close it now").click()
    line = manager.locator("tr", has_text=MARIA).filter(has_text="13:00").first
    expect(line).to_contain_text("Ana Ferreira")
    line.get_by_role("link", name=re.compile("SMS")).click()
    expect(manager.locator("#log .msg", has_text=WISH)).to_be_visible()


def _is_changed_in_the_pms(on: Desks) -> None:
    """Its front desk changes its mind: request and board follow."""
    _at_the_pms(on.console, on.stack, MARIA)
    dates = on.console.locator("#dates")
    dates.get_by_label("Check-out time").fill("12:30")
    dates.get_by_role("button", name="Change dates").click()
    expect(on.request).to_contain_text("12:30")
    expect(on.card).to_contain_text("12:30", timeout=SOON)


def _is_taken_back(on: Desks) -> None:
    """The same way to everybody."""
    on.request.get_by_role("button", name="Take back").click()
    expect(on.card).to_contain_text("Taken back by Ana", timeout=SOON)
    expect(on.card).to_contain_text("was 12:30")
    expect(on.request).to_contain_text("Taken back")
    eventually(lambda: "out 12:30" not in _at_the_pms(on.console, on.stack, MARIA).inner_text())
