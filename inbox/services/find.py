"""The search box: people, stays, units and message text, grouped, within what a person may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db import connection as database

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.core import search
from inbox.models import Message, Thread
from reservations.models import ContactKind
from reservations.services import scope
from reservations.services.guests import e164

LIMIT = 8
RECENT = 5_000
RECENT_THREADS = 300
MOST_STAYS = 2_000

_VISIBLE = """
t.organization_id = %(organization)s AND t.merged_into_id IS NULL
AND (%(properties)s::bigint[] IS NULL OR t.property_id = ANY(%(properties)s::bigint[]))
"""
_MATCHES = """
organization_id = %(organization)s AND withdrawn_at IS NULL AND search @@ to_tsquery('simple', %(query)s)
"""
_AMONG_RECENT = f"""
SELECT m.id FROM (
  SELECT id, thread_id FROM inbox_message WHERE id > %(lower)s AND {_MATCHES} ORDER BY id DESC OFFSET 0) m
JOIN inbox_thread t ON t.id = m.thread_id WHERE {_VISIBLE} ORDER BY m.id DESC LIMIT %(limit)s
"""  # noqa: S608 (constants of this file; values are parameters)
_BY_INDEX = f"""
WITH m AS MATERIALIZED (SELECT id, thread_id FROM inbox_message WHERE {_MATCHES})
SELECT m.id FROM m JOIN inbox_thread t ON t.id = m.thread_id WHERE {_VISIBLE} ORDER BY m.id DESC LIMIT %(limit)s
"""  # noqa: S608

# What was typed names: the party of a thread, the unit or a code of its stay, a contact point of its guest.
_UNITS = """
SELECT id FROM reservations_unit
WHERE organization_id = %(organization)s AND search @@ to_tsquery('simple', %(query)s)
"""
_GUESTS = """
SELECT guest_id FROM reservations_contactpoint
WHERE organization_id = %(organization)s AND kind = ANY(%(kinds)s) AND value = ANY(%(points)s)
"""
# Those of our own channels, as somebody wrote from them: they may not be known as a guest's.
_ADDRESSED = """
SELECT ta.thread_id FROM reservations_channeladdress a JOIN inbox_threadaddress ta ON ta.address_id = a.id
WHERE a.organization_id = %(organization)s AND a.address = ANY(%(points)s) AND %(contacts)s
"""
_CODES = ["UPPER(code) LIKE UPPER(%(code)s)", "UPPER(channel_code) LIKE UPPER(%(code)s)"]
_NEWEST_FIRST = "ORDER BY t.last_activity_at DESC, t.id DESC LIMIT %(limit)s"
_THREADS_AMONG_RECENT = f"""
SELECT t.id FROM (
  SELECT * FROM inbox_thread WHERE organization_id = %(organization)s
  ORDER BY last_activity_at DESC, id DESC LIMIT %(recent)s) t
LEFT JOIN reservations_reservation r ON r.id = t.stay_id
WHERE {_VISIBLE} AND (
  t.search @@ to_tsquery('simple', %(query)s) OR r.unit_id = ANY(ARRAY({_UNITS})) OR {" OR ".join(_CODES)}
  OR t.guest_id = ANY(ARRAY({_GUESTS})) OR t.id = ANY(ARRAY({_ADDRESSED})))
{_NEWEST_FIRST}
"""  # noqa: S608
_THREADS_BY_INDEX = f"""
WITH coded AS MATERIALIZED (
  SELECT id FROM reservations_reservation WHERE organization_id = %(organization)s AND {_CODES[0]}
  UNION SELECT id FROM reservations_reservation WHERE organization_id = %(organization)s AND {_CODES[1]}
  UNION SELECT id FROM reservations_reservation WHERE unit_id IN ({_UNITS})),
stay AS MATERIALIZED (SELECT id FROM coded ORDER BY id DESC LIMIT %(stays)s),
hit AS MATERIALIZED (
  SELECT t.id, t.last_activity_at FROM inbox_thread t
  WHERE {_VISIBLE} AND t.search @@ to_tsquery('simple', %(query)s)
  UNION SELECT t.id, t.last_activity_at FROM stay
    CROSS JOIN LATERAL (SELECT * FROM inbox_thread WHERE stay_id = stay.id OFFSET 0) t WHERE {_VISIBLE}
  UNION SELECT t.id, t.last_activity_at FROM inbox_thread t
    WHERE {_VISIBLE} AND t.guest_id IN ({_GUESTS})
  UNION SELECT t.id, t.last_activity_at FROM inbox_thread t
    WHERE {_VISIBLE} AND t.id IN ({_ADDRESSED}))
SELECT t.id FROM hit t {_NEWEST_FIRST}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Results:
    threads: list[Thread]
    messages: list[Message]

    def __bool__(self) -> bool:
        return bool(self.threads or self.messages)


def find(user: User, text: str) -> Results:
    """Threads by guest, contact point, address, code or unit; messages by their words. Nothing for an empty text."""
    text = text.replace("\x00", "").strip()[:200]
    if len(text) < 2:
        return Results([], [])
    scoped = {"organization": user.organization_id, "properties": scope.property_ids(user), "limit": LIMIT}
    return Results(_threads(user, text, scoped), _messages(text, scoped))


def find_threads(user: User, text: str) -> list[Thread]:
    """The threads alone."""
    return find(user, text).threads


def _threads(user: User, text: str, scoped: dict[str, Any]) -> list[Thread]:
    """The threads of last activity that fit. A common name is found among the last ones; else the indexes gather every
    hit first (of stays the newest thousands)."""
    code = re.sub(r"([\\%_])", r"\\\1", text)
    values = {
        **scoped,
        "query": search.query_text(text),
        "code": f"{code}%",
        "kinds": list(ContactKind.values) if user.may(Permission.CONTACTS_READ) else [],
        "contacts": user.may(Permission.CONTACTS_READ),
        "points": list({text.lower(), text, e164(text)}),
        "recent": RECENT_THREADS,
        "stays": MOST_STAYS,
    }
    ids = _ids(_THREADS_AMONG_RECENT, values)
    if len(ids) < LIMIT:
        ids = _ids(_THREADS_BY_INDEX, values)
    rows = Thread.objects.filter(pk__in=ids).select_related("stay__unit")
    return list(rows.order_by("-last_activity_at", "-id"))


def _messages(text: str, scoped: dict[str, Any]) -> list[Message]:
    """The newest messages with these words. A common word is found among the newest messages; else the index gathers
    every hit first, because "newest first" would walk the primary key past all that doesn't match."""
    query = search.query_text(text)
    if not query:
        return []
    newest = Message.objects.order_by("-id").values_list("id", flat=True).first() or 0
    values = {**scoped, "query": query, "lower": newest - RECENT}
    ids = _ids(_AMONG_RECENT, values)
    if len(ids) < LIMIT:
        ids = _ids(_BY_INDEX, values)
    rows = Message.objects.filter(pk__in=ids).select_related("thread").defer("search")
    return list(rows.order_by("-id"))


def _ids(statement: str, values: dict[str, Any]) -> list[int]:
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]
