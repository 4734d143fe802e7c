"""Effects: written, read back, and settled when the answer is lost (invariant 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from bellhop.core import clock
from connectors.contract.errors import (
    ConnectorError,
    OutcomeUnknown,
    RateLimited,
    Retryable,
    Unreadable,
    Unsupported,
)
from connectors.contract.events import Entity
from connectors.contract.intents import (
    AddNote,
    AssignWorkOrder,
    CreateWorkOrder,
    Done,
    Found,
    Intent,
    MirrorMessage,
    NoteWorkOrder,
    SendMessage,
    SetCustomField,
    SetHousekeepingState,
    SetStayTimes,
    UpdateWorkOrder,
)
from connectors.contract.records import ReservationRecord
from connectors.models import Connection
from connectors.outbound import caller
from connectors.trust.rehearsal_plan import PLAN
from tests.connectors.contract.bench import Bench
from tests.connectors.contract.trial import Trial
from tests.harness.waiting import eventually

ENTITY_OF: dict[type[Intent], Entity] = {
    SendMessage: Entity.MESSAGE,
    AddNote: Entity.NOTE,
    MirrorMessage: Entity.NOTE,
    SetCustomField: Entity.RESERVATION,
    SetStayTimes: Entity.RESERVATION,
    CreateWorkOrder: Entity.WORK_ORDER,
    UpdateWorkOrder: Entity.WORK_ORDER,
    AssignWorkOrder: Entity.WORK_ORDER,
    NoteWorkOrder: Entity.WORK_ORDER,
    SetHousekeepingState: Entity.HOUSEKEEPING,
}
MAKE: dict[type[Intent], Callable[[Connection, ReservationRecord], Intent | None]] = {
    kind: make for _, kind, make in PLAN
}
ON_TASKS: dict[type[Intent], Callable[[str], Intent]] = {
    UpdateWorkOrder: lambda task: UpdateWorkOrder(work_order_id=task, state="done", resolution="New washer"),
    AssignWorkOrder: lambda task: AssignWorkOrder(work_order_id=task, name="Harbour Plumbing"),
    NoteWorkOrder: lambda task: NoteWorkOrder(
        work_order_id=task, body="Key at the desk", author="Ana", written_at="2026-11-20 15:30"
    ),
}
SAFE = {"GET", "HEAD"}


@dataclass(frozen=True)
class Written:
    """One effect that went well: what was wanted, what came of it, and the request that did it."""

    intent: Intent
    done: Done
    method: str
    path: str


class Effects(Trial):
    """Every kind of intent that the connector performs; for the others the reason why not."""

    def _can(self, kind: type[Intent]) -> None:
        if kind in self.connector_type.performs:
            return
        capability = self.connector_type.capabilities.of(ENTITY_OF[kind])
        self.skip(self.cannot.get(kind) or capability.why, f"{kind.__name__} is not performed: say why")

    def _make(self, bench: Bench, kind: type[Intent]) -> Intent:
        stay = bench.stay()
        if kind is CreateWorkOrder:
            unit = str(stay.unit_id or "")
            return CreateWorkOrder(title="Dripping tap", reservation_id=stay.external_id, unit_id=unit)
        if kind in ON_TASKS:
            made = bench.connector.perform(bench.call, self._make(bench, CreateWorkOrder))
            return ON_TASKS[kind](made.remote_id)
        intent = MAKE[kind](bench.connection, stay)
        assert intent is not None, "the world's test stay has nothing to write it to"
        return intent

    def _write(self, bench: Bench, kind: type[Intent]) -> Written:
        intent = self._make(bench, kind)
        with caller.recorded() as exchanges:
            done = bench.connector.perform(bench.call, intent)
        last = [one for one in exchanges if one.method not in SAFE][-1]
        return Written(intent, done, last.method, last.path)

    @staticmethod
    def _find(bench: Bench, intent: Intent, since: datetime, known: tuple[str, ...] = ()) -> Found | None:
        """What the PMS has taken and not yet sent on is asked for again: the connector says "pending"."""
        outcome: list[Found | None] = []

        def decided() -> bool:
            try:
                outcome.append(bench.connector.find(bench.call, intent, since, known))
            except Retryable as error:
                if error.code != "pending":
                    raise
                return False
            return True

        eventually(decided)
        return outcome[-1]

    @staticmethod
    def _unclear(bench: Bench, intent: Intent) -> tuple[type[ConnectorError], ...]:
        """What a lost answer may be called: where doing it twice is doing it once, that it be tried again."""
        again = (Retryable, Unreadable) if bench.connector.is_repeatable(intent) else ()
        return OutcomeUnknown, *again

    @pytest.mark.parametrize("kind", ENTITY_OF)
    def test_what_is_written_is_found(self, bench: Bench, kind: type[Intent]) -> None:
        self._can(kind)
        began = clock.now()
        written = self._write(bench, kind)
        found = self._find(bench, written.intent, began)
        assert found is not None
        if written.done.remote_id and found.remote_id:
            assert found.remote_id == written.done.remote_id

    @pytest.mark.parametrize("fault", ["cut_after_work", "truncated"])
    @pytest.mark.parametrize("kind", ENTITY_OF)
    def test_a_lost_answer_is_settled_by_reading(self, bench: Bench, kind: type[Intent], fault: str) -> None:
        """It took effect once, the answer is lost: unknown, then found, and never written by us again."""
        self._can(kind)
        self.needs_fault(fault)
        first = self._write(bench, kind)
        began = clock.now()
        intent = self._make(bench, kind)
        bench.world.fault(
            fault, method=first.method, path=f"*{first.path.rpartition('/')[0][-20:]}/*", count=1
        )
        try:
            remote_id = bench.connector.perform(bench.call, intent).remote_id
        except self._unclear(bench, intent):
            remote_id = ""
        bench.world.heal()
        bench.renew()
        known = (first.done.remote_id,) if first.done.remote_id else ()
        found = self._find(bench, intent, began, known)
        if found is None and bench.connector.is_repeatable(intent):
            bench.connector.perform(bench.call, intent)  # of several requests only the first got through
            found = self._find(bench, intent, began, known)
        assert found is not None
        if kind in {SendMessage, CreateWorkOrder}:
            assert found.remote_id not in known
            assert (
                self._find(bench, intent, began, (*known, found.remote_id)) is None or kind is CreateWorkOrder
            )
        assert not remote_id or remote_id == found.remote_id

    @pytest.mark.parametrize("kind", [SendMessage, AddNote, MirrorMessage, CreateWorkOrder])
    def test_what_never_arrived_is_not_found(self, bench: Bench, kind: type[Intent]) -> None:
        self._can(kind)
        first = self._write(bench, kind)
        began = clock.now()
        intent = self._make(bench, kind)
        bench.world.fault("down", mode="503", method=first.method)
        with pytest.raises(self._unclear(bench, intent)):
            bench.connector.perform(bench.call, intent)
        bench.world.heal()
        bench.renew()
        known = (first.done.remote_id,) if first.done.remote_id else ()
        assert self._find(bench, intent, began, known) is None

    @pytest.mark.parametrize("kind", [SendMessage, AddNote, MirrorMessage, CreateWorkOrder])
    def test_being_told_to_wait_is_surely_without_effect(self, bench: Bench, kind: type[Intent]) -> None:
        self._can(kind)
        intent = self._make(bench, kind)
        bench.world.fault("too_many", retry_after=None)
        with pytest.raises(RateLimited):
            bench.connector.perform(bench.call, intent)

    def test_what_it_does_not_perform_it_refuses(self, bench: Bench) -> None:
        left = {
            MirrorMessage: MirrorMessage(
                reservation_id="1", body="b", direction="inbound", channel="sms", author="a", said_at=""
            ),
            CreateWorkOrder: CreateWorkOrder(title="t"),
            SetHousekeepingState: SetHousekeepingState(unit_id="1", condition="clean"),
            SendMessage: SendMessage(conversation_id="1", body="b"),
        }
        for kind, intent in left.items():
            if kind not in self.connector_type.performs:
                with pytest.raises(Unsupported):
                    bench.connector.perform(bench.call, intent)
                with pytest.raises(Unsupported):
                    self._find(bench, intent, clock.now())

    def test_declared_writes_and_performed_intents_agree(self) -> None:
        """The table on the health page must not promise what `performs` doesn't hold, nor hide what it does."""
        for entity in set(ENTITY_OF.values()):
            performed = [kind for kind in self.connector_type.performs if ENTITY_OF[kind] == entity]
            assert self.connector_type.capabilities.of(entity).write == bool(performed), entity
