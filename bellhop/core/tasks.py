"""Celery tasks of the floor; each is one call of one service."""

from __future__ import annotations

from celery import shared_task

from bellhop.core import heartbeat as beats
from bellhop.core import live


@shared_task(name="core.heartbeat")
def heartbeat() -> None:
    beats.beat("worker")


@shared_task(name="core.prune")
def prune() -> None:
    live.prune()
