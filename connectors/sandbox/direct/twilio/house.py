"""Twilio: its words, its account, and how it posts webhooks (https://www.twilio.com/docs/usage/webhooks)."""

import json
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from connectors.sandbox.clock import iso
from connectors.sandbox.direct.records import INDEXES, TABLES, Line
from connectors.sandbox.direct.twilio.errors import body_of
from connectors.sandbox.direct.twilio.forms import read_form, sign
from connectors.sandbox.direct.twilio.templates import seeded
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.poster import Answered
from connectors.sandbox.records import Application, Delivery, Subscription
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store

NAME = "twilio"
ACCOUNT = "AC" + "5a0d" * 8
AUTH_TOKEN = "sandbox-twilio-auth-token"  # noqa: S105 - the sandbox's own
KEY, KEY_SECRET = "SK" + "5a0d" * 8, "sandbox-twilio-key-secret"
RESTRICTED_KEY, RESTRICTED_SECRET = "SK" + "4e57" * 8, "sandbox-twilio-restricted-secret"
SERVICE = "MG" + "5a0d" * 8
NUMBER = "+14155550160"
WHATSAPP_NUMBER = "+14155550161"
INBOUND, STATUS = "inbound", "status"
_DEFAULT_TRIES, _MOST_TRIES = 1, 5


def plant(store: Store, now: datetime) -> None:
    """One account with two numbers, one of them in a messaging service, and templates."""
    store.put_all(
        [
            Application(ACCOUNT, AUTH_TOKEN, "Auth token", NAME),
            Application(KEY, KEY_SECRET, "API key", NAME),
            Application(RESTRICTED_KEY, RESTRICTED_SECRET, "API key without Content", NAME),
        ]
    )
    store.put_all([Subscription(key, NAME, ACCOUNT, "", [], AUTH_TOKEN, 0.0) for key in (INBOUND, STATUS)])
    store.put_all(
        [
            Line(NUMBER, "sms", "SMS number", SERVICE),
            Line(WHATSAPP_NUMBER, "whatsapp", "WhatsApp sender"),
            Line(SERVICE, "service", "Guest messages"),
        ]
    )
    store.put_all(seeded(iso(now)))


def _headers(subscription: Subscription, delivery: Delivery, _: int, body: bytes) -> dict[str, str]:
    url = (delivery.url or subscription.url).partition("#")[0]
    return {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "user-agent": "TwilioProxy/1.1 (sandbox)",
        "accept": "*/*",
        "i-twilio-idempotency-token": delivery.message_id,
        "x-twilio-signature": sign(subscription.secret, url, read_form(body)),
    }


def _retries(delivery: Delivery, status: int | None) -> tuple[float, ...]:
    """As many tries as the URL's fragment asks for (`#rc=3&rp=5xx,ct,rt`): one, and for lost connections only."""
    asked = parse_qs(urlsplit(delivery.url).fragment)
    count = asked.get("rc", [str(_DEFAULT_TRIES)])[0]
    policy = asked.get("rp", ["ct"])[0].split(",")
    if not (count.isdigit() and (_kinds(status, delivery) & {*policy} or "all" in policy)):
        return ()
    return tuple(1.0 for _ in range(min(int(count), _MOST_TRIES)))


def _kinds(status: int | None, delivery: Delivery) -> set[str]:
    if status is None:
        return {"rt"} if delivery.attempts[-1]["error"] == "no answer in time" else {"ct"}
    return {f"{status // 100}xx"}


def _detour(subscription: Subscription, delivery: Delivery) -> str:
    """The fallback URL of the number, once: `extra` names it by the URL that failed."""
    return str(subscription.extra.get(delivery.url, ""))


def _remark(answered: Answered) -> str:
    """An answer with a body is taken as TwiML; anything but XML is an error in the debugger."""
    wrong = (
        200 <= answered.status < 300
        and answered.size
        and not answered.kind.startswith(("text/xml", "application/xml"))
    )
    return "12300: Invalid Content-Type" if wrong else ""


def _error(code: int) -> bytes:
    return json.dumps(body_of(code)).encode()


TWILIO = House(
    name=NAME,
    title="Twilio",
    database="sandbox-twilio.sqlite3",
    plant=plant,
    settings=Settings(sending_seconds=0.3),
    errors=Errors(
        down=_error(20503),
        too_many=_error(20429),
        in_200=_error(20500),
        after_work=_error(20500),
        hints_wait=False,
    ),
    postage=Postage(retry_delays=(), headers=_headers, retries=_retries, detour=_detour, remark=_remark),
    tables=TABLES,
    indexes=INDEXES,
    no_faults=frozenset({"message_fails", "webhook_wrapped", "webhook_batch", "error_in_200"}),
)
