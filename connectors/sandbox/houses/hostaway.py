"""Hostaway: its words and how it posts webhooks (https://api.hostaway.com/documentation)."""

import base64

from connectors.sandbox.actions.homes import OTA
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.ids import Numbers
from connectors.sandbox.records import Delivery, Subscription
from connectors.sandbox.seed.hostaway import plant
from connectors.sandbox.settings import Settings

SOURCES = {
    "airbnbOfficial": "Airbnb",
    "bookingcom": "Booking.com",
    "homeaway": "Vrbo",
    "expedia": "Expedia",
    "marriott": "Marriott",
    "google": "Google",
    "direct": "Direct",
    "bookingengine": "Booking engine",
    "customIcal": "iCal",
    "partner": "Partner",
}
"""Channel names with what people say."""
_ID_BASES = {
    "stay": 30_000_000,
    "guest": 70_000_000,
    "conversation": 20_000_000,
    "post": 340_000_000,
    "task": 3_000_000,
    "webhook": 500_000,
    "field": 800_000,
    "attachment": 90_000_000,
}


def _headers(subscription: Subscription, _: Delivery, __: int, ___: bytes) -> dict[str, str]:
    headers = {"content-type": "application/json", "user-agent": "Hostaway/1.0 (sandbox)"}
    if subscription.secret:
        headers["authorization"] = f"Basic {base64.b64encode(subscription.secret.encode()).decode()}"
    return headers


def _final(status: int) -> bool:
    """Only 5xx and 429 are worth another try."""
    return status < 500 and status != 429


_NO_PRESENCE = "Hostaway knows no check-in and no check-out of a guest, only dates and hours."
HOSTAWAY = House(
    name="hostaway",
    title="Hostaway",
    database="sandbox-hostaway.sqlite3",
    plant=plant,
    settings=Settings(answer_seconds=20.0, token_seconds=15_897_600.0, token_delay=1.0),
    errors=Errors(
        down=b'{"status":"fail","result":"Service unavailable"}',
        too_many=b'{"status":"fail","message":"Too many requests"}',
        in_200=b'{"status":"fail","result":"Something went wrong"}',
        after_work=b'{"status":"fail","result":"Internal server error"}',
        hints_wait=False,
    ),
    postage=Postage(
        retry_delays=(60.0, 420.0, 2_940.0),
        headers=_headers,
        is_final=_final,
        disable_after=5 * 86_400.0,
    ),
    sources=SOURCES,
    statuses=(
        "new",
        "inquiry",
        "inquiryPreapproved",
        "pending",
        "unconfirmed",
        "awaitingPayment",
        "modified",
        "ownerStay",
    ),
    task_statuses=("pending", "confirmed", "inProgress", "completed", "cancelled"),
    person_of=lambda staff_id: ("assigneeUserId", int(staff_id) if staff_id else None),
    modules=("channel", "email", "sms", "whatsapp"),
    module_of=lambda platform: "channel" if platform in OTA else "email",
    cancelled="cancelled",
    new_id=Numbers(_ID_BASES),
    lacks={
        "/reservations/{key}/check-in": _NO_PRESENCE,
        "/reservations/{key}/check-out": _NO_PRESENCE,
        "/units/{id}/cleaning": "Hostaway keeps no room condition; a cleaning is a task.",
        "/notes/{id}": "Hostaway's note is one text of the reservation; change it with its field `note`.",
        "/room-blocks": "Hostaway blocks calendar days; the sandbox doesn't play that.",
    },
    no_faults=frozenset({"webhook_batch"}),
)
