"""Promise: one inbox, mirrored both ways. Two agents and the PMS's own console, each in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import NewPage
from tests.harness.line import Line
from tests.harness.stack import PASSWORD, LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
GUEST = "João Carvalho"


def _open(page: Page, guest: str = GUEST) -> None:
    page.goto("/inbox/all/")
    page.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    page.locator("#rows .thread-row", has_text=guest).locator(".who").click()
    expect(page.locator("#thread-title")).to_have_text(guest)


def _conversation(stack: LiveStack, guest: str = GUEST) -> str:
    found = stack.sandbox.control.get("/_control/conversations").json()["conversations"]
    return next(str(entry["id"]) for entry in found if entry["guest_name"] == guest)


def _bodies(stack: LiveStack) -> list[str]:
    answer = stack.sandbox.control.get("/_control/messages", params={"conversation": _conversation(stack)})
    spoken = (entry for entry in answer.json()["messages"] if entry["direction"] in {"inbound", "outbound"})
    return [entry["body"] for entry in spoken]


def _exported(stack: LiveStack) -> list[str]:
    rows = stack.query(
        "SELECT m.body FROM inbox_message m JOIN inbox_thread t ON t.id = m.thread_id "
        "WHERE t.conversation_id = %s AND m.withdrawn_at IS NULL",
        _conversation(stack),
    )
    return [row[0] for row in rows]


def test_guest_agents_and_staff_share_one_conversation(new_page: NewPage, live_stack: LiveStack) -> None:
    ana, tom = new_page("agent"), new_page("agent2")
    console = new_page()
    for agent in (ana, tom):
        _open(agent)

    # The guest writes, at the other side.
    console.goto(live_stack.sandbox.url)
    console.get_by_text(GUEST).first.click()
    console.get_by_label("The guest says").fill("Could we keep the room until one?")
    console.get_by_role("button", name="Send as guest").click()
    for agent in (ana, tom):
        expect(agent.locator("#log .msg[data-kind=in]").last).to_contain_text("until one?")

    # Ana answers while Tom is warned.
    ana.locator("#body").fill("Gladly, until 13:00.")
    expect(tom.locator("#presence .avatar[data-presence=replying]")).to_have_attribute(
        "title", re.compile("Ana Ferreira is replying")
    )
    tom.locator("#body").fill("I will look into it.")
    expect(tom.locator("#draft-state")).to_contain_text("saved")
    ana.locator("#send").click()
    expect(tom.locator("#log")).to_contain_text("Gladly, until 13:00.")
    tom.locator("#send").click()
    expect(tom.locator("#composer [role=alert]")).to_contain_text("Gladly, until 13:00.")
    tom.locator("#composer").get_by_role("button", name="Review").click()
    expect(tom.locator("#body")).to_have_value("I will look into it.")

    # The answer stands in the PMS, and its receipts say so.
    eventually(lambda: "Gladly, until 13:00." in _bodies(live_stack))
    bubble = ana.locator("#log .msg[data-kind=out]", has_text="Gladly, until 13:00.")
    expect(bubble.locator("button.receipt")).to_have_attribute("data-state", "sent")
    bubble.locator("button.receipt").click()
    expect(bubble.locator("dl.legs")).to_contain_text("Delivered")

    # A colleague answers in the PMS.
    console.get_by_label("The front desk replies").fill("I moved the cleaning to 13:30.")
    console.get_by_role("button", name="Reply as staff").click()
    for agent in (ana, tom):
        expect(agent.locator("#log .msg[data-kind=pms]").last).to_contain_text("I moved the cleaning")
    assert sorted(_exported(live_stack)) == sorted(_bodies(live_stack))


def test_a_laptop_sleeps_through_ten_messages(new_page: NewPage, live_stack: LiveStack) -> None:
    with Line(live_stack.port) as line:
        page = new_page()
        page.goto(f"{line.url}/accounts/login/")
        page.locator("input[name=login]").fill("agent@demo.example")
        page.locator("input[name=password]").fill("bellhop-demo")
        page.locator("form:has(input[name=password]) button[type=submit]").click()
        page.wait_for_url("**/inbox/**")
        page.goto(f"{line.url}/inbox/all/")
        page.wait_for_function("() => document.documentElement.dataset.live === 'on'")
        page.locator("#rows .thread-row", has_text=GUEST).locator(".who").click()
        expect(page.locator("#thread-title")).to_have_text(GUEST)
        page.locator("#body").fill("My words are safe.")
        expect(page.locator("#draft-state")).to_contain_text("saved")

        line.cut()
        conversation = _conversation(live_stack)
        for number in range(10):
            live_stack.sandbox.control.post(
                f"/_control/conversations/{conversation}/guest-writes",
                json={"body": f"While you slept {number}"},
            ).raise_for_status()
        eventually(lambda: sum("While you slept" in body for body in _exported(live_stack)) == 10)
        expect(page.locator("#live-bar")).to_contain_text("Reconnecting")
        expect(page.locator("#log")).not_to_contain_text("While you slept")

        line.mend()
        for number in range(10):
            expect(page.locator("#log")).to_contain_text(f"While you slept {number}")
        assert page.locator("#log .bubble", has_text="While you slept").count() == 10
        expect(page.locator("#body")).to_have_value("My words are safe.")


def test_undo_puts_the_text_back_and_nothing_leaves(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("agent")
    _open(page, "Ingrid Sørensen")
    page.locator("#body").fill("Too early!")
    page.locator("#body").press("Control+Enter")
    page.locator("[data-undo]").click()
    expect(page.locator("#body")).to_have_value("Too early!")
    expect(page.locator("#log")).not_to_contain_text("Too early!")
    page.locator("#body").fill("")
    eventually(lambda: live_stack.query("SELECT 1 FROM connectors_command WHERE state = 'cancelled'"))
    conversation = _conversation(live_stack, "Ingrid Sørensen")
    answer = live_stack.sandbox.control.get("/_control/messages", params={"conversation": conversation})
    assert "Too early!" not in answer.text


def _say(page: Page, text: str) -> None:
    page.locator("#body").fill(text)
    page.locator("#send").click()
    page.locator("#log .msg", has_text=text).get_by_role("button", name="Send now").click()


def test_an_outage_is_told_and_replies_wait(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("agent")
    _open(page, "Jonas Weber")
    live_stack.sandbox.control.put("/_control/faults/down", json={}).raise_for_status()
    try:
        # The first one meets the outage: nobody knows whether it arrived, and nobody sends it twice.
        _say(page, "Parking is included.")
        expect(page.locator("#outage")).to_contain_text("down since", timeout=30_000)
        expect(page.locator("#log .msg", has_text="Parking is included.")).to_contain_text(
            "Sending, checking"
        )
        _open(page, "Yuki Tanaka")
        expect(page.locator("#outage")).to_contain_text("down since")
        _say(page, "See you tonight.")
        expect(page.locator("#log .msg", has_text="See you tonight.")).to_contain_text("Queued")
    finally:
        live_stack.sandbox.control.delete("/_control/faults/down")
    bubble = page.locator("#log .msg", has_text="See you tonight.")
    expect(bubble.locator("button.receipt")).to_have_attribute("data-state", "sent", timeout=60_000)
    expect(page.locator("#outage")).not_to_contain_text("down since")


def test_expired_session_keeps_the_draft(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("agent2")
    _open(page, "Kwame Mensah")
    page.locator("#body").fill("A sea view, yes.")
    expect(page.locator("#draft-state")).to_contain_text("saved")
    page.context.clear_cookies()
    page.locator("#send").click()
    again = page.get_by_role("dialog", name="Your session ended")
    again.get_by_label("Password").fill("not it")
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("alert")).to_contain_text("do not match")
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    expect(again).to_be_hidden()
    expect(page.locator("#body")).to_have_value("A sea view, yes.")
    page.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    page.locator("#send").click()
    expect(page.locator("#log .msg[data-kind=out]").last).to_contain_text("A sea view, yes.")
