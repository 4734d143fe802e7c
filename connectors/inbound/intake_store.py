"""The journal as intake sees it: asynchronous connections of its own, and group commit."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.db import connection as database
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bellhop.core import wake

log = structlog.get_logger(__name__)
WRITERS = 2
MAX_BATCH = 200
WAIT_S = 4.0
HEALTH_EVERY_S = 1.0
WAKE_EVERY_S = 0.02


class NoDatabase(Exception):
    """The journal can't be written now."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One webhook to be journaled."""

    connection_id: int
    key: str
    received_at: datetime
    headers: str
    body: bytes
    verified: bool | None
    remote_addr: str


# Long texts travel in binary (%b): quoting them for a text array would cost a third of a webhook's time.
_INSERT = """
INSERT INTO connectors_webhookdelivery
  (connection_id, key, received_at, headers, body, verified, remote_addr, code_version,
   state, attempts, next_try_at, leased_by, summary, error, traceback)
SELECT e.connection_id, e.key, e.received_at, e.headers::jsonb, e.body, e.verified, e.remote_addr,
  '', 'received', 0, e.received_at, '', '', '', ''
FROM unnest(%s::bigint[], %b::text[], %s::timestamptz[], %b::text[], %b::bytea[], %s::boolean[], %b::text[])
  AS e(connection_id, key, received_at, headers, body, verified, remote_addr)
ON CONFLICT (connection_id, key) DO NOTHING
RETURNING connection_id
"""
# Looked up by the beginning of the token only: the rest is compared in constant time.
_CONNECTION = """
SELECT id, slug, base_url, timezone, hook_token, webhook_secrets, credentials FROM connectors_connection
WHERE left(hook_token, 8) = left(%s, 8)
"""
_HEALTH = "UPDATE connectors_connectionhealth SET last_delivery_at = %s WHERE connection_id = ANY(%s)"
_LOOK_AGAIN = """
UPDATE connectors_connectionhealth SET subscription_due_at = %s
WHERE connection_id = %s AND subscription_due_at > %s RETURNING 1
"""
_CLOCK = "SELECT clock_timestamp(), (SELECT offset_s FROM core_clockoffset WHERE id = 1)"


class Store:
    """Opens lazily, in the event loop that serves requests."""

    def __init__(self) -> None:
        self._pool: AsyncConnectionPool[Any] | None = None
        self._opening = asyncio.Lock()
        self._waiting: asyncio.Queue[tuple[Entry, asyncio.Future[None]]] = asyncio.Queue()
        self._writers: list[asyncio.Task[None]] = []
        self._clock: tuple[float, datetime] | None = None
        self._waking: asyncio.Task[None] | None = None
        self._wake_again = False
        self._health_at: dict[int, float] = {}

    async def now(self) -> datetime:
        """The database's time plus the demo's offset, measured every few seconds. Raises NoDatabase."""
        ticks = time.monotonic()
        if self._clock is None or ticks - self._clock[0] > settings.BELLHOP_CLOCK_REFRESH_S:
            row = await self._one(_CLOCK, ())
            assert row is not None
            moment = row[0].astimezone(UTC) + timedelta(seconds=float(row[1] or 0))
            self._clock = (time.monotonic(), moment)
        measured, moment = self._clock
        return moment + timedelta(seconds=time.monotonic() - measured)

    async def connection_row(self, token: str) -> Any:
        """(id, slug, base URL, zone, token, encrypted secrets and credentials) of a connection, None if there is none.
        Raises NoDatabase."""
        rows = await self._all(_CONNECTION, (token,))
        return next((row for row in rows if compare_digest(row[4].encode(), token.encode())), None)

    async def look_for_secret(self, connection_id: int, now: datetime) -> None:
        """Have the subscription and its secret looked at soon: signatures no longer fit. Raises NoDatabase."""
        await self._one(_LOOK_AGAIN, (now, connection_id, now))

    async def keep(self, entry: Entry) -> None:
        """Return once `entry` (or an earlier one with its key) is committed. Raises NoDatabase."""
        await self._open()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((entry, future))
        try:
            async with asyncio.timeout(WAIT_S * 2):
                await future
        except TimeoutError:
            raise NoDatabase from None

    async def _one(self, query: str, values: tuple[object, ...]) -> Any:
        return next(iter(await self._all(query, values)), None)

    async def _all(self, query: str, values: tuple[object, ...]) -> list[Any]:
        pool = await self._open()
        try:
            async with pool.connection(timeout=WAIT_S) as connection:
                cursor = await connection.execute(query, values)
                return list(await cursor.fetchall())
        except (psycopg.Error, PoolTimeout) as error:
            raise NoDatabase from error

    async def _open(self) -> AsyncConnectionPool[Any]:
        async with self._opening:
            if self._pool is None:
                self._pool = AsyncConnectionPool(
                    kwargs=_connection_arguments(),
                    min_size=1,
                    max_size=WRITERS + 2,
                    open=False,
                    reconnect_timeout=0,
                    check=None,
                    timeout=WAIT_S,
                )
                await self._pool.open(wait=False)
                self._writers = [asyncio.create_task(self._write_groups()) for _ in range(WRITERS)]
            return self._pool

    async def _write_groups(self) -> None:
        """What arrives during one transaction shares the next."""
        while True:
            group = [await self._waiting.get()]
            while len(group) < MAX_BATCH and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            open_ones = [item for item in group if not item[1].done()]
            try:
                await self._commit([entry for entry, _ in open_ones])
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("intake_not_committed", error=type(error).__name__, count=len(open_ones))
                _settle(open_ones, NoDatabase())
            except Exception as error:
                log.exception("intake_crashed")
                _settle(open_ones, error)
            else:
                _settle(open_ones, None)
                self._wake()

    async def _commit(self, entries: list[Entry]) -> None:
        if not entries:
            return
        assert self._pool is not None
        columns = list(zip(*[_row(entry) for entry in entries], strict=True))
        async with self._pool.connection(timeout=WAIT_S) as connection:
            cursor = await connection.execute(_INSERT, [list(column) for column in columns])
            await cursor.fetchall()
            seen = self._not_noted({entry.connection_id for entry in entries})
            if seen:
                await connection.execute(_HEALTH, (entries[-1].received_at, seen))

    def _not_noted(self, connection_ids: set[int]) -> list[int]:
        """Connections whose "last webhook" was not written within the last second."""
        ticks = time.monotonic()
        due = sorted(c for c in connection_ids if ticks - self._health_at.get(c, -9.0) > HEALTH_EVERY_S)
        self._health_at.update(dict.fromkeys(due, ticks))
        return due

    def _wake(self) -> None:
        """Wake a worker, off the event loop; what is committed within WAKE_EVERY_S of a wake-up shares the next."""
        if self._waking is not None and not self._waking.done():
            self._wake_again = True
            return
        self._waking = asyncio.create_task(self._wake_workers())

    async def _wake_workers(self) -> None:
        while True:
            self._wake_again = False
            await asyncio.to_thread(wake.task, "connectors.process_inbound", queue="inbound")
            await asyncio.sleep(WAKE_EVERY_S)
            if not self._wake_again:
                return


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.connection_id,
        entry.key,
        entry.received_at,
        entry.headers,
        entry.body,
        entry.verified,
        entry.remote_addr,
    )


def _settle(items: list[tuple[Entry, asyncio.Future[None]]], error: BaseException | None) -> None:
    for _, future in items:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _connection_arguments() -> dict[str, Any]:
    """Django's own parameters for the default database, without what only its wrapper understands."""
    wanted = {
        "dbname",
        "user",
        "password",
        "host",
        "port",
        "options",
        "sslmode",
        "sslrootcert",
        "connect_timeout",
    }
    parameters = database.get_connection_params()
    return {name: value for name, value in parameters.items() if name in wanted and value not in ("", None)}
