"""The search box: people, stays, units and message text, grouped, within what a person may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db.models import Q, QuerySet

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from inbox.models import Message, Thread
from inbox.services import search, threads
from reservations.models import ContactPoint
from reservations.services.guests import e164

LIMIT = 8
# Newest first through widening windows of ids: a common word is found in the first, a rare one costs one index scan.
WINDOWS = (50_000, 500_000, 5_000_000)


@dataclass(frozen=True, slots=True)
class Results:
    threads: list[Thread]
    messages: list[Message]

    def __bool__(self) -> bool:
        return bool(self.threads or self.messages)


def find(user: User, text: str) -> Results:
    """Threads by guest, contact point, code or unit; messages by their words. Nothing for an empty text."""
    text = text.replace("\x00", "").strip()[:200]
    if len(text) < 2:
        return Results([], [])
    return Results(_threads(user, text), _messages(user, text))


def _threads(user: User, text: str) -> list[Thread]:
    matches = (
        Q(party_name__icontains=text)
        | Q(guest__full_name__icontains=text)
        | Q(stay__code__iexact=text)
        | Q(stay__unit__name__icontains=text)
    )
    if user.may(Permission.CONTACTS_READ):
        values = {text.lower(), text, e164(text)}
        points = ContactPoint.objects.filter(organization_id=user.organization_id, value__in=values)
        matches |= Q(guest__in=points.values("guest_id"))
    found = threads.visible_to(user).filter(matches)
    return list(
        found.select_related("stay", "stay__unit", "property").order_by("-last_activity_at", "-id")[:LIMIT]
    )


def _messages(user: User, text: str) -> list[Message]:
    query = search.query_text(text)
    if not query:
        return []
    newest = Message.objects.order_by("-id").values_list("id", flat=True).first() or 0
    visible = threads.visible_to(user).values("pk")
    found: list[Message] = []
    upper = newest + 1
    for width in (*WINDOWS, None):
        lower = 0 if width is None else max(0, newest - width)
        found += _window(user, query, lower, upper, visible, LIMIT - len(found))
        if len(found) >= LIMIT or lower == 0:
            break
        upper = lower
    return found


def _window(
    user: User, query: str, lower: int, upper: int, visible: QuerySet[Thread, Any], limit: int
) -> list[Message]:
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    return list(
        Message.objects.filter(
            organization_id=user.organization_id, pk__gte=lower, pk__lt=upper, thread_id__in=visible
        )
        .filter(withdrawn_at__isnull=True)
        .extra(where=["inbox_message.search @@ to_tsquery('simple', %s)"], params=[query])
        .select_related("thread", "thread__stay", "thread__stay__unit")
        .order_by("-id")[:limit]
    )
