"""Live events: append a numbered row, wake the web processes, read what came after a number.

Numbers follow commit order because the organization's counter row stays locked until commit; take it last in a
transaction (lock order: … receipt → live counter).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from bellhop.core import clock, wake
from bellhop.core.models import LiveEvent

KEEP = timedelta(hours=26)
TOO_MANY = 500

# One statement: every message, receipt and click passes here while it holds the counter.
_APPEND = """
WITH told AS (SELECT %s::bigint AS organization_id, %s::bigint AS count, %s::timestamptz AS at),
counter AS (
  INSERT INTO core_livecounter (organization_id, last_number) SELECT organization_id, count FROM told
  ON CONFLICT (organization_id) DO UPDATE SET last_number = core_livecounter.last_number + EXCLUDED.last_number
  RETURNING last_number)
INSERT INTO core_liveevent (organization_id, number, topic, subject_id, property_id, user_id, data, at)
SELECT told.organization_id, counter.last_number - told.count + e.place, e.topic, e.subject_id, e.property_id,
  e.user_id, e.data::jsonb, told.at
FROM told, counter, unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[])
  WITH ORDINALITY AS e(topic, subject_id, property_id, user_id, data, place)
RETURNING number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a screen may show: topic, the row it is about, and who may see it."""

    topic: str
    subject_id: int | None = None
    property_id: int | None = None
    user_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


class _Waiting(threading.local):
    """What this thread's open `collected` block holds back, by organization; None outside of one."""

    changes: dict[int, list[Change]] | None = None


_waiting = _Waiting()


@contextmanager
def collected() -> Iterator[None]:
    """Hold back what is appended inside until the end of the block, for transactions that lock more after they have
    told something. Put it right inside the transaction; blocks in blocks are one."""
    if _waiting.changes is not None:
        yield
        return
    held: dict[int, list[Change]] = {}
    _waiting.changes = held
    try:
        yield
    finally:
        _waiting.changes = None
    for organization_id in sorted(held):
        append(organization_id, held[organization_id])


def append(organization_id: int, changes: Sequence[Change]) -> int:
    """Store `changes` in the current transaction and wake the sockets after commit. Returns the last number, 0 while
    they are `collected`.

    Must be the last thing of a transaction, because it holds the organization's counter.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("Live events belong to the transaction of the change they tell.")
    if not changes:
        return last_number(organization_id)
    if _waiting.changes is not None:
        _waiting.changes.setdefault(organization_id, []).extend(changes)
        return 0
    columns = zip(*map(_columns, changes), strict=True)
    values: list[Any] = [organization_id, len(changes), clock.now(), *map(list, columns)]
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, values)
        last = max(int(number) for (number,) in cursor.fetchall())
    transaction.on_commit(lambda: wake.sockets(organization_id, last))
    return last


def _columns(change: Change) -> tuple[object, ...]:
    data = json.dumps(change.data, cls=DjangoJSONEncoder)
    return change.topic, change.subject_id, change.property_id, change.user_id, data


def last_number(organization_id: int) -> int:
    """The newest number of an organization, 0 before the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT last_number FROM core_livecounter WHERE organization_id = %s", [organization_id]
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def since(organization_id: int, number: int) -> list[LiveEvent] | None:
    """What came after `number`, in order; None when that is too much or no longer kept (the screen must refresh)."""
    rows = LiveEvent.objects.filter(organization_id=organization_id, number__gt=number).order_by("number")
    events = list(rows[: TOO_MANY + 1])
    if not events:
        last = last_number(organization_id)
        if number >= last:
            return [] if number == last else None
        events = list(rows.all()[: TOO_MANY + 1])  # committed between the two questions, or no longer kept
    complete = bool(events) and events[0].number == number + 1 and len(events) <= TOO_MANY
    return events if complete else None


def prune(before: datetime | None = None) -> int:
    """Delete events older than `before` (default: 26 hours ago). Returns how many."""
    deleted, _ = LiveEvent.objects.filter(at__lt=before or clock.now() - KEEP).delete()
    return deleted
