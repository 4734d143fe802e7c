"""Changing reservations: single fields, dates, status."""

from datetime import date
from typing import Any

from connectors.sandbox.actions import homes
from connectors.sandbox.actions.stays import ActionError, change_stay, set_status
from connectors.sandbox.records import FieldDef, Guest, Json, Stay
from connectors.sandbox.wires.hostaway.answers import Call, Fail, need_object, ok
from connectors.sandbox.wires.hostaway.reservations import need
from connectors.sandbox.wires.hostaway.stay_shapes import full, listing_of

_BY = "API"
_TEXTS = {"hostNote": "note", "doorCode": "key_code"}
_OWN_TEXTS = ("guestNote", "comment", "doorCodeVendor", "doorCodeInstruction")
_COUNTS = ("adults", "children", "infants", "pets")
_GUEST = {
    "guestFirstName": "first_name",
    "guestLastName": "last_name",
    "guestEmail": "email",
    "phone": "phone",
    "guestLocale": "language",
}
_HOURS = ("checkInTime", "checkOutTime")
_DATES = ("arrivalDate", "departureDate")
_ALSO_KNOWN = (
    "remainingBalance",
    "guestName",
    "numberOfGuests",
    "conversations",
    "cancellationPolicyDetails",
)


def put(call: Call) -> Json:
    """`PUT /reservations/{id}`: what is named is set; `customFieldValues` replaces all of them."""
    stay, body = need(call, fresh=True), need_object(call)
    _check(call, stay, body)
    world = call.world
    with world.store.tx():
        if any(name in body for name in _DATES):
            _redate(call, stay, body)
        homes.set_hours(world, stay, _BY, {name: body[name] for name in _HOURS if name in body})
        change_stay(world, stay, _BY, **_plain(stay, body))
        _write_guest(call, stay, body)
    return ok(full(world.store, stay, call.now))


def _check(call: Call, stay: Stay, body: Json) -> None:
    """Raises Fail before anything is written."""
    listing, _ = listing_of(call.world.store, stay)
    if listing.extra.get("specialStatus") == "archived":
        raise Fail(400, "The listing is archived")
    known = {*full(call.world.store, stay, call.now), *_ALSO_KNOWN}
    if unknown := sorted(set(body) - known):
        raise Fail(400, f"Unknown property {unknown[0]}")
    if body.get("listingMapId", int(listing.id)) != int(listing.id):
        raise Fail(400, "listingMapId can not be changed")
    for name in (*_TEXTS, *_OWN_TEXTS, *_GUEST, "guestName"):
        if not isinstance(body.get(name, ""), str | None):
            raise Fail(400, f"{name} must be a string")
    for name in (*_HOURS, *_COUNTS):
        top = 23 if name in _HOURS else 999
        value = body.get(name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= top
        ):
            raise Fail(400, f"{name} must be an integer between 0 and {top}")
    if "customFieldValues" in body:
        _check_fields(call, body["customFieldValues"])


def _check_fields(call: Call, rows: Any) -> None:
    if not isinstance(rows, list):
        raise Fail(400, "customFieldValues must be an array")
    known = {row.id for row in call.world.store.find(FieldDef, "target = 'reservation'")}
    for row in rows:
        if not isinstance(row, dict) or str(row.get("customFieldId")) not in known:
            raise Fail(400, "Unknown customFieldId")


def _plain(stay: Stay, body: Json) -> Json:
    values: Json = {column: body[name] or "" for name, column in _TEXTS.items() if name in body}
    values |= {name: body[name] or 0 for name in _COUNTS if name in body}
    if own := {name: body[name] for name in _OWN_TEXTS if name in body}:
        values["extra"] = stay.extra | own
    if "customFieldValues" in body:
        values["fields"] = {str(row["customFieldId"]): row.get("value") for row in body["customFieldValues"]}
    return values


def _redate(call: Call, stay: Stay, body: Json) -> None:
    """Dates of a channel's booking belong to the channel; others need a free calendar. Raises Fail."""
    arrival = str(body.get("arrivalDate", stay.arrival))
    departure = str(body.get("departureDate", stay.departure))
    if (arrival, departure) == (stay.arrival, stay.departure):
        return
    try:
        date.fromisoformat(arrival), date.fromisoformat(departure)
    except ValueError:
        raise Fail(400, "Dates must be YYYY-MM-DD") from None
    if stay.platform in homes.OTA or stay.platform in homes.ICAL:
        raise Fail(400, "Dates of a channel reservation can only be altered on the channel")
    if homes.overlaps(call.world, stay, arrival, departure) and not call.flag("forceOverbooking"):
        raise Fail(400, "The listing is not available on these dates")
    try:
        homes.redate(call.world, stay, _BY, arrival, departure)
    except ActionError as error:
        raise Fail(400, str(error)) from None


def _write_guest(call: Call, stay: Stay, body: Json) -> None:
    guest = call.world.store.need(Guest, stay.guest_id)
    values = {column: body[name] for name, column in _GUEST.items() if name in body}
    if (
        "guestName" in body
        and body["guestName"] != guest.full_name
        and not values.keys() & {"first_name", "last_name"}
    ):
        values["first_name"], _, values["last_name"] = str(body["guestName"] or "").partition(" ")
    changed = {name: value for name, value in values.items() if getattr(guest, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(guest, name, value if name in ("email", "phone") else value or "")
    guest.updated_at = call.now
    call.world.store.put(guest)
    homes.guest_changed(call.world, guest)
    stay.updated_at = call.world.store.need(Stay, stay.id).updated_at


def cancel(call: Call) -> Json:
    """`PUT /reservations/{id}/statuses/cancelled`"""
    stay, body = need(call, fresh=True), need_object(call)
    who = body.get("cancelledBy")
    if who not in ("host", "guest"):
        raise Fail(400, "cancelledBy must be host or guest")
    set_status(call.world, stay, _BY, "cancelled", "GUEST" if who == "guest" else "TEAM_MEMBER")
    return ok(full(call.world.store, stay, call.now))


def no_show(call: Call) -> Json:
    """`PUT /reservations/{id}/statuses/noShow`: of Booking.com only."""
    stay, body = need(call, fresh=True), need_object(call)
    waived = body.get("waivedFees", False)
    if stay.platform != "bookingcom":
        raise Fail(400, "No-show can be reported for Booking.com reservations only")
    if not isinstance(waived, bool):
        raise Fail(400, "waivedFees must be a boolean")
    told = {"bookingcomNoShowReportedAt": call.now, "bookingcomNoShowFeeWaived": waived}
    change_stay(call.world, stay, _BY, extra=stay.extra | told)
    return ok(full(call.world.store, stay, call.now))
