"""Hotels, rooms, people, and what the account has defined."""

from connectors.sandbox.records import Application, FieldDef, Json, Property, Staff, Unit

API_KEY, READ_ONLY_KEY = "cbat_sandbox", "cbat_readonly"
HOTEL, ANNEX = "300123", "300124"
_TYPES = (
    (HOTEL, "501", "Standard Double", "STD", 2, 118, ("101", "102", "103", "104", "105", "201", "202", "203", "204",
                                                      "205")),
    (HOTEL, "502", "Superior Double", "SUP", 2, 154, ("301", "302", "303", "304", "305", "306")),
    (HOTEL, "503", "Family Room", "FAM", 4, 196, ("401", "402", "403", "404")),
    (HOTEL, "504", "Single", "SGL", 1, 84, ("106", "107", "206", "207")),
    (ANNEX, "601", "Studio", "STU", 3, 92, ("S1", "S2", "S3", "S4")),
)  # fmt: skip


def properties() -> list[Property]:
    """Two hotels in two zones; the first one inspects its rooms."""
    common: Json = {"currency": "EUR", "language": "es", "check_out": "11:00"}
    return [
        Property(
            HOTEL,
            "Hotel Sant Jordi",
            "Europe/Madrid",
            {"street": "Carrer de la Mercè 21", "city": "Barcelona", "zipcode": "08002", "country": "Spain"},
            common
            | {
                "check_in": "15:00",
                "inspects": True,
                "phone": "+34935550123",
                "email": "hola@santjordi.example",
            },
        ),
        Property(
            ANNEX,
            "Posada del Puerto",
            "Atlantic/Canary",
            {
                "street": "Calle del Muelle 4",
                "city": "Puerto de la Cruz",
                "zipcode": "38400",
                "country": "Spain",
            },
            common
            | {
                "check_in": "16:00",
                "inspects": False,
                "phone": "+34922550124",
                "email": "hola@posadapuerto.example",
            },
        ),
    ]


def units() -> list[Unit]:
    """Room types and their rooms."""
    made = []
    for hotel, key, name, short, sleeps, nightly, rooms in _TYPES:
        check_in = "15:00" if hotel == HOTEL else "16:00"
        kind = Unit(
            key, hotel, name, f"{name}, {short}", "MTL", None, check_in, sleeps=sleeps, nightly=nightly
        )
        kind.extra = {"short": short}
        made.append(kind)
        for number, room in enumerate(rooms, start=1):
            made.append(
                Unit(
                    f"{key}-{number}",
                    hotel,
                    room,
                    name,
                    "MTL_CHILD",
                    key,
                    check_in,
                    sleeps=sleeps,
                    nightly=nightly,
                    cleaning="dirty" if room in ("103", "205", "302", "402", "S2") else "clean",
                    extra={"housekeeper": "12" if number % 2 else "13"},
                )
            )
    return made


def staff() -> list[Staff]:
    """The first one is who the console types as."""
    return [
        Staff("77", "Núria", "Casals", "nuria@santjordi.example", "Front desk"),
        Staff("78", "Iker", "Etxeberria", "iker@santjordi.example", "Manager"),
        Staff("12", "Dolors", "Pons", "dolors@santjordi.example", "Housekeeping"),
        Staff("13", "Amina", "Benali", "amina@santjordi.example", "Housekeeping"),
    ]


def applications() -> list[Application]:
    """A key that everybody knows, and one that only reads."""
    return [
        Application(API_KEY, API_KEY, "Bellhop", "cloudbeds"),
        Application(READ_ONLY_KEY, READ_ONLY_KEY, "Reader", "cloudbeds"),
    ]


def field_defs() -> list[FieldDef]:
    """Custom fields of reservations and guests."""
    plain: Json = {"required": False, "max": 40}
    return [
        FieldDef("9", "late_checkout", "Late check-out", "input", "reservation", ["reservation"], plain),
        FieldDef("10", "parking", "Parking", "input", "reservation", ["reservation", "booking"], plain),
        FieldDef("11", "pillow", "Pillow", "text", "guest", ["card"], {"required": False, "max": 200}),
    ]
