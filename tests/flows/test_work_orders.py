"""Promise: what is broken reaches somebody who mends it, and a guest in danger reaches whoever is on call (ux V10)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.harness import axe
from tests.harness.browser import PHONE, NewPage
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
GUEST = "Jonas Weber"
IN_PMS = 30_000
UNREAD = (
    "SELECT count(*) FROM inbox_notice n JOIN accounts_user u ON u.id = n.user_id"
    " WHERE n.kind = 'emergency' AND n.read_at IS NULL AND u.email = %s"
)


def opened(page: Page, guest: str = GUEST) -> Locator:
    """The guest's thread with its panel's work."""
    page.goto("/inbox/all/")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    page.locator("#rows .thread-row", has_text=guest).locator(".who").click()
    expect(page.locator("#thread-title")).to_have_text(guest)
    return page.locator("#work")


def guest_says(stack: LiveStack, body: str) -> None:
    found = stack.sandbox.control.get("/_control/conversations").json()["conversations"]
    conversation = next(str(one["id"]) for one in found if one["guest_name"] == GUEST)
    answer = stack.sandbox.control.post(
        f"/_control/conversations/{conversation}/guest-writes", json={"body": body}
    )
    answer.raise_for_status()


def task_at_pms(stack: LiveStack, title: str) -> dict[str, Any]:
    tasks = stack.sandbox.control.get("/_control/tasks").json()["tasks"]
    return next(one for one in tasks if one["title"] == title)


def is_sound(page: Page, *within: str) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert axe.violations(page, within) == [], scheme


def test_work_is_ordered_given_to_a_vendor_and_remarked_on(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("agent", viewport={"width": 1440, "height": 900})
    work = opened(page)
    work.locator("#order-work > summary").click()
    work.locator("#work-title").fill("The blind is stuck")
    work.locator("#order-work [type=submit]").click()
    task = work.locator("li", has_text="The blind is stuck")
    expect(task).to_contain_text("no. ", timeout=IN_PMS)

    task.locator("summary", has_text="Give it to").click()
    task.get_by_label("Who does it?").select_option(label="Bay Plumbing, Plumber")
    is_sound(page, "#work")
    task.get_by_role("button", name="Assign").click()
    given = task.locator("[data-part=assigned]")
    expect(given).to_contain_text("in the description", timeout=IN_PMS)
    expect(given.get_by_role("link")).to_have_attribute("href", "tel:+14015550174")
    expect(task.get_by_label("Who does it?")).to_be_hidden()

    task.locator("summary", has_text="Add a note").click()
    task.get_by_label("Note", exact=True).fill("Key at the desk")
    task.get_by_role("button", name="Add note").click()
    expect(task.locator(".work-note")).to_contain_text("as a comment", timeout=IN_PMS)
    is_sound(page, "#work")
    at_pms = task_at_pms(live_stack, "The blind is stuck")
    assert "Assigned to: Bay Plumbing" in at_pms["extra"]["description"]
    assert any("Key at the desk" in one["text"] for one in at_pms["extra"]["comments"])

    # Somebody else, at the PMS's own desk.
    task.locator("summary", has_text="Give it to").click()
    rosa = task.locator("option", has_text="Rosa Pinto").get_attribute("value")
    assert rosa is not None
    answer = live_stack.sandbox.control.post(
        f"/_control/tasks/{at_pms['id']}", json={"assignee": rosa.removeprefix("person:")}
    )
    answer.raise_for_status()
    expect(given).to_contain_text("Rosa Pinto", timeout=IN_PMS)


def test_a_guest_in_danger_is_seen_at_once_and_a_person_ends_it(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    page, phone = new_page("agent"), new_page("agent2", viewport=PHONE)
    opened(page)
    phone.goto("/inbox/all/")
    expect(phone.locator("html[data-live=on]")).to_be_attached()
    page.locator("#thread-title").hover()
    guest_says(live_stack, "There is a strong smell of gas in our room!")
    banner = page.locator("#emergency")
    expect(banner).to_contain_text("Smell of gas")
    expect(banner).to_contain_text("On call:")
    expect(banner.get_by_role("link", name=re.compile(r"^\+1"))).to_have_attribute(
        "href", re.compile("^tel:")
    )
    expect(page.locator("#toasts")).to_contain_text("Emergency?")
    row = phone.locator("#rows .thread-row", has_text=GUEST)
    expect(row.locator("[data-emergency]")).to_have_text("Emergency?")
    is_sound(phone)
    is_sound(page, "#thread-head", "#rows")
    phone.locator("#toasts").get_by_role("button").click()
    row.locator(".who").click()
    expect(phone.locator("#emergency")).to_be_visible()
    is_sound(phone, "#thread")
    assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    # What offers to order work is read like any other message.
    expect(page.locator("#log [data-urgent]")).to_be_visible()
    page.bring_to_front()
    eventually(lambda: live_stack.query(UNREAD, "agent@demo.example") == [(0,)])

    phone.locator("#emergency").get_by_role("button", name="Not an emergency").click()
    expect(banner).to_have_count(0)
    expect(page.locator("#rows .thread-row", has_text=GUEST).locator("[data-emergency]")).to_have_count(0)
    page.locator("[popovertarget=thread-more]").click()
    page.get_by_role("button", name="It is an emergency after all").click()
    expect(phone.locator("#emergency")).to_be_visible()
    page.locator("#emergency").get_by_role("button", name="Handled").click()
    expect(phone.locator("#emergency")).to_have_count(0)


def test_vendors_and_the_rota_are_kept_in_the_settings(new_page: NewPage) -> None:
    page = new_page("manager")
    page.goto("/settings/")
    page.get_by_role("link", name="Vendors and staff to call").click()
    is_sound(page)
    page.get_by_label("Name", exact=True).fill("Rooftop Repairs")
    page.get_by_label("Trade").select_option("handyman")
    page.get_by_label("Phone", exact=True).fill("555")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("with its country code")).to_be_visible()
    is_sound(page)
    page.get_by_label("Phone", exact=True).fill("+1 401 555 0188")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("tbody")).to_contain_text("Rooftop Repairs")

    page.goto("/on-call/")
    is_sound(page)
    page.get_by_role("link", name="Cascais House").click()
    week = page.locator("section", has=page.get_by_role("heading", name="Every week"))
    week.get_by_label("Who").select_option(label="Rooftop Repairs, Handyman")
    week.get_by_label("From").fill("00:00")
    week.get_by_label("Until").fill("00:00")
    week.get_by_role("button", name="Add to the week").click()
    expect(week).to_contain_text("Every day, all day")
    expect(page.locator(".page-head")).to_contain_text("Now: Rooftop Repairs")
    is_sound(page)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    is_sound(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    week.get_by_role("button", name=re.compile("^Remove Rooftop Repairs")).click()
    expect(week).to_contain_text("Nothing planned")
