"""A connection to a little server that answers as Twilio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from connectors.channels.twilio import Twilio
from connectors.models import Connection, ConnectionKind
from connectors.outbound import caller
from tests.connectors import factories
from tests.connectors.channels.twilio.helpers import CREDENTIALS
from tests.connectors.contract import HOOK, MemoryFiles
from tests.connectors.little_server import LittleServer, Seen


class Line:
    """A connection to the little server, its connector and its Call."""

    def __init__(self, server: LittleServer, **credentials: str) -> None:
        self.server = server
        self.connection: Connection = factories.connection(
            server.url,
            slug="twilio",
            name="Twilio",
            kind=ConnectionKind.CHANNEL,
            credentials={**CREDENTIALS, **credentials},
        )
        settings = caller.settings_of(self.connection)
        self.connector = Twilio(
            type(settings)(base_url=settings.base_url, credentials=settings.credentials, hook_url=HOOK),
            files=MemoryFiles(),
        )
        self.call = caller.Caller(self.connection, self.connector, bulk=False, probe=False, own_setup=False)

    def answers(self, answer: Callable[[Seen], Any]) -> None:
        self.server.answer = answer

    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.server.seen[-1].body.decode(), keep_blank_values=True)
