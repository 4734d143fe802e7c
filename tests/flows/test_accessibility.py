"""Promise: WCAG 2.2 AA on every page and in every state that opens something, light and dark, wide and narrow."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.core.test_files import PROGRAM, picture
from tests.harness import axe
from tests.harness.browser import PHONE, NewPage
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
WIDE = {"width": 1440, "height": 900}
TABLET = {"width": 900, "height": 700}
WIDTHS = [
    pytest.param(WIDE, id="1440"),
    pytest.param({"width": 768, "height": 900}, id="768"),
    pytest.param(PHONE, id="360"),
]
GUEST = "Maria Lindqvist"


class Checker:
    """Collects what axe finds on a page in light and dark, state by state, and what scrolls sideways. Only what is
    new is looked at: `within` the parts that opened, and in another scheme what depends on colours."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    def __call__(self, state: str, *within: str) -> None:
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for scheme in schemes:
            self.page.emulate_media(color_scheme=scheme)
            found = axe.violations(self.page, within, only_colours=scheme == "dark")
            self.found += [f"{state}, {scheme}: {line}" for line in found]
        self._check_width(state)

    def at_each_width(self, state: str) -> None:
        """The same page, made narrower where it stands (in the dark), and wide again."""
        self.page.emulate_media(color_scheme="dark")
        for width in (768, 360):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.found += [f"{state}, {width}: {line}" for line in axe.violations(self.page)]
            self._check_width(f"{state}, {width}")
        self.page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})
        self(state)

    def _check_width(self, state: str) -> None:
        wider = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        self.found += [f"{state}: {wider} px wider than the window"] if wider > 0 else []


def _open_thread(page: Page) -> None:
    page.goto("/inbox/all/")
    page.locator("#rows .thread-row", has_text=GUEST).locator(".who").click()
    expect(page.locator("#thread-title")).to_have_text(GUEST)


def _popovers(page: Page, check: Checker, opens: dict[str, str]) -> None:
    for state, target in opens.items():
        page.locator(f"[popovertarget={target}]:visible").first.click()
        expect(page.locator(f"#{target}")).to_be_visible()
        check(state, f"#{target}", f"[popovertarget={target}]")
        page.keyboard.press("Escape")
        expect(page.locator(f"#{target}")).to_be_hidden()


def _add_files(page: Page, check: Checker) -> None:
    """One that is kept, one that is refused."""
    page.locator("#file-input").set_input_files(
        [
            {"name": "pool.png", "mimeType": "image/png", "buffer": picture("PNG")},
            {"name": "run.exe", "mimeType": "application/pdf", "buffer": PROGRAM},
        ]
    )
    expect(page.locator("#uploads [data-state=refused]")).to_be_visible()
    check("files")
    page.locator("#uploads [data-state=refused] button").click()


def _look_at_an_image(page: Page, check: Checker) -> None:
    page.locator("#log a[data-view]").last.click()
    expect(page.locator("#viewer-frame img")).to_be_visible()
    check("image", "#viewer")
    page.keyboard.press("Escape")


@pytest.mark.parametrize("viewport", WIDTHS)
def test_the_inbox(new_page: NewPage, live_stack: LiveStack, viewport: dict[str, int]) -> None:
    page = new_page("manager", viewport=viewport)
    check = Checker(page)
    page.goto("/inbox/needs-reply/")
    check("list")
    _popovers(page, check, {"sort": "sort"})
    page.locator("#bell").click()
    expect(page.locator("#notices .notices-mute").first).to_be_visible()
    check("notices", "#notices", "#bell")
    page.keyboard.press("Escape")
    page.locator("[popovertarget=filters]").click()
    page.locator("#filters summary", has_text="Arrival").click()
    page.locator("#filters summary", has_text="Channel").click()
    expect(page.locator("#filter-arrival")).to_be_visible()
    check("filters", "#filters", "[popovertarget=filters]")
    page.keyboard.press("Escape")
    page.goto("/inbox/snoozed/?channel=vrbo")
    check("nothing matches")
    _open_thread(page)
    check("thread")
    page.locator("#tab-note").click()
    page.locator("#body").fill("A note")
    check("note")
    page.locator("#tab-reply").click()
    page.locator("#body").fill("About {{unit.wifi}}")
    expect(page.locator("#blanks")).to_be_visible()
    check("blank")
    _popovers(page, check, {"more ways": "send-more", "channel": "channel-pop", "thread menu": "thread-more"})
    page.locator("#canned-button").click()
    expect(page.locator("#canned-list button").first).to_be_visible()
    check("canned replies", "#canned", "#canned-button")
    page.keyboard.press("Escape")
    page.locator("#body").fill("On its way.")
    _add_files(page, check)
    page.locator("#send").click()
    expect(page.locator("#log .msg[data-kind=out]").last).to_contain_text("On its way.")
    check("sent")
    _look_at_an_image(page, check)
    if viewport is PHONE:
        page.locator("[data-drawer]:visible").click()
        check("stay details")
    else:
        _popovers(page, check, {"snooze": "snooze-menu", "assign": "assignee"})
        page.locator("#rows .pick").first.check()
        check("selection")
        _popovers(page, check, {"assign many": "bulk-assign", "tag many": "bulk-tags-menu"})
    assert check.found == []


@pytest.mark.parametrize("viewport", WIDTHS)
def test_dialogs(new_page: NewPage, live_stack: LiveStack, viewport: dict[str, int]) -> None:
    page = new_page("agent", viewport=viewport)
    check = Checker(page)
    page.goto("/inbox/all/")
    page.keyboard.press("Control+k")
    page.locator("#palette-input").fill("Maria")
    expect(page.locator("#palette-results a").first).to_be_visible()
    check("palette")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    check("keyboard")
    page.keyboard.press("Escape")
    page.context.clear_cookies()
    page.locator("#rows .who").first.click()
    expect(page.get_by_role("dialog", name="Your session ended")).to_be_visible()
    check("session ended")
    assert check.found == []


@pytest.mark.parametrize("viewport", WIDTHS)
def test_the_board(new_page: NewPage, live_stack: LiveStack, viewport: dict[str, int]) -> None:
    page = new_page("manager", viewport=viewport)
    check = Checker(page)
    page.goto("/housekeeping/?property=all&whose=all")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    check("board")
    first = page.locator(".unit-card:has([data-next])").first
    first.locator("[data-more]").click()
    check("states", "#states")
    page.locator("#states").get_by_role("button", name="Report a problem").click()
    check("report", "#report")
    page.locator("#report [data-close]").click()
    page.evaluate("document.getElementById('ask').showModal()")
    page.locator("#ask-words").evaluate("place => (place.textContent = 'Set it all the same?')")
    check("question", "#ask")
    page.locator("#ask [data-answer='']").click()
    first.locator("[data-more]").click()
    page.locator("#states [value^=out]:enabled").first.click()
    expect(page.locator("#toasts .toast")).to_be_visible()
    check("out of use")
    page.goto("/housekeeping/?property=all&whose=all&day=tomorrow")
    check("tomorrow")
    page.goto("/housekeeping/assign/")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    check("who cleans")
    page.locator(".share-unit").first.click()
    check("give", "#people")
    page.keyboard.press("Escape")
    page.locator("[popovertarget=places]").click()
    check("properties", "#places")
    page.locator("#places a").last.click()
    page.get_by_role("button", name="Usual minutes").click()
    check("minutes", "#usual")
    assert check.found == []


def test_other_pages(new_page: NewPage, live_stack: LiveStack) -> None:
    connection = live_stack.query("SELECT public_id FROM connectors_connection ORDER BY id LIMIT 1")[0][0]
    delivery = live_stack.query("SELECT max(id) FROM connectors_webhookdelivery")[0][0]
    person_id = live_stack.query("SELECT public_id FROM accounts_user WHERE email = 'agent@demo.example'")[0][
        0
    ]
    pages = {
        "admin": [
            "/health/",
            f"/health/connections/{connection}/",
            f"/health/connections/{connection}/ledger/",
            f"/health/connections/{connection}/stage/",
            f"/health/connections/{connection}/rehearsals/",
            *([f"/health/deliveries/{delivery}/"] if delivery else []),
            "/settings/",
            "/settings/keys/",
            "/settings/inbox/",
            "/settings/replies/",
            "/people/",
            f"/people/{person_id}/",
            "/audit/",
            "/night-audit/",
            "/night-audit/trends/",
            "/accounts/2fa/",
            "/accounts/password/change/",
            "/accounts/logout/",
            "/not-there/",
        ],
        "": ["/accounts/login/", "/accounts/password/reset/", "/invite/nonsense/"],
    }
    for person, addresses in pages.items():
        page = new_page(person, viewport=WIDE)
        check = Checker(page)
        for address in addresses:
            page.goto(address)
            check.at_each_width(address)
        assert check.found == []


def test_the_drawer_takes_the_focus_and_gives_it_back(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("agent", viewport=TABLET)
    _open_thread(page)
    check = Checker(page)
    page.locator("[data-drawer]").click()
    expect(page.locator("#context [data-drawer-close]")).to_be_focused()
    check("drawer")
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate("!document.activeElement.closest('#list, #thread')")
    page.locator("#context .pane-body").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#thread [data-drawer]")).to_be_focused()
    assert check.found == []


@pytest.mark.parametrize("address", ["/inbox/all/", "/settings/", "/health/"])
def test_reflow_at_200_and_at_400_percent(new_page: NewPage, address: str) -> None:
    """1280 px at 400 % is 320 px; a browser's own zoom of 200 % halves the width as well."""
    page = new_page("manager", viewport={"width": 640, "height": 450}, device_scale_factor=2)
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 640})
        page.goto(address)
        eventually(lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
