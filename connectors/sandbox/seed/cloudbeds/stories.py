"""Who stays, and what the desk noted. Days count from today, minutes back from now."""

from dataclasses import dataclass, field

from connectors.sandbox.records import Json

_DAY = 24 * 60


@dataclass(frozen=True)
class Story:
    """One reservation; `rooms` are rooms or, for those not assigned yet, room types. `extra` is the stay's."""

    key: str
    name: str
    rooms: tuple[str, ...]
    arrives: int
    nights: int
    source: str = "booking"
    status: str = "confirmed"
    email: str | None = None
    phone: str | None = None
    code: str | None = None
    country: str = "ES"
    requests: str = ""
    arrival_time: str | None = None
    more_guests: tuple[str, ...] = ()
    longer_last_room: int = 0
    fields: Json = field(default_factory=dict)
    extra: Json = field(default_factory=dict)
    guest_extra: Json = field(default_factory=dict)
    notes: tuple[tuple[int, str], ...] = ()
    in_rooms: int = 0


STORIES: tuple[Story, ...] = (
    Story("test", "Test Guest", ("101",), 30, 2, source="phone",
          email="test.guest@guest.example", phone="+34600000103", code="TEST-0003",
          notes=((90, "Not a person: Bellhop's write-back test runs on this reservation."),)),
    Story("ines", "Inês Carvalhal", ("204",), -1, 3, status="checked_in",
          email="icarvalhal.902311@guest.booking.example",
          phone="+351912000204", country="PT", arrival_time="21:30", extra={"balance_in_list": True},
          fields={"late_checkout": "13:00"}, guest_extra={"opt_in": True},
          notes=((_DAY, "Guest asks for a quiet room"), (35, "Late check-out 13:00 agreed"))),
    Story("party", "Gudrun Holzer", ("401", "402", "Family Room"), 0, 4, source="website",
          email="gudrun@holzer.example",
          phone="+436601234567", country="AT", more_guests=("Anton Holzer", "Liesl Holzer"), longer_last_room=1,
          notes=((3 * _DAY, "Two rooms side by side, third one as it comes."),)),
    Story("half-in", "Ruairí Mac Cárthaigh", ("301", "302"), 0, 2, source="expedia", in_rooms=1, country="IE",
          email="rmaccarthaigh@m.expediapartner.example", more_guests=("Aoife Mac Cárthaigh",)),
    Story("walkin", "Walk-In", ("106",), 0, 1, source="walkin", status="checked_in", extra={"nobody_named": True}),
    Story("merged", "Ольга Петрова", ("303",), 3, 5, source="airbnb", email="olga-p@guest.airbnb.example", country="EE",
          phone="+37255501234"),
    Story("anonymous", "Anonymized Guest", ("105",), -40, 3, source="website", status="checked_out", country="",
          guest_extra={"anonymized": True}),
    Story("unassigned", "佐藤 健", ("Superior Double",), 2, 3, source="airbnb", email="sato-k@guest.airbnb.example",
          country="JP", phone="+818055501234", arrival_time="23:10", requests="High floor, away from the lift."),
    Story("tentative", "Zeynep Aydoğan", ("Standard Double",), 9, 2, source="website", status="not_confirmed",
          email="zeynep@post.example", country="TR"),
    Story("canceled", "Pierre-Yves Le Goff", ("203",), 5, 2, status="canceled", country="FR",
          email="plegoff.118822@guest.booking.example"),
    Story("no-show", "Bartosz Nowak", ("104",), -2, 2, status="no_show", email="bnowak.4471@guest.booking.example",
          country="PL"),
    Story("leaving", "Marta Riba", ("103",), -2, 2, source="phone", status="checked_in", phone="+34600111222",
          notes=((200, "Taxi at 10:30"),), fields={"parking": "B12"}),
    Story("left", "Oluwaseun Adeyemi", ("205",), -4, 4, status="checked_out",
          email="oadeyemi.5512@guest.booking.example",
          phone="+2348035551234", country="NG"),
    Story("annex", "Hermann Brüggemann", ("S1",), -1, 6, source="website", status="checked_in", country="DE",
          email="hermann@brueggemann.example", phone="+4915155503001"),
    Story("annex-next", "Ylva Åkesson", ("Studio",), 1, 4, source="vrbo",
          email="ylva@messages.vrbo.example", country="SE"),
)  # fmt: skip

EXTRA_NAMES = (
    "Noah Fischer", "Olivia Grant", "Liam O'Brien", "Chloé Martin", "Mateo Rossi", "Sofia Almeida", "Hannah Cohen",
    "Oscar Nilsson", "Wei Zhang", "Aisha Bello", "Lucas Moreau", "Emma Larsen", "Ravi Menon", "Nora Haugen",
    "Julia Kowalska", "Peter Novák", "Mei Sato", "Daniel Kim", "Fatima Zahra", "Henry Ward", "Zoe Baker",
    "Marco Bianchi", "Elena Petrova", "Tomás Silva", "Anna Schmidt",
)  # fmt: skip
EXTRA_ROOMS = ("102", "201", "202", "304", "305", "403", "404", "107", "206", "207", "S3", "S4")
EXTRA_SOURCES = ("booking", "airbnb", "website", "expedia", "phone")
