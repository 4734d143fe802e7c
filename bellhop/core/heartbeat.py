"""Signs of life of our processes, as rows: "worker" by each worker itself, "scheduler" by a task that beat sent."""

from __future__ import annotations

import threading
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max

from bellhop.core import clock
from bellhop.core.models import Heartbeat

FORGET = timedelta(days=1)

log = structlog.get_logger(__name__)


def beat(kind: str, name: str = "") -> None:
    """Say that `name` (default: this process) is alive."""
    Heartbeat.objects.update_or_create(
        name=name or settings.BELLHOP_WORKER_NAME, defaults={"kind": kind, "at": clock.now()}
    )


def keep_beating(kind: str, every_s: float) -> None:
    """Beat for ever; to be run in a thread of its own. A database that is away is tried again at the next beat."""
    idle = threading.Event()
    while True:
        try:
            beat(kind)
        except DatabaseError as error:
            log.warning("heartbeat_failed", error=type(error).__name__)
        finally:
            connection.close()
        idle.wait(every_s)


def age_s(kind: str) -> float | None:
    """Seconds since the newest sign of life of this kind; None if there never was one."""
    newest = Heartbeat.objects.filter(kind=kind).aggregate(newest=Max("at"))["newest"]
    return None if newest is None else (clock.now() - newest).total_seconds()


def prune() -> int:
    """Forget processes that ended long ago. Returns how many."""
    deleted, _ = Heartbeat.objects.filter(at__lt=clock.now() - FORGET).delete()
    return deleted
