"""Promise: a phone in a corridor loses nothing of what was tapped or reported, and tells the next person nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, Page, expect

from tests.core.test_files import picture
from tests.flows.test_board import _all_dirty, card, condition, hotel, opened
from tests.harness.browser import PHONE, NewPage, sign_in
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

__all__ = ["_all_dirty"]
pytestmark = pytest.mark.flow
KEPT = "caches.match(location.href).then(Boolean)"


def signs_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()


def back_on_line(page: Page) -> None:
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")


def changes(stack: LiveStack, name: str) -> list[str]:
    """Who said something of a unit, the newest first."""
    statement = (
        "SELECT c.by_name FROM reservations_unitstatechange c JOIN reservations_unit u ON u.id = c.unit_id"
        " WHERE u.name = %s ORDER BY c.id DESC"
    )
    return [str(name) for (name,) in stack.query(statement, name)]


def test_who_signs_out_leaves_no_board_on_the_phone(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("housekeeper", viewport=PHONE)
    opened(page, live_stack)
    eventually(lambda: page.evaluate(KEPT))
    signs_out(page)
    eventually(lambda: not page.evaluate("caches.has('bellhop-board-1')"))
    page.context.set_offline(True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED|ERR_FAILED"):
        page.goto(hotel(live_stack))


def test_focus_stays_on_its_unit_when_the_board_is_drawn_anew(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    """ux X3."""
    page, manager = new_page("housekeeper"), new_page("manager")
    mine = opened(page, live_stack, "102")
    page.evaluate("document.querySelector('.unit-card').dataset.old = ''")
    mine.locator("[data-more]").focus()
    manager.goto(hotel(live_stack).replace("?", "assign/?"))
    manager.get_by_role("button", name="Usual minutes").click()
    manager.locator("#usual").get_by_role("button", name="Save").click()
    expect(page.locator(".unit-card[data-old]")).to_have_count(0)
    expect(mine.locator("[data-more]")).to_be_focused()
