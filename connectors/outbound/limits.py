"""Staying under a provider's limits (invariant 9), counted in PostgreSQL for all processes together.

A provider may count by several keys at once (an account, our sending address): a request is granted under all of them
or under none. Their rows are locked in one order.

Per limit key one row holds, for every published window, how many requests were granted in each sixtieth of
it. A request is granted only if in every window the grants of the last `window` (plus slack) seconds are
below the limit. The oldest bucket counts whole until it is wholly past, so the count is never too low; the
slack covers a request that overtakes another on its way.

Time here is the database's real time, read once the row is locked: a provider's windows don't move with our
demo clock, hosts may disagree about the time, and waiting for the lock must not age a grant.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from connectors.contract.capabilities import RateLimit
from connectors.models import RateState

BUCKETS: Final = 60
SLACK_S: Final = 0.25
BULK_SHARE: Final = 0.8

Ring = list[list[int]]
"""[bucket number since 1970, grants], oldest first."""

_LOCK = """
INSERT INTO connectors_ratestate (key, windows, hold_s)
SELECT key, '{}', 0 FROM unnest(%s::text[]) AS key ORDER BY key COLLATE "C"
ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key
RETURNING key, windows, hold_until, clock_timestamp()
"""
_HOLD = """
INSERT INTO connectors_ratestate AS held (key, windows, hold_until, hold_s)
SELECT key, '{}', clock_timestamp() + make_interval(secs => %(after_s)s), %(after_s)s
FROM unnest(%(keys)s::text[]) AS key ORDER BY key COLLATE "C"
ON CONFLICT (key) DO UPDATE SET hold_until = GREATEST(held.hold_until, EXCLUDED.hold_until), hold_s = EXCLUDED.hold_s
"""
_AGAIN = """
SELECT max(hold_s) FROM connectors_ratestate
WHERE key = ANY(%s) AND hold_until > clock_timestamp() - make_interval(secs => GREATEST(hold_s, 10))
"""
LONGEST_HOLD_S: Final = 300.0


def take(
    key: str,
    limits: Sequence[RateLimit],
    *,
    scale: float = 1.0,
    bulk: bool = False,
    now: datetime | None = None,
) -> float:
    """`take_all` for what is counted under one key."""
    return take_all({key: limits}, scale=scale, bulk=bulk, now=now)


def take_all(
    published: Mapping[str, Sequence[RateLimit]],
    *,
    scale: float = 1.0,
    bulk: bool = False,
    now: datetime | None = None,
) -> float:
    """Ask for one request under every key. 0.0: granted and counted. Else the seconds after which to ask again.

    `scale` multiplies the limits (tests and benches run against a sandbox scaled alike). `bulk` work leaves
    a fifth of every window to people. Opens its own transaction; must not be called inside one.
    """
    counted = {key: limits for key, limits in published.items() if limits}
    if not counted:
        return 0.0
    with transaction.atomic(durable=True):
        rows = _locked(counted)
        at = now or max(row.real for row in rows.values())
        held = [row.hold_until for row in rows.values() if row.hold_until is not None and row.hold_until > at]
        if held:
            return (max(held) - at).total_seconds()
        decided = {
            key: decide(rows[key].windows, limits, at, scale=scale, bulk=bulk)
            for key, limits in counted.items()
        }
        wait = max(found for found, _ in decided.values())
        for key, (own, changed) in decided.items():
            # What one key would grant is not counted where another one refuses.
            if changed is not None and (wait == 0 or own > 0):
                RateState.objects.filter(pk=key).update(windows=changed)
    return wait


def give_back(key: str, limits: Sequence[RateLimit]) -> None:
    """Undo the newest grant: the provider surely did not count it."""
    with transaction.atomic(durable=True):
        windows = _locked([key])[key].windows
        for limit in limits:
            ring = windows.get(str(limit.window_s), [])
            if ring and ring[-1][1] > 0:
                ring[-1][1] -= 1
        RateState.objects.filter(pk=key).update(windows=windows)


def hold(keys: Iterable[str], after_s: float) -> None:
    """Nothing under `keys` for `after_s` seconds: the provider said so. Never shortens a longer hold."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, {"keys": list(keys), "after_s": after_s})


def next_hold(keys: Iterable[str], first_s: float) -> float:
    """How long to hold where the provider names no time: `first_s`, twice the last hold where that one hardly ended."""
    with connection.cursor() as cursor:
        cursor.execute(_AGAIN, [list(keys)])
        row = cursor.fetchone()
    last = float(row[0] or 0) if row else 0.0
    return min(LONGEST_HOLD_S, max(first_s, last * 2))


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of one published window is used: `used` of `allowed` requests (scaled) in `window_s` seconds."""

    window_s: int
    used: int
    allowed: int

    @property
    def percent(self) -> int:
        return round(100 * self.used / self.allowed)


def budgets(asked: Mapping[int, tuple[Mapping[str, Sequence[RateLimit]], float]]) -> dict[int, Budget]:
    """id → the fullest window of its keys. `asked`: id → (limits by key, scale). One statement for all."""
    keys = {key for published, _ in asked.values() for key in published}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, windows, clock_timestamp() FROM connectors_ratestate WHERE key = ANY(%s)",
            [list(keys)],
        )
        rows = {key: (json.loads(windows), at) for key, windows, at in cursor.fetchall()}
    found: dict[int, Budget] = {}
    for asking, (published, scale) in asked.items():
        windows = [
            _budget(*rows.get(key, ({}, None)), limit, scale)
            for key, limits in published.items()
            for limit in limits
        ]
        if windows:
            found[asking] = max(windows, key=lambda budget: budget.used / budget.allowed)
    return found


def _budget(windows: dict[str, Ring], at: datetime | None, limit: RateLimit, scale: float) -> Budget:
    ring = current(windows.get(str(limit.window_s), []), limit, at) if at else []
    allowed = max(1, math.floor(limit.limit * scale))
    return Budget(limit.window_s, sum(count for _, count in ring), allowed)


@dataclass(frozen=True, slots=True)
class _Row:
    windows: dict[str, Ring]
    hold_until: datetime | None
    real: datetime


def _locked(keys: Iterable[str]) -> dict[str, _Row]:
    """The rows (made where missing), locked until commit, and the time at which each lock was ours."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [list(keys)])
        rows = cursor.fetchall()
    return {
        key: _Row(json.loads(windows) if isinstance(windows, str) else windows, until, real)
        for key, windows, until, real in rows
    }


# --- arithmetic on one window, pure ---
def decide(
    windows: Mapping[str, Ring],
    limits: Sequence[RateLimit],
    at: datetime,
    *,
    scale: float = 1.0,
    bulk: bool = False,
) -> tuple[float, dict[str, Ring] | None]:
    """How long to wait, and the windows to store (None: as they are)."""
    rings = {limit: current(windows.get(str(limit.window_s), []), limit, at) for limit in limits}
    wait = max(wait_for(ring, limit, at, scale=scale, bulk=bulk) for limit, ring in rings.items())
    if wait == 0:
        for limit, ring in rings.items():
            _add(ring, bucket(limit, at), 1)
    elif not any(_is_ahead(windows.get(str(limit.window_s), []), limit, at) for limit in limits):
        return wait, None
    return wait, {str(limit.window_s): ring for limit, ring in rings.items()}


def bucket(limit: RateLimit, at: datetime) -> int:
    """The number of the bucket that `at` falls into."""
    return math.floor(at.timestamp() * BUCKETS / limit.window_s)


def _last(limit: RateLimit, now: datetime) -> int:
    """The newest bucket that may be filled by now: clocks of hosts differ by no more than the slack."""
    return bucket(limit, now) + math.ceil(SLACK_S * BUCKETS / limit.window_s)


def _is_ahead(ring: Ring, limit: RateLimit, now: datetime) -> bool:
    return bool(ring) and ring[-1][0] > _last(limit, now)


def current(ring: Ring, limit: RateLimit, now: datetime) -> Ring:
    """The buckets that still count. Those that lie far ahead (the clock was moved back) count as of now."""
    here = bucket(limit, now)
    first = math.floor((now.timestamp() - limit.window_s - SLACK_S) * BUCKETS / limit.window_s)
    last = _last(limit, now)
    kept = [[number, count] for number, count in ring if first <= number <= last]
    if ahead := sum(count for number, count in ring if number > last):
        _add(kept, here, ahead)
    return kept


def wait_for(ring: Ring, limit: RateLimit, now: datetime, *, scale: float = 1.0, bulk: bool = False) -> float:
    """0.0 if one more fits into the window, else the seconds until enough of the oldest grants are past."""
    allowed = max(1, math.floor(limit.limit * scale * (BULK_SHARE if bulk else 1.0)))
    excess = sum(count for _, count in ring) + 1 - allowed
    if excess <= 0:
        return 0.0
    for number, count in ring:
        excess -= count
        if excess <= 0:
            free = (number + 1) * limit.window_s / BUCKETS + limit.window_s + SLACK_S
            return max(0.001, free - now.timestamp())
    return float(limit.window_s)


def _add(ring: Ring, number: int, count: int) -> None:
    if ring and ring[-1][0] >= number:
        ring[-1][1] += count
    else:
        ring.append([number, count])
