"""A channel of our own against the running sandbox: the provider's side, the guest's phone, and Bellhop's side."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import httpx

from bellhop.accounts.models import Organization
from bellhop.core import clock
from connectors.inbound import regular, sync
from connectors.models import Connection, ConnectionHealth, ConnectionKind, Stage, SyncRun
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


WHATSAPP = {
    "phone_number_id": "115550162000001",
    "waba_id": "215550162000002",
    "number": "+14155550162",
    "access_token": "EAAsandboxWhatsAppToken",
    "app_secret": "5a0db0c5a0db0c5a0db0c5a0db0c5a0d",
}
POSTMARK = {
    "esp": "postmark",
    "address": "stay@harbour-house.example",
    "api_key": "5a0db0c5-5a0d-4b0c-8a0d-5a0db0c5a0d5",
    "webhook_password": "webhook-password",
    "inbound_address": "@inbound.harbour-house.example",
}
HOTEL = "stay@harbour-house.example"


def mailbox_at(smtp_port: int, imap_port: int) -> dict[str, str]:
    """The credentials of the hotel's mailbox at the sandbox's ports."""
    return {
        "address": HOTEL,
        "imap_host": "127.0.0.1",
        "imap_port": str(imap_port),
        "imap_security": "none",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(smtp_port),
        "smtp_security": "none",
        "password": "sandbox-mail",
    }


def connect(
    organization: Organization, slug: str, base_url: str, credentials: dict[str, str], name: str = ""
) -> Connection:
    """A channel connection, as the wizard makes it, without its test call."""
    connection = Connection.objects.create(
        organization=organization,
        slug=slug,
        kind=ConnectionKind.CHANNEL,
        name=name or slug,
        stage=Stage.SANDBOX,
        base_url=base_url,
        credentials=credentials,
        limit_scale=SCALE,
        created_at=clock.now(),
    )
    ConnectionHealth.objects.create(connection=connection)
    connecting.note_addresses(connection)
    return connection


def connect_twilio(organization: Organization, sandbox_url: str, name: str = "SMS") -> Connection:
    """SMS by Twilio."""
    return connect(organization, "twilio", f"{sandbox_url}/twilio", TWILIO, name)


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

    # ── trouble and time ──
    def fault(self, name: str, provider: str = "twilio", **parameters: Any) -> None:
        url = f"{self.root}/_control/{provider}/faults/{name}"
        httpx.put(url, json=parameters).raise_for_status()

    def heal(self, provider: str = "twilio") -> None:
        self.control(f"{provider}/faults", "DELETE")

    def forward(self, seconds: float) -> None:
        """The clocks of all: ours, the PMS's, the providers'."""
        self.control("phones/clock", "POST", forward=seconds)
        self.pms.forward(seconds)

    # ── the guest ──
    def texts(self, number: str, body: str, **more: Any) -> dict[str, Any]:
        """The guest texts our number; Bellhop has taken it in when this returns."""
        answer = self.control(f"phones/{number}/text", "POST", body=body, **more)
        self.hear()
        return answer

    def whatsapps(self, number: str, body: str) -> None:
        """The guest writes to Meta's number of ours."""
        self.control(f"phones/{number}/whatsapp", "POST", body=body)
        self.hear()

    def posts(self, signed_with: str = TWILIO["auth_token"], url: str = "", **fields: str) -> int:
        """A webhook of Twilio's by hand, signed by the vendor's description. Answers the status."""
        url = url or hook_url(self.connection)
        data = url + "".join(name + fields[name] for name in sorted(fields))
        mac = hmac.new(signed_with.encode(), data.encode(), hashlib.sha1).digest()
        headers = {"X-Twilio-Signature": base64.b64encode(mac).decode()}
        return httpx.post(url, data=fields, headers=headers, timeout=20).status_code

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
            for world in ("twilio/state", "whatsapp/state", "state"):
                eventually(lambda world=world: self.control(world)["deliveries"]["pending"] == 0)
            done = self.pms.run()


class Mail:
    """The hotel's mailbox at the sandbox, and the guests' at the other end."""

    def __init__(self, pms: Pms, settings: Any) -> None:
        self.pms = pms
        self.control = pms.control
        self.root = f"http://127.0.0.1:{pms.sandbox.port}"
        self.control("phones/reset", "POST")
        told = self.control("mail")
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [
            *settings.BELLHOP_ALLOWED_PRIVATE_HOSTS,
            f"127.0.0.1:{told['smtp_port']}",
            f"127.0.0.1:{told['imap_port']}",
        ]
        credentials = mailbox_at(told["smtp_port"], told["imap_port"])
        self.connection = connect(pms.desk.organization, "mailbox", "", credentials)
        ConnectionHealth.objects.filter(pk=self.connection.pk).update(caught_up_to=clock.now())
        self.look()

    def fault(self, name: str, **parameters: Any) -> None:
        httpx.put(f"{self.root}/_control/mail/faults/{name}", json=parameters).raise_for_status()

    def bring(self, letter: str, recipient: str) -> None:
        """Somebody's program passes a mail on as it is, headers and all."""
        self.comes(self.raw(letter), recipient)

    def raw(self, letter: str) -> bytes:
        return httpx.get(f"{self.root}/_control/mail/letters/{letter}/raw").content

    def comes(self, raw: bytes, recipient: str = HOTEL) -> None:
        values = {"sender": "", "recipient": recipient, "raw": base64.b64encode(raw).decode()}
        self.control("mail/raw", "POST", **values)
        self.look()

    def look(self) -> None:
        """Read the mailbox, and do what that makes due."""
        SyncRun.objects.filter(connection=self.connection).update(next_try_at=None)
        regular.start_due(clock.now())
        while sync.run_due():
            pass
        self.pms.run()

    def writes(self, address: str, text: str, subject: str = "Our stay", **more: Any) -> None:
        """The guest writes to the hotel; Bellhop has it when this returns."""
        self.control(f"mail/{address}/send", "POST", to=HOTEL, subject=subject, text=text, **more)
        self.look()

    def answers(self, address: str, letter: str, text: str, style: str = "gmail") -> None:
        self.control(f"mail/{address}/reply", "POST", letter=letter, text=text, style=style)
        self.look()

    def on(self, address: str) -> list[dict[str, Any]]:
        """What lies in a mailbox, newest first."""
        found: list[dict[str, Any]] = self.control(f"mail/{address}/letters")["letters"]
        return found
