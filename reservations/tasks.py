"""Celery tasks: each is one call of one service."""

from __future__ import annotations

from celery import shared_task

from reservations.sequences import sending


@shared_task(name="reservations.send_due")
def send_due() -> None:
    sending.send_due()
