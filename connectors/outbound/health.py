"""Is a connection answering? Evidence of the last calls, and the circuit breaker made from it (invariants 8
and 12).

The breaker opens on 3 failures in a row, or on half of the last 20 calls (5 at least); a probe is due 5 s
later, then after twice as long each time, up to 2 minutes. Any answered call closes it. Refused credentials
are a state of their own: nothing is tried until a person has given new ones.
"""

from __future__ import annotations

import math
import threading
import time
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog
from django.db import connection as database
from django.db import transaction
from django.db.models import Q

from bellhop.core import clock, events, incidents
from bellhop.core.words import say
from connectors.contract.errors import ConnectorError, NotAuthorized, RateLimited
from connectors.events import ConnectionDown, ConnectionRecovered
from connectors.models import Connection, ConnectionHealth
from connectors.outbound import tokens

DOWN: Final = "connection_down"
REFUSED: Final = "credentials_refused"
UNISSUED: Final = "no_token"

KEPT: Final = 20
IN_A_ROW: Final = 3
AT_LEAST: Final = 5
FIRST_PROBE_S: Final = 5
LAST_PROBE_S: Final = 120
NOTE_EVERY_S: Final = 1.0

Kind = Literal["read", "write", "answer"]
"""A read that worked, a write that was confirmed, or any other answer (a refusal, an effect not yet confirmed)."""

log = structlog.get_logger(__name__)
_lock = threading.Lock()
_noted: dict[tuple[int, Kind], float] = {}

_SUCCESS = """
UPDATE connectors_connectionhealth
SET outcomes = right(outcomes || '1', 20),
    last_read_at = CASE WHEN %(kind)s = 'read' THEN %(now)s ELSE last_read_at END,
    last_write_at = CASE WHEN %(kind)s = 'write' THEN %(now)s ELSE last_write_at END
WHERE connection_id = %(id)s
RETURNING down_since IS NOT NULL OR credentials_refused_at IS NOT NULL
"""


# --- asking ---
def is_available(connection: Connection, now: datetime) -> bool:
    """May ordinary work call it now? Looks at the row, not at what `connection` has in memory."""
    return not ConnectionHealth.objects.filter(_closed(now), connection_id=connection.pk).exists()


def _closed(now: datetime) -> Q:
    refused = Q(credentials_refused_at__isnull=False)
    return (
        Q(down_since__isnull=False) | refused | Q(hold_until__gt=now) | Q(connection__paused_at__isnull=False)
    )


def probes_due(now: datetime) -> list[Connection]:
    """Connections that are down and may be tried again."""
    due = ConnectionHealth.objects.filter(
        down_since__isnull=False,
        probe_at__lte=now,
        credentials_refused_at__isnull=True,
        connection__paused_at__isnull=True,
    )
    return [row.connection for row in due.select_related("connection").order_by("probe_at")]


def claim_probe(connection: Connection, now: datetime) -> bool:
    """Take the due probe, so that of all processes one makes it. False if another was first."""
    return bool(
        ConnectionHealth.objects.filter(pk=connection.pk, down_since__isnull=False, probe_at__lte=now).update(
            probe_at=now + timedelta(seconds=LAST_PROBE_S)
        )
    )


# --- noting ---
def note_success(connection: Connection, kind: Kind) -> None:
    """It answered. One UPDATE, at most once a second per process unless something changes by it."""
    key = (connection.pk, kind)
    with _lock:
        if time.monotonic() - _noted.get(key, -NOTE_EVERY_S) < NOTE_EVERY_S:
            return
        _noted[key] = time.monotonic()
    with database.cursor() as cursor:
        cursor.execute(_SUCCESS, {"kind": kind, "now": clock.now(), "id": connection.pk})
        row = cursor.fetchone()
    if row is None:
        ConnectionHealth.objects.get_or_create(connection=connection)
    elif row[0]:
        note_recovered(connection)


def note_failure(connection: Connection, error: ConnectorError) -> None:
    """It did not answer, or refused our credentials. May open the breaker and an incident."""
    _forget(connection.pk)
    if isinstance(error, RateLimited):
        return
    ConnectionHealth.objects.get_or_create(connection=connection)
    with transaction.atomic():
        row = ConnectionHealth.objects.select_for_update(no_key=True).get(pk=connection.pk)
        row.last_error_at = clock.now()
        row.last_error = f"{error.user_message} {error.detail}".strip()[:300]
        fields = ["last_error_at", "last_error"]
        if isinstance(error, NotAuthorized):
            fields += _refuse(connection, row)
        else:
            fields += _fail(connection, row)
        row.save(update_fields=fields)


def note_recovered(connection: Connection) -> None:
    """Close the breaker: what was missed is caught up at once, what waited goes on."""
    _forget(connection.pk)
    with transaction.atomic():
        row = ConnectionHealth.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if row.down_since is None and row.credentials_refused_at is None:
            return
        # Told before the row is cleared: handlers give back the time since `down_since`.
        events.emit(
            ConnectionRecovered(connection_id=connection.pk, organization_id=connection.organization_id)
        )
        ConnectionHealth.objects.filter(pk=connection.pk).update(
            down_since=None,
            probe_at=None,
            probes=0,
            outcomes="1",
            credentials_refused_at=None,
            catch_up_due_at=clock.now(),
        )
        for code in (DOWN, REFUSED):
            incidents.close_incident(connection.organization_id, code, subject=str(connection.pk))
    log.info("connection_recovered", connection=connection.pk)


def hold(connection: Connection, until: datetime) -> None:
    """The provider asked for a pause of everything: Commands wait until then. Never shortens a longer one."""
    ConnectionHealth.objects.get_or_create(connection=connection)
    ConnectionHealth.objects.filter(
        Q(hold_until__isnull=True) | Q(hold_until__lt=until), pk=connection.pk
    ).update(hold_until=until)


def hold_bulk(connection: Connection, until: datetime) -> None:
    """Bulk work has used up its share of the limit: it waits until then, what people write does not."""
    ConnectionHealth.objects.get_or_create(connection=connection)
    ConnectionHealth.objects.filter(
        Q(bulk_hold_until__isnull=True) | Q(bulk_hold_until__lt=until), pk=connection.pk
    ).update(bulk_hold_until=until)


def note_no_token(connection: Connection, after_s: float) -> None:
    """The provider issues no token for long: everything waits, and a person should know why."""
    hold(connection, clock.now() + timedelta(seconds=after_s))
    incidents.open_incident(
        connection.organization_id,
        UNISSUED,
        say("%(name)s issues no access token", name=connection.name),
        subject=str(connection.pk),
        detail=say("The next one may be asked for in %(n)d minutes.", n=math.ceil(after_s / 60)),
        remedy=say("Does another program use the same credentials? Give Bellhop its own."),
        connection_id=connection.pk,
    )


def note_token(connection: Connection) -> None:
    """A token was issued."""
    incidents.close_incident(connection.organization_id, UNISSUED, subject=str(connection.pk))


def credentials_changed(connection: Connection) -> None:
    """A person gave new credentials: try again, with a token of theirs."""
    tokens.forget(connection)
    _forget(connection.pk)
    ConnectionHealth.objects.filter(pk=connection.pk).update(credentials_refused_at=None)
    incidents.close_incident(connection.organization_id, REFUSED, subject=str(connection.pk))


def should_open(outcomes: str) -> bool:
    """Do these outcomes ("1" answered, "0" not; the newest last) mean that it is down?"""
    failed = outcomes.count("0")
    return outcomes.endswith("0" * IN_A_ROW) or (len(outcomes) >= AT_LEAST and failed * 2 >= len(outcomes))


def probe_delay(probes: int) -> timedelta:
    """How long after the `probes`-th failed probe the next one is due (0: after opening)."""
    return timedelta(seconds=min(LAST_PROBE_S, FIRST_PROBE_S * 2 ** min(probes, 10)))


def _fail(connection: Connection, row: ConnectionHealth) -> list[str]:
    now = clock.now()
    row.outcomes = (row.outcomes + "0")[-KEPT:]
    if row.down_since is not None:
        row.probes += 1
        row.probe_at = now + probe_delay(row.probes)
        return ["outcomes", "probes", "probe_at"]
    if not should_open(row.outcomes):
        return ["outcomes"]
    row.down_since, row.probes, row.probe_at = now, 0, now + probe_delay(0)
    incidents.open_incident(
        connection.organization_id,
        DOWN,
        say("%(name)s does not answer", name=connection.name),
        subject=str(connection.pk),
        detail=row.last_error,
        remedy=say("Messages wait and go out in order once it is back. Bellhop tries again by itself."),
        connection_id=connection.pk,
    )
    events.emit(ConnectionDown(connection_id=connection.pk, organization_id=connection.organization_id))
    log.warning("connection_down", connection=connection.pk, error=row.last_error)
    return ["outcomes", "down_since", "probes", "probe_at"]


def _refuse(connection: Connection, row: ConnectionHealth) -> list[str]:
    if row.credentials_refused_at is not None:
        return []
    row.credentials_refused_at = clock.now()
    incidents.open_incident(
        connection.organization_id,
        REFUSED,
        say("%(name)s refuses our credentials", name=connection.name),
        subject=str(connection.pk),
        detail=row.last_error,
        remedy=say("Enter new credentials on the connection's page. Messages wait until then."),
        connection_id=connection.pk,
    )
    log.warning("credentials_refused", connection=connection.pk)
    return ["credentials_refused_at"]


def _forget(connection_id: int) -> None:
    """The next success is worth a statement again."""
    with _lock:
        for key in [key for key in _noted if key[0] == connection_id]:
            del _noted[key]
