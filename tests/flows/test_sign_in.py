"""Promise: sign in with the demo's logins, and nothing is to be seen before."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.harness.browser import NewPage, sign_in
from tests.harness.stack import LiveStack

pytestmark = pytest.mark.flow


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
