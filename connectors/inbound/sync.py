"""Reading lists: the first import (resumable) and the changed-since catch-up. Sends nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from bellhop.core import clock, events, incidents, wake
from bellhop.core.words import say
from connectors.contract.base import Page, PmsConnector
from connectors.contract.errors import ConnectorError, NotAuthorized, NotFound, Rejected, Retryable
from connectors.contract.events import Entity
from connectors.contract.http import Call
from connectors.contract.records import AnyRecord, ConversationRecord, ReservationRecord
from connectors.contract.registry import connector_class
from connectors.events import ConnectionChanged, Source
from connectors.inbound import cancelling, channel_sync, identity, reading, regular, undelivered
from connectors.inbound.apply import apply
from connectors.inbound.processing import apply_fetched
from connectors.models import Connection, ConnectionHealth, ConnectionKind, SyncRun
from connectors.outbound import backoff, caller, health
from connectors.outbound.leases import LEASE, keeper

log = structlog.get_logger(__name__)
ORDER = (Entity.PROPERTY, Entity.UNIT, Entity.RESERVATION, Entity.CONVERSATION)
EXTRA = (Entity.PERSON, Entity.WORK_ORDER, Entity.HOUSEKEEPING)
CATCH_UP_EVERY = timedelta(minutes=5)
OVERLAP = timedelta(minutes=2)
HISTORY_PAGES = 20
CATCH_UP_PAGES = 40
PAGES_PER_STEP = 25
TELL_EVERY = 10
NOTES_OF_PAST = timedelta(days=30)
STUCK = "reading_stuck"


@transaction.atomic
def start_backfill(connection: Connection) -> None:
    """Plan the first import; already planned or finished parts are left alone."""
    now = clock.now()
    have = set(
        SyncRun.objects.filter(connection=connection, purpose=SyncRun.Purpose.BACKFILL).values_list(
            "entity", flat=True
        )
    )
    if connection.kind == ConnectionKind.CHANNEL:
        channel_sync.begin(connection, now)
        return
    capabilities = connector_class(connection.slug).capabilities
    wanted = (*ORDER, *(entity for entity in EXTRA if capabilities.of(entity).read))
    SyncRun.objects.bulk_create(
        SyncRun(connection=connection, purpose=SyncRun.Purpose.BACKFILL, entity=entity, started_at=now)
        for entity in wanted
        if entity not in have
    )
    ConnectionHealth.objects.filter(pk=connection.pk, caught_up_to__isnull=True).update(
        caught_up_to=now - OVERLAP
    )
    wake_sync()


def wake_sync(delay_s: float = 0.0) -> None:
    wake.after_commit("connectors.sync", delay_s=delay_s)


def plan_catch_ups() -> int:
    """Start a catch-up for every connection whose time has come. Returns how many."""
    now = clock.now()
    due = Connection.objects.filter(paused_at__isnull=True, health__caught_up_to__isnull=False).filter(
        Q(health__catch_up_due_at__lte=now)
        | Q(health__catch_up_due_at__isnull=True, health__caught_up_to__lte=now - CATCH_UP_EVERY)
    )
    started = sum(_start_catch_up(connection) for connection in due.select_related("health"))
    regular.start_due(now)
    wake_sync()
    return started


@transaction.atomic
def _start_catch_up(connection: Connection, back_to: datetime | None = None) -> bool:
    """From where we are caught up, or from `back_to` where that is earlier."""
    running = connection.sync_runs.filter(finished_at__isnull=True).exclude(purpose__in=regular.PURPOSES)
    if running.exists():
        return False
    now = clock.now()
    since = connection.health.caught_up_to
    assert since is not None
    since = min(since, back_to or since, now)  # it is ahead of now when the clock was put back
    is_channel = connection.kind == ConnectionKind.CHANNEL
    for entity in (Entity.MESSAGE,) if is_channel else (Entity.RESERVATION, Entity.CONVERSATION):
        SyncRun.objects.create(
            connection=connection,
            purpose=SyncRun.Purpose.CATCH_UP,
            entity=entity,
            since=since - OVERLAP,
            started_at=now,
        )
    ConnectionHealth.objects.filter(pk=connection.pk).update(catch_up_due_at=None)
    return True


def run_due() -> int:
    """Advance every import and catch-up that may go on, one after another. Returns how many steps were made."""
    steps = 0
    while (run := _claim()) is not None:
        with keeper.held(SyncRun, run.pk):
            _advance(run)
        steps += 1
    return steps


@transaction.atomic
def _claim() -> SyncRun | None:
    """The first open run of a connection: its parts go in order, one at a time. What is read regularly neither waits
    for itself nor holds up anything else."""
    now = clock.now()
    open_runs = SyncRun.objects.filter(finished_at__isnull=True)
    earlier = open_runs.filter(connection_id=OuterRef("connection_id"), pk__lt=OuterRef("pk")).exclude(
        purpose__in=regular.PURPOSES
    )
    run = (
        open_runs.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
        .filter(Q(next_try_at__isnull=True) | Q(next_try_at__lte=now))
        .filter(connection__paused_at__isnull=True)
        .exclude(Exists(earlier))
        .select_related("connection", "connection__health")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("id")
        .first()
    )
    if run is None:
        return None
    run.lease_until, run.leased_by = now + LEASE, settings.BELLHOP_WORKER_NAME
    run.save(update_fields=["lease_until", "leased_by"])
    return run


def _advance(run: SyncRun) -> None:
    connection = run.connection
    if not health.is_available(connection, clock.now()):
        _postpone(run, Retryable("The PMS is not reachable.", after_s=5))
        return
    try:
        call = caller.caller_for(connection, bulk=True)
        for _ in range(PAGES_PER_STEP):
            if _step(run, call):
                return
    except ConnectorError as error:
        if isinstance(error, Rejected) and _can_be_missed(run):
            _leave(run, error)
        else:
            _postpone(run, error)
        return
    except Exception as error:
        log.exception("sync_crashed", run=run.pk)
        _postpone(run, ConnectorError("Something went wrong in Bellhop.", detail=repr(error), code="crash"))
        return
    SyncRun.objects.filter(pk=run.pk).update(lease_until=None)


def _can_be_missed(run: SyncRun) -> bool:
    """Stays and conversations are worth having without it: a key may lack the permission for tasks or rooms."""
    return run.purpose in regular.PURPOSES or run.entity in EXTRA


def _leave(run: SyncRun, error: ConnectorError) -> None:
    """Refused for good: a person is told, and the rest goes on. What is read regularly is tried again next time."""
    again = regular.next_at(run) if run.purpose in regular.PURPOSES else None
    SyncRun.objects.filter(pk=run.pk).update(
        finished_at=clock.now(), lease_until=None, next_try_at=again, error=error.user_message[:300]
    )
    _report(run, error)
    wake_sync()


def _postpone(run: SyncRun, error: ConnectorError) -> None:
    wait = backoff.delay(3, getattr(error, "after_s", None))
    SyncRun.objects.filter(pk=run.pk).update(
        lease_until=None, next_try_at=clock.now() + wait, error=error.user_message[:300]
    )
    if not isinstance(error, Retryable | NotAuthorized):
        _report(run, error)
    wake_sync(wait.total_seconds())


def _report(run: SyncRun, error: ConnectorError) -> None:
    """An outage and refused credentials are told by the connection's health; all else that stops reading, here."""
    incidents.open_incident(
        run.connection.organization_id,
        STUCK,
        say("%(name)s: reading %(what)s does not go on", name=run.connection.name, what=[run.entity]),
        subject=f"{run.connection_id}:{run.entity}",
        detail=f"{error.user_message} {error.detail}".strip()[:1000],
        remedy=say(
            "Bellhop tries again by itself. Webhooks are still taken; if it stays, send the detail to support."
        ),
        connection_id=run.connection_id,
    )


def _step(run: SyncRun, call: Call) -> bool:
    """Read one page and store it, record by record, so that what a limit or a crash interrupts is not read again.
    True when the run is finished."""
    if run.connection.kind == ConnectionKind.CHANNEL:
        return _note_page(run, channel_sync.read_page(run, call))
    connector = caller.pms_for(run.connection)
    page = _page(run, connector, call)
    run.total = page.total if page.total is not None else run.total
    for record in page.items:
        if not _has_it(run, record):
            if cancelling.must_wait(run.connection, [record]):
                raise Retryable("What is on the wire to this guest is waited for.", after_s=1)
            _take(run, record, _enrich(run, connector, call, record))
    return _note_page(run, page)


def _note_page(run: SyncRun, page: Page[Any]) -> bool:
    with transaction.atomic():
        run.cursor = page.next_cursor or page.resume
        run.error, run.next_try_at = "", None
        # The lease of a run that goes on is the keeper's: the one that we began with may be over by now.
        fields = ["total", "cursor", "error", "next_try_at"]
        if page.next_cursor is None:
            _finish(run)
            fields += ["finished_at", "lease_until"]
        run.save(update_fields=fields)
        events.emit(_changed(run))
    return page.next_cursor is None


def _has_it(run: SyncRun, record: AnyRecord) -> bool:
    """Was it read with all its parts since this run began?"""
    if run.entity not in {Entity.CONVERSATION, Entity.RESERVATION}:
        return False
    return identity.read_since(run.connection_id, Entity(run.entity), record.external_id, run.started_at)


@transaction.atomic
def _take(run: SyncRun, record: AnyRecord, fetched: reading.Fetched | None) -> None:
    source = Source(connection=run.connection, history=run.purpose == SyncRun.Purpose.BACKFILL)
    if fetched is not None:
        apply_fetched(source, fetched)
    else:
        apply(source, record)
    run.done += 1
    run.save(update_fields=["done", "total"])
    if run.done % TELL_EVERY == 0:
        events.emit(_changed(run))


def _changed(run: SyncRun) -> ConnectionChanged:
    return ConnectionChanged(
        connection_id=run.connection_id,
        organization_id=run.connection.organization_id,
        imported=run.purpose == SyncRun.Purpose.BACKFILL and run.entity == Entity.CONVERSATION,
    )


def _finish(run: SyncRun) -> None:
    run.finished_at, run.lease_until = clock.now(), None
    subject = f"{run.connection_id}:{run.entity}"
    incidents.close_incident(run.connection.organization_id, STUCK, subject=subject)
    if run.purpose == SyncRun.Purpose.CATCH_UP and run.entity in {Entity.CONVERSATION, Entity.MESSAGE}:
        ConnectionHealth.objects.filter(pk=run.connection_id).update(caught_up_to=run.started_at)
    if run.purpose == SyncRun.Purpose.BACKFILL and run.total is None:
        run.total = run.done
    if run.purpose in regular.PURPOSES:
        run.next_try_at = regular.next_at(run)


def _page(run: SyncRun, connector: PmsConnector, call: Call) -> Page[AnyRecord]:
    cursor = run.cursor or None
    page: Page[AnyRecord]
    if run.purpose == SyncRun.Purpose.SWEEP:
        page = connector.list_near_stays(call, cursor, run.started_at)  # type: ignore[assignment]
    elif run.purpose == SyncRun.Purpose.LOG:
        page = _lost(run, connector, call)
    elif run.entity == Entity.WORK_ORDER:
        page = connector.list_work_orders(call, cursor, run.since)  # type: ignore[assignment]
    elif run.entity == Entity.PERSON:
        page = connector.list_people(call, cursor)  # type: ignore[assignment]
    elif run.entity == Entity.HOUSEKEEPING:
        page = connector.list_housekeeping(call, cursor)  # type: ignore[assignment]
    elif run.entity == Entity.PROPERTY:
        page = connector.list_properties(call, cursor)  # type: ignore[assignment]
    elif run.entity == Entity.UNIT:
        page = connector.list_units(call, cursor)  # type: ignore[assignment]
    elif run.entity == Entity.RESERVATION:
        page = connector.list_reservations(call, cursor, run.since)  # type: ignore[assignment]
    else:
        page = connector.list_conversations(call, cursor, run.since)  # type: ignore[assignment]
    return page


def _lost(run: SyncRun, connector: PmsConnector, call: Call) -> Page[AnyRecord]:
    found = undelivered.look(run.connection, connector, call)
    if found.messages:
        _start_catch_up(run.connection, clock.now() - undelivered.BACK)
        wake_sync()
    return Page(items=found.stays, next_cursor=None)


def _enrich(run: SyncRun, connector: PmsConnector, call: Call, record: AnyRecord) -> reading.Fetched | None:
    """A conversation comes with its posts, a reservation with the unit or guest that we never saw."""
    began = clock.now()
    if isinstance(record, ConversationRecord) and record.is_guest:
        pages = HISTORY_PAGES if run.purpose == SyncRun.Purpose.BACKFILL else CATCH_UP_PAGES
        try:
            posts = reading.read_posts(run.connection, connector, call, record.external_id, pages=pages)
        except NotFound:
            posts = []
        return reading.Fetched(Entity.CONVERSATION, record.external_id, began, (record, *posts), record)
    if isinstance(record, ReservationRecord):
        parts = reading.missing_parts(run.connection, connector, call, record)
        notes = connector.list_notes(call, record.external_id) if _is_worth_notes(record, began) else ()
        return reading.Fetched(Entity.RESERVATION, record.external_id, began, (*parts, record, *notes))
    return None


def _is_worth_notes(record: ReservationRecord, now: datetime) -> bool:
    """Notes cost a call per stay: those of stays that are long over are left where they are."""
    return not record.departure_date or record.departure_date >= (now - NOTES_OF_PAST).date()
