"""Lists of reservations, short and with rates; filters are on the hotel's clock."""

from collections.abc import Callable

from connectors.sandbox.actions.hotel import CANCELLED, SOURCE_IDS, STATUSES, total
from connectors.sandbox.records import Guest, Json, Property, Stay
from connectors.sandbox.wires.cloudbeds import shapes
from connectors.sandbox.wires.cloudbeds.answers import (
    MAX_PAGE,
    Call,
    Refusal,
    instant_of,
    local,
    ok,
    paged,
    utc,
)
from connectors.sandbox.wires.cloudbeds.reservations import stays_of

Row = tuple[Property, Stay]
_DIRECT = ("website", "walkin", "phone")


def find(call: Call) -> Json:
    """`GET /getReservations`: of all properties unless some are named."""
    status = call.said("status")
    if status is not None and status not in STATUSES:
        raise Refusal('Invalid parameter format, "status"')
    rows = [
        (place, stay)
        for place in call.places("propertyID")
        for stay in stays_of(call, place)
        if not stay.extra.get("deleted") and status in (None, stay.status) and _listed(call, place, stay)
    ]
    part, counts = paged(call, _sorted(call, rows), MAX_PAGE)
    return ok([_short(call, place, stay) for place, stay in part], **counts)


def with_rates(call: Call) -> Json:
    """`GET /getReservationsWithRateDetails`: with UTC twins, and by a list of ids."""
    place = call.place()
    ids = (call.said("reservationID") or "").split(",")
    excluded = (call.said("excludeStatuses") or "").split(",")
    deleted = call.flag("includeDeleted")
    rows = [
        (place, stay)
        for stay in stays_of(call, place)
        if (ids == [""] or stay.id in ids)
        and stay.status not in excluded
        and (deleted or not stay.extra.get("deleted"))
        and _dated(call, place, stay)
        and _within(stay.departure, call.said("reservationCheckOutFrom"), call.said("reservationCheckOutTo"))
        and _has_guest(call, stay)
    ]
    part, counts = paged(call, _sorted(call, rows), MAX_PAGE)
    return ok([_rated(call, row[0], row[1]) for row in part], **counts)


def _sorted(call: Call, rows: list[Row]) -> list[Row]:
    """By booking, oldest first; `sortByRecent`: the newest change first."""
    if call.flag("sortByRecent"):
        return sorted(rows, key=lambda row: (row[1].updated_at, row[1].id), reverse=True)
    return sorted(rows, key=lambda row: (row[1].created_at, row[1].id))


def _dated(call: Call, place: Property, stay: Stay) -> bool:
    """Booked and changed within the limits that are named."""
    return all(
        _within(instant, _instant(call, place, f"{name}From"), _instant(call, place, f"{name}To"))
        for name, instant in (("results", stay.created_at), ("modified", stay.updated_at))
    )


def _instant(call: Call, place: Property, name: str) -> str | None:
    text = call.said(name)
    if text is None:
        return None
    if name.endswith("To") and len(text) == 10:
        text = f"{text} 23:59:59"
    return instant_of(place, text, name)


def _within(value: str, low: str | None, high: str | None) -> bool:
    """Both ends included; instants are compared in whole seconds."""
    value = value[:19]
    return (low is None or value >= low[:19]) and (high is None or value <= high[:19])


def _has_guest(call: Call, stay: Stay) -> bool:
    wanted = call.said("guestID")
    return wanted in (None, stay.guest_id, *stay.extra.get("more_guests", []))


def _listed(call: Call, place: Property, stay: Stay) -> bool:
    """Whether the filters of the short list let it through."""
    rooms = [row for row in stay.rooms if row["state"] != CANCELLED]
    dates: list[tuple[str, str]] = [(stay.arrival, stay.departure)]
    if call.said("datesQueryMode") == "rooms":
        dates = [(row["start"], row["end"]) for row in rooms]
    main = call.store.need(Guest, stay.guest_id)
    tests: list[tuple[str, Callable[[str], bool]]] = [
        ("roomID", lambda value: value in [row["room"] for row in rooms]),
        ("roomTypeID", lambda value: value in [row["type"] for row in rooms]),
        ("sourceId", lambda value: value == SOURCE_IDS.get(stay.platform)),
        ("sourceReservationId", lambda value: value == stay.code),
        ("firstName", lambda value: value.lower() == main.first_name.lower()),
        ("lastName", lambda value: value.lower() == main.last_name.lower()),
    ]
    named = ((call.said(name), test) for name, test in tests)
    arrives = any(_within(start, call.said("checkInFrom"), call.said("checkInTo")) for start, _ in dates)
    leaves = any(_within(end, call.said("checkOutFrom"), call.said("checkOutTo")) for _, end in dates)
    fits = all(test(value) for value, test in named if value is not None)
    return fits and arrives and leaves and _dated(call, place, stay) and _has_guest(call, stay)


def _short(call: Call, place: Property, stay: Stay) -> Json:
    main = call.store.need(Guest, stay.guest_id)
    rooms = [row for row in stay.rooms if row["state"] != CANCELLED] or stay.rooms
    value: Json = {
        "propertyID": place.id,
        "reservationID": stay.id,
        "dateCreated": local(place, stay.created_at),
        "dateModified": local(place, stay.updated_at),
        "status": stay.status,
        "guestID": main.id,
        "profileID": main.id,
        "guestName": main.full_name,
        "startDate": stay.arrival,
        "endDate": stay.departure,
        "allotmentBlockCode": None,
        "adults": str(sum(row["adults"] for row in rooms)),
        "children": str(sum(row["children"] for row in rooms)),
        "balance": round(total(stay) - stay.paid, 2),
        "sourceName": stay.source,
        "sourceID": SOURCE_IDS.get(stay.platform, ""),
        "thirdPartyIdentifier": stay.code,
        "groupInventory": [],
        "origin": stay.source,
        "mealPlans": "",
    }
    if call.flag("includeAllRooms"):
        value["rooms"] = [shapes.list_room(call.store, stay, row) for row in stay.rooms]
    return value | _extras(call, stay)


def _extras(call: Call, stay: Stay) -> Json:
    """What comes only when asked for."""
    value: Json = {}
    if call.flag("includeGuestsDetails"):
        value["guestList"] = shapes.guest_map(call.store, stay)
    if call.flag("includeCustomFields"):
        value["customFields"] = shapes.custom_fields(call.store, stay.fields, "reservation")
    return value


def _rated(call: Call, place: Property, stay: Stay) -> Json:
    main = call.store.need(Guest, stay.guest_id)
    rates: dict[str, float] = {}
    for row in stay.rooms:
        for night in shapes.nights_of(row):
            rates[night] = rates.get(night, 0) + row["nightly"]
    category = "Direct" if stay.platform in _DIRECT else "OTA"
    value: Json = {
        "propertyID": place.id,
        "reservationID": stay.id,
        "isDeleted": bool(stay.extra.get("deleted")),
        "dateCreated": local(place, stay.created_at),
        "dateCreatedUTC": utc(stay.created_at),
        "dateModified": local(place, stay.updated_at),
        "dateModifiedUTC": utc(stay.updated_at),
    }
    if stay.status == "canceled":
        value |= {
            "dateCancelled": local(place, stay.cancelled_at),
            "dateCancelledUTC": utc(stay.cancelled_at),
        }
    value |= {
        "status": stay.status,
        "reservationCheckIn": stay.arrival,
        "reservationCheckOut": stay.departure,
        "guestID": main.id,
        "profileID": main.id,
        "guestCountry": main.extra.get("country", ""),
        "sourceName": stay.source,
        "source": {
            "name": stay.source,
            "paymentCollect": "hotel",
            "sourceID": SOURCE_IDS.get(stay.platform, ""),
            "category": category,
        },
        "sourceCategory": category,
        "sourceReservationID": stay.code,
        "propertyCurrency": place.extra["currency"],
        "balanceDetailed": shapes.balance(stay),
        "detailedRates": rates,
        "rooms": [_rated_room(call, stay, row) for row in stay.rooms],
        "origin": stay.source,
        "mealPlans": "",
        "thirdPartyIdentifier": stay.code,
        "estimatedArrivalTime": stay.planned_arrival or "",
        "total": total(stay),
        "balance": round(total(stay) - stay.paid, 2),
    }
    return value | _extras(call, stay)


def _rated_room(call: Call, stay: Stay, row: Json) -> Json:
    return shapes.list_room(call.store, stay, row) | {
        "rateID": row["rate_id"],
        "rateName": row["rate_name"],
        "detailedRoomRates": dict.fromkeys(shapes.nights_of(row), row["nightly"]),
    }
