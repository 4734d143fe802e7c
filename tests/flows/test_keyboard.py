"""Promise: everything by keyboard, and single letters can be switched off (ux §1 Keyboard, WCAG 2.1.4)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import NewPage

pytestmark = pytest.mark.flow
WIDE = {"width": 1440, "height": 900}


def _pane(page: Page) -> str:
    panes = ["nav", "pane-list", "log", "composer", "pane-context"]
    within = "panes => panes.find(name => document.activeElement.closest(`.${name}`))"
    return str(page.evaluate(within, panes))


def test_the_table_of_keys(new_page: NewPage) -> None:
    page = new_page("agent", viewport=WIDE)
    page.goto("/inbox/all/?channel=airbnb")  # guests, whom one may write to: nothing is sent to owners
    keys = page.keyboard
    first, second = page.locator("#rows .who").nth(0), page.locator("#rows .who").nth(1)
    keys.press("j")
    expect(first).to_be_focused()
    keys.press("j")
    expect(second).to_be_focused()
    keys.press("x")
    expect(page.locator("#bulk")).to_be_visible()
    keys.press("Escape")
    expect(page.locator("#bulk")).to_be_hidden()
    keys.press("o")
    expect(page.locator("#thread-title")).to_have_text(second.locator("bdi").inner_text())
    keys.press("n")
    expect(page.locator("#body")).to_be_focused()
    expect(page.locator("#tab-note")).to_have_attribute("aria-selected", "true")
    keys.press("Escape")
    expect(page.locator("#log")).to_be_focused()
    keys.press("r")
    expect(page.locator("#tab-reply")).to_have_attribute("aria-selected", "true")
    keys.type("jkx?")
    expect(page.locator("#body")).to_have_value("jkx?")
    page.locator("#body").fill("")
    keys.press("Escape")
    for key, target in (("z", "snooze-menu"), ("a", "assignee"), ("t", "tags-menu")):
        keys.press(key)
        expect(page.locator(f"#{target}")).to_be_visible()
        keys.press("Escape")
        expect(page.locator(f"#{target}")).to_be_hidden()
    seen = []
    for _ in range(5):
        keys.press("F6")
        seen.append(_pane(page))
    assert set(seen) == {"nav", "pane-list", "log", "composer", "pane-context"}
    keys.press("u")
    keys.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    keys.press("Escape")
    keys.press("g")
    keys.press("i")
    page.wait_for_url("**/inbox/needs-reply/")


def test_menus_bring_people_when_they_are_opened_or_looked_for(new_page: NewPage) -> None:
    """The panel follows the log, the menus' own lists whoever asks for them: by key, or by name in the palette."""
    page = new_page("agent", viewport=WIDE)
    page.goto("/inbox/all/?channel=airbnb")
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.locator("#context[aria-busy]")).to_have_count(0)
    expect(page.locator("#context .facts-block")).not_to_have_count(0)
    people = page.locator("#assignee button:not([data-key])").filter(has_not_text="Nobody")
    expect(page.locator("#log .msg").first).to_be_visible()
    expect(people).to_have_count(0)
    page.keyboard.press("a")
    expect(people).not_to_have_count(0)
    surname = people.first.inner_text().split()[-1]
    page.keyboard.press("Escape")
    page.reload()
    expect(people).to_have_count(0)
    page.keyboard.press("/")
    page.locator("#palette-input").fill(surname.lower())
    expect(people).not_to_have_count(0)
    page.locator("#palette-input").fill(surname)
    expect(page.locator("#palette-commands a").filter(has_text=surname)).not_to_have_count(0)


def test_single_letters_can_be_switched_off(new_page: NewPage) -> None:
    page = new_page("agent2", viewport=WIDE)
    page.goto("/settings/")
    page.get_by_label("Single-letter shortcuts").uncheck()
    page.get_by_role("button", name="Save settings").click()
    page.goto("/inbox/all/")
    page.keyboard.press("?")
    page.keyboard.press("j")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.goto("/settings/")
    page.get_by_label("Single-letter shortcuts").check()
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("status").filter(has_text="saved")).to_be_visible()


def test_ones_own_keys(new_page: NewPage) -> None:
    page = new_page("manager", viewport=WIDE)
    page.goto("/settings/keys/")
    page.get_by_label("Next thread").fill("s")
    page.get_by_role("button", name="Save the keys").click()
    expect(page.get_by_role("status").filter(has_text="Keys saved")).to_be_visible()
    page.goto("/inbox/all/")
    page.keyboard.press("j")
    expect(page.locator("#rows .who:focus")).to_have_count(0)
    page.keyboard.press("s")
    expect(page.locator("#rows .who").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts dl > div", has_text="Next thread").locator("kbd")).to_have_text("s")
    page.goto("/settings/keys/")
    page.get_by_role("button", name="Back to the usual ones").click()
    expect(page.get_by_label("Next thread")).to_have_value("j")
