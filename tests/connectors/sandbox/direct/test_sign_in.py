"""Mailboxes that are opened by tokens: who issues them, how long they are good, and what a refusal looks like."""

import base64
import imaplib
import json
import smtplib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from imap_tools import MailBoxUnencrypted

from tests.connectors.sandbox.harness import Sandbox

HOTEL, MARIA, PASSWORD = "stay@harbour-house.example", "maria.l@nordvik.example", "sandbox-mail"
TENANT = "5a0d0000-5a0d-4b0c-8a0d-5a0db0c5a0d5"
MICROSOFT = {
    "grant_type": "client_credentials",
    "client_id": "c11e4700-5a0d-4b0c-8a0d-5a0db0c5a0d5",
    "client_secret": "sandbox~microsoft-client-secret",
    "scope": "https://outlook.office365.com/.default",
}
GOOGLE = {
    "grant_type": "refresh_token",
    "client_id": "515550142000-sandbox.apps.googleusercontent.com",
    "client_secret": "GOCSPX-sandbox-google-secret",
    "refresh_token": "1//05a0dSandboxRefreshToken",
}
CHALLENGE = {"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}


class Door:
    """Signs in at both servers as the vendors' pages tell."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.at = sandbox.control("GET", "/mail")
        self.challenges: list[Any] = []

    def ask(self, name: str, path: str = "", **fields: str | None) -> httpx.Response:
        form = (MICROSOFT if name == "microsoft" else GOOGLE) | fields
        where = (
            path or {"microsoft": f"/microsoft/{TENANT}/oauth2/v2.0/token", "google": "/google/token"}[name]
        )
        return self.sandbox.http.post(where, data={key: value for key, value in form.items() if value})

    def token(self, name: str) -> str:
        return str(self.ask(name).raise_for_status().json()["access_token"])

    def host(self, name: str) -> None:
        self.sandbox.control("PATCH", f"/mail/{HOTEL}", host=name)

    def _answers(self, said: bytes, token: str, user: str) -> bytes:
        """The response, then an empty line to a challenge."""
        if said:
            self.challenges.append(json.loads(said))
            return b""
        return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()

    def imap(self, token: str, user: str = HOTEL) -> str:
        box = imaplib.IMAP4(self.at["host"], self.at["imap_port"], timeout=10)
        try:
            box.authenticate("XOAUTH2", lambda said: self._answers(said, token, user))
            assert box.select("INBOX")[0] == "OK"
        except imaplib.IMAP4.error:
            return "NO"
        else:
            return "OK"
        finally:
            box.shutdown()

    def smtp(self, token: str, user: str = HOTEL) -> tuple[int, bytes]:
        with smtplib.SMTP(self.at["host"], self.at["smtp_port"], timeout=10) as smtp:
            smtp.ehlo()
            first = base64.b64encode(self._answers(b"", token, user)).decode()
            code, said = smtp.docmd("AUTH", f"XOAUTH2 {first}")
            if code == 334:
                self.challenges.append(json.loads(base64.b64decode(said)))
                code, said = smtp.docmd("")
            return code, said


@pytest.fixture
def door(town: Sandbox) -> Door:
    return Door(town)


@pytest.mark.parametrize("name", ["microsoft", "google"])
def test_a_token_opens_the_mailbox(door: Door, name: str) -> None:
    answer = door.ask(name)
    given = answer.json()
    assert (answer.status_code, given["token_type"], given["expires_in"]) == (200, "Bearer", 3599)
    assert answer.headers["cache-control"] == "no-store"
    for host in ("", name):
        door.host(host)
        assert (door.imap(given["access_token"]), door.smtp(given["access_token"])[0]) == ("OK", 235)
    assert door.challenges == []
    door.host({"microsoft": "google", "google": "microsoft"}[name])
    assert (door.imap(given["access_token"]), door.smtp(given["access_token"])[0]) == ("NO", 535)


def test_mail_leaves_after_a_token(door: Door, town: Sandbox) -> None:
    token = door.token("microsoft")
    with smtplib.SMTP(door.at["host"], door.at["smtp_port"], timeout=10) as smtp:
        smtp.ehlo()
        assert b"XOAUTH2" in smtp.esmtp_features["auth"].encode()
        smtp.user, smtp.password = HOTEL, token
        smtp.auth("XOAUTH2", lambda _=None: f"user={HOTEL}\x01auth=Bearer {token}\x01\x01")
        smtp.sendmail(HOTEL, [MARIA], b"Subject: By token\r\n\r\nHello")
        with pytest.raises(smtplib.SMTPSenderRefused, match="553"):
            smtp.sendmail("someone@elsewhere.example", [MARIA], b"x")
    [letter] = town.control("GET", f"/mail/{MARIA}/letters")["letters"]
    assert letter["subject"] == "By token"


@pytest.mark.parametrize(
    ("host", "told", "text"),
    [("google", [CHALLENGE] * 2, b"5.7.1"), ("microsoft", [], b"5.7.3"), ("", [CHALLENGE] * 2, b"5.7.8")],
)
def test_a_refusal_as_the_host_tells_it(door: Door, host: str, told: list[Any], text: bytes) -> None:
    door.host(host)
    assert door.imap("no token") == "NO"
    code, said = door.smtp("no token")
    assert (code, said.startswith(text)) == (535, True)
    assert door.challenges == told


def test_a_token_is_for_one_mailbox(door: Door) -> None:
    for name in ("microsoft", "google"):
        assert door.imap(door.token(name), MARIA) == "NO"
        assert door.imap(door.token(name), "nobody@harbour-house.example") == "NO"


def test_who_waits_is_told_of_a_new_mail(door: Door, town: Sandbox) -> None:
    with MailBoxUnencrypted(door.at["host"], door.at["imap_port"]).xoauth2(
        HOTEL, door.token("google")
    ) as box:
        box.idle.start()
        town.control("POST", f"/mail/{MARIA}/send", subject="News", text="x")
        assert box.idle.poll(timeout=10) == [b"* 1 EXISTS"]
        box.idle.stop()
        assert [mail.subject for mail in box.fetch(mark_seen=False)] == ["News"]


def test_initial_response(door: Door) -> None:
    """Microsoft's page shows the token in the command itself (SASL-IR, RFC 4959)."""
    box = imaplib.IMAP4(door.at["host"], door.at["imap_port"], timeout=10)
    assert "SASL-IR" in box.capabilities
    first = base64.b64encode(f"user={HOTEL}\x01auth=Bearer {door.token('microsoft')}\x01\x01".encode())
    box.send(b"A1 AUTHENTICATE XOAUTH2 " + first + b"\r\n")
    assert box.readline().startswith(b"A1 OK")
    box.shutdown()


@pytest.mark.parametrize("name", ["microsoft", "google"])
def test_tokens_die(door: Door, town: Sandbox, name: str) -> None:
    old = door.token(name)
    town.control("POST", f"/{name}/clock", forward=3_600)
    assert door.imap(old) == "NO"
    fresh = door.token(name)
    assert door.imap(fresh) == "OK"
    assert town.control("POST", f"/{name}/tokens/revoke")["revoked"] == 2
    assert (door.imap(fresh), door.smtp(fresh)[0]) == ("NO", 535)
    assert door.imap(door.token(name)) == "OK"
    town.control("POST", f"/{name}/tokens/revoke", grant=True)
    ended = door.ask(name)
    expected = {"microsoft": (401, "invalid_client"), "google": (400, "invalid_grant")}[name]
    assert (ended.status_code, ended.json()["error"]) == expected
    town.control("PATCH", f"/{name}/settings", token_seconds=60)
    town.control("POST", f"/{name}/reset", keep=["settings"])
    assert door.ask(name).json()["expires_in"] == 60
    assert town.http.post(f"/_control/{name}/tokens/revoke", json={"grant": "yes"}).status_code == 400


def test_microsoft_takes_no_passwords(door: Door) -> None:
    def by_imap() -> None:
        imaplib.IMAP4(door.at["host"], door.at["imap_port"], timeout=10).login(HOTEL, PASSWORD)

    def by_smtp() -> None:
        with smtplib.SMTP(door.at["host"], door.at["smtp_port"], timeout=10) as smtp:
            smtp.login(HOTEL, PASSWORD)

    ways: tuple[Callable[[], None], ...] = (by_imap, by_smtp)
    for host in ("", "google"):
        door.host(host)
        for way in ways:
            way()
    door.host("microsoft")
    with pytest.raises(imaplib.IMAP4.error):
        by_imap()
    with pytest.raises(smtplib.SMTPAuthenticationError, match=r"5\.7\.30"):
        by_smtp()


@pytest.mark.parametrize(
    ("status", "error", "number", "fields"),
    [
        (401, "invalid_client", 7000215, {"client_secret": "wrong"}),
        (401, "invalid_client", 7000218, {"client_secret": None}),
        (400, "unauthorized_client", 700016, {"client_id": "00000000-0000-0000-0000-000000000000"}),
        (400, "invalid_request", 900144, {"scope": None}),
        (400, "invalid_scope", 1002012, {"scope": "https://outlook.office365.com/IMAP.AccessAsApp"}),
        (400, "invalid_resource", 500011, {"scope": "https://mail.example/.default"}),
        (400, "unsupported_grant_type", 70003, {"grant_type": "password"}),
    ],
)
def test_microsofts_errors(door: Door, status: int, error: str, number: int, fields: dict[str, Any]) -> None:
    answer = door.ask("microsoft", **fields)
    said = answer.json()
    assert (answer.status_code, said["error"], said["error_codes"]) == (status, error, [number])
    assert said["error_description"].startswith(f"AADSTS{number}: ")
    assert said["trace_id"] in said["error_description"]


def test_another_tenant(door: Door) -> None:
    answer = door.ask("microsoft", "/microsoft/elsewhere.example/oauth2/v2.0/token")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


@pytest.mark.parametrize(
    ("status", "error", "fields"),
    [
        (401, "invalid_client", {"client_secret": "wrong"}),
        (401, "invalid_client", {"client_id": "nobody.apps.googleusercontent.com"}),
        (400, "invalid_request", {"refresh_token": None}),
        (400, "invalid_grant", {"refresh_token": "1//other"}),
        (400, "unsupported_grant_type", {"grant_type": "password"}),
    ],
)
def test_googles_errors(door: Door, status: int, error: str, fields: dict[str, Any]) -> None:
    answer = door.ask("google", **fields)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_client_may_name_itself_in_the_header(door: Door, town: Sandbox) -> None:
    login = httpx.BasicAuth(GOOGLE["client_id"], GOOGLE["client_secret"])
    form = {"grant_type": "refresh_token", "refresh_token": GOOGLE["refresh_token"]}
    assert town.http.post("/google/token", data=form, auth=login).status_code == 200
    broken = town.http.post("/google/token", data=form, headers={"authorization": "Basic ?"})
    assert (broken.status_code, broken.json()["error"]) == (401, "invalid_client")


def test_an_issuer_that_is_down(door: Door, town: Sandbox) -> None:
    old = door.token("microsoft")
    town.control("PUT", "/microsoft/faults/down")
    assert door.ask("microsoft").status_code == 503
    assert door.imap(old) == "OK", "whoever has a token doesn't notice"
    assert town.control("GET", "/microsoft/requests")["requests"][0]["path"].endswith("/oauth2/v2.0/token")
