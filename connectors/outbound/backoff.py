"""How long to wait before the next try: full jitter, 2 s doubling to 15 minutes."""

from __future__ import annotations

import secrets
from datetime import timedelta

FIRST_S = 2.0
CAP_S = 900.0
_random = secrets.SystemRandom()


def delay(tries: int, at_least_s: float | None = None) -> timedelta:
    """The wait after `tries` failed tries (1 = the first); never shorter than what the provider asked for."""
    ceiling = min(CAP_S, FIRST_S * 2 ** max(0, tries - 1))
    wait = _random.uniform(ceiling / 2, ceiling) if tries <= 1 else _random.uniform(0.5, ceiling)
    return timedelta(seconds=max(wait, at_least_s or 0.0))
