"""Celery carries wake-ups and the clock. Rows are the truth: a lost message costs one sweep, nothing more."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery
from celery.app.amqp import AMQP
from celery.schedules import schedule
from celery.signals import worker_init, worker_ready, worker_shutting_down
from kombu.connection import Connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bellhop.settings")

from django.conf import settings

from bellhop.core.listening import Listeners
from bellhop.core.wake import AT_ONCE

QUEUES = ("inbound", "outbound", "default")
HEARTBEAT_EVERY_S = 5.0
STOP_WITHIN_S = 20.0

# task → (seconds between two runs, queue). Each task is one call of one service.
SWEEPS: dict[str, tuple[float, str]] = {
    "connectors.sweep_outbound": (2.0, "outbound"),
    "connectors.sweep_inbound": (5.0, "inbound"),
    "connectors.sync": (15.0, "default"),
    "connectors.ensure_subscriptions": (10.0, "default"),
    "inbox.after_settling": (5.0, "default"),
    "reservations.send_due": (5.0, "default"),
    "reservations.begin_days": (60.0, "default"),
    "reservations.night_audits": (30.0, "default"),
    "connectors.watch_health": (3.0, "default"),
    "connectors.catch_up": (15.0, "default"),
    "connectors.check_ledger": (300.0, "default"),
    "connectors.compare": (30.0, "default"),
    "connectors.watch_traffic": (60.0, "default"),
    "connectors.learn_shapes": (10.0, "default"),
    "connectors.check_freshness": (300.0, "default"),
    "connectors.check_reviews": (3600.0, "default"),
    "inbox.wake_snoozed": (15.0, "default"),
    "core.heartbeat": (HEARTBEAT_EVERY_S, "default"),
    "core.send_mail": (10.0, "default"),
    "inbox.fetch_files": (10.0, "default"),
    "inbox.mail_unread_chats": (30.0, "default"),
    "core.sweep_files": (60.0, "default"),
    "core.prune": (3600.0, "default"),
    "inbox.prune": (3600.0, "default"),
}


class EagerConnection(Connection):
    """kombu waits 2 s, 4 s … 30 s for a broker that is away; ours may be back at any moment."""

    def ensure_connection(
        self, errback: Callable[..., Any] | None = None, max_retries: int | None = None, **options: Any
    ) -> Any:
        pace = {"interval_start": 0.2, "interval_step": 0.2, "interval_max": 1.0}
        return super().ensure_connection(errback, max_retries, **(options | pace))  # type: ignore[no-untyped-call]


class EagerAMQP(AMQP):
    Connection = EagerConnection


class BellhopCelery(Celery):
    amqp_cls = "bellhop.celery:EagerAMQP"


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis address: a socket is redis+socket:// with the database as virtual host."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"


def beat_entry(task: str, seconds: float, queue: str) -> dict[str, Any]:
    """A message that nobody took within its interval is dropped: the next one says the same."""
    options = {"queue": queue, "expires": seconds, "ignore_result": True}
    return {"task": task, "schedule": schedule(seconds), "options": options}


app = BellhopCelery("bellhop")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "global_keyprefix": "bellhop:",
        "socket_connect_timeout": 0.5,
        "socket_timeout": 0.8,
        "health_check_interval": 5,
    },
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
    beat_scheduler="celery.beat:Scheduler",  # in memory: what ran when is of no interest after a restart
    beat_max_loop_interval=5,
    timezone="UTC",
)
app.set_default()  # for every thread of the process, so that `current_app` is this one
app.autodiscover_tasks()


_listeners: list[Listeners] = []


@worker_ready.connect
def _listen(**_: Any) -> None:
    """What people wait for comes by a shorter way than Celery's."""
    listeners = Listeners({name: (app.tasks[name], threads) for name, threads in AT_ONCE.items()})
    listeners.start()
    _listeners.append(listeners)


@worker_shutting_down.connect
def _stop_listening(**_: Any) -> None:
    """Celery waits for its own tasks; these are waited for here, off the signal handler."""
    for listeners in _listeners:
        threading.Thread(target=listeners.stop, args=(STOP_WITHIN_S,), name="listeners-stop").start()


@worker_init.connect
def _check_settings(**_: Any) -> None:
    from bellhop import checks

    checks.at_start()
    # Many threads that mostly wait: one whose answer has come waits half a millisecond for its turn, not five.
    sys.setswitchinterval(0.0005)


@worker_ready.connect
def _show_signs_of_life(**_: Any) -> None:
    """A worker tells that it lives by itself, not by a task: it lives on while Redis is away."""
    from bellhop.core import heartbeat

    threading.Thread(
        target=heartbeat.keep_beating, args=("worker", HEARTBEAT_EVERY_S), name="heartbeat", daemon=True
    ).start()
