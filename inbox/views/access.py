"""Finding what an address names, within what the person may see: everything else is 404 (invariant 10)."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from bellhop.accounts.web import user_of
from inbox.models import Message, Note, Thread
from inbox.services import listing, threads

MOST_MERGES = 10


def thread_of(request: HttpRequest, public_id: str, *more: str) -> Thread:
    """The thread of an address, with all that its pane shows and `more` relations; its zone becomes the active one."""
    user = user_of(request)
    thread = get_object_or_404(listing.for_pane(user, threads.visible_to(user), *more), public_id=public_id)
    activate_zone(thread)
    return thread


def merged_into(request: HttpRequest, public_id: str) -> Thread | None:
    """The thread that one was merged into which an old link names, if the person may see it."""
    user = user_of(request)
    rows = Thread.objects.filter(organization_id=user.organization_id, public_id=public_id)
    found = rows.values_list("merged_into_id", flat=True).first()
    for _step in range(MOST_MERGES):
        row = Thread.objects.filter(pk=found or 0).first()
        if row is None or row.merged_into_id is None:
            return row if row is not None and threads.may_see(user, row) else None
        found = row.merged_into_id
    return None


def row_of(request: HttpRequest, public_id: str) -> Thread:
    """The thread of an address as its row in the list shows it."""
    user = user_of(request)
    return get_object_or_404(listing.for_rows(user, threads.visible_to(user)), public_id=public_id)


def plain_thread_of(request: HttpRequest, public_id: str) -> Thread:
    """The thread of an address without what its pane shows: for those who change it or write into it."""
    rows = threads.visible_to(user_of(request)).select_related("property", "connection")
    thread = get_object_or_404(rows, public_id=public_id)
    activate_zone(thread)
    return thread


def activate_zone(thread: Thread) -> None:
    """Times in a thread are those of its property (ux X9)."""
    if thread.property is not None:
        timezone.activate(thread.property.zone)
    elif thread.connection is not None:
        timezone.activate(thread.connection.timezone)


def message_of(request: HttpRequest, public_id: str) -> Message:
    visible = threads.visible_to(user_of(request)).values("pk")
    return get_object_or_404(
        Message.objects.select_related("thread"), public_id=public_id, thread__in=visible
    )


def note_of(request: HttpRequest, public_id: str) -> Note:
    visible = threads.visible_to(user_of(request)).values("pk")
    return get_object_or_404(Note.objects.select_related("thread"), public_id=public_id, thread__in=visible)
