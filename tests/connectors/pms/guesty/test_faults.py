"""Invariant 3 at this level: whatever the sandbox does to a send, its class of error and a read-back tell the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bellhop.core import clock
from connectors.contract.errors import (
    ConnectorError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from connectors.contract.intents import SendMessage
from connectors.models import Connection, RateState
from connectors.outbound import caller
from tests.connectors import factories
from tests.connectors.sandbox_process import SandboxProcess, running_sandbox

FAULTS: list[tuple[str, dict[str, Any], type[ConnectorError], bool]] = [
    ("down", {"mode": "503"}, OutcomeUnknown, False),
    ("down", {"mode": "cut"}, OutcomeUnknown, False),
    ("too_many", {"retry_after": 30}, RateLimited, False),
    ("html_error", {"status": 502}, OutcomeUnknown, False),
    ("error_in_200", {}, Rejected, False),
    ("error_after_work", {"status": 500}, OutcomeUnknown, True),
    ("cut_after_work", {}, OutcomeUnknown, True),
    ("truncated", {}, OutcomeUnknown, True),
    ("huge", {"megabytes": 10}, OutcomeUnknown, True),
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running_sandbox(tmp_path_factory.mktemp("faults")) as running:
        running.control("settings", "PATCH", limit_scale=100)
        yield running


@pytest.fixture
def connection(db: None, sandbox: SandboxProcess, settings: Any) -> Iterator[Connection]:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{sandbox.port}"]
    yield factories.connection(sandbox.url, limit_scale=100)
    sandbox.control("faults", "DELETE")


@pytest.mark.parametrize(("fault", "parameters", "error", "happened"), FAULTS)
def test_a_send_under_each_fault(
    connection: Connection,
    sandbox: SandboxProcess,
    fault: str,
    parameters: dict[str, Any],
    error: type[ConnectorError],
    happened: bool,
) -> None:
    intent = SendMessage(
        conversation_id=sandbox.control("reservations/TEST-0001")["conversation_id"],
        body=f"Sent while {fault} {parameters}",
        channel_raw="sms",
        to=("+14015550100",),
    )
    call = caller.caller_for(connection)
    call.connector.ping(call)
    sandbox.control(f"faults/{fault}", "PUT", path="*/send-message", **parameters)
    began = clock.now()
    with pytest.raises(ConnectorError) as caught:
        call.connector.perform(call, intent)
    assert type(caught.value) is error
    RateState.objects.all().delete()
    found = call.connector.find(call, intent, began)
    assert (found is not None) is happened
    stored = [one for one in sandbox.control("messages")["messages"] if one["body"] == intent.body]
    assert len(stored) == int(happened)


def test_a_revoked_token_is_renewed_in_passing(connection: Connection, sandbox: SandboxProcess) -> None:
    call = caller.caller_for(connection)
    call.connector.ping(call)
    sandbox.control("tokens/revoke", "POST")
    assert call.connector.ping(call) == "Harbour House Group"
