"""Health by traffic, not by ping (ux I2, signature N8): what is normal for this hour, and what silence means.

A connection that is silent for longer than its usual traffic explains is asked by a read of what has changed. If that
brings news that no webhook told, the webhooks are lost: *stale*, an incident, and the subscription is looked at. If it
brings nothing, the silence is *quiet*, and normal.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from django.db import connection as database
from django.db import transaction
from django.db.models import Max

from bellhop.core import clock, incidents
from bellhop.core.words import say
from connectors.contract.capabilities import Push
from connectors.contract.registry import connector_class
from connectors.models import Connection, ConnectionHealth, ExternalId, FieldOverwrite, SyncRun
from connectors.models.traffic import TrafficHour

SILENT = "webhooks_silent"
LEAST_SILENCE = timedelta(minutes=10)
TIMES_THE_USUAL_GAP = 4
DAYS = 7
RECENT_HOURS = 6
ENOUGH = 2

_COUNT = """
INSERT INTO connectors_traffichour (connection_id, hour, count)
SELECT connection_id, date_trunc('hour', received_at), count(*) FROM connectors_webhookdelivery
WHERE received_at >= %s AND original_id IS NULL GROUP BY 1, 2
ON CONFLICT (connection_id, hour) DO UPDATE SET count = EXCLUDED.count
"""


def watch() -> int:
    """Count, learn, and look into every silence that is longer than usual. Returns how many are stale."""
    now = clock.now()
    _count(now)
    rows = ConnectionHealth.objects.filter(
        connection__paused_at__isnull=True,
        down_since__isnull=True,
        credentials_refused_at__isnull=True,
        caught_up_to__isnull=False,
    ).select_related("connection")
    pushing = [row for row in rows if is_pushed(row.connection)]
    for row in pushing:
        _watch(row, now)
    return sum(row.stale_since is not None for row in pushing)


def is_pushed(connection: Connection) -> bool:
    """Does this PMS push anything at all?"""
    return bool(_pushed_entities(connection))


def _pushed_entities(connection: Connection) -> list[str]:
    entities = connector_class(connection.slug).capabilities.entities
    return [entity.value for entity, capability in entities.items() if capability.push != Push.NONE]


def _count(now: datetime) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    with database.cursor() as cursor:
        cursor.execute(_COUNT, [hour - timedelta(hours=1)])


def normal_per_hour(connection_id: int, now: datetime) -> float | None:
    """Webhooks that this hour usually brings: the median of the same hour on the days before, else of the last hours;
    None before there is enough to say so."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    counts = dict(
        TrafficHour.objects.filter(
            connection_id=connection_id, hour__gte=hour - timedelta(days=DAYS), hour__lt=hour
        ).values_list("hour", "count")
    )
    if not counts:
        return None
    first = min(counts)
    days = [hour - timedelta(days=n) for n in range(1, DAYS + 1)]
    same_hour = [counts.get(moment, 0) for moment in days if moment >= first]
    if len(same_hour) >= ENOUGH:
        return float(median(same_hour))
    hours = [hour - timedelta(hours=n) for n in range(1, RECENT_HOURS + 1)]
    recent = [counts.get(moment, 0) for moment in hours if moment >= first]
    return float(median(recent)) if len(recent) >= ENOUGH else None


def allowed_silence(per_hour: float | None) -> timedelta | None:
    """How long nothing may come before somebody looks; None where nothing is to be expected."""
    if not per_hour:
        return None
    return max(LEAST_SILENCE, timedelta(hours=TIMES_THE_USUAL_GAP / per_hour))


def _watch(row: ConnectionHealth, now: datetime) -> None:
    row.normal_per_hour = normal_per_hour(row.connection_id, now)
    allowed = allowed_silence(row.normal_per_hour)
    last = row.last_delivery_at or row.connection.created_at
    if row.heard_at is None or last > row.heard_at:
        _heard(row, last)
    if allowed is None or now - last <= allowed:
        row.silent_probe_at = None
    elif row.silent_probe_at is None or row.silent_probe_at < last or now - row.silent_probe_at > allowed:
        _probe(row, now)
    elif _has_caught_up(row):
        _judge(row, last, now)
    row.save(update_fields=["normal_per_hour", "heard_at", "known_to", "silent_probe_at", "stale_since"])


def _heard(row: ConnectionHealth, last: datetime) -> None:
    """It talks. What is known now is marked, so that news can be told from it later."""
    newest = ExternalId.objects.filter(connection_id=row.connection_id).aggregate(newest=Max("pk"))["newest"]
    row.heard_at, row.known_to = last, newest or 0
    if row.stale_since is not None:
        row.stale_since = None
        incidents.close_incident(row.connection.organization_id, SILENT, subject=str(row.connection_id))


def _probe(row: ConnectionHealth, now: datetime) -> None:
    """Read what has changed."""
    row.silent_probe_at = now
    ConnectionHealth.objects.filter(pk=row.pk).update(catch_up_due_at=now)


def _has_caught_up(row: ConnectionHealth) -> bool:
    open_runs = SyncRun.objects.filter(
        connection_id=row.connection_id, purpose=SyncRun.Purpose.CATCH_UP, finished_at__isnull=True
    )
    caught_up = row.caught_up_to is not None and row.silent_probe_at is not None
    return caught_up and row.caught_up_to >= row.silent_probe_at and not open_runs.exists()  # type: ignore[operator]


def missed(row: ConnectionHealth, last: datetime) -> int:
    """What was read since the last webhook that one should have told: new records and changed fields."""
    pushed = _pushed_entities(row.connection)
    fresh = ExternalId.objects.filter(connection_id=row.connection_id, pk__gt=row.known_to, entity__in=pushed)
    changed = FieldOverwrite.objects.filter(
        connection_id=row.connection_id, source="read", applied=True, at__gte=last, entity__in=pushed
    )
    return fresh.count() + changed.count()


@transaction.atomic
def _judge(row: ConnectionHealth, last: datetime, now: datetime) -> None:
    count = missed(row, last)
    if not count:
        return
    row.stale_since = row.stale_since or last
    ConnectionHealth.objects.filter(pk=row.pk).update(subscription_due_at=now)
    connection = row.connection
    incidents.open_incident(
        connection.organization_id,
        SILENT,
        say(
            "%(name)s: no webhook since %(at)s UTC, although things changed there",
            name=connection.name,
            at=f"{last:%H:%M}",
        ),
        subject=str(connection.pk),
        detail=say(
            "%(n)d changes were found by reading; about %(usual)d webhooks an hour are usual.",
            n=count,
            usual=round(row.normal_per_hour or 0),
        ),
        remedy=say(
            "Bellhop reads regularly meanwhile, so nothing is lost, only later. Its subscription is being checked; "
            "look at the webhook settings of the PMS if this stays."
        ),
        connection_id=connection.pk,
    )
