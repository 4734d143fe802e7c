"""Live events: a change tells a row, the web processes number the rows and read what came after a number.

Who writes takes no lock: its row has no number until it is committed. Who reads gives the next numbers to what is
committed by then, one reader at a time, so that whoever has seen a number has everything up to it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from bellhop.core import clock, wake
from bellhop.core.models import LiveEvent

KEEP = timedelta(hours=26)
TOO_MANY = 500

_APPEND = """
INSERT INTO core_liveevent (organization_id, topic, subject_id, property_id, user_id, data, at)
SELECT %s, e.topic, e.subject_id, e.property_id, e.user_id, e.data::jsonb, %s::timestamptz
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[])
  WITH ORDINALITY AS e(topic, subject_id, property_id, user_id, data, place)
ORDER BY e.place
"""

# Sent as one: a transaction of its own in one trip. Each statement sees what was committed before it began, so that the
# second one can't number again what another reader numbered while the first one waited.
# (Several statements in one string need values bound by the client, as Django does by default.)
_NUMBER = """
SELECT pg_advisory_xact_lock(hashtextextended('core_livecounter', %(organization)s));
WITH pending AS (
  SELECT id, row_number() OVER (ORDER BY id) AS place FROM core_liveevent
  WHERE organization_id = %(organization)s AND number IS NULL),
counter AS (
  INSERT INTO core_livecounter AS known (organization_id, last_number)
  SELECT %(organization)s, count(*) FROM pending HAVING count(*) > 0
  ON CONFLICT (organization_id) DO UPDATE SET last_number = known.last_number + EXCLUDED.last_number
  RETURNING last_number)
UPDATE core_liveevent AS told SET number = counter.last_number - (SELECT count(*) FROM pending) + pending.place
FROM pending, counter WHERE told.id = pending.id
"""
_LAST = "SELECT last_number FROM core_livecounter WHERE organization_id = %(organization)s"
_COLUMNS = ("id", "organization_id", "number", "topic", "subject_id", "property_id", "user_id", "data", "at")
_SINCE = f"""{_NUMBER};
{_LAST};
SELECT {", ".join(_COLUMNS)} FROM core_liveevent
WHERE organization_id = %(organization)s AND number > %(number)s ORDER BY number LIMIT {TOO_MANY + 1}
"""  # noqa: S608 (constants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a screen may show: topic, the row it is about, and who may see it."""

    topic: str
    subject_id: int | None = None
    property_id: int | None = None
    user_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


def append(organization_id: int, changes: Sequence[Change]) -> None:
    """Store `changes` in the current transaction and wake the sockets after its commit."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("Live events belong to the transaction of the change they tell.")
    if not changes:
        return
    columns = zip(*map(_columns, changes), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [organization_id, clock.now(), *map(list, columns)])
    transaction.on_commit(lambda: wake.sockets(organization_id), robust=True)


def _columns(change: Change) -> tuple[object, ...]:
    data = json.dumps(change.data, cls=DjangoJSONEncoder)
    return change.topic, change.subject_id, change.property_id, change.user_id, data


def last_number(organization_id: int) -> int:
    """The newest number of an organization, 0 before the first. What is committed but not numbered yet comes after."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST, {"organization": organization_id})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def since(organization_id: int, number: int) -> list[LiveEvent] | None:
    """What came after `number`, in order; None when that is too much or no longer kept (the screen must refresh)."""
    with connection.cursor() as cursor:
        cursor.execute(_SINCE, {"organization": organization_id, "number": number})
        cursor.nextset()
        cursor.nextset()
        found = cursor.fetchone()
        cursor.nextset()
        rows = cursor.fetchall()
    last = int(found[0]) if found else 0
    if number >= last:
        return [] if number == last else None
    events = [_event(row) for row in rows]
    return events if events and events[0].number == number + 1 and len(events) <= TOO_MANY else None


def _event(row: Sequence[Any]) -> LiveEvent:
    values = dict(zip(_COLUMNS, row, strict=True))
    return LiveEvent(**{**values, "data": json.loads(values["data"])})


def number_all(organization_id: int) -> int:
    """Number what is committed. Returns the newest number, 0 before the first."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_NUMBER};\n{_LAST}", {"organization": organization_id})
        cursor.nextset()
        cursor.nextset()
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def prune(before: datetime | None = None) -> int:
    """Delete events older than `before` (default: 26 hours ago), and number what nobody has asked for. Returns how
    many went."""
    deleted, _ = LiveEvent.objects.filter(at__lt=before or clock.now() - KEEP).delete()
    unread = LiveEvent.objects.filter(number__isnull=True).values_list("organization_id", flat=True)
    for organization_id in list(unread.distinct()):
        number_all(organization_id)
    return deleted
