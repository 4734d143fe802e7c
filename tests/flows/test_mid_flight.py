"""Promise: whatever is killed, flushed or lost on the way, every message stands exactly once on both sides, in order
(invariants 2, 3, 4, 5). The PMS misbehaves all the while."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.harness.processes import PROJECT
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow

REPLIES = 60
GUEST_WORDS = 30
FAULTS: dict[str, dict[str, object]] = {
    "cut_after_work": {"probability": 0.1, "method": "POST", "path": "*send-message*"},
    "error_after_work": {"probability": 0.1, "method": "POST", "path": "*send-message*"},
    "webhook_duplicate": {"probability": 0.3},
    "webhook_reorder": {"probability": 0.3, "seconds": 1},
    "webhook_lost": {"probability": 0.15},
}
# Agents who press send again while the database is away: the same token is the same message.
SENDER = """
import time
from django.db import DatabaseError, connection
from bellhop.accounts.models import User
from inbox.models import Thread
from inbox.services import reply
def again(run):
    while True:
        try:
            return run()
        except DatabaseError:
            connection.close(); time.sleep(0.1)
user = again(lambda: User.objects.get(email="agent@demo.example")); user.undo_send_s = 0
threads = again(lambda: list(Thread.objects.filter(channel_raw__in=["airbnb2", "bookingCom", "homeaway2"])[:12]))
for n in range(int("{replies}")):
    options = reply.ReplyOptions(client_token="{run}-token-%d" % n)
    again(lambda: reply.reply(user, threads[n % len(threads)], "{run} reply %d" % n, options))
"""


def _kill_worker(stack: LiveStack) -> None:
    stack.kill("Worker")


def _flush_redis(stack: LiveStack) -> None:
    stack.flush_redis()


def _restart_postgres(stack: LiveStack) -> None:
    stack.kill_postgres()
    stack.start_postgres()


@pytest.fixture(autouse=True)
def _clock_back(live_stack: LiveStack) -> Iterator[None]:
    yield
    live_stack.query("UPDATE core_clockoffset SET offset_s = 0")


@pytest.mark.parametrize("damage", [_kill_worker, _flush_redis, _restart_postgres])
def test_every_message_stands_once_on_both_sides(
    live_stack: LiveStack, damage: Callable[[LiveStack], None]
) -> None:
    run = damage.__name__
    control = live_stack.sandbox.control
    for name, fault in FAULTS.items():
        control.put(f"/_control/faults/{name}", json=fault).raise_for_status()
    conversations = [
        entry["id"]
        for entry in control.get("/_control/conversations").json()["conversations"]
        if entry["kind"] == "guest"
    ]
    with _sender(live_stack, run) as sender:
        eventually(lambda: len(_ours(live_stack, run)) >= REPLIES // 6, timeout=60)
        for number in range(GUEST_WORDS):
            conversation = conversations[number % len(conversations)]
            said = {"body": f"{run} guest {number}"}
            control.post(f"/_control/conversations/{conversation}/guest-writes", json=said).raise_for_status()
            if number == GUEST_WORDS // 3:
                damage(live_stack)
        assert sender.wait(timeout=120) == 0
    control.request("DELETE", "/_control/faults").raise_for_status()
    _drain(live_stack)
    decided = _decide_unconfirmed(live_stack, run)
    live_stack.query("UPDATE connectors_connectionhealth SET catch_up_due_at = now()")
    wanted = Counter(
        [f"{run} reply {n}" for n in range(REPLIES)] + [f"{run} guest {n}" for n in range(GUEST_WORDS)]
    )

    def same_on_both_sides() -> bool:
        there, here = _said_there(live_stack, run, conversations), _said_here(live_stack, run)
        assert there == wanted, {"more there": there - wanted, "less there": wanted - there}
        assert here == wanted, {"more here": here - wanted, "less here": wanted - here}
        return True

    eventually(same_on_both_sides, timeout=60)
    assert not _out_of_order(live_stack, run, conversations, decided)


def _sender(stack: LiveStack, run: str) -> subprocess.Popen[bytes]:
    code = SENDER.replace("{replies}", str(REPLIES)).replace("{run}", run)
    return subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v0", "-c", code],
        cwd=PROJECT,
        env={**os.environ, **stack.env},
    )


def _ours(stack: LiveStack, run: str) -> list[tuple[object, ...]]:
    return stack.query("SELECT id FROM inbox_message WHERE body LIKE %s", f"{run} reply%")


def _open(stack: LiveStack, *states: str) -> list[tuple[object, ...]]:
    wanted = list(states or ("held", "waiting", "in_flight", "unknown"))
    return stack.query("SELECT id FROM connectors_command WHERE state = ANY(%s)", wanted)


# What nothing holds up: neither undo time nor an earlier one of its conversation that is still looked for.
UNHELD = """
SELECT c.id FROM connectors_command c
WHERE c.state IN ('held', 'waiting', 'in_flight') AND NOT EXISTS (
  SELECT 1 FROM connectors_command e
  WHERE e.connection_id = c.connection_id AND e.order_key = c.order_key AND e.id < c.id AND e.state = 'unknown')
"""


def _drain(stack: LiveStack) -> None:
    """What can't be found is looked for again after the PMS's propagation delay; nobody waits for it here."""
    eventually(lambda: not stack.query(UNHELD), timeout=90)
    while _open(stack):
        stack.query(
            "INSERT INTO core_clockoffset (id, offset_s) VALUES (1, 65) "
            "ON CONFLICT (id) DO UPDATE SET offset_s = core_clockoffset.offset_s + 65"
        )
        unknown = _open(stack, "unknown")
        eventually(lambda: _moved(stack, unknown) and not stack.query(UNHELD), timeout=90)  # noqa: B023


def _moved(stack: LiveStack, unknown: list[tuple[object, ...]]) -> bool:
    return not unknown or unknown != _open(stack, "unknown")


def _decide_unconfirmed(stack: LiveStack, run: str) -> set[str]:
    """What left a worker that died at that moment, and never arrived, is an agent's to decide: send again. It then
    stands after what was said meanwhile."""
    unconfirmed = stack.query(
        "SELECT m.body FROM inbox_receipt r JOIN inbox_message m ON m.id = r.message_id WHERE r.state = 'unconfirmed'"
    )
    stack.manage(
        "shell", "-v0", "-c",
        "from bellhop.accounts.models import User\nfrom inbox.models import Receipt\nfrom inbox.services import reply\n"
        "user = User.objects.get(email='agent@demo.example')\n"
        "for r in Receipt.objects.filter(destination='pms', state='unconfirmed'):\n"
        "    reply.send_again(user, r.message)\n",
    )  # fmt: skip
    _drain(stack)
    assert not stack.query("SELECT reason FROM connectors_command WHERE state = 'failed'"), run
    return {str(row[0]) for row in unconfirmed}


def _said_here(stack: LiveStack, run: str) -> Counter[str]:
    rows = stack.query(
        "SELECT body FROM inbox_message WHERE body LIKE %s AND withdrawn_at IS NULL", f"{run} %"
    )
    return Counter(str(row[0]) for row in rows)


def _posts(stack: LiveStack, run: str, conversation: str) -> list[str]:
    answer = stack.sandbox.control.get("/_control/messages", params={"conversation": conversation}).json()
    posts = sorted(answer["messages"], key=lambda post: post["created_at"])
    return [post["body"] for post in posts if post["body"].startswith(f"{run} ")]


def _said_there(stack: LiveStack, run: str, conversations: list[str]) -> Counter[str]:
    return Counter(body for conversation in conversations for body in _posts(stack, run, conversation))


def _out_of_order(stack: LiveStack, run: str, conversations: list[str], decided: set[str]) -> list[str]:
    found = []
    for conversation in conversations:
        replies = [
            body for body in _posts(stack, run, conversation) if " reply " in body and body not in decided
        ]
        numbers = [int(body.split()[-1]) for body in replies]
        if numbers != sorted(numbers):
            found.append(conversation)
    return found
