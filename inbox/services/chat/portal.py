"""The guest portal: a link per stay, channel and recipient, to a page with the thread of the stay. Of the link only a
digest is kept; opening it changes nothing; who wants the door code proves who they are."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, search
from bellhop.core.throttle import Limit, TooOften, count
from connectors.contract.direct import Channel
from inbox.models import (
    Author,
    ChatVisitor,
    Destination,
    Direction,
    Message,
    PortalLink,
    Receipt,
    Thread,
    ThreadAddress,
)
from inbox.services import automatic, threads, whose
from inbox.services.chat import links, talking, visitors, widgets
from inbox.services.chat.talking import Shown
from inbox.services.chat.visitors import digest
from reservations.events import StayChanged
from reservations.models import ContactKind, Reservation
from reservations.services import guests

AFTER_DEPARTURE: Final = timedelta(days=14)
WITHOUT_DATES: Final = timedelta(days=30)
TRIES: Final = 5
TRIES_OF_PEER: Final = Limit(5, 3_600)
ASKED_BY_PEER: Final = Limit(5, 3_600)
ASKED_OF_STAY: Final = Limit(3, 86_400)
ALL_RIGHTS: Final = [right.value for right in PortalLink.Right]
_FAR: Final = timedelta(days=3_650)
_OVER: Final = (Reservation.Status.CANCELLED, Reservation.Status.NO_SHOW)
_RELATED: Final = (
    "stay__property",
    "stay__unit",
    "stay__guest",
    "stay__organization",
    "visitor__widget__connection",
)


class PortalRefused(Exception):
    """There can be no link; the text says why."""


def url_of(token: str) -> str:
    return f"{settings.BELLHOP_PUBLIC_URL}{reverse('portal-enter', args=[token])}"


# --- making and ending ---
@transaction.atomic
def make(
    user: User, stay: Reservation, *, channel: str, recipient: str, rights: list[str] | None = None
) -> tuple[PortalLink, str]:
    """A link for one recipient, and its token, which nobody can read again. Raises PortalRefused, PermissionDenied."""
    require(user, Permission.THREADS_REPLY)
    made = _make(stay, channel, recipient, ALL_RIGHTS if rights is None else rights, user)
    link, _token = made
    audit(
        stay.organization_id, user, "portal.made", f"stay:{stay.public_id}",
        after=f"{link.public_id} {channel}",
    )  # fmt: skip
    return made


def _make(
    stay: Reservation, channel: str, recipient: str, rights: list[str], user: User | None
) -> tuple[PortalLink, str]:
    if stay.status in _OVER or stay.guest is None or stay.is_owner_stay:
        raise PortalRefused(_("There is no page for a stay that is cancelled or has no guest."))
    widget = widgets.for_place(stay.organization_id, stay.property)
    if widget is None:
        raise PortalRefused(_("Connect a web chat first: guests write there through it."))
    token, now = secrets.token_urlsafe(24), clock.now()
    visitor = ChatVisitor.objects.create(
        organization_id=stay.organization_id,
        widget=widget,
        name=stay.guest.full_name[:120],
        email=recipient if channel == Channel.EMAIL else "",
        phone=recipient[:40] if channel == Channel.SMS else "",
        language=stay.guest.language[:10],
        verified_by=ChatVisitor.By.PORTAL,
        guest=stay.guest,
        stay=stay,
        created_at=now,
        expires_at=now + _FAR,
    )
    link = PortalLink.objects.create(
        organization_id=stay.organization_id,
        stay=stay,
        guest=stay.guest,
        visitor=visitor,
        channel=channel,
        recipient=recipient,
        rights=[right for right in ALL_RIGHTS if right in rights],
        token_digest=digest(token),
        made_by=user,
        created_at=now,
    )
    if visitors.bind(visitor, stay) is None:
        raise PortalRefused(_("This stay has no thread yet."))
    return link, token


@transaction.atomic
def revoke(user: User, link: PortalLink) -> None:
    """Raises PermissionDenied."""
    require(user, Permission.THREADS_REPLY)
    _revoke(PortalLink.objects.filter(pk=link.pk), "by a colleague")
    audit(link.organization_id, user, "portal.revoked", f"stay:{link.stay.public_id}", after=link.public_id)


def _revoke(links: QuerySet[PortalLink], why: str) -> int:
    return links.filter(revoked_at=None).update(revoked_at=clock.now(), revoked_why=why)


def on_stay(event: StayChanged) -> None:
    """A stay that is cancelled, or somebody else's now, is nobody's page any more. (Each look asks that anew, too.)"""
    stay = event.reservation
    if not any(change.field in {"status", "guest"} for change in event.changes):
        return
    links = PortalLink.objects.filter(stay=stay)
    if stay.status in _OVER:
        _revoke(links, "cancelled")
    _revoke(links.exclude(guest=stay.guest), "another guest")


def of_stay(stay: Reservation) -> list[PortalLink]:
    """Its links that are good now, newest first."""
    rows = PortalLink.objects.filter(stay=stay, revoked_at=None).select_related("made_by", *_RELATED)
    return [link for link in rows.order_by("-created_at")[:20] if is_good(link)]


def recipients(stay: Reservation) -> list[tuple[str, str]]:
    """(channel, address) of the stay's guest to which a link may go."""
    channels = {ContactKind.PHONE: Channel.SMS.value, ContactKind.EMAIL: Channel.EMAIL.value}
    if stay.guest is None:
        return []
    points = stay.guest.contact_points.filter(kind__in=channels).order_by("id")
    return [(channels[ContactKind(kind)], value) for kind, value in points.values_list("kind", "value")[:10]]


# --- opening ---
def ends_at(link: PortalLink) -> datetime:
    """Until two weeks after the day of departure, by the property's calendar."""
    day = link.stay.departure_date
    if day is None:
        return link.created_at + WITHOUT_DATES
    zone = link.stay.property.zone if link.stay.property else ZoneInfo("UTC")
    return datetime.combine(day, time.max, zone) + AFTER_DEPARTURE


def is_good(link: PortalLink) -> bool:
    stay = link.stay
    return (
        link.revoked_at is None
        and stay.status not in _OVER
        and stay.guest_id is not None
        and stay.guest_id == link.guest_id
        and clock.now() < ends_at(link)
    )


def of_token(token: str) -> PortalLink | None:
    """The good link of a token. Changes nothing, however often it is opened."""
    rows = PortalLink.objects.filter(token_digest=digest(token)) if 20 <= len(token) <= 100 else None
    found = rows.select_related(*_RELATED).first() if rows is not None else None
    return found if found is not None and is_good(found) else None


def by_id(public_id: str) -> PortalLink | None:
    """The good link of a page that somebody has a cookie for."""
    found = PortalLink.objects.filter(public_id=public_id).select_related(*_RELATED).first()
    return found if found is not None and is_good(found) else None


def may(link: PortalLink, right: str) -> bool:
    return right in link.rights


# --- what it shows ---
def messages(link: PortalLink, after: str = "") -> list[Shown]:
    """The thread of the stay as its guest sees it, whatever channel it went over; nothing of other stays, and nothing
    from addresses that aren't known as the guest's."""
    stay = link.stay
    mine = Q(reservation=stay) | Q(reservation=None, thread__stay=stay)
    strangers = ThreadAddress.objects.filter(thread__stays=stay, verified=False).values("address_id")
    rows = Message.objects.filter(mine, thread__merged_into=None, withdrawn_at=None)
    rows = rows.exclude(address_id__in=strangers).exclude(
        direction=Direction.INBOUND, author=Author.AUTOMATIC
    )
    unsent = Receipt.objects.filter(destination=Destination.GUEST).exclude(state__in=talking.ARRIVED)
    rows = rows.exclude(
        direction=Direction.OUTBOUND, pk__in=unsent.filter(thread__stays=stay).values("message_id")
    )
    rows_shown = talking.newest(rows, after)
    found = [talking.as_shown(message, link.visitor.public_id) for message in rows_shown]
    # A companion who reads along gets nobody else's link, and the guest's last name is what opens the door code.
    by_guest = {message.public_id for message in rows_shown if message.direction == Direction.INBOUND}
    shown = [
        replace(one, text=links.hidden(one.text), name=_("Guest") if one.key in by_guest else one.name)
        for one in found
    ]
    here = {one.client_id for one in shown}
    return [*shown, *talking.still_waiting(link.visitor, here)]


def thread_of(link: PortalLink) -> Thread | None:
    return visitors.thread_of(link.visitor)


# --- proving who one is ---
def prove(link: PortalLink, fact: str, peer: str) -> bool:
    """Is it the guest's last name, or the last four digits of their phone? At most five tries per link, and five an
    hour per network. (The day of arrival proves nothing: the page shows it.) One answer to whatever was wrong."""
    counted = PortalLink.objects.filter(pk=link.pk, tries__lt=TRIES).update(tries=F("tries") + 1)
    try:
        count(f"portal:prove:{peer}", TRIES_OF_PEER)
    except TooOften:
        return False
    fits = sum(_same(fact, known) for known in _facts(link)) > 0
    if counted and fits:
        PortalLink.objects.filter(pk=link.pk).update(tries=0)
    return bool(counted) and fits


def _facts(link: PortalLink) -> list[str]:
    guest = link.stay.guest
    if guest is None:
        return []
    name = search.plain(guest.full_name).split()
    phones = guest.contact_points.filter(kind=ContactKind.PHONE).values_list("value", flat=True)[:10]
    digits = [re.sub(r"\D", "", phone)[-4:] for phone in phones]
    return [*name[-1:], *(four for four in digits if len(four) == 4)]


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(search.plain(given).encode(), known.encode())


# --- a new one ---
def ask_again(code: str, contact: str, peer: str) -> None:
    """Somebody who lost the link: a new one goes to an address that the stay's guest is known by, nowhere else. They
    are told the same whatever becomes of it. Raises TooOften."""
    count(f"portal:ask:{peer}", ASKED_BY_PEER)
    value = contact.strip().lower() if "@" in contact else guests.e164(contact)
    if not code.strip() or not value:
        return
    stays = Reservation.objects.filter(
        code=code.strip()[:80], guest__contact_points__value=value, is_owner_stay=False
    ).select_related("guest", "property", "connection", "organization")
    for stay in stays.distinct()[:2]:
        _send_again(stay, value)


@transaction.atomic
def _send_again(stay: Reservation, value: str) -> None:
    channel = next((name for name, known in recipients(stay) if known == value), "")
    connection = widgets.way_to(stay.organization_id, Channel(channel)) if channel else None
    if connection is None:
        return
    try:
        count(f"portal:stay:{stay.pk}", ASKED_OF_STAY)
        _link, token = _make(stay, channel, value, ALL_RIGHTS, None)
    except (TooOften, PortalRefused):
        return
    thread = whose.thread_of_stay(stay)
    if thread is None:
        return
    address = automatic.address_row(connection, channel, value, stay.guest.full_name if stay.guest else "")
    automatic.send(thread, address, words(stay, token))
    threads.refresh(thread)
    threads.save(thread)
    threads.announce(thread, "state")


def words(stay: Reservation, token: str) -> str:
    """What a guest is sent."""
    place = stay.property.name if stay.property else stay.organization.name
    return _("Your stay at %(place)s, and a way to write to us: %(url)s") % {
        "place": place,
        "url": url_of(token),
    }
