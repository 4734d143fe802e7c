from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connectors.contract.base import Settings
from connectors.pms.hostaway import Hostaway
from connectors.pms.hostaway.reads import OVERLAP
from connectors.pms.hostaway.words import STATUSES
from tests.connectors.contract import AT, ConnectorContract, SandboxWorld
from tests.connectors.pms.hostaway.helpers import FIXTURES, SECRETS, basic
from tests.connectors.sandbox_process import SandboxProcess


class TestHostaway(ConnectorContract):
    connector_type = Hostaway
    fixtures = FIXTURES
    credentials = {"account_id": "61010", "api_key": "sandbox-key"}
    wrong = {"account_id": "61010", "api_key": "wrong-key-of-hostaway"}
    limited_why = "A key has no scopes; a 403 means that the token is no longer good."
    statuses = STATUSES
    page_sizes = ("connectors.pms.hostaway.reads.PAGE", "connectors.pms.hostaway.reads.DEEP_PAGE")
    repeats_why = "The first page of stays is read once more at the end: what changed meanwhile moved there."
    overlap = OVERLAP
    optional_fields = ("guestName", "phone", "checkInTime", "hostNote", "totalPrice", "customFieldValues")

    @pytest.fixture
    def world(self, sandbox_process: SandboxProcess) -> SandboxWorld:
        return SandboxWorld(sandbox_process, "hostaway", "/hostaway/v1", "TEST-0002")

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        return basic(secret)

    def secrets(self) -> tuple[str, ...]:
        return SECRETS

    def test_a_changed_body_is_refused(self) -> None:
        """It can't be: HTTP Basic says who sent it, not what. Another body is another delivery, and versions decide."""
        connector, body, headers, secrets = self._signed()
        assert connector.verify(headers, body + b" ", secrets, AT) is True
        assert connector.delivery_key(headers, body + b" ") != connector.delivery_key(headers, body)

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_an_old_or_future_delivery_is_refused(self, minutes: int) -> None:
        """It can't be: HTTP Basic has no time. A replay is the same delivery, which is taken once."""
        connector, body, headers, secrets = self._signed(AT + timedelta(minutes=minutes))
        assert connector.verify(headers, body, secrets, AT) is True
        assert connector.delivery_key(headers, body) == connector.delivery_key(self._signed()[2], body)

    @pytest.mark.parametrize(
        "header",
        ["", "Basic", "Basic !!!", "Bearer abc", "Basic YQ==", "Basic " + "x" * 9000, "Basic ÿ", "basic é:é"],
    )
    def test_what_is_no_basic_is_refused(self, header: str) -> None:
        assert Hostaway(Settings()).verify({"Authorization": header}, b"{}", SECRETS, AT) is False

    def test_limits_are_counted_per_account_and_per_address(self) -> None:
        one, two = (Hostaway(Settings(credentials={"account_id": name})) for name in "ab")
        shared = set(one.limits_by_key()) & set(two.limits_by_key())
        assert shared == {one.address_key()}
        assert {limit.limit for limit in one.limits_by_key()[one.address_key()]} == {15}
        assert {limit.limit for limit in one.limits_by_key()[one.limit_key()]} == {20}
