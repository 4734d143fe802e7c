"""Brevo: one account with its key, and how it posts webhooks (https://developers.brevo.com/docs/retry-mechanism)."""

import json
from datetime import datetime

from connectors.sandbox.direct.esp.posting import basic
from connectors.sandbox.direct.esp.records import INBOUND, INDEXES, TABLES, TRACKING
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Application, Delivery, Subscription
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store

NAME = "brevo"
API_KEY = "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"
INBOUND_DOMAIN = "brevo.harbour-house.example"
WEBHOOK_ID = 515_016
_TOO_MANY = 429
_MINUTE, _HOUR = 60.0, 3_600.0


def plant(store: Store, _: datetime) -> None:
    """One key; nobody is told anything until addresses are set."""
    store.put(Application(API_KEY, API_KEY, "API key", NAME))
    store.put_all([Subscription(key, NAME, API_KEY, "", [], "", 0.0) for key in (INBOUND, TRACKING)])


def _headers(subscription: Subscription, delivery: Delivery, _: int, __: bytes) -> dict[str, str]:
    """With Basic authentication if the address has a user in it (…/docs/username-and-password-authentication)."""
    headers = {"content-type": "application/json", "user-agent": "SendinBlue Webhook (sandbox)"}
    return headers | basic(delivery.url or subscription.url)


def error(code: str, message: str) -> bytes:
    """An error's body."""
    return json.dumps({"code": code, "message": message}).encode()


BREVO = House(
    name=NAME,
    title="Brevo",
    database="sandbox-brevo.sqlite3",
    plant=plant,
    settings=Settings(),
    errors=Errors(
        down=error("service_unavailable", "Service unavailable"),
        too_many=error("too_many_requests", "Too many requests"),
        in_200=error("internal_error", "Internal server error"),
        after_work=error("internal_error", "Internal server error"),
        hints_wait=False,
    ),
    postage=Postage(
        retry_delays=(10 * _MINUTE, _HOUR, 2 * _HOUR, 8 * _HOUR),
        headers=_headers,
        is_final=lambda status: status >= 400 and status != _TOO_MANY,
    ),
    tables=TABLES,
    indexes=INDEXES,
    no_faults=frozenset(
        {"message_fails", "webhook_wrapped", "webhook_batch", "webhook_bad_signature", "stale_reads"}
    ),
)
