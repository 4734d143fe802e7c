"""A provider of e-mail as tests connect it: alone, or with a small HTTP server that stands for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.channels.mail.provider import MailProvider
from connectors.contract.connector import QUERY, Settings
from connectors.contract.deliveries import as_basic
from connectors.inbound import processing
from connectors.models import ConnectionKind, WebhookDelivery
from connectors.outbound import caller
from tests.connectors import factories
from tests.connectors.contract import AT, HOOK, MemoryFiles
from tests.connectors.little_server import LittleServer, Reply, Seen

PASSWORD = "the-password-of-today"
CREDENTIALS = {
    "esp": "postmark",
    "address": "stay@hotel.example",
    "api_key": "the-server-token",
    "webhook_password": PASSWORD,
    "webhook_password_old": "the-password-of-yesterday",
    "inbound_address": "reply@inbound.hotel.example",
}
JSON = {"content-type": "application/json"}
INBOUND, TRACKING = {**JSON, QUERY: "w=inbound"}, {**JSON, QUERY: "w=tracking"}


def login(password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": as_basic("bellhop", password)}


def provider(base_url: str = "", **changes: str) -> MailProvider:
    told = {**CREDENTIALS, **changes}
    return MailProvider(
        Settings(base_url=base_url, credentials=told, hook_url=HOOK), files=MemoryFiles({"k": b"%PDF"})
    )


class Line:
    """A connection to the server, its connector and its Call. `pages` are what the server answers, by path; a list is
    answered one after the other, and its last for ever."""

    def __init__(self, server: LittleServer, **credentials: str) -> None:
        self.server = server
        self.connection = factories.connection(
            server.url,
            slug="mail_provider",
            name="Mail",
            kind=ConnectionKind.CHANNEL,
            credentials={**CREDENTIALS, **credentials},
        )
        self.connector = MailProvider(caller.settings_of(self.connection), files=MemoryFiles({"k": b"%PDF"}))
        self.call = caller.Caller(self.connection, self.connector, bulk=False, probe=False, own_setup=False)
        self.left: list[bool] = []
        self.call.leaving = lambda: self.left.append(True)
        self.pages: dict[str, Any] = {}

    def answers(self, answer: Callable[[Seen], Any]) -> None:
        self.server.answer = answer

    def serves(self, **pages: Any) -> None:
        """`pages` by the last part of their path, in words (`_` for what is no letter)."""
        self.pages.update(pages)
        self.server.answer = self._page

    def _page(self, seen: Seen) -> Any:
        name = "".join(
            one if one.isalnum() else "_" for one in seen.path.partition("?")[0].rpartition("/")[2]
        )
        found = self.pages.get(name, Reply(status=404))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return Reply(body=found) if isinstance(found, bytes) else found

    def comes(self, headers: dict[str, str], body: bytes) -> WebhookDelivery:
        """Journaled as the intake does, once per key."""
        made, _ = WebhookDelivery.objects.get_or_create(
            connection=self.connection,
            key=self.connector.delivery_key(headers, body),
            defaults={
                "received_at": AT,
                "headers": headers,
                "body": body,
                "verified": True,
                "next_try_at": AT,
            },
        )
        return made

    def work(self) -> list[WebhookDelivery]:
        """Process what is due, also what waits for its next try. Returns the journal."""
        rows = WebhookDelivery.objects.filter(connection=self.connection)
        rows.update(next_try_at=AT)
        processing.drain()
        return list(rows.order_by("pk"))
