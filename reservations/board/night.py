"""A night that somebody slept in a unit makes it dirty: where no PMS says so, the board does, once a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.contract.registry import available
from connectors.models import ExternalId
from reservations.board import reading, telling
from reservations.board.cards import OUT
from reservations.models import Cleaning, Property, Reservation, Unit, UnitState, UnitStateChange

KEEP = timedelta(days=180)
"""How long it is known who cleaned what."""
_SLEPT = (Reservation.Status.CONFIRMED, Reservation.Status.CHECKED_IN, Reservation.Status.CHECKED_OUT)

# While the first import runs, nobody knows yet who slept where.
_IMPORTING = ExternalId.objects.filter(
    entity=Entity.PROPERTY, object_id=OuterRef("pk"), connection__health__caught_up_to=None
)


def begin_days() -> int:
    """For every property whose local day is a new one. Returns how many units are dirty by that."""
    now = clock.now()
    # Nowhere is the day further than fourteen hours ahead.
    old = Q(board_day=None) | Q(board_day__lt=(now + timedelta(hours=14)).date())
    places = Property.objects.filter(old).exclude(Exists(_IMPORTING))
    return sum(_begin(place.pk, now) for place in places.order_by("pk") if _is_new(place, now))


def _is_new(place: Property, now: datetime) -> bool:
    return place.board_day is None or place.board_day < reading.today(place, now)


@transaction.atomic
def _begin(property_id: int, now: datetime) -> int:
    place = Property.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=property_id).first()
    if place is None or not _is_new(place, now):
        return 0
    day = reading.today(place, now)
    begins = datetime.combine(day, datetime.min.time(), place.zone)
    changed = _slept_in(place, day, begins).update(condition=UnitState.DIRTY, condition_as_of=now)
    Cleaning.objects.filter(property=place, date__lt=day - KEEP).delete()
    UnitStateChange.objects.filter(unit__property=place, date__lt=day - KEEP).delete()
    place.board_day = day
    place.save(update_fields=["board_day"])
    telling.whole(place.organization_id, place.pk)
    return changed


def _slept_in(place: Property, day: date, begins: datetime) -> QuerySet[Unit]:
    """Units whose state only we keep, of which nobody said anything since the night."""
    stays = Reservation.objects.filter(
        unit=OuterRef("pk"), property=place, departure_date__gte=day, arrival_date__lt=day, status__in=_SLEPT
    )
    theirs = [slug for slug in available() if reading.slug_takes_states(slug)]
    by_pms = ExternalId.objects.filter(
        entity=Entity.UNIT, object_id=OuterRef("pk"), connection__slug__in=theirs
    )
    rows = Unit.objects.filter(Exists(stays), ~Exists(by_pms), property=place)
    return rows.exclude(condition__in=[*OUT, UnitState.DIRTY]).exclude(condition_as_of__gte=begins)
