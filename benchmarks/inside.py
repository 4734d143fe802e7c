"""What is asked from inside Bellhop's own code, as a process of its own: `python -m benchmarks.inside QUESTION …`.

Prints one JSON object. The database is the one of DATABASE_URL.
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bellhop.settings")

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bellhop.accounts.models import User  # noqa: E402
from bellhop.core import clock  # noqa: E402
from connectors.contract.errors import ConnectorError  # noqa: E402
from connectors.inbound import sync  # noqa: E402
from connectors.models import Connection, ConnectionHealth, Stage, SyncRun  # noqa: E402
from connectors.outbound import caller, health  # noqa: E402
from inbox.models import Thread  # noqa: E402
from inbox.services import demo, find, listing, reply, threads, timeline  # noqa: E402

ROUNDS = 15
MODULE = "airbnb2"
BARE_SEARCH = """
SELECT id, body FROM inbox_message
WHERE organization_id = %s AND id >= %s AND id < %s AND search @@ to_tsquery('simple', %s) ORDER BY id DESC LIMIT %s
"""


def session(email: str = "agent@demo.example") -> dict[str, Any]:
    """A signed-in session of a person."""
    from django.conf import settings

    user = User.objects.get(email=email)
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return {
        "cookie": f"{settings.SESSION_COOKIE_NAME}={store.session_key}",
        "organization": user.organization_id,
    }


def hook() -> dict[str, Any]:
    """Where the PMS sends its webhooks, and the secret they are signed with."""
    row = Connection.objects.get(slug="guesty")
    return {
        "path": f"/hooks/{row.hook_token}",
        "secret": row.webhook_secrets[0]["value"],
        "connection": row.pk,
        "limit_scale": row.limit_scale,
    }


def people() -> dict[str, Any]:
    """The demo's people, and a connection to a PMS that nobody calls."""
    organization = demo.seed_people()
    row, made = Connection.objects.get_or_create(
        organization=organization,
        slug="guesty",
        defaults={
            "name": "Guesty",
            "stage": Stage.LIVE,
            "timezone": "Europe/Lisbon",
            "created_at": clock.now(),
            "credentials": {},
            "webhook_secrets": [{"value": f"whsec_{base64.b64encode(b'benchmark').decode()}"}],
        },
    )
    if made:
        ConnectionHealth.objects.get_or_create(connection=row)
    return {"organization": organization.pk, "connection": row.pk}


def no_undo() -> dict[str, Any]:
    """Replies leave at once."""
    return {"changed": User.objects.update(undo_send_s=0)}


def writable(count: str) -> dict[str, Any]:
    """Threads of one channel that can be answered: (public id, conversation, row)."""
    rows = Thread.objects.exclude(conversation_id="").filter(channel_raw=MODULE)
    rows = rows.exclude(stay__isnull=True).exclude(stay__is_owner_stay=True).order_by("-last_activity_at")
    return {"threads": list(rows.values_list("public_id", "conversation_id", "pk")[: int(count)])}


def import_again(slug: str) -> dict[str, Any]:
    """Plan the first import of a connection anew."""
    row = Connection.objects.get(slug=slug)
    SyncRun.objects.filter(connection=row, purpose=SyncRun.Purpose.BACKFILL).delete()
    sync.start_backfill(row)
    return {"connection": row.pk}


def notice_outage(slug: str) -> dict[str, Any]:
    """Call until the breaker is open, so that no reply is on its way when the PMS goes."""
    row = Connection.objects.get(slug=slug)
    call, tries = caller.caller_for(row), 0
    while health.is_available(row, clock.now()):
        tries += 1
        with suppress(ConnectorError):
            call.connector.ping(call)
    return {"tries": tries}


def write_replies(slug: str, conversations: str, count: str) -> dict[str, Any]:
    """An agent answers the newest conversations of a connection in turn."""
    agent = _agent()
    found = Thread.objects.filter(connection__slug=slug, stay__isnull=False).exclude(conversation_id="")
    chosen = [thread for thread in found.order_by("-pk")[: int(conversations)] if not reply.why_not(thread)]
    for number in range(int(count)):
        options = reply.ReplyOptions(client_token=f"drain-{time.time_ns()}-{number}", send_anyway=True)
        reply.reply(agent, chosen[number % len(chosen)], f"Answer {number}", options)
    return {"written": int(count), "conversations": len(chosen)}


def statements() -> dict[str, Any]:
    """SQL statements of each page, and the longest thread's address."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(_agent())
    thread = _long_thread()
    pages = {"list": "/inbox/all/", "rows": "/inbox/all/rows/", "thread": f"/inbox/all/{thread.public_id}/"}
    counts = {name: _count(client, path, {}) for name, path in pages.items()}
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial"}
    return {
        **counts,
        "list part": _count(client, pages["list"], htmx),
        "thread part": _count(client, pages["thread"], htmx),
    }


def _count(client: Client, path: str, headers: dict[str, str]) -> int:
    client.get(path, headers=headers)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path, headers=headers)
    assert answer.status_code == 200, (path, answer.status_code)
    return len(captured)


def _agent() -> User:
    return User.objects.select_related("role", "organization").get(email="agent@demo.example")


def _long_thread() -> Thread:
    return Thread.objects.exclude(conversation_id="").order_by("id").first()  # type: ignore[return-value]


def paths() -> dict[str, Any]:
    """The pages that are measured over HTTP."""
    return {"list": "/inbox/all/", "thread": f"/inbox/all/{_long_thread().public_id}/"}


def hot() -> dict[str, Any]:
    """Milliseconds (median) of every hot question, asked through the services that the pages use."""
    user = _agent()
    thread = threads.visible_to(user).get(pk=_long_thread().pk)
    questions: dict[str, Callable[[], Any]] = {
        f"list {view}": _list(user, view)
        for view in ("needs-reply", "mine", "unassigned", "all", "closed", "failed", "unmatched")
    }
    deep = _deep_cursor(user)
    questions |= {
        "list, page 200": lambda: listing.page(user, listing.ListQuery(view="all"), deep),
        "list by arrival": lambda: listing.page(user, listing.ListQuery(view="all", sort="arrival")),
        "counts": lambda: listing.counts(user),
        "thread of 50": lambda: timeline.load(thread),
        "newest message": lambda: timeline.newest_id(thread),
    }
    return {name: _time(ask) for name, ask in questions.items()}


def _list(user: User, view: str) -> Callable[[], Any]:
    return lambda: listing.page(user, listing.ListQuery(view=view))


def _deep_cursor(user: User) -> str:
    """Where page 200 begins, or the last one of a small database."""
    rows = listing.in_view(user, "all").order_by("-last_activity_at", "-pk")
    place = min(200 * listing.PAGE, rows.count() // 2)
    row = rows[place]
    row.sort_value = row.last_activity_at  # type: ignore[attr-defined]
    return listing._encode(row)  # noqa: SLF001 (the cursor's own spelling)


def search(*words: str) -> dict[str, Any]:
    """Milliseconds (median) of the search box for each word."""
    user = _agent()
    return {word: _time(lambda: find.find(user, word), rounds=7) for word in words}  # noqa: B023 (called at once)


# The bare method of comparison: ever wider windows of ids, newest first.
WINDOWS = (50_000, 500_000, 5_000_000)


def bare_search(*words: str) -> dict[str, Any]:
    """The limit of that: one statement per window over the message rows alone."""
    user = _agent()
    return {word: _time(lambda: _windows(user.organization_id, word), rounds=7) for word in words}  # noqa: B023


def _windows(organization_id: int, word: str) -> int:
    found = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM inbox_message")
        upper = newest = cursor.fetchone()[0] + 1
        for width in (*WINDOWS, newest):
            lower = max(0, newest - width)
            cursor.execute(
                BARE_SEARCH, [organization_id, lower, upper, f"{word.lower()}:*", find.LIMIT - found]
            )
            found += len(cursor.fetchall())
            if found >= find.LIMIT or lower == 0:
                break
            upper = lower
    return found


def _time(ask: Callable[[], Any], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        with transaction.atomic():
            ask()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


QUESTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    question.__name__: question
    for question in (
        session,
        hook,
        people,
        no_undo,
        writable,
        import_again,
        notice_outage,
        write_replies,
        statements,
        paths,
        hot,
        search,
        bare_search,
    )
}

if __name__ == "__main__":
    json.dump(QUESTIONS[sys.argv[1]](*sys.argv[2:]), sys.stdout)
