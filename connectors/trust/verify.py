"""The write-back rehearsal (signature N2), on a reservation that a person marked as a test.

It writes what this PMS can take, reads each thing back, loses an answer on purpose, and hears our own webhooks twice
and out of order: which endpoints do you call, can you write back, what happens when a sync fails. Everything runs in
the caller's process, so that every call is on record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bellhop.core import clock
from connectors import ports
from connectors.contract.base import PmsConnector
from connectors.contract.capabilities import Push
from connectors.contract.errors import ConnectorError
from connectors.contract.events import Entity
from connectors.contract.intents import (
    AddNote,
    CreateWorkOrder,
    Intent,
    SendMessage,
    UpdateWorkOrder,
)
from connectors.contract.records import ReservationRecord
from connectors.inbound import journal, processing
from connectors.models import (
    OPEN_STATES,
    Command,
    CommandState,
    Connection,
    DeliveryState,
    Origin,
    Stage,
    WebhookDelivery,
)
from connectors.outbound import caller, claim, delivery, outbox
from connectors.trust.rehearsal_plan import PLAN, conversation

WAIT_S = 90.0
ECHO_WAIT_S = 30.0
POLL_S = 0.2
REPLAYED = 5
_LEAVE_NOTHING = frozenset({"housekeeping", "work order closed"})


class NotATest(Exception):
    """The reservation isn't marked as a test, so nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the report: what was tried, whether it passed, the evidence in words. `read_back` and `echoed` are
    None where that was not asked; `left`: what stands at the PMS afterwards."""

    name: str
    passed: bool
    evidence: str
    remote_id: str = ""
    status: int | None = None
    read_back: bool | None = None
    echoed: bool | None = None
    seconds: float | None = None
    left: str = ""


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a step needs: where to write, with what, and how to pause."""

    connection: Connection
    connector: PmsConnector
    record: ReservationRecord
    began: datetime
    pause: Callable[[float], None]

    @property
    def stamp(self) -> str:
        return f"{self.began:%Y-%m-%d %H:%M:%S}"

    def can(self, kind: type[Intent]) -> bool:
        return kind in self.connector.performs


def verify(
    connection: Connection, reservation: str, pause: Callable[[float], None] = time.sleep
) -> Iterator[Step]:
    """Yield one Step per thing that was tried. `reservation` is a remote id, confirmation code or the channel's code.

    Raises NotATest (also in shadow, where nothing is written), ConnectorError where the reservation can't be read.
    """
    if connection.stage == Stage.SHADOW:
        raise NotATest("In shadow nothing is written, not even a test. Rehearse in the pilot.")
    remote_id = ports.test_reservation.get()(connection.pk, reservation)
    if remote_id is None:
        raise NotATest(f"{reservation} is not a reservation marked as a test; nothing was written.")
    connector = caller.pms_for(connection)
    record = connector.get_reservation(caller.caller_for(connection), remote_id)
    evidence = f"{record.confirmation_code or remote_id}, {record.status_raw}"
    yield Step(name="read the reservation", passed=True, evidence=evidence, remote_id=remote_id)
    trial = _Trial(connection, connector, record, clock.now(), pause)
    for name, kind, make in PLAN:
        if kind in connector.performs:
            yield _write(trial, name, make(connection, record))
    yield from _work_order(trial)
    yield from _lost_answer(trial)
    yield from _own_webhooks(trial)


def _write(trial: _Trial, name: str, intent: Intent | None, *, lose_answer: bool = False) -> Step:
    if intent is None:
        return Step(name=name, passed=False, evidence="this reservation has nothing to write it to")
    began = clock.now()
    command = _carry_out(trial, name, intent, lose_answer=lose_answer)
    status = command.attempts.order_by("-number").values_list("status_code", flat=True).first()
    if command.state != CommandState.CONFIRMED:
        return Step(
            name=name,
            passed=False,
            evidence=f"{command.state}: {command.reason or 'no reason given'}",
            status=status,
            seconds=_since(began),
        )
    return _read_back(trial, name, intent, command, began, status)


def _read_back(
    trial: _Trial, name: str, intent: Intent, command: Command, began: datetime, status: int | None
) -> Step:
    try:
        found = trial.connector.find(caller.caller_for(trial.connection), intent, began)
    except ConnectorError as error:
        accepted = command.remote_id or "accepted"
        return Step(
            name=name, passed=False, evidence=f"written as {accepted}, not read back: {error.user_message}"
        )
    took = _since(began)
    if found is None:
        evidence = f"accepted as {command.remote_id}, but reading back does not show it"
        return Step(name=name, passed=False, evidence=evidence, status=status, read_back=False, seconds=took)
    remote_id = found.remote_id or command.remote_id
    return Step(
        name=name,
        passed=True,
        evidence=f"written and read back{f' as {remote_id}' if remote_id else ''} after {took:.1f} s",
        remote_id=remote_id,
        status=status,
        read_back=True,
        echoed=_echoed(trial, command) if name == "message" else None,
        seconds=took,
        left="" if name in _LEAVE_NOTHING else f"{name} {remote_id}".strip(),
    )


def _since(began: datetime) -> float:
    return (clock.now() - began).total_seconds()


def _carry_out(trial: _Trial, name: str, intent: Intent, *, lose_answer: bool) -> Command:
    """Owe it as all effects are owed, and carry it out here; a running worker may read it back just as well."""
    command = outbox.enqueue(
        trial.connection,
        intent,
        subject=f"verify:{name}",
        order_key=f"verify:{trial.began.timestamp()}:{name}",
        origin=Origin.SYSTEM,
        rehearsal=True,
    )
    until = time.monotonic() + WAIT_S
    while command.state in OPEN_STATES and time.monotonic() < until:
        mine = claim.take_this(command.pk) if command.due_at <= clock.now() else None
        if mine is not None:
            delivery.run(mine, lose_answer=lose_answer and not mine.attempt.read_back)
        command.refresh_from_db()
        if mine is None or command.state == CommandState.WAITING:
            trial.pause(POLL_S)
    return command


def _echoed(trial: _Trial, command: Command) -> bool | None:
    """Did the PMS tell us of our own message by webhook, and did we know it? None where it tells nothing, or where no
    subscription leads here."""
    pushes = trial.connector.capabilities.of(Entity.MESSAGE).push != Push.NONE
    if not pushes or not trial.connection.subscription_id:
        return None
    until = time.monotonic() + ECHO_WAIT_S
    while command.echoed_at is None and time.monotonic() < until:
        processing.drain()
        trial.pause(POLL_S)
        command.refresh_from_db()
    return command.echoed_at is not None


def _work_order(trial: _Trial) -> Iterator[Step]:
    """A work order is made, read back and closed again."""
    if not trial.can(CreateWorkOrder):
        return
    intent = CreateWorkOrder(
        title=f"Bellhop write-back test, {trial.stamp}",
        reservation_id=trial.record.external_id,
        unit_id=trial.record.unit_id or "",
    )
    made = _write(trial, "work order", intent)
    yield made
    if made.remote_id:
        closing = UpdateWorkOrder(work_order_id=made.remote_id, state="done", resolution="Test over.")
        yield _write(trial, "work order closed", closing)


def _lost_answer(trial: _Trial) -> Iterator[Step]:
    """A call takes effect and its answer is lost: the read-back must find it, and nothing may be sent twice."""
    intent = _losable(trial)
    if intent is None:
        return
    step = _write(trial, "answer lost after the effect", intent, lose_answer=True)
    if not step.passed:
        yield step
        return
    evidence = f"found by reading back as {step.remote_id} after {step.seconds or 0:.1f} s, not sent again"
    tries = Command.objects.filter(
        connection=trial.connection,
        subject="verify:answer lost after the effect",
        created_at__gte=trial.began,
    ).values_list("tries", flat=True)
    once = list(tries) == [1]
    yield Step(
        name=step.name,
        passed=once,
        evidence=evidence if once else f"tried {sum(tries)} times",
        remote_id=step.remote_id,
        read_back=True,
        seconds=step.seconds,
        left=step.left,
    )


def _losable(trial: _Trial) -> Intent | None:
    there = conversation(trial.connection, trial.record)
    words = f"Bellhop test of a lost answer, {trial.stamp}"
    if trial.can(SendMessage) and there:
        return SendMessage(conversation_id=there, body=words)
    if trial.can(AddNote):
        written_at = f"{trial.began:%Y-%m-%d %H:%M}"
        return AddNote(body=words, reservation_id=trial.record.external_id, written_at=written_at)
    return None


def _own_webhooks(trial: _Trial) -> Iterator[Step]:
    """The newest webhooks of this connection, once more and in the opposite order: nothing may appear twice."""
    rows = WebhookDelivery.objects.filter(connection=trial.connection, received_at__gte=trial.began)
    newest = list(rows.filter(state=DeliveryState.PROCESSED).order_by("-id")[:REPLAYED])
    if not newest:
        return
    before = _mirrored(trial)
    began = clock.now()
    replays = [journal.replay(row).pk for row in newest for _ in range(2)]
    done = WebhookDelivery.objects.filter(pk__in=replays).exclude(state=DeliveryState.RECEIVED)
    until = time.monotonic() + WAIT_S
    while done.count() < len(replays) and time.monotonic() < until:
        if not processing.drain():
            trial.pause(POLL_S)
    doubled = _mirrored(trial) - before
    parked = done.filter(state=DeliveryState.QUARANTINED).count()
    yield Step(
        name="webhooks twice and out of order",
        passed=done.count() == len(replays) and not doubled and not parked,
        evidence=f"{len(replays)} replayed, {doubled} messages doubled, {parked} could not be processed",
        seconds=_since(began),
    )


def _mirrored(trial: _Trial) -> int:
    there = conversation(trial.connection, trial.record)
    rows = ports.mirrored_messages.get()(trial.connection.pk)
    return sum(row.conversation == there for row in rows)
