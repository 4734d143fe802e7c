"""Channels whose host tells who waits that something came: each has a thread of one worker, which waits on an open line
and then has the channel read, as it is read at intervals anyway. A word that is lost or comes twice costs nothing."""

from __future__ import annotations

import secrets
import threading
import time
from typing import Final

import redis
import structlog
from django.conf import settings
from django.db import close_old_connections

from bellhop.core import clock, wake
from connectors.contract.channel import ChannelConnector
from connectors.contract.errors import ConnectorError, Unsupported
from connectors.contract.registry import available, channel_class, connector_class
from connectors.models import Connection, SyncRun
from connectors.outbound import caller, health

WAIT_S: Final = 540
LOOK_EVERY_S: Final = 10.0
LEASE_S: Final = 40
AGAIN_AFTER_S: Final = 60.0
CAN_NOT_S: Final = 3600.0
"""A host that can't tell today may have learned it later."""
PACE_S: Final = 2.0
READING_S: Final = 30

log = structlog.get_logger(__name__)


def watched() -> list[Connection]:
    """Those that may be waited on now, as many as one worker has threads for; the rest is read at intervals."""
    slugs = [
        slug
        for slug in available()
        if issubclass(cls := connector_class(slug), ChannelConnector) and cls.watches
    ]
    rows = Connection.objects.filter(
        slug__in=slugs, paused_at__isnull=True, health__caught_up_to__isnull=False
    )
    now = clock.now()
    found = rows.select_related("health").order_by("pk")[: settings.BELLHOP_WATCHED_CHANNELS]
    return [connection for connection in found if health.is_available(connection, now)]


def watch(connection: Connection, seconds: int = WAIT_S) -> float:
    """Wait once, and have it read where something came. After how many seconds to wait again."""
    connector = channel_class(connection.slug)(caller.settings_of(connection))
    began = time.monotonic()
    try:
        changed = connector.wait(caller.caller_for(connection, bulk=True), seconds)
    except Unsupported:
        return CAN_NOT_S
    except ConnectorError as error:
        log.info("watch_ended", connection=connection.pk, code=error.code)
        return AGAIN_AFTER_S
    if changed:
        read_now(connection)
    return max(0.0, PACE_S - (time.monotonic() - began))


def read_now(connection: Connection) -> bool:
    """Have it read; what is being read at this moment may have been too early, and is read once more."""
    runs = SyncRun.objects.filter(connection=connection, purpose=SyncRun.Purpose.POLL)
    until = time.monotonic() + READING_S
    while not runs.filter(finished_at__isnull=False).update(next_try_at=clock.now()):
        if time.monotonic() > until or not runs.exists():
            return False
        time.sleep(0.2)
    wake.task("connectors.catch_up")
    return True


class Watches:
    """The threads of one worker. A channel is one worker's at a time, by a lease in Redis."""

    def __init__(self) -> None:
        self._me = secrets.token_hex(8)
        self._stopping = threading.Event()
        self._threads: dict[int, threading.Thread] = {}
        self._not_before: dict[int, float] = {}
        self._redis = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=2)

    def start(self) -> None:
        threading.Thread(target=self._keep, name="watches", daemon=True).start()

    def stop(self) -> None:
        """Nothing more is begun. Whoever waits is left behind: it holds nothing."""
        self._stopping.set()

    def look(self) -> int:
        """Wait on whatever may be waited on and isn't yet. Returns on how many."""
        self._threads = {pk: thread for pk, thread in self._threads.items() if thread.is_alive()}
        for connection in watched():
            due = self._not_before.get(connection.pk, 0.0) <= time.monotonic()
            if connection.pk in self._threads:
                self._lease(connection.pk)
            elif due and self._lease(connection.pk):
                self._begin(connection)
        return len(self._threads)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            close_old_connections()
            try:
                self.look()
            except Exception:
                log.exception("watches_failed")
            finally:
                close_old_connections()
            self._stopping.wait(LOOK_EVERY_S)

    def _lease(self, pk: int) -> bool:
        """Taken or kept; nobody waits on anything new while Redis is away."""
        key = f"bellhop:watch:{pk}"
        try:
            if self._redis.set(key, self._me, nx=True, ex=LEASE_S):
                return True
            mine = self._redis.get(key) == self._me.encode()
            return mine and bool(self._redis.expire(key, LEASE_S))
        except (redis.RedisError, OSError):
            return False

    def _begin(self, connection: Connection) -> None:
        thread = threading.Thread(
            target=self._wait, args=(connection,), name=f"watch-{connection.pk}", daemon=True
        )
        self._threads[connection.pk] = thread
        thread.start()

    def _wait(self, connection: Connection) -> None:
        """Until there is trouble, or somebody changed the connection."""
        close_old_connections()
        try:
            while not self._stopping.is_set() and _is_as_it_was(connection):
                again = watch(connection)
                self._not_before[connection.pk] = time.monotonic() + again
                if again > PACE_S or self._stopping.wait(again):
                    return
        except Exception:
            self._not_before[connection.pk] = time.monotonic() + AGAIN_AFTER_S
            log.exception("watch_failed", connection=connection.pk)
        finally:
            close_old_connections()


def _is_as_it_was(connection: Connection) -> bool:
    rows = Connection.objects.filter(pk=connection.pk, paused_at__isnull=True)
    now = rows.first()
    return now is not None and now.credentials == connection.credentials
