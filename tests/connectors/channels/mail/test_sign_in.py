"""Signing in to a mailbox with a token, through Bellhop's own caller: real SMTP, IMAP and HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.channels.mail import sign_in
from connectors.channels.mail.mailbox import Mailbox
from connectors.contract.errors import NotAuthorized, Rejected, Retryable
from connectors.models import AccessToken, Connection, ConnectionHealth, ConnectionKind
from connectors.outbound import caller
from tests.connectors import factories
from tests.connectors.channels.mail.helpers import intent, raw
from tests.connectors.channels.mail.little_mail import LittleMail, little_mail
from tests.connectors.contract import MemoryFiles
from tests.connectors.little_server import LittleServer, Reply, Seen

pytestmark = pytest.mark.django_db

MICROSOFT = {"sign_in": "microsoft", "tenant": "t-1", "client_id": "app", "client_secret": "s3"}
GOOGLE = {"sign_in": "google", "client_id": "app", "client_secret": "s3", "refresh_token": "1//r"}
SINCE = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def host(server: LittleServer, settings: Any) -> Iterator[LittleMail]:
    with little_mail() as little:
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [
            f"127.0.0.1:{port}" for port in (server.port, little.smtp_port, little.imap_port)
        ]
        yield little


class Issuer:
    """The provider's token endpoint: each token is good at the mail host until it is revoked."""

    def __init__(self, server: LittleServer, host: LittleMail) -> None:
        self.server, self.host, self.issued = server, host, 0
        self.refuses: Reply | None = None
        server.answer = self.answer

    def answer(self, _: Seen) -> object:
        if self.refuses is not None:
            return self.refuses
        self.issued += 1
        self.host.tokens.add(f"token-{self.issued}")
        return {"token_type": "Bearer", "expires_in": 3599, "access_token": f"token-{self.issued}"}

    def asked(self) -> tuple[str, dict[str, list[str]]]:
        seen = self.server.seen[-1]
        assert "authorization" not in seen.headers
        return seen.path, parse_qs(seen.body.decode())


@pytest.fixture
def issuer(server: LittleServer, host: LittleMail) -> Issuer:
    return Issuer(server, host)


def connect(host: LittleMail, base_url: str, **told: str) -> tuple[Mailbox, caller.Caller, Connection]:
    known = {
        "address": "stay@hotel.example",
        "imap_host": "127.0.0.1",
        "imap_port": str(host.imap_port),
        "imap_security": "none",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(host.smtp_port),
        "smtp_security": "none",
    }
    connection = factories.connection(
        base_url, slug="mailbox", name="Mailbox", kind=ConnectionKind.CHANNEL, credentials={**known, **told}
    )
    connector = Mailbox(caller.settings_of(connection), files=MemoryFiles({}))
    call = caller.Caller(connection, connector, bulk=False, probe=False, own_setup=False)
    return connector, call, connection


def test_microsoft_as_an_application(host: LittleMail, issuer: Issuer) -> None:
    connector, call, _ = connect(host, issuer.server.url, **MICROSOFT)
    assert connector.ping(call) == "stay@hotel.example"
    assert issuer.asked() == (
        "/t-1/oauth2/v2.0/token",
        {
            "client_id": ["app"],
            "client_secret": ["s3"],
            "grant_type": ["client_credentials"],
            "scope": ["https://outlook.office365.com/.default"],
        },
    )
    assert issuer.issued == 1, "one token for both"


def test_google_by_consent_given_before(host: LittleMail, issuer: Issuer) -> None:
    connector, call, _ = connect(host, issuer.server.url, **GOOGLE)
    host.receive(raw("Hello"))
    [found] = connector.list_messages(call, None, SINCE).items
    assert found
    connector.perform(call, intent())
    assert len(host.taken) == 1
    path, form = issuer.asked()
    assert (path, form["grant_type"], form["refresh_token"]) == ("/token", ["refresh_token"], ["1//r"])


@pytest.mark.parametrize("way", [MICROSOFT, GOOGLE])
def test_a_revoked_token_is_replaced_at_once(host: LittleMail, issuer: Issuer, way: dict[str, str]) -> None:
    connector, call, connection = connect(host, issuer.server.url, **way)
    connector.ping(call)
    host.tokens.clear()
    connector.perform(call, intent())
    assert (issuer.issued, len(host.taken)) == (2, 1)
    assert AccessToken.objects.get(pk=connection.pk).value == "token-2"


def test_a_host_that_refuses_every_token_is_told_of(host: LittleMail, issuer: Issuer) -> None:
    connector, call, connection = connect(
        host, issuer.server.url, **MICROSOFT, login="elsewhere@hotel.example"
    )
    with pytest.raises(NotAuthorized):
        connector.perform(call, intent())
    assert not host.taken
    assert ConnectionHealth.objects.get(pk=connection.pk).credentials_refused_at is not None


def test_a_secret_that_ran_out_is_told_of(host: LittleMail, issuer: Issuer) -> None:
    body = b'{"error": "invalid_client", "error_description": "AADSTS7000222: expired"}'
    issuer.refuses = Reply(status=401, body=body)
    connector, call, connection = connect(host, issuer.server.url, **MICROSOFT)
    with pytest.raises(NotAuthorized, match="refused our credentials") as refused:
        connector.ping(call)
    assert refused.value.detail == "AADSTS7000222: expired"
    assert not host.saw
    assert ConnectionHealth.objects.get(pk=connection.pk).credentials_refused_at is not None


def test_an_issuer_in_trouble_is_tried_again(host: LittleMail, issuer: Issuer) -> None:
    issuer.refuses = Reply(status=503, body=b"busy")
    connector, call, connection = connect(host, issuer.server.url, **GOOGLE)
    with pytest.raises(Retryable):
        connector.ping(call)
    assert ConnectionHealth.objects.get(pk=connection.pk).credentials_refused_at is None


@pytest.mark.parametrize("way", [{"sign_in": "microsoft"}, {"sign_in": "google", "client_id": "app"}, {}])
def test_what_is_missing_is_asked_for(host: LittleMail, issuer: Issuer, way: dict[str, str]) -> None:
    connector, call, _ = connect(host, issuer.server.url, **way)
    with pytest.raises(Rejected):
        connector.ping(call)
    assert not issuer.server.seen
    assert not host.saw


def test_tokens_come_from_the_provider_alone() -> None:
    ours = "https://login.microsoftonline.com/t-1/oauth2/v2.0/token"
    assert sign_in.token_url(MICROSOFT, "imap:") == ours
    assert sign_in.token_url({**MICROSOFT, "tenant": "a/b?c"}, "imap:").startswith(
        "https://login.microsoftonline.com/a%2Fb%3Fc/"
    )
    assert sign_in.token_url(GOOGLE, "") == "https://oauth2.googleapis.com/token"
    assert not sign_in.is_token_url("https://login.microsoftonline.com/x", GOOGLE, "imap:")
    assert not sign_in.is_token_url("https://elsewhere.example/", {}, "imap:")
