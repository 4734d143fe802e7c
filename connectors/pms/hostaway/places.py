"""Listings, their rooms and tasks → records (https://api.hostaway.com/documentation#listings, #tasks)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time

from connectors.contract import wire
from connectors.contract.records import (
    UNSET,
    PersonRecord,
    PropertyRecord,
    UnitRecord,
    Unset,
    WorkOrderRecord,
)
from connectors.contract.task_text import assignee_in, described
from connectors.contract.wire import Wire, first, text, told_text
from connectors.pms.hostaway.stays import unit_id
from connectors.pms.hostaway.words import TASK_KINDS, TASK_STATES


def read_property(listing: Wire) -> PropertyRecord:
    return PropertyRecord(
        external_id=text(listing.get("id")),
        name=first(listing.get("internalListingName"), listing.get("name"), listing.get("id")),
        timezone=text(listing.get("timeZoneName")) or None,
        address=_address(listing),
        raw=listing,
    )


def read_unit(listing: Wire, room: Wire | None = None) -> UnitRecord:
    """A room of a listing, or the listing itself where it has none."""
    listing_id = text(listing.get("id"))
    name = first(listing.get("internalListingName"), listing.get("name"))
    if room is not None:
        name = " ".join(wire.texts((room.get("name"), room.get("unitNumber")))) or name
    return UnitRecord(
        external_id=unit_id(listing_id, text(room.get("id"))) if room is not None else listing_id,
        property_id=listing_id,
        name=name or UNSET,
        title=text(listing["name"]) if "name" in listing else UNSET,
        timezone=told_text(listing, "timeZoneName"),
        address=_address(listing),
        check_in_time=_hour(listing, "checkInTimeStart"),
        check_out_time=_hour(listing, "checkOutTime"),
        wifi=_wifi(listing),
        raw=room if room is not None else listing,
    )


def read_person(user: Wire) -> PersonRecord:
    joined = " ".join(wire.texts((user.get("firstName"), user.get("lastName"))))
    return PersonRecord(
        external_id=text(user.get("id")), name=first(joined, user.get("email"), user.get("id")), raw=user
    )


def read_task(data: Wire, people: Mapping[str, str]) -> WorkOrderRecord:
    """A task is our work order; `people`: user id → name."""
    status = text(data.get("status"))
    kinds = data.get("categoriesMap")
    numbers = [wire.integer(kind) for kind in kinds] if isinstance(kinds, list) else []
    known = [TASK_KINDS[number] for number in numbers if number in TASK_KINDS]
    listing = text(data.get("listingMapId"))
    return WorkOrderRecord(
        external_id=text(data.get("id")),
        version=wire.version(data.get("updatedOn")),
        title=text(data.get("title")),
        kind=known[0] if known else "",
        status=status,
        state=TASK_STATES.get(status.lower(), UNSET),
        description=described(text(data["description"])) if "description" in data else UNSET,
        resolution=text(data["resolutionNote"]) if "resolutionNote" in data else UNSET,
        assignee=_assignee(data, people) if "assigneeUserId" in data else UNSET,
        due_at=wire.instant(data["shouldEndBy"]) if "shouldEndBy" in data else UNSET,
        reservation_id=text(data.get("reservationId")) or None,
        unit_id=listing or None,
        unknown={} if not status or status.lower() in TASK_STATES else {"status": status},
        raw=data,
    )


def _assignee(data: Wire, people: Mapping[str, str]) -> str:
    """A user, else whoever stands in the text: there is no field for somebody who isn't one."""
    person = text(data.get("assigneeUserId"))
    return people.get(person, person) or assignee_in(text(data.get("description")))


def _hour(data: Wire, key: str) -> time | Unset | None:
    if key not in data:
        return UNSET
    hour = wire.integer(data[key])
    return time(hour) if hour is not None and 0 <= hour <= 23 else None


def _wifi(listing: Wire) -> str | Unset:
    found = " / ".join(wire.texts((listing.get("wifiUsername"), listing.get("wifiPassword"))))
    return found or UNSET


def _address(listing: Wire) -> str:
    street, city = text(listing.get("address")), text(listing.get("city"))
    return ", ".join(wire.texts((street, "" if city in street else city, listing.get("countryCode"))))
