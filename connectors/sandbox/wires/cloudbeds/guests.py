"""Guests: one, lists, and writing."""

from connectors.sandbox.actions.people import edit_guest
from connectors.sandbox.records import Guest, Json, Post, Property, Stay
from connectors.sandbox.wires.cloudbeds import shapes
from connectors.sandbox.wires.cloudbeds.answers import (
    BY,
    MAX_PAGE,
    Call,
    Refusal,
    instant_of,
    local,
    need_stay,
    no_card,
    ok,
    paged,
)
from connectors.sandbox.wires.cloudbeds.notes import need_guest
from connectors.sandbox.wires.cloudbeds.reservations import stays_of
from connectors.sandbox.wires.cloudbeds.writes import custom_values

_PLAIN = {
    "guestFirstName": "first_name",
    "guestLastName": "last_name",
    "guestEmail": "email",
    "guestPhone": "phone",
}
_EXTRA = {
    "guestCellPhone": "cell_phone",
    "guestCountry": "country",
    "guestCity": "city",
    "guestGender": "gender",
    "guestAddress1": "address",
    "guestAddress2": "address2",
    "guestState": "state",
    "guestZip": "zip",
    "guestBirthDate": "birth_date",
    "guestCompanyName": "company",
    "guestCompanyTaxId": "company_tax_id",
    "guestTaxId": "tax_id",
}
_OTHER = (
    "guestID",
    "guestCustomFields",
    "guestRequirements",
    "guestDocumentType",
    "guestDocumentNumber",
    "guestDocumentIssueDate",
    "guestDocumentIssuingCountry",
    "guestDocumentExpirationDate",
)
Entry = tuple[Property, Stay, Guest]


def get(call: Call) -> Json:
    """`GET /getGuest`, by guest or by reservation; a merged one says under which id it goes on."""
    place = call.place()
    if call.said("guestID") is None:
        if call.said("reservationID") is None:
            raise Refusal('Please specify "guestID" or "reservationID" parameter for this call')
        guest = call.store.need(Guest, need_stay(call, call.store, place).guest_id)
    else:
        guest = need_guest(call, place)
    extra = guest.extra
    return ok(
        {
            "firstName": guest.first_name,
            "lastName": guest.last_name,
            "gender": extra.get("gender", "N/A"),
            "email": guest.email or "",
            "phone": guest.phone or "",
            "cellPhone": extra.get("cell_phone", ""),
            "country": extra.get("country", ""),
            "address": extra.get("address", ""),
            "address2": extra.get("address2", ""),
            "city": extra.get("city", ""),
            "zip": extra.get("zip", ""),
            "state": extra.get("state", ""),
            "birthDate": extra.get("birth_date"),
            "customFields": [
                {"customFieldName": row["customFieldName"], "customFieldValue": row["customFieldValue"]}
                for row in shapes.custom_fields(call.store, extra.get("fields", {}), "guest")
            ],
            "specialRequests": guest.notes,
            "taxID": extra.get("tax_id", ""),
            "companyTaxID": extra.get("company_tax_id", ""),
            "companyName": extra.get("company", ""),
            "isAnonymized": bool(extra.get("anonymized")),
            "guestOptIn": bool(extra.get("opt_in")),
            **_merged(guest),
        }
    )


def _merged(guest: Guest) -> Json:
    into = guest.extra.get("merged_into")
    return {"isMerged": bool(into), "newGuestID": into or ""}


def _entries(call: Call) -> list[Entry]:
    """Every guest with each reservation, as far as the date filters let them through."""
    return [
        (place, stay, guest)
        for place in call.places("propertyIDs")
        for stay in stays_of(call, place)
        if not stay.extra.get("deleted")
        and _between(stay.arrival, call.said("checkInFrom"), call.said("checkInTo"))
        and _between(stay.departure, call.said("checkOutFrom"), call.said("checkOutTo"))
        for guest in shapes.guests_of(call.store, stay)
    ]


def _between(value: str, low: str | None, high: str | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _changed(call: Call, entry: Entry, by: str) -> bool:
    """Whether the guest was made or changed within `resultsFrom` and `resultsTo`."""
    place, _, guest = entry
    low, high = (call.said(name) for name in ("resultsFrom", "resultsTo"))
    return _between(
        (guest.created_at if by == "creation" else guest.updated_at)[:19],
        instant_of(place, low, "resultsFrom")[:19] if low else None,
        instant_of(place, high, "resultsTo")[:19] if high else None,
    )


def listed(call: Call) -> Json:
    """`GET /getGuestList`: by guest id."""
    by, statuses = call.said("sortBy") or "modification", call.said("status")
    wanted = [
        entry
        for entry in _entries(call)
        if _changed(call, entry, by)
        and (statuses is None or entry[1].status in statuses.split(","))
        and (entry[2].id == entry[1].guest_id or not call.flag("excludeSecondaryGuests"))
        and _is(call, entry[2])
    ]
    wanted.sort(key=lambda entry: entry[2].created_at if by == "creation" else entry[2].updated_at)
    part, counts = paged(call, wanted, MAX_PAGE)
    return ok({entry[2].id: _list_entry(call, entry) for entry in part}, **counts)


def _is(call: Call, guest: Guest) -> bool:
    values = {
        "guestFirstName": guest.first_name,
        "guestLastName": guest.last_name,
        "guestEmail": guest.email or "",
        "guestPhone": guest.phone or "",
        "guestCellPhone": guest.extra.get("cell_phone", ""),
    }
    named = ((call.said(name), value) for name, value in values.items())
    return all(wanted.lower() == value.lower() for wanted, value in named if wanted is not None)


def _list_entry(call: Call, entry: Entry) -> Json:
    place, stay, guest = entry
    value: Json = {
        "reservationID": stay.id,
        "guestName": guest.full_name,
        "guestEmail": guest.email or "",
        "guestID": guest.id,
        "dateCreated": local(place, stay.created_at),
        "dateModified": local(place, stay.updated_at),
        "isMainGuest": guest.id == stay.guest_id,
        "isAnonymized": bool(guest.extra.get("anonymized")),
        "status": stay.status,
    }
    if not call.flag("includeGuestInfo"):
        return value | _merged(guest)
    notes = call.store.find(Post, "conversation_id = ?", (f"guest-{guest.id}",))
    return value | {
        **_person(guest),
        "guestOptIn": bool(guest.extra.get("opt_in")),
        "guestNotes": [{"ID": row.id, "note": row.body} for row in notes],
        **_merged(guest),
    }


def _person(guest: Guest) -> Json:
    return {
        "guestFirstName": guest.first_name,
        "guestLastName": guest.last_name,
        "guestGender": guest.extra.get("gender", "N/A"),
        "guestEmail": guest.email or "",
        "guestPhone": guest.phone or "",
        "guestCellPhone": guest.extra.get("cell_phone", ""),
        "guestCity": guest.extra.get("city", ""),
        "guestCountry": guest.extra.get("country", ""),
    }


def modified(call: Call) -> Json:
    """`GET /getGuestsModified`: a record per room; without dates those of today."""
    ranged = any(call.said(name) for name in ("resultsFrom", "resultsTo"))
    rows: list[Json] = []
    for entry in _entries(call):
        place, stay, guest = entry
        today = shapes.hotel_day(call, place.id)
        recent = _changed(call, entry, "modification")
        if not ranged:
            recent = (local(place, guest.updated_at) or "")[:10] == today
        if not recent or (call.flag("inHouse") and stay.status != "checked_in"):
            continue
        rows += [
            _modified_entry(place, stay, guest, shapes.list_room(call.store, stay, row))
            for row in stay.rooms
            if row["guest"] in (guest.id, None)
        ]
    part, counts = paged(call, rows, MAX_PAGE)
    return ok(part, **counts)


def _modified_entry(place: Property, stay: Stay, guest: Guest, room: Json) -> Json:
    return {
        "guestID": guest.id,
        "reservationID": stay.id,
        "roomTypeID": room["roomTypeID"],
        "roomID": room["roomID"],
        "roomName": room.get("roomName"),
        **_person(guest),
        "startDate": room["roomCheckIn"],
        "endDate": room["roomCheckOut"],
        "customFields": [],
        "dateModified": local(place, guest.updated_at),
        "isAnonymized": bool(guest.extra.get("anonymized")),
        "guestOptIn": bool(guest.extra.get("opt_in")),
        **_merged(guest),
    }


def put(call: Call) -> Json:
    """`PUT /putGuest`: what is sent is set."""
    place = call.place()
    call.only(*_PLAIN, *_EXTRA, *_OTHER)
    guest = call.world.store.need(Guest, need_guest(call, place).id)
    country = call.form.get("guestCountry")
    if country and (len(country) != 2 or not country.isalpha()):
        raise Refusal('Invalid parameter format, "guestCountry" is a code of 2 letters')
    no_card(str(call.form.get("guestTaxId", "")), "guestTaxId")
    values: Json = {column: call.form[name] for name, column in _PLAIN.items() if name in call.form}
    extra = {column: call.form[name] for name, column in _EXTRA.items() if name in call.form}
    if fields := custom_values(call, "guestCustomFields", "guest"):
        extra["fields"] = guest.extra.get("fields", {}) | fields
    edit_guest(call.world, guest, BY, values | {"extra": guest.extra | extra})
    return {"success": True}
