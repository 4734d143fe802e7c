"""Guests, listings, complexes and tasks → records."""

from __future__ import annotations

from datetime import UTC, time

from connectors.contract import wire
from connectors.contract.records import UNSET, GuestRecord, PropertyRecord, UnitRecord, Unset, WorkOrderRecord
from connectors.contract.wire import Wire, first, identifier, obj, text, told_text
from connectors.pms.guesty.words import TASK_STATES


def read_guest(data: Wire, external_id: str = "") -> GuestRecord:
    """One guest. Absent keys stay UNSET, because the short object in a reservation tells little."""
    emails = wire.texts([data.get("email"), *_many(data.get("emails"))])
    phones = wire.texts([data.get("phone"), *_many(data.get("phones"))])
    joined = " ".join(wire.texts((data.get("firstName"), data.get("lastName"))))
    return GuestRecord(
        external_id=first(data.get("_id"), data.get("id"), external_id),
        version=wire.version(first(data.get("lastUpdatedAt"), data.get("updatedAt"))),
        full_name=first(data.get("fullName"), joined) or UNSET,
        first_name=_told(data, "firstName"),
        last_name=_told(data, "lastName"),
        emails=emails if emails or "email" in data or "emails" in data else UNSET,
        phones=phones if phones or "phone" in data or "phones" in data else UNSET,
        language=told_text(data, "preferredLanguage"),
        notes=_told(data, "notes"),
        tags=wire.texts(_many(data.get("tags"))) if "tags" in data else UNSET,
        raw=data,
    )


def read_unit(data: Wire, property_id: str | None = None) -> UnitRecord:
    """A listing is our unit; the complex that it is in, told elsewhere, our property."""
    address = data.get("address")
    zone = told_text(data, "timezone")
    return UnitRecord(
        external_id=identifier(data),
        version=wire.version(first(data.get("lastUpdatedAt"), data.get("updatedAt"))),
        property_id=property_id,
        name=first(data.get("nickname"), data.get("title")) or UNSET,
        title=_told(data, "title"),
        timezone=zone,
        address=_address(address) if address is not None else UNSET,
        check_in_time=_time(data, "defaultCheckInTime"),
        check_out_time=_time(data, "defaultCheckOutTime"),
        raw=data,
    )


def read_property(data: Wire) -> PropertyRecord:
    """A complex, or a listing that stands for itself."""
    return PropertyRecord(
        external_id=identifier(data),
        name=first(data.get("nickname"), data.get("name"), data.get("title"), identifier(data)),
        timezone=text(data.get("timezone")) or None,
        address=_address(data.get("address")),
        raw=data,
    )


def listings_of(group: Wire) -> tuple[str, ...]:
    """The ids of a complex's listings, given bare or as objects (the shape is not documented)."""
    return wire.texts(
        identifier(one) for name in ("listingIds", "listings") for one in _many(group.get(name))
    )


def read_task(data: Wire, status: str = "") -> WorkOrderRecord:
    """A task is our work order; where it applies is told flat or under `apply`."""
    apply = obj(data.get("apply"))
    status = status or text(data.get("status"))
    return WorkOrderRecord(
        external_id=identifier(data),
        version=wire.version(first(data.get("updatedAt"), data.get("lastUpdatedAt"))),
        title=text(data.get("title")),
        kind=text(data.get("type")),
        status=status,
        state=TASK_STATES.get(status.lower(), UNSET),
        description=text(data["description"]) if "description" in data else UNSET,
        due_at=wire.instant(data["mustFinishBefore"]) if "mustFinishBefore" in data else UNSET,
        reservation_id=first(data.get("reservationId"), apply.get("reservationId")) or None,
        unit_id=first(data.get("listingId"), apply.get("listingId")) or None,
        raw=data,
    )


def _many(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _told(data: Wire, key: str) -> str | Unset:
    return text(data[key]) if key in data else UNSET


def _time(data: Wire, key: str) -> time | Unset | None:
    return wire.local_time(data[key], UTC) if key in data else UNSET


def _address(value: object) -> str:
    address = obj(value)
    parts = (address.get("street"), address.get("zipcode"), address.get("city"), address.get("country"))
    return first(address.get("full"), ", ".join(wire.texts(parts)), value if isinstance(value, str) else "")
