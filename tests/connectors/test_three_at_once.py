"""Three PMSs at once: what happens to one is not felt by the others (invariants 6, 8 and 9)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from bellhop.core import clock
from connectors.contract.errors import ConnectorError, RateLimited
from connectors.contract.intents import AddNote
from connectors.inbound import processing, subscriptions
from connectors.models import Command, CommandState, Connection, ConnectionHealth
from connectors.outbound import caller, claim, delivery, health, outbox, probe
from reservations.models import Reservation
from tests import factories
from tests.connectors.contract import SandboxWorld
from tests.connectors.little_server import Reply, Seen, little_server
from tests.connectors.sandbox_process import SandboxProcess
from tests.harness.waiting import eventually
from tests.pms import IntakeServer, intake_server, sandbox_process

__all__ = ["intake_server", "sandbox_process"]

SIDES = {
    "guesty": ("/guesty", "TEST-0001", {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}),
    "hostaway": ("/hostaway/v1", "TEST-0002", {"account_id": "61010", "api_key": "sandbox-key"}),
    "cloudbeds": (
        "/cloudbeds/api/v1.3",
        "TEST-0003",
        {"api_key": "cbat_sandbox", "property_id": "300123"},
    ),
}
Three = dict[str, "Side"]


class Side:
    """One PMS and our connection to it."""

    def __init__(self, process: SandboxProcess, organization: Any, slug: str) -> None:
        path, code, credentials = SIDES[slug]
        self.world = SandboxWorld(process, slug, path, code)
        self.world.reset()
        self.connection: Connection = factories.connect(
            organization,
            slug=slug,
            name=slug.title(),
            base_url=self.world.base_url,
            credentials=credentials,
            limit_scale=100,
            stage="sandbox",
        )

    def note(self, text: str, stay: str = "") -> Command:
        intent = AddNote(reservation_id=stay or self.world.test_stay, body=text)
        return outbox.enqueue(self.connection, intent, subject="test", order_key=text)

    def states(self) -> list[str]:
        return sorted(Command.objects.filter(connection=self.connection).values_list("state", flat=True))

    def knows(self, stay: str) -> Reservation | None:
        return Reservation.objects.filter(connection=self.connection, remote_id=stay).first()


@pytest.fixture
def three(
    transactional_db: None, settings: Any, sandbox_process: SandboxProcess, intake_server: IntakeServer
) -> Iterator[Three]:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{sandbox_process.port}"]
    settings.BELLHOP_PUBLIC_URL = intake_server.url
    clock.forget()
    health._noted.clear()
    intake_server.forget_clock()
    organization = factories.desk().organization
    sides = {slug: Side(sandbox_process, organization, slug) for slug in SIDES}
    yield sides
    for side in sides.values():
        side.world.heal()
    clock.forget()


def run() -> int:
    """All that is due. Returns how much it was."""
    done = 0
    while more := processing.drain() + delivery.drain():
        done += more
    return done


@contextmanager
def workers(number: int, work: Callable[[], Any]) -> Iterator[None]:
    """So many threads that do `work` again and again until the block is left."""
    ended = threading.Event()

    def loop() -> None:
        try:
            while not ended.is_set():
                if not work():
                    ended.wait(0.05)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=loop) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)


def hear(sides: list[Side], intake: IntakeServer, at_s: float) -> None:
    """Every webhook that these owe, also for what we do about it, and what waits a moment after it (our clock goes to
    that many seconds from real time, and a little on)."""
    for seconds in (at_s, at_s + 3, at_s + 6):
        clock.set_offset(timedelta(seconds=seconds))
        intake.forget_clock()
        done = 1
        while done:
            for side in sides:
                eventually(lambda side=side: side.world.owed() == 0)
            done = run()


def notice(side: Side) -> None:
    call = caller.caller_for(side.connection)
    for _ in range(3):
        with pytest.raises(ConnectorError):
            call.connector.ping(call)
    assert ConnectionHealth.objects.get(pk=side.connection.pk).down_since is not None


@pytest.mark.parametrize("down", SIDES)
def test_one_that_is_down_is_not_felt_by_the_others(
    three: Three, intake_server: IntakeServer, down: str
) -> None:
    """Invariants 6 and 8: the others' effects settle and their webhooks are applied, all while it is down."""
    for side in three.values():
        eventually(lambda side=side: subscriptions.ensure(side.connection))
    up = [side for slug, side in three.items() if slug != down]
    three[down].world.fault("down", mode="503")
    notice(three[down])
    for side in three.values():
        for number in range(3):
            side.note(f"Note {number}")
    told = {side: side.world.book("Ada Wong") for side in up}
    hear(up, intake_server, 5)
    assert [side.states() for side in up] == [[CommandState.CONFIRMED] * 3] * 2
    rows = {side: side.knows(stay) for side, stay in told.items()}
    for side, stay in told.items():
        side.world.cancel(stay)
    hear(up, intake_server, 15)
    for row in rows.values():
        assert row is not None
        row.refresh_from_db()
        assert row.status == "cancelled"
    assert three[down].states() == [CommandState.WAITING] * 3
    assert ConnectionHealth.objects.get(pk=three[down].connection.pk).down_since is not None
    three[down].world.heal()
    clock.set_offset(timedelta(seconds=200))
    assert probe.probe_due() == 1
    run()
    assert three[down].states() == [CommandState.CONFIRMED] * 3


def test_slow_calls_of_one_dont_occupy_all_workers(three: Three, settings: Any) -> None:
    """Invariant 8: its calls hang until the others are done, with more of them waiting than there are workers."""
    release = threading.Event()
    ended: list[bool] = []
    with little_server() as slow:
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS.append(f"127.0.0.1:{slow.port}")

        def hang() -> None:
            ended.append(release.wait(90))

        def answer(seen: Seen) -> object:
            if "accessTokens" in seen.path or "oauth2" in seen.path:
                return {"access_token": "t", "expires_in": 86_400}
            return Reply(status=404, before=hang)

        slow.answer = answer
        guesty = three["guesty"]
        Connection.objects.filter(pk=guesty.connection.pk).update(base_url=f"{slow.url}/guesty")
        for number in range(20):
            guesty.note(f"Slow {number}", stay=f"{number:024}")
        others = [three["hostaway"], three["cloudbeds"]]
        with workers(8, delivery.drain):
            eventually(lambda: len(_hanging(slow.seen)) == claim.PER_CONNECTION)
            for side in others:
                for number in range(2):
                    side.note(f"Quick {number}")
            done = [CommandState.CONFIRMED] * 2
            eventually(lambda: all(side.states() == done for side in others), timeout=60)
            # Whether we have given those calls up meanwhile is a matter of time; the server answered none of them.
            assert not ended
            assert CommandState.CONFIRMED not in guesty.states()
            release.set()


def _hanging(seen: list[Seen]) -> list[Seen]:
    return [one for one in seen if "token" not in one.path.lower()]


def test_bulk_and_people_together_stay_under_every_limit(three: Three) -> None:
    """Invariant 9: what each of the three worlds saw, at its published rates."""
    for side in three.values():
        call = caller.caller_for(side.connection)
        call.connector.ping(call)
        Connection.objects.filter(pk=side.connection.pk).update(limit_scale=1)
        side.connection.refresh_from_db()
        side.world.count_from_now()
    bulk = [
        threading.Thread(target=_read_much, args=(side.connection,))
        for side in three.values()
        for _ in range(2)
    ]
    for side in three.values():
        for number in range(2):
            side.note(f"Note {number}")
    for thread in bulk:
        thread.start()
    with workers(4, delivery.drain):
        for thread in bulk:
            thread.join(60)
        eventually(lambda: all(side.states() == [CommandState.CONFIRMED] * 2 for side in three.values()), 60)
    for slug, side in three.items():
        peaks = side.world.peaks()
        assert peaks, slug
        assert all(attempted <= allowed for attempted, allowed in peaks), (slug, peaks)


def _read_much(connection: Connection) -> None:
    """Imports and catch-up go on while people write."""
    call = caller.caller_for(connection, bulk=True)
    try:
        with suppress(RateLimited):  # our own share is used up: bulk work comes again later
            for _ in range(6):
                call.connector.ping(call)
    finally:
        connections.close_all()
