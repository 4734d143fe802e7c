from __future__ import annotations

from datetime import datetime

import pytest

from connectors.contract.intents import MirrorMessage
from connectors.pms.guesty import Guesty
from connectors.pms.guesty.words import STATUSES
from tests.connectors.contract import ConnectorContract, SandboxWorld
from tests.connectors.pms.guesty.helpers import FIXTURES, SECRETS, sign
from tests.connectors.sandbox_process import SandboxProcess


class TestGuesty(ConnectorContract):
    connector_type = Guesty
    fixtures = FIXTURES
    credentials = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    wrong = {"client_id": "sandbox-client", "client_secret": "wrong-secret-of-guesty"}
    limited_why = "All applications have the scope open-api."
    statuses = STATUSES
    page_sizes = ("connectors.pms.guesty.reads.PAGE",)
    repeats_why = (
        "Each page of stays begins at the last instant of the one before: offsets lose rows that change."
    )
    cannot = {
        MirrorMessage: "Guesty's conversations carry the messages of every channel themselves.",
    }
    optional_fields = ("guestsCount", "plannedArrival", "customFields", "money", "source")

    @pytest.fixture
    def world(self, sandbox_process: SandboxProcess) -> SandboxWorld:
        return SandboxWorld(sandbox_process, "guesty", "/guesty", "TEST-0001")

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        return sign(body, secret, at)

    def secrets(self) -> tuple[str, ...]:
        return SECRETS
