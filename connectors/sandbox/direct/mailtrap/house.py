"""Mailtrap: one account with its token, and two webhooks (https://docs.mailtrap.io/email-api-smtp/advanced/webhooks)."""

import hashlib
import hmac
import json
from datetime import datetime

from connectors.sandbox.direct.esp.posting import basic
from connectors.sandbox.direct.esp.records import INBOUND, INDEXES, TABLES, TRACKING
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Application, Delivery, Subscription
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store

NAME = "mailtrap"
API_TOKEN = "5a0db0c55a0d4b0c8a0d5a0db0c5a0d5"  # noqa: S105 - the sandbox's own
VERIFIED_DOMAIN = "harbour-house.example"
INBOUND_DOMAIN = "mailtrap.harbour-house.example"
INBOX_ID = 250_015
_SECRETS = {INBOUND: "5a0d1b0c5a0d1b0c5a0d1b0c5a0d1b0c", TRACKING: "5a0d7ac55a0d7ac55a0d7ac55a0d7ac5"}
_EVERY_FIVE_MINUTES = (300.0,) * 40
# "Up to 10 attempts over 24 hours, with exponential backoff": nine waits, each twice the one before.
_WITHIN_A_DAY = tuple(168.0 * 2**number for number in range(9))


def plant(store: Store, _: datetime) -> None:
    """One token; nobody is told anything until addresses are set."""
    store.put(Application(API_TOKEN, API_TOKEN, "API token", NAME))
    store.put_all(
        [Subscription(key, NAME, API_TOKEN, "", [], secret, 0.0) for key, secret in _SECRETS.items()]
    )


def _headers(subscription: Subscription, delivery: Delivery, _: int, body: bytes) -> dict[str, str]:
    digest = hmac.new(subscription.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "user-agent": "Mailtrap (sandbox)",
        "mailtrap-signature": digest,
    }
    return headers | basic(delivery.url or subscription.url)


def _retries(delivery: Delivery, _: int | None) -> tuple[float, ...]:
    return _WITHIN_A_DAY if delivery.subscription_id == INBOUND else _EVERY_FIVE_MINUTES


def error(*messages: str) -> bytes:
    """An error's body."""
    return json.dumps({"success": False, "errors": messages}).encode()


MAILTRAP = House(
    name=NAME,
    title="Mailtrap",
    database="sandbox-mailtrap.sqlite3",
    plant=plant,
    settings=Settings(answer_seconds=30.0),
    errors=Errors(
        down=error("Service unavailable"),
        too_many=error("Too many requests"),
        in_200=error("Internal server error"),
        after_work=error("Internal server error"),
        hints_wait=False,
    ),
    postage=Postage(
        retry_delays=(), retries=_retries, headers=_headers, accepts=lambda status: status == 200
    ),
    tables=TABLES,
    indexes=INDEXES,
    no_faults=frozenset({"message_fails", "webhook_wrapped", "stale_reads"}),
)
