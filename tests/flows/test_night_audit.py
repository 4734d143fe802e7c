"""Promise: an approved late check-out stands in the night audit with its message; the paper is frozen, later facts
are added beside it, and a manager reads the audits over the dates."""

from __future__ import annotations

import io
import re

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.flows.test_accessibility import WIDTHS, Checker
from tests.harness.browser import NewPage
from tests.harness.stack import LiveStack

pytestmark = pytest.mark.flow
PROMISE = """
from datetime import time
from bellhop.accounts.models import User
from inbox.models import Message, Thread
from reservations.models import StayRequest
from reservations.services import requests
from reservations.services.requests import Terms, Wish
agent = User.objects.get(email='agent@demo.example')
thread = Thread.objects.filter(party_name='Maria Lindqvist').exclude(stay=None).first()
message = thread.messages.filter(direction='inbound').order_by('sent_at').last()
row = requests.ask(agent, thread.stay, Wish(kind='late_check_out', wished=time(13), message_id=message.pk))
if row.state != 'approved':
    requests.approve(agent, row, Terms())
Thread.objects.filter(pk=thread.pk).update(waiting_since=message.sent_at, status='open')
print('place', thread.stay.property.public_id, thread.stay.property.name, sep='|')
"""
ANSWERED = """
from bellhop.accounts.models import User
from inbox.models import Thread
from inbox.services import triage
agent = User.objects.get(email='agent@demo.example')
thread = Thread.objects.filter(party_name='Maria Lindqvist').exclude(stay=None).first()
triage.no_answer_needed(agent, thread)
print('done')
"""


@pytest.fixture
def place(live_stack: LiveStack) -> str:
    """The name of a property where a late check-out was approved and a guest waits."""
    live_stack.query("DELETE FROM reservations_nightauditaddendum")
    live_stack.query("DELETE FROM reservations_nightaudit")
    told = re.search(r"place\|(\w+)\|(.+)", live_stack.manage("shell", "-c", PROMISE))
    assert told is not None
    return told[2].strip()


def _run(page: Page, place: str) -> None:
    """From the navigation to the paper of the open date."""
    page.goto("/night-audit/")
    page.get_by_role("link", name=place, exact=True).click()
    page.get_by_role("link", name="not over yet").click()
    page.get_by_role("button", name="Close it now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(place)


@pytest.mark.parametrize("viewport", WIDTHS)
def test_from_the_promise_to_the_paper(
    new_page: NewPage, live_stack: LiveStack, place: str, viewport: dict[str, int]
) -> None:
    page = new_page("manager", viewport=viewport)
    check = Checker(page)
    page.goto("/night-audit/")
    check("all properties")
    _run(page, place)
    check("the paper")
    late = page.locator("#s-times tbody tr", has_text="Maria Lindqvist")
    expect(late).to_contain_text("approved")
    expect(late.locator("ins")).to_have_text("13:00")
    expect(page.locator("#s-unanswered")).to_contain_text("Maria Lindqvist")
    expect(page.locator("#s-scores .zero")).to_contain_text("0 of")
    assert "done" in live_stack.manage("shell", "-c", ANSWERED)
    page.get_by_role("button", name="Look for late facts").click()
    expect(page.locator(".addendum")).to_contain_text(re.compile("needs no answer any more|answered by"))
    expect(page.locator("#s-unanswered")).to_contain_text("Maria Lindqvist")
    check("with an addendum")
    page.get_by_role("link", name="All dates").click()
    expect(page.get_by_role("link", name=re.compile("^run "))).to_be_visible()
    check("dates")
    if page.get_by_role("link", name="Times and e-mail").is_visible():
        page.get_by_role("link", name="Times and e-mail").click()
        check("times")
    page.goto(f"/night-audit/trends/?to={page.evaluate('new Date().toISOString().slice(0, 10)')}")
    expect(page.locator(".trend svg").first).to_be_visible()
    check("trends")
    page.locator(".audits tbody td a").first.click()
    expect(page.get_by_role("heading", name="Night audits")).to_be_visible()
    assert check.found == []


def test_the_message_is_one_click_away_and_the_files_hold_the_paper(
    new_page: NewPage, live_stack: LiveStack, place: str
) -> None:
    """Signature N14."""
    page = new_page("agent")
    _run(page, place)
    page.evaluate("window.print = () => { window.printed = true }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed")
    with page.expect_download() as found:
        page.get_by_role("link", name="PDF").click()
    content = found.value.path().read_bytes()
    text = "\n".join(one.extract_text() for one in PdfReader(io.BytesIO(content)).pages)
    assert "Maria Lindqvist" in text
    with page.expect_download() as found:
        page.get_by_role("link", name="CSV").click()
    assert "Maria Lindqvist" in found.value.path().read_text(encoding="utf-8-sig")
    page.locator("#s-times tbody tr", has_text="Maria Lindqvist").locator("a").click()
    expect(page.locator("#thread-title")).to_have_text("Maria Lindqvist")
