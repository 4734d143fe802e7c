"""Processing the journal: claim an entry, read what it only hints at, then apply it in one transaction."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, OperationalError, transaction
from django.db import connection as database
from django.db.models import F

from bellhop.core import clock
from connectors.contract.base import PmsConnector
from connectors.contract.channel import Enclosure
from connectors.contract.errors import ConnectorError, NotAuthorized, Retryable, Unreadable
from connectors.contract.events import CanonicalEvent, Entity, EventKind, ReadHint
from connectors.contract.records import MessageRecord
from connectors.events import Source
from connectors.inbound import cancelling, direct, enclosed, identity, journal, reading, thin, together
from connectors.inbound.apply import apply, apply_history
from connectors.models import (
    Connection,
    ConnectionHealth,
    ConnectionKind,
    DeliveryState,
    Proof,
    WebhookDelivery,
)
from connectors.outbound import backoff, caller, health
from connectors.outbound.leases import LEASE, keeper
from connectors.trust import evidence

log = structlog.get_logger(__name__)
BATCH = 200
MAX_CRASHES = 5
PER_CONNECTION = 4
NOTE_EVERY_S = 1.0
RECENT_S = 1.0
TOO_EARLY = timedelta(seconds=1)
ON_THE_WIRE = timedelta(seconds=0.5)

_noting = threading.Lock()
_noted_at: dict[int, float] = {}
_recent: dict[int, tuple[float, Connection]] = {}

# Who is busy is counted once: a burst comes before the planner knows of it, and counting per row took seconds then.
_NEXT = """
WITH busy AS MATERIALIZED (
  SELECT connection_id FROM connectors_webhookdelivery WHERE state = 'received' AND lease_until > %(now)s
  GROUP BY connection_id HAVING count(*) >= %(per_connection)s)
UPDATE connectors_webhookdelivery AS mine SET lease_until = %(until)s, leased_by = %(worker)s
WHERE mine.id = (
  SELECT d.id FROM connectors_webhookdelivery d
  WHERE d.state = 'received' AND d.next_try_at <= %(now)s AND (d.lease_until IS NULL OR d.lease_until <= %(now)s)
    AND d.connection_id NOT IN (SELECT connection_id FROM busy)
  ORDER BY d.next_try_at, d.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING mine.*
"""


@dataclass(frozen=True, slots=True)
class Understood:
    """An entry's events, and what had to be fetched for them (`missing`: the PMS no longer has it; `unsure`: it
    contradicts what other entries claim, so they read it themselves). `again_s`: it shows the state before, so it is
    read again after that. `enclosures`: fetched parts of a channel's entry that become entries themselves."""

    events: list[CanonicalEvent]
    fetched: list[reading.Fetched]
    missing: int = 0
    unsure: Sequence[ReadHint] = ()
    again_s: float | None = None
    enclosures: Sequence[Enclosure] = ()


def drain() -> int:
    """Process what is due until nothing is left (or a batch is done). Returns how many."""
    for done in range(BATCH):
        delivery = _claim()
        if delivery is None:
            return done
        with keeper.held(WebhookDelivery, delivery.pk):
            process(delivery)
    return BATCH


def _claim() -> WebhookDelivery | None:
    now = clock.now()
    values = {
        "now": now,
        "until": now + LEASE,
        "worker": settings.BELLHOP_WORKER_NAME,
        "per_connection": PER_CONNECTION,
    }
    with transaction.atomic():
        # A lease that a crash of the database loses is taken anew: nobody waits for the disk.
        with database.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")
        return next(iter(WebhookDelivery.objects.raw(_NEXT, values)), None)


def _connection(connection_id: int) -> Connection:
    """The connection as it was within the last second: a burst of webhooks reads it once."""
    known = _recent.get(connection_id)
    if known is None or time.monotonic() - known[0] > RECENT_S:
        known = (time.monotonic(), Connection.objects.get(pk=connection_id))
        _recent[connection_id] = known
    return known[1]


class _Lost(Exception):
    """Another worker has brought the entry to an end meanwhile."""


def process(delivery: WebhookDelivery) -> None:
    """Bring one claimed entry to an end or to a next try. A defect of ours is counted, and parked at the fifth time."""
    delivery.connection = _connection(delivery.connection_id)
    try:
        understood = _understand(delivery)
        if cancelling.must_wait(delivery.connection, _told(understood)):
            _later(delivery, ON_THE_WIRE, None)
            return
        _apply(delivery, understood)
    except _Lost:
        log.info("delivery_done_elsewhere", delivery=delivery.pk)
    except thin.Later as later:
        _later(delivery, later.wait, None)
    except direct.TooEarly:
        _later(delivery, TOO_EARLY, None)
    except Unreadable as error:
        with transaction.atomic():
            journal.quarantine(delivery, str(error))
    except NotAuthorized as error:
        _later(delivery, timedelta(seconds=60), error)
    except Retryable as error:
        _later(delivery, backoff.delay(delivery.attempts + 1, error.after_s), error)
    except ConnectorError as error:
        with transaction.atomic():
            journal.quarantine(delivery, str(error))
    except OperationalError as error:
        # The database went away or two transactions met: not this entry's fault.
        _later(delivery, timedelta(seconds=1), error)
    except Exception as error:
        log.exception("delivery_crashed", delivery=delivery.pk)
        _crashed(delivery, error)


def _understand(delivery: WebhookDelivery) -> Understood:
    connection = delivery.connection
    if connection.kind == ConnectionKind.CHANNEL:
        events, enclosures = enclosed.read(delivery)
        return Understood(events, [], enclosures=enclosures)
    connector = caller.pms_for(connection)
    events = connector.parse(delivery.headers, bytes(delivery.body))
    events = thin.with_reads(connection, connector, events)
    hints = _hints(events)
    moment = thin.since(delivery, connector) if hints else delivery.received_at
    fetched, missing, unsure = [], 0, list[ReadHint]()
    claimed: list[ReadHint] = []
    try:
        for hint in hints:
            if thin.is_covered(connection, connector, hint, moment):
                continue
            claimed.append(hint)
            waiting = together.waiting_with(delivery, connector, hint)
            claimed += [one.hint for one in waiting.companions]
            found = _fetch_together(connection, connector, hint, waiting.companions)
            found = found or _fetch(connection, connector, hint)
            missing += found is None
            fetched += [found] if found else []
            unsure += [hint] if waiting.is_contradicted_by(found) else []
    except (ConnectorError, thin.Later):
        thin.let_go(connection, connector, claimed)
        raise
    fetched += _unknown_stays(connection, connector, events)
    again = thin.shows_old(connector, delivery, events, fetched)
    return Understood(events, fetched, missing, unsure, again_s=connector.reread_s if again else None)


def _hints(events: list[CanonicalEvent]) -> list[ReadHint]:
    return list(dict.fromkeys(hint for event in events for hint in event.needs_read))


def _fetch(connection: Connection, connector: PmsConnector, hint: ReadHint) -> reading.Fetched | None:
    return reading.fetch(connection, connector, _bulk_caller(connection), hint)


def _fetch_together(
    connection: Connection, connector: PmsConnector, hint: ReadHint, companions: Sequence[together.Companion]
) -> reading.Fetched | None:
    """`hint` with what comes along, which is applied at once, each in a transaction of its own."""
    if not companions:
        return None
    found = together.read(connection, connector, _bulk_caller(connection), hint, companions)
    for companion in companions:
        fetched = found.get(companion.hint)
        if fetched is None:
            continue
        try:
            _apply_alone(Source(connection=connection, delivery_id=companion.delivery_id), fetched)
        except Exception:
            log.exception("companion_not_applied", delivery=companion.delivery_id)
            thin.let_go(connection, connector, [companion.hint])
    return found.get(hint)


@transaction.atomic
def _apply_alone(source: Source, fetched: reading.Fetched) -> None:
    apply_fetched(source, fetched)
    thin.note(source.connection, caller.pms_for(source.connection), [fetched])


def _bulk_caller(connection: Connection) -> caller.Caller:
    if connection.paused_at is not None:
        raise Retryable("The connection is paused.", after_s=15)
    if not health.is_available(connection, clock.now()):
        raise Retryable("The PMS is not reachable.", after_s=5)
    return caller.caller_for(connection, bulk=True)


def _unknown_stays(
    connection: Connection, connector: PmsConnector, events: list[CanonicalEvent]
) -> list[reading.Fetched]:
    """Stays that a message names and that we never saw. A message doesn't wait for them: if they can't be read now,
    the next catch-up brings them."""
    wanted = [
        event.record.reservation_id
        for event in events
        if isinstance(event.record, MessageRecord) and event.record.reservation_id
    ]
    known = identity.known(connection.pk, Entity.RESERVATION, wanted) if wanted else {}
    found = []
    for reservation_id in dict.fromkeys(wanted):
        if reservation_id in known:
            continue
        try:
            fetched = _fetch(
                connection, connector, ReadHint(entity=Entity.RESERVATION, external_id=reservation_id)
            )
        except ConnectorError as error:
            log.info("stay_not_read", connection=connection.pk, code=error.code)
            ConnectionHealth.objects.filter(pk=connection.pk).update(catch_up_due_at=clock.now())
            continue
        if fetched is not None:
            found.append(fetched)
    return found


@transaction.atomic
def _apply(delivery: WebhookDelivery, understood: Understood) -> None:
    source = Source(connection=delivery.connection, delivery_id=delivery.pk)
    words = enclosed.keep(delivery, understood.enclosures)
    words += [word for fetched in understood.fetched for word in apply_fetched(source, fetched)]
    for event in understood.events:
        words += _apply_event(source, event, delivery.received_at)
    if delivery.connection.kind == ConnectionKind.PMS:
        connector = caller.pms_for(delivery.connection)
        thin.note(delivery.connection, connector, understood.fetched, understood.unsure)
    if understood.again_s is not None:
        _look_again(delivery, timedelta(seconds=understood.again_s))
        return
    nothing = all(event.kind == EventKind.IGNORED for event in understood.events)
    now = clock.now()
    _write(
        delivery,
        state=DeliveryState.IGNORED if nothing else DeliveryState.PROCESSED,
        processed_at=now,
        summary=_summary(understood, words),
        error="",
        entity=_entity(understood),
        event_at=max((e.occurred_at for e in understood.events if e.occurred_at), default=None),
    )
    _note_applied(delivery.connection, now)
    if delivery.error and not nothing:
        _note_recovered(delivery, understood)


def _told(understood: Understood) -> list[object]:
    """Every record that applying it would take over."""
    fetched = [record for one in understood.fetched for record in one.records]
    return [*fetched, *(event.record for event in understood.events if event.record is not None)]


def _entity(understood: Understood) -> str:
    """What the entry was about in the first place."""
    for event in understood.events:
        if event.direct is not None:
            return Entity.MESSAGE.value
        if event.record is not None:
            return evidence.entities_of(event.record)[0].value
        if event.needs_read:
            return event.needs_read[0].entity.value
    return ""


def _note_recovered(delivery: WebhookDelivery, understood: Understood) -> None:
    """It failed before and is applied now: a failure handled without loss."""
    told = [event.record for event in understood.events if event.record is not None]
    for record in (*told, *(record for fetched in understood.fetched for record in fetched.records)):
        for entity in evidence.entities_of(record):
            detail = f"webhook {delivery.pk}, after: {delivery.error}"
            evidence.note(delivery.connection_id, entity, Proof.RECOVERED, detail, delivery_id=delivery.pk)


def _write(delivery: WebhookDelivery, **outcome: object) -> None:
    """The last word about this try. Raises _Lost, which takes back all of it, if the entry was ended by another."""
    rows = WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.RECEIVED)
    if not rows.update(lease_until=None, **outcome):
        raise _Lost


def _look_again(delivery: WebhookDelivery, wait: timedelta) -> None:
    _write(
        delivery,
        rereads=F("rereads") + 1,
        next_try_at=clock.now() + wait,
        error="The PMS still shows the state before.",
    )
    journal.wake_processing(wait.total_seconds())


def _apply_event(source: Source, event: CanonicalEvent, at: datetime) -> list[str]:
    if event.kind == EventKind.IGNORED:
        return [event.reason or "ignored"]
    if event.direct is not None:
        return [direct.apply(source, event.direct, at)]
    words = []
    # A message brings its conversation along; its thread is locked once for both.
    if event.conversation is not None and not isinstance(event.record, MessageRecord):
        words.append(apply(source, event.conversation))
    told = [post.external_id for post in event.earlier]
    known = identity.known(source.connection.pk, Entity.MESSAGE, told) if told else {}
    for earlier in event.earlier:
        if earlier.external_id not in known:
            _apply_earlier(source, earlier, event)
    # A record that asks for a read is thinner than what was read: applying it could take back what it can't tell.
    if event.record is not None and not event.needs_read:
        words.append(apply(source, event.record, event.conversation))
    return words


def _apply_earlier(source: Source, earlier: MessageRecord, event: CanonicalEvent) -> None:
    """A repeated post that fills a gap. One that breaks us is parked under its own entry, not under all later ones."""
    try:
        with transaction.atomic():
            apply(source, earlier, event.conversation)
    except DatabaseError:
        raise
    except Exception:
        log.exception("earlier_post_not_applied", delivery=source.delivery_id, post=earlier.external_id)


def apply_fetched(source: Source, fetched: reading.Fetched) -> list[str]:
    """Apply what was read, and note how fresh we are. In the caller's transaction."""
    if source.history and fetched.conversation is not None:
        words = apply_history(source, fetched.records, fetched.conversation)
    else:
        words = [apply(source, record, fetched.conversation) for record in fetched.records]
    if source.delivery_id is not None:
        for record in fetched.records:
            evidence.read(source.connection.pk, record)
    identity.note_read(source.connection.pk, fetched.entity, fetched.external_id, fetched.began_at)
    return words


def _summary(understood: Understood, words: list[str]) -> str:
    unknown = {key: value for event in understood.events for key, value in event.unknown.items()}
    parts = [", ".join(dict.fromkeys(words)) or "nothing to do"]
    if understood.missing:
        parts.append("the PMS no longer has it")
    if unknown:
        parts.append("unknown: " + ", ".join(f"{key}={value}" for key, value in unknown.items()))
    return "; ".join(parts)[:300]


def _note_applied(connection: Connection, now: datetime) -> None:
    """At most one write per second and connection: this row is shared by all workers."""
    with _noting:
        if time.monotonic() - _noted_at.get(connection.pk, -NOTE_EVERY_S) < NOTE_EVERY_S:
            return
        _noted_at[connection.pk] = time.monotonic()
    ConnectionHealth.objects.filter(pk=connection.pk).exclude(
        last_applied_at__gt=now - timedelta(seconds=NOTE_EVERY_S)
    ).update(last_applied_at=now)


def _later(delivery: WebhookDelivery, wait: timedelta, error: Exception | None) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.RECEIVED).update(
        next_try_at=clock.now() + wait, lease_until=None, error=str(error or "")[:300]
    )
    journal.wake_processing(wait.total_seconds())


def _crashed(delivery: WebhookDelivery, error: Exception) -> None:
    text = "".join(traceback.format_exception(error))
    try:
        with transaction.atomic():
            WebhookDelivery.objects.filter(pk=delivery.pk).update(attempts=F("attempts") + 1)
            fresh = (
                WebhookDelivery.objects.select_for_update(no_key=True)
                .select_related("connection")
                .get(pk=delivery.pk)
            )
            if fresh.attempts >= MAX_CRASHES:
                journal.quarantine(fresh, repr(error), text)
                return
    except DatabaseError:
        log.exception("delivery_not_parked", delivery=delivery.pk)
    _later(delivery, backoff.delay(1), error)
