"""Celery tasks of the floor; each is one call of one service."""

from __future__ import annotations

from celery import shared_task

from bellhop.core import files, heartbeat, mail, prune


@shared_task(name="core.heartbeat")
def beat() -> None:
    heartbeat.beat("scheduler", "scheduler")


@shared_task(name="core.prune")
def forget() -> None:
    prune.prune()


@shared_task(name="core.send_mail")
def send_mail() -> None:
    mail.send_due()


@shared_task(name="core.sweep_files")
def sweep_files() -> None:
    files.sweep()
