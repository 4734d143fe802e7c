"""Rooms, guests and reservations as the API shows them."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from connectors.sandbox.actions.hotel import (
    CANCELLED,
    IN_HOUSE,
    LEFT,
    SOURCE_IDS,
    TAX,
    WAITING,
    room_nights,
    total,
)
from connectors.sandbox.records import Block, FieldDef, Guest, Json, Property, Stay, Unit
from connectors.sandbox.store import Store
from connectors.sandbox.wires.cloudbeds.answers import Call, local


def hotel_day(call: Call, property_id: str) -> str:
    """Today at the hotel."""
    place = call.store.need(Property, property_id)
    return call.world.clock.now().astimezone(ZoneInfo(place.timezone)).date().isoformat()


def blocked(blocks: Sequence[Block], room: str, today: str) -> bool:
    """Whether the room is taken out today."""
    return any(room in row.rooms and row.start <= today < row.end for row in blocks)


def custom_fields(store: Store, values: Json, target: str) -> list[Json]:
    """Every custom field of this target, empty where nothing was set."""
    return [
        {
            "customFieldID": row.id,
            "shortcode": row.key,
            "isActive": True,
            "customFieldName": row.name,
            "customFieldValue": values.get(row.key) or "",
        }
        for row in store.find(FieldDef, "target = ?", (target,))
    ]


def guests_of(store: Store, stay: Stay) -> list[Guest]:
    """Everybody on the reservation, the main guest first."""
    keys = [stay.guest_id, *stay.extra.get("more_guests", [])]
    return [store.need(Guest, key) for key in keys]


def balance(stay: Stay) -> Json:
    """Money: numbers, apart from the deposit."""
    return {
        "suggestedDeposit": f"{stay.fare / 2:.2f}",
        "subTotal": stay.fare,
        "additionalItems": 0,
        "taxesFees": round(stay.fare * TAX, 2),
        "grandTotal": total(stay),
        "paid": stay.paid,
    }


def nights_of(row: Json) -> list[str]:
    """The dates of a room's nights."""
    first = date.fromisoformat(row["start"])
    return [(first + timedelta(days=number)).isoformat() for number in range(room_nights(row))]


def full(store: Store, stay: Stay) -> Json:
    """`getReservation`: numbers of people are texts, money mostly numbers."""
    place = store.need(Property, str(stay.extra["property_id"]))
    main = store.need(Guest, stay.guest_id)
    rooms = [row for row in stay.rooms if row["state"] != CANCELLED] or stay.rooms
    money = balance(stay)
    return {
        "propertyID": place.id,
        "guestName": main.full_name,
        "guestEmail": main.email or "",
        "isAnonymized": bool(main.extra.get("anonymized")),
        "guestList": guest_map(store, stay),
        "reservationID": stay.id,
        "dateCreated": local(place, stay.created_at),
        "dateModified": local(place, stay.updated_at),
        "estimatedArrivalTime": stay.planned_arrival or "",
        "source": stay.source,
        "sourceID": SOURCE_IDS.get(stay.platform, ""),
        "thirdPartyIdentifier": stay.code,
        "status": stay.status,
        "total": total(stay),
        "balance": round(total(stay) - stay.paid, 2),
        "balanceDetailed": [money] if stay.extra.get("balance_in_list") else money,
        "assigned": [_booked(store, row) for row in rooms if row["room"]],
        "unassigned": [_booked(store, row) for row in rooms if not row["room"]],
        "cardsOnFile": [],
        "customFields": custom_fields(store, stay.fields, "reservation"),
        "startDate": stay.arrival,
        "endDate": stay.departure,
        "allotmentBlockCode": None,
        "groupInventory": [],
        "origin": stay.source,
        "mealPlans": "",
    }


def _booked(store: Store, row: Json) -> Json:
    """A room of a reservation."""
    room_type = store.need(Unit, row["type"])
    value: Json = {
        "reservationRoomID": row["rrid"],
        "roomTypeName": room_type.name,
        "roomTypeNameShort": room_type.extra["short"],
        "roomTypeIsVirtual": False,
        "roomTypeID": room_type.id,
        "subReservationID": row["sub"],
        "isRoomLocked": False,
    }
    if row["room"]:
        value |= {"roomName": store.need(Unit, row["room"]).name, "roomID": row["room"]}
    return value | {
        "startDate": row["start"],
        "endDate": row["end"],
        "adults": str(row["adults"]),
        "children": str(row["children"]),
        "dailyRates": [{"date": night, "rate": row["nightly"]} for night in nights_of(row)],
        "roomTotal": f"{row['nightly'] * room_nights(row):.2f}",
    }


def guest_map(store: Store, stay: Stay) -> Json | list[Json]:
    """By guest id; where nobody is known by name it is an empty list."""
    if stay.extra.get("nobody_named"):
        return []
    return {guest.id: guest_entry(store, stay, guest) for guest in guests_of(store, stay)}


def guest_entry(store: Store, stay: Stay, guest: Guest) -> Json:
    """A guest within a reservation."""
    rooms = [row for row in stay.rooms if row["guest"] in (guest.id, None)]
    assigned = [row for row in rooms if row["room"]]
    first = assigned[0] if assigned else None
    room = store.need(Unit, first["room"]) if first else None
    return {
        "guestID": guest.id,
        "guestFirstName": guest.first_name,
        "guestLastName": guest.last_name,
        "guestGender": "N/A",
        "guestEmail": guest.email or "",
        "guestPhone": guest.phone or "",
        "guestCellPhone": guest.extra.get("cell_phone", ""),
        "guestAddress": "",
        "guestAddress2": "",
        "guestCity": guest.extra.get("city", ""),
        "guestState": "",
        "guestCountry": guest.extra.get("country", ""),
        "guestZip": "",
        "guestStatus": _guest_status(stay, rooms),
        "guestBirthdate": None,
        "assignedRoom": bool(assigned),
        "isAnonymized": bool(guest.extra.get("anonymized")),
        "roomID": room.id if room else "",
        "roomName": room.name if room else "",
        "roomTypeName": store.need(Unit, first["type"]).name if first else "",
        "isMainGuest": guest.id == stay.guest_id,
        "customFields": custom_fields(store, guest.extra.get("fields", {}), "guest"),
        "rooms": [_guest_room(store, row) for row in assigned],
        "unassignedRooms": [
            {
                name: value
                for name, value in _guest_room(store, row).items()
                if name not in ("roomID", "roomName")
            }
            | {"roomTypeID": row["type"]}
            for row in rooms
            if not row["room"]
        ],
    }


def _guest_status(stay: Stay, rooms: Sequence[Json]) -> str:
    """The reservation's status; in a party with several rooms that of the guest's own room."""
    if len(stay.rooms) > 1 and rooms and rooms[0]["state"] in (WAITING, IN_HOUSE, LEFT):
        return str(rooms[0]["state"])
    return stay.status


def _guest_room(store: Store, row: Json) -> Json:
    room = store.need(Unit, row["room"]) if row["room"] else None
    return {
        "reservationRoomID": row["rrid"],
        "roomID": room.id if room else None,
        "roomName": room.name if room else None,
        "roomTypeName": store.need(Unit, row["type"]).name,
        "subReservationID": row["sub"],
    }


def list_room(store: Store, stay: Stay, row: Json) -> Json:
    """A room as lists show it."""
    guest = store.need(Guest, row["guest"] or stay.guest_id)
    return {
        "roomTypeID": row["type"],
        "roomTypeName": store.need(Unit, row["type"]).name,
        "roomTypeIsVirtual": False,
        "subReservationID": row["sub"],
        "isRoomLocked": False,
        "guestID": guest.id,
        "guestName": guest.full_name,
        "adults": str(row["adults"]),
        "children": str(row["children"]),
        "reservationRoomID": row["rrid"],
        "roomID": row["room"],
        **({"roomName": store.need(Unit, row["room"]).name} if row["room"] else {}),
        "roomCheckIn": row["start"],
        "roomCheckOut": row["end"],
        "roomStatus": row["state"],
    }
