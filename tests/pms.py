"""Bellhop against a running sandbox PMS, in one process: webhooks come in by HTTP, workers run when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from django.db import transaction

from bellhop.accounts.models import User
from bellhop.core import clock
from connectors.contract.events import Entity, ReadHint
from connectors.events import Source
from connectors.inbound import processing, reading, subscriptions
from connectors.inbound.intake import Intake
from connectors.models import Command, Connection, RateState, WebhookDelivery
from connectors.outbound import caller, delivery, health
from inbox.models import Message, Thread
from inbox.services import receipts
from tests import factories
from tests.connectors.sandbox_process import SandboxProcess, running_sandbox
from tests.harness.processes import free_port
from tests.harness.waiting import eventually

SCALE = 100
OFFLINE = "http://127.0.0.1:9"


class IntakeServer:
    """The intake callable behind a real HTTP server in a thread."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.intake = Intake()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self.intake(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        store = self.intake._store
        for writer in store._writers:
            writer.cancel()
        if store._pool is not None:
            await store._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    def forget_clock(self) -> None:
        self.intake._store._clock = None


@contextmanager
def running_intake() -> Iterator[IntakeServer]:
    app = IntakeServer()
    config = uvicorn.Config(app, host="127.0.0.1", port=app.port, log_level="error", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    try:
        yield app
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def intake_server(django_db_setup: None) -> Iterator[IntakeServer]:
    with running_intake() as server:
        yield server


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running_sandbox(tmp_path_factory.mktemp("pms")) as running:
        running.control("settings", "PATCH", limit_scale=SCALE, secret_delay=0.01, retry_scale=0.01)
        yield running


class Pms:
    """One connection to the sandbox, its organization, and both sides' hands."""

    def __init__(self, sandbox: SandboxProcess, intake: IntakeServer) -> None:
        self.control = sandbox.control
        self.sandbox = sandbox
        self.intake = intake
        self.http = httpx.Client(base_url=intake.url, timeout=20)
        self.desk = factories.desk(base_url=sandbox.url, limit_scale=SCALE)
        self.connection: Connection = self.desk.connection

    # ── time and work ──
    def forward(self, seconds: float) -> None:
        """Both clocks, and the pause that the PMS asked for (which is kept in real time)."""
        RateState.objects.update(hold_until=None)
        now = self.control("state")["settings"]["clock_offset"]
        self.control("clock", "POST", offset=now + seconds)
        clock.set_offset(timedelta(seconds=now + seconds))
        self.intake.forget_clock()

    def run(self) -> int:
        """Everything that is due, until nothing is. Returns how much it was."""
        done = 0
        while more := processing.drain() + delivery.drain() + receipts.after_settling():
            done += more
        return done

    def subscribe(self) -> None:
        eventually(lambda: subscriptions.ensure(self.connection))
        self.connection.refresh_from_db()

    def hear(self) -> None:
        """Wait for every webhook that the PMS owes and do what is due, again for what that made it owe."""
        done = 1
        while done:
            eventually(lambda: self.control("state")["deliveries"]["pending"] == 0)
            done = self.run()

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """One webhook by hand."""
        return self.http.post(f"/hooks/{self.connection.hook_token}", content=body, headers=headers)

    # ── the PMS's side ──
    def fault(self, name: str, **parameters: Any) -> None:
        self.control(f"faults/{name}", "PUT", **parameters)

    def heal(self) -> None:
        self.control("faults", "DELETE")

    def guest_writes(self, thread: Thread, body: str) -> str:
        answer = self.control(f"conversations/{thread.conversation_id}/guest-writes", "POST", body=body)
        return str(answer["message"]["id"])

    def staff_writes(self, thread: Thread, body: str) -> str:
        answer = self.control(f"conversations/{thread.conversation_id}/staff-replies", "POST", body=body)
        return str(answer["message"]["id"])

    def posts(self, thread: Thread, body: str | None = None) -> list[dict[str, Any]]:
        """What stands in the PMS's conversation, oldest first; with `body`, what begins with it."""
        posts = self.control(f"messages?limit=1000&conversation={thread.conversation_id}")["messages"]
        return [post for post in posts if body is None or post["body"].startswith(body)]

    # ── Bellhop's side ──
    def thread(self, reservation: str = "TEST-0001") -> Thread:
        """The mirrored thread of a stay's conversation, with its history."""
        conversation_id = self.control(f"reservations/{reservation}")["conversation_id"]
        connector = caller.pms_for(self.connection)
        call = caller.caller_for(self.connection)
        hint = ReadHint(entity=Entity.CONVERSATION, external_id=conversation_id)
        fetched = reading.fetch(self.connection, connector, call, hint)
        assert fetched is not None
        with transaction.atomic():
            processing.apply_fetched(Source(connection=self.connection, history=True), fetched)
        return Thread.objects.get(connection=self.connection, conversation_id=conversation_id)

    def read_stay(self, reservation: str = "TEST-0001") -> None:
        """The stay with its unit and guest."""
        reservation_id = self.control(f"reservations/{reservation}")["id"]
        connector, call = caller.pms_for(self.connection), caller.caller_for(self.connection)
        hint = ReadHint(entity=Entity.RESERVATION, external_id=reservation_id)
        fetched = reading.fetch(self.connection, connector, call, hint)
        assert fetched is not None
        with transaction.atomic():
            processing.apply_fetched(Source(connection=self.connection, history=True), fetched)

    def threads(self, count: int) -> list[Thread]:
        """That many threads of new stays."""
        codes = [
            self.control("book", "POST", guest_name=f"Guest {n}")["reservation"]["id"] for n in range(count)
        ]
        return [self.thread(code) for code in codes]

    def reply(self, thread: Thread, body: str, user: User | None = None, **options: Any) -> Message:
        return factories.answers(user or self.desk.agent, thread, body, **options)

    def command(self, message: Message) -> Command:
        """The Command that carries a message now."""
        receipt = message.receipts.order_by("pk").first()
        assert receipt is not None
        return Command.objects.get(pk=receipt.command_id)

    def journal(self) -> list[WebhookDelivery]:
        return list(WebhookDelivery.objects.filter(connection=self.connection).order_by("id"))

    def once(self, thread: Thread, message: Message) -> None:
        """Invariant 3: the message stands exactly once on each side, under one id."""
        posts = [post for post in self.posts(thread) if post["body"] == message.body]
        rows = list(thread.messages.filter(body=message.body, withdrawn_at__isnull=True))
        assert len(posts) == 1, posts
        assert [row.pk for row in rows] == [message.pk]
        assert rows[0].remote_id == posts[0]["id"]


@pytest.fixture
def pms(
    transactional_db: None, settings: Any, sandbox_process: SandboxProcess, intake_server: IntakeServer
) -> Iterator[Pms]:
    """A fresh sandbox and a fresh organization that is connected to it; no webhooks before `subscribe()`."""
    port = sandbox_process.port
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{port}", f"localhost:{port}"]
    settings.BELLHOP_PUBLIC_URL = intake_server.url
    # The clock first: what is planted is dated by it.
    sandbox_process.control("settings", "PATCH", limit_scale=SCALE, clock_offset=0)
    sandbox_process.control("reset", "POST", keep=["settings"])
    clock.forget()
    health._noted.clear()
    intake_server.forget_clock()
    made = Pms(sandbox_process, intake_server)
    yield made
    made.http.close()
    sandbox_process.control("reset", "POST", keep=["settings"])
    clock.forget()
