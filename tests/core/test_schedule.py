"""What beat sends must exist, must expire before it is sent again, and must go to a queue that workers read."""

from __future__ import annotations

import pytest
from celery import current_app

from bellhop import celery
from bellhop.core import wake


@pytest.mark.parametrize("name", celery.SWEEPS)
def test_every_scheduled_task_exists(name: str) -> None:
    current_app.loader.import_default_modules()
    assert name in current_app.tasks


@pytest.mark.parametrize("name", celery.SWEEPS)
def test_a_message_expires_before_the_next_one(name: str) -> None:
    entry = celery.app.conf.beat_schedule[name]
    assert entry["options"]["expires"] <= entry["schedule"].run_every.total_seconds()
    assert entry["options"]["queue"] in celery.QUEUES


def test_a_socket_becomes_the_broker_with_its_database() -> None:
    assert (
        celery.broker_url("unix:///a%20b/redis.sock?db=3")
        == "redis+socket:///a%20b/redis.sock?virtual_host=3"
    )
    assert celery.broker_url("redis://host:6379/1") == "redis://host:6379/1"


def test_an_absent_redis_is_asked_once_a_second(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wake-up to a Redis that is away is False at once, for a moment even without asking."""
    asked = []

    def refuse(*_: object) -> None:
        asked.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr(wake, "_silent_until", 0.0)
    monkeypatch.setattr(wake._client, "publish", refuse)
    assert [wake.publish("x", "y"), wake.publish("x", "y"), wake.task("core.heartbeat")] == [False] * 3
    assert len(asked) == 1
