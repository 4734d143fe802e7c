"""Webhooks as the sandbox sends them: signed, in both generations, for everything that happens at a front desk."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contract.events import CanonicalEvent, Entity, EventKind, ReadHint
from connectors.contract.records import (
    UNSET,
    AnyRecord,
    GuestRecord,
    MessageRecord,
    ReservationRecord,
    StayStatus,
    UnitRecord,
    WorkOrderRecord,
)
from connectors.outbound import caller
from tests.connectors import factories
from tests.connectors.little_server import LittleServer, Seen
from tests.connectors.pms.guesty.helpers import guesty
from tests.connectors.sandbox_process import SandboxProcess, running_sandbox


class Hook:
    """A webhook endpoint, subscribed, with its secret."""

    def __init__(self, server: LittleServer, secret: str) -> None:
        self._server, self._secret = server, secret
        self._found: list[CanonicalEvent] = []

    def events(self, kind: type[AnyRecord], count: int) -> list[CanonicalEvent]:
        """The first `count` events about that kind of record. Each delivery so far was genuine and understood."""
        pause = threading.Event()
        for _ in range(100):
            for seen in self._server.seen[len(self._found) :]:
                self._found.append(self._understood(seen))
            about = [event for event in self._found if isinstance(event.record, kind)]
            if len(about) >= count:
                return about
            pause.wait(0.1)
        raise AssertionError(f"{len(about)} of {count} came")

    def _understood(self, seen: Seen) -> CanonicalEvent:
        assert guesty().verify(seen.headers, seen.body, [self._secret], datetime.now(UTC)) is True
        assert guesty().delivery_key(seen.headers, seen.body) == seen.headers["svix-id"]
        [event] = guesty().parse(seen.headers, seen.body)
        assert event.unknown == {}
        return event


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running_sandbox(tmp_path_factory.mktemp("deliveries")) as running:
        running.control("settings", "PATCH", limit_scale=100, secret_delay=0.01)
        yield running


@pytest.fixture
def hook(db: None, sandbox: SandboxProcess, server: LittleServer, settings: Any) -> Iterator[Hook]:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{sandbox.port}"]
    call = caller.caller_for(factories.connection(sandbox.url, limit_scale=100))
    subscription = call.connector.subscribe(call, f"{server.url}/hooks/x")
    secret = None
    while secret is None:
        secret = call.connector.read_webhook_secret(call, subscription.url)
    yield Hook(server, secret)
    call.connector.unsubscribe(call, subscription)


def test_a_guest_writes_and_the_staff_answers(hook: Hook, sandbox: SandboxProcess) -> None:
    stay = sandbox.control("book", "POST", guest_name="Zoë Marsh", source="airbnb2")["reservation"]
    conversation = sandbox.control(f"reservations/{stay['id']}")["conversation_id"]
    sandbox.control(f"conversations/{conversation}/guest-writes", "POST", body="Is there parking?")
    sandbox.control(f"conversations/{conversation}/staff-replies", "POST", body="Yes, behind the house.")
    sandbox.control(f"conversations/{conversation}/staff-notes", "POST", body="Asked for parking")
    found = {
        event.record.body_text: event
        for event in hook.events(MessageRecord, 2)
        if isinstance(event.record, MessageRecord)
    }
    asked, answered = found["Is there parking?"], found["Yes, behind the house."]
    assert (asked.kind, answered.kind) == (EventKind.MESSAGE_RECEIVED, EventKind.MESSAGE_SENT)
    for event in (asked, answered):
        assert isinstance(event.record, MessageRecord)
        assert event.record.conversation_id == conversation
        assert event.record.reservation_id == stay["id"]
        assert event.conversation is not None
        assert event.conversation.guest_name == "Zoë Marsh"


def test_a_stay_is_booked_moved_and_cancelled(hook: Hook, sandbox: SandboxProcess) -> None:
    stay = sandbox.control("book", "POST", guest_name="Lena Fox", status="confirmed")["reservation"]
    sandbox.control(f"reservations/{stay['id']}/dates", "POST", planned_departure="13:00")
    sandbox.control(f"reservations/{stay['id']}/cancel", "POST", by="GUEST")
    found = hook.events(ReservationRecord, 3)
    kinds = Counter(event.kind for event in found)
    assert kinds == {EventKind.RESERVATION_CREATED: 1, EventKind.RESERVATION_UPDATED: 2}
    assert len({event.dedupe_key for event in found}) == 3
    last = max(found, key=lambda event: event.version or "")
    assert isinstance(last.record, ReservationRecord)
    assert last.record.external_id == stay["id"]
    assert last.record.status is StayStatus.CANCELLED
    hint = ReadHint(entity=Entity.RESERVATION, external_id=stay["id"])
    assert all(event.needs_read == (hint,) and event.version for event in found)


def test_the_rest_of_a_day(hook: Hook, sandbox: SandboxProcess) -> None:
    guest = sandbox.control("reservations/TEST-0001")["guest_id"]
    unit = sandbox.control("reservations/TEST-0001")["unit_id"]
    sandbox.control(f"guests/{guest}", "POST", first_name="Tess")
    sandbox.control(f"units/{unit}/cleaning", "POST", state="dirty")
    task = sandbox.control("tasks", "POST", title="Fix the lamp", type="maintenance", reservation="TEST-0001")
    [changed] = hook.events(GuestRecord, 1)
    assert isinstance(changed.record, GuestRecord)
    assert (changed.record.external_id, changed.record.first_name) == (guest, "Tess")
    [dirty] = hook.events(UnitRecord, 1)
    assert dirty.needs_read == (ReadHint(entity=Entity.UNIT, external_id=unit),)
    [fix] = hook.events(WorkOrderRecord, 1)
    assert isinstance(fix.record, WorkOrderRecord)
    assert (fix.record.title, fix.record.kind) == ("Fix the lamp", "maintenance")
    assert fix.record.external_id in str(task)
    assert fix.record.unit_id is UNSET, "a webhook names no place"
    assert fix.needs_read == (ReadHint(entity=Entity.WORK_ORDER, external_id=fix.record.external_id),)
