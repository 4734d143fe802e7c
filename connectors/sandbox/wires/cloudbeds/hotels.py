"""The property itself: who is behind the key, hotels, rooms, people, sources."""

from connectors.sandbox.actions.hotel import SOURCE_IDS
from connectors.sandbox.records import Block, Json, Property, Staff, Stay, Unit
from connectors.sandbox.wires.cloudbeds.answers import Call, Refusal, day, ok, paged
from connectors.sandbox.wires.cloudbeds.shapes import blocked, hotel_day

_SMALL_PAGE = 20


def userinfo(call: Call) -> Json:
    """`GET /userinfo`: not in the envelope."""
    person = call.store.find(Staff, limit=1)[0]
    return {
        "user_id": person.id,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "acl": [],
        "roles": [],
    }


def metadata(call: Call) -> Json:
    """`GET /oauth/metadata`: where the API of this property is."""
    return ok({"api": {"url": call.host}})


def find(call: Call) -> Json:
    """`GET /getHotels`"""
    rows = call.places("propertyIDs")
    for name, of in (("propertyName", "name"), ("propertyCity", "city")):
        if wanted := call.said(name):
            rows = [row for row in rows if wanted.lower() in _text(row, of).lower()]
    part, counts = paged(call, rows, _SMALL_PAGE)
    data = [
        {
            "propertyID": row.id,
            "organizationID": "7001",
            "propertyName": row.name,
            "propertyImage": "",
            "propertyDescription": "",
            "propertyTimezone": row.timezone,
            "propertyCurrency": [
                {"currencyCode": row.extra["currency"], "currencySymbol": "€", "currencyPosition": "after"}
            ],
        }
        for row in part
    ]
    return ok(data, **counts)


def _text(row: Property, of: str) -> str:
    return row.name if of == "name" else str(row.address["city"])


def details(call: Call) -> Json:
    """`GET /getHotelDetails`: the zone isn't among them."""
    row = call.place()
    address = row.address
    return ok(
        {
            "propertyID": row.id,
            "organizationID": "7001",
            "propertyName": row.name,
            "propertyType": "hotel",
            "propertyImage": [],
            "propertyDescription": "",
            "propertyCurrency": {
                "currencyCode": row.extra["currency"],
                "currencySymbol": "€",
                "currencyPosition": "after",
                "currencyDecimalSeparator": ",",
                "currencyThousandsSeparator": ".",
            },
            "propertyPrimaryLanguage": row.extra["language"],
            "propertyPhone": row.extra["phone"],
            "propertyEmail": row.extra["email"],
            "propertyAddress": {
                "propertyAddress1": address["street"],
                "propertyAddress2": "",
                "propertyCity": address["city"],
                "propertyState": "",
                "propertyZip": address["zipcode"],
                "propertyCountry": "ES",
                "propertyLatitude": "",
                "propertyLongitude": "",
            },
            "propertyPolicy": {
                "propertyCheckInTime": row.extra["check_in"],
                "propertyCheckOutTime": row.extra["check_out"],
                "propertyLateCheckOutAllowed": True,
                "propertyLateCheckOutType": "fixed",
                "propertyLateCheckOutValue": "25.00",
                "propertyTermsAndConditions": "",
                "propertyFullPaymentBeforeCheckin": False,
            },
            "propertyAmenities": [],
        }
    )


def users(call: Call) -> Json:
    """`GET /getUsers`: lists of people by property."""
    people = [
        {
            "userID": row.id,
            "firstName": row.first_name,
            "lastName": row.last_name,
            "email": row.email,
            "propertyRole": row.title,
            "isActive": True,
        }
        for row in call.store.find(Staff)
    ]
    return ok({row.id: people for row in call.places("property_ids")})


def sources(call: Call) -> Json:
    """`GET /getSources`"""
    names = call.world.house.sources
    data = [
        {
            "propertyID": row.id,
            "sourceID": SOURCE_IDS[key],
            "sourceName": name,
            "isThirdParty": key not in ("website", "walkin", "phone"),
            "status": True,
            "commission": 0,
            "paymentCollect": "hotel",
            "taxes": [],
            "fees": [],
        }
        for row in call.places("propertyIDs")
        for key, name in names.items()
    ]
    return ok(data)


def rooms(call: Call) -> Json:
    """`GET /getRooms`: by property; with dates only those that nobody has in these nights."""
    wanted = [row for place in call.places("propertyIDs") for row in _rooms(call, place)]
    part, counts = paged(call, wanted, _SMALL_PAGE)
    grouped: dict[str, list[Json]] = {}
    for row in part:
        grouped.setdefault(row.property_id, []).append(_room(call, row))
    data = [{"propertyID": key, "rooms": items} for key, items in grouped.items()]
    return ok(data, **counts)


def _rooms(call: Call, place: Property) -> list[Unit]:
    rows = call.store.find(Unit, "property_id = ? AND parent_id IS NOT NULL", (place.id,))
    if types := call.said("roomTypeID"):
        rows = [row for row in rows if row.parent_id in types.split(",")]
    start, end = call.said("startDate"), call.said("endDate")
    if bool(start) != bool(end):
        raise Refusal('Please specify "startDate" and "endDate" together')
    if not start or not end:
        return rows
    first, last = day(start, "startDate"), day(end, "endDate")
    taken = {
        room["room"]
        for stay in call.store.find(Stay, "status NOT IN ('canceled', 'no_show', 'checked_out')")
        for room in stay.rooms
        if room["start"] < last and room["end"] > first
    }
    return [row for row in rows if row.id not in taken]


def _room(call: Call, row: Unit) -> Json:
    room_type = call.store.need(Unit, row.parent_id or "")
    return {
        "roomID": row.id,
        "roomName": row.name,
        "dormRoomName": None,
        "roomDescription": "",
        "maxGuests": row.sleeps,
        "isPrivate": True,
        "isVirtual": False,
        "roomBlocked": blocked(call.store.find(Block), row.id, hotel_day(call, row.property_id)),
        "roomTypeID": room_type.id,
        "roomTypeName": room_type.name,
        "roomTypeNameShort": room_type.extra["short"],
        "doorlockID": "",
    }


def room_types(call: Call) -> Json:
    """`GET /getRoomTypes`"""
    keys = [place.id for place in call.places("propertyIDs")]
    rows = [row for row in call.store.find(Unit, "parent_id IS NULL") if row.property_id in keys]
    if types := call.said("roomTypeIDs"):
        rows = [row for row in rows if row.id in types.split(",")]
    part, counts = paged(call, rows, _SMALL_PAGE)
    data = [
        {
            "roomTypeID": row.id,
            "propertyID": row.property_id,
            "roomTypeName": row.name,
            "roomTypeNameShort": row.extra["short"],
            "roomTypeDescription": row.title,
            "isPrivate": True,
            "maxGuests": row.sleeps,
            "adultsIncluded": 2,
            "childrenIncluded": 0,
        }
        for row in part
    ]
    return ok(data, **counts)
