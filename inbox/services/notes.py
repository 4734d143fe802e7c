"""Private notes, mentions of colleagues, and notes sent to the PMS on purpose."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import clock
from connectors.contract.intents import AddNote
from connectors.contract.registry import pms_class
from connectors.outbound import outbox
from inbox.models import Draft, Mention, Note, Notice, ReceiptState, Thread
from inbox.services import drafts, notices, threads
from inbox.services.notices import About
from inbox.services.refusals import ReplyRefused
from inbox.services.reply import MAX_LENGTH

_MENTION = re.compile(r"@([\w.\-]+(?:\s[\w.\-]+)?)")


@transaction.atomic
def add(user: User, thread: Thread, body: str, *, client_token: str, to_pms: bool = False) -> Note:
    """Write a note; the same token again returns the same one. Raises ReplyRefused, PermissionDenied."""
    require(user, Permission.THREADS_NOTE)
    thread = threads.lock(thread.pk)
    known = Note.objects.filter(author_user=user, client_token=client_token).first()
    if known is not None:
        return known
    text = body.strip()
    if not text:
        raise ReplyRefused(_("The note is empty."))
    if len(text) > MAX_LENGTH:
        raise ReplyRefused(_("The note is longer than %(limit)d characters.") % {"limit": MAX_LENGTH})
    note = Note.objects.create(
        organization_id=thread.organization_id,
        thread=thread,
        connection_id=thread.connection_id,
        author_user=user,
        author_name=user.full_name,
        body=text,
        written_at=clock.now(),
        client_token=client_token,
    )
    if to_pms:
        _send(thread, note)
    people = _mention(note, thread)
    drafts.drop(user, thread, Draft.Mode.NOTE)
    thread.last_activity_at = note.written_at
    threads.save(thread)
    about = About(thread=thread, note=note, data={"by": user.full_name, "text": text[:80]})
    told = notices.tell(people, Notice.Kind.MENTION, about)
    threads.announce(thread, "note", told, by=user.pk)
    return note


def _send(thread: Thread, note: Note) -> None:
    if thread.connection is None or not (thread.conversation_id or thread.stay_id):
        raise ReplyRefused(_("The PMS has nothing to keep this note on."))
    stay = thread.stay
    in_conversation = pms_class(thread.connection.slug).notes_in_conversations or stay is None
    zone = thread.property.zone if thread.property else None
    command = outbox.enqueue(
        thread.connection,
        AddNote(
            body=f"{note.author_name}: {note.body}",
            conversation_id=thread.conversation_id or None if in_conversation else None,
            reservation_id=stay.remote_id if stay else None,
            written_at=f"{note.written_at.astimezone(zone):%Y-%m-%d %H:%M}",
        ),
        subject=f"note:{note.pk}",
        order_key=thread.order_key,
        place_id=thread.property_id,
    )
    note.command_id, note.pms_state = command.pk, ReceiptState.QUEUED
    note.save(update_fields=["command_id", "pms_state"])


@transaction.atomic
def send_to_pms(user: User, note: Note) -> None:
    """Send an existing note to the PMS, or once more after a failure. Raises ReplyRefused, PermissionDenied."""
    require(user, Permission.THREADS_NOTE)
    thread = threads.lock(note.thread_id)
    note = Note.objects.select_for_update(no_key=True).get(pk=note.pk)
    if note.remote_id or note.pms_state not in {"", ReceiptState.FAILED, ReceiptState.UNCONFIRMED}:
        return
    _send(thread, note)
    threads.save(thread)
    threads.announce(thread, "note")


def _mention(note: Note, thread: Thread) -> list[User]:
    """People named with @ by first or full name, who may see the thread."""
    names = {name.casefold() for name in _MENTION.findall(note.body)}
    if not names:
        return []
    colleagues = User.objects.filter(organization_id=note.organization_id, is_active=True).exclude(
        pk=note.author_user_id or 0
    )
    named = [
        person
        for person in colleagues
        if {person.full_name.casefold(), person.full_name.split(" ")[0].casefold()}
        & {part for name in names for part in (name, name.split(" ")[0])}
        and threads.may_see(person, thread)
    ]
    Mention.objects.bulk_create(Mention(note=note, thread=thread, user=person) for person in named)
    return named
