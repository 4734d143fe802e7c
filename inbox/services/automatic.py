"""Messages that no person typed: answers to STOP and HELP, and whatever is sent by plan."""

from __future__ import annotations

from bellhop.core import clock, search
from connectors.contract.direct import AddressKind, Channel
from connectors.contract.intents import SendMessage, Template
from connectors.models import Connection, Origin
from connectors.outbound import outbox
from inbox.models import Author, Destination, Direction, Message, Thread
from inbox.services import legs
from inbox.services.legs import Way
from reservations.models import ChannelAddress


def send(
    thread: Thread,
    address: ChannelAddress,
    text: str,
    *,
    purpose: str = "transactional",
    origin: Origin = Origin.SYSTEM,
    unsubscribe: bool = False,
    label: str = "",
    subject: str = "",
    reservation_id: int | None = None,
    template: Template | None = None,
) -> Message:
    """Commit a message to one address with its legs, in the caller's transaction, the thread locked. Consent is asked
    when it leaves. `unsubscribe`: it bears the way out of its list (RFC 8058). `label` is shown as its author,
    `subject` begins an e-mail that answers nothing."""
    message = _message(thread, address.connection, text, address.channel, label, reservation_id)
    message.address = address
    message.save()
    way = Way(connection=address.connection, address=address)
    legs.owe(
        thread,
        message,
        way,
        due_at=message.created_at,
        origin=origin,
        purpose=purpose,
        unsubscribe=unsubscribe,
        subject=subject,
        template=template,
    )
    return message


def send_by_pms(thread: Thread, text: str, *, label: str, reservation_id: int | None = None) -> Message:
    """The same through the PMS's own conversation: one Command settles both receipts."""
    assert thread.connection is not None
    message = _message(thread, thread.connection, text, thread.channel, label, reservation_id)
    message.save()
    command = outbox.enqueue(
        thread.connection,
        SendMessage(
            conversation_id=thread.conversation_id,
            body=text,
            channel_raw=thread.channel_raw,
            to=legs.pms_addresses(thread),
        ),
        subject=f"message:{message.pk}",
        order_key=thread.order_key,
        origin=Origin.SEQUENCE,
        place_id=thread.property_id,
    )
    legs.receipts(thread, message, command, *Destination)
    return message


def _message(
    thread: Thread, connection: Connection, text: str, channel: str, label: str, reservation_id: int | None
) -> Message:
    """Not stored yet."""
    now = clock.now()
    return Message(
        organization_id=thread.organization_id,
        thread=thread,
        connection=connection,
        reservation_id=reservation_id or thread.stay_id,
        direction=Direction.OUTBOUND,
        author=Author.AUTOMATIC,
        author_name=label[:120],
        channel=channel,
        body=text,
        sent_at=now,
        created_at=now,
        search=search.vector(text),
    )


def address_row(connection: Connection, channel: str, value: str, name: str) -> ChannelAddress:
    """The row of an e-mail address or number that is written to, made if nothing went there before."""
    kind = AddressKind.EMAIL if channel == Channel.EMAIL else AddressKind.PHONE
    row, _made = ChannelAddress.objects.get_or_create(
        connection=connection,
        channel=channel,
        address=value,
        defaults={
            "organization_id": connection.organization_id,
            "kind": kind.value,
            "name": name[:120],
            "created_at": clock.now(),
        },
    )
    return row
