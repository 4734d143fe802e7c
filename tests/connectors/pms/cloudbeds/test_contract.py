from __future__ import annotations

from datetime import datetime

import pytest

from connectors.contract.base import Settings
from connectors.contract.errors import (
    ConnectorError,
    NotAuthorized,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Retryable,
)
from connectors.pms.cloudbeds import Cloudbeds
from connectors.pms.cloudbeds.reads import OVERLAP
from connectors.pms.cloudbeds.words import STATUSES
from tests.connectors.contract import AT, EFFECT, READ, SECRET_VALUE, ConnectorContract, SandboxWorld, answer
from tests.connectors.pms.cloudbeds.helpers import FIXTURES
from tests.connectors.sandbox_process import SandboxProcess


class TestCloudbeds(ConnectorContract):
    connector_type = Cloudbeds
    fixtures = FIXTURES
    credentials = {"api_key": "cbat_sandbox", "property_id": "300123"}
    wrong = {"api_key": "cbat_wrong_key", "property_id": "300123"}
    limited = {"api_key": "cbat_readonly", "property_id": "300123"}
    statuses = STATUSES
    page_sizes = ("connectors.pms.cloudbeds.reads.PAGE",)
    overlap = OVERLAP  # the vendor's clock and ours
    optional_fields = ("guestName", "guestEmail", "estimatedArrivalTime", "customFields", "balanceDetailed")

    @pytest.fixture
    def world(self, sandbox_process: SandboxProcess) -> SandboxWorld:
        return SandboxWorld(sandbox_process, "cloudbeds", "/cloudbeds/api/v1.3", "TEST-0003")

    def make(self) -> Cloudbeds:
        return Cloudbeds(Settings(credentials={"api_key": SECRET_VALUE}))

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        return None

    def secrets(self) -> tuple[str, ...]:
        return ("a", "b")

    def test_nothing_is_signed(self) -> None:
        assert self.make().verify({}, b"{}", ("a",), AT) is None

    @pytest.mark.parametrize(
        ("message", "reading"),
        [
            ('Please specify "propertyID" parameter for this call', Rejected),
            ("Reservation not found", NotFound),
            ("Too many requests", RateLimited),
            ("Invalid API key", NotAuthorized),
            ("Please try again later", Retryable),
            ("", Rejected),
        ],
    )
    def test_a_failure_comes_as_a_success(self, message: str, reading: type[ConnectorError]) -> None:
        with pytest.raises(ConnectorError) as caught:
            self.make().check(READ, answer(200, {"success": False, "message": message}))
        assert type(caught.value) is reading

    def test_an_effect_that_is_to_come_again_may_have_happened(self) -> None:
        with pytest.raises(OutcomeUnknown):
            self.make().check(EFFECT, answer(200, {"success": "false", "message": "Try again later"}))

    @pytest.mark.parametrize("status", [200, 403])
    def test_a_missing_scope_is_no_wrong_key(self, status: int) -> None:
        body = {"success": False, "message": "The key lacks the scope write:housekeeping"}
        with pytest.raises(Rejected) as caught:
            self.make().check(READ, answer(status, body))
        assert caught.value.code == "missing_scope"
