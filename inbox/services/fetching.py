"""Fetching the files that guests sent: a row first, its bytes afterwards, tried again until here or given up."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import clock, files, incidents, wake
from bellhop.core.file_types import FileRefused
from bellhop.core.words import say
from connectors.contract.errors import (
    ConnectorError,
    NotFound,
    Rejected,
    Retryable,
    Unsupported,
)
from connectors.inbound import media
from inbox.models import Attachment, FileState, Message, Notice
from inbox.services import attachments, notices, threads
from inbox.services.notices import About
from inbox.services.uploads import columns

RETRY_AFTER: Final = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3_600, 21_600))
LEASE: Final = timedelta(minutes=5)
BUSY_FOR_S: Final = 10.0
"""A worker's turn: then it takes no further file, so that a long import leaves room for others."""
YOUNG: Final = timedelta(days=2)
INCIDENT: Final = "files_not_fetched"

_BAD_ADDRESS = frozenset({"address_refused", "foreign_address"})
# Nothing is wrong with the file: it is not its turn.
_NO_TRY = frozenset({"down", "own_limit", "credentials_refused"})

log = structlog.get_logger(__name__)


def fetch_due() -> int:
    """Fetch what is due, the newest first, for ten seconds. Returns how many were kept."""
    kept, ends = 0, time.monotonic() + BUSY_FOR_S
    while time.monotonic() < ends and (file := _claim()) is not None:
        kept += _fetch(file)
    return kept


def again(user: User, file: Attachment) -> None:
    """Try once more to fetch a file that was given up. Nothing where it isn't."""
    require(user, Permission.THREADS_READ)
    failed = Attachment.objects.filter(pk=file.pk, state=FileState.FAILED)
    if failed.update(state=FileState.WANTED, reason="", tries=0, next_try_at=None):
        wake.task("inbox.fetch_files")


@transaction.atomic
def _claim() -> Attachment | None:
    """The next one, leased for five minutes: a worker that dies meanwhile loses nothing."""
    now = clock.now()
    due = Attachment.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        Q(next_try_at__isnull=True) | Q(next_try_at__lte=now),
        state__in=(FileState.WANTED, FileState.FETCHING),
    )
    file = due.order_by("-pk").first()
    if file is not None:
        file.state, file.tries, file.next_try_at = FileState.FETCHING, file.tries + 1, now + LEASE
        file.save(update_fields=["state", "tries", "next_try_at"])
    return file


def _fetch(file: Attachment) -> bool:
    message = Message.objects.select_related("thread", "connection").filter(attachments=file).first()
    if message is None:
        return False  # deleted in between
    try:
        kept = _brought(file, message)
    except FileRefused as refused:
        _end(file, message, FileState.REFUSED, refused.code)
    except (ConnectorError, OSError) as error:
        final = _final(error)
        if final is None:
            _later(file, message, error)
        else:
            _end(file, message, *final)
    else:
        return _keep(file, message, kept)
    return False


def _final(error: ConnectorError | OSError) -> tuple[FileState, str] | None:
    """(state, reason) where trying again leads nowhere."""
    code = getattr(error, "code", "")
    if code == "too_large":
        return FileState.REFUSED, "too_large"
    if code in _BAD_ADDRESS:
        return FileState.FAILED, "address"
    for kind, why in ((NotFound, "gone"), (Rejected, "rejected"), (Unsupported, "unsupported")):
        if isinstance(error, kind):
            return FileState.FAILED, why
    return None


def _brought(file: Attachment, message: Message) -> files.Kept:
    if message.connection is None:
        raise Unsupported(detail="no connection")
    brought = media.read(message.connection, attachments.reference(file, message))
    return files.keep(brought.content, file.name or brought.name)


@transaction.atomic
def _keep(file: Attachment, message: Message, kept: files.Kept) -> bool:
    leased = Attachment.objects.filter(pk=file.pk, state=FileState.FETCHING, tries=file.tries)
    if not leased.update(state=FileState.KEPT, reason="", next_try_at=None, **columns(kept)):
        return False  # it was deleted, or its lease was over: what was stored is swept
    files.in_use(kept)
    assert message.connection is not None
    incidents.close_incident(message.organization_id, INCIDENT, subject=str(message.connection.pk))
    threads.announce(message.thread, "files", message=message.pk)
    return True


def _later(file: Attachment, message: Message, error: ConnectorError | OSError) -> None:
    code = getattr(error, "code", "")
    log.warning(
        "file_not_fetched", attachment=file.pk, tries=file.tries, error=type(error).__name__, code=code
    )
    tries = file.tries - 1 if code in _NO_TRY else file.tries
    if tries > len(RETRY_AFTER):
        _end(file, message, FileState.FAILED, "unreachable")
        return
    after = RETRY_AFTER[max(tries, 1) - 1]
    told = error.after_s if isinstance(error, Retryable) else None
    Attachment.objects.filter(pk=file.pk, state=FileState.FETCHING, tries=file.tries).update(
        state=FileState.WANTED,
        tries=tries,
        next_try_at=clock.now() + max(after, timedelta(seconds=told or 0)),
    )


@transaction.atomic
def _end(file: Attachment, message: Message, state: FileState, code: str) -> None:
    """It won't be here. Where the message is young, whoever has its thread is told, and who runs the connection if it
    gives no files."""
    leased = Attachment.objects.filter(pk=file.pk, state=FileState.FETCHING, tries=file.tries)
    if not leased.update(state=state, reason=code, next_try_at=None):
        return
    thread, told = message.thread, []
    if state == FileState.FAILED and message.created_at > clock.now() - YOUNG:
        about = About(thread=thread, message=message, data={"name": file.name, "reason": code})
        told = notices.tell([thread.assignee] if thread.assignee else [], Notice.Kind.FILE, about)
        if code == "unreachable":
            _open_incident(message)
    threads.announce(thread, "files", told, message=message.pk)


def _open_incident(message: Message) -> None:
    assert message.connection is not None
    incidents.open_incident(
        message.organization_id,
        INCIDENT,
        say("Files of guests can't be fetched from %(name)s", name=message.connection.name),
        subject=str(message.connection.pk),
        remedy=say("Look whether it is reachable from here, then press Try again beside the file."),
        connection_id=message.connection.pk,
    )
