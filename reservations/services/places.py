"""Properties and units as the PMS tells them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bellhop.core import events
from connectors.contract.events import Entity
from connectors.contract.records import UNSET, PropertyRecord, UnitRecord
from connectors.events import PropertyTold, Source, UnitTold
from connectors.inbound import identity
from connectors.models import Connection
from reservations.events import PropertyAdded
from reservations.models import Property, Unit
from reservations.services import mirror


def on_property(event: PropertyTold) -> None:
    """Create or update a property."""
    record = event.record
    _property(
        event.source, record.external_id, told_of_property(event.source.connection, record), record.version
    )


def told_of_property(connection: Connection, record: PropertyRecord) -> dict[str, Any]:
    """The record in the words of our model."""
    told: dict[str, Any] = {"name": record.name[:200], "address": record.address[:300]}
    if record.timezone:
        told["timezone"] = valid_zone(record.timezone, connection.timezone)
    return told


def _property(source: Source, remote_id: str, told: dict[str, Any], version: str | None) -> Property:
    row, held = mirror.find(Property, source, Entity.PROPERTY, remote_id)
    if row is not None:
        mirror.merge(row, source, Entity.PROPERTY, remote_id, told, held, version)
        return row
    first = {
        "timezone": source.connection.timezone,
        **told,
        "organization_id": source.connection.organization_id,
    }
    made = mirror.create(Property, source, Entity.PROPERTY, remote_id, first, version)
    events.emit(PropertyAdded(property=made))
    return made


def on_unit(event: UnitTold) -> None:
    """Create or update a unit. Where the PMS groups units no further, the unit is its own property."""
    record, source = event.record, event.source
    row, held = mirror.find(Unit, source, Entity.UNIT, record.external_id)
    told = told_of_unit(record)
    if row is not None:
        _refresh_zone(source, row.property, record)
        told["property"] = moved_to(source.connection, row, record)
        mirror.merge(row, source, Entity.UNIT, record.external_id, told, held, record.version)
        return
    first = {
        **told,
        "organization_id": source.connection.organization_id,
        "property": property_of(source, record),
        "name": told["name"] or record.external_id,
    }
    mirror.create(Unit, source, Entity.UNIT, record.external_id, first, record.version)


def told_of_unit(record: UnitRecord) -> dict[str, Any]:
    """The record in the words of our model, but for its property."""
    return {
        "name": _cut(record.name, 200),
        "title": _cut(record.title, 300),
        "check_in_time": record.check_in_time,
        "check_out_time": record.check_out_time,
        "wifi": _cut(record.wifi, 200),
        "parking": _cut(record.parking, 200),
    }


def moved_to(connection: Connection, unit: Unit, record: UnitRecord) -> Any:
    """The property that a unit we have is told to be in; UNSET where none is told that we know."""
    if not record.property_id:
        return UNSET
    found = identity.known(connection.pk, Entity.PROPERTY, [record.property_id])
    place_id = found.get(record.property_id)
    if place_id is None or place_id == unit.property_id:
        return unit.property if place_id else UNSET
    return Property.objects.filter(pk=place_id).first() or UNSET


def property_of(source: Source, record: UnitRecord) -> Property:
    """The property a unit belongs to; made from the unit where it isn't known yet."""
    remote_id = record.property_id or record.external_id
    row, _ = mirror.find(Property, source, Entity.PROPERTY, remote_id)
    if row is not None:
        _refresh_zone(source, row, record)
        return row
    told: dict[str, Any] = {"name": str(record.name or record.title or remote_id)[:200]}
    if record.address:
        told["address"] = record.address[:300]
    if record.timezone:
        told["timezone"] = valid_zone(str(record.timezone), source.connection.timezone)
    return _property(source, remote_id, told, record.version)


def _refresh_zone(source: Source, row: Property, record: UnitRecord) -> None:
    """Units carry the zone; a property that still has the connection's fallback takes it from them."""
    if not record.timezone or row.timezone == record.timezone or row.timezone != source.connection.timezone:
        return
    row.timezone = valid_zone(str(record.timezone), row.timezone)
    row.save(update_fields=["timezone"])


def valid_zone(name: str, fallback: str) -> str:
    """`name` if it is an IANA zone, else `fallback`."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return fallback
    return name


def _cut(value: Any, length: int) -> Any:
    return value if value is UNSET else str(value or "")[:length]


def names(organization_id: int) -> list[tuple[int, str]]:
    """(id, name) of every property of an organization, by name."""
    rows = Property.objects.filter(organization_id=organization_id).order_by("name", "pk")
    return list(rows.values_list("pk", "name"))
