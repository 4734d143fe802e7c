"""Postmark: one server with its token, and how it posts webhooks (https://postmarkapp.com/developer/webhooks)."""

import json
from datetime import datetime

from connectors.sandbox.direct.esp.posting import basic
from connectors.sandbox.direct.esp.records import INBOUND, INDEXES, TABLES, TRACKING
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Application, Delivery, Subscription
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store

NAME = "postmark"
SERVER_TOKEN = "5a0db0c5-5a0d-4b0c-8a0d-5a0db0c5a0d5"  # noqa: S105 - the sandbox's own
INBOUND_DOMAIN = "inbound.harbour-house.example"
SERVER_ID = 5150162
_MINUTE, _HOUR = 60.0, 3600.0


def plant(store: Store, _: datetime) -> None:
    """One server; nobody is told anything until addresses are set."""
    store.put(Application(SERVER_TOKEN, SERVER_TOKEN, "Server", NAME))
    for key in (INBOUND, TRACKING):
        store.put(
            Subscription(
                key, NAME, SERVER_TOKEN, "", [], "", 0.0, extra={"raw": True} if key == INBOUND else {}
            )
        )


def _headers(subscription: Subscription, delivery: Delivery, _: int, __: bytes) -> dict[str, str]:
    """With Basic authentication if the address has a user in it."""
    headers = {"content-type": "application/json", "user-agent": "Postmark (sandbox)"}
    return headers | basic(delivery.url or subscription.url)


def error(code: int, message: str) -> bytes:
    """An error's body."""
    return json.dumps({"ErrorCode": code, "Message": message}).encode()


POSTMARK = House(
    name=NAME,
    title="Postmark",
    database="sandbox-postmark.sqlite3",
    plant=plant,
    settings=Settings(),
    errors=Errors(
        down=error(100, "Maintenance"),
        too_many=error(429, "Rate limit exceeded"),
        in_200=error(405, "Not allowed to send"),
        after_work=error(500, "Internal server error"),
    ),
    postage=Postage(
        retry_delays=(
            _MINUTE,
            5 * _MINUTE,
            10 * _MINUTE,
            15 * _MINUTE,
            30 * _MINUTE,
            _HOUR,
            2 * _HOUR,
            6 * _HOUR,
        ),
        headers=_headers,
        accepts=lambda status: status == 200,
        is_final=lambda status: status == 403,
    ),
    tables=TABLES,
    indexes=INDEXES,
    no_faults=frozenset(
        {"message_fails", "webhook_wrapped", "webhook_batch", "webhook_bad_signature", "stale_reads"}
    ),
)
