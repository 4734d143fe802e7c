"""Promise: a housekeeper's phone shows today, one tap says what is done, also where there is no line (ux H1 to H7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.core.test_files import picture
from tests.harness.browser import PHONE, NewPage
from tests.harness.line import Line
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
HOTEL = "Hotel Sant Jordi"
PMS_STATE = (
    "SELECT r.pms_state FROM reservations_stayrequest r"
    " JOIN reservations_reservation s ON s.id = r.reservation_id WHERE s.public_id = %s"
)


@pytest.fixture(autouse=True)
def _all_dirty(live_stack: LiveStack) -> None:
    """Every room of the hotel is dirty and nobody's, whatever other tests left."""
    [(hotel_id,)] = live_stack.query("SELECT id FROM reservations_property WHERE name = %s", HOTEL)
    live_stack.query("UPDATE reservations_unit SET condition = 'dirty' WHERE property_id = %s", hotel_id)
    live_stack.query("DELETE FROM reservations_cleaning WHERE property_id = %s", hotel_id)


def hotel(stack: LiveStack) -> str:
    [(public_id,)] = stack.query("SELECT public_id FROM reservations_property WHERE name = %s", HOTEL)
    return f"/housekeeping/?property={public_id}"


def card(page: Page, name: str = "104") -> Locator:
    return page.locator(f'.unit-card[data-name="{name}"]')


def opened(page: Page, stack: LiveStack, name: str = "104") -> Locator:
    """The board with a live line."""
    page.goto(hotel(stack))
    expect(page.locator("html[data-live=on]")).to_be_attached()
    return card(page, name)


def condition(stack: LiveStack, name: str = "104") -> str:
    statement = (
        "SELECT u.condition FROM reservations_unit u JOIN reservations_property p ON p.id = u.property_id"
        " WHERE p.name = %s AND u.name = %s"
    )
    return str(stack.query(statement, HOTEL, name)[0][0])


def test_one_tap_and_undo(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("housekeeper", viewport=PHONE)
    mine, other = opened(page, live_stack), new_page("manager")
    theirs = opened(other, live_stack)
    mine.locator("[data-next]").click()
    expect(mine.locator(".unit-state")).to_have_text("Started")
    expect(theirs.locator(".unit-state")).to_have_text("Started")
    mine.locator("[data-next]").click()
    expect(mine.locator(".unit-state")).to_have_text("Clean")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(mine.locator(".unit-state")).to_have_text("Started")
    expect(theirs.locator(".unit-state")).to_have_text("Started")
    mine.locator("[data-more]").click()
    page.locator("#states").get_by_role("button", name="Out of service").click()
    expect(theirs.locator(".unit-state")).to_have_text("Out of service")
    expect(mine.locator("[data-more]")).to_be_visible()


def test_the_pms_has_it_within_seconds(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("housekeeper", viewport=PHONE)
    mine = opened(page, live_stack, "105")
    mine.locator("[data-more]").click()
    page.locator("#states").get_by_role("button", name="Inspected").click()
    expect(mine.locator(".receipt")).to_have_text("Waiting for Cloudbeds")
    expect(mine.locator(".receipt")).to_have_text("In Cloudbeds", timeout=30_000)


def test_taps_without_a_line_wait_and_go_in_their_order(new_page: NewPage, live_stack: LiveStack) -> None:
    """ux H5."""
    page = new_page("housekeeper", viewport=PHONE)
    mine = opened(page, live_stack, "102")
    eventually(lambda: page.evaluate("caches.match(location.href).then(Boolean)"))
    page.context.set_offline(True)
    mine.locator("[data-next]").click()
    expect(mine.locator("[data-waits]").first).to_contain_text("Waiting: no signal")
    expect(mine.locator(".unit-state")).to_have_text("Started")
    mine.locator("[data-next]").click()
    expect(mine.locator(".unit-state")).to_have_text("Clean")
    expect(page.locator("#board-waiting")).to_have_text("2 waiting: no signal")
    assert condition(live_stack, "102") == "dirty"
    page.reload()
    expect(mine.locator(".unit-state")).to_have_text("Clean")
    expect(page.locator("#board-waiting")).to_be_visible()
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#board-waiting")).to_be_hidden(timeout=30_000)
    acts = live_stack.query("SELECT act FROM reservations_unitstatechange ORDER BY id DESC LIMIT 2")
    assert [act for (act,) in acts] == ["clean", "started"]
    assert condition(live_stack, "102") == "clean"


@pytest.mark.parametrize("answer", ["Set it all the same", "Leave it"])
def test_what_somebody_changed_meanwhile_is_asked_about(
    new_page: NewPage, live_stack: LiveStack, answer: str
) -> None:
    page, colleague = new_page("housekeeper", viewport=PHONE), new_page("agent")
    mine, theirs = opened(page, live_stack, "107"), opened(colleague, live_stack, "107")
    page.context.set_offline(True)
    mine.locator("[data-next]").click()
    expect(mine.locator("[data-waits]").first).to_be_visible()
    theirs.locator("[data-more]").click()
    colleague.locator("#states").get_by_role("button", name="Out of order").click()
    expect(theirs.locator(".unit-state")).to_have_text("Out of order")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    dialog = page.locator("#ask")
    expect(dialog).to_contain_text("107 was set to Out of order by Ana", timeout=30_000)
    dialog.get_by_role("button", name=answer).click()
    wanted = "Started" if answer.startswith("Set") else "Out of order"
    expect(mine.locator(".unit-state")).to_have_text(wanted)
    expect(page.locator("#board-waiting")).to_be_hidden()


def test_a_problem_is_reported_with_a_photo(new_page: NewPage, live_stack: LiveStack) -> None:
    """ux H7."""
    page = new_page("housekeeper", viewport=PHONE)
    mine = opened(page, live_stack, "201")
    mine.locator("[data-more]").click()
    page.get_by_role("button", name="Report a problem").click()
    page.locator("#report-note").fill("Shower leaks")
    page.locator("#report-photo").set_input_files(
        {"name": "shower.png", "mimeType": "image/png", "buffer": picture("PNG")}
    )
    page.locator("#report [type=submit]").click()
    expect(mine.locator(".unit-found")).to_contain_text("Shower leaks")
    expect(mine.locator(".unit-found img")).to_be_visible()
    mine.get_by_role("button", name="Done: Shower leaks").click()
    expect(mine.locator(".unit-found")).to_have_count(0)


def test_a_language_for_everybody(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("housekeeper", viewport=PHONE)
    opened(page, live_stack)
    try:
        page.locator("#language-choice").select_option("pl")
        expect(page.locator("h1")).to_have_text("Dziś")
        expect(card(page).locator(".unit-state")).to_have_text("Brudny")
    finally:
        live_stack.query("UPDATE accounts_user SET language = '' WHERE email LIKE 'housekeeper@%%'")


def assigning_page(page: Page, stack: LiveStack) -> Callable[[str], Locator]:
    page.goto(hotel(stack).replace("?", "assign/?"))
    expect(page.locator("html[data-live=on]")).to_be_attached()
    return lambda name: page.locator(f'.share[data-name="{name}"]')


def test_units_are_given_by_drag_by_keyboard_and_by_menu(new_page: NewPage, live_stack: LiveStack) -> None:
    page, phone = new_page("manager"), new_page("housekeeper", viewport=PHONE)
    share = assigning_page(page, live_stack)
    mine = opened(phone, live_stack, "106")
    unit = page.locator('.share-unit[data-name="106"]')
    unit.drag_to(share("Ines Rocha").locator("ul"))
    expect(share("Ines Rocha").locator(unit)).to_be_visible()
    expect(mine.locator(".unit-who")).to_have_text(re.compile("You"))
    unit.focus()
    page.keyboard.press("Alt+ArrowLeft")
    expect(share("Nobody").locator(unit)).to_be_focused()
    expect(mine.locator(".unit-who")).to_have_count(0)
    unit.click()
    page.locator("#people").get_by_role("button", name="Ines Rocha").click()
    expect(share("Ines Rocha").locator(unit)).to_be_visible()
    unit.click()
    page.locator("#minutes-input").fill("35")
    page.locator("#minutes").get_by_role("button", name="Save").click()
    expect(unit).to_contain_text("35 min")
    expect(share("Ines Rocha").locator("header")).to_contain_text("35 min")


def test_a_late_check_out_reaches_the_board_while_the_pms_is_down(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    """ux H3, invariant 8: at once on the board, in the PMS after it is back."""
    stay, unit = _leaving(live_stack)
    page, agent = new_page("housekeeper", viewport=PHONE), new_page("agent")
    page.goto("/housekeeping/?property=all&whose=all")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    agent.goto("/inbox/all/")
    live_stack.sandbox.control.put("/_control/faults/down", json={}).raise_for_status()
    try:
        _approve(agent, live_stack, stay)
        shown = page.locator(f"#u-{unit}")
        expect(shown.locator(".unit-change")).to_contain_text("Out 14:00")
        expect(shown.locator(".unit-change")).to_contain_text("Approved by Ana")
        assert live_stack.query(PMS_STATE, stay) == [("waiting",)]
    finally:
        live_stack.sandbox.control.delete("/_control/faults/down")
    eventually(lambda: live_stack.query(PMS_STATE, stay) == [("done",)], timeout=90)


def _leaving(stack: LiveStack) -> tuple[str, str]:
    """(stay, unit) of somebody who leaves today, at the PMS that takes times."""
    statement = (
        "SELECT s.public_id, u.public_id FROM reservations_reservation s"
        " JOIN reservations_unit u ON u.id = s.unit_id JOIN connectors_connection c ON c.id = s.connection_id"
        " JOIN reservations_property p ON p.id = s.property_id"
        " WHERE c.slug = 'guesty' AND s.status IN ('confirmed', 'checked_in')"
        " AND s.departure_date = (now() AT TIME ZONE p.timezone)::date AND s.arrival_date < s.departure_date"
        " AND NOT EXISTS (SELECT 1 FROM reservations_stayrequest r WHERE r.reservation_id = s.id) LIMIT 1"
    )
    found: tuple[Any, ...] = stack.query(statement)[0]
    return str(found[0]), str(found[1])


def _approve(agent: Page, stack: LiveStack, stay: str) -> None:
    """As the panel's forms do, for a stay whose thread is not open."""
    script = """async ([url, values]) => {
      const token = JSON.parse(document.body.getAttribute('hx-headers:inherited'))['X-CSRFToken']
      const body = new URLSearchParams(values)
      return (await fetch(url, {method: 'POST', headers: {'X-CSRFToken': token}, body})).status
    }"""
    asked = [f"/stays/{stay}/requests/", {"kind": "late_check_out", "wished": "14:00"}]
    assert agent.evaluate(script, asked) == 204
    [(request,)] = stack.query(
        "SELECT r.public_id FROM reservations_stayrequest r"
        " JOIN reservations_reservation s ON s.id = r.reservation_id WHERE s.public_id = %s",
        stay,
    )
    assert agent.evaluate(script, [f"/requests/{request}/approve/", {"agreed": "14:00"}]) == 204


def test_the_line_is_cut_and_the_board_catches_up(new_page: NewPage, live_stack: LiveStack) -> None:
    with Line(live_stack.port) as line:
        page, other = new_page("housekeeper", viewport=PHONE), new_page("manager")
        theirs = opened(other, live_stack, "202")
        page.goto(line.url + hotel(live_stack))
        expect(page.locator("html[data-live=on]")).to_be_attached()
        line.cut()
        expect(page.locator("html[data-live=off]")).to_be_attached()
        theirs.locator("[data-next]").click()
        expect(theirs.locator(".unit-state")).to_have_text("Started")
        line.mend()
        expect(card(page, "202").locator(".unit-state")).to_have_text("Started")
