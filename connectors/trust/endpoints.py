"""Which endpoints of a PMS are called, and what the newest answer was (ux I3)."""

from __future__ import annotations

import re
import threading
import time
from functools import partial
from typing import Any

from django.db import connection as database
from django.db import transaction

from bellhop.core import clock

NOTE_EVERY_S = 30.0

_AN_ID = re.compile(r"[0-9]+|[0-9]+-[0-9]+|[0-9a-f]{16,}|[0-9a-f-]{32,}")
_NOTE = """
INSERT INTO connectors_endpointcall AS known (connection_id, method, path, status, at, worked_at)
VALUES (%(connection)s, %(method)s, %(path)s, %(status)s, %(at)s, %(worked_at)s)
ON CONFLICT (connection_id, method, path) DO UPDATE SET status = EXCLUDED.status, at = EXCLUDED.at,
  worked_at = COALESCE(EXCLUDED.worked_at, known.worked_at)
WHERE known.at <= EXCLUDED.at
"""
_lock = threading.Lock()
_noted: dict[tuple[int, str, str, int | None], float] = {}


def pattern(path: str) -> str:
    """The path with its ids taken out, so that calls of one kind are one line."""
    return "/".join("{id}" if _AN_ID.fullmatch(part) else part for part in path.split("/"))


def note(connection_id: int, method: str, path: str, status: int | None) -> None:
    """Keep what an endpoint answered (None: nothing); at most one write in half a minute per process and answer."""
    key = (connection_id, method, pattern(path)[:200], status)
    with _lock:
        if time.monotonic() - _noted.get(key, -NOTE_EVERY_S) < NOTE_EVERY_S:
            return
        _noted[key] = time.monotonic()
    now = clock.now()
    worked = status is not None and status < 400
    values = {"connection": key[0], "method": key[1], "path": key[2], "status": status, "at": now}
    # After the commit, as with evidence: all workers share these rows.
    transaction.on_commit(partial(_write, {**values, "worked_at": now if worked else None}), robust=True)


def _write(values: dict[str, Any]) -> None:
    with database.cursor() as cursor:
        cursor.execute(_NOTE, values)


def forget() -> None:
    """Note again at once: for tests, whose databases come and go within one process."""
    with _lock:
        _noted.clear()
