"""Promise: sign in with the demo's logins, and nothing is to be seen before."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from tests.harness.browser import NewPage, sign_in
from tests.harness.stack import PASSWORD, LiveStack

pytestmark = pytest.mark.flow
PERIOD_S = 30


def test_an_agent_signs_in(page: Page, live_stack: LiveStack) -> None:
    page.goto("/")
    assert "/accounts/login" in page.url
    sign_in(page, "agent")
    assert "/accounts/login" not in page.url


def test_each_page_has_a_person_of_its_own(new_page: NewPage) -> None:
    first, second = new_page("agent"), new_page()
    second.goto("/")
    assert "/accounts/login" not in first.url
    assert "/accounts/login" in second.url


def test_a_wrong_password_is_said_at_the_form(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("agent@demo.example")
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("E-mail and password do not match.")
    expect(page.get_by_label("Email")).to_have_value("agent@demo.example")
    assert page.get_by_text("Sign up").count() == 0


def _code(secret: str, later: int = 0) -> str:
    """The code that an authenticator app shows in `later` periods."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_S + later))


def _confirm(page: Page) -> None:
    """Sign-in settings ask for the password again."""
    if "reauthenticate" in page.url:
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()


def test_a_second_factor_from_setting_up_to_switching_off(new_page: NewPage, live_stack: LiveStack) -> None:
    page = new_page("marketer")
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Set up the app").click()
    _confirm(page)
    secret = page.locator("#secret").inner_text()
    code = page.get_by_label("Authenticator code")
    code.fill("000000")
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator(".errorlist")).to_contain_text("does not fit")
    code.fill(_code(secret))
    page.get_by_role("button", name="Switch on").click()
    recovery = page.locator(".codes li").first.inner_text()

    other = new_page()
    other.goto("/accounts/login/")
    other.get_by_label("Email").fill("marketer@demo.example")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="Second factor")).to_be_visible()
    other.get_by_label("Code").fill(recovery)
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.locator(".nav")).to_be_visible()

    page.goto("/accounts/2fa/totp/deactivate/")
    _confirm(page)
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("link", name="Set up the app")).to_be_visible()


def test_a_link_from_nowhere_says_so_in_our_words(new_page: NewPage) -> None:
    page = new_page("agent")
    answer = page.goto("/inbox/all/th_not-there/")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address.")
    page.goto("/health/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your role does not include this.")
    page.get_by_role("link", name="To the first page").click()
    expect(page.locator("#rows")).to_be_visible()
