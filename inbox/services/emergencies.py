"""A guest may be in danger: their thread is flagged, everybody who reads it is told, and a person says what it was."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, live
from inbox.models import Author, Direction, Message, Notice, Thread
from inbox.services import notices, threads
from inbox.services.notices import About
from reservations.models import Contact
from reservations.services import emergency_words, on_call

HANDLED, FALSE_ALARM = "handled", "false_alarm"
ENDINGS = (HANDLED, FALSE_ALARM)
_SHOWN = 200


def look(thread: Thread, message: Message) -> list[live.Change]:
    """Flag the locked thread for what a guest just said; the caller saves it, and appends what is returned last. One
    that is flagged already stays so for its first message, and one that was blocked is left alone."""
    if (
        message.direction != Direction.INBOUND
        or message.author != Author.GUEST
        or thread.blocked_at is not None
    ):
        return []
    found = emergency_words.find(message.body)
    if found is None or thread.emergency_at is not None:
        return []
    thread.emergency_at, thread.emergency_over_at = clock.now(), None
    thread.emergency, thread.emergency_message_id = found.value, message.pk
    threads.log_event(thread, "emergency", what=found.value)
    data = {"kind": found.value, "guest": thread.party_name, "text": message.body[:_SHOWN]}
    about = About(thread=thread, message=message, data=data)
    return notices.tell(_readers(thread), Notice.Kind.EMERGENCY, about)


def _readers(thread: Thread) -> list[User]:
    """Everybody who may read the thread."""
    people = User.objects.filter(
        organization_id=thread.organization_id,
        is_active=True,
        role__permissions__contains=[Permission.THREADS_READ.value],
    )
    sees = Q(all_properties=True) | Q(property_scopes__property=thread.property_id)
    return list(people.filter(sees).distinct().order_by("id"))


@transaction.atomic
def end(user: User, thread: Thread, how: str) -> Thread:
    """`how` (of ENDINGS) it ended, as a person says; nothing where nothing is flagged. Raises PermissionDenied."""
    require(user, Permission.THREADS_TRIAGE)
    locked = threads.lock(thread.pk)
    if locked.emergency_at is None:
        return locked
    locked.emergency_at, locked.emergency_over_at = None, clock.now()
    threads.log_event(locked, "emergency_over", user, how=how)
    Notice.objects.filter(thread=locked, kind=Notice.Kind.EMERGENCY, read_at__isnull=True).update(
        read_at=clock.now()
    )
    audit(
        locked.organization_id,
        user,
        f"emergency.{how}",
        f"thread:{locked.public_id}",
        before=locked.emergency,
    )
    threads.save(locked)
    threads.announce(locked, "state", by=user.pk)
    return locked


@transaction.atomic
def undo(user: User, thread: Thread) -> Thread:
    """It is one after all. Nothing where none was ended. Raises PermissionDenied."""
    require(user, Permission.THREADS_TRIAGE)
    locked = threads.lock(thread.pk)
    if locked.emergency_over_at is None or locked.emergency_at is not None:
        return locked
    locked.emergency_at, locked.emergency_over_at = clock.now(), None
    threads.log_event(locked, "emergency", user, what=locked.emergency)
    audit(
        locked.organization_id,
        user,
        "emergency.flagged",
        f"thread:{locked.public_id}",
        after=locked.emergency,
    )
    threads.save(locked)
    threads.announce(locked, "state", by=user.pk)
    return locked


def hand_over(source: Thread, target: Thread) -> None:
    """The flag goes along where a thread is merged into another. Changes both in memory."""
    if source.emergency_at is None or target.emergency_at is not None:
        return
    target.emergency_at, target.emergency_over_at = source.emergency_at, None
    target.emergency, target.emergency_message_id = source.emergency, source.emergency_message_id
    source.emergency_at = None


def whom_to_call(thread: Thread) -> list[Contact]:
    """Who is on call for a flagged thread; nobody is asked for without a flag."""
    if thread.emergency_at is None:
        return []
    return on_call.now(thread.organization_id, thread.property)


def message_of(thread: Thread) -> str:
    """The public id of the message that flagged the thread; empty where it is gone."""
    rows = thread.messages.filter(pk=thread.emergency_message_id or 0, withdrawn_at__isnull=True)
    return rows.values_list("public_id", flat=True).first() or ""
