"""Promise: files are pasted, dropped, chosen, stay with the draft, go with the reply, are shown in place (ux C13)."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import Page, Route, expect

from tests.core.test_files import PROGRAM, picture
from tests.harness.browser import NewPage
from tests.harness.stack import LiveStack

pytestmark = pytest.mark.flow
WIDE = {"width": 1440, "height": 900}
PNG = picture("PNG")

# A file that a person pastes or drops, as the browser hands it over.
_HAND_OVER = """([how, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0))
  const data = new DataTransfer()
  data.items.add(new File([bytes], name, { type: "image/png" }))
  const given = how === "paste" ? { clipboardData: data } : { dataTransfer: data }
  const kind = how === "paste" ? ClipboardEvent : DragEvent
  const target = document.querySelector(how === "paste" ? "#body" : "#log")
  target.dispatchEvent(new kind(how, { bubbles: true, cancelable: true, ...given }))
}"""


def _open(page: Page, guest: str) -> None:
    page.goto("/inbox/all/")
    page.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    page.locator("#rows .thread-row", has_text=guest).locator(".who").click()
    expect(page.locator("#thread-title")).to_have_text(guest)


def _hand_over(page: Page, how: str, name: str) -> None:
    page.evaluate(_HAND_OVER, [how, name, base64.b64encode(PNG).decode()])
    expect(page.locator("#uploads [data-file]", has_text=name)).to_be_visible()


def _choose(page: Page, name: str, content: bytes) -> None:
    page.locator("#file-input").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})


def test_files_are_added_kept_described_sent_and_looked_at(new_page: NewPage) -> None:
    page = new_page("agent", viewport=WIDE)
    _open(page, "Amélie Laurent")
    _hand_over(page, "paste", "pasted.png")
    _hand_over(page, "drop", "dropped.png")
    _choose(page, "holiday.png", PROGRAM)
    refused = page.locator("#uploads [data-state=refused]")
    expect(refused).to_contain_text("Programs are not taken")
    refused.get_by_role("button").click()
    expect(page.locator("#files-notes")).to_contain_text("A link to each file is sent instead.")
    page.get_by_label("What pasted.png shows, in words").fill("The pool from above")
    page.get_by_label("What pasted.png shows, in words").press("Enter")
    expect(page.locator("#body")).to_be_focused()
    page.get_by_role("button", name="Remove dropped.png").click()
    expect(page.locator("#uploads .upload")).to_have_count(1)

    again = new_page("agent", viewport=WIDE)
    _open(again, "Amélie Laurent")
    expect(again.locator("#uploads [data-file] input")).to_have_value("The pool from above")

    page.locator("#body").press("Control+Enter")  # without a word
    photo = page.locator("#log .msg[data-kind=out] a[data-view]").last
    expect(photo.get_by_role("img", name="The pool from above")).to_be_visible()
    expect(page.locator("#uploads .upload")).to_have_count(0)
    page.locator("#log [data-undo]").last.click()
    expect(page.locator("#uploads [data-file] input")).to_have_value("The pool from above")
    page.locator("#body").fill("Here it is")
    page.locator("#send").click()
    expect(page.locator("#body")).to_have_value("")
    photo.press("Enter")
    viewer = page.get_by_role("dialog", name="pasted.png")
    expect(viewer.get_by_role("img", name="The pool from above")).to_be_visible()
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(photo).to_be_focused()


def test_sending_waits_for_the_upload_and_not_for_what_failed(new_page: NewPage) -> None:
    page = new_page("agent", viewport=WIDE)
    _open(page, "Ingrid Sørensen")
    held: list[Route] = []
    page.route("**/threads/*/files/", lambda route: held.append(route) if not held else route.continue_())
    page.locator("#body").fill("The map is attached")
    _choose(page, "map.png", PNG)
    expect(page.locator("#uploads [data-state=sending]")).to_be_visible()
    page.keyboard.press("Control+Enter")
    page.locator("#send").click()
    expect(page.locator("#draft-state")).to_contain_text("once the files are added")
    expect(page.locator("#log .msg[data-kind=out]", has_text="The map is attached")).to_have_count(0)
    held[0].continue_()
    sent = page.locator("#log .msg[data-kind=out]", has_text="The map is attached")
    expect(sent.get_by_role("img", name="map.png")).to_be_visible()
    expect(sent).to_have_count(1)


def test_a_guests_file_is_fetched_and_stands_in_the_thread(new_page: NewPage, live_stack: LiveStack) -> None:
    """A drawing that could run is offered for saving, never shown in place."""
    page = new_page("agent", viewport=WIDE)
    _open(page, "Yuki Tanaka")
    url = f"http://127.0.0.1:{live_stack.sandbox_port}/console"
    found = live_stack.sandbox.control.get("/_control/conversations").json()["conversations"]
    talk = next(entry["id"] for entry in found if entry["guest_name"] == "Yuki Tanaka")
    files = [
        {"_id": name, "name": name, "title": name, "url": f"{url}/{name}"} for name in ("icon.svg", "main.js")
    ]
    live_stack.sandbox.control.post(
        f"/_control/conversations/{talk}/guest-writes", json={"body": "", "attachments": files}
    ).raise_for_status()
    message = page.locator("#log .msg[data-kind=in]", has_text="icon.svg")
    expect(message).to_contain_text("Refused: Programs are not taken")
    card = message.locator("a.file", has_text="icon.svg")
    with page.expect_download() as saved:
        card.click(modifiers=["Alt"])
    assert saved.value.suggested_filename == "icon.svg"
