"""Promise: acknowledged is kept, and what is gone for a while costs a pause and nothing else (invariants 1 and 2)."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.connectors.pms.guesty.helpers import sign
from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually

pytestmark = pytest.mark.flow
BODY = json.dumps({"event": "something.new"}).encode()


@pytest.fixture
def stack(live_stack: LiveStack) -> LiveStack:
    live_stack.sandbox.control.request("DELETE", "/_control/faults")
    eventually(lambda: live_stack.sandbox.control.get("/_control/state").json()["subscriptions"], timeout=60)
    return live_stack


class Hook:
    """Signs and posts webhooks as the PMS would."""

    def __init__(self, stack: LiveStack) -> None:
        state = stack.sandbox.control.get("/_control/state").json()["subscriptions"][0]
        self.url, self.secret = str(state["url"]), str(state["secret"])
        found = stack.query("SELECT offset_s FROM core_clockoffset")
        self.offset = timedelta(seconds=float(found[0][0]) if found else 0)

    def post(self, key: str, client: httpx.Client | None = None) -> httpx.Response:
        headers = sign(BODY, self.secret, datetime.now(UTC) + self.offset, key)
        return (client or httpx).post(self.url, content=BODY, headers=headers, timeout=20)


def kept(stack: LiveStack, like: str) -> set[str]:
    rows = stack.query(
        "SELECT headers->>'svix-id' FROM connectors_webhookdelivery WHERE key LIKE %s", f"%{like}%"
    )
    return {str(row[0]) for row in rows}


def test_every_202_is_kept_though_the_web_process_is_killed(stack: LiveStack) -> None:
    """Invariant 1, fault 1: kill -9 twice during a burst; what got no answer is sent again, as a provider would."""
    hook = Hook(stack)
    accepted: set[str] = set()
    unanswered: set[str] = set()
    enough = threading.Event()

    def burst(name: int) -> None:
        number = 0
        while not enough.is_set():
            key, number = f"burst-{name}-{number}", number + 1
            try:
                status = hook.post(key).status_code
            except httpx.TransportError:
                unanswered.add(key)
                continue
            (accepted if status == 202 else unanswered).add(key)

    threads = [threading.Thread(target=burst, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            before = len(accepted)
            eventually(lambda seen=before: len(accepted) > seen + 60, timeout=60)
            stack.kill("Web")
        before = len(accepted)
        eventually(lambda: len(accepted) > before + 20, timeout=60)
    finally:
        enough.set()
        for thread in threads:
            thread.join(30)
    found = kept(stack, "burst-")
    assert accepted <= found
    for key in sorted(unanswered)[:20]:
        assert hook.post(key).status_code == 202
    assert sorted(unanswered)[:20] == [key for key in sorted(unanswered)[:20] if key in kept(stack, "burst-")]
    rows = stack.query("SELECT count(*), count(DISTINCT key) FROM connectors_webhookdelivery")
    assert rows[0][0] == rows[0][1]


def test_without_the_database_nothing_is_acknowledged(stack: LiveStack) -> None:
    """Invariant 1, fault 3: 503 with Retry-After while it is away; then 202 from the very same processes."""
    hook = Hook(stack)
    assert hook.post("before-down").status_code == 202
    processes = {name: stack.pid(name) for name in ("Web", "Worker")}
    stack.kill_postgres()
    answer = hook.post("while-down")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    stack.start_postgres()
    eventually(lambda: hook.post("while-down").status_code == 202, timeout=30)
    assert kept(stack, "-down") == {"before-down", "while-down"}
    assert {name: stack.pid(name) for name in processes} == processes


@pytest.mark.parametrize("how", ["gone", "silent"])
def test_without_redis_intake_and_replies_go_on(stack: LiveStack, how: str) -> None:
    """Invariant 2, faults 6 and 8: what was said and written meanwhile is processed and sent once Redis is back,
    whether it was gone or connected and silent."""
    hurt, heal = {
        "gone": (stack.stop_redis, stack.start_redis),
        "silent": (stack.pause_redis, stack.wake_redis),
    }[how]
    lost, anyway = f"Redis is {how}", f"Anyway, {how}"
    hook = Hook(stack)
    sandbox = stack.sandbox.control
    conversation = sandbox.get("/_control/reservations/TEST-0001").json()["conversation_id"]
    eventually(
        lambda: stack.query(
            "SELECT 1 FROM inbox_thread WHERE conversation_id = %s AND channel_raw <> ''", conversation
        ),
        timeout=60,
    )
    hurt()
    try:
        assert hook.post(f"redis-{how}").status_code == 202
        said = {"body": lost}
        sandbox.post(f"/_control/conversations/{conversation}/guest-writes", json=said).raise_for_status()
        eventually(
            lambda: stack.query(
                "SELECT 1 FROM connectors_webhookdelivery WHERE convert_from(body, 'UTF8') LIKE %s",
                f"%{lost}%",
            ),
            timeout=30,
        )
        stack.manage("shell", "-v0", "-c", REPLY % (conversation, anyway, how))
        assert stack.query(
            "SELECT 1 FROM connectors_command WHERE state = 'waiting' AND intent->>'body' = %s", anyway
        )
    finally:
        heal()
    eventually(lambda: said_here(stack, lost), timeout=60)
    eventually(lambda: said_there(stack, conversation, anyway) == 1, timeout=60)
    # One that was shown to us before its own answer came is folded into it a moment later.
    eventually(lambda: (said_here(stack, anyway), said_here(stack, lost)) == (1, 1), timeout=30)


REPLY = """
from bellhop.accounts.models import User
from inbox.models import Thread
from inbox.services import reply
user = User.objects.get(email="agent@demo.example"); user.undo_send_s = 0
thread = Thread.objects.get(conversation_id="%s")
reply.reply(user, thread, "%s", reply.ReplyOptions(client_token="redis-%s", send_anyway=True))
"""


def said_here(stack: LiveStack, body: str) -> int:
    return int(stack.query("SELECT count(*) FROM inbox_message WHERE body = %s", body)[0][0])


def said_there(stack: LiveStack, conversation: str, body: str) -> int:
    answer = stack.sandbox.control.get(
        "/_control/messages", params={"conversation": conversation, "limit": 1000}
    )
    return sum(post["body"] == body for post in answer.json()["messages"])
