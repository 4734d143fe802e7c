"""Promise: whatever way a guest writes, the answer goes back that way, and the PMS keeps both. The guest holds the
sandbox's phone, the agent sits at the inbox."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.core.test_files import picture
from tests.harness import axe
from tests.harness.browser import PHONE, VIEWPORT, NewPage
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
MARIA, MARIAS_PHONE = "Maria Lindqvist", "+14015550142"
PRIYA, PRIYAS_PHONE = "Priya Raman", "+447700900302"
HOTEL = "stay@harbour-house.example"


def _control(stack: LiveStack, method: str, path: str, **values: Any) -> dict[str, Any]:
    answer = stack.sandbox.control.request(method, f"/_control/{path}", json=values or None)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _open(page: Page, guest: str) -> None:
    page.goto("/inbox/all/")
    page.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    page.locator("#rows .thread-row", has_text=guest).locator(".who").click()
    expect(page.locator("#thread-title")).to_have_text(guest)


def _phone(page: Page, stack: LiveStack, guest: str) -> None:
    page.goto(f"{stack.sandbox.url}/phones")
    page.get_by_role("button", name=guest).click()


def _text(phone: Page, body: str) -> None:
    phone.get_by_label("Message", exact=True).fill(body)
    phone.get_by_role("button", name="Send", exact=True).click()


def _came(agent: Page, text: str) -> Locator:
    message = agent.locator("#log .msg[data-kind=in]", has_text=text)
    expect(message).to_have_count(1, timeout=30_000)
    return message


def _look_for_mail(stack: LiveStack) -> None:
    """The mailbox is read once a minute: now, instead."""
    stack.query(
        "UPDATE connectors_syncrun SET next_try_at = NULL FROM connectors_connection c"
        " WHERE c.id = connection_id AND c.slug = 'mailbox' AND purpose = 'poll'"
    )


def _say(agent: Page, text: str) -> Locator:
    agent.locator("#body").fill(text)
    agent.locator("#send").click()
    bubble = agent.locator("#log .msg[data-kind=out]", has_text=text)
    bubble.get_by_role("button", name="Send now").click()
    return bubble


def _channel(agent: Page) -> Locator:
    return agent.locator(".composer-channel")


def _way(agent: Page, channel: str) -> Locator:
    return agent.locator(f"#channel-pop .way:has(input[data-channel={channel}]:not([value=pms]))")


def _pick(agent: Page, channel: str) -> None:
    _channel(agent).click()
    _way(agent, channel).click()


def _kept(stack: LiveStack, guest: str, text: str) -> list[str]:
    """What the PMS's conversation holds of it."""
    found = _control(stack, "GET", "conversations")["conversations"]
    key = next(str(entry["id"]) for entry in found if entry["guest_name"] == guest)
    messages = _control(stack, "GET", f"messages?conversation={key}")["messages"]
    return [entry["body"] for entry in messages if text in entry["body"]]


def test_a_guest_texts_and_is_answered(new_page: NewPage, live_stack: LiveStack) -> None:
    agent, phone = new_page("agent"), new_page()
    _open(agent, MARIA)
    _phone(phone, live_stack, MARIA)
    expect(_channel(agent)).to_contain_text("Guesty")
    _text(phone, "can we stay until one?")
    asked = _came(agent, "can we stay until one?")
    expect(_channel(agent)).to_have_text("SMS")
    answered = _say(agent, "Yes, until 13:00.")
    expect(phone.locator("#bubbles")).to_contain_text("Yes, until 13:00.")
    answered.locator("button.receipt").click()
    legs = answered.locator("dl.legs")
    expect(legs).to_contain_text(re.compile(r"Guest\s*Delivered"))
    expect(legs).to_contain_text(re.compile(r"PMS\s*(Sent|Delivered)"))
    assert axe.violations(agent, ["#log"]) == []
    agent.keyboard.press("Escape")
    expect(asked.locator("button.receipt")).to_contain_text("Guesty: Sent")
    for text in ("can we stay until one?", "Yes, until 13:00."):
        assert len(_kept(live_stack, MARIA, text)) == 1
    assert phone.locator("#bubbles li", has_text="Yes, until 13:00.").count() == 1

    # A picture each way.
    phone.locator("#w-files").set_input_files(
        {"name": "key.png", "mimeType": "image/png", "buffer": picture("PNG")}
    )
    _text(phone, "Is this our key?")
    expect(_came(agent, "Is this our key?").locator("a[data-view] img")).to_be_visible()
    agent.locator("#file-input").set_input_files(
        {"name": "map.png", "mimeType": "image/png", "buffer": picture("PNG")}
    )
    expect(agent.locator("#uploads [data-file]")).to_be_visible()
    _say(agent, "It is; the door is here.")
    expect(phone.locator("#bubbles li", has_text="the door is here").locator("img")).to_be_visible()

    # STOP closes the way, START opens it again.
    phone.get_by_role("button", name="STOP").click()
    expect(_channel(agent)).not_to_have_text("SMS")
    _channel(agent).click()
    expect(_way(agent, "sms")).to_contain_text("they stopped it on")
    expect(_way(agent, "sms").locator("input")).to_be_disabled()
    assert axe.violations(agent, ["#channel-pop", "#context"]) == []
    agent.keyboard.press("Escape")
    phone.get_by_role("button", name="START", exact=True).click()
    expect(_channel(agent)).to_have_text("SMS")


def test_an_email_is_answered_in_its_thread(new_page: NewPage, live_stack: LiveStack) -> None:
    agent, guest = new_page("agent"), "maria.l@nordvik.example"
    _open(agent, MARIA)
    pdf = base64.b64encode(b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n").decode()
    _control(
        live_stack, "POST", f"mail/{guest}/send", to=HOTEL, subject="Our booking", text="Here is the voucher.",
        html="<p>Here is the <b>voucher</b>.</p><script>document.title = 'owned'</script>",
        files=[{"filename": "voucher.pdf", "mime": "application/pdf", "data": pdf}],
    )  # fmt: skip
    _look_for_mail(live_stack)
    came = _came(agent, "Here is the voucher.")
    expect(came).to_contain_text("Our booking")
    expect(came.locator("a.file", has_text="voucher.pdf")).to_be_visible()
    came.get_by_text("Show as it was designed").click()
    expect(came.frame_locator("iframe").locator("b")).to_have_text("voucher")
    assert axe.violations(agent, ["#log"]) == []
    expect(_channel(agent)).to_have_text("E-mail")
    _say(agent, "Thank you, all set.")
    expect(came.locator("iframe")).to_be_visible()

    def letter() -> dict[str, Any] | None:
        found = _control(live_stack, "GET", f"mail/{guest}/letters")["letters"]
        return next((one for one in found if "Thank you, all set." in str(one)), None)

    first = eventually(letter)
    assert first is not None
    assert first["subject"] == "Re: Our booking"
    _control(live_stack, "POST", f"mail/{guest}/reply", letter=first["id"], text="Perfect!", style="gmail")
    _look_for_mail(live_stack)
    reply = _came(agent, "Perfect!")
    quoted = reply.locator("details.quoted").first
    expect(quoted).not_to_have_attribute("open", "")
    expect(reply.locator(".bubble > p").first).to_have_text("Re: Our booking")
    expect(quoted.locator("div")).to_be_hidden()
    expect(quoted.locator("div")).to_contain_text("Thank you, all set.")


def test_whatsapp_outside_its_window(new_page: NewPage, live_stack: LiveStack) -> None:
    agent = new_page("agent")
    _open(agent, PRIYA)
    _pick(agent, "whatsapp")
    expect(agent.locator("#body")).to_be_hidden()
    templates = agent.locator(".templates:visible")
    template = templates.locator(".template", has_text="check_in").filter(
        has=agent.get_by_text("en", exact=True)
    )
    template.locator("input[name=template]").check()
    blanks = template.locator("fieldset input")
    blanks.nth(0).fill("Priya")
    blanks.nth(1).fill("15:00")
    assert axe.violations(agent, ["#composer"]) == []
    agent.emulate_media(color_scheme="dark")
    agent.set_viewport_size(PHONE)
    assert axe.violations(agent, ["#composer"]) == []
    assert agent.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    agent.set_viewport_size(VIEWPORT)
    agent.locator("#send").click()
    sent = agent.locator("#log .msg[data-kind=out]", has_text="Priya").last
    sent.get_by_role("button", name="Send now").click()

    def on_the_phone() -> list[str]:
        return [
            str(one["body"])
            for one in _control(live_stack, "GET", f"phones/{PRIYAS_PHONE}/messages?kind=whatsapp")[
                "messages"
            ]
        ]

    assert "15:00" in eventually(on_the_phone)[0]
    _control(live_stack, "POST", f"phones/{PRIYAS_PHONE}/whatsapp", body="Lovely, thanks")
    _came(agent, "Lovely, thanks")
    expect(_channel(agent)).to_have_text("WhatsApp")
    expect(agent.locator("#body")).to_be_visible()
    _say(agent, "See you then.")
    eventually(lambda: "See you then." in on_the_phone())
