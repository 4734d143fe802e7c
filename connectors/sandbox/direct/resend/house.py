"""Resend: one team with its key, and two webhooks, signed as Svix does (https://resend.com/docs/webhooks/introduction)."""

import json
from datetime import datetime

from connectors.sandbox.direct.esp.records import INBOUND, INDEXES, TABLES, TRACKING
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Application, Delivery, Subscription
from connectors.sandbox.settings import Settings
from connectors.sandbox.signing import signature
from connectors.sandbox.store import Store

NAME = "resend"
API_KEY = "re_5a0dSandbox_HarbourHouseResendKey01"
VERIFIED_DOMAIN = "harbour-house.example"
INBOUND_DOMAIN = "resend.harbour-house.example"
_SECRETS = {
    INBOUND: "whsec_c2FuZGJveC1yZXNlbmQtaW5ib3VuZC0x",
    TRACKING: "whsec_c2FuZGJveC1yZXNlbmQtdHJhY2tpbmcx",
}


def plant(store: Store, _: datetime) -> None:
    """One key; nobody is told anything until addresses are set."""
    store.put(Application(API_KEY, API_KEY, "API key", NAME))
    store.put_all([Subscription(key, NAME, API_KEY, "", [], secret, 0.0) for key, secret in _SECRETS.items()])


def _headers(subscription: Subscription, delivery: Delivery, timestamp: int, body: bytes) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": "Svix-Webhooks/1.24 (sandbox)",
        "svix-id": delivery.message_id,
        "svix-timestamp": str(timestamp),
        "svix-signature": signature(subscription.secret, delivery.message_id, timestamp, body),
    }


def error(status: int, name: str, message: str) -> bytes:
    """An error's body."""
    return json.dumps({"statusCode": status, "name": name, "message": message}).encode()


RESEND = House(
    name=NAME,
    title="Resend",
    database="sandbox-resend.sqlite3",
    plant=plant,
    settings=Settings(),
    errors=Errors(
        down=error(503, "service_unavailable", "API is temporarily unavailable"),
        too_many=error(
            429, "rate_limit_exceeded", "Too many requests. Please limit the number of requests per second."
        ),
        in_200=error(500, "application_error", "An unexpected error occurred."),
        after_work=error(500, "application_error", "An unexpected error occurred."),
    ),
    postage=Postage(
        # https://resend.com/docs/webhooks/retries-and-replays
        retry_delays=(5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0),
        headers=_headers,
    ),
    tables=TABLES,
    indexes=INDEXES,
    no_faults=frozenset({"message_fails", "webhook_wrapped", "webhook_batch", "stale_reads"}),
)
