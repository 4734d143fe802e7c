"""The fixtures of Twilio, and deliveries signed as Twilio signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from connectors.channels.twilio import Twilio
from connectors.contract.connector import QUERY, Settings
from tests.connectors.contract import HOOK, MemoryFiles

FIXTURES = Path(__file__).parent / "fixtures"
ACCOUNT = "AC00000000000000000000000000000001"
CREDENTIALS = {
    "account_sid": ACCOUNT,
    "auth_token": "the-auth-token-of-today",
    "auth_token_old": "the-auth-token-of-yesterday",
    "sender": "+15105550100",
    "messaging_service_sid": "MG00000000000000000000000000000001",
    "whatsapp_sender": "+15105550100",
}
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def twilio(**changes: str) -> Twilio:
    given = Settings(
        credentials={**CREDENTIALS, **changes}, hook_url=HOOK, base_url=changes.pop("base_url", "")
    )
    return Twilio(given, files=MemoryFiles())


def form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def told(name: str, **changes: str) -> bytes:
    return form(**{**fixture(name), "AccountSid": ACCOUNT, **changes})


def signed(url: str, fields: dict[str, str], token: str) -> str:
    """By the vendor's description, not by our code."""
    data = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), data.encode(), hashlib.sha1).digest()).decode()


def signed_headers(fields: dict[str, str], token: str, query: str = "") -> dict[str, str]:
    url = f"{HOOK}?{query}" if query else HOOK
    return {"X-Twilio-Signature": signed(url, fields, token), QUERY: query}
