"""One throw-away PostgreSQL and Redis for a whole test run, shared by its xdist workers."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest
from django.utils import translation

import bellhop.celery  # noqa: F401 (the app that wake-ups go through)
from bellhop.core import clock
from bellhop.start.servers import processes_in
from bellhop.start.throwaway import Throwaway
from tests.harness import emptying
from tests.harness.browser import browser, new_page, page, stop_browser
from tests.harness.sandbox import sandbox
from tests.harness.scheduling import GROUPS, ByFile, group_of, place_of
from tests.harness.stack import live_stack

__all__ = ["browser", "live_stack", "new_page", "page", "sandbox"]

# How long an example takes is the machine's matter, not the code's.
hypothesis.settings.register_profile(
    "bellhop", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("bellhop")
emptying.quickly()


@pytest.fixture(autouse=True)
def fresh_clock() -> None:
    """What the process remembers of a clock that another test moved is not the time of this one."""
    clock.forget()


@pytest.fixture(autouse=True)
def fresh_language() -> None:
    """What the last request of another test was answered in is not the language of this one."""
    translation.deactivate()


@pytest.fixture
def steady_clock(settings: Any) -> None:
    """The clock asks the database only once: for tests that count statements."""
    settings.BELLHOP_CLOCK_REFRESH_S = 3_600


_servers = pytest.StashKey[Throwaway]()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if _is_worker(session.config) or session.config.option.collectonly:
        return
    _sweep_leftovers()
    session.config.stash[_servers] = Throwaway(Path(os.environ["BELLHOP_TEST_FOLDER"])).__enter__()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After pytest-django, which puts tests without a database last."""
    items.sort(key=lambda item: place_of(item.nodeid))
    for item in items:
        if "live_stack" in getattr(item, "fixturenames", ()):
            assert group_of(item.nodeid) in GROUPS, f"{item.path} is in no group of tests.harness.scheduling"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if "browser" not in getattr(item, "fixturenames", ()):
        stop_browser()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    stop_browser()


def pytest_unconfigure(config: pytest.Config) -> None:
    if servers := config.stash.get(_servers, None):
        servers.__exit__(None, None, None)


def _sweep_leftovers() -> None:
    """End the servers and remove the folders of test runs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob("bellhop-test-*"):
        pid = folder.name.rpartition("-")[2]
        if not pid.isdigit() or psutil.pid_exists(int(pid)):
            continue
        for process in processes_in(folder / "pg", "postgres") + processes_in(
            folder / "redis", "redis-server"
        ):
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)
