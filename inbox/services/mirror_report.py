"""How well the mirror of one connection fits: the numbers of the shadow report (signature N7)."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.models import ExternalId
from connectors.ports import MirrorReport
from inbox.models import Message, Thread
from reservations.models import ContactKind, ContactPoint, Reservation

LOOK_BACK = timedelta(days=7)
_OVER = (Reservation.Status.CANCELLED, Reservation.Status.NO_SHOW)


def of(connection_id: int) -> MirrorReport:
    """Counted from the rows; a constant number of statements."""
    stays = Reservation.objects.filter(connection_id=connection_id)
    threads = Thread.objects.filter(connection_id=connection_id)
    shared = _shared(connection_id)
    matched = threads.filter(stay__isnull=False).count()
    return MirrorReport(
        reservations=stays.count(),
        guests=_known(connection_id, Entity.GUEST),
        units=_known(connection_id, Entity.UNIT),
        messages=Message.objects.filter(connection_id=connection_id).count(),
        matched_threads=matched,
        unmatched_threads=threads.count() - matched,
        missing=_missing(connection_id),
        duplicates=len(shared),
        duplicate_guests=len(set().union(*shared)),
    )


def _known(connection_id: int, entity: Entity) -> int:
    return ExternalId.objects.filter(connection_id=connection_id, entity=entity).count()


def _missing(connection_id: int) -> dict[str, int]:
    """Of the stays that are still to come or just over: which lack what staff and sequences need."""
    since = (clock.now() - LOOK_BACK).date()
    live = (
        Reservation.objects.filter(connection_id=connection_id, is_owner_stay=False)
        .exclude(status__in=(*_OVER, Reservation.Status.INQUIRY))
        .filter(Q(departure_date__gte=since) | Q(departure_date__isnull=True))
    )
    return live.aggregate(
        arrival=Count("pk", filter=Q(arrival_date__isnull=True)),
        departure=Count("pk", filter=Q(departure_date__isnull=True)),
        property=Count("pk", filter=Q(property__isnull=True)),
        guest=Count("pk", filter=Q(guest__isnull=True) | Q(guest__full_name="")),
    )


def _shared(connection_id: int) -> list[set[int]]:
    """The guests behind each phone and address that more than one guest of the connection has; relay addresses are
    shared by design."""
    guests = Reservation.objects.filter(connection_id=connection_id).values("guest_id")
    rows = (
        ContactPoint.objects.filter(guest_id__in=guests)
        .exclude(kind=ContactKind.RELAY)
        .values("kind", "value")
        .annotate(people=ArrayAgg("guest_id", distinct=True), several=Count("guest_id", distinct=True))
        .filter(several__gt=1)
    )
    return [set(people) for people in rows.values_list("people", flat=True)]
