from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.contract.base import Settings
from connectors.pms.cloudbeds import Cloudbeds
from tests.connectors.pms import script

FIXTURES = Path(__file__).parent / "fixtures"


def fixture(name: str) -> Any:
    return script.fixture(FIXTURES, name)


def cloudbeds(timezone: str = "Europe/Lisbon", **credentials: str) -> Cloudbeds:
    """For the property 12345, unless credentials are named."""
    keys = credentials or {"api_key": "cbat_1", "property_id": "12345"}
    return Cloudbeds(Settings(credentials=keys, timezone=timezone))
