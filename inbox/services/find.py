"""The search box: people, stays, units and message text, grouped, within what a person may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db.models import Q

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from inbox.models import Message, Thread
from inbox.services import search, threads
from reservations.models import ContactPoint
from reservations.services import scope
from reservations.services.guests import e164

LIMIT = 8
RECENT = 5_000

_VISIBLE = """
JOIN inbox_thread t ON t.id = m.thread_id
WHERE t.organization_id = %(organization)s
  AND (%(properties)s::bigint[] IS NULL OR t.property_id = ANY(%(properties)s::bigint[]))
"""
_MATCHES = """
organization_id = %(organization)s AND withdrawn_at IS NULL AND search @@ to_tsquery('simple', %(query)s)
"""
_AMONG_RECENT = f"""
SELECT m.id FROM (SELECT id, thread_id FROM inbox_message WHERE id > %(lower)s AND {_MATCHES} OFFSET 0) m
{_VISIBLE} ORDER BY m.id DESC LIMIT %(limit)s
"""  # noqa: S608 (constants of this file; values are parameters)
_BY_INDEX = f"""
WITH m AS MATERIALIZED (SELECT id, thread_id FROM inbox_message WHERE {_MATCHES})
SELECT m.id FROM m {_VISIBLE} ORDER BY m.id DESC LIMIT %(limit)s
"""  # noqa: S608


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
    """The newest messages with these words. A common word is found among the newest messages; else the index gathers
    every hit first, because "newest first" would walk the primary key past all that doesn't match."""
    query = search.query_text(text)
    if not query:
        return []
    newest = Message.objects.order_by("-id").values_list("id", flat=True).first() or 0
    values = {
        "query": query,
        "organization": user.organization_id,
        "properties": scope.property_ids(user),
        "lower": newest - RECENT,
        "limit": LIMIT,
    }
    ids = _ids(_AMONG_RECENT, values)
    if len(ids) < LIMIT:
        ids = _ids(_BY_INDEX, values)
    rows = Message.objects.filter(pk__in=ids).select_related("thread", "thread__stay", "thread__stay__unit")
    return list(rows.order_by("-id"))


def _ids(statement: str, values: dict[str, Any]) -> list[int]:
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]
