"""Whose address is it? By contact point and dates: in the house, then the next arrival, then the last departure.

Never calls a PMS. Several people under one number are offered, not guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bellhop.core import clock, search
from connectors.contract.direct import AddressKind
from reservations.models import ContactKind, ContactPoint, Guest, Property, Reservation, StayPhase
from reservations.services import stays

_KINDS = {
    AddressKind.PHONE: (ContactKind.PHONE,),
    AddressKind.EMAIL: (ContactKind.EMAIL, ContactKind.RELAY),
    AddressKind.WHATSAPP_USER: (ContactKind.WHATSAPP_USER,),
}
_MOST = 200
_HERE = {StayPhase.IN_HOUSE, StayPhase.DEPARTING, StayPhase.ARRIVING}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person under that address, with the stay of theirs that is nearest now, and its phase."""

    guest: Guest
    stay: Reservation | None
    phase: StayPhase | None


@dataclass(frozen=True, slots=True)
class Match:
    """`guest` (and `stay`) where it is one person's address as far as dates tell; else the candidates, best first."""

    guest: Guest | None = None
    stay: Reservation | None = None
    candidates: tuple[Candidate, ...] = ()


def by_address(organization_id: int, points: Iterable[tuple[str, str]]) -> Match:
    """Who writes from these (kind, value) addresses, which are one person's."""
    found = _candidates(organization_id, points)
    if not found:
        return Match()
    best = _rank(found[0])
    # One person may be there twice, as a guest of two stays or of two PMSs.
    first = [one for one in found if _rank(one) == best]
    names = {search.plain(one.guest.full_name) for one in first}
    if len(names) > 1:
        return Match(candidates=tuple(found))
    return Match(found[0].guest, found[0].stay, tuple(found))


def house_of(organization_id: int, kind: str, value: str) -> Property | None:
    """The property in whose house somebody with this address is now (or arrives today)."""
    for one in _candidates(organization_id, [(kind, value)]):
        if one.phase in _HERE and one.stay is not None:
            return one.stay.property
    return None


@dataclass(frozen=True, slots=True)
class Houses:
    """The same for many addresses at any time from now on: `guests` by (kind, value), `stays` by guest."""

    guests: Mapping[tuple[str, str], Sequence[int]]
    stays: Mapping[int, Sequence[Reservation]]

    def of(self, kind: str, value: str, now: datetime) -> Property | None:
        """The house of an address at an instant."""
        found = [
            (_place_of(nearest, now), nearest)
            for guest_id in self.guests.get((kind, value), ())
            if (nearest := stays.current(self.stays.get(guest_id, ()), now)) is not None
        ]
        here = [pair for pair in found if pair[1].phase(now) in _HERE]
        return min(here, key=lambda pair: pair[0])[1].property if here else None


def _place_of(stay: Reservation, now: datetime) -> tuple[int, int]:
    phase = stay.phase(now)
    return stays.RANK[phase], stays.nearness(stay, phase)


def houses(organization_id: int, points: Iterable[tuple[str, str]]) -> Houses:
    """In two statements, however many they are."""
    pairs = list(points)
    guests = _guests(organization_id, pairs)
    ids = {guest_id for found in guests.values() for guest_id in found}
    by_guest: dict[int, list[Reservation]] = {}
    if ids:
        since = clock.now().date() - timedelta(days=2)
        rows = Reservation.objects.filter(guest_id__in=ids, is_owner_stay=False, departure_date__gte=since)
        for stay in rows.select_related("property", "unit").order_by("-arrival_date", "-id"):
            by_guest.setdefault(stay.guest_id or 0, []).append(stay)
    return Houses(guests, by_guest)


def _guests(organization_id: int, points: list[tuple[str, str]]) -> dict[tuple[str, str], list[int]]:
    """(kind of address, value) → the guests who have it; one statement."""
    wanted = {(kind, value) for kind, value in points if kind in _KINDS}
    found: dict[tuple[str, str], list[int]] = {}
    if not wanted:
        return found
    rows = ContactPoint.objects.filter(
        organization_id=organization_id, value__in={value for _kind, value in wanted}
    ).order_by("guest_id")
    held: dict[tuple[str, str], list[int]] = {}
    for guest_id, kind, value in rows.values_list("guest_id", "kind", "value"):
        held.setdefault((kind, value), []).append(guest_id)
    for kind, value in wanted:
        found[kind, value] = [
            pk for point_kind in _KINDS[AddressKind(kind)] for pk in held.get((point_kind, value), ())
        ]
    return found


def _candidates(organization_id: int, points: Iterable[tuple[str, str]]) -> list[Candidate]:
    """In three statements whatever is found."""
    ids = {pk for found in _guests(organization_id, list(points)).values() for pk in found}
    if not ids:
        return []
    of_guest: dict[int, list[Reservation]] = {pk: [] for pk in ids}
    held = Reservation.objects.filter(guest_id__in=ids, is_owner_stay=False)
    for stay in held.select_related("property", "unit", "guest").order_by("-arrival_date", "-id")[:_MOST]:
        assert stay.guest_id is not None
        of_guest[stay.guest_id].append(stay)
    now = clock.now()
    found = []
    for guest in Guest.objects.filter(pk__in=ids).order_by("pk"):
        nearest = stays.current(of_guest[guest.pk], now)
        found.append(Candidate(guest, nearest, nearest.phase(now) if nearest else None))
    return sorted(found, key=_order)


def _rank(one: Candidate) -> int:
    return stays.RANK[one.phase] if one.phase is not None else len(stays.RANK)


def _order(one: Candidate) -> tuple[int, int]:
    if one.stay is None or one.phase is None:
        return _rank(one), 0
    return _rank(one), stays.nearness(one.stay, one.phase)
