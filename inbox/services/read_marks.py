"""What a person has read is shown as read to the guest, on channels that can show it. A courtesy: its Command goes
last, holds nobody up, and is given up after an hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat

from bellhop.accounts.models import User
from bellhop.core import clock
from connectors.contract.direct import Channel
from connectors.contract.intents import MarkRead
from connectors.contract.registry import connector_class
from connectors.models import Command, Origin
from connectors.outbound import outbox
from inbox.models import Direction, Message, Thread

GIVE_UP_AFTER: Final = timedelta(hours=1)
MARKED: Final = {Channel.WHATSAPP.value}


def owe(user: User, thread: Thread, up_to: int) -> Command | None:
    """Owe the mark for the guest's newest message up to `up_to`, once: it stands for all before it. None where there is
    nothing to mark, or the organization shows none."""
    if not user.organization.show_read_marks:
        return None
    message = _newest(thread, up_to)
    if message is None or message.connection is None or message.has_mark:  # type: ignore[attr-defined]
        return None
    if MarkRead not in connector_class(message.connection.slug).performs:
        return None
    now = clock.now()
    return outbox.enqueue(
        message.connection,
        MarkRead(message_id=message.remote_id),
        subject=_subject(message.pk),
        order_key=_subject(message.pk),
        origin=Origin.SYSTEM,
        give_up_at=now + GIVE_UP_AFTER,
        place_id=thread.property_id,
    )


def _newest(thread: Thread, up_to: int) -> Message | None:
    said = Message.objects.filter(
        thread=thread,
        pk__lte=up_to,
        direction=Direction.INBOUND,
        channel__in=MARKED,
        address__isnull=False,
    ).exclude(remote_id="")
    subject = Concat(Value(_subject("")), Cast(OuterRef("pk"), CharField()))
    marked = said.annotate(has_mark=Exists(Command.objects.filter(subject=subject)))
    return marked.select_related("connection").order_by("-sent_at", "-sequence", "-id").first()


def _subject(message_id: int | str) -> str:
    return f"read:{message_id}"
