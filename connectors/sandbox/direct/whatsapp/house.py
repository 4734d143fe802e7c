"""Meta's WhatsApp: its account, and how it posts webhooks (https://developers.facebook.com/docs/graph-api/webhooks)."""

import hashlib
import hmac
import json
from datetime import datetime

from connectors.sandbox.direct.records import INDEXES, TABLES, Line, Template
from connectors.sandbox.direct.whatsapp.errors import body_of
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Application, Delivery, Subscription, Token
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store

NAME = "whatsapp"
APP_ID, APP_SECRET = "315550162000003", "5a0db0c5a0db0c5a0db0c5a0db0c5a0d"
TOKEN = "EAAsandboxWhatsAppToken"  # noqa: S105 - the sandbox's own
WABA_ID = "215550162000002"
PHONE_NUMBER_ID = "115550162000001"
NUMBER = "+14155550162"
CALLBACK = "callback"
_NEVER = 4_102_444_800.0
_TEMPLATES = (
    (
        "415550162000011",
        "check_in",
        "en",
        "UTILITY",
        "Hello {{1}}, your room is ready from {{2}}. See you soon!",
    ),
    ("415550162000012", "check_in", "es", "UTILITY", "Hola {{1}}, su habitación está lista desde las {{2}}."),
    (
        "415550162000013",
        "weekend_offer",
        "en",
        "MARKETING",
        "Hi {{1}}, come back: 20 % off your next weekend.",
    ),
)


def plant(store: Store, _: datetime) -> None:
    """One business account with one number, one app with its token, and three approved templates."""
    store.put(Application(APP_ID, APP_SECRET, "Bellhop sandbox app", NAME))
    store.put(Token(TOKEN, APP_ID, 0.0, _NEVER))
    store.put(Subscription(CALLBACK, NAME, APP_ID, "", [], APP_SECRET, 0.0))
    store.put(Line(NUMBER, "whatsapp", "Harbour House"))
    store.put_all(
        [
            Template(key, name, language, category, "APPROVED", [{"type": "BODY", "text": text}])
            for key, name, language, category, text in _TEMPLATES
        ]
    )


def _headers(subscription: Subscription, _: Delivery, __: int, body: bytes) -> dict[str, str]:
    digest = hmac.new(subscription.secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "user-agent": "facebookexternalua (sandbox)",
        "x-hub-signature-256": f"sha256={digest}",
    }


def _error(code: int) -> bytes:
    return json.dumps(body_of(code)).encode()


_MINUTE, _HOUR = 60.0, 3600.0
_DAYS = (24 * _HOUR,) * 5
WHATSAPP_CLOUD = House(
    name=NAME,
    title="WhatsApp Cloud API",
    database="sandbox-whatsapp.sqlite3",
    plant=plant,
    settings=Settings(sending_seconds=0.3),
    errors=Errors(
        down=_error(2),
        too_many=_error(130429),
        in_200=_error(131000),
        after_work=_error(131000),
        hints_wait=False,
    ),
    postage=Postage(
        retry_delays=(5.0, 30.0, 5 * _MINUTE, 30 * _MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, *_DAYS),
        headers=_headers,
        accepts=lambda status: status == 200,
    ),
    tables=TABLES,
    indexes=INDEXES,
    no_faults=frozenset({"message_fails", "webhook_wrapped"}),
)
