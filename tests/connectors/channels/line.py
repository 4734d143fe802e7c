"""A channel connection to the sandbox, with the real intake in front of its webhooks."""

from __future__ import annotations

from typing import Any

from connectors.contract.channel import ChannelConnector
from connectors.contract.direct import DirectRecord
from connectors.contract.events import CanonicalEvent
from connectors.models import Connection, ConnectionKind, WebhookDelivery
from connectors.outbound import caller
from tests.connectors import factories
from tests.connectors.contract import MemoryFiles
from tests.connectors.sandbox_process import SandboxProcess
from tests.harness.waiting import eventually
from tests.pms import IntakeServer


class SandboxLine:
    def __init__(
        self, sandbox: SandboxProcess, intake: IntakeServer, slug: str, path: str, credentials: dict[str, str]
    ) -> None:
        self.control = sandbox.control
        self.connection: Connection = factories.connection(
            f"http://127.0.0.1:{sandbox.port}{path}",
            slug=slug,
            name=slug,
            kind=ConnectionKind.CHANNEL,
            credentials=credentials,
        )
        self.hook = f"{intake.url}/hooks/{self.connection.hook_token}"
        self.connector: ChannelConnector = caller.channel_for(self.connection)
        self.connector.files = MemoryFiles()
        self.call = caller.Caller(self.connection, self.connector, bulk=False, probe=False, own_setup=True)

    def heard(self) -> list[CanonicalEvent]:
        """What the intake has journaled, in the order of arrival; everything was verified."""
        rows = list(WebhookDelivery.objects.filter(connection=self.connection).order_by("id"))
        assert all(row.verified for row in rows)
        return [event for row in rows for event in self.connector.parse(row.headers, bytes(row.body))]

    def wait_for(self, record: type[DirectRecord], /, **wanted: Any) -> Any:
        """The first record of that kind with these values, once it was heard."""

        def found() -> Any:
            records = [event.direct for event in self.heard() if isinstance(event.direct, record)]
            fitting = [
                one for one in records if all(getattr(one, key) == value for key, value in wanted.items())
            ]
            return fitting[0] if fitting else None

        return eventually(found)
