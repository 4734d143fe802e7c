"""A message as the subject of a case file."""

from __future__ import annotations

from typing import Any

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from connectors.contract.events import Entity
from connectors.ports import Subject
from inbox.models import Message
from inbox.services import threads


def subject(user: User, public_id: str) -> Subject | None:
    """The message of a thread that the person may see (invariant 10), at the system whose message it is: the channel of
    our own that it came or left on, else the PMS. None for one that neither ever had."""
    if not user.may(Permission.THREADS_READ):
        return None
    message = (
        Message.objects.filter(public_id=public_id, thread__in=threads.visible_to(user))
        .select_related("connection", "thread__connection")
        .prefetch_related("receipts")
        .first()
    )
    if message is None:
        return None
    is_direct = message.address_id is not None
    connection = message.connection if is_direct else message.thread.connection
    if connection is None:
        return None
    return Subject(
        connection=connection,
        entity=Entity.MESSAGE.value,
        object_id=message.pk,
        remote_id=message.remote_id,
        values=_values(message),
        # On a channel the conversation is the guest's address, which doesn't belong into the file.
        conversation_id="" if is_direct else message.thread.conversation_id,
        commands_named=(f"message:{message.pk}",),
    )


def _values(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: getattr(message, name)
        for name in ("direction", "author", "channel", "language", "sent_at", "arrived_late")
    }
    for receipt in message.receipts.all():
        since = f"{receipt.since:%Y-%m-%d %H:%M:%S} UTC"
        found[f"at_the_{receipt.destination}"] = " ".join(
            part for part in (receipt.state, since, receipt.reason_code) if part
        )
    return {
        **found,
        "characters": len(message.body),
        "author_name": message.author_name,
        "body": message.body,
    }
