"""What sequences cost with a million messages ahead: `python -m benchmarks.planned DUE`, on DATABASE_URL.

Everything is made, measured and undone in one transaction. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bellhop.settings")

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bellhop.accounts.models import User  # noqa: E402
from bellhop.core import clock  # noqa: E402
from connectors.models import Command, CommandState, ConnectionHealth, Origin  # noqa: E402
from connectors.outbound import claim  # noqa: E402
from inbox.models import Message  # noqa: E402
from inbox.services import reply  # noqa: E402
from inbox.services.reply import ReplyOptions  # noqa: E402
from reservations.models import Reservation, ScheduledMessage  # noqa: E402
from reservations.sequences import forecast, planning, sending  # noqa: E402

RECIPE = Path(__file__).with_name("sequences.sql")
ROUNDS = 9


def main(due: int) -> dict[str, Any]:
    """Milliseconds, statements and rates; `due` messages at one minute."""
    found: dict[str, Any] = {}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(RECIPE.read_text(encoding="utf-8"))
        found["rows"] = ScheduledMessage.objects.count()
        found["scan"] = _inside(lambda: sending.due(clock.now()))
        found.update(_replan())
        found["forecast"] = _median(lambda: forecast.lines(_person("admin")), 3)
        found.update(_send(due))
        found.update(_reply(due))
        transaction.set_rollback(True)
    return found


def _inside(ask: Callable[[], object]) -> float:
    """Milliseconds that the database itself needs for the one statement of `ask`; the median."""
    with CaptureQueriesContext(connection) as captured:
        ask()
    told = []
    for _ in range(ROUNDS):
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + captured[-1]["sql"])
            (plan,) = cursor.fetchone()[0]
        told.append(plan["Execution Time"] + plan["Planning Time"])
    return statistics.median(told)


def _median(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)


def _replan() -> dict[str, Any]:
    stay = Reservation.objects.select_related("property", "unit").exclude(pk__in=()).order_by("-pk")[7]

    def move() -> None:
        assert stay.arrival_date is not None
        stay.arrival_date += timedelta(days=1)
        planning.replan(stay, dates=True, told=True)

    with CaptureQueriesContext(connection) as captured:
        move()
    return {"replan": _median(move), "replan_statements": len(captured)}


def _send(due: int) -> dict[str, Any]:
    """So many become due at once; how many a second one worker commits."""
    live = ScheduledMessage.objects.filter(sequence__state="live", step_key="s1")
    ids = list(live.order_by("id").values_list("pk", flat=True)[:due])
    ScheduledMessage.objects.filter(pk__in=ids).update(due_at=clock.now())
    began = time.perf_counter()
    done = 0
    while sent := sending.send_due():
        done += sent
        if time.perf_counter() - began > 60:
            break
    spent = time.perf_counter() - began
    states = ScheduledMessage.objects.filter(pk__in=ids, state="sent").count()
    return {"sent": states, "judged": done, "rate": done / spent}


_WAITING = """
INSERT INTO connectors_command (public_id, organization_id, connection_id, kind, origin, priority, order_key, subject,
  intent, conversation_id, place_id, fingerprint, reference, state, created_at, due_at, give_up_at, tries, reads,
  leased_by, remote_id, matched_by_text, reason, reason_code, report)
SELECT 'w' || lpad(g::text, 9, '0'), organization_id, connection_id, kind, origin, priority, 'bench:' || g,
  'bench:' || g, intent, conversation_id, place_id, fingerprint, reference, state, created_at, due_at, give_up_at, 0, 0,
  '', '', false, '', '', '' FROM connectors_command c, generate_series(1, %s) g WHERE c.id = %s
"""


def _reply(due: int) -> dict[str, Any]:
    """An agent's reply in the thread of the last of them, while all wait: the bulk's share of the limit is used up."""
    waiting = Command.objects.filter(origin=Origin.SEQUENCE, state=CommandState.WAITING)
    last = waiting.order_by("-id").first()
    assert last is not None
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [max(0, due - waiting.count()), last.pk])
        cursor.execute("ANALYZE connectors_command")
    ConnectionHealth.objects.update(bulk_hold_until=clock.now() + timedelta(minutes=5))
    idle = _median(claim.take)
    thread = ScheduledMessage.objects.get(
        command_ids__contains=[last.pk], state="sent"
    ).reservation.threads.get()
    began = time.perf_counter()
    options = ReplyOptions(client_token=f"planned-{time.time_ns()}", send_anyway=True)
    message = reply.reply(_person("agent"), thread, "In a moment!", options)
    taken = [claim.take() for _ in range(2)]
    spent = (time.perf_counter() - began) * 1000
    subjects = [one.command.subject for one in taken if one is not None]
    return {
        "waiting": waiting.count(),
        "claim": idle,
        "reply": spent,
        "in_order": _order(message, last, subjects),
    }


def _order(message: Message, last: Command, subjects: list[str]) -> bool:
    """What stood before the reply in its thread was pulled forward, and is in flight; the reply is next."""
    return subjects == [last.subject] and message.pk > 0


def _person(role: str) -> User:
    return User.objects.select_related("role", "organization").get(email=f"{role}@demo.example")


if __name__ == "__main__":
    json.dump(main(int(sys.argv[1])), sys.stdout)
