"""The write-back test: everything that the connector writes, on a test reservation, each read back from the PMS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bellhop.core import clock
from connectors import ports
from connectors.contract.errors import ConnectorError
from connectors.contract.intents import (
    AddNote,
    CreateWorkOrder,
    Intent,
    MirrorMessage,
    SendMessage,
    SetCustomField,
    SetHousekeepingState,
    SetStayTimes,
    UpdateWorkOrder,
)
from connectors.contract.records import ReservationRecord
from connectors.models import OPEN_STATES, Command, CommandState, Connection, Origin
from connectors.outbound import caller, delivery, outbox

WAIT_S = 90.0
POLL_S = 0.2
NOTHING = "this reservation has nothing to write it to"


class NotATest(Exception):
    """The reservation isn't marked as a test, so nothing was written."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the report: what was tried, whether it stands in the PMS, and the evidence in words. `remote_id` is
    what the PMS calls it."""

    name: str
    passed: bool
    evidence: str
    remote_id: str = ""


def verify(
    connection: Connection, reservation: str, pause: Callable[[float], None] = time.sleep
) -> Iterator[Step]:
    """Yield one Step per thing that was tried. `reservation` is a remote id, confirmation code or the channel's code.

    Raises NotATest, ConnectorError where the reservation can't be read.
    """
    remote_id = ports.test_reservation.get()(connection.pk, reservation)
    if remote_id is None:
        raise NotATest(f"{reservation} is not a reservation marked as a test; nothing was written.")
    record = caller.connector_for(connection).get_reservation(caller.caller_for(connection), remote_id)
    yield Step("read the reservation", True, f"{record.confirmation_code or remote_id}, {record.status_raw}")
    performed = caller.connector_for(connection).performs
    for name, kind, make in _PLAN:
        if kind not in performed:
            continue
        intent = make(connection, record)
        yield Step(name, False, NOTHING) if intent is None else _write(connection, name, intent, pause)
    if CreateWorkOrder in performed:
        yield from _work_order(connection, record, pause)


def _work_order(
    connection: Connection, record: ReservationRecord, pause: Callable[[float], None]
) -> Iterator[Step]:
    """One that is made and closed again."""
    order = CreateWorkOrder(
        title=f"Bellhop write-back test, {_stamp()}",
        kind="other",
        reservation_id=record.external_id,
        unit_id=str(record.unit_id or ""),
    )
    made = _write(connection, "work order", order, pause)
    yield made
    if made.passed:
        closed = UpdateWorkOrder(
            work_order_id=made.remote_id, state="done", resolution="A test, nothing to do."
        )
        yield _write(connection, "work order closed", closed, pause)


def _stamp() -> str:
    return clock.now().strftime("%Y-%m-%d %H:%M:%S")


def _conversation(connection: Connection, record: ReservationRecord) -> str | None:
    found = caller.connector_for(connection).list_stay_conversations(caller.caller_for(connection), record)
    return found[0].external_id if found else None


def _message(connection: Connection, record: ReservationRecord) -> Intent | None:
    """No channel is named: the connector takes the one that the guest used last."""
    conversation = _conversation(connection, record)
    body = f"Bellhop write-back test, {_stamp()}"
    return SendMessage(conversation_id=conversation, body=body) if conversation else None


def _note(connection: Connection, record: ReservationRecord) -> Intent | None:
    there = caller.connector_for(connection).notes_in_conversations
    return AddNote(
        body=f"Bellhop write-back test note, {_stamp()}",
        conversation_id=_conversation(connection, record) if there else None,
        reservation_id=record.external_id,
        written_at=_stamp()[:16],
    )


def _mirrored(_connection: Connection, record: ReservationRecord) -> Intent | None:
    return MirrorMessage(
        reservation_id=record.external_id,
        body="Bellhop write-back test",
        direction="outbound",
        channel="sms",
        author="Bellhop",
        said_at=_stamp()[:16],
    )


def _custom_field(connection: Connection, record: ReservationRecord) -> Intent | None:
    defined = caller.connector_for(connection).text_fields(caller.caller_for(connection))
    field_id = next(iter(defined), "")
    value = f"Bellhop {_stamp()}"
    return (
        SetCustomField(reservation_id=record.external_id, field_id=field_id, value=value)
        if field_id
        else None
    )


def _times(_connection: Connection, record: ReservationRecord) -> Intent | None:
    return SetStayTimes(reservation_id=record.external_id, check_in="15:30", check_out="11:30")


def _housekeeping(connection: Connection, record: ReservationRecord) -> Intent | None:
    """The condition that the room has already: nobody is sent to clean it."""
    if not record.unit_id:
        return None
    held = caller.connector_for(connection).get_housekeeping(
        caller.caller_for(connection), str(record.unit_id)
    )
    return SetHousekeepingState(unit_id=str(record.unit_id), condition=str(held.condition))


_PLAN: tuple[tuple[str, type[Intent], Callable[[Connection, ReservationRecord], Intent | None]], ...] = (
    ("message", SendMessage, _message),
    ("note", AddNote, _note),
    ("message kept as a note", MirrorMessage, _mirrored),
    ("custom field", SetCustomField, _custom_field),
    ("times", SetStayTimes, _times),
    ("housekeeping", SetHousekeepingState, _housekeeping),
)


def _write(connection: Connection, name: str, intent: Intent, pause: Callable[[float], None]) -> Step:
    began = clock.now()
    command = outbox.enqueue(
        connection,
        intent,
        subject=f"verify:{name}",
        order_key=f"verify:{began.timestamp()}",
        origin=Origin.SYSTEM,
    )
    settled = _wait(command, pause)
    if settled.state != CommandState.CONFIRMED:
        return Step(name, False, f"{settled.state}: {settled.reason or 'no reason given'}")
    try:
        found = caller.connector_for(connection).find(caller.caller_for(connection), intent, began)
    except ConnectorError as error:
        return Step(
            name, False, f"written as {settled.remote_id or 'accepted'}, not read back: {error.user_message}"
        )
    if found is None:
        return Step(name, False, f"accepted as {settled.remote_id}, but reading back does not show it")
    took = (clock.now() - began).total_seconds()
    remote_id = found.remote_id or settled.remote_id
    return Step(
        name,
        True,
        f"written and read back{f' as {remote_id}' if remote_id else ''} after {took:.1f} s",
        remote_id,
    )


def _wait(command: Command, pause: Callable[[float], None]) -> Command:
    """Works beside running workers and without any: whoever claims it first carries it out."""
    until = time.monotonic() + WAIT_S
    while True:
        delivery.drain()
        command.refresh_from_db()
        if command.state not in OPEN_STATES or time.monotonic() > until:
            return command
        pause(POLL_S)
