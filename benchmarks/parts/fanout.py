"""One event to 200 open inboxes: when the last has it, and what it costs (G4, G5)."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg
import redis

from benchmarks.figures import Figure, Pairs, share
from benchmarks.sockets import Socket
from benchmarks.stack import Bench, Product

SOCKETS = 200
LIVE = "bellhop:live"
EVERY_S = 0.06
GREETING_S = 1.5
WARM_UP = 10
CHANNEL = "limits:live"


@dataclass(frozen=True, slots=True)
class Side:
    """A web process, and how something happens there: `tell` makes it, and returns what to wake with."""

    port: int
    pid: int
    cookie: str
    tell: Any


def run(bench: Bench) -> list[Figure]:
    """Events appended as the product appends them; the clock starts when Redis is told, on both sides."""
    pairs = Pairs()
    product = bench.product()
    with bench.limit("hub") as limit:
        told = redis.Redis.from_url(bench.servers.redis_url)
        ours = _product_side(bench, product)
        frame = asyncio.run(_sample(ours, told))
        bare = Side(limit.port, limit.program.pid, "", lambda: (CHANNEL, frame))
        for _ in range(bench.sizes.pairs):
            pairs.limit(**asyncio.run(_measure(bare, told, bench.sizes.events)))
            pairs.product(**asyncio.run(_measure(ours, told, bench.sizes.events)))
    figure = pairs.figure
    note = f"{len(frame):,} bytes a frame"
    return [
        figure("p50", "G4", f"event to the last of {SOCKETS} sockets, p50", "ms", (2.0, 1.4), note=note),
        figure("p99", "G4", f"event to the last of {SOCKETS} sockets, p99", "ms", (2.0, 1.4)),
        figure("cpu", "G5", "CPU per delivery", "us", (2.0, 1.4)),
    ]


def _product_side(bench: Bench, product: Product) -> Side:
    session = bench.ask(product.database, "session")
    thread = bench.ask(product.database, "writable", "1")["threads"][0][2]
    link = psycopg.connect(bench.servers.url(product.database))

    def tell() -> tuple[str, str]:
        """A thread changed: its version counts up, so that its row has to be rendered anew."""
        with link.transaction():
            link.execute("UPDATE inbox_thread SET version = version + 1 WHERE id = %s", [thread])
            link.execute(
                "INSERT INTO core_liveevent (organization_id, topic, subject_id, property_id, data, at) "
                "SELECT %s, 'thread', id, property_id, %s, now() FROM inbox_thread WHERE id = %s",
                [session["organization"], json.dumps({"what": "message"}), thread],
            )
        return LIVE, str(session["organization"])

    return Side(product.port, product.pid("Web"), session["cookie"], tell)


async def _sample(side: Side, told: redis.Redis) -> str:
    """One frame of the product, so that the bare hub carries as much."""
    frames: asyncio.Queue[bytes] = asyncio.Queue()
    socket = await _open(side, lambda payload, _moment: frames.put_nowait(payload))
    await asyncio.sleep(GREETING_S)
    told.publish(*side.tell())
    async with asyncio.timeout(10):
        while b'"rows"' not in (frame := await frames.get()):
            continue
    socket.close()
    return frame.decode()


async def _open(side: Side, on_frame: Any) -> Socket:
    socket = await Socket.open(side.port, "/live/", on_frame, side.cookie)
    socket.send(json.dumps({"type": "hello", "n": None}))
    return socket


class Lasts:
    """Counts who has the event; `all` is set by the last."""

    def __init__(self) -> None:
        self._open = 0
        self.moment = 0.0
        self.all = asyncio.Event()

    def begin(self) -> float:
        self._open = SOCKETS
        self.all.clear()
        return time.perf_counter()

    def on_frame(self, payload: bytes, moment: float) -> None:
        if b'"rows"' not in payload:
            return
        self._open -= 1
        if self._open == 0:
            self.moment = moment
            self.all.set()


async def _measure(side: Side, told: redis.Redis, events: int) -> dict[str, float]:
    lasts, times = Lasts(), []
    sockets = [await _open(side, lasts.on_frame) for _ in range(SOCKETS)]
    await asyncio.sleep(GREETING_S)
    process = psutil.Process(side.pid)
    used = 0.0
    for number in range(WARM_UP + events):
        wake, before, began = side.tell(), _cpu(process), lasts.begin()
        told.publish(*wake)
        async with asyncio.timeout(20):
            await lasts.all.wait()
        await asyncio.sleep(EVERY_S)
        if number >= WARM_UP:
            times.append((lasts.moment - began) * 1000)
            used += _cpu(process) - before
    for socket in sockets:
        socket.close()
    await asyncio.sleep(GREETING_S)
    return {"p50": share(times, 0.5), "p99": share(times, 0.99), "cpu": used / (events * SOCKETS) * 1e6}


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
