"""May this leave now? Asked in the transaction that claims it (consent.md §9), in a fixed order; the first rule that
stops it is the one that people are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bellhop.core import clock
from connectors.contract.channel import ChannelFacts
from connectors.contract.direct import AddressKind, Channel
from connectors.contract.intents import SendDirect
from connectors.contract.registry import channel_class
from connectors.models import Command, CommandKind, CommandState, Connection, Origin
from connectors.outbound.outbox import direct_intent
from connectors.ports import Obstacle
from reservations.models import ChannelAddress, ConsentState, Property
from reservations.sequences import stopping
from reservations.services import consent, matching, quiet_hours
from reservations.services.consent import Standing

MARKETING: Final = "marketing"
CONSENT: Final = "consent"
"""The purpose of the one answer to STOP, START or HELP: nothing may hold it but a dead address."""

# Texts wait for the receiver's day; mail may lie in a mailbox over night.
_RINGS: Final = {Channel.SMS, Channel.WHATSAPP}
# The provider refuses whatever a person writes, too, until the guest texts START.
BLOCKED_FOR_ALL: Final = {Channel.SMS}
BUSY_FOR: Final = timedelta(seconds=1)
CAP: Final = 3
CAP_WITHIN: Final = timedelta(hours=24)
# Clocks differ, and a message takes a moment.
WINDOW_MARGIN: Final = timedelta(minutes=5)


def obstacle(command: Command) -> Obstacle | None:
    """What stands in the way of a message to a guest's address, or of one of a sequence; None where nothing does."""
    ended = stopping.obstacle(command)
    if ended is not None or command.kind != CommandKind.SEND_DIRECT:
        return ended
    intent = direct_intent(command)
    organization_id = command.organization_id
    if not consent.try_lock_address(organization_id, intent.channel, intent.to):
        return Obstacle(code="", reason="", until=clock.now() + BUSY_FOR)
    found = consent.standing(organization_id, intent.channel, intent.to)
    automatic = command.origin != Origin.AGENT
    if found.dead:
        return Obstacle(code="dead_address", reason=found.dead)
    if intent.purpose == CONSENT:
        return None
    return (
        _stopped(found, intent, automatic=automatic)
        or _no_consent(found, intent)
        or (_too_early(command, intent) if automatic else None)
        or (_too_often(command, intent) if intent.purpose == MARKETING else None)
        or _window_closed(command.connection, intent)
    )


def _stopped(found: Standing, intent: SendDirect, *, automatic: bool) -> Obstacle | None:
    if found.stopped is None:
        return None
    is_sure = found.stopped.state == ConsentState.REVOKED
    if not automatic and not (is_sure and intent.channel in BLOCKED_FOR_ALL):
        return None
    return Obstacle(code="opted_out", reason=_("The guest stopped messages on this channel."))


def _no_consent(found: Standing, intent: SendDirect) -> Obstacle | None:
    if intent.purpose != MARKETING or found.allows_marketing:
        return None
    return Obstacle(code="no_consent", reason=_("There is no consent to marketing for this address."))


def _too_early(command: Command, intent: SendDirect) -> Obstacle | None:
    if intent.channel not in _RINGS:
        return None
    now = clock.now()
    opens = quiet_hours.next_opening(
        now,
        zones_of(command.organization_id, intent.to_kind, intent.to, command.place_id),
        marketing=intent.purpose == MARKETING,
        american=intent.to.startswith("+1"),
    )
    if opens <= now:
        return None
    return Obstacle(code="quiet_hours", reason=_("It is night at the guest's."), until=opens)


def zones_of(organization_id: int, kind: str, address: str, place_id: int | None) -> list[ZoneInfo]:
    """The zones whose hours count: the property's while the guest is in the house, else every one in which the number
    may be, else the property's."""
    house = matching.house_of(organization_id, kind, address)
    if house is not None:
        return [house.zone]
    if kind == AddressKind.PHONE and (zones := quiet_hours.zones_of_number(address)):
        return list(zones)
    place = Property.objects.filter(pk=place_id or 0).first()
    return [place.zone if place else ZoneInfo("UTC")]


def _too_often(command: Command, intent: SendDirect) -> Obstacle | None:
    now = clock.now()
    lately = Command.objects.filter(
        organization_id=command.organization_id,
        kind=CommandKind.SEND_DIRECT,
        conversation_id=intent.to,
        intent__purpose=MARKETING,
        state=CommandState.CONFIRMED,
        settled_at__gt=now - CAP_WITHIN,
    ).order_by("settled_at")
    times = list(lately.values_list("settled_at", flat=True)[:CAP])
    if len(times) < CAP or times[0] is None:
        return None
    return Obstacle(
        code="daily_cap", reason=_("Three such messages went out within a day."), until=times[0] + CAP_WITHIN
    )


def _window_closed(connection: Connection, intent: SendDirect) -> Obstacle | None:
    """Free text outside the channel's window would be refused, often much later."""
    if intent.template is not None:
        return None
    facts = channel_class(connection.slug).facts[Channel(intent.channel)]
    until = window_until(connection.pk, intent.channel, intent.to, facts)
    if until is None or clock.now() < until:
        return None
    return Obstacle(
        code="window_closed", reason=_("The reply window is closed; only a template may be sent now.")
    )


def window_until(connection_id: int, channel: str, address: str, facts: ChannelFacts) -> datetime | None:
    """When the window closes (or did), None where the channel has none."""
    if facts.window_s is None:
        return None
    last = ChannelAddress.objects.filter(connection_id=connection_id, channel=channel, address=address)
    wrote_at = last.values_list("last_inbound_at", flat=True).first()
    return closes_at(wrote_at, facts)


def closes_at(last_inbound_at: datetime | None, facts: ChannelFacts) -> datetime | None:
    """The same from what is known about the address; long ago where nobody ever wrote."""
    if facts.window_s is None:
        return None
    if last_inbound_at is None:
        return datetime.min.replace(tzinfo=ZoneInfo("UTC"))
    return last_inbound_at + timedelta(seconds=facts.window_s) - WINDOW_MARGIN
