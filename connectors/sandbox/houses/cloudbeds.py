"""Cloudbeds: its words and how it posts webhooks (https://developers.cloudbeds.com/docs/webhooks-1)."""

from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.ids import Numbers
from connectors.sandbox.records import Delivery, Json, Subscription
from connectors.sandbox.seed.cloudbeds import plant
from connectors.sandbox.settings import Settings

SOURCES = {
    "booking": "Booking.com",
    "airbnb": "Airbnb",
    "vrbo": "Vrbo",
    "expedia": "Expedia",
    "website": "Website/Booking Engine",
    "walkin": "Walk-In",
    "phone": "Phone",
}
_ID_BASES = {
    "stay": 8_845_000_000_000,
    "guest": 100_000_000,
    "conversation": 40_000_000,
    "note": 60_000_000,
    "block": 9_000_000,
    "field": 700_000,
}
_NO_MESSAGES = "Cloudbeds has no guest messages in its API: only the desk's notes can be seen from outside."
_NO_TASKS = "Cloudbeds has no work orders; a room can be blocked."


def _headers(_: Subscription, __: Delivery, ___: int, ____: bytes) -> dict[str, str]:
    """Nothing is signed."""
    return {"content-type": "application/json", "user-agent": "Cloudbeds-Webhooks (sandbox)"}


def _scope(body: Json) -> str:
    """An endpoint hears of one property."""
    return str(body.get("propertyID_str") or body.get("propertyId_str"))


CLOUDBEDS = House(
    name="cloudbeds",
    title="Cloudbeds",
    database="sandbox-cloudbeds.sqlite3",
    plant=plant,
    settings=Settings(answer_seconds=2.0, token_seconds=30 * 86_400.0),
    errors=Errors(
        down=b'{"success":false,"message":"Service unavailable"}',
        too_many=b'{"success":false,"message":"Too many requests"}',
        in_200=b'{"success":false,"message":"An unexpected error occurred"}',
        after_work=b'{"success":false,"message":"Internal server error"}',
        hints_wait=False,
    ),
    postage=Postage(retry_delays=(60.0,) * 5, headers=_headers),
    sources=SOURCES,
    statuses=("confirmed", "not_confirmed"),
    modules=(),
    conditions=("clean", "dirty", "inspected"),
    new_id=Numbers(_ID_BASES),
    scope=_scope,
    lacks={
        "/conversations/{id}/guest-writes": _NO_MESSAGES,
        "/conversations/{id}/staff-replies": _NO_MESSAGES,
        "/reservations/{key}/guest-writes": _NO_MESSAGES,
        "/reservations/{key}/staff-replies": _NO_MESSAGES,
        "/reservations/{key}/open-conversation": _NO_MESSAGES,
        "/bulk": _NO_MESSAGES,
        "planned_departure": "Cloudbeds has no check-out time of a stay.",
        "/tasks": _NO_TASKS,
        "/tasks/{id}": _NO_TASKS,
    },
    no_faults=frozenset({"webhook_bad_signature", "webhook_wrapped", "webhook_batch", "message_fails"}),
)
