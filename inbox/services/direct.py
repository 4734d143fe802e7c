"""Messages of channels of our own (layout, flow A): into the one thread of the stay, and from there into the PMS."""

from __future__ import annotations

from django.db import connection as database
from django.utils.translation import gettext as _

from bellhop.core import clock, search
from connectors.contract.direct import ChangeKind, DirectMessageRecord
from connectors.contract.records import Direction as RecordDirection
from connectors.events import DirectMessageChanged, DirectMessageReceived, Source
from inbox.models import Author, Direction, Message, MessageMail, Thread, ThreadStatus
from inbox.services import attachments, emergencies, keywords, mirror, threads, whose
from inbox.services.receive import LATE_AFTER
from inbox.services.whose import Place
from reservations.models import ChannelAddress
from reservations.services import consent

_STANDS = """
SELECT EXISTS (SELECT 1 FROM inbox_message WHERE connection_id = %s AND remote_id = %s AND remote_id <> '')
"""


def on_message(event: DirectMessageReceived) -> None:
    """Insert a message once, in the thread that it belongs to, keep what it asks, and owe the PMS its copy."""
    record, source = event.record, event.source
    organization_id = source.connection.organization_id
    consent.lock_address(organization_id, record.channel, record.guest.value)
    if _stands(source, record):
        return
    address = whose.address_of(source, record, event.at)
    place = whose.thread_for(source, record, address)
    thread = place.thread
    message = _insert(event, place, address)
    inbound = message.direction == Direction.INBOUND
    if inbound and not record.automatic:
        consent.alive(organization_id, address.channel, address.address)
    needs_nobody = inbound and keywords.follow(source, thread, message, record)
    mirror.owe(thread, message)
    _follow(thread, message, needs_nobody=needs_nobody)
    threads.refresh(thread)
    told = emergencies.look(thread, message)
    threads.save(thread)
    threads.announce(
        thread,
        "message",
        told,
        message=message.pk,
        inbound=inbound and not record.automatic,
        who=thread.party_name,
    )


def _stands(source: Source, record: DirectMessageRecord) -> bool:
    with database.cursor() as cursor:
        cursor.execute(_STANDS, [source.connection.pk, record.external_id])
        return bool(cursor.fetchone()[0])


def _insert(event: DirectMessageReceived, place: Place, address: ChannelAddress) -> Message:
    source, record, thread = event.source, event.record, place.thread
    inbound = record.direction == RecordDirection.INBOUND
    newest = thread.messages.order_by("-sent_at").values_list("sent_at", flat=True).first()
    message = Message.objects.create(
        organization_id=thread.organization_id,
        thread=thread,
        connection=source.connection,
        address=address,
        reservation_id=thread.stay_id,
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
        author=_author(record),
        author_name=_author_name(place, record)[:120],
        channel=record.channel.value,
        body=_body(record),
        language=thread.language if inbound else "",
        sent_at=event.at,
        created_at=clock.now(),
        arrived_late=bool(newest and newest - event.at > LATE_AFTER),
        remote_id=record.external_id[:200],
        warning=_warning(place, record)[:200],
        search=search.vector(f"{record.subject} {record.body_text}"),
    )
    attachments.expect(message, record.attachments, delivery_id=source.delivery_id, history=source.history)
    if record.subject or record.body_html or record.hints.answers or record.channel.value == "email":
        _keep_mail(message, record)
    return message


def _author(record: DirectMessageRecord) -> Author:
    if record.automatic:
        return Author.AUTOMATIC
    return Author.GUEST if record.direction == RecordDirection.INBOUND else Author.PMS_STAFF


def _author_name(place: Place, record: DirectMessageRecord) -> str:
    """A stranger in the thread is shown by their own name, never by the guest's."""
    if record.direction == RecordDirection.OUTBOUND:
        return ""
    if place.by_stranger:
        return record.guest.name or record.guest.value
    return place.thread.party_name or record.guest.name


def _warning(place: Place, record: DirectMessageRecord) -> str:
    if record.direction == RecordDirection.INBOUND and place.by_stranger:
        return _("Written from %(address)s, which is not known as this guest's.") % {
            "address": record.guest.value
        }
    return record.warning


def _body(record: DirectMessageRecord) -> str:
    return record.body_text or ("" if record.attachments else record.subject)


def _keep_mail(message: Message, record: DirectMessageRecord) -> None:
    MessageMail.objects.create(
        message=message,
        organization_id=message.organization_id,
        rfc_id=record.external_id[:250],
        references=[one[:250] for one in reversed(record.hints.answers[:20])],
        subject=record.subject[:250],
        html=record.body_html,
        quoted=record.quoted_text,
        signature=record.signature,
    )


def _follow(thread: Thread, message: Message, *, needs_nobody: bool) -> None:
    """What it does to its thread: a guest's re-opens it (ux L11), one that nobody wrote does not, and one that needs no
    answer doesn't wait for one."""
    if message.direction != Direction.INBOUND or message.author != Author.GUEST:
        return
    thread.last_inbound_id = max(thread.last_inbound_id or 0, message.pk)
    thread.channel = message.channel
    if thread.blocked_at is not None:
        thread.no_answer_until = message.sent_at
        return
    if needs_nobody and thread.waiting_since is None:
        thread.no_answer_until = message.sent_at
        return
    if thread.status != ThreadStatus.OPEN:
        threads.log_event(thread, "reopened", None, was=thread.status)
        thread.woken_at = clock.now() if thread.status == ThreadStatus.SNOOZED else None
        thread.status, thread.snoozed_until = ThreadStatus.OPEN, None


def on_changed(event: DirectMessageChanged) -> None:
    """The sender edited, deleted or reacted to a message: it stays as it was said, and shows what became of it."""
    record = event.record
    message = Message.objects.filter(connection=event.source.connection, remote_id=record.external_id).first()
    if message is None:
        return
    thread = threads.lock(message.thread_id)
    if record.kind == ChangeKind.DELETED:
        message.deleted_at = message.deleted_at or record.at
    elif record.kind == ChangeKind.EDITED:
        message.edited_body = record.text
    else:
        message.reaction = record.text[:32]
    message.save(update_fields=["deleted_at", "edited_body", "reaction"])
    threads.save(thread)
    threads.announce(thread, "receipt", message=message.pk)
