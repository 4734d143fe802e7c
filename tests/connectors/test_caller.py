"""The outbound caller against a real HTTP server that answers like Guesty."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db import connection as database
from structlog.testing import capture_logs

from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.contract.errors import (
    ConnectorError,
    NotAuthorized,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Retryable,
    Unreachable,
    Unreadable,
)
from connectors.contract.http import Request
from connectors.models import AccessToken, Connection, ConnectionHealth, RateState
from connectors.outbound import caller, health
from tests.connectors import factories
from tests.connectors.little_server import LittleServer, Reply, Seen

SECRET = "the-client-secret-value"
TOKEN = "the-access-token-value"

pytestmark = pytest.mark.django_db


@pytest.fixture
def pms(server: LittleServer) -> LittleServer:
    return guesty_like(server)


def guesty_like(server: LittleServer, other: Callable[[Seen], Any] = lambda _: {"ok": True}) -> LittleServer:
    """Tokens as Guesty issues them, numbered; everything else from `other`."""

    def answer(seen: Seen) -> Any:
        if seen.path == "/oauth2/token":
            count = sum(one.path == "/oauth2/token" for one in server.seen)
            return {"token_type": "Bearer", "expires_in": 86400, "access_token": f"{TOKEN}-{count}"}
        return other(seen)

    server.answer = answer
    return server


@pytest.fixture
def connection(pms: LittleServer) -> Connection:
    credentials = {"client_id": "my-application", "client_secret": SECRET}
    return factories.connection(pms.url, credentials=credentials, limit_scale=100)


def read(connection: Connection, path: str = "/v1/thing", **more: Any) -> Request:
    return Request(method="GET", path=connection.base_url + path, **more)


def effect(connection: Connection) -> Request:
    return Request(method="POST", path=connection.base_url + "/v1/send", json={"body": "é"}, effect=True)


def health_of(connection: Connection) -> ConnectionHealth:
    return ConnectionHealth.objects.get(pk=connection.pk)


def apis(pms: LittleServer) -> list[Seen]:
    return [seen for seen in pms.seen if seen.path != "/oauth2/token"]


# --- the request ---
def test_it_gets_a_token_first_and_uses_it_from_then_on(connection: Connection, pms: LittleServer) -> None:
    call = caller.caller_for(connection)
    for _ in range(3):
        assert call(read(connection, query=(("fields", "a b"),))).json() == {"ok": True}
    assert [seen.path for seen in pms.seen] == ["/oauth2/token", *["/v1/thing?fields=a+b"] * 3]
    form = parse_qs(pms.seen[0].body.decode())
    assert form["grant_type"] == ["client_credentials"]
    assert form["client_secret"] == [SECRET]
    assert "authorization" not in pms.seen[0].headers
    assert pms.seen[1].headers["authorization"] == f"Bearer {TOKEN}-1"
    assert pms.seen[1].headers["user-agent"].startswith("Bellhop/")


def test_json_is_sent_as_utf8(connection: Connection, pms: LittleServer) -> None:
    caller.caller_for(connection)(effect(connection))
    assert json.loads(apis(pms)[0].body) == {"body": "é"}
    assert apis(pms)[0].headers["content-type"] == "application/json"


def test_last_tells_about_the_exchange(connection: Connection, pms: LittleServer) -> None:
    guesty_like(
        pms, lambda _: Reply(404, b'{"error": {"code": "GONE", "message": "no"}}', {"x-request-id": "r7"})
    )
    call = caller.caller_for(connection)
    with pytest.raises(NotFound) as caught:
        call(read(connection))
    assert call.last is not None
    assert (call.last.status_code, call.last.code, call.last.request_id) == (404, "GONE", "r7")
    assert call.last.path == "/v1/thing"
    assert call.last.started_at <= call.last.finished_at
    assert caught.value.request_id == "r7"


def test_the_token_goes_nowhere_else(connection: Connection, pms: LittleServer) -> None:
    call = caller.caller_for(connection)
    for foreign in ("http://127.0.0.1:1/v1/x", "https://evil.example/v1", f"https://127.0.0.1:{pms.port}/v1"):
        with pytest.raises(Rejected) as caught:
            call(Request(method="GET", path=foreign))
        assert caught.value.code == "foreign_address"
    assert apis(pms) == []


def test_a_private_address_is_not_called(pms: LittleServer, settings: Any) -> None:
    connection = factories.connection(f"http://127.0.0.1:{pms.port}")
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = []
    with pytest.raises(Unreachable) as caught:
        caller.caller_for(connection)(read(connection))
    assert caught.value.code == "address_refused"
    assert pms.seen == []


# --- errors ---
@pytest.mark.parametrize(
    ("reply", "reading", "doing"),
    [
        (Reply(500), Retryable, OutcomeUnknown),
        (Reply(503, b"<html>down for maintenance</html>"), Retryable, OutcomeUnknown),
        (Reply(408), Retryable, OutcomeUnknown),
        (Reply(422, b'"Validation"'), Rejected, Rejected),
        (Reply(404, b"Reservation Not Found"), NotFound, NotFound),
        (Reply(429, headers={"retry-after": "9"}), RateLimited, RateLimited),
        (Reply(302, headers={"location": "/x"}), Rejected, Rejected),
        (Reply(200, b"<html>hello from a proxy</html>"), Unreadable, OutcomeUnknown),
        (Reply(200, b'{"data": {"_id": "5f9'), Unreadable, OutcomeUnknown),
        (Reply(200, b'{"status": 500, "error": "boom"}'), Retryable, OutcomeUnknown),
        (Reply(200, b'{"error": {"message": "bad module"}}'), Rejected, Rejected),
        (Reply(0), Unreachable, OutcomeUnknown),
        (Reply(200, b'{"data": "0123456789"}', cut=True), Unreachable, OutcomeUnknown),
        (Reply(200, b'"' + b"x" * 9_000_000 + b'"'), Unreadable, OutcomeUnknown),
    ],
)
def test_what_each_answer_means(
    connection: Connection,
    pms: LittleServer,
    reply: Reply,
    reading: type[ConnectorError],
    doing: type[ConnectorError],
) -> None:
    guesty_like(pms, lambda _: reply)
    for request, expected in ((read(connection), reading), (effect(connection), doing)):
        RateState.objects.all().delete()
        with pytest.raises(ConnectorError) as caught:
            caller.caller_for(connection)(request)
        assert type(caught.value) is expected
    assert len(apis(pms)) == 2


def test_nothing_was_sent_where_nobody_listens(settings: Any) -> None:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]
    connection = factories.connection("http://127.0.0.1:1")
    with pytest.raises(Unreachable) as caught:
        caller.caller_for(connection)(effect(connection))
    assert caught.value.code == "not_sent"


# --- tokens ---
def test_a_401_renews_the_token_once_and_repeats(connection: Connection, pms: LittleServer) -> None:
    guesty_like(
        pms,
        lambda seen: {"ok": True} if seen.headers["authorization"].endswith("-2") else Reply(401, b"{}"),
    )
    assert caller.caller_for(connection)(effect(connection)).json() == {"ok": True}
    assert [seen.path for seen in pms.seen] == ["/oauth2/token", "/v1/send"] * 2
    assert health_of(connection).credentials_refused_at is None


def test_a_second_401_stops_the_connection(connection: Connection, pms: LittleServer) -> None:
    guesty_like(pms, lambda _: Reply(401, b'{"error": {"code": "UNAUTHORIZED"}}'))
    with pytest.raises(NotAuthorized):
        caller.caller_for(connection)(read(connection))
    asked = len(pms.seen)
    assert asked == 4
    assert Incident.objects.filter(code="credentials_refused", closed_at=None).count() == 1
    with pytest.raises(NotAuthorized):
        caller.caller_for(connection)(read(connection))
    assert len(pms.seen) == asked


def test_a_403_with_a_young_token_is_about_that_one_thing(connection: Connection, pms: LittleServer) -> None:
    guesty_like(pms, lambda _: Reply(403, b'"Forbidden"'))
    with pytest.raises(Rejected) as caught:
        caller.caller_for(connection)(read(connection))
    assert caught.value.code == "forbidden"
    assert len(pms.seen) == 2
    assert health_of(connection).credentials_refused_at is None


def test_a_403_with_an_old_token_renews_it_once(connection: Connection, pms: LittleServer) -> None:
    guesty_like(
        pms,
        lambda seen: (
            {"ok": True} if seen.headers["authorization"].endswith("-2") else Reply(403, b'"Forbidden"')
        ),
    )
    call = caller.caller_for(connection)
    with pytest.raises(Rejected):
        call(read(connection))
    AccessToken.objects.update(issued=[(datetime.now(UTC) - timedelta(hours=2)).isoformat()])
    assert call(read(connection)).json() == {"ok": True}


@pytest.mark.parametrize("status", [400, 401])
def test_refused_credentials_are_told_and_not_tried_again(
    connection: Connection, pms: LittleServer, status: int
) -> None:
    pms.answer = lambda _: Reply(status, b'{"error": "invalid_client"}')
    for _ in range(3):
        with pytest.raises(NotAuthorized):
            caller.caller_for(connection)(read(connection))
    assert len(pms.seen) == 1
    assert Incident.objects.filter(code="credentials_refused", closed_at=None).exists()


def test_a_rationed_token_is_an_incident_and_holds_everything(
    connection: Connection, pms: LittleServer
) -> None:
    pms.answer = lambda _: Reply(429, headers={"retry-after": "40000"})
    for _ in range(2):
        with pytest.raises(RateLimited):
            caller.caller_for(connection)(read(connection))
    assert len(pms.seen) == 1
    assert Incident.objects.filter(code="no_token", closed_at=None).exists()
    hold = health_of(connection).hold_until
    assert hold is not None
    assert hold - clock.now() > timedelta(hours=11)


def test_a_new_token_ends_that_incident(connection: Connection, pms: LittleServer) -> None:
    pms.answer = lambda _: Reply(429, headers={"retry-after": "40000"})
    with pytest.raises(RateLimited):
        caller.caller_for(connection)(read(connection))
    AccessToken.objects.update(cooldown_until=None)
    guesty_like(pms)
    caller.caller_for(connection)(read(connection))
    assert not Incident.objects.filter(code="no_token", closed_at=None).exists()


# --- limits and health ---
def test_a_429_holds_everything_under_the_key(connection: Connection, pms: LittleServer) -> None:
    guesty_like(pms, lambda _: Reply(429, headers={"retry-after": "60"}))
    with pytest.raises(RateLimited) as caught:
        caller.caller_for(connection)(effect(connection))
    assert caught.value.after_s == 60
    for bulk in (False, True):
        with pytest.raises(RateLimited) as held:
            caller.caller_for(connection, bulk=bulk)(effect(connection))
        assert held.value.code == "own_limit"
    assert len(apis(pms)) == 1
    assert health_of(connection).outcomes.count("0") == 0


def test_a_long_wait_is_not_waited_for(connection: Connection, pms: LittleServer) -> None:
    Connection.objects.update(limit_scale=0.001)
    connection.refresh_from_db()
    call = caller.caller_for(connection)
    with pytest.raises(RateLimited) as caught:
        call(read(connection))
    assert caught.value.code == "own_limit"
    assert call.last is None
    assert len(pms.seen) == 1


def test_an_outage_opens_the_breaker_and_ends_calls_at_once(
    connection: Connection, pms: LittleServer
) -> None:
    guesty_like(pms, lambda _: Reply(503))
    for _ in range(3):
        with pytest.raises(Retryable):
            caller.caller_for(connection)(read(connection))
    asked = len(pms.seen)
    with pytest.raises(Unreachable) as caught:
        caller.caller_for(connection)(read(connection))
    assert caught.value.after_s is not None
    assert caught.value.after_s <= 5
    assert len(pms.seen) == asked
    guesty_like(pms)
    caller.caller_for(connection, probe=True)(read(connection))
    assert health_of(connection).down_since is None
    caller.caller_for(connection)(read(connection))


def test_a_refusal_is_an_answer(connection: Connection, pms: LittleServer) -> None:
    guesty_like(pms, lambda _: Reply(422))
    for _ in range(4):
        with pytest.raises(Rejected):
            caller.caller_for(connection)(effect(connection))
    assert "0" not in health_of(connection).outcomes


@pytest.mark.django_db(transaction=True)
def test_the_server_never_sees_more_than_the_limit(connection: Connection, pms: LittleServer) -> None:
    """15 a second, from eight threads that don't know of each other, each with new connections now and then."""
    Connection.objects.update(limit_scale=1.0)
    connection.refresh_from_db()
    stop = threading.Event()

    def hammer(bulk: bool) -> None:
        call = caller.caller_for(connection, bulk=bulk)
        try:
            while not stop.is_set():
                try:
                    call(read(connection))
                except RateLimited as error:
                    stop.wait(min(error.after_s or 0, 0.5))
        finally:
            database.close()

    threads = [threading.Thread(target=hammer, args=(n % 2 == 0,)) for n in range(8)]
    for thread in threads:
        thread.start()
    stop.wait(4)
    stop.set()
    for thread in threads:
        thread.join()
    assert 10 <= pms.peak(1.0) <= 15
    assert len(pms.seen) >= 30


def test_only_a_read_that_worked_is_evidence_of_reading(connection: Connection, pms: LittleServer) -> None:
    call = caller.caller_for(connection)
    call(effect(connection))
    assert health_of(connection).last_read_at is None
    call(read(connection))
    assert health_of(connection).last_read_at is not None
    assert health_of(connection).last_write_at is None


def test_new_credentials_get_a_token_of_their_own(connection: Connection, pms: LittleServer) -> None:
    caller.caller_for(connection)(read(connection))
    health.credentials_changed(connection)
    caller.caller_for(connection)(read(connection))
    assert [seen.path for seen in pms.seen] == ["/oauth2/token", "/v1/thing"] * 2


# --- secrets ---
def test_no_credential_is_ever_told(
    connection: Connection, pms: LittleServer, caplog: pytest.LogCaptureFixture
) -> None:
    replies = [{"ok": True}, Reply(401), Reply(500), Reply(0), Reply(200, b"<html>"), Reply(422, b'"no"')]
    texts: list[str] = []
    caplog.set_level(logging.DEBUG)
    with capture_logs() as entries:
        for reply in replies:
            guesty_like(pms, lambda _, reply=reply: reply)  # type: ignore[misc]
            call = caller.caller_for(connection, probe=True)
            try:
                call(effect(connection))
            except ConnectorError as error:
                texts += [str(error), repr(error), error.detail]
            texts += [repr(call.last), repr(call), repr(call.connector), repr(call.connector.settings)]
    texts += [repr(entry) for entry in entries] + [record.getMessage() for record in caplog.records]
    texts += [str(row) for row in Incident.objects.values()] + [
        str(row) for row in ConnectionHealth.objects.values()
    ]
    everything = "\n".join(texts)
    assert "pms_call" in everything
    for secret in (SECRET, TOKEN, base64.b64encode(SECRET.encode()).decode()):
        assert secret not in everything
