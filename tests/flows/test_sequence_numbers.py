"""Promise: a marketer sees what goes out, when, and why the rest does not; and what became of it, number by number."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.flows.test_accessibility import WIDE, Checker
from tests.harness.browser import PHONE, NewPage
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
PUBLISH = """
from bellhop.accounts.models import User
from reservations.sequences import publishing
admin = User.objects.get(email='admin@demo.example')
publishing.seed(admin.organization)
for row in admin.organization.sequences.filter(live=None):
    publishing.publish(admin, row, typed=publishing.blast(row).within_fortnight)
print('live', admin.organization.sequences.filter(state='live').count())
"""


@pytest.fixture
def published(live_stack: LiveStack) -> LiveStack:
    """The library is live."""
    assert re.search(r"live \d", live_stack.manage("shell", "-c", PUBLISH))
    eventually(lambda: bool(live_stack.query("SELECT 1 FROM reservations_scheduledmessage LIMIT 1")))
    return live_stack


def test_the_calendar_leads_to_a_guest_and_their_text(new_page: NewPage, published: LiveStack) -> None:
    page = new_page("admin", viewport=WIDE)
    check = Checker(page)
    page.goto("/sequences/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Forecast").click()
    expect(page.locator(".cal-day")).to_have_count(7)
    item = page.locator(".cal-day:not([data-today]) .cal-item").first
    count = int(re.sub(r"\D", "", item.locator("b").inner_text()))
    check.at_each_width("week")
    item.click()
    going = page.locator("h3", has_text=re.compile(r"\d goe?s?$"))
    guests = page.locator("#detail .preview-body > div", has=going).locator(".lines a")
    expect(guests).to_have_count(count)
    expect(page.locator("#detail .bubble")).not_to_be_empty()
    check.at_each_width("a step")
    page.locator("#detail").get_by_role("link", name="Close").click()
    expect(page.locator("#detail")).to_have_count(0)
    page.get_by_label("State").select_option("held")
    page.get_by_role("button", name="Show").click()
    held = page.locator(".cal-item, .empty")
    expect(held.first).to_be_visible()
    page.get_by_role("link", name="Day", exact=True).click()
    expect(page.get_by_role("link", name="Day", exact=True)).to_have_attribute("aria-current", "true")
    check.at_each_width("day")
    assert check.found == []


def test_a_number_opens_its_list(new_page: NewPage, published: LiveStack) -> None:
    page = new_page("admin", viewport=WIDE)
    check = Checker(page)
    page.goto("/sequences/results/")
    check.at_each_width("all results")
    page.get_by_role("link", name="Pre-arrival", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Results of Pre-arrival")
    check.at_each_width("results")
    enrolled = page.locator(".figures a").first
    count = int(re.sub(r"\D", "", enrolled.inner_text()))
    enrolled.click()
    expect(page.locator("tbody tr")).to_have_count(min(count, 50))
    check.at_each_width("list")
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.get_by_role("link", name="Results", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Results of Pre-arrival")
    assert check.found == []
