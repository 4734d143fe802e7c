"""The demo's connections to the sandbox: its PMSs, and the channels on which its guests are reached."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from django.conf import settings

from bellhop.accounts.models import Organization
from bellhop.core import http
from connectors.models import Connection, Stage
from connectors.outbound.addresses import hook_url
from connectors.trust import connecting
from connectors.trust.connecting import NewConnection
from inbox.services.chat import widgets

log = structlog.get_logger(__name__)

SMTP_BESIDE, IMAP_BESIDE = 24, 142
"""How far from the sandbox's own port those of its mail servers are."""

TWILIO_NUMBER = "+14155550160"
TWILIO_SERVICE = "MG5a0d5a0d5a0d5a0d5a0d5a0d5a0d5a0d"


@dataclass(frozen=True, slots=True)
class SandboxSystem:
    """One PMS or channel of the sandbox: its path there (empty: it is no web address), its keys, and the zone of what
    names none."""

    slug: str
    name: str
    path: str
    credentials: dict[str, str]
    timezone: str


SANDBOX = (
    SandboxSystem(
        "guesty",
        "Guesty",
        "/guesty",
        {"client_id": "sandbox-client", "client_secret": "sandbox-secret"},
        "Europe/Lisbon",
    ),
    SandboxSystem(
        "hostaway",
        "Hostaway",
        "/hostaway/v1",
        {"account_id": "61010", "api_key": "sandbox-key"},
        "America/New_York",
    ),
    SandboxSystem(
        "cloudbeds",
        "Cloudbeds",
        "/cloudbeds/api/v1.3",
        {"api_key": "cbat_sandbox", "property_id": "300123"},
        "Europe/Madrid",
    ),
)


CHANNELS = (
    SandboxSystem(
        "twilio",
        "SMS",
        "/twilio",
        {
            "account_sid": "AC5a0d5a0d5a0d5a0d5a0d5a0d5a0d5a0d",
            "auth_token": "sandbox-twilio-auth-token",
            "messaging_service_sid": TWILIO_SERVICE,
            "sender": TWILIO_NUMBER,
        },
        "Europe/Lisbon",
    ),
    SandboxSystem(
        "whatsapp",
        "WhatsApp",
        "/graph",
        {
            "waba_id": "215550162000002",
            "phone_number_id": "115550162000001",
            "number": "+14155550162",
            "app_secret": "5a0db0c5a0db0c5a0db0c5a0db0c5a0d",
            "access_token": "EAAsandboxWhatsAppToken",
        },
        "Europe/Lisbon",
    ),
)


def connect_sandbox(organization: Organization) -> list[Connection]:
    """The connections to the sandbox's PMSs and channels; an existing one follows when its port moved. Raises
    CannotConnect.

    Only the first is tried before it is stored: the others are known to answer then, and the start doesn't wait for
    their tokens.
    """
    systems = (*SANDBOX, *CHANNELS, _mailbox(), _chat())
    found = [_connect(organization, system, test=system is SANDBOX[0]) for system in systems]
    _tell_twilio(next(connection for connection in found if connection.slug == "twilio"))
    _put_into_website(next(connection for connection in found if connection.slug == "webchat"))
    return found


def _chat() -> SandboxSystem:
    """The chat of the hotel's website, which the sandbox shows."""
    return SandboxSystem(
        "webchat", "Website chat", "", {"site": settings.BELLHOP_SANDBOX_URL}, "America/New_York"
    )


def _put_into_website(connection: Connection) -> None:
    """Paste the snippet into the website, as its owner does; the site may show the chat under both its names."""
    widget = widgets.make(connection)
    names = [settings.BELLHOP_SANDBOX_URL, f"http://localhost:{settings.BELLHOP_SANDBOX_PORT}"]
    if missing := [origin for origin in names if origin not in widget.origins]:
        widget.origins = [*widget.origins, *missing]
        widget.title = "Harbour House"
        widget.save(update_fields=["origins", "title"])
    _control("PUT", "website", {"bellhop": settings.BELLHOP_PUBLIC_URL, "key": widget.key}, "website")


def _control(method: str, path: str, told: dict[str, str], what: str) -> None:
    """A sandbox that isn't up is told at the next start."""
    url = f"{settings.BELLHOP_SANDBOX_URL}/_control/{path}"
    body = json.dumps(told).encode()
    try:
        http.fetch(method, url, headers={"content-type": "application/json"}, content=body)
    except http.HttpError as error:
        log.warning("demo.sandbox_unreachable", what=what, url=url, error=str(error))


def _mailbox() -> SandboxSystem:
    """The hotel's mailbox, at the ports that the sandbox opens beside its own."""
    port = settings.BELLHOP_SANDBOX_PORT
    return SandboxSystem(
        "mailbox",
        "Mailbox",
        "",
        {
            "address": "stay@harbour-house.example",
            "password": "sandbox-mail",
            "imap_host": "127.0.0.1",
            "imap_port": str(port + IMAP_BESIDE),
            "imap_security": "none",
            "smtp_host": "127.0.0.1",
            "smtp_port": str(port + SMTP_BESIDE),
            "smtp_security": "none",
        },
        "Europe/Lisbon",
    )


def _tell_twilio(connection: Connection) -> None:
    """Type our address into the provider's console, as a person does there: its API has no call for it. A sandbox that
    isn't up is told at the next start."""
    for line in (TWILIO_NUMBER, TWILIO_SERVICE):
        _control("PATCH", f"phones/lines/{quote(line)}", {"inbound_url": hook_url(connection)}, "phones")


def _connect(organization: Organization, pms: SandboxSystem, *, test: bool) -> Connection:
    base_url = f"{settings.BELLHOP_SANDBOX_URL}{pms.path}" if pms.path else ""
    existing = Connection.objects.filter(
        organization=organization, slug=pms.slug, stage=Stage.SANDBOX
    ).first()
    if existing is not None:
        if pms.path and existing.base_url != base_url:
            Connection.objects.filter(pk=existing.pk).update(base_url=base_url)
        if not pms.path and existing.credentials != pms.credentials:
            existing.credentials = pms.credentials
            existing.save(update_fields=["credentials"])
        return existing
    new = NewConnection(
        slug=pms.slug,
        name=pms.name,
        credentials=pms.credentials,
        base_url=base_url,
        stage=Stage.SANDBOX,
        timezone=pms.timezone,
    )
    return connecting.connect(organization, new, test=test)
