"""A lean HTTP/1.1 client for load: prepared requests over kept connections, nothing parsed that isn't needed."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

HOST = "127.0.0.1"
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """The bytes of one request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Link(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._waiting: asyncio.Future[Answer] | None = None

    @classmethod
    async def open(cls, port: int) -> Link:
        _, link = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        return link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._waiting is None or self._waiting.done():
            return
        head = self._buffer[:end].lower()
        start = head.find(b"content-length:")
        if start < 0:
            self._waiting.set_exception(RuntimeError(f"An answer without a length: {head!r}"))
            return
        size = int(head[start + 15 :].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + size:
            return
        answer = Answer(int(self._buffer[9:12]), self._buffer[:end], self._buffer[end + 4 : end + 4 + size])
        self._buffer = b""
        self._waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("closed by the server"))

    async def ask(self, content: bytes) -> Answer:
        """Send and wait for the whole answer."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(content)
        async with asyncio.timeout(PATIENCE_S):
            return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@dataclass(frozen=True, slots=True)
class Load:
    """What a run came to. `times` in ms; `refused` are the answers of another class than 2xx."""

    rate: float
    times: list[float]
    refused: list[Answer]


async def run(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send all requests over so many connections, each as fast as answers come."""
    links = [await Link.open(port) for _ in range(connections)]
    waiting = iter(requests)
    times: list[float] = []
    refused: list[Answer] = []
    began = time.perf_counter()
    await asyncio.gather(*(_send(link, waiting, times, refused) for link in links))
    spent = time.perf_counter() - began
    for link in links:
        link.close()
    return Load(len(times) / spent, times, refused)


async def _send(link: Link, waiting: Iterator[bytes], times: list[float], refused: list[Answer]) -> None:
    for content in waiting:
        began = time.perf_counter()
        answer = await link.ask(content)
        times.append((time.perf_counter() - began) * 1000)
        if not 200 <= answer.status < 300:
            refused.append(answer)


def load(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """`run` in a loop of its own. Raises RuntimeError if anything was refused: such a run says nothing."""
    done = asyncio.run(run(port, requests, connections))
    if done.refused:
        counts = Counter(answer.status for answer in done.refused)
        raise RuntimeError(
            f"Of {len(done.times)} requests some were refused: {dict(counts)}; {done.refused[0]}"
        )
    return done
