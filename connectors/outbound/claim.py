"""Taking the next Command: the head of its order key, of a connection that may be called now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from bellhop.core import clock, events
from connectors.events import CommandMoved
from connectors.models import Attempt, Command, CommandKind, CommandState, Origin
from connectors.outbound import gate
from connectors.outbound.leases import LEASE

PER_CONNECTION = 4
_CLASS = 5_417  # of the advisory locks that let claims of one connection go one after the other

# A waiting head that is due, or an unknown one whose read-back is due, or one whose worker is gone (lease over).
# An earlier open Command of the same order key holds the later ones (invariant 5).
_NEXT = """
SELECT c.id, c.kind, c.origin
FROM connectors_command c
JOIN connectors_connection k ON k.id = c.connection_id
LEFT JOIN connectors_connectionhealth h ON h.connection_id = c.connection_id
WHERE c.state IN ('waiting', 'in_flight', 'unknown')
  AND c.due_at <= %(now)s
  AND (c.lease_until IS NULL OR c.lease_until <= %(now)s)
  AND k.paused_at IS NULL AND k.stage <> 'shadow'
  AND (k.stage <> 'pilot' OR EXISTS (SELECT 1 FROM connectors_pilotplace p
       WHERE p.connection_id = c.connection_id AND p.place_id = c.place_id))
  AND h.down_since IS NULL AND h.credentials_refused_at IS NULL
  AND (h.hold_until IS NULL OR h.hold_until <= %(now)s)
  AND NOT EXISTS (
    SELECT 1 FROM connectors_command e
    WHERE e.connection_id = c.connection_id AND e.order_key = c.order_key AND e.id < c.id
      AND e.state IN ('held', 'waiting', 'in_flight', 'unknown'))
  AND (SELECT count(*) FROM connectors_command f
       WHERE f.connection_id = c.connection_id AND f.state IN ('in_flight', 'unknown')
         AND f.lease_until > %(now)s) < %(per_connection)s
ORDER BY c.priority, c.due_at, c.id
LIMIT 1
FOR UPDATE OF c SKIP LOCKED
"""
# Workers that looked at the same moment all saw room. Who has the turn (the last thing before commit) counts once more,
# its own claim among them. One trip for both; the second statement sees what was committed while the first one waited.
# (As in core/live.py, values are bound by the client.)
_ROOM = """
SELECT pg_advisory_xact_lock(%(class)s, %(connection)s);
SELECT count(*) <= %(per_connection)s FROM connectors_command
WHERE connection_id = %(connection)s AND state IN ('in_flight', 'unknown') AND lease_until > %(now)s
"""


class _Full(Exception):
    """Others took the connection's last place meanwhile."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A Command that this worker holds, and the try that it is about to make."""

    command: Command
    attempt: Attempt


_HELD: Final = Claim(Command(), Attempt())


def take() -> Claim | None:
    """Claim the next Command and commit the Attempt. None when nothing may be done now."""
    while True:
        try:
            claim = _take()
        except _Full:
            continue  # it is counted now: the next look passes that connection by
        except IntegrityError:
            # Two workers met at one order key; the other one has it.
            return None
        if claim is not _HELD:
            return claim


@transaction.atomic
def take_this(command_id: int) -> Claim | None:
    """Claim one Command whatever its place in the queue: a rehearsal carries out its own. None while another has it."""
    now = clock.now()
    rows = Command.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    open_ones = rows.filter(pk=command_id, state__in=(CommandState.WAITING, CommandState.UNKNOWN))
    if not open_ones.exclude(lease_until__gt=now).values_list("pk"):
        return None
    return _claim(command_id, now)


@transaction.atomic
def _take() -> Claim | None:
    """_HELD where the one that was due may not leave now: its row says so, and the next one is looked for."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"now": now, "per_connection": PER_CONNECTION})
        row = cursor.fetchone()
    if row is None:
        return None
    if (row[1] == CommandKind.SEND_DIRECT or row[2] == Origin.SEQUENCE) and gate.holds(row[0], now):
        return _HELD
    claim = _claim(row[0], now)
    if not _has_room(claim.command.connection_id, now):
        raise _Full
    return claim


def _has_room(connection_id: int, now: datetime) -> bool:
    """Of one connection only so many are ever in flight, so that a slow one leaves workers to the others (invariant 8).
    Holds the turn until commit."""
    values: dict[str, int | datetime] = {
        "class": _CLASS,
        "connection": connection_id,
        "per_connection": PER_CONNECTION,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROOM, values)
        cursor.nextset()
        row = cursor.fetchone()
    return bool(row and row[0])


def _claim(command_id: int, now: datetime) -> Claim:
    command = Command.objects.select_related("connection", "connection__health").get(pk=command_id)
    if command.lease_until is not None:
        _after_death(command)
    reads_back = command.state == CommandState.UNKNOWN
    if not reads_back:
        command.state = CommandState.IN_FLIGHT
        command.tries += 1
        command.first_sent_at = command.first_sent_at or now
    command.lease_until = now + LEASE
    command.leased_by = settings.BELLHOP_WORKER_NAME
    command.save(update_fields=["state", "tries", "first_sent_at", "lease_until", "leased_by"])
    attempt = Attempt.objects.create(
        command=command,
        number=command.attempts.count() + 1,
        read_back=reads_back,
        started_at=now,
        worker=settings.BELLHOP_WORKER_NAME,
    )
    if not reads_back:
        events.emit(CommandMoved(command=command))
    return Claim(command, attempt)


def _after_death(command: Command) -> None:
    """Its worker is gone. What surely never left may be tried; all else is read back first (invariant 3)."""
    last = command.attempts.select_for_update(no_key=True).order_by("-number").first()
    if last is None or last.finished_at is not None:
        return
    left = last.read_back or last.left_at is not None
    last.result = Attempt.Result.UNKNOWN if left else Attempt.Result.RETRY
    last.message = (
        "The worker ended before an answer came." if left else "The worker ended before it was sent."
    )
    last.finished_at = clock.now()
    last.save(update_fields=["result", "message", "finished_at"])
    command.state = CommandState.UNKNOWN if left else CommandState.WAITING
