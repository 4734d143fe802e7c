from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from connectors.channels.twilio import Twilio
from connectors.contract.connector import QUERY
from tests.connectors.channels.twilio.helpers import (
    CREDENTIALS,
    FIXTURES,
    FORM,
    HOOK,
    JSON,
    signed_headers,
    told,
)
from tests.connectors.contract import AT, ChannelSuite

REPORT_QUERY = "m=abcd2345"


class TestTwilio(ChannelSuite):
    connector_type = Twilio
    fixtures = FIXTURES
    credentials = CREDENTIALS

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        for path in sorted(FIXTURES.glob("*.form.json")):
            query = REPORT_QUERY if "status" in path.name else ""
            yield path.name, {**FORM, QUERY: query}, told(path.name)
        body = (FIXTURES / "twilio_event_inbound_message_v1_6.json").read_bytes()
        yield "event stream", {**JSON, QUERY: f"bodySHA256={hashlib.sha256(body).hexdigest()}"}, body

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        return signed_headers(dict(parse_qsl(body.decode(), keep_blank_values=True)), secret, REPORT_QUERY)

    def secrets(self) -> tuple[str, ...]:
        return "a-first-token", "a-second-token"

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_an_old_or_future_delivery_is_refused(self, minutes: int) -> None:
        """It can't be: no time is signed. A replay is the same delivery, which is taken once."""
        connector, body, headers, secrets = self._signed(AT + timedelta(minutes=minutes))
        assert connector.verify(headers, body, secrets, AT) is True
        assert connector.delivery_key(headers, body) == connector.delivery_key(self._signed()[2], body)

    def test_its_hook_is_the_one_that_is_signed(self) -> None:
        assert HOOK in str(self.make().settings.hook_url)
