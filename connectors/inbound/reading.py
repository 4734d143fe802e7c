"""Fetching what a payload only hints at. Network only; nothing is stored here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bellhop.core import clock
from connectors.contract.base import PmsConnector
from connectors.contract.errors import NotFound
from connectors.contract.events import Entity, ReadHint
from connectors.contract.http import Call
from connectors.contract.records import (
    AnyRecord,
    ConversationRecord,
    MessageRecord,
    NoteRecord,
    ReservationRecord,
)
from connectors.inbound import identity
from connectors.models import Connection


@dataclass(frozen=True, slots=True)
class Fetched:
    """Records in the order in which they are to be applied; `conversation` belongs to the messages among them."""

    entity: Entity
    external_id: str
    began_at: datetime
    records: tuple[AnyRecord, ...]
    conversation: ConversationRecord | None = None


def fetch(connection: Connection, connector: PmsConnector, call: Call, hint: ReadHint) -> Fetched | None:
    """Read what `hint` names. None where the PMS no longer has it. Raises any other ConnectorError."""
    began = clock.now()
    try:
        if hint.entity in {Entity.CONVERSATION, Entity.MESSAGE}:
            conversation = connector.get_conversation(call, hint.external_id)
            posts = read_posts(connection, connector, call, hint.external_id, pages=3)
            return Fetched(Entity.CONVERSATION, hint.external_id, began, (conversation, *posts), conversation)
        if hint.entity == Entity.RESERVATION:
            records = _reservation(connection, connector, call, hint.external_id)
        elif hint.entity == Entity.NOTE:
            records = _notes(connection, connector, call, hint.external_id)
        elif hint.entity == Entity.HOUSEKEEPING:
            records = (connector.get_housekeeping(call, hint.external_id),)
        elif hint.entity == Entity.WORK_ORDER:
            records = (connector.get_work_order(call, hint.external_id),)
        elif hint.entity == Entity.GUEST:
            records = (connector.get_guest(call, hint.external_id),)
        else:
            records = (connector.get_unit(call, hint.external_id),)
    except NotFound:
        return None
    return Fetched(hint.entity, hint.external_id, began, records)


def _reservation(
    connection: Connection, connector: PmsConnector, call: Call, external_id: str
) -> tuple[AnyRecord, ...]:
    return around(connection, connector, call, connector.get_reservation(call, external_id))


def around(
    connection: Connection, connector: PmsConnector, call: Call, record: ReservationRecord
) -> tuple[AnyRecord, ...]:
    """A stay, with its unit and guest first where we don't have them yet, and its conversation after it where that is
    new: whoever wants to write first finds the thread."""
    parts = missing_parts(connection, connector, call, record)
    return (*parts, record, *_new_conversation(connection, connector, call, record))


def _new_conversation(
    connection: Connection, connector: PmsConnector, call: Call, record: ReservationRecord
) -> tuple[ConversationRecord, ...]:
    if record.is_owner_stay:
        return ()
    if record.conversation_id and identity.known(
        connection.pk, Entity.CONVERSATION, [record.conversation_id]
    ):
        return ()
    try:
        return tuple(connector.list_stay_conversations(call, record))
    except NotFound:
        return ()


def _notes(
    connection: Connection, connector: PmsConnector, call: Call, reservation_id: str
) -> tuple[AnyRecord, ...]:
    """A stay's notes; the stay before them where we never saw it."""
    notes = connector.list_notes(call, reservation_id)
    if identity.known(connection.pk, Entity.RESERVATION, [reservation_id]):
        return tuple(notes)
    return (*_reservation(connection, connector, call, reservation_id), *notes)


def missing_parts(
    connection: Connection, connector: PmsConnector, call: Call, record: ReservationRecord
) -> list[AnyRecord]:
    """The unit and the guest that a reservation names and that were never seen."""
    parts: list[AnyRecord] = []
    try:
        if record.unit_id and not identity.known(connection.pk, Entity.UNIT, [record.unit_id]):
            parts.append(connector.get_unit(call, record.unit_id))
        wants_guest = bool(record.guest_id) and record.guest is None
        if wants_guest and not identity.known(connection.pk, Entity.GUEST, [str(record.guest_id)]):
            parts.append(connector.get_guest(call, str(record.guest_id)))
    except NotFound:
        # The stay is worth having without them; the next change of it asks again.
        return parts
    return parts


def read_posts(
    connection: Connection, connector: PmsConnector, call: Call, conversation_id: str, *, pages: int
) -> list[MessageRecord | NoteRecord]:
    """The newest posts that we don't have, oldest first. Stops at a page that is wholly known, or after `pages`."""
    found: list[MessageRecord | NoteRecord] = []
    cursor: str | None = None
    for _ in range(pages):
        page = connector.list_posts(call, conversation_id, cursor)
        known = identity.known(connection.pk, Entity.MESSAGE, [post.external_id for post in page.items])
        found += [post for post in page.items if post.external_id not in known]
        cursor = page.next_cursor
        if cursor is None or (page.items and len(known) == len(page.items)):
            break
    return found[::-1]
