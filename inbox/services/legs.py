"""The two legs of a message that leaves on a channel of our own: to the guest, and its copy to the PMS. Each has a
Command and a receipt of its own; neither waits for the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.contract.direct import Channel
from connectors.contract.intents import Mail, OutFile, SendDirect, Template, new_message_id
from connectors.models import Command, Connection, Origin
from connectors.outbound import caller, outbox
from inbox.models import Author, Destination, Message, MessageMail, Receipt, ReceiptState, Thread
from inbox.services import mail_tokens, mirror, unsubscribing
from reservations.models import ChannelAddress, ContactKind, ContactPoint

REFERENCES = 20


@dataclass(frozen=True, slots=True)
class Way:
    """Where a message goes on a channel of our own."""

    connection: Connection
    address: ChannelAddress


def owe(
    thread: Thread,
    message: Message,
    way: Way,
    *,
    due_at: datetime,
    origin: Origin = Origin.AGENT,
    purpose: str = "transactional",
    template: Template | None = None,
    body: str = "",
    files: Sequence[OutFile] = (),
    unsubscribe: bool = False,
    subject: str = "",
) -> Command:
    """Owe both legs, in the caller's transaction, the thread locked. Returns the Command to the guest. `body`: what the
    guest reads, where it is more than the message says (links to files that the channel doesn't carry). What nobody
    typed may wait for morning or be stopped: the PMS gets its copy once it has left (`receipts.after_settling`)."""
    automatic = origin != Origin.AGENT
    url = unsubscribing.url(way.address) if unsubscribe else ""
    command = outbox.enqueue(
        way.connection,
        SendDirect(
            channel=way.address.channel,
            to=way.address.address,
            to_kind=way.address.kind,
            body=body or message.body,
            files=tuple(files),
            template=template,
            mail=_mail(thread, message, way, url, subject) if way.address.channel == Channel.EMAIL else None,
            automatic=automatic,
            purpose=purpose,
        ),
        subject=f"message:{message.pk}",
        # What is to leave tomorrow must not hold today's replies: it has a line of its own.
        order_key=f"{thread.order_key}:later:{message.pk}" if message.send_at else thread.order_key,
        origin=origin,
        place_id=thread.property_id,
        due_at=due_at,
    )
    receipts(thread, message, command, Destination.GUEST)
    if not automatic:
        mirror.owe(thread, message, due_at)
    return command


def receipts(thread: Thread, message: Message, command: Command, *destinations: Destination) -> None:
    """What is known of a message that was just committed: it waits, for each of these."""
    Receipt.objects.bulk_create(
        Receipt(
            organization_id=thread.organization_id,
            message=message,
            thread=thread,
            destination=destination,
            state=ReceiptState.QUEUED,
            command_id=command.pk,
            since=message.created_at,
        )
        for destination in destinations
    )


def _mail(thread: Thread, message: Message, way: Way, unsubscribe_url: str, fresh_subject: str) -> Mail:
    """Threading by ids and by a signed reply address (email.md §2 and §3); what we gave is kept to know the answer
    by."""
    connector = caller.channel_for(way.connection)
    ours = connector.addresses()[Channel.EMAIL]
    last = (
        MessageMail.objects.filter(message__thread=thread, message__address=way.address)
        .order_by("-message__sent_at", "-pk")
        .first()
    )
    place = thread.property.name if thread.property else thread.organization.name
    if fresh_subject:
        last = None  # a planned mail begins a talk of its own; its answers find the thread by their token
    subject = _answering(last.subject) if last else fresh_subject or place
    chain = [*last.references, last.rfc_id] if last else []
    mail = Mail(
        subject=subject[:200],
        message_id=new_message_id(ours.rpartition("@")[2]),
        from_name=f"{message.author_name} · {place}" if message.author == Author.AGENT else place,
        reply_to=connector.reply_address(mail_tokens.token_of(thread.pk)),
        answers=last.rfc_id if last else "",
        references=tuple(chain[:1] + chain[1:][-(REFERENCES - 1) :]),
        unsubscribe_url=unsubscribe_url,
    )
    MessageMail.objects.create(
        message=message,
        organization_id=thread.organization_id,
        rfc_id=mail.message_id,
        references=list(mail.references),
        subject=mail.subject,
    )
    return mail


def _answering(subject: str) -> str:
    """Unchanged except for one "Re:"."""
    plain = subject.strip()
    while plain.casefold().startswith(("re:", "aw:", "sv:", "rv:")):
        plain = plain.partition(":")[2].strip()
    return f"Re: {plain}"


def pms_addresses(thread: Thread) -> tuple[str, ...]:
    """Where an e-mail or SMS of the PMS goes; its other channels know their guest."""
    kinds = {"email": [ContactKind.EMAIL, ContactKind.RELAY], "sms": [ContactKind.PHONE]}.get(
        thread.channel_raw
    )
    if kinds is None or thread.guest_id is None:
        return ()
    found = ContactPoint.objects.filter(guest_id=thread.guest_id, kind__in=kinds).order_by("id")
    return tuple(found.values_list("value", flat=True)[:1])
