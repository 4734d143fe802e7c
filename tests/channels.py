"""A channel of our own against the running sandbox: the provider's side, the guest's phone, and Bellhop's side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bellhop.accounts.models import Organization
from bellhop.core import clock
from connectors.models import Connection, ConnectionHealth, ConnectionKind, Stage
from connectors.outbound.addresses import hook_url
from connectors.trust import connecting
from tests.harness.waiting import eventually
from tests.pms import SCALE, Pms

OUR_NUMBER = "+14155550160"
TWILIO = {
    "account_sid": "AC5a0d5a0d5a0d5a0d5a0d5a0d5a0d5a0d",
    "auth_token": "sandbox-twilio-auth-token",
    "sender": OUR_NUMBER,
}
SERVICE = "MG5a0d5a0d5a0d5a0d5a0d5a0d5a0d5a0d"


def connect_twilio(organization: Organization, sandbox_url: str, name: str = "SMS") -> Connection:
    """A channel connection to the sandbox's Twilio, as the wizard makes it, without its test call."""
    connection = Connection.objects.create(
        organization=organization,
        slug="twilio",
        kind=ConnectionKind.CHANNEL,
        name=name,
        stage=Stage.SANDBOX,
        base_url=f"{sandbox_url}/twilio",
        credentials=TWILIO,
        limit_scale=SCALE,
        created_at=clock.now(),
    )
    ConnectionHealth.objects.create(connection=connection)
    connecting.note_addresses(connection)
    return connection


class Phones:
    """The guests' phones of the sandbox, and our line to them."""

    def __init__(self, pms: Pms) -> None:
        self.pms = pms
        self.root = f"http://127.0.0.1:{pms.sandbox.port}"
        self.control("phones/reset", "POST")
        self.connection = connect_twilio(pms.desk.organization, self.root)
        url = hook_url(self.connection)
        for line in (OUR_NUMBER, SERVICE):
            self.control(f"phones/lines/{line}", "PATCH", inbound_url=url)

    def control(self, path: str, method: str = "GET", **values: Any) -> dict[str, Any]:
        return self.pms.control(path, method, **values)

    def texts(self, number: str, body: str, **more: Any) -> dict[str, Any]:
        """The guest texts our number; Bellhop has taken it in when this returns."""
        answer = self.control(f"phones/{number}/text", "POST", body=body, **more)
        self.hear()
        return answer

    def on(self, number: str) -> list[str]:
        """What the guest's phone shows, oldest first."""
        return [one["body"] for one in self.control(f"phones/{number}/messages")["messages"]]

    def until(self, holds: Callable[[], bool]) -> None:
        """Work on until something holds: a provider takes its time to deliver and to report."""

        def look() -> bool:
            self.pms.run()
            return holds()

        eventually(look)

    def arrives(self, number: str, body: str) -> None:
        """The guest's phone shows it, once."""
        self.until(lambda: body in self.on(number))
        assert self.on(number).count(body) == 1

    def hear(self) -> None:
        """Every webhook that the provider and the PMS owe, and all that it makes due."""
        done = 1
        while done:
            for world in ("twilio/state", "state"):
                eventually(lambda world=world: self.control(world)["deliveries"]["pending"] == 0)
            done = self.pms.run()
