"""Mailboxes whose host tells that something came, over real IMAP with IDLE."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.db import connection as database
from django.db import connections
from django.utils import timezone

from connectors.channels.mail import mailbox
from connectors.inbound import watching
from connectors.models import Connection, ConnectionHealth, ConnectionKind, SyncRun
from connectors.outbound import health
from connectors.outbound.transports import idle
from tests.connectors import factories
from tests.connectors.channels.mail.helpers import raw
from tests.connectors.channels.mail.little_mail import LittleMail, little_mail
from tests.harness.waiting import eventually

T = TypeVar("T")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def host(settings: Any) -> Iterator[LittleMail]:
    with little_mail() as little:
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{little.imap_port}"]
        yield little


@pytest.fixture
def connection(host: LittleMail) -> Connection:
    told = {
        "address": "stay@hotel.example",
        "imap_host": "127.0.0.1",
        "imap_port": str(host.imap_port),
        "imap_security": "none",
        "password": "good",
    }
    found = factories.connection(
        "imap:", slug="mailbox", name="Mailbox", kind=ConnectionKind.CHANNEL, credentials=told
    )
    ConnectionHealth.objects.filter(pk=found.pk).update(caught_up_to=timezone.now())
    SyncRun.objects.create(
        connection=found,
        purpose=SyncRun.Purpose.POLL,
        entity="message",
        started_at=timezone.now(),
        finished_at=timezone.now(),
        next_try_at=timezone.now() + timedelta(seconds=mailbox.POLL_S),
    )
    return found


def alone(act: Callable[..., T], *given: Any) -> T:
    """In a thread of its own, whose connection ends with it."""
    try:
        return act(*given)
    finally:
        connections.close_all()


def due_now() -> bool:
    return SyncRun.objects.filter(next_try_at__lte=timezone.now()).exists()


def test_a_mail_that_comes_is_read_at_once(host: LittleMail, connection: Connection) -> None:
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(alone, watching.watch, connection)
        eventually(lambda: host.waiting)
        assert not due_now()
        host.receive(raw("Hello"))
        assert waits.result(timeout=20) <= watching.PACE_S
    assert due_now()


def test_while_it_waits_it_holds_no_connection_to_the_database(
    host: LittleMail, connection: Connection
) -> None:
    """There are few of them, and a channel waits for minutes."""

    def held() -> int:
        stats = database.pool.get_stats()  # type: ignore[attr-defined]
        return int(stats["pool_size"] - stats["pool_available"])

    before = held()
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(alone, watching.watch, connection)
        eventually(lambda: host.waiting)
        eventually(lambda: held() == before)
        host.receive(raw("Hello"))
        waits.result(timeout=20)


def test_a_mail_that_comes_before_the_waiting_begins_is_read(
    host: LittleMail, connection: Connection
) -> None:
    host.comes_first = True
    watching.watch(connection)
    assert due_now()


def test_a_while_without_a_mail_reads_nothing(host: LittleMail, connection: Connection) -> None:
    assert watching.watch(connection, seconds=1) <= watching.PACE_S
    assert not due_now()
    assert "DONE" not in host.saw
    assert host.saw[-1] == "LOGOUT"


def test_a_line_that_breaks_may_have_hidden_a_mail(host: LittleMail, connection: Connection) -> None:
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(alone, watching.watch, connection)
        eventually(lambda: host.waiting)
        host.waiting[0].write(b"* BYE going down\r\n")
        waits.result(timeout=20)
    assert due_now()
    assert health.is_available(connection, timezone.now())


def test_a_host_that_can_not_tell_is_asked_again_in_an_hour(host: LittleMail, connection: Connection) -> None:
    host.knows_idle = False
    assert watching.watch(connection) == watching.CAN_NOT_S
    assert not due_now()


def test_a_host_that_is_away_is_left_alone_for_a_minute(host: LittleMail, connection: Connection) -> None:
    host.password = "another"
    assert watching.watch(connection) == watching.AGAIN_AFTER_S


def test_what_is_being_read_is_read_once_more(connection: Connection) -> None:
    SyncRun.objects.update(finished_at=None)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(alone, watching.read_now, connection)
        assert not due_now()
        SyncRun.objects.update(finished_at=timezone.now())
        assert asked.result(timeout=20)
    assert due_now()


def test_one_worker_waits_and_another_takes_over(host: LittleMail, connection: Connection) -> None:
    first, second = watching.Watches(), watching.Watches()
    try:
        assert first.look() == 1
        eventually(lambda: host.waiting)
        assert second.look() == 0
        first._redis.delete(f"bellhop:watch:{connection.pk}")  # as after a crash, when the lease has run out
        assert second.look() == 1
        eventually(lambda: len(host.waiting) == 2)
    finally:
        first.stop()
        second.stop()
        host.receive(raw("Hello"))
        eventually(lambda: not _threads())


def _threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("watch-")]


def test_who_is_not_waited_on(connection: Connection, settings: Any) -> None:
    assert watching.watched() == [connection]
    settings.BELLHOP_WATCHED_CHANNELS = 0
    assert watching.watched() == []
    settings.BELLHOP_WATCHED_CHANNELS = 1
    Connection.objects.update(paused_at=timezone.now())
    assert watching.watched() == []


def test_no_wait_is_longer_than_a_host_allows() -> None:
    assert idle.seconds_of({"wait": "999999"}) == 29 * 60
    assert idle.seconds_of({"wait": "-5"}) == idle.seconds_of({}) == 0
