"""One per web process: a single Redis subscription that wakes every socket, which then reads rows by number.

Redis only says "organization 7 has something new". What is sent comes from the live-event table, so a message lost with
Redis is found by the next one, by the safety poll, or by the reconnect. channels_redis carries presence only.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, Protocol, TypeVar

import redis.asyncio as redis
import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from bellhop.core.wake import LIVE_CHANNEL
from inbox.live import fragments
from inbox.live.fragments import AnyAudience

POLL_S = 5.0
RECONNECT_S = 0.5
SILENT_S = 10.0

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)


class Socket(Protocol):
    """What the hub needs of a consumer. `number` is the last live number that was sent to it."""

    number: int

    @property
    def audience(self) -> AnyAudience: ...

    async def push(self, text: str) -> None: ...

    async def refresh(self, number: int) -> None: ...


class Hub:
    """Registers sockets per organization and keeps each of them at the newest number."""

    def __init__(self) -> None:
        self._sockets: dict[int, set[Socket]] = defaultdict(set)
        self._wanted: dict[int, int] = {}
        self._pumps: dict[int, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live")

    def join(self, socket: Socket) -> None:
        """Keep `socket` up to date from its number on."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._poll())]
        self._sockets[socket.audience.organization_id].add(socket)
        self.wake(socket.audience.organization_id)

    def leave(self, socket: Socket) -> None:
        sockets = self._sockets[socket.audience.organization_id]
        sockets.discard(socket)
        if not sockets:
            del self._sockets[socket.audience.organization_id]

    def wake(self, organization_id: int) -> None:
        """Something may be new there. Wake-ups during a pump lead to one more round."""
        if organization_id not in self._sockets:
            return
        self._wanted[organization_id] = self._wanted.get(organization_id, 0) + 1
        running = self._pumps.get(organization_id)
        if running is None or running.done():
            self._pumps[organization_id] = asyncio.create_task(self._pump(organization_id))

    async def _listen(self) -> None:
        """Subscribe for ever; after a gap everybody is resynced by number."""
        while True:
            client = redis.Redis.from_url(
                settings.REDIS_URL, socket_connect_timeout=1, health_check_interval=5
            )
            try:
                async with client.pubsub() as channel:
                    await channel.subscribe(LIVE_CHANNEL)
                    self._wake_all()
                    await self._follow(channel)
            except (redis.RedisError, OSError, TimeoutError) as error:
                log.info("live_subscription_lost", error=type(error).__name__)
            finally:
                await client.aclose()
            await asyncio.sleep(RECONNECT_S)

    async def _follow(self, channel: redis.client.PubSub) -> None:
        while True:
            async with asyncio.timeout(SILENT_S * 2):
                message = await channel.get_message(ignore_subscribe_messages=True, timeout=SILENT_S)
            if message is None:
                await channel.ping()
                continue
            organization_id = message["data"].decode()
            if organization_id.isdigit():
                self.wake(int(organization_id))

    async def _poll(self) -> None:
        """Find what no wake-up told: live push goes on, slower, while Redis is away."""
        while True:
            await asyncio.sleep(POLL_S)
            self._wake_all()

    def _wake_all(self) -> None:
        for organization_id in list(self._sockets):
            self.wake(organization_id)

    async def _pump(self, organization_id: int) -> None:
        seen = -1
        while seen != self._wanted.get(organization_id):
            seen = self._wanted.get(organization_id, 0)
            try:
                await self._catch_up(organization_id)
            except DatabaseError as error:
                log.warning("live_rows_not_read", error=type(error).__name__)
                return

    async def _catch_up(self, organization_id: int) -> None:
        sockets = list(self._sockets.get(organization_id, ()))
        by_number: dict[int, list[Socket]] = defaultdict(list)
        for socket in sockets:
            by_number[socket.number].append(socket)
        for number, group in by_number.items():
            audiences: dict[AnyAudience, list[Socket]] = defaultdict(list)
            for socket in group:
                audiences[socket.audience].append(socket)
            last, told = await self._run(fragments.since, organization_id, number, list(audiences))
            if told is None:
                for socket in group:
                    await socket.refresh(last)
            elif last > number:
                await self._send(audiences, last, told)

    async def _send(
        self, audiences: dict[AnyAudience, list[Socket]], last: int, told: dict[AnyAudience, dict[str, Any]]
    ) -> None:
        """Hand each audience its text, encoded once."""
        began = time.monotonic()
        for audience, group in audiences.items():
            parts = told[audience]
            text = json.dumps({"n": last, **parts}) if parts else json.dumps({"n": last})
            for socket in group:
                if socket.number < last:
                    socket.number = last
                    await socket.push(text)
        if time.monotonic() - began > 1:
            log.warning("live_push_slow", sockets=sum(map(len, audiences.values())))

    async def _run(self, function: Callable[P, R], *args: P.args, **_: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _in_thread, function, args)


def _in_thread(function: Callable[..., R], args: tuple[Any, ...]) -> R:
    """A pooled connection is taken for the call and given back after it."""
    close_old_connections()
    try:
        return function(*args)
    finally:
        close_old_connections()


hub = Hub()
