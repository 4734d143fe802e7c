from __future__ import annotations

from datetime import datetime

from connectors.pms.guesty import Guesty
from tests.connectors.contract import ConnectorSuite
from tests.connectors.pms.guesty.helpers import FIXTURES, SECRETS, sign


class TestGuesty(ConnectorSuite):
    connector_type = Guesty
    fixtures = FIXTURES

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        return sign(body, secret, at)

    def secrets(self) -> tuple[str, ...]:
        return SECRETS
