"""Promise: a manager finds what differs, takes the PMS's value, and reads whose each field is; on every width."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.flows.test_accessibility import WIDTHS, Checker
from tests.harness.browser import NewPage
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow


def _differ(stack: LiveStack) -> None:
    """Another value here than in the PMS, as if its webhook had been lost, of a stay that is not over."""
    stack.query(
        "UPDATE reservations_reservation SET adults = 9 WHERE id = (SELECT min(id) FROM reservations_reservation"
        " WHERE departure_date > current_date + 1 AND status = 'confirmed')"
    )


@pytest.mark.parametrize("viewport", WIDTHS)
def test_ownership_and_drift(new_page: NewPage, live_stack: LiveStack, viewport: dict[str, int]) -> None:
    _differ(live_stack)
    page = new_page("manager", viewport=viewport)
    check = Checker(page)
    page.goto("/ownership/?q=door")
    check("ownership")
    page.get_by_role("link", name="door code").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("door code")
    check("a field")
    page.goto("/drift/")
    page.get_by_role("button", name="Compare now").click()
    expect(page.locator("#drifts tbody tr", has_text="adults")).to_be_visible(timeout=60_000)
    check("drift")
    page.locator("#drifts tbody a").first.click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    check("one drift")
    page.get_by_role("link", name="Case file").click()
    expect(page.get_by_role("heading", name="Both values")).to_be_visible()
    check("a case file")
    page.go_back()
    page.locator("button[value^=take]").click()
    page.goto("/drift/")
    solved = page.get_by_text("the PMS's value was taken")
    eventually(lambda: page.reload() is not None and solved.count() > 0, timeout=60)
    check("solved")
    assert check.found == []
