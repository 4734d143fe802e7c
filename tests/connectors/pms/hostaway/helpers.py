from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from connectors.contract.base import Settings
from connectors.pms.hostaway import Hostaway
from tests.connectors.pms import script

FIXTURES = Path(__file__).parent / "fixtures"
SECRETS = ("bellhop-1:a long random password", "bellhop-2:another: one")


def fixture(name: str) -> Any:
    return script.fixture(FIXTURES, name)


def hostaway(base_url: str = "") -> Hostaway:
    return Hostaway(Settings(base_url=base_url, credentials={"account_id": "61010", "api_key": "k"}))


def basic(secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
