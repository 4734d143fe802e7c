"""One token for all: issued by one, never above the provider's ration, never in a loop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database

from connectors.contract.base import PmsConnector, Token
from connectors.contract.errors import ConnectorError, NotAuthorized, RateLimited, Rejected, Unreachable
from connectors.models import AccessToken, Connection
from connectors.outbound import tokens
from connectors.outbound.caller import connector_for
from tests.connectors import factories


class Issuer:
    """Stands for the provider: counts, and answers or raises."""

    def __init__(self, answer: Callable[[int], Token | ConnectorError] | None = None) -> None:
        self.count = 0
        self.lock = threading.Lock()
        self.pause = threading.Event()
        self.pause.set()
        self._answer = answer or (lambda n: Token(value=f"token-{n}", expires_in_s=86_400))

    def __call__(self) -> Token:
        with self.lock:
            self.count += 1
            number = self.count
        self.pause.wait(10)
        found = self._answer(number)
        if isinstance(found, ConnectorError):
            raise found
        return found


@pytest.fixture
def connection(db: None) -> Connection:
    return factories.connection()


@pytest.fixture
def connector(connection: Connection) -> PmsConnector:
    return connector_for(connection)


def expire(connection: Connection) -> None:
    AccessToken.objects.filter(pk=connection.pk).update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))


def test_it_is_issued_once_and_kept(connection: Connection, connector: PmsConnector) -> None:
    issuer = Issuer()
    assert {tokens.current(connection, connector, issuer).value for _ in range(5)} == {"token-1"}
    assert issuer.count == 1


def test_it_is_encrypted_at_rest(connection: Connection, connector: PmsConnector) -> None:
    tokens.current(connection, connector, Issuer())
    with database.cursor() as cursor:
        cursor.execute("SELECT value FROM connectors_accesstoken")
        stored = bytes(cursor.fetchone()[0])
    assert b"token-1" not in stored


def test_an_expired_one_is_replaced(connection: Connection, connector: PmsConnector) -> None:
    issuer = Issuer()
    tokens.current(connection, connector, issuer)
    expire(connection)
    assert tokens.current(connection, connector, issuer).value == "token-2"


def test_it_is_replaced_some_minutes_before_its_end(connection: Connection, connector: PmsConnector) -> None:
    issuer = Issuer(lambda n: Token(value=f"token-{n}", expires_in_s=200))
    tokens.current(connection, connector, issuer)
    assert tokens.current(connection, connector, issuer).value == "token-2"


def test_a_refused_one_is_replaced_only_if_nobody_did(
    connection: Connection, connector: PmsConnector
) -> None:
    issuer = Issuer()
    tokens.current(connection, connector, issuer)
    assert tokens.current(connection, connector, issuer, refused="token-1").value == "token-2"
    assert tokens.current(connection, connector, issuer, refused="token-1").value == "token-2"
    assert issuer.count == 2


def test_never_more_than_the_ration(connection: Connection, connector: PmsConnector) -> None:
    issuer = Issuer()
    for _ in range(5):
        tokens.current(connection, connector, issuer)
        expire(connection)
    for _ in range(3):
        with pytest.raises(RateLimited) as caught:
            tokens.current(connection, connector, issuer)
    assert issuer.count == 5
    assert caught.value.code == "token_limit"
    assert caught.value.after_s is not None
    assert caught.value.after_s > 1800


def test_two_connections_of_one_application_share_the_ration(connection: Connection) -> None:
    other = factories.connection(name="The same once more")
    issuer = Issuer()
    for _ in range(3):
        for one in (connection, other):
            try:
                tokens.current(one, connector_for(one), issuer)
            except RateLimited:
                continue
            expire(one)
    assert issuer.count == 5


def test_a_429_starts_a_cooldown_for_everybody(connection: Connection, connector: PmsConnector) -> None:
    issuer = Issuer(lambda _: RateLimited(after_s=7200))
    for _ in range(3):
        with pytest.raises(RateLimited):
            tokens.current(connection, connector, issuer)
    assert issuer.count == 1


def test_while_cooling_down_a_token_with_minutes_left_still_serves(
    connection: Connection, connector: PmsConnector
) -> None:
    answers = [Token(value="short", expires_in_s=200), RateLimited(after_s=7200)]
    issuer = Issuer(lambda n: answers[n - 1])
    tokens.current(connection, connector, issuer)
    with pytest.raises(RateLimited):
        tokens.current(connection, connector, issuer)
    assert tokens.current(connection, connector, issuer).value == "short"


@pytest.mark.parametrize("refusal", [NotAuthorized(detail="HTTP 401"), Rejected(detail="HTTP 400")])
def test_wrong_credentials_dont_use_up_the_day(
    connection: Connection, connector: PmsConnector, refusal: ConnectorError
) -> None:
    refusing = Issuer(lambda _: refusal)
    for _ in range(7):
        with pytest.raises(NotAuthorized):
            tokens.current(connection, connector, refusing)
    assert tokens.current(connection, connector, Issuer()).value == "token-1"


def test_an_issuer_that_is_down_is_not_hammered(connection: Connection, connector: PmsConnector) -> None:
    issuer = Issuer(lambda _: Unreachable())
    with pytest.raises(Unreachable):
        tokens.current(connection, connector, issuer)
    with pytest.raises(RateLimited) as caught:
        tokens.current(connection, connector, issuer)
    assert issuer.count == 1
    assert caught.value.after_s is not None
    assert caught.value.after_s <= 5


def test_a_dead_issuers_lease_ends(connection: Connection, connector: PmsConnector) -> None:
    AccessToken.objects.create(connection=connection, issuing_until=datetime(2020, 1, 1, tzinfo=UTC))
    assert tokens.current(connection, connector, Issuer()).value == "token-1"


@pytest.mark.django_db(transaction=True)
def test_of_many_threads_one_asks_and_the_others_wait() -> None:
    connection = factories.connection()
    issuer = Issuer()
    issuer.pause.clear()
    got: list[str] = []

    def ask() -> None:
        try:
            got.append(tokens.current(connection, connector_for(connection), issuer).value)
        finally:
            database.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    while AccessToken.objects.filter(issuing_until__isnull=False).count() == 0 or issuer.count == 0:
        pass
    issuer.pause.set()
    for thread in threads:
        thread.join()
    assert got == ["token-1"] * 6
    assert issuer.count == 1


def test_the_lease_outlives_a_whole_exchange() -> None:
    from bellhop.core import http

    assert timedelta(seconds=http.TOTAL_S + http.CONNECT_S) < tokens.LEASE
