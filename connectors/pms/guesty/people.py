"""Guests, listings, complexes and tasks → records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from types import MappingProxyType
from typing import Any

from connectors.contract import wire
from connectors.contract.records import (
    UNSET,
    GuestRecord,
    PersonRecord,
    PropertyRecord,
    UnitRecord,
    Unset,
    WorkOrderRecord,
)
from connectors.contract.task_text import assignee_in, described
from connectors.contract.wire import Wire, first, identifier, obj, text, told_text
from connectors.pms.guesty.words import TASK_KINDS, TASK_STATES


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


def read_person(data: Wire) -> PersonRecord:
    """A user of the account."""
    joined = " ".join(wire.texts((data.get("firstName"), data.get("lastName"))))
    return PersonRecord(
        external_id=identifier(data), name=first(data.get("fullName"), joined, identifier(data)), raw=data
    )


def read_task(
    data: Wire, names: Mapping[str, str] = MappingProxyType({}), status: str = ""
) -> WorkOrderRecord:
    """A task is our work order. `names`: user id → name.

    Single ones tell flat values, their times under `timing` and their place under `apply`; webhooks times only; rows of
    a list wrap each column the way a grid wants it.
    """
    status = status or _cell(data.get("status"))
    kind = _cell(data.get("type"))
    return WorkOrderRecord(
        external_id=identifier(data),
        version=wire.version(first(data.get("updatedAt"), data.get("lastUpdatedAt"))),
        title=first(data.get("title"), _cell(data.get("taskTitle"))),
        kind=TASK_KINDS.get(kind, kind),
        status=status,
        state=TASK_STATES.get(status.lower(), UNSET),
        description=described(text(data["description"])) if "description" in data else UNSET,
        assignee=_assignee(data, names),
        due_at=_due(data),
        unknown={} if not status or status.lower() in TASK_STATES else {"status": status},
        raw=data,
        **_place(data),
    )


def assignee_of(task: Wire) -> str:
    """The id of the person who is to do it; empty where nobody is."""
    return first(task.get("assigneeId"), obj(task.get("assignee")).get("assigneeId"))


def _assignee(task: Wire, names: Mapping[str, str]) -> str | Unset:
    """A user, else whoever stands in the text: there is no field for somebody who isn't one. Rows of a list have no
    text, so that nobody there is no news."""
    if person := assignee_of(task):
        return names.get(person, person)
    known = {"assignee", "assigneeId"} & set(task) and "description" in task
    return assignee_in(text(task["description"])) if known else UNSET


def _cell(value: object) -> str:
    """A value as it is, or wrapped: `{"children": value}`."""
    return text(value) or text(obj(value).get("children"))


def _due(task: Wire) -> datetime | Unset | None:
    told = [obj(task[name]) for name in ("timing", "scheduledFor") if name in task]
    if "mustFinishBefore" in task:
        told.append(
            {"mustFinishBefore": obj(task["mustFinishBefore"]).get("date") or task["mustFinishBefore"]}
        )
    if not told:
        return UNSET
    return next((due for one in told if (due := wire.instant(one.get("mustFinishBefore")))), None)


def _place(task: Wire) -> dict[str, Any]:
    """Told flat, under `apply`, or in the columns of a list; empty where it isn't told at all."""
    names = ("apply", "listing", "reservation", "listingId", "reservationId")
    if not any(name in task for name in names):
        return {}
    apply, listing, stay = (obj(task.get(name)) for name in ("apply", "listing", "reservation"))
    return {
        "reservation_id": first(
            task.get("reservationId"), apply.get("reservationId"), stay.get("reservationId"), identifier(stay)
        )
        or None,
        "unit_id": first(task.get("listingId"), apply.get("listingId"), listing.get("listingId")) or None,
    }


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
