"""Invariant 9: no provider ever sees more than its published rates."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract.capabilities import CountedPer, RateLimit
from connectors.models import RateState
from connectors.outbound import limits

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SMALL = (RateLimit(window_s=1, limit=3), RateLimit(window_s=10, limit=12))


Windows = dict[str, limits.Ring]


def grant(windows: Windows, at: datetime, published: Sequence[RateLimit]) -> bool:
    """What `take` does to the row, without the row."""
    wait, changed = limits.decide(windows, published, at)
    windows.update(changed or {})
    return wait == 0


def most(times: list[float], window_s: float) -> int:
    ordered = sorted(times)
    return max((sum(start <= t < start + window_s for t in ordered) for start in ordered), default=0)


# --- arithmetic ---
@settings(max_examples=300, deadline=None)
@given(
    steps=st.lists(st.tuples(st.floats(0, 3), st.floats(0, limits.SLACK_S)), min_size=1, max_size=120),
    offset=st.floats(0, 10),
)
def test_no_window_is_ever_over_the_limit(steps: list[tuple[float, float]], offset: float) -> None:
    """Whatever the times, and though each request takes up to the slack to arrive."""
    rings: Windows = {}
    arrivals, at = [], START + timedelta(seconds=offset)
    for pause, trip in steps:
        at += timedelta(seconds=pause**3 / 9)
        if grant(rings, at, SMALL):
            arrivals.append(at.timestamp() + trip)
    for one in SMALL:
        assert most(arrivals, one.window_s) <= one.limit


@settings(max_examples=200, deadline=None)
@given(gaps=st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_whoever_waits_as_told_is_granted(gaps: list[float]) -> None:
    rings: Windows = {}
    at = START
    for gap in gaps:
        at += timedelta(seconds=gap)
        while (wait := limits.decide(rings, SMALL, at)[0]) > 0:
            at += timedelta(seconds=wait)
        assert grant(rings, at, SMALL)


def test_most_of_the_limit_can_be_used() -> None:
    rings: Windows = {}
    hour = (RateLimit(window_s=3600, limit=5000),)
    granted = sum(grant(rings, START + timedelta(seconds=n / 2), hour) for n in range(2 * 9_000))
    assert granted >= 0.9 * 2.5 * 5000


def test_the_row_stays_small() -> None:
    rings: Windows = {}
    for n in range(3000):
        grant(rings, START + timedelta(seconds=n * 0.37), SMALL)
    assert all(len(ring) <= limits.BUCKETS + 7 for ring in rings.values())


@pytest.mark.parametrize("moved", [timedelta(hours=-5), timedelta(seconds=-2)])
def test_a_clock_moved_back_neither_stops_nor_forgets(moved: timedelta) -> None:
    rings: Windows = {}
    assert [grant(rings, START, SMALL) for _ in range(4)] == [True, True, True, False]
    back = START + moved
    assert not grant(rings, back, SMALL)
    assert grant(rings, back + timedelta(seconds=1.5), SMALL)


# --- rows ---
@pytest.mark.django_db
def test_all_windows_hold_at_once() -> None:
    two = (RateLimit(window_s=1, limit=100), RateLimit(window_s=60, limit=2))
    assert [limits.take("k", two, now=START) for _ in range(2)] == [0, 0]
    assert 60 <= limits.take("k", two, now=START) <= 64
    assert limits.take("k", two, now=START + timedelta(seconds=64)) == 0


@pytest.mark.django_db
def test_keys_dont_share() -> None:
    one = (RateLimit(window_s=60, limit=1),)
    assert limits.take("a", one, now=START) == 0
    assert limits.take("b", one, now=START) == 0
    assert limits.take("a", one, now=START) > 0


@pytest.mark.django_db
def test_bulk_work_leaves_a_fifth_to_people() -> None:
    one = (RateLimit(window_s=60, limit=10),)
    granted = sum(limits.take("k", one, bulk=True, now=START) == 0 for _ in range(20))
    assert granted == 8
    assert sum(limits.take("k", one, now=START) == 0 for _ in range(20)) == 2


@pytest.mark.django_db
def test_the_scale_multiplies() -> None:
    one = (RateLimit(window_s=60, limit=2),)
    assert sum(limits.take("k", one, scale=3, now=START) == 0 for _ in range(20)) == 6


@pytest.mark.django_db
def test_a_hold_stops_everything_and_is_never_shortened() -> None:
    limits.hold(["k"], 30)
    limits.hold(["k"], 5)
    assert 29 < limits.take("k", SMALL) <= 30
    RateState.objects.update(hold_until=START - timedelta(days=1))
    assert limits.take("k", SMALL) == 0


@pytest.mark.django_db
def test_a_hold_without_a_time_grows_while_it_goes_on() -> None:
    assert limits.next_hold(["k"], 10) == 10
    limits.hold(["k", "l"], 10)
    assert limits.next_hold(["l"], 10) == 20
    limits.hold(["l"], 200)
    assert limits.next_hold(["l"], 10) == limits.LONGEST_HOLD_S
    RateState.objects.update(hold_until=START - timedelta(days=1))
    assert limits.next_hold(["k", "l"], 10) == 10


# --- several keys at once ---
ADDRESS = (RateLimit(window_s=60, limit=15, per=CountedPer.ADDRESS),)
ACCOUNT = (RateLimit(window_s=60, limit=20),)


@pytest.mark.django_db
def test_granted_under_every_key_or_under_none() -> None:
    """Two accounts behind one address: together what the address may, and nothing is counted that was refused."""
    granted = {"a": 0, "b": 0}
    for n in range(60):
        account = "ab"[n % 2]
        if limits.take_all({"address": ADDRESS, account: ACCOUNT}, now=START) == 0:
            granted[account] += 1
    assert sum(granted.values()) == 15
    later = START + timedelta(seconds=64)
    RateState.objects.filter(pk="address").update(windows={})
    alone = sum(limits.take_all({"a": ACCOUNT}, now=START) == 0 for _ in range(60))
    assert alone == 20 - granted["a"]
    assert limits.take_all({"address": ADDRESS, "a": ACCOUNT}, now=later) == 0


@pytest.mark.django_db
def test_bulk_work_leaves_a_fifth_of_each_key() -> None:
    both = {"address": ADDRESS, "a": ACCOUNT}
    assert sum(limits.take_all(both, bulk=True, now=START) == 0 for _ in range(40)) == 12
    assert sum(limits.take_all(both, now=START) == 0 for _ in range(40)) == 3


@pytest.mark.django_db
def test_one_key_that_is_held_holds_the_request() -> None:
    limits.hold(["address"], 30)
    assert 29 < limits.take_all({"a": ACCOUNT, "address": ADDRESS}) <= 30
    assert limits.take_all({"a": ACCOUNT}) == 0


@pytest.mark.django_db(transaction=True)
def test_keys_asked_for_in_any_order_do_not_lock_each_other_out() -> None:
    orders = [{"a": ACCOUNT, "z": ADDRESS}, {"z": ADDRESS, "a": ACCOUNT}]
    granted: list[float] = []

    def ask(keys: dict[str, tuple[RateLimit, ...]]) -> None:
        try:
            granted.extend(limits.take_all(keys, scale=100) for _ in range(40))
        finally:
            database.close()

    threads = [threading.Thread(target=ask, args=(orders[n % 2],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted == [0.0] * 240


@pytest.mark.django_db
def test_a_grant_can_be_given_back() -> None:
    one = (RateLimit(window_s=60, limit=1),)
    assert limits.take("k", one, now=START) == 0
    limits.give_back("k", one)
    assert limits.take("k", one, now=START) == 0


@pytest.mark.django_db
def test_without_limits_nothing_is_stored() -> None:
    assert limits.take("k", ()) == 0
    assert not RateState.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_threads_together_stay_under_the_limit() -> None:
    """Eight threads with connections of their own, as fast as they can."""
    published = (RateLimit(window_s=1, limit=10),)
    granted: list[float] = []
    end = time.monotonic() + 3.2

    def hammer() -> None:
        try:
            while time.monotonic() < end:
                if limits.take("k", published) == 0:
                    granted.append(time.monotonic())
        finally:
            database.close()

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most(granted, 1.0) <= 10
    assert len(granted) >= 20
