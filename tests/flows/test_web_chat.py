"""Promise: who visits the property's website writes there and reads the answer; a guest opens the page of the stay."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Frame, FrameLocator, Page, Route, expect

from tests.core.test_files import picture
from tests.harness import axe
from tests.harness.browser import PHONE, NewPage
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
WIDE = {"width": 1440, "height": 900}
LOADED = """performance.getEntriesByType('resource').map(r => r.name).filter(n => n.includes('/chat/'))
  .map(n => n.split('/').pop())"""


def site(stack: LiveStack) -> str:
    return f"http://127.0.0.1:{stack.sandbox_port}/website"


def open_chat(page: Page) -> FrameLocator:
    page.get_by_role("button", name=re.compile("Open chat|Abrir el chat")).click()
    frame = page.frame_locator("iframe")
    expect(frame.locator("#text")).to_be_focused()
    return frame


def frame_of(page: Page) -> Frame:
    return next(frame for frame in page.frames if "/chat/frame/" in frame.url)


def accessible(page: Page | Frame, root: Page) -> list[str]:
    found = axe.violations(page)
    root.emulate_media(color_scheme="dark")
    found += axe.violations(page, only_colours=True)
    root.emulate_media(color_scheme="light")
    return found


def thread_of(page: Page, text: str) -> None:
    page.goto("/inbox/all/")
    page.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    page.locator("#rows .thread-row", has_text=text).locator(".who").click()
    expect(page.locator("#log")).to_contain_text(text)


def answer(page: Page, text: str) -> None:
    page.locator("#body").fill(text)
    page.keyboard.press("Control+Enter")
    page.locator("#log [data-undo]").last.wait_for()


def new_link(agent: Page) -> str:
    """To the page of Maria Lindqvist's stay, whose thread is then open."""
    agent.goto("/inbox/all/")
    agent.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    agent.locator("#rows .thread-row", has_text="Maria Lindqvist").locator(".who").click()
    agent.locator("#chat-facts summary").click()
    agent.get_by_label("For", exact=True).select_option(label="I pass it on myself")
    agent.get_by_role("button", name="Make a link").click()
    return agent.get_by_label("The new link (shown once)").input_value()


def kept(stack: LiveStack, guest: str, text: str) -> int:
    """How often the PMS's conversation holds it."""
    found = stack.sandbox.control.get("/_control/conversations").json()["conversations"]
    key = next(str(entry["id"]) for entry in found if entry["guest_name"] == guest)
    answer = stack.sandbox.control.get("/_control/messages", params={"conversation": key})
    return sum(text in entry["body"] for entry in answer.json()["messages"])


def test_a_visitor_and_an_agent_talk(new_page: NewPage, live_stack: LiveStack) -> None:
    visitor = new_page(viewport=WIDE)
    visitor.goto(site(live_stack))
    assert visitor.evaluate(LOADED) == ["widget.js"]
    # What another script says in the button's name is not heard.
    visitor.evaluate("postMessage({bellhop: 1, type: 'unread', n: 5}, '*')")
    frame = open_chat(visitor)
    frame.locator("#text").fill("Is there a cot for <b>our</b> baby?")
    frame.locator("#file").set_input_files(
        {"name": "room.png", "mimeType": "image/png", "buffer": picture("PNG")}
    )
    expect(frame.locator("#uploads li")).to_have_count(1)
    frame.locator("#text").press("Enter")
    expect(frame.locator(".chat-msg[data-mine] .said")).to_have_text("Is there a cot for <b>our</b> baby?")
    assert accessible(frame_of(visitor), visitor) == []

    agent = new_page("agent", viewport=WIDE)
    thread_of(agent, "Is there a cot for <b>our</b> baby?")
    expect(agent.locator("#chat-facts")).to_contain_text("Not verified")
    expect(agent.locator("#chat-facts")).to_contain_text("Harbour House, Newport")
    expect(agent.locator("#log .msg[data-kind=in] img")).to_be_visible()
    answer(agent, "Yes: it is in your room. See https://hotel.example/cots.")
    said = frame.locator(".chat-msg:not([data-mine])")
    expect(said).to_contain_text("Yes: it is in your room.")
    expect(said.locator("a")).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(agent.locator("#log .msg[data-kind=out]").last).to_contain_text("Read")

    # Closed and read later: the count stands in the button's name; the page is left and come back to.
    visitor.keyboard.press("Escape")
    button = visitor.get_by_role("button", name="Open chat")
    expect(button).to_be_focused()
    answer(agent, "Anything else?")
    expect(visitor.get_by_role("button", name="Open chat, 1 unread message")).to_be_visible()
    visitor.goto(f"{site(live_stack)}/rooms")
    expect(visitor.get_by_role("button", name="Open chat, 1 unread message")).to_be_visible()
    frame = open_chat(visitor)
    expect(frame.locator(".chat-msg")).to_have_count(3)
    expect(agent.locator("#log .msg[data-kind=out]").last).to_contain_text("Read")

    frame.get_by_role("button", name="End chat").first.click()
    frame.locator("#sure").get_by_role("button", name="End chat").click()
    expect(frame.locator(".chat-msg")).to_have_count(0)
    visitor.reload()
    expect(open_chat(visitor).locator(".chat-msg")).to_have_count(0)


def test_the_keyboard_stays_in_the_open_chat(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page(viewport=WIDE)
    page.goto(site(live_stack))
    open_chat(page)
    for key in ("Tab", "Shift+Tab"):
        for _press in range(8):
            page.keyboard.press(key)
            within = page.evaluate("document.activeElement.matches('[data-bellhop-chat]')")
            assert within, "the focus left the chat"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_browser_without_cookies_of_others_keeps_the_chat_with_the_page(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    page = new_page(viewport=PHONE, locale="es-ES")

    page.route("**/chat/frame/*/kept", lambda route: route.fulfill(json={"kept": False}))
    page.goto(site(live_stack))
    page.evaluate("document.documentElement.lang = 'en'")
    frame = open_chat(page)
    frame.locator("#text").fill("Hola")
    frame.locator("#text").press("Enter")
    expect(frame.locator(".chat-msg .said")).to_have_text("Hola")
    eventually(lambda: page.evaluate("Object.keys(localStorage).some((key) => key.endsWith('.token'))"))
    page.context.clear_cookies()
    page.reload()
    expect(open_chat(page).locator(".chat-msg .said")).to_have_text("Hola")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_site_that_is_not_listed_can_not_frame_it(browser: Browser, live_stack: LiveStack) -> None:
    """The browser itself refuses."""
    [(listed,)] = live_stack.query("SELECT origins FROM inbox_chatwidget")
    live_stack.query("UPDATE inbox_chatwidget SET origins = %s", ["https://www.hotel.example"])
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(site(live_stack))
        with page.expect_console_message(lambda line: "frame-ancestors" in line.text):
            page.get_by_role("button", name="Open chat").click()
        expect(page.frame_locator("iframe").locator("#text")).to_have_count(0)
    finally:
        live_stack.query("UPDATE inbox_chatwidget SET origins = %s", listed)
        context.close()


def test_a_guest_opens_the_page_of_the_stay(new_page: NewPage, live_stack: LiveStack) -> None:
    agent = new_page("agent", viewport=WIDE)
    link = new_link(agent)
    agent.get_by_role("button", name="Put it into the reply").click()
    expect(agent.locator("#body")).to_have_value(re.compile(re.escape(link)))
    agent.locator("#body").fill("")

    guest = new_page(viewport=PHONE)
    guest.goto(link)
    assert "/g/stay/" in guest.url
    expect(guest.get_by_role("heading", level=1)).to_have_text("Harbour House")
    expect(guest.locator("body")).not_to_contain_text("Lindqvist")
    assert accessible(guest, guest) == []
    guest.get_by_label("Last name, or last four digits of your phone").fill("Wrong")
    guest.get_by_role("button", name="Show").click()
    expect(guest.get_by_role("alert").first).to_contain_text("That does not fit")
    guest.get_by_label("Last name, or last four digits of your phone").fill("Lindqvist")
    guest.get_by_role("button", name="Show").click()
    expect(guest.locator("dt", has_text="Door code")).to_be_visible()
    guest.get_by_label("Write to us").fill("We come at four.")
    guest.get_by_role("button", name="Send").click()
    expect(guest.locator(".chat-msg[data-mine]").last).to_contain_text("We come at four.")
    expect(agent.locator("#log .msg[data-kind=in]").last).to_contain_text("We come at four.")
    answer(agent, "Until four, then.")
    expect(guest.locator(".chat-msg:not([data-mine])").last).to_contain_text("Until four, then.")
    # The PMS's own thread holds both, once each.
    for text in ("We come at four.", "Until four, then."):
        eventually(lambda text=text: kept(live_stack, "Maria Lindqvist", text) == 1)
    assert guest.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_guest_sends_before_the_first_look_came_is_shown(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    """A slow line: the page is there, its script has asked, and the guest writes before the answer."""
    link = new_link(new_page("agent", viewport=WIDE))
    guest = new_page(viewport=PHONE)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    guest.route("**/messages?after=", hold)
    guest.goto(link)
    guest.get_by_label("Write to us").fill("We are on the road.")
    guest.get_by_role("button", name="Send").click()
    mine = guest.locator(".chat-msg[data-mine]", has_text="We are on the road.")
    expect(mine).to_have_count(1)
    eventually(lambda: kept(live_stack, "Maria Lindqvist", "We are on the road.") == 1)
    held.pop().continue_()
    # What the server wrote is taken over.
    expect(guest.locator("#messages > :not([data-at])")).to_have_count(0)
    expect(mine).to_have_count(1)
    expect(guest.locator(".chat-msg").last).to_contain_text("We are on the road.")


def test_the_settings_of_the_chat(new_page: NewPage) -> None:
    admin = new_page("admin", viewport=WIDE)
    admin.goto("/health/")
    admin.get_by_role("link", name="Website chat").first.click()
    admin.get_by_role("link", name="Set up the chat: sites, hours, snippet").click()
    assert accessible(admin, admin) == []
    admin.get_by_label("Greeting").fill("Good day.")
    admin.get_by_role("button", name="Save", exact=True).click()
    expect(admin.locator(".banner[role=status]")).to_contain_text("Saved.")
