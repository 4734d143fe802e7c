"""A webhook at 20 per second until its row is in an open inbox (G6)."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable

from benchmarks import payloads
from benchmarks.figures import Figure, Pairs
from benchmarks.load import Answer, Link, request
from benchmarks.sockets import Socket
from benchmarks.stack import Bench, Product
from benchmarks.timing import Watch, steadily

EVERY_S = 0.05
CONVERSATIONS = 12
Prepare = Callable[[str, int], bytes]


def run(bench: Bench) -> list[Figure]:
    """The whole product against a view, a Celery task and a channel layer."""
    pairs = Pairs()
    product = bench.product()
    prepare = _webhooks(bench, product)
    cookie = bench.ask(product.database, "session")["cookie"]
    count = bench.sizes.events

    def plain(mark: str, _number: int) -> bytes:
        body = json.dumps({"mark": mark, "padding": "x" * (payloads.SIZE - 60)}).encode()
        return request("POST", "/hook/", {"content-type": "application/json"}, body)

    with (
        bench.limit("queue") as limit,
        bench.limit_program("benchmarks.limits.queue", says="ready"),
    ):
        for warm_up in (True, *([False] * bench.sizes.pairs)):
            bare = asyncio.run(_measure(limit.port, "", plain, 20 if warm_up else count))
            ours = asyncio.run(_measure(product.port, cookie, prepare, 20 if warm_up else count))
            if not warm_up:
                pairs.limit(**bare)
                pairs.product(**ours)
    return [
        pairs.figure("frame_p50", "G6", "webhook to the inbox at 20/s, p50", "ms", (2.0, 1.0)),
        pairs.figure("frame_p99", "G6", "webhook to the inbox at 20/s, p99", "ms", (3.0, 1.5)),
    ]


def _webhooks(bench: Bench, product: Product) -> Prepare:
    hook = bench.ask(product.database, "hook")
    threads = bench.ask(product.database, "writable", str(CONVERSATIONS))["threads"]
    patterns = [payloads.template(product.sandbox, conversation) for _, conversation, _ in threads]

    def prepare(mark: str, number: int) -> bytes:
        body = payloads.written(patterns[number % len(patterns)], f"{mark} When can we come?")
        return payloads.signed(hook["path"], hook["secret"], body)

    return prepare


async def _measure(port: int, cookie: str, prepare: Prepare, count: int) -> dict[str, float]:
    watch = Watch()
    socket = await Socket.open(port, "/live/", watch.on_frame, cookie)
    socket.send(json.dumps({"type": "hello", "n": None}))
    await asyncio.sleep(1)

    async def send(link: Link, number: int) -> Answer:
        mark = secrets.token_hex(8)
        content = prepare(mark, number)
        watch.begin(mark.encode())
        return await link.ask(content)

    await steadily(port, EVERY_S, count, send)
    await watch.all_seen()
    socket.close()
    return watch.results("frame")
