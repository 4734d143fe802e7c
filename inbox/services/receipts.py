"""Receipts follow their Commands (design §7). Runs in the settling transaction, so it never locks a thread: what a
result changes there is done by `after_settling`, woken by a row."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from bellhop.accounts.models import User
from bellhop.core import clock, live, wake
from connectors.contract.direct import Delivery
from connectors.contract.events import Entity
from connectors.events import CommandEchoed, CommandMoved
from connectors.inbound import identity
from connectors.models import Command, CommandKind, CommandState, Origin
from inbox.models import (
    Destination,
    Direction,
    Message,
    MessageMail,
    Note,
    Notice,
    Receipt,
    ReceiptState,
    Thread,
    ThreadStatus,
)
from inbox.services import mirror, notices, threads
from inbox.services.notices import About

STATES = {
    CommandState.HELD: ReceiptState.QUEUED,
    CommandState.WAITING: ReceiptState.QUEUED,
    CommandState.WOULD_HAVE_SENT: ReceiptState.QUEUED,
    CommandState.IN_FLIGHT: ReceiptState.SENDING,
    CommandState.UNKNOWN: ReceiptState.SENDING,
    CommandState.CONFIRMED: ReceiptState.SENT,
    CommandState.FAILED: ReceiptState.FAILED,
    CommandState.UNCONFIRMED: ReceiptState.UNCONFIRMED,
}
REPORTED = {Delivery.DELIVERED.value: ReceiptState.DELIVERED, Delivery.READ.value: ReceiptState.READ}
MESSAGE_KINDS = {CommandKind.SEND_MESSAGE, CommandKind.MIRROR_MESSAGE, CommandKind.SEND_DIRECT}
TROUBLE = (ReceiptState.FAILED, ReceiptState.UNCONFIRMED)


def on_command(event: CommandMoved) -> None:
    """Bring the receipts (or the note) of a Command to its state."""
    command = event.command
    if command.state == CommandState.CANCELLED:
        _taken_back(command)
        return
    state = _state(command)
    if carries_message(command):
        _receipts(command, state)
    elif command.kind == CommandKind.ADD_NOTE:
        _note(command, state)


def _taken_back(command: Command) -> None:
    """What nobody wrote and may not leave any more says why where it stands; nobody has to be told."""
    if command.origin == Origin.AGENT or not carries_message(command):
        return
    Receipt.objects.filter(command_id=command.pk).update(
        state=ReceiptState.FAILED, reason=command.reason, reason_code=command.reason_code, since=clock.now()
    )


def carries_message(command: Command) -> bool:
    """Does it stand behind a message's receipts? A note may be the copy of a message, or a note."""
    return command.kind in MESSAGE_KINDS or command.subject.startswith("message:")


def _state(command: Command) -> ReceiptState:
    """A channel's provider may have reported more than that it took it."""
    if command.state == CommandState.CONFIRMED:
        return REPORTED.get(command.report, ReceiptState.SENT)
    return STATES[CommandState(command.state)]


# Under the Command's lock, so that its receipts have one writer at a time. One that the PMS was seen to have is not
# taken back by an answer that comes after. An echo that turned out to be somebody else's had lent the message its id.
_FOLLOW = """
WITH moved AS (
  UPDATE inbox_receipt SET
    since = CASE WHEN state = %(state)s THEN since ELSE %(now)s END, state = %(state)s, checking = %(checking)s,
    reason = %(reason)s, reason_code = %(code)s, thread_due = %(ended)s
  WHERE command_id = %(command)s AND NOT (state = %(delivered)s AND %(echoed)s)
  RETURNING message_id, thread_id),
freed AS (
  UPDATE inbox_message m SET remote_id = '' FROM moved
  WHERE %(remote_id)s <> '' AND m.id = moved.message_id AND m.connection_id = %(connection)s
    AND m.remote_id NOT IN ('', %(remote_id)s))
SELECT moved.message_id, moved.thread_id, t.property_id FROM moved JOIN inbox_thread t ON t.id = moved.thread_id LIMIT 1
"""


def _receipts(command: Command, state: ReceiptState) -> None:
    ended = command.settled_at is not None
    values: dict[str, Any] = {
        "command": command.pk,
        "state": state.value,
        "now": clock.now(),
        "checking": command.state == CommandState.UNKNOWN,
        "reason": command.reason,
        "code": command.reason_code,
        "ended": ended,
        "delivered": ReceiptState.DELIVERED.value,
        "echoed": command.echoed_at is not None,
        "remote_id": command.remote_id,
        "connection": command.connection_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, values)
        row = cursor.fetchone()
    if row is None:
        return
    message_id, thread_id, property_id = row
    _tell(command, thread_id, property_id, message=message_id, state=state.value)
    if ended:
        wake.after_commit("inbox.after_settling")


def _tell(command: Command, thread_id: int, property_id: int | None, **data: object) -> None:
    change = live.Change(
        topic="thread", subject_id=thread_id, property_id=property_id, data={"what": "receipt", **data}
    )
    live.append(command.organization_id, [change])


def _note(command: Command, state: ReceiptState) -> None:
    note = Note.objects.filter(command_id=command.pk).select_related("thread").first()
    if note is None:
        return
    note.pms_state, note.pms_reason = state, command.reason
    note.save(update_fields=["pms_state", "pms_reason"])
    _tell(command, note.thread_id, note.thread.property_id)


# The guest's receipt stays *sent*; nobody reported more.
_ECHOED = """
UPDATE inbox_receipt r SET state = %(delivered)s, checking = false, since = %(now)s, reason = '', reason_code = '',
  thread_due = true
FROM inbox_thread t WHERE t.id = r.thread_id AND r.command_id = %(command)s AND r.destination = %(pms)s
RETURNING r.message_id, r.thread_id, t.property_id
"""


def on_echo(event: CommandEchoed) -> None:
    """The PMS shows it: its receipt there is delivered."""
    command = event.command
    if not carries_message(command):
        Note.objects.filter(command_id=command.pk).update(pms_state=ReceiptState.DELIVERED)
        return
    values: dict[str, Any] = {
        "command": command.pk,
        "pms": Destination.PMS.value,
        "delivered": ReceiptState.DELIVERED.value,
        "now": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ECHOED, values)
        row = cursor.fetchone()
    if row is None:
        return
    message_id, thread_id, property_id = row
    if command.remote_id and command.kind == CommandKind.SEND_MESSAGE:
        identity.remember(command.connection_id, Entity.MESSAGE, command.remote_id, message_id)
    _tell(command, thread_id, property_id, message=message_id, state=ReceiptState.DELIVERED.value)


def after_settling() -> int:
    """The second transaction of every settled message: give it its remote id, fold a copy that came in under that id,
    re-open the thread and tell the author where it failed. Returns how many rows were done."""
    done = 0
    while _one_after_settling():
        done += 1
    return done


# Its thread is locked before its receipts, as everywhere; a thread that another worker has is that worker's.
_DUE = """
SELECT t.id FROM inbox_thread t
WHERE t.id IN (SELECT thread_id FROM inbox_receipt WHERE thread_due ORDER BY id LIMIT 50)
LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
"""


@transaction.atomic
def _one_after_settling() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_DUE)
        due = cursor.fetchone()
    if due is None:
        return False
    locked = Receipt.objects.select_for_update(no_key=True)
    rows = list(locked.filter(thread_id=due[0], thread_due=True).order_by("pk"))
    if not rows:
        return True
    thread = Thread.objects.get(pk=due[0])
    before = _shown(thread)
    messages = {
        message.pk: message for message in Message.objects.filter(pk__in=[r.message_id for r in rows])
    }
    told: list[live.Change] = []
    must_tell = False
    for row in rows:
        must_tell |= _take_remote_id(messages[row.message_id], row) or row.state in TROUBLE
        if row.destination == Destination.GUEST:
            must_tell |= mirror.owe_automatic(thread, messages[row.message_id])
    # Two legs of a message may be in trouble at once: its people hear of it once.
    for row in {row.message_id: row for row in rows if row.state in TROUBLE}.values():
        told += _in_trouble(thread, messages[row.message_id], row)
    Receipt.objects.filter(pk__in=[row.pk for row in rows]).update(thread_due=False)
    threads.refresh(thread)
    # Most of the time all went well, and the receipts that everybody sees were told when they moved.
    if must_tell or _shown(thread) != before:
        threads.save(thread)
        threads.announce(thread, "receipt", told, message=rows[-1].message_id)
    return True


def _shown(thread: Thread) -> tuple[object, ...]:
    return thread.waiting_since, thread.last_message_id, thread.last_activity_at, thread.status


def _take_remote_id(message: Message, row: Receipt) -> bool:
    """Ours now has the PMS's id. A copy that was taken for somebody else's message goes, because it is this one; true
    where there was one."""
    command = Command.objects.filter(pk=row.command_id or 0).only("connection_id", "remote_id").first()
    if command is None or not command.remote_id or message.remote_id == command.remote_id:
        return False
    if command.connection_id != message.connection_id:
        return False  # the copy in the PMS has an id of its own there
    MessageMail.objects.filter(message=message).exclude(rfc_id=command.remote_id).update(
        provider_id=command.remote_id[:250]
    )
    copies = Message.objects.filter(connection_id=command.connection_id, remote_id=command.remote_id)
    removed, _ = copies.exclude(pk=message.pk).delete()
    message.remote_id = command.remote_id
    message.save(update_fields=["remote_id"])
    return bool(removed)


def _in_trouble(thread: Thread, message: Message, row: Receipt) -> list[live.Change]:
    """It is open again, and its people hear of it. That a guest's own words aren't kept in the PMS yet is told, and no
    reason to answer them anew."""
    is_theirs = message.direction == Direction.INBOUND
    if thread.status != ThreadStatus.OPEN and not is_theirs:
        threads.log_event(thread, "reopened", None, was=thread.status)
        thread.status, thread.snoozed_until = ThreadStatus.OPEN, None
    return _told(thread, message, ReceiptState(row.state))


def _told(thread: Thread, message: Message, state: ReceiptState) -> list[live.Change]:
    """Its author, and whoever has the thread, hear of a message that did not arrive (ux R3)."""
    ids = [pk for pk in (message.author_user_id, thread.assignee_id) if pk is not None]
    people = User.objects.filter(pk__in=ids, is_active=True)
    kind = Notice.Kind.FAILED if state == ReceiptState.FAILED else Notice.Kind.UNCONFIRMED
    about = About(thread=thread, message=message, data={"text": message.body[:80]})
    return notices.tell(people, kind, about)
