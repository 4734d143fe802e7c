"""The write-back test: a message, a note and a custom field on a test reservation, each read back from the PMS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bellhop.core import clock
from connectors import ports
from connectors.contract.errors import ConnectorError
from connectors.contract.intents import AddNote, Intent, SendMessage, SetCustomField
from connectors.contract.records import ReservationRecord
from connectors.models import OPEN_STATES, Command, CommandState, Connection, Origin
from connectors.outbound import caller, delivery, outbox

WAIT_S = 90.0
POLL_S = 0.2


class NotATest(Exception):
    """The reservation isn't marked as a test, so nothing was written."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the report: what was tried, whether it stands in the PMS, and the evidence in words."""

    name: str
    passed: bool
    evidence: str


def verify(
    connection: Connection, reservation: str, pause: Callable[[float], None] = time.sleep
) -> Iterator[Step]:
    """Yield one Step per thing that was tried. `reservation` is a remote id or confirmation code.

    Raises NotATest, ConnectorError where the reservation can't be read.
    """
    remote_id = ports.test_reservation.get()(connection.pk, reservation)
    if remote_id is None:
        raise NotATest(f"{reservation} is not a reservation marked as a test; nothing was written.")
    record = caller.connector_for(connection).get_reservation(caller.caller_for(connection), remote_id)
    yield Step("read the reservation", True, f"{record.confirmation_code or remote_id}, {record.status_raw}")
    for name, intent in _intents(connection, record):
        if intent is None:
            yield Step(name, False, "this reservation has nothing to write it to")
        else:
            yield _write(connection, name, intent, pause)


def _intents(connection: Connection, record: ReservationRecord) -> Iterator[tuple[str, Intent | None]]:
    stamp = clock.now().strftime("%Y-%m-%d %H:%M:%S")
    conversation = record.conversation_id or None
    # No channel is named: the connector takes the one that the guest used last.
    yield (
        "message",
        SendMessage(conversation_id=conversation, body=f"Bellhop write-back test, {stamp}")
        if conversation
        else None,
    )
    yield (
        "note",
        AddNote(
            body=f"Bellhop write-back test note, {stamp}",
            conversation_id=conversation,
            reservation_id=record.external_id,
        ),
    )
    defined = caller.connector_for(connection).text_fields(caller.caller_for(connection))
    field_id = next(iter(defined), "")
    yield (
        "custom field",
        SetCustomField(reservation_id=record.external_id, field_id=field_id, value=f"Bellhop {stamp}")
        if field_id
        else None,
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
    return Step(
        name, True, f"written and read back as {found.remote_id or settled.remote_id} after {took:.1f} s"
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
