"""What a rehearsal writes: one entry per kind of intent, made for the reservation at hand."""

from __future__ import annotations

from collections.abc import Callable

from bellhop.core import clock
from connectors.contract.intents import (
    AddNote,
    Intent,
    MirrorMessage,
    SendMessage,
    SetCustomField,
    SetHousekeepingState,
    SetStayTimes,
)
from connectors.contract.records import ReservationRecord
from connectors.models import Connection
from connectors.outbound import caller


def stamp() -> str:
    """Marks a text as this rehearsal's."""
    return clock.now().strftime("%Y-%m-%d %H:%M:%S")


def conversation(connection: Connection, record: ReservationRecord) -> str | None:
    """The stay's conversation at the PMS, None where it has none."""
    found = caller.pms_for(connection).list_stay_conversations(caller.caller_for(connection), record)
    return found[0].external_id if found else None


def _message(connection: Connection, record: ReservationRecord) -> Intent | None:
    """No channel is named: the connector takes the one that the guest used last."""
    there = conversation(connection, record)
    body = f"Bellhop write-back test, {stamp()}"
    return SendMessage(conversation_id=there, body=body) if there else None


def _note(connection: Connection, record: ReservationRecord) -> Intent | None:
    there = caller.pms_for(connection).notes_in_conversations
    return AddNote(
        body=f"Bellhop write-back test note, {stamp()}",
        conversation_id=conversation(connection, record) if there else None,
        reservation_id=record.external_id,
        written_at=stamp()[:16],
    )


def _mirrored(_connection: Connection, record: ReservationRecord) -> Intent | None:
    return MirrorMessage(
        reservation_id=record.external_id,
        body="Bellhop write-back test",
        direction="outbound",
        channel="sms",
        author="Bellhop",
        said_at=stamp()[:16],
    )


def _custom_field(connection: Connection, record: ReservationRecord) -> Intent | None:
    defined = caller.pms_for(connection).text_fields(caller.caller_for(connection))
    field_id = next(iter(defined), "")
    value = f"Bellhop {stamp()}"
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
    held = caller.pms_for(connection).get_housekeeping(caller.caller_for(connection), str(record.unit_id))
    return SetHousekeepingState(unit_id=str(record.unit_id), condition=str(held.condition))


# Name, kind, and how it is made (None: this reservation has nothing to write it to).
PLAN: tuple[tuple[str, type[Intent], Callable[[Connection, ReservationRecord], Intent | None]], ...] = (
    ("message", SendMessage, _message),
    ("note", AddNote, _note),
    ("message kept as a note", MirrorMessage, _mirrored),
    ("custom field", SetCustomField, _custom_field),
    ("times", SetStayTimes, _times),
    ("housekeeping", SetHousekeepingState, _housekeeping),
)
