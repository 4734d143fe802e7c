"""What sequences ask of the inbox: how a stay's guest can be reached, and an automatic message in the stay's thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db.models import Max

from bellhop.core import clock
from connectors.contract.direct import Channel
from connectors.contract.text import fingerprint
from connectors.models import Connection, ConnectionHealth, Origin
from inbox.models import Author, Direction, Message, Receipt, Thread
from inbox.services import automatic, templates, threads, ways
from inbox.services.refusals import ReplyRefused
from inbox.services.templates import ChosenTemplate
from inbox.services.ways import Choice
from reservations.ports import Ask, Committed, Outgoing, Reach
from reservations.services import consent
from reservations.services.consent import Standing

_RINGS = {Channel.SMS, Channel.WHATSAPP}
_MARKETING = "marketing"
_NEVER_OPEN = datetime.min.replace(tzinfo=UTC)
_LOADED = ("connection", "stay", "guest", "property", "organization")


# --- how a guest can be reached ---
def reach(stay_id: int, channels: Sequence[str], purpose: str) -> list[Reach]:
    """A way for each channel, in their order, with why it can't be taken."""
    ask = (stay_id, tuple(channels), purpose)
    return reach_many([ask])[ask]


def reach_many(asked: Sequence[Ask]) -> dict[Ask, list[Reach]]:
    """The same for many of one organization, in a constant number of statements."""
    of_stay = _threads_of({stay_id for stay_id, _channels, _purpose in asked})
    chosen = list({thread.pk: thread for thread in of_stay.values()}.values())
    choices = ways.of_many(chosen, with_paused=True)
    every = [choice for some in choices.values() for choice in some]
    down = _down({choice.connection.pk for choice in every})
    direct = [(choice.channel, choice.value) for choice in every if not choice.is_pms]
    standings = consent.standings(chosen[0].organization_id, direct) if direct else {}
    found: dict[Ask, list[Reach]] = {}
    for stay_id, channels, purpose in asked:
        thread = of_stay.get(stay_id)
        mine, talk = (choices[thread.pk], thread.conversation_id) if thread is not None else ([], "")
        found[stay_id, channels, purpose] = [
            _reach(channel, mine, purpose, standings, down, talk) for channel in channels
        ]
    return found


def _threads_of(stay_ids: set[int]) -> dict[int, Thread]:
    """Stay → its thread: one with a conversation at the PMS before one without, the oldest first."""
    links = Thread.stays.through.objects.filter(reservation_id__in=stay_ids, thread__merged_into=None)
    pairs = list(links.values_list("reservation_id", "thread_id"))
    rows = Thread.objects.filter(pk__in={thread_id for _stay, thread_id in pairs}).select_related(
        "stay", "guest", "property", "organization"
    )
    by_id = {row.pk: row for row in rows}
    # Each connection once: its credentials are decrypted for every row that it is joined to.
    connections = Connection.objects.in_bulk({row.connection_id for row in by_id.values()} - {None})
    for row in by_id.values():
        row.connection = connections.get(row.connection_id)
    found: dict[int, Thread] = {}
    for stay_id, thread_id in pairs:
        row, known = by_id[thread_id], found.get(stay_id)
        if known is None or (not row.conversation_id, row.pk) < (not known.conversation_id, known.pk):
            found[stay_id] = row
    return found


def _thread_id(stay_id: int) -> int | None:
    """The same, of one."""
    rows = Thread.objects.filter(stays=stay_id, merged_into=None).values_list("pk", "conversation_id")
    return min(((not talk, pk) for pk, talk in rows), default=(False, None))[1]


def _down(connection_ids: set[int]) -> set[int]:
    """Those of the connections that can't be called now: paused, down, or without good credentials."""
    rows = ConnectionHealth.objects.filter(pk__in=connection_ids).values_list(
        "pk", "down_since", "credentials_refused_at", "connection__paused_at"
    )
    return {pk for pk, *reasons in rows if any(reason is not None for reason in reasons)}


def _reach(
    channel: str,
    choices: list[Choice],
    purpose: str,
    standings: dict[tuple[str, str], Standing],
    down: set[int],
    conversation: str,
) -> Reach:
    fitting = [one for one in choices if (one.is_pms if channel == ways.PMS else _is(one, channel))]
    # Whether its window lets anything through depends on when, and on the step.
    usable = next((one for one in fitting if one.is_allowed and not one.needs_template), None) or next(
        (one for one in fitting if one.is_allowed or one.needs_template), None
    )
    if usable is None:
        stopped = any(_is_stopped(one, standings) for one in fitting)
        return Reach(channel=channel, address="", refusal="opted_out" if stopped else "no_channel")
    if usable.is_pms:
        refusal = "connection_down" if usable.connection.pk in down else ""
        return Reach(channel=channel, address=conversation[:254], refusal=refusal, platform=usable.platform)
    return Reach(
        channel=channel,
        address=usable.value,
        kind=usable.kind,
        refusal=_refusal(usable, purpose, standings[usable.channel, usable.value], down),
        rings=usable.channel in _RINGS,
        platform=usable.platform,
        closes_at=usable.closes_at or (_NEVER_OPEN if usable.needs_template else None),
        templates=tuple((row.name, row.language) for row in usable.approved),
    )


def _refusal(choice: Choice, purpose: str, standing: Standing, down: set[int]) -> str:
    if standing.dead:
        return "no_channel"
    if standing.stopped is not None:
        return "opted_out"
    if purpose == _MARKETING and not standing.allows_marketing:
        return "no_consent"
    return "connection_down" if choice.connection.pk in down else ""


def _is_stopped(choice: Choice, standings: dict[tuple[str, str], Standing]) -> bool:
    standing = standings.get((choice.channel, choice.value))
    return standing is not None and standing.stopped is not None


def _is(choice: Choice, channel: str) -> bool:
    return not choice.is_pms and choice.channel == channel


# --- sending ---
def send(outgoing: Outgoing) -> Committed | None:
    """Commit it in the caller's transaction, which holds the stay. None where the way is gone."""
    found = _thread_id(outgoing.reservation_id)
    if found is None:
        return None
    thread = threads.lock(found, *_LOADED)
    by_pms = outgoing.way.channel == ways.PMS
    message = _send_by_pms(thread, outgoing) if by_pms else _send_direct(thread, outgoing)
    if message is None:
        return None
    threads.refresh(thread)
    threads.save(thread)
    threads.announce(thread, "message", message=message.pk, inbound=False, who=outgoing.label)
    ids = Receipt.objects.filter(message=message).order_by("destination").values_list("command_id", flat=True)
    return Committed(
        message_id=message.pk, command_ids=tuple(pk for pk in dict.fromkeys(ids) if pk is not None)
    )


def _send_by_pms(thread: Thread, outgoing: Outgoing) -> Message | None:
    if thread.connection is None or ways.why_not_by_pms(thread):
        return None
    return automatic.send_by_pms(
        thread, outgoing.body, label=outgoing.label, reservation_id=outgoing.reservation_id
    )


def _send_direct(thread: Thread, outgoing: Outgoing) -> Message | None:
    """By a template where the window is closed; None where the way, or that template, is gone, or a blank of it has no
    words."""
    wanted = (outgoing.way.channel, outgoing.way.address)
    choices = [one for one in ways.of(thread) if not one.is_pms and (one.channel, one.value) == wanted]
    choice = next((one for one in choices if one.is_allowed), None)
    if choice is None:
        return None
    body, template = outgoing.body, None
    if outgoing.template is not None:
        name, language, values = outgoing.template
        row = next((one for one in choice.approved if (one.name, one.language) == (name, language)), None)
        chosen = ChosenTemplate(row.pk, dict(values)) if row is not None else None
        try:
            template, body = templates.intent_of(choice, chosen), templates.text_of(choice, chosen)
        except ReplyRefused:
            return None
    elif choice.needs_template:
        return None
    return automatic.send(
        thread,
        ways.address_row(choice),
        body,
        purpose=outgoing.purpose,
        origin=Origin.SEQUENCE,
        unsubscribe=choice.channel == Channel.EMAIL,
        label=outgoing.label,
        subject=outgoing.subject,
        reservation_id=outgoing.reservation_id,
        template=template,
    )


# --- what was said ---
def guest_wrote(stay_id: int, since: datetime) -> bool:
    """Did a person write in a thread of this stay after that instant?"""
    said = Message.objects.filter(direction=Direction.INBOUND, author=Author.GUEST, sent_at__gt=since)
    return said.filter(thread__stays=stay_id).exists()


def said_elsewhere(stay_ids: Sequence[int], since: datetime) -> dict[int, dict[str, datetime]]:
    """Stay → fingerprint of what reached its guest since then and was not written here by plan → when it last did; one
    statement."""
    said = Message.objects.filter(
        direction=Direction.OUTBOUND, thread__stays__in=stay_ids, sent_at__gt=since, withdrawn_at=None
    ).exclude(author=Author.AUTOMATIC)
    found: dict[int, dict[str, datetime]] = {}
    for stay_id, body, at in said.order_by("sent_at").values_list("thread__stays", "body", "sent_at"):
        found.setdefault(stay_id, {})[fingerprint(body)] = at
    return found


def last_wrote(stay_ids: Sequence[int]) -> dict[int, datetime]:
    """Stay → when a person last wrote in a thread of it; one statement."""
    said = Message.objects.filter(
        direction=Direction.INBOUND, author=Author.GUEST, thread__stays__in=stay_ids, sent_at__lte=clock.now()
    )
    rows = said.values("thread__stays").annotate(at=Max("sent_at"))
    return dict(rows.values_list("thread__stays", "at"))
