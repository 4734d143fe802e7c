"""What is read at regular intervals: things that nothing pushes (poll), stays that are near (sweep), and what the
PMS could not deliver (log)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from bellhop.core import clock, wake
from connectors.contract.base import PmsConnector
from connectors.contract.channel import ChannelConnector
from connectors.contract.events import Entity
from connectors.contract.registry import available, connector_class
from connectors.events import CommandMoved
from connectors.models import CommandKind, CommandState, Connection, SyncRun

POLL, SWEEP, LOG = SyncRun.Purpose.POLL, SyncRun.Purpose.SWEEP, SyncRun.Purpose.LOG
PURPOSES = (POLL, SWEEP, LOG)
_READ_AFTER = {
    CommandKind.CREATE_WORK_ORDER: Entity.WORK_ORDER,
    CommandKind.UPDATE_WORK_ORDER: Entity.WORK_ORDER,
    CommandKind.ASSIGN_WORK_ORDER: Entity.WORK_ORDER,
    CommandKind.NOTE_WORK_ORDER: Entity.WORK_ORDER,
    CommandKind.SET_HOUSEKEEPING: Entity.HOUSEKEEPING,
}


_IMPORTING = SyncRun.objects.filter(
    connection_id=OuterRef("pk"), purpose=SyncRun.Purpose.BACKFILL, finished_at__isnull=True
)


def reads_of(slug: str) -> dict[tuple[SyncRun.Purpose, Entity], timedelta]:
    """(purpose, entity) → how often, as the connector declares it."""
    connector = connector_class(slug)
    if issubclass(connector, ChannelConnector):
        return {(POLL, Entity.MESSAGE): timedelta(seconds=connector.poll_s)} if connector.poll_s else {}
    if not issubclass(connector, PmsConnector):
        return {}
    found = {
        (POLL, entity): timedelta(seconds=capability.poll_s)
        for entity, capability in connector.capabilities.entities.items()
        if capability.poll_s
    }
    if connector.sweep_s:
        found[SWEEP, Entity.RESERVATION] = timedelta(seconds=connector.sweep_s)
    if connector.undelivered_s:
        found[LOG, Entity.RESERVATION] = timedelta(seconds=connector.undelivered_s)
    return found


def start_due(now: datetime) -> int:
    """Start what is due, for connections whose first import is done. Returns how many."""
    wanted = {slug: found for slug in available() if (found := reads_of(slug))}
    connections = Connection.objects.filter(
        slug__in=wanted, paused_at__isnull=True, health__caught_up_to__isnull=False
    ).exclude(Exists(_IMPORTING))
    return sum(
        _start(connection, purpose, entity, now)
        for connection in connections
        for purpose, entity in wanted[connection.slug]
    )


@transaction.atomic
def _start(connection: Connection, purpose: SyncRun.Purpose, entity: Entity, now: datetime) -> bool:
    run, made = SyncRun.objects.select_for_update(no_key=True).get_or_create(
        connection=connection, purpose=purpose, entity=entity, defaults={"started_at": now}
    )
    if made:
        return True
    if run.finished_at is None or (run.next_try_at is not None and run.next_try_at > now):
        return False
    run.since, run.started_at, run.finished_at, run.next_try_at = run.started_at, now, None, None
    run.done, run.total, run.error = 0, None, ""
    run.save()
    return True


def next_at(run: SyncRun) -> datetime:
    """When a run that just ended is due again."""
    return run.started_at + reads_of(run.connection.slug).get(
        (SyncRun.Purpose(run.purpose), Entity(run.entity)), timedelta(days=1)
    )


def on_command(event: CommandMoved) -> None:
    """What we wrote where nothing pushes is read at once: others may have changed it, too."""
    command = event.command
    entity = _READ_AFTER.get(CommandKind(command.kind))
    if entity is None or command.state != CommandState.CONFIRMED:
        return
    polls = SyncRun.objects.filter(connection_id=command.connection_id, purpose=POLL, entity=entity)
    if polls.update(next_try_at=clock.now()):
        wake.after_commit("connectors.catch_up")
