"""Celery tasks: each is one call of one service."""

from __future__ import annotations

from celery import shared_task

from reservations.board import night
from reservations.night_audit import sweeping
from reservations.sequences import sending, stopping


@shared_task(name="reservations.send_due")
def send_due() -> None:
    sending.send_due()


@shared_task(name="reservations.take_back")
def take_back() -> None:
    stopping.take_back_waiting()


@shared_task(name="reservations.begin_days")
def begin_days() -> None:
    night.begin_days()


@shared_task(name="reservations.night_audits")
def night_audits() -> None:
    sweeping.sweep()
