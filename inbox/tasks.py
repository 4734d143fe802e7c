"""Celery tasks: each is one call of one service."""

from __future__ import annotations

from celery import shared_task

from inbox.services import fetching, notices, receipts, triage
from inbox.services.chat import waiting


@shared_task(name="inbox.after_settling")
def after_settling() -> None:
    receipts.after_settling()


@shared_task(name="inbox.wake_snoozed")
def wake_snoozed() -> None:
    triage.wake_snoozed()


@shared_task(name="inbox.prune")
def forget() -> None:
    notices.prune()


@shared_task(name="inbox.fetch_files")
def fetch_files() -> None:
    fetching.fetch_due()


@shared_task(name="inbox.mail_unread_chats")
def mail_unread_chats() -> None:
    waiting.mail_due()
