"""Bellhop against one of the other worlds of the sandbox: everything imported, webhooks in, workers on call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx

from bellhop.core import clock
from connectors.contract.intents import Intent
from connectors.inbound import sync
from connectors.models import Command, CommandState, Connection, SyncRun
from connectors.outbound import caller, health, outbox
from inbox.models import Thread
from reservations.models import Reservation
from tests import factories
from tests.connectors.sandbox_process import SandboxProcess
from tests.pms import SCALE, IntakeServer, Pms


class World(Pms):
    """`slug`'s world of the sandbox and a fresh organization that is connected to it."""

    def __init__(
        self, sandbox: SandboxProcess, intake: IntakeServer, slug: str, path: str, credentials: dict[str, str]
    ) -> None:
        self.sandbox, self.intake, self.slug = sandbox, intake, slug
        self.control = self._control
        self.http = httpx.Client(base_url=intake.url, timeout=20)
        desk = factories.desk()
        desk.connection.delete()
        self.connection: Connection = factories.connect(
            desk.organization,
            slug=slug,
            name=slug.title(),
            base_url=f"http://127.0.0.1:{sandbox.port}{path}",
            credentials=credentials,
            limit_scale=SCALE,
            stage="sandbox",
        )
        self.desk = replace(desk, connection=self.connection)

    def _control(self, route: str, method: str = "GET", /, **body: Any) -> Any:
        return self.sandbox.control(f"{self.slug}/{route}", method, **body)

    def read_all(self) -> None:
        """The first import, or whatever is due."""
        sync.start_backfill(self.connection)
        self.sync()
        assert not SyncRun.objects.filter(finished_at__isnull=True).exists(), list(SyncRun.objects.values())

    def sync(self) -> None:
        for _ in range(30):
            SyncRun.objects.filter(finished_at__isnull=True).update(next_try_at=None)
            if not sync.run_due():
                return

    def stay(self, code: str) -> Reservation:
        return Reservation.objects.get(connection=self.connection, channel_code=code)

    def thread_of(self, stay: Reservation) -> Thread:
        return Thread.objects.get(stays=stay)

    def do(self, intent: Intent) -> Command:
        """Owe an effect and see it through, whatever has to be waited for."""
        command = outbox.enqueue(self.connection, intent, subject="test", order_key="test")
        return self.see_through(command)

    def see_through(self, command: Command) -> Command:
        for _ in range(8):
            self.run()
            command.refresh_from_db()
            if command.state not in {CommandState.WAITING, CommandState.UNKNOWN, CommandState.IN_FLIGHT}:
                break
            self.forward(61)
        return command

    def reads(self, intent: Intent) -> Any:
        """Does the PMS show it?"""
        connector = caller.connector_for(self.connection)
        return connector.find(caller.caller_for(self.connection), intent, clock.now())


@contextmanager
def world(
    settings: Any,
    sandbox: SandboxProcess,
    intake: IntakeServer,
    slug: str,
    path: str,
    credentials: dict[str, str],
) -> Iterator[World]:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{sandbox.port}"]
    settings.BELLHOP_PUBLIC_URL = intake.url
    made = World(sandbox, intake, slug, path, credentials)
    made.control("reset", "POST")
    made.control("settings", "PATCH", limit_scale=SCALE, clock_offset=0, retry_scale=0.01, token_delay=0)
    clock.forget()
    health._noted.clear()
    intake.forget_clock()
    yield made
    made.heal()  # the sandbox serves the next file, too
    made.http.close()
    clock.forget()
