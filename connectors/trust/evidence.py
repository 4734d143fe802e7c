"""Noting what was seen to work. Called by traffic; a row per connection, entity and proof."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any

from django.db import connection as database
from django.db import transaction

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.contract.records import (
    AnyRecord,
    ConversationRecord,
    GuestRecord,
    HousekeepingRecord,
    MessageRecord,
    NoteRecord,
    PersonRecord,
    PropertyRecord,
    ReservationRecord,
    UnitRecord,
    WorkOrderRecord,
)
from connectors.models import CommandKind
from connectors.models.trust import Proof

NOTE_EVERY_S = 10.0

_NOTE = """
INSERT INTO connectors_evidence AS known (connection_id, entity, proof, at, detail, delivery_id, command_id)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (connection_id, entity, proof) DO UPDATE SET at = EXCLUDED.at, detail = EXCLUDED.detail,
  delivery_id = EXCLUDED.delivery_id, command_id = EXCLUDED.command_id
WHERE known.at < EXCLUDED.at
"""
_OF_RECORD: dict[type, Entity] = {
    PropertyRecord: Entity.UNIT,
    UnitRecord: Entity.UNIT,
    GuestRecord: Entity.GUEST,
    ReservationRecord: Entity.RESERVATION,
    ConversationRecord: Entity.MESSAGE,
    MessageRecord: Entity.MESSAGE,
    NoteRecord: Entity.NOTE,
    WorkOrderRecord: Entity.WORK_ORDER,
    HousekeepingRecord: Entity.HOUSEKEEPING,
    PersonRecord: Entity.PERSON,
}
_OF_COMMAND = {
    CommandKind.SEND_MESSAGE: Entity.MESSAGE,
    CommandKind.ADD_NOTE: Entity.NOTE,
    CommandKind.MIRROR_MESSAGE: Entity.NOTE,
    CommandKind.SET_CUSTOM_FIELD: Entity.RESERVATION,
    CommandKind.SET_STAY_TIMES: Entity.RESERVATION,
    CommandKind.CREATE_WORK_ORDER: Entity.WORK_ORDER,
    CommandKind.UPDATE_WORK_ORDER: Entity.WORK_ORDER,
    CommandKind.ASSIGN_WORK_ORDER: Entity.WORK_ORDER,
    CommandKind.NOTE_WORK_ORDER: Entity.WORK_ORDER,
    CommandKind.SET_HOUSEKEEPING: Entity.HOUSEKEEPING,
    CommandKind.SEND_DIRECT: Entity.MESSAGE,
}
_lock = threading.Lock()
_noted: dict[tuple[int, str, str], float] = {}


def entities_of(record: AnyRecord) -> list[Entity]:
    """What a record proves something about: a stay brings its guest and its money along."""
    found = [_OF_RECORD[type(record)]]
    if isinstance(record, ReservationRecord):
        found += [Entity.GUEST] if record.guest is not None else []
        found += [Entity.FOLIO] if record.money else []
    return found


def told(connection_id: int, record: AnyRecord, delivery_id: int | None) -> None:
    """A record was applied: by a webhook, or by a read."""
    proof, detail = (Proof.PUSHED, f"webhook {delivery_id}") if delivery_id else (Proof.READ, "read")
    for entity in entities_of(record):
        note(connection_id, entity, proof, f"{detail}: {record.external_id}", delivery_id=delivery_id)


def read(connection_id: int, record: AnyRecord) -> None:
    """A record was fetched because a webhook hinted at it."""
    for entity in entities_of(record):
        note(connection_id, entity, Proof.READ, f"read: {record.external_id}")


def command(connection_id: int, kind: str, proof: Proof, command_id: int, remote_id: str) -> None:
    """A Command got so far. A courtesy proves nothing about what can be written."""
    if kind == CommandKind.MARK_READ:
        return
    detail = f"{CommandKind(kind).label}: {remote_id or 'accepted'}"
    note(connection_id, _OF_COMMAND[CommandKind(kind)], proof, detail, command_id=command_id)


def note(
    connection_id: int,
    entity: Entity,
    proof: Proof,
    detail: str,
    *,
    delivery_id: int | None = None,
    command_id: int | None = None,
) -> None:
    """Keep the newest proof; at most one write in ten seconds per process, entity and proof."""
    key = (connection_id, entity.value, proof.value)
    with _lock:
        if time.monotonic() - _noted.get(key, -NOTE_EVERY_S) < NOTE_EVERY_S:
            return
        _noted[key] = time.monotonic()
    values = [connection_id, entity, proof, clock.now(), detail[:200], delivery_id, command_id]
    # After the commit, so that rows which all workers share are never held while something else is waited for.
    transaction.on_commit(partial(_write, values), robust=True)


def _write(values: list[Any]) -> None:
    with database.cursor() as cursor:
        cursor.execute(_NOTE, values)


def forget() -> None:
    """Note again at once: for tests, whose databases come and go within one process."""
    with _lock:
        _noted.clear()
