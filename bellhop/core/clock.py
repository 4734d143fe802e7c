"""The one source of time: the database's clock plus an offset that exists only in demo and test.

The difference between the database's clock and this process's monotonic clock is measured now and then, so that
asking costs nothing; hosts with a wrong wall clock still agree (fault 24).
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

_lock = threading.Lock()
_base: datetime | None = None
_measured_at = 0.0


def now() -> datetime:
    """The current instant in UTC. Raises the database's error only if no time was ever measured."""
    global _base, _measured_at
    ticks = time.monotonic()
    if _base is None or ticks - _measured_at > settings.BELLHOP_CLOCK_REFRESH_S:
        with _lock:
            if _base is None or ticks - _measured_at > settings.BELLHOP_CLOCK_REFRESH_S:
                _base, _measured_at = _read_database(), time.monotonic()
    return _base + timedelta(seconds=time.monotonic() - _measured_at)


def _read_database() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), (SELECT offset_s FROM core_clockoffset WHERE id = 1)")
        row = cursor.fetchone()
    assert row is not None
    moment: datetime = row[0].astimezone(UTC)
    return moment + timedelta(seconds=float(row[1] or 0))


def set_offset(offset: timedelta) -> None:
    """Move the clock for every process of this database. Only where demo data is allowed."""
    from bellhop.core.models import ClockOffset

    if not settings.BELLHOP_DEMO:
        raise RuntimeError("The clock can be moved only in demo and test.")
    ClockOffset.objects.update_or_create(id=1, defaults={"offset_s": offset.total_seconds()})
    forget()


def forget() -> None:
    """Measure again at the next question."""
    global _base
    _base = None
