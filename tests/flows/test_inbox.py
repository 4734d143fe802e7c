"""Promise: reading and triage keep place, focus and words (ux L2, L13, L14, T1, T2, C2, C7, C9, X3)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import NewPage
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
WIDE = {"width": 1440, "height": 700}


def _list(page: Page, view: str = "all") -> None:
    page.goto(f"/inbox/{view}/")
    page.wait_for_function("() => document.documentElement.dataset.live === 'on'")


def _open(page: Page, guest: str) -> None:
    page.locator("#rows .thread-row", has_text=guest).locator(".who").click()
    expect(page.locator("#thread-title")).to_have_text(guest)


def _guest_writes(stack: LiveStack, guest: str, *bodies: str) -> None:
    found = stack.sandbox.control.get("/_control/conversations").json()["conversations"]
    conversation = next(entry["id"] for entry in found if entry["guest_name"] == guest)
    for body in bodies:
        stack.sandbox.control.post(
            f"/_control/conversations/{conversation}/guest-writes", json={"body": body}
        ).raise_for_status()


def test_back_and_forward_walk_through_threads_without_loading(new_page: NewPage) -> None:
    page = new_page("agent", viewport=WIDE)
    _list(page)
    page.evaluate("window.sameDocument = true")
    _open(page, "Maria Lindqvist")
    expect(page).to_have_title(re.compile("Maria Lindqvist"))
    _open(page, "Jonas Weber")
    page.go_back()
    expect(page.locator("#thread-title")).to_have_text("Maria Lindqvist")
    expect(page.locator("#rows .who[aria-current]")).to_contain_text("Maria Lindqvist")
    page.go_back()
    expect(page).to_have_title(re.compile(r"All · Bellhop$"))
    page.go_forward()
    expect(page).to_have_title(re.compile("Maria Lindqvist"))
    assert page.evaluate("window.sameDocument")


def test_an_update_waits_while_the_pointer_is_over_the_list(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("agent", viewport=WIDE)
    _list(page)
    first = page.locator("#rows .thread-row .who").first
    before = first.inner_text()
    page.locator("#rows .thread-row").nth(2).hover()
    _guest_writes(live_stack, "Grace Whitfield", "Is the lift back?")
    expect(page.locator("#updates")).to_contain_text("1")
    assert first.inner_text() == before
    page.mouse.move(1000, 300)
    expect(first).to_contain_text("Grace Whitfield")


def test_the_readers_place_stays_when_newer_and_older_messages_come(
    new_page: NewPage, live_stack: LiveStack
) -> None:
    page = new_page("agent", viewport=WIDE)
    guest = "Kwame Mensah"
    _guest_writes(live_stack, guest, *(f"Long line {number}. " * 12 for number in range(60)))
    eventually(
        lambda: len(live_stack.query("SELECT 1 FROM inbox_message WHERE body LIKE 'Long line%%'")) == 60, 60
    )
    _list(page)
    _open(page, guest)
    expect(page.locator("#log")).to_contain_text("Long line 59.")
    middle = page.locator("#log .msg", has_text="Long line 40.")
    middle.evaluate("element => element.scrollIntoView({block: 'center'})")
    before = middle.bounding_box()
    _guest_writes(live_stack, guest, "The newest of all")
    expect(page.locator("#log")).to_contain_text("The newest of all")
    expect(page.locator("#jump")).to_be_visible()
    after = middle.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 3
    page.locator("#jump").click()
    expect(page.locator("#log .bubble", has_text="The newest of all")).to_be_in_viewport()
    page.locator("#log-body").evaluate("body => body.scrollTo({top: -body.scrollHeight})")
    expect(page.locator("#log")).to_contain_text("Long line 0.")
    headings = page.locator("#log .day").all_inner_texts()
    assert len(headings) == len(set(headings))


def test_many_at_once_and_back_again(new_page: NewPage, live_stack: LiveStack) -> None:
    """ux L14."""
    page = new_page("agent2", viewport=WIDE)
    _list(page)
    rows = page.locator("#rows .thread-row")
    rows.nth(3).locator(".pick").check()
    rows.nth(5).locator(".pick").click(modifiers=["Shift"])
    expect(page.locator("#bulk-count")).to_have_text("3 selected")
    page.locator("#bulk").get_by_role("button", name="Close").click()
    expect(page.locator("#bulk-result")).to_contain_text("3 threads changed")
    expect(page.locator("#bulk")).to_be_hidden()
    closed = page.locator("#nav-views [data-view=closed] .count")
    expect(closed).to_have_text("3")
    page.locator("#bulk-result").get_by_role("button", name="Undo").click()
    expect(closed).to_have_text("0")
    expect(page.locator("#bulk-result")).to_contain_text("Undone for 3 threads")


def test_a_selection_is_assigned_and_tagged_by_keyboard(new_page: NewPage, live_stack: LiveStack) -> None:
    """ux L14: to a colleague, with a tag; Enter in the field means its own button."""
    page = new_page("agent", viewport=WIDE)
    _list(page)
    rows = page.locator("#rows .thread-row")
    first = rows.nth(0).get_attribute("data-thread")
    for key in ("j", "x", "j", "x", "a"):
        page.keyboard.press(key)
    page.locator("#bulk-assign button", has_text="Tom Burke").click()
    expect(page.locator("#bulk-result")).to_contain_text("2 threads changed")
    expect(page.locator(f"#row-{first} .avatar[aria-label='Assigned to Tom Burke']")).to_be_visible()
    page.locator("#bulk-result").get_by_role("button", name="Undo").click()
    expect(page.locator("#bulk-result")).to_contain_text("Undone for 2 threads")
    rows.nth(0).locator(".pick").check()
    page.locator("#bulk-all").check()
    expect(page.locator("#bulk-count")).to_have_text("All that match selected")
    page.keyboard.press("t")
    page.locator("#bulk-tags").fill("quiet please")
    page.locator("#bulk-tags").press("Enter")
    expect(page.locator("#bulk-result")).to_contain_text("threads changed", timeout=30_000)
    tagged = (
        "SELECT count(*) FROM inbox_thread_tags JOIN inbox_tag t ON t.id = tag_id WHERE name = 'quiet please'"
    )
    everything = live_stack.query("SELECT count(*) FROM inbox_thread")[0][0]
    eventually(lambda: live_stack.query(tagged)[0][0] == everything)
    page.locator("#bulk-result").get_by_role("button", name="Undo").click()
    eventually(lambda: live_stack.query(tagged)[0][0] == 0)


def test_text_stays_in_its_thread_and_mode(new_page: NewPage) -> None:
    page = new_page("agent", viewport=WIDE)
    _list(page)
    _open(page, "Yuki Tanaka")
    page.locator("#body").fill("For Yuki")
    _open(page, "Jonas Weber")
    expect(page.locator("#body")).to_have_value("")
    page.locator("#tab-note").click()
    page.locator("#body").fill("A note about Jonas")
    expect(page.locator("#draft-state")).to_contain_text("saved")
    page.locator("#tab-reply").click()
    expect(page.locator("#body")).to_have_value("")
    other = new_page("agent", viewport=WIDE)
    _list(other)
    _open(other, "Yuki Tanaka")
    expect(other.locator("#body")).to_have_value("For Yuki")
    other.locator("#body").fill("")
    expect(other.locator("#draft-state")).to_have_text("")


def test_a_double_click_sends_once_and_a_blank_sends_nothing(new_page: NewPage) -> None:
    page = new_page("agent", viewport=WIDE)
    _list(page)
    _open(page, "Grace Whitfield")
    page.locator("#body").fill("The code is {{unit.code}}")
    expect(page.locator("#blanks .blank")).to_have_text("{{unit.code}}")
    page.locator("#send").click()
    expect(page.locator("#composer [role=alert]")).to_contain_text("braces")
    expect(page.locator("#body")).to_have_value("The code is {{unit.code}}")
    page.locator("#body").fill("Only once, {{")
    page.locator("#canned-list button", has_text="guest.first_name").click()
    expect(page.locator("#body")).to_have_value("Only once, Grace")
    page.locator("#send").dblclick()
    expect(page.locator("#log .msg[data-kind=out]", has_text="Only once, Grace")).to_have_count(1)
    expect(page.locator("#body")).to_have_value("")
    expect(page.locator("#send")).to_be_focused()


def test_what_one_sends_is_seen_whole_with_its_undo(new_page: NewPage, live_stack: LiveStack) -> None:
    """Also in a thread that is longer than the screen."""
    page = new_page("agent", viewport=WIDE)
    _list(page)
    _open(page, "Maria Lindqvist")
    assert page.evaluate(
        "(body => body.scrollHeight > body.clientHeight)(document.getElementById('log-body'))"
    )
    page.locator("#body").fill("We keep them for you.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#log .undo").last).to_be_in_viewport(ratio=1)
    expect(page.locator("#jump")).to_be_hidden()
    page.locator("#log [data-undo]").last.click()
    expect(page.locator("#body")).to_have_value("We keep them for you.")
    page.locator("#body").fill("")
    eventually(lambda: not live_stack.query("SELECT 1 FROM inbox_draft WHERE body LIKE %s", "We keep them%"))


def test_nothing_shifts_after_the_first_paint(new_page: NewPage) -> None:
    page = new_page("agent", viewport=WIDE)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "entry => { if (!entry.hadRecentInput) window.shift += entry.value }))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    _list(page)
    _open(page, "Maria Lindqvist")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shift") < 0.05


def test_the_bell_counts_opens_and_leads_to_the_note(new_page: NewPage) -> None:
    """ux U4: live, by keyboard, to the exact note; opening it reads it."""
    ana, tom = new_page("agent", viewport=WIDE), new_page("agent2", viewport=WIDE)
    _list(tom)
    tom.locator("#bell").click()
    tom.locator("#notices").get_by_role("button", name="Mark all read").click()
    expect(tom.locator("#bell-count")).to_be_hidden()
    tom.keyboard.press("Escape")
    _list(ana)
    _open(ana, "Maria Lindqvist")
    ana.keyboard.press("n")
    ana.locator("#body").fill("@Tom is the cot there?")
    ana.keyboard.press("Control+Enter")
    expect(tom.locator(".toast")).to_contain_text("is the cot there?")
    expect(tom.locator("#bell-count")).to_have_text("1")
    tom.locator("#bell").focus()
    tom.keyboard.press("Enter")
    line = tom.locator("#notices .notices-list [data-unread] a").first
    expect(line).to_contain_text("Ana Ferreira mentioned you")
    line.click()
    expect(tom.locator("#thread-title")).to_have_text("Maria Lindqvist")
    expect(tom.locator("#log .msg[data-kind=note]", has_text="is the cot there?")).to_be_in_viewport()
    expect(tom.locator("#bell-count")).to_be_hidden()


def test_a_run_of_events_folds_and_stays_as_the_reader_left_it(new_page: NewPage) -> None:
    """ux T4."""
    page = new_page("agent", viewport=WIDE)
    _list(page)
    _open(page, "Yuki Tanaka")
    page.locator("#body").wait_for()
    for tags in ("one", "one, two", "one, two, three"):
        page.keyboard.press("t")
        page.locator("#tags").fill(tags)
        page.locator("#tags").press("Enter")
        expect(page.locator("#log")).to_contain_text(f"Tags: {', '.join(sorted(tags.split(', ')))}")
        page.keyboard.press("Escape")
        expect(page.locator("#tags")).not_to_be_focused()
    fold = page.locator("#log details.events").last
    expect(fold.locator("summary")).to_contain_text("events")
    expect(fold.locator(".event").first).to_be_hidden()
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(fold.locator(".event").first).to_be_visible()
    page.keyboard.press("n")
    page.locator("#body").fill("Still open?")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#log")).to_contain_text("Still open?")
    expect(fold.locator(".event").first).to_be_visible()


def test_filters_combine_and_go_one_by_one(new_page: NewPage) -> None:
    """ux L5, by keyboard; the address carries them into the thread."""
    page = new_page("manager", viewport=WIDE)
    _list(page)
    everybody = page.locator("#rows .thread-row").count()
    page.locator("[popovertarget=filters]").click()
    page.locator("#filters summary", has_text="Channel").click()
    for channel in ("airbnb", "booking"):
        page.locator(f"#filters [name=channel][value={channel}]").check()
    page.locator("#filters").get_by_role("button", name="Apply").click()
    page.wait_for_url("**channel=airbnb&channel=booking**")
    expect(page.locator(".chips .chip")).to_have_count(2)
    filtered = page.locator("#rows .thread-row").count()
    assert 0 < filtered < everybody
    page.locator("#rows .who").first.click()
    page.wait_for_url(re.compile(r"/inbox/all/\w+/\?.*channel=airbnb&channel=booking"))
    page.locator(".chips .chip", has_text="Airbnb").click()
    expect(page.locator(".chips .chip")).to_have_count(1)
    page.locator(".chips").get_by_text("Clear all").click()
    expect(page.locator(".chips")).to_have_count(0)


def test_at_midnight_the_phases_change_without_a_reload(new_page: NewPage) -> None:
    """ux L9: when the row's day is over, its list is asked for anew (here the day is ended by hand)."""
    page = new_page("agent", viewport=WIDE)
    page.clock.install()
    _list(page)
    row = page.locator("#rows [data-day-ends]").first
    page.evaluate("document.querySelector('#rows').sameList = true")
    row.evaluate("row => row.dataset.dayEnds = '2001-01-01'")
    with page.expect_response("**/inbox/all/rows/**"):
        page.clock.run_for(60_000)
    expect(row).to_have_attribute("data-day-ends", re.compile("^20[2-9]"))
    assert page.evaluate("document.querySelector('#rows').sameList")


def test_a_reply_for_later_changes_in_place_and_comes_back(new_page: NewPage, live_stack: LiveStack) -> None:
    """ux C12: one row from beginning to end."""
    page = new_page("agent2", viewport=WIDE)
    _list(page)
    _open(page, "Jonas Weber")
    [(before,)] = live_stack.query("SELECT coalesce(max(id), 0) FROM connectors_command")
    [(tomorrow,)] = live_stack.query("SELECT to_char(now() + interval '2 days', 'YYYY-MM-DD\"T\"HH24:MI')")
    page.locator("#body").fill("The pool opens at nine.")
    page.locator("[popovertarget=send-more]").click()
    page.locator("#send-at").fill(tomorrow)
    page.locator("[data-send=later]").click()
    bubble = page.locator("#log .msg[data-kind=out]", has=page.locator("details.later")).last
    expect(bubble).to_contain_text("The pool opens at nine.")
    expect(bubble).to_contain_text("Leaves")
    bubble.locator("summary", has_text="Change text or time").press("Enter")
    bubble.get_by_label("Text").fill("The pool opens at ten.")
    bubble.get_by_role("button", name="Save the change").click()
    expect(bubble.locator(".bubble")).to_have_text("The pool opens at ten.")
    rows = (
        "SELECT count(*), max(intent->>'body') FROM connectors_command"
        " WHERE id > %s AND intent->>'body' LIKE 'The pool%%'"
    )
    assert live_stack.query(rows, before) == [(1, "The pool opens at ten.")]
    bubble.get_by_role("button", name="Cancel").click()
    expect(page.locator("#body")).to_have_value("The pool opens at ten.")
    expect(page.locator("#log")).not_to_contain_text("The pool opens")
    page.locator("#body").fill("")
