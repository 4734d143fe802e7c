"""The limit of intake: an ASGI callable that keeps a body in PostgreSQL, with group commit, and nothing else.

No signature, no dedupe, no tenancy. What arrives during one transaction shares the next; each is answered after its
commit. Two writers, as in the product.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import psycopg

DATABASE = os.environ["LIMITS_DATABASE"]
TABLE = (
    "CREATE TABLE IF NOT EXISTS intake (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), body bytea)"
)
INSERT = "INSERT INTO intake (body) SELECT * FROM unnest(%b::bytea[])"
WRITERS = 2
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]


class Store:
    """Opens with the first request, in its loop."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[bytes, asyncio.Future[None]]] = asyncio.Queue()
        self._writers: list[asyncio.Task[None]] = []

    async def keep(self, body: bytes) -> None:
        if not self._writers:
            with psycopg.connect(DATABASE) as connection:
                connection.execute(TABLE)
            self._writers = [asyncio.create_task(self._write()) for _ in range(WRITERS)]
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((body, done))
        await done

    async def _write(self) -> None:
        connection = await psycopg.AsyncConnection.connect(DATABASE, autocommit=True)
        while True:
            group = [await self._waiting.get()]
            while not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            await connection.execute(INSERT, ([body for body, _ in group],))
            for _, done in group:
                done.set_result(None)


store = Store()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Read the body, keep it, answer 202."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await store.keep(body)
    await send({"type": "http.response.start", "status": 202, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"ok"})
