"""Celery carries wake-ups and the clock. Rows are the truth: a lost message costs one sweep, nothing more."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery
from celery.schedules import schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bellhop.settings")

from django.conf import settings

QUEUES = ("inbound", "outbound", "default")

# task → (seconds between two runs, queue). Each task is one call of one service.
SWEEPS: dict[str, tuple[float, str]] = {
    "connectors.sweep_outbound": (2.0, "outbound"),
    "connectors.sweep_inbound": (5.0, "inbound"),
    "connectors.watch_health": (15.0, "default"),
    "connectors.catch_up": (60.0, "inbound"),
    "inbox.wake_snoozed": (15.0, "default"),
    "core.heartbeat": (5.0, "default"),
    "core.prune": (3600.0, "default"),
}


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis address: a Unix socket is redis+socket:// with the database as virtual host."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"


def beat_entry(task: str, seconds: float, queue: str) -> dict[str, Any]:
    """A message that nobody took within its interval is dropped: the next one says the same."""
    return {
        "task": task,
        "schedule": schedule(seconds),
        "options": {"queue": queue, "expires": seconds, "ignore_result": True},
    }


app = Celery("bellhop")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "socket_connect_timeout": 1.0,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "retry_on_timeout": False,
        "global_keyprefix": "bellhop:",
        # kombu waits 2 s, 4 s, … up to 30 s for a broker that is away; ours is expected back at any moment.
        "interval_start": 0.2,
        "interval_step": 0.3,
        "interval_max": 1.0,
    },
    broker_pool_limit=10,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=False,
    task_default_queue="default",
    task_publish_retry=False,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    beat_schedule={name: beat_entry(name, *entry) for name, entry in SWEEPS.items()},
    beat_max_loop_interval=5,
    timezone="UTC",
)
app.set_default()  # for every thread of the process, so that `current_app` is this one
app.autodiscover_tasks()
