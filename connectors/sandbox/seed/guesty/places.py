"""Properties, units, people who work there, and what the account has defined."""

from connectors.sandbox.ids import seed_id
from connectors.sandbox.records import (
    Application,
    FieldDef,
    Property,
    SavedReply,
    Staff,
    Unit,
    Vendor,
)

CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"
HARBOUR, CAIS, MEWS = "Harbour House", "Casa do Cais", "Mews Court"


def properties() -> list[Property]:
    """One in each of three time zones."""
    return [
        Property(
            seed_id("property", HARBOUR),
            HARBOUR,
            "America/New_York",
            {
                "full": "12 Bowen's Wharf, Newport, RI 02840, USA",
                "street": "12 Bowen's Wharf",
                "city": "Newport",
                "state": "Rhode Island",
                "zipcode": "02840",
                "country": "United States",
            },
        ),
        Property(
            seed_id("property", CAIS),
            CAIS,
            "Europe/Lisbon",
            {
                "full": "Rua do Cais de Santarém 30, 1100-104 Lisboa, Portugal",
                "street": "Rua do Cais de Santarém 30",
                "city": "Lisboa",
                "zipcode": "1100-104",
                "country": "Portugal",
            },
        ),
        Property(
            seed_id("property", MEWS),
            MEWS,
            "Europe/London",
            {
                "full": "7 Kynance Mews, London SW7 4QP, United Kingdom",
                "street": "7 Kynance Mews",
                "city": "London",
                "zipcode": "SW7 4QP",
                "country": "United Kingdom",
            },
        ),
    ]


_UNITS: dict[str, tuple[tuple[str, str, int, int], ...]] = {
    HARBOUR: (
        ("109", "Quay double", 2, 165),
        ("118", "Garden double", 2, 150),
        ("204", "Sea room", 2, 210),
        ("207", "Sea family room", 4, 260),
        ("214", "Sea room", 2, 210),
        ("215", "Sea room", 2, 210),
        ("302", "Loft", 2, 230),
        ("311", "Loft with balcony", 3, 245),
        ("GC", "Garden cottage", 5, 320),
    ),
    CAIS: (
        ("Alfama 1A", "Apartment over the river", 4, 140),
        ("Alfama 2B", "Quiet apartment", 2, 110),
        ("Terraço", "Top floor with terrace", 4, 190),
    ),
    MEWS: (
        ("Mews 1", "Ground floor flat", 2, 180),
        ("Mews 2", "First floor flat", 4, 220),
        ("Mews 3", "Studio", 2, 150),
    ),
}
CURRENCY = {HARBOUR: "USD", CAIS: "EUR", MEWS: "GBP"}
ROOM_TYPE, ROOMS = "Standard double", ("101", "102")


def units() -> list[Unit]:
    """Fifteen homes and rooms, and one room type with two rooms."""
    made = [
        _unit(place, name, title, sleeps, nightly)
        for place, rows in _UNITS.items()
        for name, title, sleeps, nightly in rows
    ]
    parent = _unit(HARBOUR, ROOM_TYPE, "Standard double room", 2, 130)
    parent.kind = "MTL"
    made.append(parent)
    for room in ROOMS:
        child = _unit(HARBOUR, room, "Standard double room", 2, 130)
        child.kind, child.parent_id = "MTL_CHILD", parent.id
        made.append(child)
    for unit in made:
        if unit.name in ("109", "311", "Alfama 2B"):
            unit.cleaning = "dirty"
    return made


def _unit(place: str, name: str, title: str, sleeps: int, nightly: int) -> Unit:
    return Unit(
        id=seed_id("unit", name),
        property_id=seed_id("property", place),
        name=name,
        title=f"{title}, {place}",
        check_in_time="16:00" if place == HARBOUR else "15:00",
        sleeps=sleeps,
        nightly=nightly,
        currency=CURRENCY[place],
    )


def staff() -> list[Staff]:
    """The first one is who the console types as."""
    return [
        Staff(
            seed_id("staff", "helen"), "Helen", "Marsh", "helen.marsh@harbour.example", "Front desk manager"
        ),
        Staff(seed_id("staff", "rosa"), "Rosa", "Pinto", "rosa.pinto@harbour.example", "Housekeeping"),
        Staff(seed_id("staff", "duarte"), "Duarte", "Lopes", "duarte.lopes@harbour.example", "Maintenance"),
    ]


def applications() -> list[Application]:
    """One set of API credentials that everybody knows."""
    return [Application(CLIENT_ID, CLIENT_SECRET, "Bellhop", "guesty")]


def field_defs() -> list[FieldDef]:
    """Custom fields of reservations."""
    return [
        FieldDef(seed_id("field", "late"), "late_check_out", "Late check-out", "text", "reservation"),
        FieldDef(seed_id("field", "plate"), "licence_plate", "Licence plate", "text", "reservation"),
        FieldDef(seed_id("field", "wifi"), "wifi_password", "Wi-Fi password", "text", "listing"),
    ]


def saved_replies() -> list[SavedReply]:
    """Two canned answers."""
    return [
        SavedReply(
            seed_id("reply", "luggage"),
            "Luggage",
            "You can leave your luggage at the desk before check-in and after check-out, we keep it safe.",
            "en",
        ),
        SavedReply(
            seed_id("reply", "parking"),
            "Parking",
            "Hi {{user}},\n\nParking is behind the house, the height limit is 2.10 m.\n\nRegards,\n{{host}}",
            "en",
        ),
    ]


def vendors() -> list[Vendor]:
    """Two companies that repair."""
    return [
        Vendor(
            seed_id("vendor", "heat"),
            "Quay Heating",
            "Ed",
            "Sullivan",
            "+14015550171",
            "desk@quayheating.example",
        ),
        Vendor(
            seed_id("vendor", "pipe"), "Lisboa Canos", "Rui", "Matos", "+351210000171", "geral@canos.example"
        ),
    ]
