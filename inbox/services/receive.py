"""Messages and notes that came from the PMS (layout, flow A). The echo of our own never gets here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection as database

from bellhop.core import clock, search
from connectors.contract.events import Entity
from connectors.contract.records import AuthorKind, MessageRecord, NoteRecord
from connectors.contract.records import Direction as RecordDirection
from connectors.events import HistoryReceived, MessageReceived, NoteReceived, Source
from connectors.inbound import identity
from inbox.models import (
    Author,
    Destination,
    Direction,
    Message,
    Note,
    Receipt,
    ReceiptState,
    Thread,
    ThreadStatus,
)
from inbox.services import attachments, conversations, emergencies, threads

# A message older than the newest one by more than this is marked "arrived late" (ux T1).
LATE_AFTER = timedelta(minutes=2)

_BEFORE = """
SELECT EXISTS (SELECT 1 FROM inbox_message WHERE connection_id = %s AND remote_id = %s AND remote_id <> ''),
  (SELECT max(sent_at) FROM inbox_message WHERE thread_id = %s)
"""


def on_message(event: MessageReceived) -> None:
    """Insert a message of the PMS once, wherever its time belongs, and bring its thread up to date."""
    record, source = event.record, event.source
    thread = _thread(event)
    message = insert(thread, source, record)
    if message is None:
        return
    found = threads.refresh(thread)
    is_newest = found.last_inbound_at is None or message.sent_at >= found.last_inbound_at
    _follow(thread, message, record, is_newest=is_newest, history=source.history)
    told = [] if source.history else emergencies.look(thread, message)
    threads.save(thread)
    if not source.history:
        threads.announce(
            thread,
            "message",
            told,
            message=message.pk,
            inbound=message.direction == Direction.INBOUND,
            who=thread.party_name,
        )


def on_history(event: HistoryReceived) -> None:
    """Insert what a conversation holds, each message once, in a few statements for all; open screens aren't told."""
    source = event.source
    thread = conversations.thread_of(source, event.conversation)
    conversations.bring_up_to_date(thread, source, event.conversation)
    inserted = _insert_all(thread, source, event.records)
    if not inserted:
        return
    newest = threads.refresh(thread).last_inbound_at
    for message, record in inserted:
        _follow(thread, message, record, is_newest=newest is None or message.sent_at >= newest, history=True)
    threads.save(thread)


def _insert_all(
    thread: Thread, source: Source, records: Sequence[MessageRecord]
) -> list[tuple[Message, MessageRecord]]:
    ids = [record.external_id for record in records if record.external_id]
    here = Message.objects.filter(connection=source.connection, remote_id__in=ids)
    seen = set(here.values_list("remote_id", flat=True))
    fresh: list[MessageRecord] = []
    for record in records:
        if record.external_id not in seen:
            fresh.append(record)
            seen |= {record.external_id} - {""}
    messages = Message.objects.bulk_create(_made(thread, source, record) for record in fresh)
    if messages:
        rows = {message.remote_id: message.pk for message in messages if message.remote_id}
        identity.remember_all(source.connection.pk, Entity.MESSAGE, rows)
        Receipt.objects.bulk_create(_receipt(message) for message in messages)
    inserted = list(zip(messages, fresh, strict=True))
    for message, record in inserted:
        attachments.expect(message, record.attachments, delivery_id=source.delivery_id, history=True)
    return inserted


def _thread(event: MessageReceived) -> Thread:
    """The locked thread of the message, with what the PMS told about its conversation in passing."""
    if event.conversation is None:
        return threads.for_conversation(event.source.connection, event.record.conversation_id)
    thread = conversations.thread_of(event.source, event.conversation)
    conversations.bring_up_to_date(thread, event.source, event.conversation)
    return thread


def insert(thread: Thread, source: Source, record: MessageRecord) -> Message | None:
    """The new Message, or None where it stands already (by remote id; the database has the last word)."""
    connection = source.connection
    stands, newest = _before(thread, connection.pk, record.external_id)
    if stands:
        return None
    message = _made(thread, source, record)
    message.arrived_late = bool(not source.history and newest and newest - record.sent_at > LATE_AFTER)
    message.save()
    identity.remember(connection.pk, Entity.MESSAGE, record.external_id, message.pk)
    _receipt(message).save()
    attachments.expect(message, record.attachments, delivery_id=source.delivery_id, history=source.history)
    return message


def _made(thread: Thread, source: Source, record: MessageRecord) -> Message:
    """Not stored yet."""
    inbound = record.direction == RecordDirection.INBOUND
    fallback = thread.party_name if inbound else ""
    return Message(
        organization_id=source.connection.organization_id,
        thread=thread,
        connection=source.connection,
        reservation_id=thread.stay_id,
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
        author=_author(record),
        author_name=(record.author_name or fallback)[:120],
        channel=record.channel[:20],
        body=record.body_text,
        language=thread.language if inbound else "",
        sent_at=record.sent_at,
        sequence=record.sequence,
        created_at=clock.now(),
        remote_id=record.external_id,
        search=search.vector(record.body_text),
    )


def _receipt(message: Message) -> Receipt:
    """It stands in the PMS: that is where it came from. Not stored yet."""
    return Receipt(
        organization_id=message.organization_id,
        message=message,
        thread_id=message.thread_id,
        destination=Destination.PMS,
        state=ReceiptState.DELIVERED,
        since=message.created_at,
    )


def _before(thread: Thread, connection_id: int, remote_id: str) -> tuple[bool, datetime | None]:
    """(Does this message stand already?, when the thread's newest message was uttered), in one statement."""
    with database.cursor() as cursor:
        cursor.execute(_BEFORE, [connection_id, remote_id, thread.pk])
        stands, newest = cursor.fetchone()
    return stands, newest


def _author(record: MessageRecord) -> Author:
    if record.author_kind == AuthorKind.GUEST:
        return Author.GUEST
    return Author.AUTOMATIC if record.automatic else Author.PMS_STAFF


def _follow(
    thread: Thread, message: Message, record: MessageRecord, *, is_newest: bool, history: bool
) -> None:
    """What a new message does to its thread: a guest's re-opens it, a colleague's in the PMS never does (ux L11).
    `is_newest`: of the guest's messages."""
    if message.direction != Direction.INBOUND:
        return
    thread.last_inbound_id = max(thread.last_inbound_id or 0, message.pk)
    if record.channel_raw and is_newest:
        thread.channel_raw, thread.channel = record.channel_raw[:60], record.channel[:20]
        thread.pms_channel = thread.channel
    if history:
        return
    if thread.status != ThreadStatus.OPEN:
        threads.log_event(thread, "reopened", None, was=thread.status)
        thread.woken_at = clock.now() if thread.status == ThreadStatus.SNOOZED else None
        thread.status, thread.snoozed_until = ThreadStatus.OPEN, None


def on_note(event: NoteReceived) -> None:
    """Insert a note that was typed in the PMS, once; follow what its author makes of it there."""
    record, source = event.record, event.source
    thread = _thread_of_note(source, record)
    if thread is None:
        return
    known = Note.objects.filter(connection=source.connection, remote_id=record.external_id)
    if known.exists():
        if known.filter(author_user=None).exclude(body=record.body_text).update(body=record.body_text):
            threads.announce(thread, "note")
        return
    note = Note.objects.create(
        organization_id=source.connection.organization_id,
        thread=thread,
        connection=source.connection,
        author_name=record.author_name[:120],
        body=record.body_text,
        written_at=record.written_at,
        remote_id=record.external_id,
    )
    if record.conversation_id:
        identity.remember(source.connection.pk, Entity.MESSAGE, record.external_id, note.pk)
    threads.save(thread)
    if not source.history:
        threads.announce(thread, "note")


def _thread_of_note(source: Source, record: NoteRecord) -> Thread | None:
    """The conversation's thread, or that of the stay whose note it is. None for owners and strangers."""
    if record.conversation_id:
        return threads.for_conversation(source.connection, record.conversation_id)
    return conversations.thread_of_stay_id(source.connection, record.reservation_id or "")
