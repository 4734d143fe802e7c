"""Promise: a guest answers the survey on whatever they hold, without script and without cookie, and the front desk sees
it at once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests.harness import axe
from tests.harness.browser import PHONE, NewPage
from tests.harness.stack import LiveStack

pytestmark = pytest.mark.flow
GUEST = "Maria Lindqvist"
WIDE = {"width": 1440, "height": 900}
MAKE = """
from django.db import transaction
from reservations.models import Reservation, Survey
from reservations.surveys import links
with transaction.atomic():
    stay = Reservation.objects.filter(guest__full_name={guest!r}).order_by('-arrival_date')[{place}]
    Survey.objects.filter(reservation=stay).delete()
    print('link', links.filled(links.stand_in(stay), stay))
"""

UNASSIGN = """
UPDATE inbox_thread SET assignee_id = NULL, team_id = NULL
FROM reservations_guest guest WHERE guest.id = inbox_thread.guest_id AND guest.full_name = %s
"""


def link_for(stack: LiveStack, guest: str, place: int = 0) -> str:
    said = stack.manage("shell", "-c", MAKE.format(guest=guest, place=place))
    found = re.search(r"link (\S+)", said)
    assert found is not None, said
    return found[1]


def accessible(page: Page) -> list[str]:
    found = axe.violations(page)
    page.emulate_media(color_scheme="dark")
    found += axe.violations(page, only_colours=True)
    page.emulate_media(color_scheme="light")
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found + ([f"{wider} px wider than the window"] if wider > 0 else [])


def open_thread(page: Page) -> None:
    page.goto("/inbox/all/")
    page.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    page.locator("#rows .thread-row", has_text=GUEST).locator(".who").click()
    expect(page.locator("#thread-title")).to_have_text(GUEST)


def test_without_script_and_seen_at_once(new_page: NewPage, live_stack: LiveStack) -> None:
    link = link_for(live_stack, GUEST)
    # Nobody's: a low score then alerts the managers.
    live_stack.query(UNASSIGN, GUEST)
    agent, manager = new_page("agent", viewport=WIDE), new_page("manager")
    open_thread(agent)
    manager.goto("/inbox/all/")
    manager.wait_for_function("() => document.documentElement.dataset.live === 'on'")
    guest = new_page(viewport=PHONE, java_script_enabled=False)
    loaded: list[Response] = []

    def note(response: Response) -> None:
        loaded.append(response)

    guest.on("response", note)
    guest.goto(link)
    assert sum(len(response.body()) for response in loaded) < 30_000
    assert not [one for one in loaded if one.request.resource_type in {"script", "font", "image", "fetch"}]
    assert guest.context.cookies() == []
    for score in range(11):
        expect(guest.get_by_role("radio", name=str(score), exact=True)).not_to_be_checked()
    guest.get_by_role("radio", name="3", exact=True).check(force=True)
    guest.get_by_label(re.compile("What should we keep")).fill("The lift was loud at night.")
    guest.get_by_label("You may write to me").check()
    guest.get_by_role("button", name="Send").click()
    expect(guest.get_by_role("heading", name="Thank you, Maria")).to_be_visible()
    assert guest.context.cookies() == []
    line = agent.locator("#log .event", has_text="3 of 10")
    expect(line).to_contain_text("The lift was loud at night.", timeout=2_000)
    expect(agent.locator("#surveys")).to_contain_text("3 of 10", timeout=2_000)
    assert axe.violations(agent, ["#surveys", "#log"]) == []
    expect(manager.locator("#toasts")).to_contain_text(f"{GUEST} gave 3 of 10")
    guest.get_by_label("Anything to add?").fill("It was better on the second night.")
    guest.get_by_role("button", name="Add").click()
    expect(guest.get_by_text("what you added")).to_be_visible()
    expect(agent.locator("#log")).to_contain_text("It was better on the second night.")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["1440", "360"])
def test_every_state_is_accessible(
    new_page: NewPage, live_stack: LiveStack, viewport: dict[str, int]
) -> None:
    link = link_for(live_stack, GUEST)
    page = new_page(viewport=viewport)
    page.goto(link)
    assert accessible(page) == []
    page.locator("label.q").first.click()
    page.keyboard.type("A word")
    page.evaluate("document.querySelector('form').noValidate = true")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_have_text("Choose a number from 0 to 10.")
    expect(page.locator("#words")).to_have_value("A word")
    assert accessible(page) == []
    page.get_by_role("link", name="español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.get_by_role("heading", level=1)).to_have_text("Maria, ¿qué tal tu estancia?")
    # By keyboard: the first radio, then two to the right.
    page.locator("input[name=score]").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Enviar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Gracias, Maria")
    assert accessible(page) == []
    page.goto(f"{link}x")
    expect(page.get_by_role("heading", level=1)).to_have_text("This link leads nowhere")
    assert accessible(page) == []
    live_stack.query(
        "UPDATE reservations_survey SET kind = 'farewell' WHERE public_id = %s",
        link.rpartition("/")[2][:14],
    )
    live_stack.query("DELETE FROM reservations_surveyanswer")
    page.goto(link)  # of a stay that is not cancelled: there is nothing to ask any more
    expect(page.get_by_role("heading", level=1)).to_have_text("This link is over")
    assert accessible(page) == []
