"""The limit of a reply: one row, a wake-up, a claim with SKIP LOCKED, one HTTP request; live push by the bare hub.

The ASGI program takes the reply; `python -m benchmarks.limits.outbox` is the worker.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from typing import Any

import httpx
import psycopg
import redis
import redis.asyncio

from benchmarks.limits import hub

DATABASE = os.environ["LIMITS_DATABASE"]
REDIS = os.environ["LIMITS_REDIS"]
WAKE = "limits:outbox"
INSERT = "INSERT INTO outbox (conversation, body) VALUES (%s, %s)"
CLAIM = """
UPDATE outbox SET state = 'sending' WHERE id = (
  SELECT id FROM outbox WHERE state = 'waiting' AND due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, conversation, body
"""
DONE = "UPDATE outbox SET state = 'done', answer = %s WHERE id = %s"
WORKERS = 4
POLL_S = 1.0


class Replies:
    """The web side: a committed row, then a wake-up."""

    def __init__(self) -> None:
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._redis = redis.asyncio.Redis.from_url(REDIS)
        self._lock = asyncio.Lock()

    async def take(self, body: bytes) -> None:
        reply = json.loads(body)
        async with self._lock:
            if self._connection is None:
                self._connection = await psycopg.AsyncConnection.connect(DATABASE, autocommit=True)
            await self._connection.execute(INSERT, (reply["conversation"], reply["body"]))
        await self._redis.publish(WAKE, "1")


replies = Replies()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """POST a reply; or the hub's socket."""
    if scope["type"] != "http":
        await hub.application(scope, receive, send)
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await replies.take(body)
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def work(woken: threading.Semaphore, url: str, token: str) -> None:
    """Claim, tell the sockets, send, record; for ever."""
    connection = psycopg.connect(DATABASE, autocommit=True)
    teller = redis.Redis.from_url(REDIS)
    client = httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"})
    while True:
        row = connection.execute(CLAIM).fetchone()
        if row is None:
            woken.acquire(timeout=POLL_S)
            continue
        key, conversation, body = row
        teller.publish(hub.CHANNEL, json.dumps({"n": key, "rows": {conversation: body}}))
        path = f"/v1/communication/conversations/{conversation}/send-message"
        answer = client.post(path, json={"module": {"type": os.environ["LIMITS_MODULE"]}, "body": body})
        connection.execute(DONE, (answer.status_code, key))


def main() -> None:
    url = os.environ["LIMITS_PMS"]
    form = {"grant_type": "client_credentials", "scope": "open-api",
            "client_id": "sandbox-client", "client_secret": "sandbox-secret"}  # fmt: skip
    token = httpx.post(f"{url}/oauth2/token", data=form).json()["access_token"]
    woken = threading.Semaphore(0)
    for _ in range(WORKERS):
        threading.Thread(target=work, args=(woken, url, token), daemon=True).start()
    with redis.Redis.from_url(REDIS).pubsub() as channel:
        channel.subscribe(WAKE)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for message in channel.listen():
            if message["type"] == "message":
                woken.release()


if __name__ == "__main__":
    main()
