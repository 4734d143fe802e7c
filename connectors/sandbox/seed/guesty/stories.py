"""Who stays, and what was said. Days count from today, minutes back from now."""

from dataclasses import dataclass

Line = tuple[int, str, str]
"""Minutes ago, who (guest, staff, note, log), text."""


@dataclass(frozen=True)
class Story:
    """One stay, told by days from today; `module` is the channel that the guest writes on."""

    key: str
    name: str
    unit: str
    arrives: int
    nights: int
    platform: str = "bookingCom"
    source: str = "Booking.com"
    status: str = "confirmed"
    presence: str = "not_set"
    language: str = "en"
    module: str = "sms"
    phone: str | None = None
    email: str | None = None
    code: str | None = None
    notes: str = ""
    adults: int = 2
    children: int = 0
    made_in: str = "channel"
    planned_departure: str | None = None
    planned_arrival: str | None = None
    lines: tuple[Line, ...] = ()
    kind: str = "guest"


_DAY = 24 * 60
STORIES: tuple[Story, ...] = (
    Story(
        "maria",
        "Maria Lindqvist",
        "204",
        -2,
        2,
        presence="checked_in",
        language="sv",
        phone="+14015550142",
        email="maria.l@nordvik.example",
        code="4187229630",
        notes="Allergic to feathers, synthetic pillows please.",
        lines=(
            (3 * _DAY, "staff", "Hello Maria, your Sea room is ready from 16:00 tomorrow."),
            (2 * _DAY - 380, "guest", "Is there a quiet place for dinner we can walk to?"),
            (2 * _DAY - 392, "staff", "The Anchor Room, five minutes along the quay. Ask for the back room."),
            (
                53,
                "guest",
                "Good morning! Our flight only leaves this evening. Could we keep the room until 2 pm?",
            ),
            (3, "guest", "Also, can we leave our bags with you until the taxi at half past three?"),
        ),
    ),
    Story(
        "amelie",
        "Amélie Laurent",
        "311",
        0,
        3,
        platform="airbnb2",
        source="Airbnb",
        language="fr",
        module="airbnb2",
        code="HMAMLAUR31",
        lines=(
            (2 * _DAY, "staff", "Bonjour Amélie, votre chambre vous attend à partir de 16 h."),
            (24, "guest", "Bonjour ! Serait-il possible d'arriver vers 13 h plutôt que 16 h ?"),
        ),
    ),
    Story(
        "jonas",
        "Jonas Weber",
        "118",
        4,
        5,
        language="de",
        module="bookingCom",
        phone="+4915155501180",
        email="jweber.118@guest.booking.example",
        code="4187330118",
        lines=((18, "guest", "Is parking included, and is the garage high enough for a roof box?"),),
    ),
    Story(
        "layla",
        "ليلى حداد",
        "207",
        -1,
        4,
        platform="direct",
        source="website",
        presence="checked_in",
        language="ar",
        module="whatsapp",
        phone="+14015550207",
        email="layla.haddad@post.example",
        made_in="v3",
        adults=2,
        children=1,
        lines=((12, "guest", "هل يمكن إضافة سرير أطفال إلى الغرفة من فضلك؟"),),
    ),
    Story(
        "guadalupe",
        "Guadalupe Fernández de la Vega",
        "GC",
        -3,
        6,
        platform="direct",
        source="website",
        presence="checked_in",
        language="es",
        module="whatsapp",
        phone="+14015550199",
        email="guadalupe.fv@post.example",
        made_in="v3",
        lines=(
            (
                72,
                "guest",
                "The heating in the cottage makes a knocking noise since last night, could someone look?",
            ),
            (20, "note", "Duarte has the key, Quay Heating can come at 15:00."),
        ),
    ),
    Story(
        "priya",
        "Priya Raman",
        "302",
        -4,
        3,
        presence="checked_out",
        module="email",
        email="priya.raman@lumen.example",
        phone="+447700900302",
        lines=(
            (
                _DAY,
                "guest",
                "Thank you for the lovely stay 🌊🙏 Could you send an invoice with our company's name on it?",
            ),
        ),
    ),
    Story(
        "kwame",
        "Kwame Mensah",
        "214",
        14,
        2,
        platform="direct",
        source="website",
        status="inquiry",
        module="email",
        email="kwame.mensah@post.example",
        made_in="v3",
        lines=((4, "guest", "Do you have a sea-view room for two nights in two weeks?"),),
    ),
    Story(
        "yuki",
        "Yuki Tanaka",
        "109",
        0,
        2,
        language="ja",
        phone="+819055501090",
        email="yuki.t@post.example",
        lines=((1, "guest", "See you tonight, our ferry is late and we will arrive at about 23:30"),),
    ),
    Story(
        "ingrid",
        "Ingrid Sørensen",
        "215",
        -2,
        3,
        platform="expedia",
        source="Expedia",
        presence="checked_in",
        language="da",
        phone="+4520555215",
        email="ingrid.s@post.example",
        lines=(
            (190, "staff", "Dear Ingrid, the spare key is at the desk."),
            (150, "guest", "Perfect, thank you!"),
        ),
    ),
    Story(
        "eva",
        "Eva Novotná",
        "214",
        2,
        3,
        status="canceled",
        language="cs",
        email="eva.n@post.example",
        lines=((3 * _DAY, "guest", "I am sorry, we have to cancel, my daughter is ill."),),
    ),
    Story(
        "test",
        "Test Guest",
        "118",
        30,
        2,
        platform="manual",
        source="manual",
        module="email",
        email="test.guest@guest.example",
        phone="+14015550100",
        code="TEST-0001",
        made_in="v3",
        notes="Not a person. Bellhop's write-back test runs on this reservation.",
        lines=((90, "guest", "This is a test reservation, please answer anything."),),
    ),
    Story(
        "joao",
        "João Carvalho",
        "Alfama 1A",
        -1,
        3,
        platform="airbnb2",
        source="Airbnb",
        presence="checked_in",
        language="pt",
        module="airbnb2",
        code="HMJCARV1A2",
        lines=(
            (600, "guest", "Boa tarde, a máquina de lavar não começa. Há algum truque?"),
            (570, "staff", "Boa tarde João, a porta precisa de um empurrão até fazer clique."),
            (560, "guest", "Funcionou, obrigado 😊"),
        ),
    ),
    Story(
        "grace",
        "Grace Whitfield",
        "Mews 2",
        0,
        4,
        platform="homeaway2",
        source="Vrbo",
        module="email",
        email="grace.w@post.example",
        phone="+447700900412",
        children=2,
        planned_arrival="19:30",
        lines=((240, "guest", "We land at 17:40 and should be at the flat by half past seven."),),
    ),
    Story(
        "owner-stay",
        "Beatriz Sousa",
        "Terraço",
        20,
        7,
        platform="manual",
        source="owner",
        made_in="v3",
        email="beatriz@sousa.example",
        kind="owner",
        lines=((2 * _DAY, "guest", "Olá, please keep the terrace flat free for my family that week."),),
    ),
)

EXTRA_NAMES = (
    "Noah Fischer",
    "Olivia Grant",
    "Liam O'Brien",
    "Chloé Martin",
    "Mateo Rossi",
    "Sofia Almeida",
    "Hannah Cohen",
    "Oscar Nilsson",
    "Wei Zhang",
    "Aisha Bello",
    "Lucas Moreau",
    "Emma Larsen",
    "Ravi Menon",
    "Nora Haugen",
    "Tomás Silva",
    "Julia Kowalska",
    "Peter Novák",
    "Mei Sato",
    "Daniel Kim",
    "Fatima Zahra",
    "Anna Schmidt",
    "George Hall",
    "Isabel Costa",
    "Henry Ward",
    "Zoe Baker",
    "Marco Bianchi",
    "Elena Petrova",
)
EXTRA_CHANNELS = (
    ("airbnb2", "Airbnb", "airbnb2"),
    ("bookingCom", "Booking.com", "bookingCom"),
    ("direct", "website", "email"),
    ("homeaway2", "Vrbo", "homeaway2"),
)
EXTRA_LINES: tuple[tuple[Line, ...], ...] = (
    (
        (5 * _DAY, "guest", "Is early check-in possible?"),
        (5 * _DAY - 30, "staff", "From 14:00, we'll be ready."),
    ),
    (
        (4 * _DAY, "guest", "How do we get in if we arrive after ten?"),
        (4 * _DAY - 45, "staff", "There is a key safe."),
    ),
    ((6 * _DAY, "guest", "Thank you for confirming!"),),
    (),
)
