"""/healthz and /readyz."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from bellhop import health
from bellhop.core import heartbeat


def test_healthz_asks_nobody(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_is_degraded_without_workers(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["worker"] == {"ok": False, "detail": None}
    assert answer.json()["checks"]["redis"]["ok"]


@pytest.mark.django_db
def test_readyz_is_ok_with_workers(client: Client) -> None:
    heartbeat.beat("worker")
    heartbeat.beat("scheduler", "scheduler")
    assert client.get("/readyz").json()["status"] == "ok"


@pytest.mark.django_db
def test_readyz_is_503_without_the_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> health.Finding:
        raise OperationalError

    monkeypatch.setitem(health.REQUIRED, "database", refuse)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": {"ok": False, "detail": "OperationalError"}}


def test_a_redis_that_is_away_is_said(settings: pytest.FixtureRequest) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert not health._redis().ok
