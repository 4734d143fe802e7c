"""Things that are asked for at a steady pace, and when they were seen on a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from benchmarks.figures import share
from benchmarks.load import Answer, Link

LINKS = 4
PATIENCE_S = 10.0


class Watch:
    """Marks that are waited for in frames: mark → when its request began, mark → ms until it was seen."""

    def __init__(self) -> None:
        self._began: dict[bytes, float] = {}
        self.times: dict[bytes, float] = {}
        self._waits = False
        self._none_open = asyncio.Event()

    def begin(self, mark: bytes) -> None:
        self._began[mark] = time.perf_counter()

    def on_frame(self, payload: bytes, moment: float) -> None:
        for mark in [mark for mark in self._began if mark in payload]:
            self.times[mark] = (moment - self._began.pop(mark)) * 1000
        if self._waits and not self._began:
            self._none_open.set()

    async def all_seen(self) -> None:
        """Wait until no mark is open. Raises TimeoutError."""
        self._waits = True
        if self._began:
            async with asyncio.timeout(PATIENCE_S):
                await self._none_open.wait()

    def results(self, name: str) -> dict[str, float]:
        times = list(self.times.values())
        return {f"{name}_p50": share(times, 0.5), f"{name}_p99": share(times, 0.99)}


async def steadily(
    port: int, every_s: float, count: int, send: Callable[[Link, int], Awaitable[Answer]]
) -> list[Answer]:
    """Call `send(link, number)` at a fixed pace, whether or not earlier ones were answered."""
    links = [await Link.open(port) for _ in range(LINKS)]
    free: asyncio.Queue[Link] = asyncio.Queue()
    for link in links:
        free.put_nowait(link)

    async def one(number: int) -> Answer:
        link = await free.get()
        try:
            return await send(link, number)
        finally:
            free.put_nowait(link)

    began, running = time.perf_counter(), []
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number * every_s - time.perf_counter()))
        running.append(asyncio.create_task(one(number)))
    answers = await asyncio.gather(*running)
    for link in links:
        link.close()
    refused = [answer for answer in answers if not 200 <= answer.status < 300]
    if refused:
        raise RuntimeError(f"{len(refused)} of {count} were refused: {refused[0]}")
    return list(answers)
