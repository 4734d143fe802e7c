"""Listings, people, and what the account has defined."""

from dataclasses import dataclass

from connectors.sandbox.records import Application, FieldDef, Json, Property, SavedReply, Staff, Unit

ACCOUNT, API_KEY = "61010", "sandbox-key"
LISBON, NEW_YORK = "Europe/Lisbon", "America/New_York"
MULTI = 412010


@dataclass(frozen=True)
class Home:
    """One listing."""

    id: int
    name: str
    title: str
    street: str
    city: str
    zipcode: str
    zone: str
    sleeps: int
    nightly: int
    lat: float
    lng: float


HOMES = (
    Home(412001, "Alfama Loft", "Sunny loft under the castle", "Rua dos Remédios 81", "Lisboa", "1100-445", LISBON, 3,
         120, 38.7127, -9.1262),
    Home(412002, "Cascais House", "Family house, eight minutes to the beach", "Rua das Palmeiras 14", "Cascais",
         "2750-463", LISBON, 8, 310, 38.6979, -9.4215),
    Home(412003, "Comporta Cabana", "Cabana between rice fields and dunes", "Estrada da Carrasqueira 3", "Comporta",
         "7580-610", LISBON, 4, 260, 38.3806, -8.7862),
    Home(412090, "Sintra Cottage", "Cottage in the woods of Sintra", "Rua do Roseiral 2", "Sintra", "2710-501", LISBON,
         4, 150, 38.7925, -9.3869),
    Home(MULTI, "Porto Covo", "Apartments by the harbour of Porto Covo", "Rua Vasco da Gama 30", "Porto Covo",
         "7520-437", LISBON, 4, 95, 37.8519, -8.7906),
    Home(412101, "Hudson Barn", "Restored barn with a view of the Hudson", "214 River Road", "Rhinecliff", "12574",
         NEW_YORK, 6, 340, 41.9209, -73.9512),
    Home(412102, "Montauk Dunes", "House in the dunes, five bedrooms", "41 Old Montauk Highway", "Montauk", "11954",
         NEW_YORK, 10, 620, 41.0267, -71.9656),
    Home(412103, "Catskill Cabin", "Cabin with a wood stove", "8 Plattekill Lane", "Saugerties", "12477", NEW_YORK, 4,
         190, 42.0776, -73.9529),
    Home(412104, "Brooklyn Garden", "Garden flat in a brownstone", "312 Carroll Street", "Brooklyn", "11231",
         NEW_YORK, 2, 210, 40.6822, -73.9930),
)  # fmt: skip
APARTMENTS = ((412011, "A1"), (412012, "A2"), (412013, "B1"), (412014, "B2"))


def properties() -> list[Property]:
    """Every listing is a place of its own."""
    return [
        Property(
            str(home.id),
            home.name,
            home.zone,
            {
                "full": f"{home.street}, {home.city} {home.zipcode}",
                "street": home.street,
                "city": home.city,
                "zipcode": home.zipcode,
                "country": "Portugal" if home.zone == LISBON else "United States",
                "code": "PT" if home.zone == LISBON else "US",
                "lat": home.lat,
                "lng": home.lng,
            },
        )
        for home in HOMES
    ]


def units() -> list[Unit]:
    """Eight listings that are one home, one of them archived, and one listing with four apartments."""
    made: list[Unit] = []
    for home in HOMES:
        listing = _unit(home, home.id, home.name, home.title)
        made.append(listing)
        if home.id != MULTI:
            continue
        listing.kind = "MTL"
        for number, (key, name) in enumerate(APARTMENTS):
            child = _unit(home, key, f"{home.name} {name}", f"Apartment {name}")
            child.kind, child.parent_id = "MTL_CHILD", listing.id
            child.extra = {"ground": str(number // 2), "unitNumber": name}
            made.append(child)
    return made


def _unit(home: Home, key: int, name: str, title: str) -> Unit:
    extra: Json = {
        "doorSecurityCode": str(1000 + key % 9000),
        "wifiUsername": name.replace(" ", "-"),
        "wifiPassword": f"welcome-{key}",
        "cleaningInstruction": "Linen is in the locked cupboard.",
        "checkInTimeEnd": 22,
    }
    archived = home.name == "Sintra Cottage"
    if archived:
        extra["specialStatus"] = "archived"
    return Unit(
        id=str(key),
        property_id=str(home.id),
        name=name,
        title=title,
        check_in_time="15:00" if home.zone == LISBON else "16:00",
        check_out_time="11:00" if home.zone == LISBON else "10:00",
        sleeps=home.sleeps,
        active=not archived,
        nightly=home.nightly,
        currency="EUR" if home.zone == LISBON else "USD",
        extra=extra,
    )


def staff() -> list[Staff]:
    """The first one is who the console types as; a title is the name of the group."""
    return [
        Staff("7001", "Marta", "Figueiredo", "marta@costaehudson.example", "Reservations"),
        Staff("7002", "Dulce", "Nunes", "dulce@costaehudson.example", "Housekeeping"),
        Staff("7003", "Wendell", "Price", "wendell@costaehudson.example", "Housekeeping"),
        Staff("7004", "Otto", "Brandt", "otto@costaehudson.example", "Maintenance"),
    ]


def applications() -> list[Application]:
    """One set of API credentials that everybody knows: the account's id and its key."""
    return [Application(ACCOUNT, API_KEY, "Bellhop", "hostaway")]


def field_defs() -> list[FieldDef]:
    """Custom fields of reservations, listings and tasks."""
    return [
        FieldDef("801", "reservation_801", "Late check-out", "text", "reservation"),
        FieldDef("802", "reservation_802", "Licence plate", "text", "reservation"),
        FieldDef("803", "reservation_803", "Linen", "dropdown", "reservation", ["cotton", "linen"]),
        FieldDef("811", "listing_811", "Parking", "textarea", "listing"),
        FieldDef("821", "task_821", "Minutes", "number", "task"),
    ]


def templates() -> list[SavedReply]:
    """Two templates with placeholders."""
    return [
        SavedReply("901", "greeting", "Hello {{guest_name}}, welcome to {{listing_name}}!", "en"),
        SavedReply(
            "902", "parking", "Parking is on the street, {{guest_name}}; it is free after 19:00.", "en"
        ),
    ]
