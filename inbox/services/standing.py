"""Where a thread stands by its messages, in one statement: every message and every reply asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from inbox.models import Author, Destination, Direction, ReceiptState, Thread

# A person's answer counts, here or in the PMS; automatic messages, notes, withdrawn ones and those that failed on their
# way to the guest don't. Nobody waits who had a machine write.
_STANDING = """
WITH answered AS (
  SELECT m.sent_at FROM inbox_message m
  WHERE m.thread_id = %(thread)s AND m.direction = %(outbound)s AND m.author = ANY(%(people)s)
    AND m.withdrawn_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM inbox_receipt r WHERE r.message_id = m.id AND r.state = %(failed)s
                    AND r.destination = %(guest)s)
  ORDER BY m.sent_at DESC, m.sequence DESC, m.id DESC LIMIT 1),
until AS (SELECT GREATEST((SELECT sent_at FROM answered), %(no_answer_until)s::timestamptz) AS at)
SELECT until.at,
  (SELECT m.sent_at FROM inbox_message m WHERE m.thread_id = %(thread)s AND m.direction = %(inbound)s
     AND m.author <> %(automatic)s AND m.sent_at > COALESCE(until.at, '-infinity') ORDER BY m.sent_at LIMIT 1),
  (SELECT m.sent_at FROM inbox_message m WHERE m.thread_id = %(thread)s AND m.direction = %(inbound)s
     ORDER BY m.sent_at DESC LIMIT 1),
  (SELECT max(written_at) FROM inbox_note WHERE thread_id = %(thread)s),
  n.id, n.sent_at, n.author, n.author_user_id, n.author_name,
  COALESCE(NULLIF(left(n.body, 1000), ''),
    (SELECT '📎 ' || string_agg(COALESCE(NULLIF(a.name, ''), a.mime_type), ', ' ORDER BY a.id)
     FROM inbox_attachment a WHERE a.message_id = n.id), '')
FROM until LEFT JOIN LATERAL (
  SELECT * FROM inbox_message m WHERE m.thread_id = %(thread)s AND m.withdrawn_at IS NULL
  ORDER BY m.sent_at DESC, m.sequence DESC, m.id DESC LIMIT 1) n ON true
"""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest message that is shown; `body` is its beginning, or the names of its files
    where it has no words."""

    pk: int
    sent_at: datetime
    author: Author
    author_user_id: int | None
    author_name: str
    body: str


@dataclass(frozen=True, slots=True)
class Standing:
    """`answered_at`: when a person last answered, or said that none is needed. `waiting_since`: the oldest guest
    message after that."""

    answered_at: datetime | None
    waiting_since: datetime | None
    last_inbound_at: datetime | None
    last_note_at: datetime | None
    newest: Newest | None


def of(thread: Thread) -> Standing:
    """Read from the rows, so that disorder and undo need no special case."""
    values = {
        "thread": thread.pk,
        "no_answer_until": thread.no_answer_until,
        "inbound": Direction.INBOUND,
        "outbound": Direction.OUTBOUND,
        "people": [Author.AGENT, Author.PMS_STAFF],
        "failed": ReceiptState.FAILED,
        "guest": Destination.GUEST,
        "automatic": Author.AUTOMATIC,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, values)
        answered, waiting, inbound, note, *message = cursor.fetchone()
    pk, sent_at, author, user_id, name, body = message
    newest = None if pk is None else Newest(pk, sent_at, Author(author), user_id, name, body)
    return Standing(answered, waiting, inbound, note, newest)
