"""The circuit breaker: when it opens, how it is probed, what its closing sets in motion."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bellhop.core import clock, events
from bellhop.core.models import Incident
from connectors.contract.errors import NotAuthorized, OutcomeUnknown, RateLimited, Unreachable
from connectors.events import ConnectionDown, ConnectionRecovered
from connectors.models import Connection, ConnectionHealth
from connectors.outbound import health
from tests.connectors import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Connection:
    return factories.connection()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Domain events as they are told, beside their ordinary handlers."""
    heard: list[object] = []
    for kind in (ConnectionDown, ConnectionRecovered):
        monkeypatch.setitem(events._handlers, kind, [*events._handlers[kind], heard.append])
    return heard


def row(connection: Connection) -> ConnectionHealth:
    return ConnectionHealth.objects.get(pk=connection.pk)


def fail(connection: Connection, times: int = 1) -> None:
    for _ in range(times):
        health.note_failure(connection, Unreachable(detail="127.0.0.1: ConnectError"))


def succeed(connection: Connection, times: int = 1) -> None:
    for _ in range(times):
        health._noted.clear()
        health.note_success(connection, "read")


@pytest.mark.parametrize(
    ("outcomes", "opens"),
    [
        ("", False),
        ("00", False),
        ("000", True),
        ("1000", True),
        ("0101", False),
        ("01010", True),
        ("10101", False),
        ("110110", False),
        ("1" * 17 + "000", True),
        ("01" * 10, True),
        ("011" * 6 + "11", False),
    ],
)
def test_when_it_opens(outcomes: str, opens: bool) -> None:
    assert health.should_open(outcomes) is opens


@pytest.mark.parametrize(("probes", "seconds"), [(0, 5), (1, 10), (2, 20), (4, 80), (5, 120), (99, 120)])
def test_probes_come_at_growing_intervals(probes: int, seconds: int) -> None:
    assert health.probe_delay(probes) == timedelta(seconds=seconds)


def test_three_failures_open_it_with_one_incident(connection: Connection, told: list[object]) -> None:
    fail(connection, 2)
    assert health.is_available(connection, clock.now())
    fail(connection)
    assert not health.is_available(connection, clock.now())
    fail(connection, 2)
    incident = Incident.objects.get(code="connection_down", closed_at=None)
    assert (incident.connection_id, incident.organization_id) == (connection.pk, connection.organization_id)
    assert incident.remedy
    down = ConnectionDown(connection_id=connection.pk, organization_id=connection.organization_id)
    assert told == [down]


def test_a_success_in_between_keeps_it_closed(connection: Connection) -> None:
    for _ in range(3):
        succeed(connection, 3)
        fail(connection, 2)
    assert health.is_available(connection, clock.now())
    assert row(connection).outcomes == "111001110011100"


def test_a_due_probe_is_taken_by_one(connection: Connection) -> None:
    fail(connection, 3)
    now = clock.now()
    assert health.probes_due(now) == []
    later = now + timedelta(seconds=5)
    assert health.probes_due(later) == [connection]
    assert health.claim_probe(connection, later)
    assert not health.claim_probe(connection, later)
    fail(connection)
    assert timedelta(seconds=9) < row(connection).probe_at - clock.now() <= timedelta(seconds=10)  # type: ignore[operator]


def test_an_answer_closes_it_and_has_the_gap_read(connection: Connection, told: list[object]) -> None:
    fail(connection, 3)
    told.clear()
    health.note_success(connection, "read")
    found = row(connection)
    assert (found.down_since, found.probe_at, found.probes) == (None, None, 0)
    assert found.catch_up_due_at is not None
    assert found.last_read_at is not None
    assert not Incident.objects.filter(closed_at=None).exists()
    assert told == [
        ConnectionRecovered(connection_id=connection.pk, organization_id=connection.organization_id)
    ]
    assert health.is_available(connection, clock.now())
    health.note_recovered(connection)
    assert len(told) == 1


def test_old_failures_dont_open_it_again(connection: Connection) -> None:
    fail(connection, 10)
    health.note_success(connection, "read")
    fail(connection)
    assert health.is_available(connection, clock.now())


def test_an_unknown_outcome_counts_as_a_failure(connection: Connection) -> None:
    for _ in range(3):
        health.note_failure(connection, OutcomeUnknown())
    assert not health.is_available(connection, clock.now())


def test_being_told_to_wait_is_no_failure(connection: Connection) -> None:
    for _ in range(5):
        health.note_failure(connection, RateLimited())
    assert row(connection).outcomes == ""
    health.hold(connection, clock.now() + timedelta(seconds=30))
    health.hold(connection, clock.now() + timedelta(seconds=5))
    assert not health.is_available(connection, clock.now() + timedelta(seconds=29))
    assert health.is_available(connection, clock.now() + timedelta(seconds=31))


def test_refused_credentials_wait_for_a_person(connection: Connection) -> None:
    for _ in range(2):
        health.note_failure(connection, NotAuthorized(detail="HTTP 401"))
    assert not health.is_available(connection, clock.now())
    assert Incident.objects.filter(code="credentials_refused", closed_at=None).count() == 1
    assert health.probes_due(clock.now() + timedelta(days=1)) == []
    health.credentials_changed(connection)
    assert health.is_available(connection, clock.now())
    assert not Incident.objects.filter(closed_at=None).exists()


def test_a_paused_connection_is_not_available(connection: Connection) -> None:
    Connection.objects.update(paused_at=clock.now())
    assert not health.is_available(connection, clock.now())


@pytest.mark.usefixtures("steady_clock")
def test_successes_cost_one_statement_a_second(
    connection: Connection, django_assert_num_queries: object
) -> None:
    clock.forget()
    clock.now()
    with django_assert_num_queries(1):  # type: ignore[operator]
        for _ in range(50):
            health.note_success(connection, "read")
    assert row(connection).outcomes == "1"


def test_a_missing_row_is_made() -> None:
    connection = factories.connection()
    ConnectionHealth.objects.all().delete()
    assert health.is_available(connection, clock.now())
    health.note_success(connection, "write")
    fail(connection, 3)
    assert not health.is_available(connection, clock.now())


def test_only_the_last_twenty_count(connection: Connection) -> None:
    succeed(connection, 25)
    assert row(connection).outcomes == "1" * 20
