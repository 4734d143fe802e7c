"""Committing effects that are owed, and what people may still do to them. The only writer of new Commands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from django.db import transaction

from bellhop.core import clock, events, wake
from connectors.contract.intents import (
    AddNote,
    AssignWorkOrder,
    CreateWorkOrder,
    Intent,
    MarkRead,
    MirrorMessage,
    NoteWorkOrder,
    SendDirect,
    SendMessage,
    SetCustomField,
    SetHousekeepingState,
    SetStayTimes,
    UpdateWorkOrder,
    another_id,
    direct_from,
)
from connectors.contract.marks import new_reference
from connectors.contract.text import fingerprint
from connectors.events import CommandMoved
from connectors.models import (
    OPEN_STATES,
    Command,
    CommandKind,
    CommandState,
    Connection,
    Origin,
    PilotPlace,
    Stage,
)

GIVE_UP_AFTER = timedelta(hours=72)
STAY = "stay:"
BULK = 20
"""From this priority on it is bulk work: it uses a share of the limits only, and leaves room to people."""
PRIORITY = {Origin.AGENT: 0, Origin.SYSTEM: 10, Origin.SEQUENCE: BULK}
LAST = 30

_KINDS: dict[type[Intent], CommandKind] = {
    SendMessage: CommandKind.SEND_MESSAGE,
    AddNote: CommandKind.ADD_NOTE,
    SetCustomField: CommandKind.SET_CUSTOM_FIELD,
    MirrorMessage: CommandKind.MIRROR_MESSAGE,
    SetStayTimes: CommandKind.SET_STAY_TIMES,
    CreateWorkOrder: CommandKind.CREATE_WORK_ORDER,
    UpdateWorkOrder: CommandKind.UPDATE_WORK_ORDER,
    AssignWorkOrder: CommandKind.ASSIGN_WORK_ORDER,
    NoteWorkOrder: CommandKind.NOTE_WORK_ORDER,
    SetHousekeepingState: CommandKind.SET_HOUSEKEEPING,
    SendDirect: CommandKind.SEND_DIRECT,
    MarkRead: CommandKind.MARK_READ,
}
_INTENTS: dict[str, type[Intent]] = {kind.value: intent for intent, kind in _KINDS.items()}


class NotPossible(Exception):
    """The Command is no longer in a state in which that can be done."""


def enqueue(
    connection: Connection,
    intent: Intent,
    *,
    subject: str,
    order_key: str,
    origin: Origin = Origin.AGENT,
    due_at: datetime | None = None,
    give_up_at: datetime | None = None,
    place_id: int | None = None,
    rehearsal: bool = False,
    bulk: bool = False,
) -> Command:
    """Owe `intent` to the remote system, in the caller's transaction (invariant 2).

    `subject` is the caller's own name for it ("message:12"); `due_at` in the future is undo time or send later. What
    is written on a stay itself goes in the order of that stay, whatever thread it came from: some PMSs keep all notes
    in one text, and two writers would lose a line. `bulk`: many like it may come at once.
    """
    now = clock.now()
    due = due_at or now
    place = _place_of(intent)
    command = Command.objects.create(
        organization_id=connection.organization_id,
        connection=connection,
        kind=_KINDS[type(intent)],
        origin=origin,
        priority=_priority(intent, origin, bulk=bulk),
        order_key=place if place.startswith(STAY) else order_key,
        subject=subject,
        intent=_as_json(intent),
        conversation_id=place,
        place_id=place_id,
        reference=getattr(intent, "reference", ""),
        fingerprint=fingerprint(intent.body)
        if isinstance(intent, SendMessage | AddNote | SendDirect)
        else "",
        state=CommandState.WAITING
        if rehearsal or may_write(connection, place_id)
        else CommandState.WOULD_HAVE_SENT,
        created_at=now,
        due_at=due,
        give_up_at=give_up_at or due + GIVE_UP_AFTER,
    )
    if origin == Origin.AGENT and not isinstance(intent, MarkRead):
        _pull_forward(command)
    wake_at(due, now)
    return command


def _priority(intent: Intent, origin: Origin, *, bulk: bool) -> int:
    return LAST if isinstance(intent, MarkRead) else BULK if bulk else PRIORITY[origin]


def _pull_forward(command: Command) -> None:
    """What stands before a person's reply in its order leaves as if it were theirs, else the reply would wait for a
    bulk's turn."""
    before = Command.objects.filter(
        connection_id=command.connection_id,
        order_key=command.order_key,
        state=CommandState.WAITING,
        priority__gt=command.priority,
    )
    before.filter(due_at__lte=command.due_at).update(priority=command.priority)


def may_write(connection: Connection, place_id: int | None) -> bool:
    """Does the connection's stage let this property's effects out? In its pilot only chosen ones, in shadow none."""
    if connection.stage != Stage.PILOT:
        return connection.stage != Stage.SHADOW
    if place_id is None:
        return False
    return PilotPlace.objects.filter(connection=connection, place_id=place_id).exists()


def _place_of(intent: Intent) -> str:
    """Where it will stand: a conversation, or a stay."""
    if isinstance(intent, SendDirect):
        return intent.to
    if conversation_id := getattr(intent, "conversation_id", None):
        return str(conversation_id)
    stay_id = "" if isinstance(intent, CreateWorkOrder) else getattr(intent, "reservation_id", None)
    return f"{STAY}{stay_id}" if stay_id else ""


def _as_json(intent: Intent) -> dict[str, object]:
    fields = asdict(intent)
    if isinstance(intent, SendMessage):
        fields["to"] = list(intent.to)
    return fields


def intent_of(command: Command) -> Intent:
    """The connector's intent that a Command stands for."""
    fields = dict(command.intent)
    if command.kind == CommandKind.SEND_DIRECT:
        return direct_from(fields)
    if "to" in fields:
        fields["to"] = tuple(fields["to"])
    return _INTENTS[command.kind](**fields)


def direct_intent(command: Command) -> SendDirect:
    """The intent of a Command that sends on a channel of our own."""
    return direct_from(command.intent)


def wake_at(due: datetime, now: datetime) -> None:
    """Wake a worker when `due` comes, after commit. Lost wake-ups cost at most one sweep."""
    delay = max(0.0, (due - now).total_seconds())
    wake.after_commit("connectors.drain_outbound", queue="outbound", delay_s=delay)


@transaction.atomic
def cancel(command_id: int, reason: str) -> Command:
    """Take back what has not left. Raises NotPossible once a worker has it."""
    command = Command.objects.select_for_update(no_key=True).get(pk=command_id)
    if command.state not in {CommandState.WAITING, CommandState.HELD, CommandState.WOULD_HAVE_SENT}:
        raise NotPossible(str(command.state))
    _end(command, CommandState.CANCELLED, reason)
    return command


@transaction.atomic
def give_up(command_id: int, reason: str) -> Command:
    """An operator ends a waiting Command for good: it counts as failed, so that its author sees it and may retry.
    Raises NotPossible once a worker has it."""
    command = Command.objects.select_for_update(no_key=True).get(pk=command_id)
    if command.state not in {CommandState.WAITING, CommandState.HELD}:
        raise NotPossible(str(command.state))
    _end(command, CommandState.FAILED, reason)
    return command


@transaction.atomic
def send_now(command_id: int) -> Command:
    """End undo or send-later time. Raises NotPossible unless it is waiting."""
    command = Command.objects.select_for_update(no_key=True).get(pk=command_id)
    if command.state != CommandState.WAITING:
        raise NotPossible(str(command.state))
    now = clock.now()
    command.due_at = min(command.due_at, now)
    command.save(update_fields=["due_at"])
    events.emit(CommandMoved(command=command))
    wake_at(now, now)
    return command


@transaction.atomic
def amend(command_id: int, *, body: str, due_at: datetime, **more: str) -> Command:
    """Another text and another time for a message that has not left, and `more` fields of its intent; it stays the same
    row. Raises NotPossible once a worker has had it."""
    command = Command.objects.select_for_update().get(pk=command_id)
    waits = command.state in {CommandState.WAITING, CommandState.HELD, CommandState.WOULD_HAVE_SENT}
    if not waits or command.tries:
        raise NotPossible(str(command.state))
    command.intent = {**command.intent, "body": body, **more}
    command.fingerprint = fingerprint(body) if command.fingerprint else ""
    command.due_at, command.give_up_at = due_at, due_at + GIVE_UP_AFTER
    command.save(update_fields=["intent", "fingerprint", "due_at", "give_up_at"])
    events.emit(CommandMoved(command=command))
    wake_at(due_at, clock.now())
    return command


@transaction.atomic
def decide_arrived(command_id: int, by: str) -> Command:
    """A person says that an unconfirmed effect did arrive. Raises NotPossible in any other state."""
    command = Command.objects.select_for_update(no_key=True).get(pk=command_id)
    if command.state != CommandState.UNCONFIRMED:
        raise NotPossible(str(command.state))
    _end(command, CommandState.CONFIRMED, f"{by} saw that it arrived.")
    return command


@transaction.atomic
def again(command_id: int) -> Command:
    """A new Command with the same intent, for one that failed or stayed unconfirmed. Raises NotPossible otherwise.

    An unconfirmed one is over by that: should it show up after all, it is a message of its own, as in the PMS.
    """
    old = Command.objects.select_for_update(no_key=True).select_related("connection").get(pk=command_id)
    if old.state not in {CommandState.FAILED, CommandState.UNCONFIRMED}:
        raise NotPossible(str(old.state))
    if old.state == CommandState.UNCONFIRMED:
        _end(old, CommandState.CANCELLED, "Sent again, because nobody saw it arrive.")
    return enqueue(
        old.connection,
        _anew(intent_of(old)),
        subject=old.subject,
        order_key=old.order_key,
        origin=Origin(old.origin),
        place_id=old.place_id,
    )


def _anew(intent: Intent) -> Intent:
    """The same once more, as a message of its own: reports about the first must not be taken for its."""
    if not isinstance(intent, SendDirect):
        return intent
    mail = replace(intent.mail, message_id=another_id(intent.mail.message_id)) if intent.mail else None
    return replace(intent, mail=mail, reference=new_reference())


def open_commands(connection_ids: Iterable[int]) -> dict[int, tuple[int, datetime]]:
    """connection → (how many Commands wait, since when the oldest is due)."""
    from django.db.models import Count, Min

    rows = (
        Command.objects.filter(connection_id__in=list(connection_ids), state__in=OPEN_STATES)
        .values("connection_id")
        .annotate(count=Count("id"), oldest=Min("due_at"))
    )
    return {row["connection_id"]: (row["count"], row["oldest"]) for row in rows}


def _end(command: Command, state: CommandState, reason: str) -> None:
    command.state = state
    command.reason = reason[:300]
    command.settled_at = clock.now()
    command.save(update_fields=["state", "reason", "settled_at"])
    events.emit(CommandMoved(command=command))
    wake_at(command.settled_at, command.settled_at)
