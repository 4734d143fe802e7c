"""The channels on which a thread's guest can be reached now, and why not on others (ux C3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bellhop.core import clock
from connectors.contract import phones
from connectors.contract.channel import ChannelFacts
from connectors.contract.direct import Channel
from connectors.contract.events import Entity
from connectors.contract.registry import channel_class, connector_class
from connectors.contract.relays import agency_of
from connectors.models import ChannelTemplate, Connection, ConnectionKind, Stage
from inbox.models import Direction, Message, Thread, ThreadAddress
from inbox.services import row_view
from inbox.services.chat import ways as chat_ways
from reservations.models import ChannelAddress, ConsentState, ContactKind, ContactPoint
from reservations.services import consent, sending
from reservations.services.consent import Standing

PMS = "pms"
MOST_POINTS = 20
# What is shown of the reply window, and from when on (ux C4).
WARN_BEFORE_S = 2 * 60 * 60

_BY_POINT = {
    ContactKind.PHONE: (Channel.SMS, Channel.WHATSAPP),
    ContactKind.WHATSAPP_USER: (Channel.WHATSAPP,),
    ContactKind.EMAIL: (Channel.EMAIL,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to the guest. `refusal` says why it can't be taken, `warning` what to know when it is. `value` is their
    address on it, empty for the PMS's own; `closes_at` when the reply window does; `templates`: nothing else may be
    sent now; `approved`: all that may be, then or once it has closed."""

    key: str
    channel: str
    label: str
    icon: str
    connection: Connection
    kind: str = ""
    value: str = ""
    facts: ChannelFacts | None = None
    refusal: str = ""
    warning: str = ""
    closes_at: datetime | None = None
    templates: tuple[ChannelTemplate, ...] = ()
    needs_template: bool = False
    approved: tuple[ChannelTemplate, ...] = ()

    @property
    def is_pms(self) -> bool:
        return self.key == PMS

    @property
    def platform(self) -> str:
        """The agency in whose thread it stands, or whose relay the address is; empty where it is nobody's."""
        return self.channel if self.is_pms else agency_of(self.value) if "@" in self.value else ""

    @property
    def is_allowed(self) -> bool:
        return not self.refusal

    @property
    def shown(self) -> str:
        """The address as people read it."""
        return phones.shown(self.value) if self.kind == ContactKind.PHONE else self.value

    @property
    def closes_soon(self) -> bool:
        return (
            self.closes_at is not None
            and not self.needs_template
            and (self.closes_at - clock.now()).total_seconds() < WARN_BEFORE_S
        )


@dataclass(frozen=True, slots=True)
class _Point:
    """An address on a channel, before anything is judged."""

    connection: Connection
    channel: Channel
    kind: str
    value: str
    last_inbound_at: datetime | None
    label: str = ""
    refusal: str = ""
    warning: str = ""


def of(thread: Thread) -> list[Choice]:
    """The PMS's own way first, then those of our own channels. A constant number of statements."""
    return of_many([thread])[thread.pk]


def of_many(threads: Sequence[Thread], *, with_paused: bool = False) -> dict[int, list[Choice]]:
    """The same for many threads of one organization, in as many statements. `with_paused`: also on channels that a
    person paused, which are no choice for anybody now."""
    found = {thread.pk: [_pms(thread)] if thread.connection is not None else [] for thread in threads}
    channels = _channels(threads[0].organization_id, with_paused=with_paused) if threads else []
    if not channels:
        return found
    points = _points(threads, channels)
    every = [point for some in points.values() for point in some]
    standings = consent.standings(threads[0].organization_id, [(p.channel.value, p.value) for p in every])
    templates = _templates(every)
    for pk, some in points.items():
        found[pk] += [
            _choice(
                point, standings[point.channel.value, point.value], templates.get(point.connection.pk, ())
            )
            for point in some
        ]
    return found


def default(thread: Thread, choices: list[Choice]) -> Choice | None:
    """The guest's last used way that is still allowed; else the first that is."""
    allowed = [choice for choice in choices if choice.is_allowed]
    if len(choices) < 2:
        return next(iter(allowed), None)
    last = (
        Message.objects.filter(thread=thread, direction=Direction.INBOUND)
        .exclude(author="automatic")
        .order_by("-sent_at", "-sequence", "-id")
        .values_list("connection_id", "channel", "address__address")
        .first()
    )
    if last is not None:
        connection_id, channel, address = last
        for choice in allowed:
            on_pms = choice.is_pms and connection_id == thread.connection_id
            if on_pms or (choice.channel, choice.value) == (channel, address):
                return choice
    return next((choice for choice in allowed if not choice.needs_template), next(iter(allowed), None))


def why_none(choices: list[Choice]) -> str:
    """Why replying is impossible here, empty if it is possible (ux C1)."""
    if any(choice.is_allowed for choice in choices):
        return ""
    return next((choice.refusal for choice in choices), _("This contact has no address to write to."))


def address_row(choice: Choice) -> ChannelAddress:
    """The row of the address that is written to, made if nothing went there before."""
    row, _made = ChannelAddress.objects.get_or_create(
        connection=choice.connection,
        channel=choice.channel,
        address=choice.value,
        defaults={
            "organization_id": choice.connection.organization_id,
            "kind": choice.kind,
            "created_at": clock.now(),
        },
    )
    return row


def why_not_by_pms(thread: Thread) -> str:
    """Why the PMS can't carry a reply in this thread; empty if it can."""
    if thread.connection is not None:
        pms = connector_class(thread.connection.slug)
        if not pms.capabilities.of(Entity.MESSAGE).write:
            return _("%(pms)s carries no guest messages; connect SMS or e-mail.") % {"pms": pms.label}
    if thread.connection_id is None or not thread.conversation_id:
        return _("The PMS has no conversation for this stay yet. Notes stay in Bellhop.")
    if thread.stay is not None and thread.stay.is_owner_stay:
        return _("This is an owner's stay: nothing is sent to owners from here.")
    if not thread.channel_raw:
        return _("The channel of this guest is not known yet. It will be once they write.")
    return ""


def _pms(thread: Thread) -> Choice:
    assert thread.connection is not None
    # What was last said may have come another way: its rules are those of the channel that the PMS itself uses.
    channel = thread.pms_channel or thread.channel
    label, icon = row_view.channel_words(channel)
    by = connector_class(thread.connection.slug).label
    on_pms = thread.channel_raw and thread.conversation_id
    return Choice(
        key=PMS,
        channel=channel,
        label=_("%(channel)s through %(pms)s") % {"channel": label, "pms": by} if on_pms else by,
        icon=icon,
        connection=thread.connection,
        refusal=why_not_by_pms(thread),
    )


def _channels(organization_id: int, *, with_paused: bool) -> list[Connection]:
    """Those that work come first."""
    rows = Connection.objects.filter(organization_id=organization_id, kind=ConnectionKind.CHANNEL)
    rows = rows if with_paused else rows.filter(paused_at=None)
    return list(rows.exclude(stage=Stage.SHADOW).order_by(F("paused_at").asc(nulls_first=True), "pk"))


_Known = dict[tuple[Channel, str], _Point]


def _points(threads: Sequence[Thread], channels: list[Connection]) -> dict[int, list[_Point]]:
    """Thread → addresses that it has run over, then those that are known of its guest; each on one connection."""
    found: dict[int, _Known] = {thread.pk: {} for thread in threads}
    _add_used(found, channels)
    _add_given(found, threads, channels)
    chats = {value for known in found.values() for channel, value in known if channel == Channel.WEBCHAT}
    told = chat_ways.of(sorted(chats)) if chats else {}
    return {pk: _with_chat(known, channels, told) for pk, known in found.items()}


def _add_used(found: dict[int, _Known], channels: list[Connection]) -> None:
    by_id = {connection.pk: connection for connection in channels}
    used = ThreadAddress.objects.filter(thread_id__in=list(found), verified=True).select_related("address")
    for row in used.order_by("-address__last_inbound_at", "pk"):
        connection = by_id.get(row.address.connection_id)
        if connection is not None and row.address.channel in connection.addresses:
            key = (Channel(row.address.channel), row.address.address)
            at = row.address.last_inbound_at
            found[row.thread_id].setdefault(key, _Point(connection, *key[:1], row.address.kind, key[1], at))


def _add_given(found: dict[int, _Known], threads: Sequence[Thread], channels: list[Connection]) -> None:
    by_guest = _contact_points({thread.guest_id for thread in threads if thread.guest_id is not None})
    for thread in threads:
        for kind, value in by_guest.get(thread.guest_id or 0, ()):
            for channel in _BY_POINT.get(ContactKind(kind), ()):
                connection = next((one for one in channels if channel.value in one.addresses), None)
                if connection is not None and _is_good(kind, value):
                    point = _Point(connection, channel, kind, value, None)
                    found[thread.pk].setdefault((channel, value), point)


def _with_chat(
    found: _Known, channels: list[Connection], told_of: dict[str, chat_ways.Known]
) -> list[_Point]:
    """What is known of those who write by web chat: whether they still read there, and what address they left."""
    values = [value for channel, value in found if channel == Channel.WEBCHAT]
    if not values:
        return list(found.values())
    known = {value: told_of[value] for value in values if value in told_of}
    points: list[_Point] = []
    for point in found.values():
        told = known.get(point.value) if point.channel == Channel.WEBCHAT else None
        if point.channel != Channel.WEBCHAT:
            points.append(point)
        elif told is not None and (told.is_reading or point.last_inbound_at is not None):
            points.append(replace(point, label=told.label, refusal=told.refusal))
    for channel, kind, value in chat_ways.given(known.values()):
        connection = next((one for one in channels if channel.value in one.addresses), None)
        if connection is not None and (channel, value) not in found:
            warning = _("Typed in the chat: nobody has shown that it is theirs.")
            points.append(_Point(connection, channel, kind, value, None, warning=warning))
    return points


def _contact_points(guest_ids: set[int]) -> dict[int, list[tuple[str, str]]]:
    """Guest → the first twenty (kind, value)."""
    found: dict[int, list[tuple[str, str]]] = {}
    if not guest_ids:
        return found
    rows = ContactPoint.objects.filter(guest_id__in=guest_ids).order_by("id")
    for guest_id, kind, value in rows.values_list("guest_id", "kind", "value"):
        if len(known := found.setdefault(guest_id, [])) < MOST_POINTS:
            known.append((kind, value))
    return found


def _is_good(kind: str, value: str) -> bool:
    return kind != ContactKind.PHONE or value.startswith("+")


def _templates(points: list[_Point]) -> dict[int, tuple[ChannelTemplate, ...]]:
    """Connection → its approved templates, for channels that may need one."""
    wanted = {
        point.connection.pk
        for point in points
        if channel_class(point.connection.slug).facts[point.channel].templates
    }
    if not wanted:
        return {}
    found: dict[int, tuple[ChannelTemplate, ...]] = {}
    rows = ChannelTemplate.objects.filter(connection_id__in=wanted, status="approved")
    for row in rows.exclude(category__iexact="marketing").order_by("name", "language"):
        found[row.connection_id] = (*found.get(row.connection_id, ()), row)
    return found


def _choice(point: _Point, standing: Standing, templates: tuple[ChannelTemplate, ...]) -> Choice:
    facts = channel_class(point.connection.slug).facts[point.channel]
    closes_at = sending.closes_at(point.last_inbound_at, facts)
    closed = closes_at is not None and closes_at <= clock.now()
    label, icon = row_view.channel_words(point.channel.value)
    usable = templates if closed and facts.templates else ()
    return Choice(
        key=f"{point.connection.public_id}:{point.channel.value}:{point.value}",
        channel=point.channel.value,
        label=point.label or label,
        icon=icon,
        connection=point.connection,
        kind=point.kind,
        value=point.value,
        facts=facts,
        refusal=point.refusal
        or _refusal(point, standing)
        or (_closed(closes_at) if closed and not usable else ""),
        warning=point.warning or _warning(standing),
        closes_at=closes_at if point.last_inbound_at is not None else None,
        templates=usable,
        needs_template=closed,
        approved=templates if facts.templates else (),
    )


def _refusal(point: _Point, standing: Standing) -> str:
    if standing.dead:
        return _("no use: %(reason)s") % {"reason": standing.dead}
    blocked = standing.stopped is not None and standing.stopped.state == ConsentState.REVOKED
    if blocked and standing.stopped is not None and point.channel in sending.BLOCKED_FOR_ALL:
        return _("they stopped it on %(day)s; only they can start it again") % {
            "day": _day(standing.stopped.at)
        }
    return ""


def _warning(standing: Standing) -> str:
    if standing.stopped is not None:
        return _("They stopped automatic messages here on %(day)s.") % {"day": _day(standing.stopped.at)}
    return ""


def _closed(closes_at: datetime | None) -> str:
    if closes_at is None or closes_at.year < 2000:
        return _("they have not written here yet, and there is no approved template")
    return _("the reply window closed %(at)s, and there is no approved template") % {
        "at": date_format(timezone.localtime(closes_at), "SHORT_DATETIME_FORMAT")
    }


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y")
