"""Signs of life of our processes, as rows: read by /readyz and by whoever frees the leases of the dead."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Max

from bellhop.core import clock
from bellhop.core.models import Heartbeat

FORGET = timedelta(days=1)


def beat(kind: str, name: str = "") -> None:
    """Say that this process is alive. `name` defaults to BELLHOP_WORKER_NAME."""
    Heartbeat.objects.update_or_create(
        name=name or settings.BELLHOP_WORKER_NAME, defaults={"kind": kind, "at": clock.now()}
    )


def age_s(kind: str) -> float | None:
    """Seconds since the newest sign of life of this kind of process; None if there never was one."""
    newest = Heartbeat.objects.filter(kind=kind).aggregate(newest=Max("at"))["newest"]
    return None if newest is None else (clock.now() - newest).total_seconds()


def prune() -> int:
    """Forget processes that ended long ago. Returns how many."""
    deleted, _ = Heartbeat.objects.filter(at__lt=clock.now() - FORGET).delete()
    return deleted
