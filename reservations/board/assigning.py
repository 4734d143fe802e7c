"""Who cleans what on a day, and how long that takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from reservations.board import reading, telling
from reservations.board.cards import Card
from reservations.models import Cleaning, Property, PropertyScope, Unit
from reservations.services import scope

MOST_MINUTES: Final = 600


@dataclass(frozen=True, slots=True)
class Share:
    """What one person has on a day, in the order of its deadlines; `person` None: what is nobody's. Minutes as planned
    and as far as done."""

    person: User | None
    cards: list[Card]

    @property
    def minutes(self) -> int:
        return sum(card.minutes for card in self.cards)

    @property
    def minutes_done(self) -> int:
        return sum(card.minutes for card in self.cards if card.is_done)

    @property
    def done(self) -> int:
        return sum(card.is_done for card in self.cards)


def people(places: Sequence[Property]) -> list[User]:
    """Who may be given units of some of these properties: those whose work is the board, by name."""
    rows = User.objects.filter(
        organization_id__in={place.organization_id for place in places},
        is_active=True,
        role__permissions__contains=[Permission.HOUSEKEEPING_READ.value],
    ).exclude(role__permissions__contains=[Permission.THREADS_READ.value])
    sees = Q(all_properties=True) | Q(property_scopes__property__in=places)
    return list(rows.filter(sees).distinct().order_by("full_name", "pk"))


def shares(places: Sequence[Property], now: datetime, *, tomorrow: bool = False) -> list[Share]:
    """What is nobody's first, then each person's. Units that need nothing are left out unless they are somebody's."""
    cards = sorted(reading.of_places(places, now, tomorrow=tomorrow), key=lambda card: card.order)
    by_person: dict[str, list[Card]] = {}
    for card in cards:
        if card.assignee or card.minutes:
            by_person.setdefault(card.assignee, []).append(card)
    known = people(places)
    missing = set(by_person) - {person.public_id for person in known} - {""}
    if missing:
        rows = User.objects.filter(organization_id=places[0].organization_id, public_id__in=missing)
        known += rows.order_by("full_name", "pk")
    return [
        Share(None, by_person.get("", [])),
        *(Share(person, by_person.get(person.public_id, [])) for person in known),
    ]


@transaction.atomic
def assign(
    user: User, units: Sequence[Unit], person: User | None, now: datetime, *, tomorrow: bool = False
) -> None:
    """Give units to a person today, or to nobody. Raises PermissionDenied, ValidationError."""
    require(user, Permission.HOUSEKEEPING_ASSIGN)
    _hold({unit.property_id for unit in units})
    if person is not None and not _may_clean(person, {unit.property_id: unit.property for unit in units}):
        raise ValidationError(_("%(name)s can't be given units here.") % {"name": person.full_name})
    _give(dict.fromkeys(units, person), now, tomorrow)


def _hold(property_ids: Iterable[int]) -> None:
    """Whoever gives units of these properties goes one after the other, until the commit: an even spread counts on what
    is nobody's. It comes before the rows of units and of their cleaning."""
    rows = Property.objects.select_for_update(no_key=True).filter(pk__in=property_ids).order_by("pk")
    list(rows.values_list("pk"))


def _may_clean(person: User, places: Mapping[int, Property]) -> bool:
    """All of them."""
    if person.pk not in {one.pk for one in people(list(places.values()))}:
        return False
    seen = scope.property_ids(person)
    return seen is None or set(places) <= set(seen)


def _give(whose: Mapping[Unit, User | None], now: datetime, tomorrow: bool) -> None:
    """Each on its property's own day."""
    rows = [
        Cleaning(
            organization_id=unit.organization_id,
            property_id=unit.property_id,
            unit=unit,
            date=reading.today(unit.property, now) + timedelta(days=tomorrow),
            assignee=person,
        )
        for unit, person in sorted(whose.items(), key=lambda one: one[0].pk)  # everybody locks in this order
    ]
    Cleaning.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["unit", "date"], update_fields=["assignee"]
    )
    telling.units(whose, "assigned")


@transaction.atomic
def spread(user: User, places: Sequence[Property], now: datetime, *, tomorrow: bool = False) -> int:
    """Give what is nobody's to whoever of those who see the property has the least (of two, who sees fewer), the
    longest first. Returns how many units. Raises PermissionDenied, ValidationError where there is nobody."""
    require(user, Permission.HOUSEKEEPING_ASSIGN)
    _hold(place.pk for place in places)
    nobodys, *others = shares(places, now, tomorrow=tomorrow)
    able = {one.pk: one for one in people(places)}
    loads = {share.person.pk: share.minutes for share in others if share.person and share.person.pk in able}
    if not loads:
        raise ValidationError(_("Nobody cleans here yet: give somebody the role Housekeeper."))
    seen = _seen(able.values())
    given: dict[int, User] = {}
    todo = [card for card in nobodys.cards if not card.is_done and not card.blocked]
    for card in sorted(todo, key=lambda one: (-one.minutes, one.order)):
        near = [pk for pk in loads if pk not in seen or card.property_id in seen[pk]]
        if near:
            least = min(near, key=lambda pk: (loads[pk], len(seen.get(pk, places)), pk))
            loads[least] += card.minutes
            given[card.unit_id] = able[least]
    units = Unit.objects.select_related("property").in_bulk(given)
    _give({units[pk]: person for pk, person in given.items()}, now, tomorrow)
    return len(units)


def _seen(persons: Iterable[User]) -> dict[int, set[int]]:
    """person → the properties that they are limited to; who sees all is left out."""
    limited = [one.pk for one in persons if not one.all_properties]
    found: dict[int, set[int]] = {pk: set() for pk in limited}
    for user_id, property_id in PropertyScope.objects.filter(user__in=limited).values_list(
        "user_id", "property_id"
    ):
        found[user_id].add(property_id)
    return found


@transaction.atomic
def set_minutes(user: User, unit: Unit, day: date, minutes: int | None) -> None:
    """How long a unit is to take on a day; None: as usual. Raises PermissionDenied, ValidationError."""
    require(user, Permission.HOUSEKEEPING_ASSIGN)
    _check(minutes)
    row = Cleaning(
        organization_id=unit.organization_id,
        property_id=unit.property_id,
        unit=unit,
        date=day,
        minutes=minutes,
    )
    Cleaning.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["unit", "date"], update_fields=["minutes"]
    )
    telling.units([unit], "assigned")


@transaction.atomic
def set_usual(user: User, place: Property, departure: int, stay_over: int) -> None:
    """How long units of a property usually take. Raises PermissionDenied, ValidationError."""
    require(user, Permission.HOUSEKEEPING_ASSIGN)
    for minutes in (departure, stay_over):
        _check(minutes)
    before = {"departure": place.departure_minutes, "stay_over": place.stay_over_minutes}
    place.departure_minutes, place.stay_over_minutes = departure, stay_over
    place.save(update_fields=["departure_minutes", "stay_over_minutes"])
    after = {"departure": departure, "stay_over": stay_over}
    audit(
        place.organization_id, user, "housekeeping.minutes", f"property:{place.public_id}",
        before=before, after=after,
    )  # fmt: skip
    telling.whole(place.organization_id, place.pk)


def _check(minutes: int | None) -> None:
    if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
        raise ValidationError(_("Give minutes from 0 to %(most)d.") % {"most": MOST_MINUTES})
