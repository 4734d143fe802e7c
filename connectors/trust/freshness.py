"""The freshness contract (signature N11): how long from the provider's event to our screens, per entity, in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection as database

from bellhop.core import clock, incidents
from bellhop.core.words import say
from connectors.contract.events import Entity
from connectors.models import Connection
from connectors.trust.ownership import FRESH_WITHIN, Freshness

LATE = "lag_breach"
# What a webhook of an entity is measured against; the classes and their numbers are the ownership log's.
CLASS_OF = {
    Entity.MESSAGE: Freshness.INSTANT,
    Entity.CONVERSATION: Freshness.INSTANT,
    Entity.RESERVATION: Freshness.INSTANT,
    Entity.HOUSEKEEPING: Freshness.INSTANT,
    Entity.NOTE: Freshness.MINUTES,
    Entity.GUEST: Freshness.MINUTES,
    Entity.WORK_ORDER: Freshness.MINUTES,
    Entity.UNIT: Freshness.DAILY,
    Entity.PROPERTY: Freshness.DAILY,
    Entity.PERSON: Freshness.DAILY,
}
ENOUGH = 5
BREACH_WINDOW = timedelta(hours=1)

# From the provider's own time of the event where it tells one, else from our receipt of it.
_LAG = """
SELECT connection_id, entity, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY lag),
  percentile_cont(0.95) WITHIN GROUP (ORDER BY lag), max(lag), bool_and(told)
FROM (
  SELECT connection_id, entity, event_at IS NOT NULL AS told,
    GREATEST(0, extract(epoch FROM processed_at - COALESCE(event_at, received_at))) AS lag
  FROM connectors_webhookdelivery
  WHERE connection_id = ANY(%s) AND received_at >= %s AND entity <> '' AND state = 'processed' AND original_id IS NULL
) lags GROUP BY connection_id, entity ORDER BY connection_id, entity
"""

_LONGEST = """
SELECT connection_id, processed_at,
  GREATEST(0, extract(epoch FROM processed_at - COALESCE(event_at, received_at))) AS lag
FROM connectors_webhookdelivery
WHERE connection_id = ANY(%s) AND received_at >= %s AND received_at < %s
  AND entity <> '' AND state = 'processed' AND original_id IS NULL
ORDER BY lag DESC, id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds from event to screen. `from_event`: measured from the provider's own time, else from receipt."""

    connection_id: int
    entity: str
    count: int
    p50_s: float
    p95_s: float
    max_s: float
    from_event: bool

    @property
    def class_name(self) -> str:
        return CLASS_OF.get(Entity(self.entity), Freshness.MINUTES).value

    @property
    def target_s(self) -> float:
        return FRESH_WITHIN[Freshness(self.class_name)].total_seconds()

    @property
    def is_late(self) -> bool:
        return self.count >= ENOUGH and self.p95_s > self.target_s


def lags(connection_ids: Iterable[int], since: datetime) -> list[Lag]:
    """Per connection and entity, in one statement."""
    with database.cursor() as cursor:
        cursor.execute(_LAG, [list(connection_ids), since])
        rows = cursor.fetchall()
    return [
        Lag(connection_id, entity, count, float(p50), float(p95), float(most), told)
        for connection_id, entity, count, p50, p95, most, told in rows
    ]


@dataclass(frozen=True, slots=True)
class Longest:
    """The webhook that was on the screens latest: `at` that moment, `seconds` after its event."""

    connection_id: int
    at: datetime
    seconds: float


def longest(connection_ids: Iterable[int], since: datetime, until: datetime) -> Longest | None:
    """Of those that came in from `since` until before `until`; None where nothing did. One statement."""
    with database.cursor() as cursor:
        cursor.execute(_LONGEST, [list(connection_ids), since, until])
        row = cursor.fetchone()
    return Longest(row[0], row[1], float(row[2])) if row else None


def check() -> int:
    """Open an incident where the last hour was later than its class allows, close it where it is well again."""
    connections = {connection.pk: connection for connection in Connection.objects.all()}
    found = lags(connections, clock.now() - BREACH_WINDOW)
    return sum(_check(connections[lag.connection_id], lag) for lag in found)


def _check(connection: Connection, lag: Lag) -> bool:
    subject = f"{connection.pk}:{lag.entity}"
    if not lag.is_late:
        incidents.close_incident(connection.organization_id, LATE, subject=subject)
        return False
    incidents.open_incident(
        connection.organization_id,
        LATE,
        say("%(name)s: %(what)s is late", name=connection.name, what=[lag.entity]),
        subject=subject,
        detail=say(
            "In the last hour 5 %% took longer than %(took)d s; %(allowed)d s are allowed.",
            took=round(lag.p95_s),
            allowed=round(lag.target_s),
        ),
        remedy=say("Look at the queue and the workers; a PMS that sends late shows the same."),
        connection_id=connection.pk,
    )
    return True
