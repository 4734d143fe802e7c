"""The live stack itself: what tests rely on when they hurt it."""

from __future__ import annotations

import httpx
import pytest

from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow


def _status(stack: LiveStack) -> str:
    return str(httpx.get(f"{stack.url}/readyz", timeout=20).json()["status"])


def _is_well(stack: LiveStack) -> bool:
    answer = httpx.get(f"{stack.url}/readyz", timeout=20).json()
    assert answer["status"] == "ok", answer
    return True


def test_everything_is_well_after_the_start(live_stack: LiveStack) -> None:
    eventually(lambda: _is_well(live_stack), timeout=30)


def test_it_comes_back_from_each_kill(live_stack: LiveStack) -> None:
    """Redis gone degrades, PostgreSQL gone is down, and both heal without a restart of ours (faults 3 and 6)."""
    live_stack.kill("Worker")
    live_stack.stop_redis()
    assert _status(live_stack) == "degraded"
    live_stack.start_redis()
    live_stack.kill_postgres()
    assert httpx.get(f"{live_stack.url}/readyz", timeout=20).status_code == 503
    live_stack.start_postgres()
    eventually(lambda: _is_well(live_stack), timeout=60)


def test_reset_goes_back_to_the_seed(live_stack: LiveStack) -> None:
    live_stack.query("UPDATE accounts_user SET full_name = 'Nobody'")
    live_stack.reset()
    assert ("Nobody",) not in live_stack.query("SELECT full_name FROM accounts_user")
    eventually(lambda: _is_well(live_stack), timeout=30)
