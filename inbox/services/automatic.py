"""Messages that no person typed: answers to STOP and HELP, and whatever is sent by plan."""

from __future__ import annotations

from bellhop.core import clock, search
from connectors.contract.direct import AddressKind, Channel
from connectors.models import Connection, Origin
from inbox.models import Author, Direction, Message, Thread
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
    mirrored: bool = True,
) -> Message:
    """Commit a message to one address with its legs, in the caller's transaction, the thread locked. Consent is asked
    when it leaves. `unsubscribe`: it bears the way out of its list (RFC 8058). `mirrored` false: what it says stands in
    the PMS already."""
    now = clock.now()
    message = Message.objects.create(
        organization_id=thread.organization_id,
        thread=thread,
        connection_id=address.connection_id,
        address=address,
        reservation_id=thread.stay_id,
        direction=Direction.OUTBOUND,
        author=Author.AUTOMATIC,
        author_name="",
        channel=address.channel,
        body=text,
        sent_at=now,
        created_at=now,
        search=search.vector(text),
    )
    way = Way(connection=address.connection, address=address)
    legs.owe(
        thread,
        message,
        way,
        due_at=now,
        origin=origin,
        purpose=purpose,
        unsubscribe=unsubscribe,
        mirrored=mirrored,
    )
    return message


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
