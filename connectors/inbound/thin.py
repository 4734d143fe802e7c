"""Webhooks that hardly say more than "this changed": one read for several, repeated while it shows the old state.

One act of a person brings several of them within a second or two. Each waits a moment; the first one due claims the
read of a record, and whatever had arrived before that read began is covered by it. Systems whose versions are coarser
than their changes get a read where two states can't be told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import Enum

from django.db import connection as database
from django.db.models import QuerySet

from bellhop.core import clock
from connectors.contract.base import PmsConnector
from connectors.contract.events import CanonicalEvent, Entity, ReadHint
from connectors.contract.records import ReservationRecord
from connectors.inbound import identity
from connectors.inbound.reading import Fetched
from connectors.models import Connection, RecordRead, WebhookDelivery

CLAIM_FOR = timedelta(seconds=15)
LOOK_AGAIN = timedelta(seconds=0.5)

_CLAIM = """
INSERT INTO connectors_recordread AS held (connection_id, entity, remote_id, began_at, claimed_until)
VALUES (%(connection)s, %(entity)s, %(remote_id)s, NULL, %(until)s)
ON CONFLICT (connection_id, entity, remote_id) DO UPDATE SET claimed_until = EXCLUDED.claimed_until
WHERE (held.claimed_until IS NULL OR held.claimed_until <= %(now)s)
  AND (held.began_at IS NULL OR held.began_at <= %(since)s)
RETURNING 1
"""


class Later(Exception):
    """Not yet: look at the entry again after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__("Waits for what else comes.")


def since(delivery: WebhookDelivery, connector: PmsConnector) -> datetime:
    """A read that began after this moment covers the entry. Raises Later while more may come."""
    if delivery.rereads:
        return delivery.next_try_at
    settled = delivery.received_at + timedelta(seconds=connector.settle_s)
    if (wait := settled - clock.now()) > timedelta():
        raise Later(wait)
    return delivery.received_at


def is_covered(connection: Connection, connector: PmsConnector, hint: ReadHint, moment: datetime) -> bool:
    """Was the record read since `moment`? Where not, the read is the caller's. Raises Later while another has it."""
    if not connector.settle_s:
        return identity.read_since(connection.pk, hint.entity, hint.external_id, moment)
    now = clock.now()
    key = {"connection": connection.pk, "entity": hint.entity.value, "remote_id": hint.external_id[:200]}
    with database.cursor() as cursor:
        cursor.execute(_CLAIM, {**key, "now": now, "since": moment, "until": now + CLAIM_FOR})
        if cursor.fetchone():
            return False
    if _rows(connection, hint).filter(began_at__gt=moment).exists():
        return True
    raise Later(LOOK_AGAIN)


def let_go(connection: Connection, connector: PmsConnector, hints: Sequence[ReadHint]) -> None:
    """The reads that were claimed will not be made now."""
    for hint in hints if connector.settle_s else ():
        _rows(connection, hint).update(claimed_until=None)


def note(
    connection: Connection,
    connector: PmsConnector,
    fetched: Sequence[Fetched],
    unsure: Sequence[ReadHint] = (),
) -> None:
    """What was read is applied: whoever waited for it is covered, but for what is `unsure`. In the transaction that
    applied it."""
    let_go(connection, connector, unsure)
    for found in fetched if connector.settle_s else ():
        hint = ReadHint(entity=found.entity, external_id=found.external_id)
        if hint in unsure:
            continue
        _rows(connection, hint).update(began_at=found.began_at, claimed_until=None)


def _rows(connection: Connection, hint: ReadHint) -> QuerySet[RecordRead]:
    return RecordRead.objects.filter(
        connection=connection, entity=hint.entity, remote_id=hint.external_id[:200]
    )


def with_reads(
    connection: Connection, connector: PmsConnector, events: list[CanonicalEvent]
) -> list[CanonicalEvent]:
    """Where a version is coarse, a stay told under the version that we hold (or under none) is read as well."""
    if not connector.coarse_versions:
        return events
    return [_with_read(connection, event) for event in events]


def _with_read(connection: Connection, event: CanonicalEvent) -> CanonicalEvent:
    record = event.record
    if not isinstance(record, ReservationRecord) or event.needs_read:
        return event
    known = identity.find(connection.pk, Entity.RESERVATION, record.external_id)
    # One that we never saw is read, too: its conversation comes with it, so that agents can write first.
    if known is not None and record.version is not None and record.version != known.version:
        return event
    hint = ReadHint(entity=Entity.RESERVATION, external_id=record.external_id)
    return replace(event, needs_read=(hint,))


def shows_old(
    connector: PmsConnector, delivery: WebhookDelivery, events: list[CanonicalEvent], fetched: list[Fetched]
) -> bool:
    """Does what was read contradict what the webhooks claim, and may it be read again?"""
    if delivery.rereads >= connector.rereads:
        return False
    records = {
        record.external_id: record
        for found in fetched
        for record in found.records
        if isinstance(record, ReservationRecord)
    }
    return contradicts(events, records)


def contradicts(events: Iterable[CanonicalEvent], records: Mapping[str, ReservationRecord]) -> bool:
    """Does a stay as read (by its id) differ from what is claimed about it?"""
    return any(
        _as_text(getattr(records[event.record.external_id], field)) != value
        for event in events
        if event.record is not None and event.record.external_id in records
        for field, value in event.told.items()
    )


def _as_text(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, date) else str(value)
