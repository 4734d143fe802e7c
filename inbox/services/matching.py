"""Unknown senders: ranked candidates, linking to a stay, and taking it back (ux V7). Never calls a PMS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.postgres.search import SearchQuery
from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, search
from inbox.models import Thread, ThreadAddress
from inbox.services import conversations, merging, mirror, threads
from reservations.models import Guest, Reservation
from reservations.services import matching as address_matching
from reservations.services import scope

LIMIT = 8
AROUND = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stay that the thread may be about, and why."""

    stay: Reservation
    reasons: tuple[str, ...]


def candidates(user: User, thread: Thread, text: str = "") -> list[Candidate]:
    """Stays of the organization that fit the party's address, then its name (or `text`: name or code), those near today
    first."""
    known = [] if text else _by_address(user, thread)
    named = _by_name(user, thread, text)
    here = {candidate.stay.pk for candidate in known}
    return [*known, *(candidate for candidate in named if candidate.stay.pk not in here)][:LIMIT]


def _by_address(user: User, thread: Thread) -> list[Candidate]:
    """Everybody who is known by an address that the thread runs over."""
    rows = ThreadAddress.objects.filter(thread=thread).values_list("address__kind", "address__address")
    ids = scope.property_ids(user)
    found = address_matching.by_address(thread.organization_id, list(rows)).candidates
    return [
        Candidate(one.stay, (_address_reason(rows), str(one.phase.label) if one.phase else ""))
        for one in found
        if one.stay is not None and (ids is None or one.stay.property_id in ids)
    ]


def _address_reason(rows: Iterable[tuple[str, str]]) -> str:
    return _("same e-mail address") if all(kind == "email" for kind, _value in rows) else _("same number")


def _by_name(user: User, thread: Thread, text: str) -> list[Candidate]:
    everyones = Reservation.objects.filter(organization_id=thread.organization_id)
    rows = everyones.filter(is_owner_stay=False)
    ids = scope.property_ids(user)
    if ids is not None:
        rows = rows.filter(property_id__in=ids)
    words = (text or thread.party_name).split()
    if not words:
        return []
    # Two questions of which each has its index: an OR over both tables has none.
    fits = everyones.filter(code__iexact=" ".join(words)).values("pk")
    if names := [word for word in search.plain(" ".join(words)).split() if len(word) > 2]:
        query = SearchQuery(" | ".join(f"{name}:*" for name in names), search_type="raw", config="simple")
        guests = Guest.objects.filter(organization_id=thread.organization_id, search=query)
        fits = fits.union(everyones.filter(guest__in=guests).values("pk"))
    today = clock.now().date()
    found = (
        rows.filter(pk__in=fits)
        .select_related("guest", "unit", "property")
        .order_by("-arrival_date", "-id")[:50]
    )
    ranked = sorted(found, key=lambda stay: -_score(stay, words, today.toordinal()))
    return [Candidate(stay, _reasons(stay, words, today.toordinal())) for stay in ranked[:LIMIT]]


def _names(stay: Reservation, words: list[str]) -> int:
    name = search.fold(stay.guest.full_name if stay.guest else "")
    return sum(search.fold(word) in name for word in words)


def _near(stay: Reservation, today: int) -> bool:
    days = [day.toordinal() for day in (stay.arrival_date, stay.departure_date) if day is not None]
    return any(abs(day - today) <= AROUND.days for day in days)


def _score(stay: Reservation, words: list[str], today: int) -> int:
    return 2 * _names(stay, words) + 3 * (stay.code == " ".join(words)) + _near(stay, today)


def _reasons(stay: Reservation, words: list[str], today: int) -> tuple[str, ...]:
    found = []
    if stay.code == " ".join(words):
        found.append(_("same code"))
    if _names(stay, words):
        found.append(_("same name") if _names(stay, words) == len(words) else _("part of the name"))
    if _near(stay, today):
        found.append(_("stays around now"))
    return tuple(found)


@transaction.atomic
def link(user: User, thread: Thread, stay: Reservation) -> Thread:
    """Say whose conversation this is. One on our own channels goes into the stay's thread where it has one, and is kept
    in its PMS. Returns the thread that it is now. Raises PermissionDenied; a stay of another organization is a
    mistake."""
    require(user, Permission.THREADS_MATCH)
    if stay.organization_id != thread.organization_id:
        raise ValueError("The stay belongs to another organization.")
    locked = threads.lock(thread.pk)
    ThreadAddress.objects.filter(thread=locked).update(linked=True, verified=True)
    if locked.connection_id is None:
        target = (
            Thread.objects.filter(stays=stay, merged_into=None).exclude(pk=locked.pk).order_by("id").first()
        )
        if target is not None:
            return merging.merge(locked.pk, target.pk, user)
        locked.connection_id = stay.connection_id
    conversations.add_stays(locked, {stay.pk})
    locked.choose_stay(stay)
    locked.property_id = stay.property_id or locked.property_id
    threads.log_event(locked, "linked", user, code=stay.code, stay=stay.public_id)
    mirror.catch_up(locked)
    audit(locked.organization_id, user, "thread.linked", f"thread:{locked.public_id}", after=stay.code)
    threads.save(locked)
    threads.announce(locked, "state")
    return locked


@transaction.atomic
def unlink(user: User, thread: Thread, stay: Reservation) -> Thread:
    """Take a link back; the thread is about its other stays again, or about none."""
    require(user, Permission.THREADS_MATCH)
    locked = threads.lock(thread.pk)
    locked.stays.remove(stay)
    locked.choose_stay(None)
    locked.guest, locked.property = None, None
    ThreadAddress.objects.filter(thread=locked).update(linked=False)
    if not locked.conversation_id and not locked.stays.exists():
        locked.connection = None
    conversations.add_stays(locked, set())
    threads.log_event(locked, "unlinked", user, code=stay.code, stay=stay.public_id)
    audit(locked.organization_id, user, "thread.unlinked", f"thread:{locked.public_id}", before=stay.code)
    threads.save(locked)
    threads.announce(locked, "state")
    return locked


@transaction.atomic
def choose_stay(user: User, thread: Thread, stay: Reservation) -> Thread:
    """Make one of the thread's stays the current one (ux V4)."""
    require(user, Permission.THREADS_TRIAGE)
    locked = threads.lock(thread.pk)
    if not locked.stays.filter(pk=stay.pk).exists():
        raise ValueError("Not a stay of this thread.")
    locked.stay, locked.property_id = stay, stay.property_id or locked.property_id
    threads.save(locked)
    threads.announce(locked, "state")
    return locked
