"""The pages on which a person plays a guest, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.connectors.sandbox.direct.providers import MARIA, Meta
from tests.connectors.sandbox.harness import PICTURE, Sandbox, wait_for
from tests.harness import axe
from tests.harness.browser import PHONE

ADDRESS = "maria.l@nordvik.example"


@pytest.fixture
def page(browser: Browser, town: Sandbox) -> Iterator[Page]:
    context = browser.new_context(base_url=f"http://127.0.0.1:{town.port}", viewport=PHONE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def test_a_guest_texts_reads_and_flies_off(page: Page, town: Sandbox, meta: Meta) -> None:
    page.goto("/phones")
    page.get_by_role("button", name="Maria Lindqvist").click()
    page.get_by_role("button", name="WhatsApp", exact=True).click()
    page.get_by_label("Message", exact=True).fill("Can we stay until one?")
    page.locator("#w-files").set_input_files({"name": "view.png", "mimeType": "image/png", "buffer": PICTURE})
    page.get_by_label("Message", exact=True).press("Enter")
    expect(page.locator("#bubbles img")).to_have_attribute("alt", "view.png")
    key = meta.send(text={"body": "Yes: https://harbour-house.example/late"}).json()["messages"][0]["id"]
    expect(page.get_by_role("link", name="https://harbour-house.example/late")).to_be_visible()
    page.get_by_role("button", name="Read", exact=True).click()
    expect(page.locator("#bubbles")).to_contain_text("read")
    rows = town.control("GET", f"/phones/{MARIA}/messages")["messages"]
    assert [row["state"] for row in rows if row["id"] == key] == ["read"]
    page.get_by_label("Airplane mode").check()
    meta.send(text={"body": "Safe travels"})
    expect(page.locator("#underway")).to_contain_text("1 not arrived: sent")
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_guest_answers_a_mail(page: Page, town: Sandbox) -> None:
    html = "<p>Are you <b>there</b>?</p><script>top.location = '/'</script>"
    asked = {"to": ADDRESS, "subject": "Your stay", "text": "Are you there?", "html": html}
    town.control("POST", "/mail/eva.n@post.example/send", **asked)
    page.goto("/mail")
    page.get_by_role("button", name=ADDRESS).click()
    page.get_by_role("button", name="Your stay").click()
    expect(page.frame_locator("#letter iframe").get_by_text("there", exact=True)).to_be_visible()
    page.get_by_label("Answer", exact=True).fill("Yes, from five.")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#said")).to_have_text("Sent")
    [answer] = wait_for(lambda: town.control("GET", "/mail/eva.n@post.example/letters")["letters"])
    assert answer["subject"] == "Re: Your stay"
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_where_a_provider_reports(page: Page, town: Sandbox) -> None:
    page.goto("/mail")
    form = page.locator("#reports")
    expect(form.locator("#k-told")).to_contain_text("inbound.harbour-house.example")
    form.get_by_label("Provider").select_option("Amazon SES")
    expect(form.locator("#k-told")).to_contain_text("ses.harbour-house.example")
    form.get_by_label("A mail comes in").fill("http://127.0.0.1:9/in")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#said")).to_have_text("Saved")
    expect(form.locator("#k-told")).to_contain_text("Not confirmed when this was shown: inbound.")
    assert town.control("POST", "/ses/webhooks-to")["inbound_url"] == "http://127.0.0.1:9/in"
    form.get_by_label("Provider").select_option("Resend")
    expect(form.get_by_label("A mail comes in")).to_have_value("")
    page.get_by_label("Server", exact=True).select_option("Amazon SES")
    expect(page.locator("#hooks")).to_contain_text("SubscriptionConfirmation")
    assert axe.violations(page) == []
