"""A real browser. Every page fails its test on a script error or a breach of the content security policy.

One Chromium serves the browser tests that follow each other in a process: a context of its own parts them.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.utils.crypto import get_random_string
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect, sync_playwright

from tests.harness import chromium
from tests.harness.stack import PASSWORD, KeptSession, LiveStack

SESSION_COOKIE = "bellhop_session"
SESSION_GOOD_S = 120.0  # allauth asks for the password again five minutes after signing in
VIEWPORT = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
CLOSES_WITHIN_S = 60.0
MARK = f"--bellhop-tests={os.getpid()}."
"""By which this process's browser is known."""

NewPage = Callable[..., Page]


expect.set_options(timeout=15_000)
_running: list[tuple[Playwright, Browser]] = []


@pytest.fixture
def browser() -> Browser:
    """The one of this process."""
    if not _running or not _running[0][1].is_connected():
        stop_browser()
        path = chromium.find()
        assert path is not None, "There is no Chromium; run `make browser`."
        playwright = sync_playwright().start()
        args = [*chromium.FLAGS, MARK]
        launched = playwright.chromium.launch(executable_path=path, headless=True, args=args)
        _running.append((playwright, launched))
    return _running[0][1]


def stop_browser() -> None:
    """Playwright's event loop runs as long as it does: Django's ORM and asynchronous tests need it gone."""
    while _running:
        playwright, launched = _running.pop()
        with suppress(Error):
            launched.close()
        playwright.stop()


def _close(context: BrowserContext) -> None:
    """Chromium hangs now and then in closing a page that is on its way to another. It is then killed; the next test has
    a new one."""
    hangs = threading.Event()
    watch = threading.Timer(CLOSES_WITHIN_S, _kill_browser, [hangs])
    watch.start()
    try:
        context.close()
    except Error:
        if not hangs.is_set():
            raise
    finally:
        watch.cancel()


def _kill_browser(hangs: threading.Event) -> None:
    hangs.set()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and MARK.encode() in (entry / "cmdline").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)


@pytest.fixture
def new_page(browser: Browser, live_stack: LiveStack, request: pytest.FixtureRequest) -> Iterator[NewPage]:
    """`new_page("agent", viewport=PHONE)`: a page of its own context, signed in as that demo user (or nobody)."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(person: str = "", viewport: dict[str, int] = VIEWPORT, **options: object) -> Page:
        options = {"reduced_motion": "reduce", **options}  # nothing is waited for that only moves
        context = browser.new_context(base_url=live_stack.url, viewport=viewport, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
        page.on(
            "console", lambda line: problems.append(line.text) if "Content Security" in line.text else None
        )
        if person:
            enter(page, live_stack, person)
        return page

    yield make
    if folder := os.environ.get("BELLHOP_SCREENSHOTS"):
        for number, context in enumerate(contexts):
            for page in context.pages:
                page.screenshot(path=Path(folder) / f"{request.node.name}-{number}.png")
    for context in contexts:
        _close(context)
    assert not problems, problems


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page of nobody."""
    return new_page()


def enter(page: Page, stack: LiveStack, person: str) -> None:
    """Signed in with a session of its own: a copy of one that the real form made within the last minutes (Django signs
    a session's contents, not its key)."""
    kept = stack.sessions.get(person)
    if kept is None or time.monotonic() - kept.made_at > SESSION_GOOD_S:
        sign_in(page, person)
        [cookie] = [one for one in page.context.cookies() if one.get("name") == SESSION_COOKIE]
        key = str(cookie.get("value"))
        [(data,)] = stack.query("SELECT session_data FROM django_session WHERE session_key = %s", key)
        stack.sessions[person] = KeptSession(data, time.monotonic())
        return
    key = get_random_string(32, "abcdefghijklmnopqrstuvwxyz0123456789")
    stack.query(
        "INSERT INTO django_session (session_key, session_data, expire_date)"
        " VALUES (%s, %s, now() + interval '1 day')",
        key,
        kept.data,
    )
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": key, "url": stack.url}])


def sign_in(page: Page, person: str, password: str = PASSWORD) -> None:
    """Sign in as `person`@demo.example through the real form."""
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(f"{person}@demo.example")
    page.locator("input[name=password]").fill(password)
    page.locator(
        "form:has(input[name=password]) button[type=submit], form:has(input[name=password]) button"
    ).first.click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)
