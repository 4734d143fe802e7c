"""An agent's reply: when it stands in the PMS, when a colleague sees it, how many a second (G7, G8)."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlencode

from benchmarks.figures import Figure, Pairs, share
from benchmarks.load import Answer, Link, load, request
from benchmarks.sockets import Socket
from benchmarks.stack import Bench, Product
from benchmarks.timing import Watch, steadily
from tests.harness.sandbox import Sandbox
from tests.harness.waiting import eventually

MODULE = "airbnb2"
"""A channel whose messages need no address."""
EVERY_S = 0.25
"""As busy as some fifty agents."""
CONVERSATIONS = 12
SENDERS = 16
CSRF = "a" * 32
Prepare = Callable[[str, int], bytes]


def run(bench: Bench) -> list[Figure]:
    """The whole product against a bare outbox; each side has a sandbox of its own, with limits scaled alike."""
    pairs = Pairs()
    product = bench.product()
    ours = _replies(bench, product)
    cookie = bench.ask(product.database, "session", "agent2@demo.example")["cookie"]
    with bench.sandbox() as pms:
        bare = _plain(pms)
        env = {"LIMITS_PMS": pms.api_root, "LIMITS_MODULE": MODULE}
        with (
            bench.limit("outbox", **env) as limit,
            bench.limit_program("benchmarks.limits.outbox", says="ready", **env),
            bench.limit("queue") as view,
        ):
            for round_ in range(bench.sizes.pairs + 1):
                count = bench.sizes.events // 2 if round_ else 10
                first = asyncio.run(_measure(limit.port, "", bare, count, pms))
                second = asyncio.run(_measure(product.port, cookie, ours, count, product.sandbox))
                if round_:
                    pairs.limit(**first)
                    pairs.product(**second)
            peaks = _peak(product.sandbox)
            for _ in range(bench.sizes.pairs):
                pairs.limit(rate=_rate(view.port, _insert, bench.sizes.requests // 5))
                pairs.product(rate=_rate(product.port, ours, bench.sizes.requests // 5))
                eventually(lambda: _drained(bench, product), 120, 0.2)
    return [*_figures(pairs), *peaks]


def _figures(pairs: Pairs) -> list[Figure]:
    return [
        pairs.figure("pms_p50", "", "reply to the PMS, p50", "ms", (None, None)),
        pairs.figure("pms_p99", "", "reply to the PMS, p99", "ms", (None, None)),
        pairs.figure("frame_p50", "G7", "reply to a colleague's screen, p50", "ms", (1.6, 0.9)),
        pairs.figure("frame_p99", "G7", "reply to a colleague's screen, p99", "ms", (None, 1.2)),
        pairs.figure("rate", "G8", f"replies, {SENDERS} senders", "/s", (0.5, 0.8), more=True),
    ]


def _replies(bench: Bench, product: Product) -> Prepare:
    session = bench.ask(product.database, "session")["cookie"]
    threads = [row[0] for row in bench.ask(product.database, "writable", str(CONVERSATIONS))["threads"]]
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "cookie": f"{session}; bellhop_csrf={CSRF}",
        "x-csrftoken": CSRF,
        "hx-request": "true",
    }

    def prepare(mark: str, number: int) -> bytes:
        form = {"body": f"{mark} See you then.", "client_token": secrets.token_hex(12)}
        path = f"/threads/{threads[number % len(threads)]}/reply/"
        return request("POST", path, headers, urlencode(form).encode())

    return prepare


def _plain(pms: Sandbox) -> Prepare:
    rows = pms.control.get("/_control/conversations", params={"limit": "200"}).json()["conversations"]
    found = [row["id"] for row in rows if row.get("platform") == MODULE][:CONVERSATIONS]

    def prepare(mark: str, number: int) -> bytes:
        content = {"conversation": found[number % len(found)], "body": f"{mark} See you then."}
        return request("POST", "/", {"content-type": "application/json"}, json.dumps(content).encode())

    return prepare


def _insert(mark: str, _number: int) -> bytes:
    return request("POST", "/insert/", {"content-type": "application/json"}, mark.encode())


async def _measure(port: int, cookie: str, prepare: Prepare, count: int, pms: Sandbox) -> dict[str, float]:
    watch = Watch()
    socket = await Socket.open(port, "/live/", watch.on_frame, cookie)
    socket.send(json.dumps({"type": "hello", "n": None}))
    await asyncio.sleep(1)
    began: dict[str, float] = {}

    async def send(link: Link, number: int) -> Answer:
        mark = secrets.token_hex(8)
        content = prepare(mark, number)
        watch.begin(mark.encode())
        began[mark] = time.time()
        return await link.ask(content)

    await steadily(port, EVERY_S, count, send)
    await watch.all_seen()
    socket.close()
    times = await asyncio.to_thread(_stood, pms, began)
    return {**watch.results("frame"), "pms_p50": share(times, 0.5), "pms_p99": share(times, 0.99)}


def _stood(pms: Sandbox, began: dict[str, float]) -> list[float]:
    """Ms from each request to the moment that its message stood in the PMS, by the PMS's own clock."""

    def all_there() -> list[float]:
        posts = pms.control.get("/_control/messages", params={"limit": "100000"}).json()["messages"]
        found = {post["body"][:16]: post["created_at"] for post in posts}
        assert set(began) <= set(found), f"{len(set(began) - set(found))} replies are not in the PMS."
        return [(datetime.fromisoformat(found[mark]).timestamp() - at) * 1000 for mark, at in began.items()]

    return eventually(all_there, 60, 0.5)


def _rate(port: int, prepare: Prepare, count: int) -> float:
    requests: Sequence[bytes] = [prepare(secrets.token_hex(8), number) for number in range(count)]
    return load(port, requests, SENDERS).rate


def _drained(bench: Bench, product: Product) -> bool:
    [(waiting,)] = bench.query(
        product.database,
        "SELECT count(*) FROM connectors_command WHERE state IN ('waiting', 'in_flight', 'unknown')",
    )
    return not waiting


def _peak(pms: Sandbox) -> list[Figure]:
    """How near the product came to the PMS's limit (scaled alike on both sides)."""
    rows = pms.control.get("/_control/peaks").json()["peaks"]
    most = max(
        (row["over"] if "over" in row else row["attempted"] / row["limit"] for row in rows), default=0.0
    )
    note = "share of the PMS's limit"
    return [Figure(goal="", what="most calls in a window", unit="share", products=(most,), passes_at=1.0,
                   goal_at=1.0, note=note)]  # fmt: skip
