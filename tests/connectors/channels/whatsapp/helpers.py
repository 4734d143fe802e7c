"""The fixtures of WhatsApp, and deliveries signed as Meta signs them."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from connectors.channels.whatsapp import WhatsApp
from connectors.contract.connector import Settings
from tests.connectors.contract import HOOK, MemoryFiles

FIXTURES = Path(__file__).parent / "fixtures"
CREDENTIALS = {
    "phone_number_id": "106540352242922",
    "waba_id": "102290129340398",
    "number": "+1 555 078 3881",
    "access_token": "the-system-users-token",
    "app_secret": "the-app-secret-of-today",
    "app_secret_old": "the-app-secret-of-yesterday",
}


def whatsapp(**changes: str) -> WhatsApp:
    return WhatsApp(Settings(credentials={**CREDENTIALS, **changes}, hook_url=HOOK), files=MemoryFiles())


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def hub(body: bytes, secret: str) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def delivery(*values: dict[str, Any], field: str = "messages") -> bytes:
    """One entry with several changes."""
    metadata = {"display_phone_number": "15550783881", "phone_number_id": CREDENTIALS["phone_number_id"]}
    changes = [{"field": field, "value": {"metadata": metadata, **value}} for value in values]
    told = {
        "object": "whatsapp_business_account",
        "entry": [{"id": CREDENTIALS["waba_id"], "changes": changes}],
    }
    return json.dumps(told).encode()


def message(**changes: Any) -> dict[str, Any]:
    told = {
        "from": "16505551234",
        "id": "wamid.1",
        "timestamp": "1750263773",
        "type": "text",
        "text": {"body": "Hi"},
    }
    return {**told, **changes}
