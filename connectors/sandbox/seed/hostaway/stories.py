"""Who stays, and what was said. Days count from today, minutes back from now (negative: still to come)."""

from dataclasses import dataclass, field

from connectors.sandbox.records import Json

Line = tuple[int, str, str]
"""Minutes ago, who (guest, staff, auto, channel), text."""
_DAY = 24 * 60


@dataclass(frozen=True)
class Story:
    """One stay; `module` is how the guest writes, `extra` what Hostaway calls by these names."""

    key: str
    name: str
    unit: str
    arrives: int
    nights: int
    channel: str = "airbnbOfficial"
    status: str = "new"
    language: str | None = "en"
    module: str = "channel"
    phone: str | None = None
    email: str | None = None
    code: str | None = None
    note: str = ""
    adults: int = 2
    children: int = 0
    fields: Json = field(default_factory=dict)
    extra: Json = field(default_factory=dict)
    more_units: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    later_lines: tuple[Line, ...] = ()


STORIES: tuple[Story, ...] = (
    Story("kofi", "Kofi Asante", "Alfama Loft", -1, 4, phone="+233201234501", email="u8s0a1@guest.airbnb.example",
          extra={"confirmationCode": "HMKOFI8A21", "guestExternalAccountId": "84497323", "checkOutTime": 12},
          lines=(
              (30 * _DAY, "guest", "Hello! Is the loft quiet at night?"),
              (30 * _DAY - 25, "staff", "Hello Kofi, it looks into the courtyard, you will hear only swifts."),
              (2 * _DAY, "auto", "Hi Kofi, check-in is from 15:00. The door code comes on the day."),
              (41, "guest", "Is there an iron somewhere? And could we stay until one on the last day?"),
          )),
    Story("zofia", "Zofia Wiśniewska", "Cascais House", 0, 7, channel="bookingcom", language="pl", module="channel",
          phone="+48601555120", email="zwisniewska.771204@guest.booking.example", adults=4, children=3,
          extra={"bookingcomSpecialRequests": {"remarks": "Late check-in, about 22:30. Two cots please."},
                 "bookingcomIsGeniusMember": 1, "externalRatePlanId": "BC-STD"},
          note="Two cots asked for.",
          lines=(
              (3 * _DAY, "guest", "Dzień dobry, our flight lands at 21:10. Is late arrival fine?"),
              (3 * _DAY - 60, "channel", "Of course, there is a key safe at the gate."),
              (16, "guest", "We are at the airport now 🛫"),
          )),
    Story("dana", "Dana Whitlock", "Hudson Barn", 1, 3, channel="homeaway", module="email",
          phone="+19175550144", email="dana.w-8123@messages.vrbo.example", adults=5, status="modified",
          extra={"previousArrivalDate": "", "previousDepartureDate": ""},
          lines=(
              (5 * _DAY, "guest",
               ("<html><body><p>Hi there,</p><p>we moved our trip by <b>one day</b>, hope that is fine.<br>Dana</p>"
                "<blockquote>On Monday you wrote: see you soon</blockquote></body></html>")),
              (5 * _DAY - 40, "staff", "Hello Dana, all right, the barn is yours from the new date."),
          )),
    Story("tomas", "Tomás Ferreira da Cunha", "Comporta Cabana", -3, 5, channel="direct", language="pt",
          module="whatsapp", phone="+351912555301", email="tomas.cunha@post.example",
          fields={"802": "AB-12-CD"},
          lines=((130, "guest", "O fogão não acende, podem ver?"), (95, "staff", "O Otto passa aí às 17h."))),
    Story("hana", "花村 はな", "Brooklyn Garden", 0, 2, language="ja", email="hana-x1@guest.airbnb.example",
          extra={"confirmationCode": "HMHANA77JP"},
          lines=((9, "guest", "こんにちは。15時に着きます。荷物を預けられますか。"),)),
    Story("inquiry", "Sven Lindgren", "Montauk Dunes", -1, 1, status="inquiry", language="sv",
          email="sven-q@guest.airbnb.example", extra={"isDatesUnspecified": 1, "guestLastName": None},
          lines=((6, "guest", "Hi, does the house have air conditioning? We have not chosen dates yet."),)),
    Story("preapproved", "Leila Haddad", "Montauk Dunes", 40, 7, status="inquiryPreapproved", language="ar",
          email="leila-p@guest.airbnb.example", adults=6,
          lines=((_DAY, "guest", "مرحبا، هل يمكن إحضار كلب صغير؟"),
                 (_DAY - 50, "staff", "Yes, one small dog is fine."))),
    Story("pending", "Marcus Bell", "Catskill Cabin", 12, 3, status="pending", phone="+13475550161",
          email="marcus-b@guest.airbnb.example", lines=((200, "guest", "We'd love to come for my birthday!"),)),
    Story("vrbo-request", "The Okafor family", "Hudson Barn", 25, 4, channel="homeaway", status="unconfirmed",
          module="email", email="okafor-4411@messages.vrbo.example", adults=4, children=2,
          extra={"guestFirstName": None, "guestLastName": None, "adults": None, "children": None}),
    Story("owner", "Beatriz Sousa", "Comporta Cabana", 9, 6, channel="direct", status="ownerStay", language="pt",
          module="email", email="beatriz.sousa@post.example", note="Owner and her sister."),
    Story("test", "Test Guest", "Catskill Cabin", 30, 2, channel="direct", module="email",
          email="test.guest@guest.example", phone="+14015550102", code="TEST-0002",
          note="TEST. Not a person: Bellhop's write-back test runs on this reservation.",
          lines=((90, "guest", "This is a test reservation, please answer anything."),)),
    Story("gone", "Elise Fournier", "Alfama Loft", -9, 5, channel="bookingcom", language="fr",
          email="efournier.1190@guest.booking.example", phone="+33612345678",
          lines=((3 * _DAY, "guest", "Merci pour tout, j'ai oublié un foulard vert dans l'entrée."),)),
    Story("cancelled", "Róbert O'Neill", "Montauk Dunes", 6, 5, status="cancelled", phone="+16465550119",
          email="rob-on@guest.airbnb.example", extra={"confirmationCode": "HMROBON119"},
          lines=((2 * _DAY, "guest", "So sorry, I broke my leg and have to cancel."),)),
    Story("declined", "Gina Russo", "Cascais House", 20, 2, status="declined", email="gina-r@guest.airbnb.example"),
    Story("expired", "Piet de Vries", "Alfama Loft", 33, 3, status="expired", email="piet-dv@guest.airbnb.example"),
    Story("party", "Ngozi Eze", "Porto Covo A1", 2, 4, channel="direct", module="sms", phone="+447700900651",
          email="ngozi.eze@post.example", adults=6, children=2, more_units=("Porto Covo A2",),
          lines=((50, "guest", "Two of us come a day later, can they get keys without us?"),)),
    Story("expedia", "Björn Þórsson", "Porto Covo B1", -2, 3, channel="expedia", module="email", language="is",
          email="bthorsson-ex@m.expediapartner.example", phone="+3545551234",
          lines=((300, "guest", "<div>The bathroom lamp is <i>broken</i>.</div><div><br></div><div>Björn</div>"),)),
    Story("archived", "Ulla Berg", "Sintra Cottage", -60, 4, channel="direct", language="de", module="email",
          email="ulla.berg@post.example"),
    Story("ical", "Reserved", "Porto Covo B2", 3, 4, channel="customIcal", language=None),
    Story("two-threads", "Camille Roy", "Brooklyn Garden", 5, 3, channel="direct", language="fr", module="email",
          email="camille.roy@post.example", phone="+15145550133",
          lines=((6 * _DAY, "guest", "Bonjour, is the garden ours alone?"),),
          later_lines=((70, "guest", "I write from my other address now, please use this one."),)),
    Story("scheduled", "Aino Virtanen", "Hudson Barn", 8, 3, language="fi", email="aino-v@guest.airbnb.example",
          lines=((4 * _DAY, "guest", "Kiitos, see you soon!"),
                 (-5 * _DAY, "auto", "Hi Aino, three days to go! Here is how to find us."))),
)  # fmt: skip

EXTRA_NAMES = (
    "Noah Fischer", "Olivia Grant", "Liam O'Brien", "Chloé Martin", "Mateo Rossi", "Sofia Almeida", "Hannah Cohen",
    "Oscar Nilsson", "Wei Zhang", "Aisha Bello", "Lucas Moreau", "Emma Larsen", "Ravi Menon", "Nora Haugen",
    "Julia Kowalska", "Peter Novák", "Mei Sato", "Daniel Kim", "Fatima Zahra", "Henry Ward", "Zoe Baker",
    "Marco Bianchi",
)  # fmt: skip
EXTRA_UNITS = (
    "Alfama Loft",
    "Cascais House",
    "Porto Covo A2",
    "Hudson Barn",
    "Montauk Dunes",
    "Catskill Cabin",
)
EXTRA_CHANNELS = ("airbnbOfficial", "bookingcom", "direct", "homeaway", "marriott", "bookingengine")
EXTRA_LINES: tuple[tuple[Line, ...], ...] = (
    ((5 * _DAY, "guest", "Is early check-in possible?"), (5 * _DAY - 30, "staff", "From 14:00, we'll be ready.")),
    ((4 * _DAY, "guest", "How do we get in after ten?"), (4 * _DAY - 45, "auto", "There is a key safe by the door.")),
    ((6 * _DAY, "guest", "Thank you for confirming!"),),
    (),
)  # fmt: skip
