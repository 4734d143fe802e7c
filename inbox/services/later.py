"""Replies that leave later: changed in place until they are due, and ended with the stay they are about (ux C12)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import clock, search
from connectors.outbound import outbox
from inbox.models import Message, Notice, Receipt, Thread
from inbox.services import attachments, mirror, notices, threads
from inbox.services.notices import About
from inbox.services.refusals import ReplyRefused
from inbox.services.reply import MAX_AHEAD, check_text, command_ids
from reservations.events import StayChanged


@transaction.atomic
def change(
    user: User, message: Message, body: str, send_at: datetime | None, *, keep_if_cancelled: bool
) -> Message:
    """Another text or time (UTC) for a reply that has not left. Its author may, or who runs the integration.

    Raises ReplyRefused, PermissionDenied, and NotPossible for others and once it has left.
    """
    require(user, Permission.THREADS_REPLY)
    if message.send_at is None or (message.author_user_id != user.pk and not user.may(Permission.HEALTH_ACT)):
        raise outbox.NotPossible("not to be changed")
    text = body.strip()
    out = attachments.out_files(message)
    check_text(text, has_files=bool(out))
    if send_at is None or send_at > clock.now() + MAX_AHEAD:
        raise ReplyRefused(_("That time is past, or more than a year ahead."))
    thread = threads.lock(message.thread_id)
    message.body, message.search, message.send_at = text, search.vector(text), send_at
    message.keep_if_cancelled = keep_if_cancelled
    message.save(update_fields=["body", "search", "send_at", "keep_if_cancelled"])
    said, _files = attachments.carried(message, text, out)
    to_guest, *to_pms = command_ids(message)
    outbox.amend(to_guest, body=said, due_at=send_at)
    for command_id in to_pms:
        outbox.amend(command_id, due_at=send_at, **mirror.words_of(thread, message))
    threads.refresh(thread)
    threads.save(thread)
    threads.announce(thread, "receipt", message=message.pk)
    return message


def on_stay(event: StayChanged) -> None:
    """A cancelled stay takes along what was to be sent later about it, unless it was to be kept. Its author is told."""
    if not any(change.field == "status" and change.new == "cancelled" for change in event.changes):
        return
    waiting = Message.objects.filter(
        reservation=event.reservation,
        send_at__isnull=False,
        keep_if_cancelled=False,
        withdrawn_at__isnull=True,
        receipts__state="queued",
    )
    for thread_id in waiting.order_by("thread_id").values_list("thread_id", flat=True).distinct():
        thread = threads.lock(thread_id)
        for message in waiting.filter(thread=thread).distinct():
            _end(thread, message)


def _end(thread: Thread, message: Message) -> None:
    try:
        with transaction.atomic():
            for command_id in command_ids(message):
                outbox.cancel(command_id, "The stay was cancelled.")
    except outbox.NotPossible:
        return
    message.withdrawn_at = clock.now()
    message.save(update_fields=["withdrawn_at"])
    Receipt.objects.filter(message=message).delete()
    threads.log_event(thread, "later_cancelled", None, text=message.body[:200])
    author = message.author_user
    about = About(thread=thread, data={"text": message.body[:80]})
    told = notices.tell([author], Notice.Kind.NOT_SENT, about) if author else []
    threads.refresh(thread)
    threads.save(thread)
    threads.announce(thread, "withdrawn", told, message=message.pk)
