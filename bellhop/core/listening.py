"""Wake-ups that are for now, taken by the workers without Celery's detour: one Redis list per task, blocking pops.

Each task has threads of its own, so that a PMS that takes 30 s to answer holds up no webhook. Running one is one call
of one service, as ever. Lost wake-ups cost a sweep (invariant 2).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import redis
import structlog
from django.conf import settings
from django.db import close_old_connections

from bellhop.core.wake import work_list

WAIT_S = 2.0
AWAY_S = 0.3

log = structlog.get_logger(__name__)


class Listeners:
    """Threads of a worker: `tasks` is name → (function, how many threads)."""

    def __init__(self, tasks: Mapping[str, tuple[Callable[[], object], int]]) -> None:
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._listen, args=(name, task), name=f"{name}-{number}", daemon=True)
            for name, (task, threads) in tasks.items()
            for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, within_s: float) -> None:
        """Take nothing more, and let what runs come to its end."""
        self._stopping.set()
        until = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _listen(self, name: str, task: Callable[[], object]) -> None:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=WAIT_S * 3)
        while not self._stopping.is_set():
            try:
                woken = client.blpop([work_list(name)], timeout=WAIT_S)
            except (redis.RedisError, OSError):
                self._stopping.wait(AWAY_S)
                continue
            if woken is not None:
                _run(name, task)


def _run(name: str, task: Callable[[], object]) -> None:
    close_old_connections()
    try:
        task()
    except Exception:
        # The row is still due: the sweep runs it again, as it would after a Celery task that failed.
        log.exception("woken_task_failed", task=name)
    finally:
        close_old_connections()
