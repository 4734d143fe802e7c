"""/healthz says that the process lives; /readyz says whether it can do its work, and what is in the way.

Only the database makes a web process unready (503): while Redis or the workers are away, intake, reading and writing go
on (invariant 2), so the answer is 200 with status "degraded".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from psycopg_pool import PoolTimeout

from bellhop.core import clock, heartbeat
from connectors.models import DeliveryState, WebhookDelivery

WORKER_LATE_S = 20.0
DELIVERY_LATE_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `detail` is for the operator: ages in seconds, or the kind of error."""

    ok: bool
    detail: Any = None


def _database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding(ok=True)


def _redis() -> Finding:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
    try:
        return Finding(ok=bool(client.ping()))
    except (redis.RedisError, OSError) as error:
        return Finding(ok=False, detail=type(error).__name__)
    finally:
        client.close()


def _alive(kind: str) -> Finding:
    age = heartbeat.age_s(kind)
    return Finding(ok=age is not None and age < WORKER_LATE_S, detail=None if age is None else round(age, 1))


def _deliveries() -> Finding:
    """Age of the oldest webhook that nobody has processed yet."""
    waiting = WebhookDelivery.objects.filter(state=DeliveryState.RECEIVED).order_by("id").first()
    age = 0.0 if waiting is None else (clock.now() - waiting.received_at).total_seconds()
    return Finding(ok=age < DELIVERY_LATE_S, detail=round(age, 1))


REQUIRED: dict[str, Callable[[], Finding]] = {"database": _database}
WATCHED: dict[str, Callable[[], Finding]] = {
    "redis": _redis,
    "worker": lambda: _alive("worker"),
    "scheduler": lambda: _alive("scheduler"),
    "deliveries": _deliveries,
}


def alive(_request: HttpRequest) -> JsonResponse:
    """Asks nothing of anybody: a process that answers this need not be restarted."""
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> JsonResponse:
    """200 "ok" or "degraded", 503 "down"; each check with what it found."""
    found = {name: _ask(check) for name, check in REQUIRED.items()}
    usable = all(finding.ok for finding in found.values())
    if usable:
        found |= {name: _ask(check) for name, check in WATCHED.items()}
    status = "down" if not usable else "ok" if all(finding.ok for finding in found.values()) else "degraded"
    checks = {name: {"ok": finding.ok, "detail": finding.detail} for name, finding in found.items()}
    answer = JsonResponse({"status": status, "checks": checks}, status=200 if usable else 503)
    answer["Cache-Control"] = "no-store"
    return answer


def _ask(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (DatabaseError, PoolTimeout) as error:
        return Finding(ok=False, detail=type(error).__name__)
