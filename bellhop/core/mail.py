"""E-mail as rows: what is to be sent is committed with its cause, and a task sends it until the server has taken it."""

from __future__ import annotations

import smtplib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from bellhop.core import clock, incidents, wake
from bellhop.core.models import OutgoingMail
from bellhop.core.words import say

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 960))
LEASE = timedelta(minutes=5)
KEEP = timedelta(days=30)
INCIDENT = "mail_not_sent"

log = structlog.get_logger(__name__)


def is_configured() -> bool:
    """Is there a mail server (BELLHOP_EMAIL_URL)?"""
    return bool(settings.BELLHOP_EMAIL_HOST)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with an e-mail."""

    name: str
    mime_type: str
    data: bytes


def enqueue(
    to: str,
    subject: str,
    body: str,
    *,
    organization_id: int | None = None,
    attached: Sequence[Attached] = (),
) -> OutgoingMail | None:
    """Owe somebody an e-mail, in the caller's transaction. None where no server is configured.

    A failure for good opens an incident in `organization_id`, if one is given.
    """
    if not is_configured():
        log.info("mail_not_configured", subject=subject)
        return None
    now = clock.now()
    mail = OutgoingMail.objects.create(
        organization_id=organization_id,
        address=to,
        content={
            "subject": " ".join(subject.split())[:200],
            "body": body,
            "attached": [[file.name, file.mime_type, b64encode(file.data).decode()] for file in attached],
        },
        created_at=now,
        due_at=now,
    )
    wake.after_commit("core.send_mail")
    return mail


def send_due() -> int:
    """Send everything that is due. Returns how many were taken by the server."""
    sent = 0
    while (mail := _claim()) is not None:
        sent += _send(mail)
    return sent


@transaction.atomic
def _claim() -> OutgoingMail | None:
    """The next one, leased for five minutes: a worker that dies meanwhile loses nothing."""
    now = clock.now()
    waiting = OutgoingMail.objects.select_for_update(skip_locked=True).filter(
        state=OutgoingMail.State.WAITING, due_at__lte=now
    )
    mail = waiting.order_by("due_at", "pk").first()
    if mail is not None:
        mail.tries += 1
        mail.due_at = now + LEASE
        mail.save(update_fields=["tries", "due_at"])
    return mail


def _send(mail: OutgoingMail) -> bool:
    message = EmailMessage(mail.content["subject"], mail.content["body"], to=[mail.address])
    for name, mime_type, data in mail.content.get("attached", ()):
        message.attach(name, b64decode(data), mime_type)
    try:
        with get_connection(settings.BELLHOP_EMAIL_TRANSPORT) as server:
            server.send_messages([message])
    except (smtplib.SMTPException, OSError) as error:
        _failed(mail, error)
        return False
    # The text may hold a link that works once: it isn't kept.
    mail.state, mail.sent_at, mail.content, mail.error = OutgoingMail.State.SENT, clock.now(), {}, ""
    mail.save(update_fields=["state", "sent_at", "content", "error"])
    return True


def _failed(mail: OutgoingMail, error: Exception) -> None:
    """Try again later, unless the server refused the address for good or a day and a half has passed."""
    refused = isinstance(error, smtplib.SMTPRecipientsRefused) and all(
        code >= 500 for code, _answer in error.recipients.values()
    )
    mail.error = f"{type(error).__name__}: {error}"[:300]
    if refused or mail.tries > len(RETRY_AFTER):
        mail.state, mail.content = OutgoingMail.State.FAILED, {}
    else:
        mail.due_at = clock.now() + RETRY_AFTER[mail.tries - 1]
    with transaction.atomic():
        mail.save(update_fields=["state", "content", "error", "due_at"])
        if mail.state == OutgoingMail.State.FAILED and mail.organization_id is not None:
            incidents.open_incident(
                mail.organization_id,
                INCIDENT,
                say("An e-mail to %(address)s could not be sent", address=mail.address),
                subject=mail.address,
                detail=mail.error,
                remedy=say("Check the address and BELLHOP_EMAIL_URL."),
            )
    log.warning("mail_failed", tries=mail.tries, state=mail.state, error=type(error).__name__)


def prune() -> int:
    """Forget e-mails that ended more than 30 days ago. Returns how many."""
    ended = OutgoingMail.objects.exclude(state=OutgoingMail.State.WAITING)
    deleted, _rows = ended.filter(created_at__lt=clock.now() - KEEP).delete()
    return deleted


class QueueBackend(BaseEmailBackend):
    """Django's door: what a package sends becomes rows too."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        owed = [
            enqueue(address, str(message.subject), str(message.body))
            for message in email_messages
            for address in message.recipients()
        ]
        return len([mail for mail in owed if mail is not None])
