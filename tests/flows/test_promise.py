"""Promise: what a guest asks by SMS and an agent approves is a fact at once: in the PMS, on the housekeeper's phone, in
the guest's hand, and on the night audit (signature N14). An agent, a housekeeper and the other side, each in a browser
of their own."""

from __future__ import annotations

import re

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

    # Asked by SMS; noted in one step, with what stands in the way.
    _phone(console, live_stack, MARIA)
    _text(console, WISH)
    asked = _came(agent, WISH)
    asked.get_by_role("button", name="Note as a request: Late check-out 13:00").click()
    request = agent.locator("#requests")
    expect(request).to_contain_text("Asked, not decided")
    expect(request).to_contain_text("The next guest arrives at")
    expect(asked.get_by_role("button", name="Note as a request")).to_have_count(0)
    expect(card).to_contain_text("13:00 asked, not decided", timeout=SOON)
    assert axe.violations(agent, ["#context", "#log"]) == []

    # Approved: on the phone in the corridor within five seconds, with who and when; in the PMS.
    request.get_by_role("button", name="Approve").click()
    expect(card).to_contain_text(re.compile(r"Approved by Ana \d\d:\d\d"), timeout=SOON)
    expect(card).to_contain_text("Changed")
    expect(card).to_contain_text("13:00")
    assert axe.violations(housekeeper) == []
    for kept_from_them in (MARIA.split()[1], NEXT.split()[1], WISH, "train"):
        assert kept_from_them not in housekeeper.content()
    expect(request).to_contain_text("In the PMS")
    at_the_pms = _at_the_pms(console, live_stack, MARIA)
    expect(at_the_pms).to_contain_text("out 13:00")

    # Answered in the words that are offered: the guest has it, and the PMS keeps both.
    expect(agent.locator("#body")).to_have_value(re.compile("13:00"))
    answer = agent.locator("#body").input_value()
    agent.locator("#send").click()
    agent.locator("#log .msg[data-kind=out]", has_text=answer).get_by_role("button", name="Send now").click()
    _phone(console, live_stack, MARIA)
    expect(console.locator("#bubbles")).to_contain_text(answer)
    eventually(lambda: [len(_kept(live_stack, MARIA, text)) for text in (WISH, answer)] == [1, 1])

    # The night's paper has it, with the message; its link leads there.
    manager = new_page("manager", viewport=WIDE)
    manager.goto("/night-audit/")
    manager.get_by_role("link", name=house, exact=True).click()
    manager.get_by_role("link", name="not over yet").click()
    manager.get_by_role("button", name="Close it now").click()
    line = manager.locator("tr", has_text=MARIA).filter(has_text="13:00").first
    expect(line).to_contain_text("Ana Ferreira")
    line.get_by_role("link", name=re.compile("SMS")).click()
    expect(manager.locator("#log .msg", has_text=WISH)).to_be_visible()

    # The front desk of the PMS changes its mind: request and board follow.
    _at_the_pms(console, live_stack, MARIA)
    dates = console.locator("#dates")
    dates.get_by_label("Check-out time").fill("12:30")
    dates.get_by_role("button", name="Change dates").click()
    expect(request).to_contain_text("12:30")
    expect(card).to_contain_text("12:30", timeout=SOON)

    # Taken back: the same way to everybody.
    request.get_by_role("button", name="Take back").click()
    expect(card).to_contain_text("Taken back by Ana", timeout=SOON)
    expect(card).to_contain_text("was 12:30")
    expect(request).to_contain_text("Taken back")
    eventually(lambda: "out 12:30" not in _at_the_pms(console, live_stack, MARIA).inner_text())
