"""Celery tasks: each is one call of one service."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down

from connectors.inbound import processing, subscriptions, sync
from connectors.inbound.watching import Watches
from connectors.outbound import delivery, probe
from connectors.trust import drift_runs, freshness, ledger, rehearsals, rules_review, shapes, traffic


@shared_task(name="connectors.process_inbound")
def process_inbound() -> None:
    processing.drain()


@shared_task(name="connectors.sweep_inbound")
def sweep_inbound() -> None:
    processing.drain()


@shared_task(name="connectors.drain_outbound")
def drain_outbound() -> None:
    delivery.drain()


@shared_task(name="connectors.sweep_outbound")
def sweep_outbound() -> None:
    delivery.drain()


@shared_task(name="connectors.sync")
def sync_runs() -> None:
    sync.run_due()


@shared_task(name="connectors.catch_up")
def catch_up() -> None:
    sync.plan_catch_ups()


@shared_task(name="connectors.watch_health")
def watch_health() -> None:
    probe.probe_due()


@shared_task(name="connectors.ensure_subscriptions")
def ensure_subscriptions() -> None:
    subscriptions.ensure_due()


@shared_task(name="connectors.rehearse")
def rehearse(rehearsal_id: int) -> None:
    rehearsals.carry_out(rehearsal_id)


@shared_task(name="connectors.check_ledger")
def check_ledger() -> None:
    ledger.check()


@shared_task(name="connectors.watch_traffic")
def watch_traffic() -> None:
    traffic.watch()


@shared_task(name="connectors.learn_shapes")
def learn_shapes() -> None:
    shapes.learn()


@shared_task(name="connectors.check_freshness")
def check_freshness() -> None:
    freshness.check()


@shared_task(name="connectors.check_reviews")
def check_reviews() -> None:
    rules_review.check()


@shared_task(name="connectors.compare")
def compare() -> None:
    drift_runs.run_due()


_watches: list[Watches] = []


@worker_ready.connect
def _watch(**_: Any) -> None:
    """Waiting for minutes is nothing for Celery's own threads."""
    watches = Watches()
    watches.start()
    _watches.append(watches)


@worker_shutting_down.connect
def _watch_no_more(**_: Any) -> None:
    for watches in _watches:
        watches.stop()
