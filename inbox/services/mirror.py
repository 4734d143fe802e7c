"""The second leg: what is said on a channel of our own is kept in the PMS, too, by the best way that the PMS has, in
the order of utterance, and never reaches the guest from there."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import clock
from connectors.contract.base import PmsConnector
from connectors.contract.intents import AddNote, MirrorMessage
from connectors.contract.registry import pms_class
from connectors.models import Command, CommandKind, Connection, ConnectionKind, Origin
from connectors.outbound import outbox
from inbox.models import Author, Destination, Direction, Message, Receipt, ReceiptState, Thread
from inbox.services import row_view, threads
from inbox.services.chat import links

REPEATS = "repeat"
"""The purpose of a message that only says again, elsewhere, what stands in the thread (and so in the PMS)."""
_LEFT = (ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ, ReceiptState.UNCONFIRMED)


def owe(thread: Thread, message: Message, due_at: datetime | None = None) -> Command | None:
    """Owe the PMS a copy and make its receipt; None where this thread has no place there (yet)."""
    command = _enqueue(thread, message, due_at)
    if command is None:
        return None
    Receipt.objects.create(
        organization_id=thread.organization_id,
        message=message,
        thread=thread,
        destination=Destination.PMS,
        state=ReceiptState.QUEUED,
        command_id=command.pk,
        since=message.created_at,
    )
    return command


def catch_up(thread: Thread) -> int:
    """Owe copies of all that the thread holds and that the PMS doesn't have, oldest first: it was just linked to a
    stay."""
    if thread.connection_id is None:
        return 0
    missing = (
        thread.messages.exclude(connection=None)
        .exclude(connection_id=thread.connection_id)
        .exclude(receipts__destination=Destination.PMS)
        .filter(withdrawn_at=None)
        .order_by("sent_at", "sequence", "id")
    )
    return sum(has_left(message) and owe(thread, message) is not None for message in missing)


def owe_automatic(thread: Thread, message: Message) -> bool:
    """Owe the copy of what nobody typed, now that it has left. False where there is nothing to do."""
    if not _is_automatic(message) or message.receipts.filter(destination=Destination.PMS).exists():
        return False
    return has_left(message) and owe(thread, message) is not None


def has_left(message: Message) -> bool:
    """Did it go out, or come in, and is it new? What nobody typed may be held back, and never leave."""
    if not _is_automatic(message):
        return True
    sent = Command.objects.filter(subject=f"message:{message.pk}", kind=CommandKind.SEND_DIRECT)
    if sent.filter(intent__purpose=REPEATS).exists():
        return False
    return message.receipts.filter(destination=Destination.GUEST, state__in=_LEFT).exists()


def _is_automatic(message: Message) -> bool:
    return (
        message.author == Author.AUTOMATIC
        and message.direction == Direction.OUTBOUND
        and message.address_id is not None
    )


class Keeping(StrEnum):
    """What can be said about messages that the PMS was not asked to keep: nothing where there is no PMS, that there is
    no place for them, or that they may be added."""

    NONE = ""
    NO_PLACE = "no_place"
    POSSIBLE = "possible"


def keeping(thread: Thread, message: Message) -> Keeping:
    """How it is with this one. A statement or two."""
    if intent_for(thread, message) is not None:
        return Keeping.POSSIBLE
    pms = Connection.objects.filter(organization_id=thread.organization_id, kind=ConnectionKind.PMS)
    return Keeping.NO_PLACE if thread.connection_id is not None or pms.exists() else Keeping.NONE


@transaction.atomic
def keep(user: User, message: Message) -> None:
    """A person adds it to the PMS after all. Raises NotPossible where there is no place, or it is owed already."""
    require(user, Permission.THREADS_NOTE)
    thread = threads.lock(message.thread_id, "connection", "stay", "property")
    owed = message.receipts.filter(destination=Destination.PMS).exists()
    if owed or message.address_id is None or owe(thread, message) is None:
        raise outbox.NotPossible("no place")
    threads.save(thread)
    threads.announce(thread, "receipt", message=message.pk)


def _enqueue(thread: Thread, message: Message, due_at: datetime | None) -> Command | None:
    intent = intent_for(thread, message)
    if intent is None or thread.connection is None:
        return None
    return outbox.enqueue(
        thread.connection,
        intent,
        subject=f"message:{message.pk}",
        order_key=f"{thread.order_key}:later:{message.pk}" if message.send_at else thread.order_key,
        origin=Origin.SYSTEM,
        place_id=thread.property_id,
        due_at=due_at,
    )


def intent_for(thread: Thread, message: Message) -> AddNote | MirrorMessage | None:
    """How this PMS keeps it; None where it has nothing to keep it on."""
    if thread.connection is None:
        return None
    pms = pms_class(thread.connection.slug)
    stay = thread.stay if thread.stay and thread.stay.connection_id == thread.connection_id else None
    if MirrorMessage in pms.performs and stay is not None:
        return MirrorMessage(
            reservation_id=stay.remote_id,
            body=_text(message),
            direction=message.direction,
            channel=row_view.channel_words(message.channel)[0],
            author=_author(thread, message),
            said_at=_said_at(thread, message),
        )
    return _note(pms, thread, message, stay.remote_id if stay else None)


def words_of(thread: Thread, message: Message) -> dict[str, str]:
    """The fields of the copy that say what the message says, and when: they change with it."""
    intent = intent_for(thread, message)
    if isinstance(intent, MirrorMessage):
        return {"body": intent.body, "said_at": intent.said_at}
    return {"body": intent.body, "written_at": intent.written_at} if intent else {"body": message.body}


def _note(pms: type[PmsConnector], thread: Thread, message: Message, stay_id: str | None) -> AddNote | None:
    in_conversation = pms.notes_in_conversations and bool(thread.conversation_id)
    if AddNote not in pms.performs or not (in_conversation or stay_id):
        return None
    arrow = "Guest →" if message.direction == Direction.INBOUND else "→ Guest"
    channel, said_at = row_view.channel_words(message.channel)[0], _said_at(thread, message)
    return AddNote(
        body=f"{arrow} {channel}, {_author(thread, message)}, {said_at}\n{_text(message)}",
        conversation_id=thread.conversation_id if in_conversation else None,
        reservation_id=stay_id,
        written_at=said_at,
    )


def _text(message: Message) -> str:
    """The words, and where the files are: PMSs take none here, so a link for colleagues is kept. What
    opens the guest portal is for its recipient alone."""
    body = links.hidden(message.body)
    names = [file.name or file.mime_type for file in message.attachments.order_by("pk")]
    if not names:
        return body
    link = reverse("inbox:thread", args=["all", message.thread.public_id])
    files = f"[{', '.join(names)}: {settings.BELLHOP_PUBLIC_URL}{link}?m={message.public_id}]"
    return f"{body}\n{files}".strip()


def _author(thread: Thread, message: Message) -> str:
    if message.author_name:
        return message.author_name
    return thread.party_name if message.direction == Direction.INBOUND else thread.organization.name


def _said_at(thread: Thread, message: Message) -> str:
    zone = thread.property.zone if thread.property else None
    if _is_automatic(message):
        return f"{clock.now().astimezone(zone):%Y-%m-%d %H:%M}"
    return f"{(message.send_at or message.sent_at).astimezone(zone):%Y-%m-%d %H:%M}"
