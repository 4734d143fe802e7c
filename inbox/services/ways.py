"""The channels on which a thread's guest can be reached now, and why not on others (ux C3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bellhop.core import clock
from connectors.contract import phones
from connectors.contract.channel import ChannelFacts
from connectors.contract.direct import Channel
from connectors.contract.events import Entity
from connectors.contract.registry import channel_class, connector_class
from connectors.models import ChannelTemplate, Connection, ConnectionKind, Stage
from inbox.models import Direction, Message, Thread, ThreadAddress
from inbox.services import row_view
from inbox.services.chat import ways as chat_ways
from reservations.models import ChannelAddress, ConsentState, ContactKind
from reservations.services import consent, sending
from reservations.services.consent import Standing

PMS = "pms"
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
    sent now."""

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

    @property
    def is_pms(self) -> bool:
        return self.key == PMS

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
    found = [_pms(thread)] if thread.connection is not None else []
    channels = _channels(thread.organization_id)
    if not channels:
        return found
    points = _points(thread, channels)
    standings = consent.standings(thread.organization_id, [(p.channel.value, p.value) for p in points])
    templates = _templates(points)
    return [
        *found,
        *(
            _choice(
                point, standings[point.channel.value, point.value], templates.get(point.connection.pk, ())
            )
            for point in points
        ),
    ]


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


def _channels(organization_id: int) -> list[Connection]:
    rows = Connection.objects.filter(
        organization_id=organization_id, kind=ConnectionKind.CHANNEL, paused_at=None
    )
    return list(rows.exclude(stage=Stage.SHADOW).order_by("pk"))


def _points(thread: Thread, channels: list[Connection]) -> list[_Point]:
    """Addresses that the thread has run over, then those that are known of its guest; each on one connection."""
    by_id = {connection.pk: connection for connection in channels}
    found: dict[tuple[Channel, str], _Point] = {}
    used = ThreadAddress.objects.filter(thread=thread, verified=True).select_related("address")
    for row in used.order_by("-address__last_inbound_at", "pk"):
        connection = by_id.get(row.address.connection_id)
        if connection is not None and row.address.channel in connection.addresses:
            key = (Channel(row.address.channel), row.address.address)
            at = row.address.last_inbound_at
            found.setdefault(key, _Point(connection, *key[:1], row.address.kind, key[1], at))
    if thread.guest_id is not None:
        for kind, value in _contact_points(thread):
            for channel in _BY_POINT.get(ContactKind(kind), ()):
                connection = next((one for one in channels if channel.value in one.addresses), None)
                if connection is not None and _is_good(kind, value):
                    point = _Point(connection, channel, kind, value, None)
                    found.setdefault((channel, value), point)
    return _with_chat(found, channels)


def _with_chat(found: dict[tuple[Channel, str], _Point], channels: list[Connection]) -> list[_Point]:
    """What is known of those who write by web chat: whether they still read there, and what address they left."""
    values = [value for channel, value in found if channel == Channel.WEBCHAT]
    if not values:
        return list(found.values())
    known = chat_ways.of(values)
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


def _contact_points(thread: Thread) -> Iterable[tuple[str, str]]:
    assert thread.guest is not None
    return thread.guest.contact_points.order_by("id").values_list("kind", "value")[:20]


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
