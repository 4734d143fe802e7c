"""How often something may be done by whom, where nobody has signed in: counted in rows, in fixed windows of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from bellhop.core import clock
from bellhop.core.models import Throttle

_COUNT = """
INSERT INTO core_throttle AS t (key, window_at, count) VALUES (%s, %s, 1)
ON CONFLICT (key, window_at) DO UPDATE SET count = t.count + 1 RETURNING count
"""
KEEP = timedelta(days=2)


class TooOften(Exception):
    """It may be done again in `after_s` seconds."""

    def __init__(self, after_s: int) -> None:
        super().__init__(f"again in {after_s} s")
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` within `per_s` seconds."""

    most: int
    per_s: int


def count(key: str, limit: Limit) -> None:
    """Count one more under `key`. Raises TooOften once it is more than the limit allows; that one counts, too."""
    now = clock.now()
    begins = int(now.timestamp()) // limit.per_s * limit.per_s
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [key[:200], datetime.fromtimestamp(begins, UTC)])
        done = int(cursor.fetchone()[0])
    if done > limit.most:
        raise TooOften(max(1, begins + limit.per_s - int(now.timestamp())))


def prune() -> int:
    """Delete the counts of windows that are over. Returns how many rows went."""
    deleted, _rows = Throttle.objects.filter(window_at__lt=clock.now() - KEEP).delete()
    return deleted
