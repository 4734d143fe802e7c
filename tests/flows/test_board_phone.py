"""Promise: a phone in a corridor loses nothing of what was tapped or reported, and tells the next person nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import APIResponse, Error, Page, Route, expect

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
    with pytest.raises(Error, match=r"ERR_INTERNET_DISCONNECTED|ERR_FAILED"):
        page.goto(hotel(live_stack))


def test_nobody_taps_in_the_name_of_who_signed_in_after_them(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    """Their page is still open behind another one of the same phone."""
    page = new_page("housekeeper", viewport=PHONE)
    mine, before = opened(page, live_stack, "102"), changes(live_stack, "102")
    housekeeper = str(page.locator(".shell").get_attribute("data-user"))
    behind = page.context.new_page()
    signs_out(behind)
    sign_in(behind, "manager")
    mine.locator("[data-next]").click()
    expect(page.locator(".shell")).not_to_have_attribute("data-user", housekeeper)
    assert condition(live_stack, "102") == "dirty"
    assert changes(live_stack, "102") == before
    signs_out(behind)
    sign_in(behind, "housekeeper")
    behind.goto(hotel(live_stack))
    expect(card(behind, "102").locator(".unit-state")).to_have_text("Started")
    eventually(lambda: len(changes(live_stack, "102")) == len(before) + 1)
    assert changes(live_stack, "102")[0].startswith("Ines")


def test_a_tap_after_the_session_ended_waits_for_its_person(new_page: NewPage, live_stack: LiveStack) -> None:
    """ux B5."""
    page = new_page("housekeeper", viewport=PHONE)
    mine = opened(page, live_stack, "102")
    page.context.clear_cookies(name="bellhop_session")
    mine.locator("[data-next]").click()
    page.wait_for_url("**/accounts/login/**")
    page.locator("input[name=login]").fill("housekeeper@demo.example")
    page.locator("input[name=password]").fill("bellhop-demo")
    page.get_by_role("button", name="Sign in").click()
    expect(mine.locator(".unit-state")).to_have_text("Started")
    expect(page.locator("#board-waiting")).to_be_hidden()


def test_a_tap_that_the_server_fails_at_holds_up_no_other_unit(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    page = new_page("housekeeper", viewport=PHONE, service_workers="block")
    mine, another = opened(page, live_stack, "102"), card(page, "104")
    broken = f"**/units/{mine.get_attribute('data-unit')}/**"
    page.route(broken, lambda route: route.fulfill(status=500, body="<h1>Server error</h1>"))
    mine.locator("[data-next]").click()
    expect(mine.locator("[data-waits]")).to_have_count(1)
    back_on_line(page)  # looks through what waits
    eventually(lambda: page.evaluate("JSON.stringify(localStorage)").find('\\"fails\\":true') > 0)
    another.locator("[data-next]").click()
    expect(another.locator(".unit-state")).to_have_text("Started")
    expect(mine.locator("[data-waits]")).to_have_count(1)
    page.unroute(broken)
    back_on_line(page)
    expect(mine.locator(".unit-state")).to_have_text("Started")
    expect(page.locator("#board-waiting")).to_be_hidden()


def test_one_version_of_a_file_is_kept(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("housekeeper", viewport=PHONE)
    opened(page, live_stack)
    eventually(lambda: page.evaluate("Boolean(navigator.serviceWorker.controller)"))
    old = "/static/js/board/board.0123456789ab.js"
    page.evaluate(f"caches.open('bellhop-board-1').then((kept) => kept.put('{old}', new Response('old')))")
    assert page.evaluate(f"caches.match('{old}').then(Boolean)")
    page.evaluate("fetch('/static/js/board/board.js').then((answer) => answer.text())")
    eventually(lambda: not page.evaluate(f"caches.match('{old}').then(Boolean)"))


def test_a_phone_without_room_says_that_a_tap_is_not_kept(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("housekeeper", viewport=PHONE)
    mine = opened(page, live_stack, "102")
    page.evaluate(
        """() => {
          for (let size = 4e6, n = 0; size >= 1; size = Math.floor(size / 2))
            try { for (;;) localStorage.setItem(`full${n++}`, "x".repeat(size)) } catch { /* no room for so much */ }
        }"""
    )
    page.context.set_offline(True)
    mine.locator("[data-next]").click()
    expect(page.locator("#toasts")).to_contain_text("Not kept")
    expect(mine.locator(".unit-state")).to_have_text("Dirty")
    expect(mine.locator("[data-waits]")).to_have_count(0)


def draws_anew(manager: Page, stack: LiveStack) -> None:
    """Every open board of the hotel is asked for anew."""
    manager.goto(hotel(stack).replace("?", "assign/?"))
    manager.get_by_role("button", name="Usual minutes").click()
    manager.locator("#usual").get_by_role("button", name="Save").click()


def test_focus_stays_on_its_unit_when_the_board_is_drawn_anew(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    """ux X3."""
    page, manager = new_page("housekeeper"), new_page("manager")
    mine = opened(page, live_stack, "102")
    page.evaluate("document.querySelector('.unit-card').dataset.old = ''")
    mine.locator("[data-more]").focus()
    draws_anew(manager, live_stack)
    expect(page.locator(".unit-card[data-old]")).to_have_count(0)
    expect(mine.locator("[data-more]")).to_be_focused()


def reports(stack: LiveStack, note: str) -> list[bool]:
    """Of each report with that note: whether it has a photo."""
    rows = stack.query("SELECT storage_key <> '' FROM reservations_unitreport WHERE note = %s", note)
    return [bool(has_photo) for (has_photo,) in rows]


def fills_in(page: Page, note: str) -> None:
    page.get_by_role("button", name="Report a problem").click()
    page.locator("#report-note").fill(note)
    page.locator("#report-photo").set_input_files(
        {"name": "tap.png", "mimeType": "image/png", "buffer": picture("PNG")}
    )
    page.locator("#report [type=submit]").click()


def test_a_report_without_a_line_waits_with_its_photo(new_page: NewPage, live_stack: LiveStack) -> None:
    """ux H5, H7."""
    page = new_page("housekeeper", viewport=PHONE)
    mine = opened(page, live_stack, "102")
    eventually(lambda: page.evaluate(KEPT))
    page.context.set_offline(True)
    mine.locator("[data-more]").click()
    fills_in(page, "The tap drips")
    expect(page.locator("#report")).to_be_hidden()
    expect(page.locator("#announcer")).to_have_text("102: the report waits for a signal")
    page.reload()
    expect(page.locator("#board-waiting")).to_have_text("1 waiting: no signal")
    assert reports(live_stack, "The tap drips") == []
    back_on_line(page)
    expect(mine.locator(".unit-found img")).to_be_visible(timeout=30_000)
    expect(page.locator("#board-waiting")).to_be_hidden()
    assert reports(live_stack, "The tap drips") == [True]
    mine.get_by_role("button", name="Done: The tap drips").click()


def test_a_report_after_the_session_ended_waits_for_its_person(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    page = new_page("housekeeper", viewport=PHONE)
    mine = opened(page, live_stack, "102")
    page.context.clear_cookies(name="bellhop_session")
    mine.locator("[data-more]").click()
    fills_in(page, "The lamp flickers")
    page.wait_for_url("**/accounts/login/**")
    sign_in(page, "housekeeper")
    page.goto(hotel(live_stack))
    expect(mine.locator(".unit-found")).to_contain_text("The lamp flickers")
    mine.get_by_role("button", name="Done: The lamp flickers").click()
    expect(mine.locator(".unit-found")).to_have_count(0)


def test_ten_reports_wait_and_no_more(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("housekeeper", viewport=PHONE)
    opened(page, live_stack)
    page.context.set_offline(True)
    kept = page.evaluate(
        """async () => {
          const { add, waiting } = await import("/static/js/board/reports.js")
          const kept = []
          for (let n = 0; n < 11; n++) kept.push(await add({ token: `t${n}`, unit: "u", name: "102", values: {} }))
          return [...kept, (await waiting()).map((one) => one.token)]
        }"""
    )
    assert kept == [*[True] * 10, False, [f"t{n}" for n in range(10)]]


def test_what_changes_while_the_board_is_drawn_anew_is_on_it(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    page = new_page("housekeeper", viewport=PHONE, service_workers="block")
    manager, other = new_page("manager"), new_page("agent")
    mine, theirs = opened(page, live_stack, "102"), opened(other, live_stack, "102")
    page.evaluate("document.querySelector('.unit-card').dataset.old = ''")
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/housekeeping/?*", lambda route: held.append((route, route.fetch())))
    draws_anew(manager, live_stack)
    eventually(lambda: page.evaluate("true") and held)
    theirs.locator("[data-next]").click()
    expect(mine.locator(".unit-state")).to_have_text("Started")
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(page.locator(".unit-card[data-old]")).to_have_count(0)
    expect(mine.locator(".unit-state")).to_have_text("Started")


def test_the_board_that_is_kept_is_the_one_that_was_last_seen(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    """ux H5, B2: not the one that was first opened."""
    page, other = new_page("housekeeper", viewport=PHONE), new_page("agent")
    mine, theirs = opened(page, live_stack, "102"), opened(other, live_stack, "102")
    eventually(lambda: page.evaluate(KEPT))
    theirs.locator("[data-next]").click()
    expect(mine.locator(".unit-state")).to_have_text("Started")
    kept = "caches.match(location.href).then((kept) => kept.text())"
    eventually(lambda: 'data-state="going"' in page.evaluate(kept), timeout=30)
    page.context.set_offline(True)
    page.reload()
    expect(mine.locator(".unit-state")).to_have_text("Started")


def test_a_refusal_is_counted_at_once(new_page: NewPage, live_stack: LiveStack) -> None:
    """Also the first one of the day."""
    page = new_page("housekeeper", viewport=PHONE)
    mine = opened(page, live_stack, "102")
    blocked = page.locator("#board-sum span", has_text="blocked")
    expect(blocked).to_be_hidden()
    mine.locator("[data-more]").click()
    page.locator("#states").get_by_role("button", name="No service wanted").click()
    expect(blocked).to_have_text("1 blocked")
    mine.get_by_role("button", name="Service wanted after all").click()
    expect(blocked).to_be_hidden()


CONTRASTS = """() => {
  const paper = document.createElement("canvas").getContext("2d", { willReadFrequently: true })
  const pixel = (colour) => {
    paper.clearRect(0, 0, 1, 1)
    paper.fillStyle = colour
    paper.fillRect(0, 0, 1, 1)
    return [...paper.getImageData(0, 0, 1, 1).data]
  }
  const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
  const behind = (element) => {
    const found = pixel(getComputedStyle(element).backgroundColor)
    return found[3] === 255 || !element.parentElement ? found : behind(element.parentElement)
  }
  const moment = document.querySelector(".unit-times dd")
  moment.insertAdjacentHTML("beforeend", "<s>11:00</s><small class=asked>15:00</small>")
  return [...document.querySelectorAll(".unit-card h3, .unit-times :is(b, s, .asked)")].map((one) => {
    const [low, high] = [light(pixel(getComputedStyle(one).color)), light(behind(one))].sort((a, b) => a - b)
    return [one.className || one.tagName, (high + 0.05) / (low + 0.05)]
  })
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_units_and_times_are_read_in_the_sun(new_page: NewPage, live_stack: LiveStack, scheme: str) -> None:
    """ux H7: 7:1."""
    page = new_page("housekeeper", viewport=PHONE, color_scheme=scheme)
    opened(page, live_stack)
    found = page.evaluate(CONTRASTS)
    assert {name for name, _contrast in found} == {"H3", "B", "S", "asked"}
    assert [(name, contrast) for name, contrast in found if contrast < 7] == []
