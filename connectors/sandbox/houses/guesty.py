"""Guesty: its words and how it posts webhooks (https://docs.svix.com/retries)."""

from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Delivery, Subscription
from connectors.sandbox.seed.guesty import plant
from connectors.sandbox.settings import Settings
from connectors.sandbox.signing import signature

SOURCES = {
    "airbnb2": "Airbnb",
    "bookingCom": "Booking.com",
    "homeaway2": "Vrbo",
    "expedia": "Expedia",
    "tripAdvisor": "TripAdvisor",
    "rentalsUnited": "Rentals United",
    "direct": "website",
    "manual": "manual",
    "owner": "owner",
}
_WRITABLE = ("airbnb2", "bookingCom", "homeaway2", "expedia")


def _headers(subscription: Subscription, delivery: Delivery, timestamp: int, body: bytes) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": "Svix-Webhooks/1.24 (sandbox)",
        "svix-id": delivery.message_id,
        "svix-timestamp": str(timestamp),
        "svix-signature": signature(subscription.secret, delivery.message_id, timestamp, body),
    }


GUESTY = House(
    name="guesty",
    title="Guesty",
    database="sandbox.sqlite3",
    plant=plant,
    settings=Settings(),
    errors=Errors(
        down=b'{"error":{"code":"SERVICE_UNAVAILABLE","message":"Service Unavailable"}}',
        too_many=b'{"error":{"code":"TOO_MANY_REQUESTS","message":"Too many requests"}}',
        in_200=b'{"error":{"code":"INTERNAL_ERROR","message":"Something went wrong"}}',
        after_work=b'"Internal Server Error"',
    ),
    postage=Postage(
        retry_delays=(5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0),
        headers=_headers,
        disable_after=5 * 86_400.0,
    ),
    sources=SOURCES,
    statuses=("confirmed", "inquiry", "reserved"),
    conditions=("clean", "dirty", "waitingForInspection", "unknown"),
    task_statuses=("pending", "confirmed", "in progress", "completed", "canceled"),
    modules=("airbnb2", "bookingCom", "homeaway2", "email", "sms", "whatsapp"),
    module_of=lambda platform: platform if platform in _WRITABLE else "email",
    keeps_log=True,
    lacks={
        "/notes/{id}": "Guesty has no call to edit or delete a note of a conversation.",
        "/room-blocks": "Guesty blocks calendar days; the sandbox doesn't play that.",
    },
    no_faults=frozenset({"message_fails", "webhook_wrapped", "webhook_batch"}),
)
