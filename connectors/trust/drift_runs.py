"""The rolling comparison: all live stays, their conversations, units and properties daily, arrivals of seven days
hourly, in the bulk share of the limit. Resumable; one open run per connection."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q

from bellhop.core import clock, events, incidents, wake
from bellhop.core.words import say
from connectors import ports
from connectors.contract.base import PmsConnector
from connectors.contract.errors import ConnectorError, NotAuthorized, Retryable
from connectors.contract.http import Call
from connectors.events import ConnectionChanged
from connectors.inbound.apply import storable
from connectors.models import Connection, ConnectionKind, Drift, DriftRun, FieldRule, SyncRun
from connectors.outbound import backoff, caller, health
from connectors.outbound.leases import LEASE, keeper
from connectors.trust import drift_compare, drift_messages, drift_take
from connectors.trust.drift_compare import Outcome

log = structlog.get_logger(__name__)
ALL_EVERY = timedelta(hours=24)
NEAR_EVERY = timedelta(hours=1)
NEAR_DAYS = 7
MANY = 20
BATCH = 50
FOUND = "drift"


def plan() -> int:
    """Start the comparisons whose time has come. Returns how many."""
    now = clock.now()
    Drift.objects.filter(state=Drift.State.IGNORED, ignore_until__lt=now.date()).update(
        state=Drift.State.OPEN, ignore_until=None, alerted_at=None
    )
    connections = Connection.objects.filter(kind=ConnectionKind.PMS, paused_at__isnull=True)
    rows = connections.filter(health__caught_up_to__isnull=False).annotate(
        all_at=Max("drift_runs__started_at", filter=Q(drift_runs__scope=DriftRun.Scope.ALL)),
        any_at=Max("drift_runs__started_at"),
    )
    started = 0
    for connection in rows:
        if connection.all_at is None or connection.all_at <= now - ALL_EVERY:
            started += start(connection, DriftRun.Scope.ALL)
        elif connection.any_at is None or connection.any_at <= now - NEAR_EVERY:
            started += start(connection, DriftRun.Scope.NEAR)
    return started


@transaction.atomic
def start(connection: Connection, scope: DriftRun.Scope = DriftRun.Scope.ALL) -> bool:
    """Plan a comparison, unless one is open or the first import isn't done. Returns whether it was."""
    importing = SyncRun.objects.filter(
        connection=connection, purpose=SyncRun.Purpose.BACKFILL, finished_at__isnull=True
    )
    if importing.exists():
        return False
    _, made = DriftRun.objects.get_or_create(
        connection=connection, finished_at=None, defaults={"scope": scope, "started_at": clock.now()}
    )
    wake.after_commit("connectors.compare")
    return made


def run_due() -> int:
    """Plan, take what was asked for, and compare what is due. Returns how many batches were done."""
    plan()
    take_asked()
    steps = 0
    while (run := _claim()) is not None:
        with keeper.held(DriftRun, run.pk):
            _advance(run)
        steps += 1
    return steps


@transaction.atomic
def _claim() -> DriftRun | None:
    now = clock.now()
    run = (
        DriftRun.objects.filter(finished_at__isnull=True, connection__paused_at__isnull=True)
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
        .filter(Q(next_try_at__isnull=True) | Q(next_try_at__lte=now))
        .select_related("connection", "connection__health")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("id")
        .first()
    )
    if run is not None:
        run.lease_until, run.leased_by = now + LEASE, settings.BELLHOP_WORKER_NAME
        run.save(update_fields=["lease_until", "leased_by"])
    return run


def _advance(run: DriftRun) -> None:
    connection = run.connection
    if not health.is_available(connection, clock.now()):
        _postpone(run, Retryable("The PMS is not reachable.", after_s=30))
        return
    try:
        connector = caller.pms_for(connection)
        _batch(run, connector, caller.caller_for(connection, bulk=True))
    except ConnectorError as error:
        _postpone(run, error)
    except Exception as error:
        log.exception("comparison_crashed", run=run.pk)
        _postpone(run, ConnectorError("Something went wrong in Bellhop.", detail=repr(error), code="crash"))


def _postpone(run: DriftRun, error: ConnectorError) -> None:
    """Tried again later; what isn't an outage or a limit stays on the page with its words."""
    wait = backoff.delay(3, getattr(error, "after_s", None))
    words = "" if isinstance(error, Retryable | NotAuthorized) else error.user_message[:300]
    DriftRun.objects.filter(pk=run.pk).update(lease_until=None, next_try_at=clock.now() + wait, error=words)


def _batch(run: DriftRun, connector: PmsConnector, call: Call) -> None:
    """Some stays, or a page of places. Whatever was done is kept when the next read fails."""
    part = _stays(run, connector, call) if run.part == DriftRun.Part.STAYS else _places(run, connector, call)
    if part is None:
        _finish(run)
    else:
        DriftRun.objects.filter(pk=run.pk).update(part=part, lease_until=None)


def _stays(run: DriftRun, connector: PmsConnector, call: Call) -> DriftRun.Part | None:
    """The next stays with their conversations. Returns the part to go on with, None at the end."""
    near = run.scope == DriftRun.Scope.NEAR
    stays = ports.live_stays.get()(run.connection_id, near, run.after, BATCH)
    talks = {}
    if drift_messages.can(connector):
        talks = ports.talks.get()(run.connection_id, [stay.object_id for stay in stays])
    for stay in stays:
        outcome = drift_compare.compare(run.connection, connector, call, stay.remote_id)
        said = [
            drift_messages.compare(run.connection, connector, call, talk)
            for talk in talks.get(stay.object_id, ())
        ]
        _count(run, outcome)
        DriftRun.objects.filter(pk=run.pk).update(
            after=stay.object_id,
            tally=run.tally,
            records=F("records") + 1,
            fields=F("fields") + outcome.fields,
            messages=F("messages") + sum(one.fields for one in said),
            found=F("found") + len(outcome.new) + sum(len(one.new) for one in said),
            error="",
            next_try_at=None,
        )
    if len(stays) == BATCH:
        return DriftRun.Part.STAYS
    return None if near else DriftRun.Part.PROPERTIES


def _count(run: DriftRun, outcome: Outcome) -> None:
    """Add to the tally, which is the lease holder's alone."""
    for name in outcome.compared:
        compared, differing = run.tally.get(name, (0, 0))
        run.tally[name] = [compared + 1, differing + (name in outcome.differing)]


def _places(run: DriftRun, connector: PmsConnector, call: Call) -> DriftRun.Part | None:
    """The next page of properties or units. Returns the part to go on with, None at the end."""
    began, of_properties = clock.now(), run.part == DriftRun.Part.PROPERTIES
    cursor = run.cursor or None
    page = connector.list_properties(call, cursor) if of_properties else connector.list_units(call, cursor)
    outcomes = [drift_compare.judge(run.connection, connector, storable(one), began) for one in page.items]
    for outcome in outcomes:
        _count(run, outcome)
    DriftRun.objects.filter(pk=run.pk).update(
        cursor=page.next_cursor or "",
        tally=run.tally,
        places=F("places") + len(page.items),
        fields=F("fields") + sum(one.fields for one in outcomes),
        found=F("found") + sum(len(one.new) for one in outcomes),
        error="",
        next_try_at=None,
    )
    if page.next_cursor is not None:
        return DriftRun.Part(run.part)
    return DriftRun.Part.UNITS if of_properties else None


@transaction.atomic
def _finish(run: DriftRun) -> None:
    DriftRun.objects.filter(pk=run.pk).update(finished_at=clock.now(), lease_until=None)
    if run.scope == DriftRun.Scope.ALL:
        gone = Drift.objects.filter(
            connection_id=run.connection_id, state__in=drift_compare.STANDING, looked_at__lt=run.started_at
        )
        for drift in gone.select_for_update():
            drift_compare.solve(drift, Drift.How.OVER)
    tell(run.connection)


def take_asked() -> int:
    """Take over what somebody asked for. Returns how many objects were to be read."""
    due = drift_take.due()
    connections = Connection.objects.select_related("health").in_bulk({pk for pk, _hint in due})
    for (connection_id, hint), ids in due.items():
        drift_take.take(connections[connection_id], hint, ids)
    for connection in connections.values():
        tell(connection)
    return len(due)


@transaction.atomic
def tell(connection: Connection) -> None:
    """Open or close the connection's incident, and let open screens look again."""
    counts = Drift.objects.filter(connection=connection, state=Drift.State.OPEN).exclude(
        cause=Drift.Cause.NOT_SYNCED
    )
    soon = clock.now().date() + timedelta(days=NEAR_DAYS)
    new = counts.filter(alerted_at__isnull=True)
    near = list(new.filter(arrival_date__lte=soon).order_by("arrival_date")[:5])
    total = new.count()
    subject = str(connection.pk)
    if near or total > MANY:
        names = ", ".join(dict.fromkeys(f"{drift.label} ({drift.field.replace('_', ' ')})" for drift in near))
        incidents.open_incident(
            connection.organization_id,
            FOUND,
            say("%(name)s: fields differ from the PMS", name=connection.name),
            subject=subject,
            detail=say("%(n)d new. Nearest arrivals: %(names)s.", n=total, names=names)
            if names
            else say("%(n)d new.", n=total),
            remedy=say("Open Drift: take the PMS's values, send ours, or ignore with a reason."),
            connection_id=connection.pk,
            alert_user_id=_alert_person(connection, near or list(new[:MANY])),
        )
        new.update(alerted_at=clock.now())
    elif not counts.exists():
        incidents.close_incident(connection.organization_id, FOUND, subject=subject)
    events.emit(ConnectionChanged(connection_id=connection.pk, organization_id=connection.organization_id))


def _alert_person(connection: Connection, drifts: list[Drift]) -> int | None:
    """Whom the rule of the nearest arrival's field names, else the next one's that names somebody."""
    named = {
        (row.entity, row.field): row.alert_id
        for row in FieldRule.objects.filter(connection=connection, alert__isnull=False)
    }
    return next((named[key] for drift in drifts if (key := (drift.entity, drift.field)) in named), None)
