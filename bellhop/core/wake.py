"""Wake-ups by Redis. They may be lost: every sleeper also looks at the rows by itself (invariant 2).

A Redis that is gone or silent must not slow a request: short time-outs, and after a failure no new try for a moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

LIVE_CHANNEL = "bellhop:live"
# What people wait for: these skip Celery's way. Task → threads for it in each worker.
AT_ONCE = {"connectors.process_inbound": 6, "connectors.drain_outbound": 8, "inbox.after_settling": 2}
_PAUSE_S = 1.0
_TIMEOUT_S = 0.5
_WORK_KEPT = 100

log = structlog.get_logger(__name__)
_lock = threading.Lock()
_silent_until = 0.0


# Made once, at import: a second client that two threads made at once would close its connections as it goes.
_client = redis.Redis.from_url(
    settings.REDIS_URL, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=None
)


def publish(channel: str, text: str) -> bool:
    """Publish `text`; False if Redis could not be asked. Never raises for a Redis that is away."""
    return _try(lambda: _client.publish(channel, text))


def task(name: str, *args: Any, queue: str = "default", delay_s: float = 0.0) -> bool:
    """Wake a worker with the task `name`, after `delay_s` seconds; False if Redis could not be asked.

    Never raises for a Redis that is away: the sweeps find the row anyway, so a late wake-up is dropped (`expires`).
    """
    if delay_s <= 0 and not args and name in AT_ONCE:
        return worker(name)
    return _try(
        lambda: current_app.send_task(
            name,
            args=args,
            queue=queue,
            countdown=delay_s or None,
            expires=delay_s + 60,
            retry=False,
            ignore_result=True,
        )
    )


def after_commit(name: str, *, queue: str = "default", delay_s: float = 0.0) -> None:
    """`task` once the transaction is committed. Whatever goes wrong then, the change stands and the caller goes on."""
    transaction.on_commit(lambda: task(name, queue=queue, delay_s=delay_s), robust=True)


def work_list(name: str) -> str:
    """The Redis key under which wake-ups of one task wait."""
    return f"bellhop:work:{name}"


def worker(name: str) -> bool:
    """Have a worker run the task `name` now (see `core.listening`); False if Redis could not be asked.

    A list, so that one wake-up wakes one worker. It is kept short and dies young: nobody needs old wake-ups.
    """

    def push() -> None:
        pipe = _client.pipeline(transaction=False)
        pipe.rpush(work_list(name), 1)
        pipe.ltrim(work_list(name), -_WORK_KEPT, -1)
        pipe.expire(work_list(name), 60)
        pipe.execute()

    return _try(push)


def _try(ask: Callable[[], object]) -> bool:
    global _silent_until
    if not available():
        return False
    try:
        ask()
    except (redis.RedisError, OperationalError, OSError) as error:
        with _lock:
            if available():
                log.warning("redis_unavailable", error=type(error).__name__)
            _silent_until = time.monotonic() + _PAUSE_S
        return False
    return True


def available() -> bool:
    """Did the last publish work? Lets a task be enqueued only where it has a chance."""
    return time.monotonic() >= _silent_until


def sockets(organization_id: int) -> None:
    """Tell the hubs of all web processes that an organization has new live events."""
    publish(LIVE_CHANNEL, str(organization_id))
