"""What sequences ask of the inbox: how a stay's guest can be reached, and an automatic message in the stay's thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.contract.direct import Channel
from connectors.models import Origin
from inbox.models import Author, Direction, Message, Receipt, Thread
from inbox.services import automatic, threads, ways
from inbox.services.ways import Choice
from reservations.ports import Committed, Outgoing, Reach
from reservations.services import consent

_RINGS = {Channel.SMS, Channel.WHATSAPP}
_MARKETING = "marketing"


def reach(stay_id: int, channels: Sequence[str], purpose: str) -> list[Reach]:
    """A way for each channel, in their order, with why it can't be taken."""
    thread = _thread_of(stay_id)
    choices = ways.of(thread) if thread is not None else []
    conversation = thread.conversation_id if thread is not None else ""
    return [_reach(channel, choices, purpose, conversation) for channel in channels]


def _thread_of(stay_id: int) -> Thread | None:
    rows = Thread.objects.filter(stays=stay_id, merged_into=None).select_related(
        "connection", "stay", "guest", "property", "organization"
    )
    return rows.exclude(conversation_id="").order_by("id").first() or rows.order_by("id").first()


def _reach(channel: str, choices: list[Choice], purpose: str, conversation: str) -> Reach:
    fitting = [one for one in choices if (one.is_pms if channel == ways.PMS else _is(one, channel))]
    usable = next((one for one in fitting if one.is_allowed and not one.needs_template), None)
    if usable is None:
        refused = any("stop" in one.refusal for one in fitting)
        return Reach(channel=channel, address="", refusal="opted_out" if refused else "no_channel")
    if usable.is_pms:
        return Reach(channel=channel, address=conversation)
    standing = consent.standing(usable.connection.organization_id, usable.channel, usable.value)
    refusal = "opted_out" if standing.stopped is not None else ""
    if not refusal and purpose == _MARKETING and not standing.allows_marketing:
        refusal = "no_consent"
    return Reach(
        channel=channel,
        address=usable.value,
        kind=usable.kind,
        refusal=refusal,
        rings=usable.channel in _RINGS,
    )


def _is(choice: Choice, channel: str) -> bool:
    return not choice.is_pms and choice.channel == channel


def send(outgoing: Outgoing) -> Committed | None:
    """Commit it in the caller's transaction, which holds the stay. None where the way is gone."""
    found = _thread_of(outgoing.reservation_id)
    if found is None:
        return None
    thread = threads.lock(found.pk, "connection", "stay", "guest", "property", "organization")
    choices = ways.of(thread)
    is_pms = outgoing.way.channel == ways.PMS
    choice = next(
        (one for one in choices if one.is_pms == is_pms and (is_pms or one.value == outgoing.way.address)
         and (is_pms or one.channel == outgoing.way.channel)),
        None,
    )  # fmt: skip
    if choice is None or not choice.is_allowed:
        return None
    if is_pms:
        message = automatic.send_by_pms(
            thread, outgoing.body, label=outgoing.label, reservation_id=outgoing.reservation_id
        )
    else:
        message = automatic.send(
            thread,
            ways.address_row(choice),
            outgoing.body,
            purpose=outgoing.purpose,
            origin=Origin.SEQUENCE,
            unsubscribe=choice.channel == Channel.EMAIL,
            label=outgoing.label,
            subject=outgoing.subject,
            reservation_id=outgoing.reservation_id,
        )
    threads.refresh(thread)
    threads.save(thread)
    threads.announce(thread, "message", message=message.pk, inbound=False, who=outgoing.label)
    ids = Receipt.objects.filter(message=message).order_by("destination").values_list("command_id", flat=True)
    return Committed(
        message_id=message.pk, command_ids=tuple(pk for pk in dict.fromkeys(ids) if pk is not None)
    )


def guest_wrote(stay_id: int, since: datetime) -> bool:
    """Did a person write in a thread of this stay after that instant?"""
    said = Message.objects.filter(direction=Direction.INBOUND, author=Author.GUEST, sent_at__gt=since)
    return said.filter(thread__stays=stay_id).exists()
