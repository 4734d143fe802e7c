"""A stay, unit or property as it is held beside what the PMS tells now. Reads only; told values are made as the mirror
does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.contract.records import UNSET, GuestRecord, PropertyRecord, ReservationRecord, UnitRecord
from connectors.events import Source
from connectors.inbound import identity
from connectors.models import Connection, ExternalId
from connectors.ports import Comparable, LiveStay, SideBySide
from reservations.models import Guest, Property, Reservation, Unit
from reservations.services import guests, places, stays

NEAR = timedelta(days=7)
# Dates are local to each property: a day of tolerance holds all zones.
_A_DAY = timedelta(days=1)
_LIVE = (Reservation.Status.TENTATIVE, Reservation.Status.CONFIRMED, Reservation.Status.CHECKED_IN)


def live_stays(connection_id: int, near: bool, after: int, limit: int) -> list[LiveStay]:
    """Stays that are not over, by local id; `near`: only those that arrive within seven days."""
    today = clock.now().date()
    rows = Reservation.objects.filter(
        connection_id=connection_id, pk__gt=after, status__in=_LIVE, departure_date__gte=today - _A_DAY
    )
    if near:
        rows = rows.filter(arrival_date__gte=today - _A_DAY, arrival_date__lte=today + NEAR)
    found = rows.order_by("pk").values_list("pk", "remote_id")[:limit]
    return [LiveStay(object_id=pk, remote_id=remote_id) for pk, remote_id in found]


def side_by_side(connection: Connection, record: Comparable) -> list[SideBySide]:
    """A unit, a property, or a stay and its guest; empty where it is not known here."""
    if isinstance(record, UnitRecord):
        return _unit(connection, record)
    if isinstance(record, PropertyRecord):
        return _property(connection, record)
    return _stay(connection, record)


def _unit(connection: Connection, record: UnitRecord) -> list[SideBySide]:
    known = identity.find(connection.pk, Entity.UNIT, record.external_id)
    unit = Unit.objects.select_related("property").filter(pk=known.object_id).first() if known else None
    if known is None or unit is None:
        return []
    told = {**places.told_of_unit(record), "property": places.moved_to(connection, unit, record)}
    return [_place(unit, unit.property, known, told, record.version)]


def _property(connection: Connection, record: PropertyRecord) -> list[SideBySide]:
    known = identity.find(connection.pk, Entity.PROPERTY, record.external_id)
    row = Property.objects.filter(pk=known.object_id).first() if known else None
    if known is None or row is None:
        return []
    return [_place(row, row, known, places.told_of_property(connection, record), record.version)]


def _place(
    row: Unit | Property, place: Property, known: ExternalId, told: dict[str, Any], version: str | None
) -> SideBySide:
    return SideBySide(
        entity=known.entity,
        object_id=row.pk,
        remote_id=known.remote_id,
        current={field: getattr(row, field) for field in told},
        told=told,
        held=known.version,
        version=version,
        as_of=known.read_at,
        label=str(row) or known.remote_id,
        place="" if row is place else str(place),
        place_id=place.pk,
        arrival=None,
    )


def _stay(connection: Connection, record: ReservationRecord) -> list[SideBySide]:
    stay = (
        Reservation.objects.select_related("guest", "unit", "property")
        .filter(connection=connection, remote_id=record.external_id)
        .first()
    )
    if stay is None:
        return []
    guest, remote_guest = _guest(connection, record)
    told = stays.told_of(Source(connection=connection), record, guest or UNSET)
    found = [_side(stay, Entity.RESERVATION, record.external_id, stay, told, record.version, connection)]
    if guest is not None and remote_guest is not None and guest.pk == stay.guest_id:
        version = remote_guest.version or record.version
        told = guests.told_of(remote_guest)
        found.append(_side(stay, Entity.GUEST, remote_guest.external_id, guest, told, version, connection))
    return found


def _guest(connection: Connection, record: ReservationRecord) -> tuple[Guest | None, GuestRecord | None]:
    remote_id = (record.guest.external_id if record.guest else "") or record.guest_id
    if not remote_id:
        return None, None
    known = identity.known(connection.pk, Entity.GUEST, [remote_id])
    return Guest.objects.filter(pk=known.get(remote_id, 0)).first(), record.guest


def _side(
    stay: Reservation,
    entity: Entity,
    remote_id: str,
    row: Reservation | Guest,
    told: dict[str, Any],
    version: str | None,
    connection: Connection,
) -> SideBySide:
    known = identity.find(connection.pk, entity, remote_id)
    return SideBySide(
        entity=entity.value,
        object_id=row.pk,
        remote_id=remote_id,
        current={field: getattr(row, field) for field in told},
        told=told,
        held=known.version if known else "",
        version=version,
        as_of=row.as_of,
        label=(stay.guest.full_name if stay.guest else "") or str(stay),
        place=", ".join(str(part) for part in (stay.unit, stay.property) if part),
        place_id=stay.property_id,
        arrival=stay.arrival_date,
    )
