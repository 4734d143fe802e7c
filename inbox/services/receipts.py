"""Receipts follow their Commands (design §7). Runs in the settling transaction, so it never locks a thread: what a
result changes there is done by `after_settling`, woken by a row."""

from __future__ import annotations

from django.db import transaction

from bellhop.accounts.models import User
from bellhop.core import clock, live, wake
from connectors.contract.events import Entity
from connectors.events import CommandEchoed, CommandMoved
from connectors.inbound import identity
from connectors.models import Command, CommandKind, CommandState
from inbox.models import Destination, Message, Note, Notice, Receipt, ReceiptState, Thread, ThreadStatus
from inbox.services import notices, threads
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
TROUBLE = (ReceiptState.FAILED, ReceiptState.UNCONFIRMED)


def on_command(event: CommandMoved) -> None:
    """Bring the receipts (or the note) of a Command to its state."""
    command = event.command
    if command.state == CommandState.CANCELLED:
        return
    state = STATES[CommandState(command.state)]
    if command.kind in {CommandKind.SEND_MESSAGE, CommandKind.MIRROR_MESSAGE}:
        _receipts(command, state)
    elif command.kind == CommandKind.ADD_NOTE:
        _note(command, state)


def _receipts(command: Command, state: ReceiptState) -> None:
    rows = list(Receipt.objects.select_for_update(no_key=True).filter(command_id=command.pk).order_by("pk"))
    if not rows:
        return
    now = clock.now()
    ended = command.settled_at is not None
    for row in rows:
        if row.state == ReceiptState.DELIVERED and command.echoed_at is not None:
            continue
        if row.state != state:
            row.since = now
        row.state, row.checking = state, command.state == CommandState.UNKNOWN
        row.reason, row.reason_code = command.reason, command.reason_code
        row.thread_due = ended
        row.save()
    first = rows[0]
    if command.remote_id:
        # An echo that turned out to be somebody else's had lent its id.
        others = ("", command.remote_id)
        Message.objects.filter(pk=first.message_id).exclude(remote_id__in=others).update(remote_id="")
    live.append(
        command.organization_id,
        [
            live.Change(
                topic="thread",
                subject_id=first.thread_id,
                property_id=_property_of(first.thread_id),
                data={"what": "receipt", "message": first.message_id, "state": state.value},
            )
        ],
    )
    if ended:
        transaction.on_commit(lambda: wake.task("inbox.after_settling", queue="default"))


def _property_of(thread_id: int) -> int | None:
    return Thread.objects.filter(pk=thread_id).values_list("property_id", flat=True).first()


def _note(command: Command, state: ReceiptState) -> None:
    note = Note.objects.filter(command_id=command.pk).select_related("thread").first()
    if note is None:
        return
    note.pms_state, note.pms_reason = state, command.reason
    note.save(update_fields=["pms_state", "pms_reason"])
    live.append(
        command.organization_id,
        [
            live.Change(
                topic="thread",
                subject_id=note.thread_id,
                property_id=note.thread.property_id,
                data={"what": "receipt"},
            )
        ],
    )


def on_echo(event: CommandEchoed) -> None:
    """The PMS shows it: its receipt there is delivered. The guest's stays *sent*; nobody reported more."""
    command = event.command
    if command.kind == CommandKind.ADD_NOTE:
        Note.objects.filter(command_id=command.pk).update(pms_state=ReceiptState.DELIVERED)
        return
    rows = list(
        Receipt.objects.select_for_update(no_key=True)
        .filter(command_id=command.pk, destination=Destination.PMS)
        .order_by("pk")
    )
    for row in rows:
        row.state, row.checking, row.since = ReceiptState.DELIVERED, False, clock.now()
        row.reason = row.reason_code = ""
        row.thread_due = True
        row.save()
        if command.remote_id:
            identity.remember(command.connection_id, Entity.MESSAGE, command.remote_id, row.message_id)
    if rows:
        live.append(
            command.organization_id,
            [
                live.Change(
                    topic="thread",
                    subject_id=rows[0].thread_id,
                    property_id=_property_of(rows[0].thread_id),
                    data={"what": "receipt", "message": rows[0].message_id, "state": "delivered"},
                )
            ],
        )


def after_settling() -> int:
    """The second transaction of every settled message: give it its remote id, fold a copy that came in under that id,
    re-open the thread and tell the author where it failed. Returns how many rows were done."""
    done = 0
    while _one_after_settling():
        done += 1
    return done


@transaction.atomic
def _one_after_settling() -> bool:
    due = (
        Receipt.objects.filter(thread_due=True).order_by("pk").values_list("thread_id", "message_id").first()
    )
    if due is None:
        return False
    thread = threads.lock(due[0])
    rows = list(
        Receipt.objects.select_for_update(no_key=True)
        .filter(message_id=due[1], thread_due=True)
        .order_by("pk")
    )
    if not rows:
        return True
    message = Message.objects.get(pk=due[1])
    command = Command.objects.filter(pk=rows[0].command_id or 0).first()
    if command is not None and command.remote_id:
        _take_remote_id(message, command)
    Receipt.objects.filter(pk__in=[row.pk for row in rows]).update(thread_due=False)
    threads.refresh(thread)
    if rows[0].state in TROUBLE and thread.status != ThreadStatus.OPEN:
        threads.log_event(thread, "reopened", None, was=thread.status)
        thread.status, thread.snoozed_until = ThreadStatus.OPEN, None
    threads.save(thread)
    told = _told(thread, message, ReceiptState(rows[0].state)) if rows[0].state in TROUBLE else []
    threads.announce(thread, "receipt", told, message=message.pk)
    return True


def _take_remote_id(message: Message, command: Command) -> None:
    """Ours now has the PMS's id. A copy that was taken for somebody else's message goes: it is this one."""
    if message.remote_id == command.remote_id:
        return
    Message.objects.filter(connection_id=command.connection_id, remote_id=command.remote_id).exclude(
        pk=message.pk
    ).delete()
    message.remote_id = command.remote_id
    message.save(update_fields=["remote_id"])


def _told(thread: Thread, message: Message, state: ReceiptState) -> list[live.Change]:
    """Its author, and whoever has the thread, hear of a message that did not arrive (ux R3)."""
    ids = [pk for pk in (message.author_user_id, thread.assignee_id) if pk is not None]
    people = User.objects.filter(pk__in=ids, is_active=True)
    kind = Notice.Kind.FAILED if state == ReceiptState.FAILED else Notice.Kind.UNCONFIRMED
    about = About(thread=thread, message=message, data={"text": message.body[:80]})
    return notices.tell(people, kind, about)
