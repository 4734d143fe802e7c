"""Visitors of a chat: begun with their first message, known by a token of which only a digest is kept."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bellhop.core import clock
from connectors.contract.direct import AddressKind, Channel
from inbox.models import ChatVisitor, ChatWidget, Thread, ThreadAddress
from inbox.services import adopting, threads, whose
from inbox.services.chat.identity import Identity
from reservations.models import ChannelAddress, Reservation
from reservations.services import guests, matching

LIVES = timedelta(days=30)
EXTENDED_AFTER = timedelta(days=1)
HERE_FOR = timedelta(seconds=70)


class ContactRefused(Exception):
    """Not an address that can be written to; the text says why."""


class SomebodyElse(Exception):
    """The site vouches for another person than before: their chat is not this one."""


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def start(widget: ChatWidget, language: str) -> tuple[ChatVisitor, str]:
    """A new visitor, and the token that only their browser has (256 bits)."""
    token, now = secrets.token_urlsafe(32), clock.now()
    visitor = ChatVisitor.objects.create(
        organization_id=widget.organization_id,
        widget=widget,
        token_digest=digest(token),
        language=language[:10],
        created_at=now,
        seen_at=now,
        expires_at=now + LIVES,
    )
    return visitor, token


def of_token(widget: ChatWidget, token: str) -> ChatVisitor | None:
    """Whose token it is; None for one of another widget, one that ended and one that is over. Changes nothing."""
    if not 20 <= len(token) <= 100:
        return None
    rows = ChatVisitor.objects.filter(widget=widget, token_digest=digest(token), ended_at=None)
    return rows.filter(expires_at__gt=clock.now()).select_related("widget__connection").first()


def is_reading(visitor: ChatVisitor) -> bool:
    """Can they still see what is sent to them?"""
    if visitor.verified_by == ChatVisitor.By.PORTAL:
        from inbox.services.chat import portal

        return portal.is_good(visitor.portal_link)
    return visitor.ended_at is None and visitor.expires_at > clock.now()


def here(visitor: ChatVisitor) -> None:
    """They are connected now; who comes back keeps their chat. No transaction is needed."""
    now = clock.now()
    changes = {"seen_at": now}
    if visitor.token_digest and visitor.expires_at < now + LIVES - EXTENDED_AFTER:
        changes["expires_at"] = now + LIVES
    ChatVisitor.objects.filter(pk=visitor.pk, ended_at=None).update(**changes)


def is_here(seen_at: datetime | None) -> bool:
    return seen_at is not None and seen_at > clock.now() - HERE_FOR


def end(visitor: ChatVisitor) -> None:
    """Their token opens nothing any more: what was said stays with us."""
    now = clock.now()
    ChatVisitor.objects.filter(pk=visitor.pk, ended_at=None).update(ended_at=now, token_digest="")


def shown_name(visitor: ChatVisitor) -> str:
    return visitor.name or _("Visitor %(id)s") % {"id": visitor.public_id[:4].upper()}


def note_page(visitor: ChatVisitor, url: str, title: str, language: str) -> None:
    """Where they were when they wrote last, as their browser tells it: text, never a link."""
    visitor.page_url, visitor.page_title = _line(url, 500), _line(title, 200)
    visitor.language = language[:10] or visitor.language
    visitor.save(update_fields=["page_url", "page_title", "language"])


def _line(text: str, most: int) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:most]


@transaction.atomic
def leave_contact(visitor: ChatVisitor, *, name: str, email: str, phone: str) -> None:
    """How they can be reached, as they typed it: proof of nothing, and no way to a guest. Raises ContactRefused."""
    visitor.name = _line(name, 120) or visitor.name
    if email.strip():
        visitor.email = _email(email)
    if phone.strip():
        visitor.phone = _phone(phone)
    visitor.save(update_fields=["name", "email", "phone"])
    thread = thread_of(visitor)
    if thread is None:
        return
    locked = threads.lock(thread.pk)
    if name.strip() and locked.guest_id is None:
        locked.party_name = visitor.name
        ChannelAddress.objects.filter(pk__in=_rows(visitor).values("pk")).update(name=visitor.name)
    threads.log_event(locked, "chat_contact", None)
    threads.save(locked)
    threads.announce(locked, "state")


def _email(text: str) -> str:
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise ContactRefused(_("That is no e-mail address.")) from error
    return email[:254]


def _phone(text: str) -> str:
    phone = guests.e164(text)
    if not phone.startswith("+") or not text.strip().startswith(("+", "00")):
        raise ContactRefused(_("Write the number with its country code, such as +1 415 555 0100."))
    return phone


# --- the thread ---
def _rows(visitor: ChatVisitor) -> QuerySet[ChannelAddress]:
    return ChannelAddress.objects.filter(
        connection_id=visitor.widget_id, channel=Channel.WEBCHAT.value, address=visitor.public_id
    )


def address_of(visitor: ChatVisitor) -> ChannelAddress:
    """The visitor as an address of the channel, made if they haven't written yet."""
    row, _made = ChannelAddress.objects.get_or_create(
        connection_id=visitor.widget_id,
        channel=Channel.WEBCHAT.value,
        address=visitor.public_id,
        defaults={
            "organization_id": visitor.organization_id,
            "kind": AddressKind.VISITOR.value,
            "name": visitor.name,
            "created_at": clock.now(),
        },
    )
    return row


def thread_of(visitor: ChatVisitor) -> Thread | None:
    """The thread that they write into, if they have written."""
    rows = Thread.objects.filter(addresses__address__in=_rows(visitor), merged_into=None)
    return rows.order_by("-addresses__linked", "-last_activity_at").first()


# --- who somebody vouches for ---
@transaction.atomic
def vouch(visitor: ChatVisitor, told: Identity) -> None:
    """The site says who it is: their guest and stay are known from now on, and what they wrote goes there. Raises
    SomebodyElse where it said another one before."""
    stay = _stay_of(visitor.organization_id, told)
    guest_id = stay.guest_id if stay else None
    if visitor.verified_by and (
        visitor.guest_id != guest_id or visitor.email != (told.email or visitor.email)
    ):
        raise SomebodyElse
    if visitor.verified_by and visitor.stay_id == (stay.pk if stay else None):
        return
    visitor.verified_by, visitor.stay, visitor.guest_id = ChatVisitor.By.SITE, stay, guest_id
    visitor.name = told.name or visitor.name
    visitor.email = told.email or visitor.email
    visitor.save(update_fields=["verified_by", "stay", "guest", "name", "email"])
    if stay is not None:
        bind(visitor, stay)


def _stay_of(organization_id: int, told: Identity) -> Reservation | None:
    """By the code that the site names, else by the addresses that it vouches for."""
    stays = Reservation.objects.filter(organization_id=organization_id, is_owner_stay=False)
    if told.reservation:
        found = list(
            stays.filter(code=told.reservation).select_related("connection", "guest", "property")[:2]
        )
        return found[0] if len(found) == 1 else None
    points = [(AddressKind.EMAIL.value, told.email), (AddressKind.PHONE.value, guests.e164(told.phone))]
    return matching.by_address(organization_id, [point for point in points if point[1]]).stay


def bind(visitor: ChatVisitor, stay: Reservation) -> Thread | None:
    """What they write belongs to this stay's thread, whatever they wrote before is brought there. In a transaction."""
    address = address_of(visitor)
    before = thread_of(visitor)
    if before is not None and before.guest_id is None:
        thread: Thread | None = adopting.join(before.pk, stay)
    else:
        thread = whose.thread_of_stay(stay)
    if thread is not None:
        ThreadAddress.objects.update_or_create(
            thread=thread,
            address=address,
            defaults={"linked": True, "verified": True, "since": clock.now()},
        )
    return thread
