"""Promise: what is booked, moved and cancelled at the PMS decides what guests hear, within seconds and only once. A
marketer, an agent and the PMS's own console, each in a real browser."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.harness import axe
from tests.harness.browser import NewPage
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
GUEST = "Matilda Okonkwo"
SOON = 20_000


def _editor(page: Page, name: str) -> None:
    page.goto("/sequences/")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.locator("h1")).to_have_text(name)
    page.wait_for_function("() => document.documentElement.dataset.live === 'on'")


def _publish(page: Page, name: str) -> None:
    """Unless it is live as it stands."""
    _editor(page, name)
    if page.get_by_role("button", name="Review and publish…").is_disabled():
        expect(page.locator(".page-head")).to_contain_text("Live")
        return
    page.get_by_role("button", name="Review and publish…").click()
    number = page.locator("#typed")
    if number.count():
        number.fill(number.get_attribute("pattern") or "")
    page.locator("#publish").get_by_role("button", name="Publish").click()
    expect(page.locator(".page-head")).to_contain_text("Live")


def _book(console: Page, stack: LiveStack, arrival: date) -> None:
    console.goto(stack.sandbox.url)
    form = console.locator("#book")
    form.get_by_label("Guest name").fill(GUEST)
    form.get_by_label("Source").select_option("homeaway2")  # Airbnb would refuse the link of the survey
    form.get_by_label("Arrival").fill(arrival.isoformat())
    form.get_by_role("button", name="New booking").click()


def _open(page: Page) -> None:
    page.goto("/inbox/all/")
    page.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    page.locator("#rows .thread-row", has_text=GUEST).locator(".who").click(timeout=SOON)
    expect(page.locator("#thread-title")).to_have_text(GUEST)


def _kept(stack: LiveStack) -> list[str]:
    """What the PMS's conversation holds, from us."""
    found = stack.sandbox.control.get("/_control/conversations").json()["conversations"]
    key = next((str(entry["id"]) for entry in found if entry["guest_name"] == GUEST), "")
    messages: list[dict[str, Any]] = stack.sandbox.control.get(
        "/_control/messages", params={"conversation": key}
    ).json()["messages"]
    return [entry["body"] for entry in messages if entry["direction"] == "outbound"]


def test_book_move_cancel(new_page: NewPage, live_stack: LiveStack) -> None:
    marketer, agent, console = new_page("marketer"), new_page("agent"), new_page()
    _editor(marketer, "Cancellation with survey")
    marketer.locator(".steps .step-card").first.click()
    marketer.locator("#when-amount").fill("0")
    expect(marketer.locator("#save-state")).to_contain_text("Saved")
    for name in ("Welcome", "The day before", "Cancellation with survey"):
        _publish(marketer, name)

    # Booked: the welcome stands in both threads.
    arrival = datetime.now(UTC).date() + timedelta(days=20)
    _book(console, live_stack, arrival)
    _open(agent)
    welcome = agent.locator("#log .msg", has_text="thank you for booking")
    expect(welcome).to_have_count(1, timeout=SOON)
    expect(welcome).to_contain_text("Sequence: Welcome, step 1")
    eventually(lambda: len(_kept(live_stack)) == 1)
    upcoming = agent.locator("#context .upcoming")
    expect(upcoming).to_contain_text("The day before")
    assert axe.violations(agent, ["#context"]) == []

    # Moved: the forecast moves, and nothing is said twice.
    before = upcoming.locator("li", has_text="The day before").locator("time").get_attribute("datetime")
    console.get_by_text(GUEST).first.click()
    dates = console.locator("#dates")
    dates.get_by_label("Arrival").fill((arrival + timedelta(days=3)).isoformat())
    dates.get_by_label("Departure").fill((arrival + timedelta(days=6)).isoformat())
    dates.get_by_role("button", name="Change dates").click()
    moved = upcoming.locator("li", has_text="The day before").locator("time")
    expect(moved).not_to_have_attribute("datetime", before or "", timeout=SOON)
    assert len(_kept(live_stack)) == 1

    # Cancelled: what was pending is struck out with its reason, and the goodbye has the survey's link.
    console.get_by_role("button", name="Cancel booking").click()
    struck = upcoming.locator("li", has_text="The day before")
    expect(struck.locator("s")).to_have_count(1, timeout=SOON)
    expect(struck).to_contain_text("The stay was cancelled.")
    expect(agent.locator("#log .msg", has_text="Sequence: Cancellation with survey, step 1")).to_have_count(
        1, timeout=SOON
    )
    eventually(lambda: len(_kept(live_stack)) == 2)
    assert "/survey/" in _kept(live_stack)[1]


def test_a_step_is_written_and_seen_as_a_guest_would(new_page: NewPage) -> None:
    page = new_page("marketer")
    _editor(page, "Mid-stay check")
    page.get_by_role("link", name=re.compile("Middle of the stay")).click()
    expect(page.locator(".handset")).to_contain_text("Good morning")
    page.locator("#body-en").fill(
        "Good morning {{ guest.first_name }}, breakfast is at {{ unit.breakfast }}."
    )
    expect(page.locator("#save-state")).to_contain_text("Saved")
    expect(page.locator(".handset .blank")).to_have_text("unit.breakfast")
    expect(page.locator("#flaws")).to_contain_text("There is no variable unit.breakfast.")
    expect(page.get_by_role("button", name="Review and publish…")).to_be_disabled()
    page.get_by_role("button", name="Without SMS").click()
    expect(page.get_by_role("button", name="Without SMS")).to_have_count(0)
    page.get_by_role("button", name="One day later").click()
    expect(page.locator("#when-amount")).to_have_value("3")
    page.get_by_role("button", name="Condition", exact=True).click()
    expect(page.locator(".rule-rows li")).to_have_count(2)
    assert axe.violations(page, ["#main"]) == []
    page.locator("#steps").get_by_role("button", name="Spanish").click()
    expect(page.locator("#body-es")).to_be_visible()


def test_two_marketers_at_one_step(new_page: NewPage) -> None:
    """ux Q13: who else is here is shown, and nobody's words are overwritten unseen."""
    noor, other = new_page("marketer"), new_page("admin")
    for page in (noor, other):
        _editor(page, "Thank you and review")
        page.get_by_role("link", name=re.compile("The day after departure")).click()
        page.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    expect(noor.locator("#sequence-presence .avatar")).to_have_count(1)
    noor.locator("#step-name").fill("Thanks from Noor")
    expect(noor.locator("#save-state")).to_contain_text("Saved")
    other.locator("#step-name").fill("Thanks from Sam")
    dialog = other.locator("#conflict")
    expect(dialog).to_contain_text("Noor Khan saved this step meanwhile")
    expect(dialog).to_contain_text("Thanks from Noor")
    dialog.get_by_role("button", name="Keep mine").click()
    expect(other.locator("#save-state, #open-title").first).to_contain_text("Thanks from Sam")
