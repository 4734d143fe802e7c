"""A real browser. Every page fails its test on a script error or a breach of the content security policy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.harness import chromium
from tests.harness.stack import PASSWORD, LiveStack

VIEWPORT = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}

NewPage = Callable[..., Page]


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Started for each test: Playwright's loop must not be running when an async test comes next."""
    path = chromium.find()
    assert path is not None, "There is no Chromium; run `make browser`."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, headless=True, args=list(chromium.FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def new_page(browser: Browser, live_stack: LiveStack, request: pytest.FixtureRequest) -> Iterator[NewPage]:
    """`new_page("agent", viewport=PHONE)`: a page of its own context, signed in as that demo user (or nobody)."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(person: str = "", viewport: dict[str, int] = VIEWPORT, **options: object) -> Page:
        context = browser.new_context(base_url=live_stack.url, viewport=viewport, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
        page.on(
            "console", lambda line: problems.append(line.text) if "Content Security" in line.text else None
        )
        if person:
            sign_in(page, person)
        return page

    yield make
    if folder := os.environ.get("BELLHOP_SCREENSHOTS"):
        for number, context in enumerate(contexts):
            for page in context.pages:
                page.screenshot(path=Path(folder) / f"{request.node.name}-{number}.png")
    for context in contexts:
        context.close()
    assert not problems, problems


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page of nobody."""
    return new_page()


def sign_in(page: Page, person: str, password: str = PASSWORD) -> None:
    """Sign in as `person`@demo.example through the real form."""
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(f"{person}@demo.example")
    page.locator("input[name=password]").fill(password)
    page.locator(
        "form:has(input[name=password]) button[type=submit], form:has(input[name=password]) button"
    ).first.click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)
