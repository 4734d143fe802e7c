"""Reading one reservation, its rooms, and who is where on a day."""

from connectors.sandbox.actions.hotel import CANCELLED
from connectors.sandbox.records import Guest, Json, Property, Stay, Unit
from connectors.sandbox.wires.cloudbeds import shapes
from connectors.sandbox.wires.cloudbeds.answers import Call, Refusal, day, need_stay, ok


def stays_of(call: Call, place: Property) -> list[Stay]:
    """Every reservation of the hotel, deleted ones too."""
    return call.store.find(Stay, "json_extract(extra, '$.property_id') = ?", (place.id,))


def get(call: Call) -> Json:
    """`GET /getReservation`"""
    place = call.place()
    return ok(shapes.full(call.store, need_stay(call, call.store, place)))


def assignments(call: Call) -> Json:
    """`GET /getReservationAssignments`: without times; today unless told."""
    place = call.place()
    wanted = call.said("date")
    at = day(wanted, "date") if wanted else shapes.hotel_day(call, place.id)
    data = []
    for stay in stays_of(call, place):
        rooms = [row for row in stay.rooms if row["start"] <= at < row["end"] and row["state"] != CANCELLED]
        if not rooms or stay.extra.get("deleted"):
            continue
        value: Json = {
            "guestName": call.store.need(Guest, stay.guest_id).full_name,
            "reservationID": stay.id,
            "unassigned": sum(row["room"] is None for row in rooms),
        }
        if assigned := [_assigned(call, row) for row in rooms if row["room"]]:
            value["assigned"] = assigned
        data.append(value)
    return ok(data)


def _assigned(call: Call, row: Json) -> Json:
    room_type, room = call.store.need(Unit, row["type"]), call.store.need(Unit, row["room"])
    return {
        "roomTypeID": room_type.id,
        "roomTypeName": room_type.name,
        "roomTypeNameShort": room_type.extra["short"],
        "dormRoomName": None,
        "roomName": room.name,
        "roomID": room.id,
        "subReservationID": row["sub"],
        "isRoomLocked": False,
    }


def room_details(call: Call) -> Json:
    """`GET /getReservationRoomDetails`: numbers of people are numbers here."""
    place, wanted = call.place(), call.need("subReservationID")
    for stay in stays_of(call, place):
        for row in stay.rooms:
            if row["sub"] == wanted and not stay.extra.get("deleted"):
                return ok(_details(call, stay, row))
    raise Refusal("Sub reservation not found")


def _details(call: Call, stay: Stay, row: Json) -> Json:
    room_type = call.store.need(Unit, row["type"])
    main = call.store.need(Guest, row["guest"] or stay.guest_id)
    room = call.store.get(Unit, row["room"])
    return {
        "reservationID": stay.id,
        "subReservationID": row["sub"],
        "isRoomLocked": False,
        "roomID": row["room"],
        "roomName": room.name if room else None,
        "guestID": main.id,
        "guestName": main.full_name,
        "roomStatus": row["state"],
        "roomTypeID": room_type.id,
        "roomTypeName": room_type.name,
        "roomTypeIsVirtual": False,
        "maxGuests": room_type.sleeps,
        "adults": row["adults"],
        "children": row["children"],
        "guests": [
            {
                "guestID": guest.id,
                "guestFirstName": guest.first_name,
                "guestLastName": guest.last_name,
                "isMainGuest": guest.id == stay.guest_id,
            }
            for guest in shapes.guests_of(call.store, stay)
            if row["guest"] in (guest.id, None)
        ],
    }
