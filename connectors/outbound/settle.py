"""Ending or postponing a Command. Every change of state goes through here, under the Command's row lock, and is told
to the receipts in the same transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from bellhop.core import clock, events
from connectors.contract.direct import Address, AddressKind, AddressState, Channel, Delivery, DeliveryReport
from connectors.contract.errors import ConnectorError, Rejected
from connectors.contract.events import Entity
from connectors.events import AddressReported, CommandEchoed, CommandMoved
from connectors.models import ACTIVE_STATES, Attempt, Command, CommandKind, CommandState, Proof
from connectors.outbound import backoff, outbox
from connectors.outbound.claim import Claim
from connectors.trust import evidence

FIRST_READ_AFTER = timedelta(seconds=2)
PENDING = "pending"


def _locked(command: Command) -> Command:
    return (
        Command.objects.select_for_update(of=("self",), no_key=True)
        .select_related("connection", "connection__health")
        .get(pk=command.pk)
    )


def _finish(claim: Claim, result: Attempt.Result, error: ConnectorError | None, status: int | None) -> None:
    attempt = claim.attempt
    attempt.result = result
    attempt.finished_at = clock.now()
    attempt.status_code = status
    if error is not None:
        attempt.code = error.code[:60]
        attempt.message = error.user_message[:300]
        attempt.detail = error.detail[:1000]
        attempt.request_id = error.request_id[:100]
    attempt.save()


def _store(command: Command, *, wake_at: datetime | None = None) -> None:
    """`wake_at`: when a worker has to look again. The one that settles goes on with the next in line by itself."""
    command.lease_until = None
    command.leased_by = ""
    command.save()
    events.emit(CommandMoved(command=command))
    if wake_at is not None:
        outbox.wake_at(wake_at, clock.now())


def _still_mine(command: Command) -> bool:
    """False where an echo or a person settled it while we were on the wire."""
    return command.state in {CommandState.IN_FLIGHT, CommandState.UNKNOWN}


@transaction.atomic
def confirmed(claim: Claim, remote_id: str, *, status: int | None = None, found: bool = False) -> Command:
    """The provider took it, or it was found there. An id that differs from an echo matched by its text shows that the
    echo was somebody else's message: that one is read again and becomes a message of its own (invariant 4)."""
    result = Attempt.Result.FOUND if found else Attempt.Result.CONFIRMED
    _finish(claim, result, None, status)
    command = _locked(claim.command)
    if not _still_mine(command):
        if command.state == CommandState.CONFIRMED and remote_id and command.remote_id != remote_id:
            _take_back_echo(command, remote_id)
        return command
    command.state = CommandState.CONFIRMED
    command.remote_id = remote_id or command.remote_id
    command.settled_at = clock.now()
    command.reason = command.reason_code = ""
    if found:
        command.echoed_at = command.settled_at
    _store(command)
    _prove(command, Proof.SEEN_WRITTEN if found else Proof.WRITTEN)
    if found or command.tries > 1:
        _prove(command, Proof.RECOVERED)
    if found:
        events.emit(CommandEchoed(command=command))
    return command


def _prove(command: Command, proof: Proof) -> None:
    evidence.command(command.connection_id, command.kind, proof, command.pk, command.remote_id)


def _take_back_echo(command: Command, remote_id: str) -> None:
    from connectors.inbound import identity, journal

    delivery, command.echo_delivery = command.echo_delivery, None
    identity.forget(command.connection_id, Entity.MESSAGE, command.remote_id)
    command.remote_id, command.matched_by_text, command.echoed_at = remote_id, False, None
    _store(command)
    if delivery is not None:
        journal.replay(delivery)
    else:
        command.connection.health.__class__.objects.filter(pk=command.connection_id).update(
            catch_up_due_at=clock.now()
        )


@transaction.atomic
def retry(
    claim: Claim, error: ConnectorError, *, after_s: float | None = None, status: int | None = None
) -> Command:
    """Surely without effect: try again with a growing delay, until its deadline."""
    _finish(claim, Attempt.Result.RETRY, error, status)
    command = _locked(claim.command)
    if not _still_mine(command):
        return command
    now = clock.now()
    due = now + backoff.delay(command.tries, after_s)
    if due > command.give_up_at:
        return _fail(command, error)
    command.state = CommandState.WAITING
    command.due_at = due
    command.reason, command.reason_code = error.user_message[:300], error.code[:40]
    _store(command, wake_at=due)
    return command


@transaction.atomic
def untried(claim: Claim, error: ConnectorError, until: datetime) -> Command:
    """Nothing was asked and nothing left: as if it had not been claimed. It keeps its place; a worker is woken at
    `until`."""
    command = _locked(claim.command)
    if command.state == CommandState.IN_FLIGHT and until > command.give_up_at:
        _finish(claim, Attempt.Result.RETRY, error, None)
        return _fail(command, error)
    claim.attempt.delete()
    if not _still_mine(command):
        return command
    if command.state == CommandState.IN_FLIGHT:
        command.state = CommandState.WAITING
        command.tries -= 1
        command.first_sent_at = command.first_sent_at if command.tries else None
    _store(command, wake_at=until)
    return command


@transaction.atomic
def failed(claim: Claim, error: ConnectorError, *, status: int | None = None) -> Command:
    """Refused for good."""
    if isinstance(error, Rejected) and error.address_state != AddressState.FINE:
        # Before the Command is locked: what follows from it takes the address's lock, then threads.
        _tell_address(claim.command, error.address_state, error.code, error.user_message)
    _finish(claim, Attempt.Result.FAILED, error, status)
    command = _locked(claim.command)
    return _fail(command, error) if _still_mine(command) else command


def _tell_address(command: Command, state: AddressState, code: str = "", reason: str = "") -> None:
    """What became of it says that the address is no good, wants nothing more from us, or is fine after all."""
    if command.kind != CommandKind.SEND_DIRECT:
        return
    address = Address(kind=AddressKind(command.intent["to_kind"]), value=command.intent["to"])
    channel = Channel(command.intent["channel"])
    events.emit(
        AddressReported(
            connection=command.connection, channel=channel, address=address, state=state,
            code=code, reason=reason, command_id=command.pk,
        )
    )  # fmt: skip


@transaction.atomic
def doubted(command_id: int, reason: str) -> bool:
    """It was confirmed, and a person saw by a read that it doesn't stand there: an agent decides what becomes of it.
    False where it is confirmed no longer."""
    command = _locked(Command(pk=command_id))
    if command.state != CommandState.CONFIRMED:
        return False
    command.state, command.reason, command.reason_code = CommandState.UNCONFIRMED, reason[:300], "not_there"
    command.settled_at, command.echoed_at = clock.now(), None
    _store(command)
    return True


def _fail(command: Command, error: ConnectorError) -> Command:
    command.state = CommandState.FAILED
    command.settled_at = clock.now()
    command.reason, command.reason_code = error.user_message[:300], error.code[:40]
    _store(command)
    return command


@transaction.atomic
def unknown(claim: Claim, error: ConnectorError, *, status: int | None = None) -> Command:
    """It may have arrived: from here on only reading decides (invariant 3)."""
    _finish(claim, Attempt.Result.UNKNOWN, error, status)
    command = _locked(claim.command)
    if not _still_mine(command):
        return command
    command.state = CommandState.UNKNOWN
    command.due_at = clock.now() + FIRST_READ_AFTER
    command.reason, command.reason_code = error.user_message[:300], error.code[:40]
    _store(command, wake_at=command.due_at)
    return command


@transaction.atomic
def pending(claim: Claim, remote_id: str, *, status: int | None = None) -> Command:
    """The provider took it under an id, but hasn't passed it on yet: looked at again until it has, or says that it
    failed."""
    _finish(claim, Attempt.Result.UNKNOWN, None, status)
    command = _locked(claim.command)
    if not _still_mine(command):
        return command
    command.state, command.remote_id = CommandState.UNKNOWN, remote_id
    command.due_at = clock.now() + FIRST_READ_AFTER
    command.reason, command.reason_code = "The PMS took it and has not passed it on yet.", PENDING
    _store(command, wake_at=command.due_at)
    return command


def left_at(command: Command) -> datetime:
    """When its effect last left: earlier tries surely did nothing, else it would not have been tried again."""
    tries = command.attempts.filter(left_at__isnull=False).order_by("-number")
    last = tries.values_list("left_at", flat=True).first()
    return last or command.first_sent_at or command.created_at


@transaction.atomic
def absent(claim: Claim, *, propagation_s: int, repeatable: bool) -> Command:
    """Read back and not there. After two reads, the later past the propagation delay: unconfirmed, or sent again where
    doing it twice is the same as doing it once."""
    _finish(claim, Attempt.Result.ABSENT, None, None)
    command = _locked(claim.command)
    if not _still_mine(command):
        return command
    now = clock.now()
    command.reads += 1
    visible_from = left_at(command) + timedelta(seconds=propagation_s)
    if command.reads < 2 or claim.attempt.started_at < visible_from:
        command.due_at = max(now + FIRST_READ_AFTER, visible_from)
        _store(command, wake_at=command.due_at)
        return command
    if repeatable:
        command.state, command.due_at = CommandState.WAITING, now
    else:
        command.state, command.settled_at = CommandState.UNCONFIRMED, now
        command.reason = "No clear answer came, and it does not stand in the PMS."
    _store(command)
    return command


@transaction.atomic
def unreadable(claim: Claim, error: ConnectorError, *, propagation_s: int) -> Command:
    """Nobody can be asked about it. A report may still come, at any time; until the usual delay is past nothing is
    decided, then an agent decides, and what waits behind it goes on."""
    _finish(claim, Attempt.Result.RETRY, error, None)
    command = _locked(claim.command)
    if not _still_mine(command):
        return command
    now = clock.now()
    told_until = left_at(command) + timedelta(seconds=propagation_s)
    if now < told_until:
        command.due_at = told_until
        _store(command, wake_at=command.due_at)
        return command
    command.state, command.settled_at = CommandState.UNCONFIRMED, now
    command.reason = "No clear answer came, and it could not be read back."
    _store(command)
    return command


@transaction.atomic
def read_later(claim: Claim, error: ConnectorError, *, after_s: float | None = None) -> Command:
    """The read-back itself didn't work: later. Past the deadline it stays unconfirmed."""
    _finish(claim, Attempt.Result.RETRY, error, None)
    command = _locked(claim.command)
    if not _still_mine(command):
        return command
    now = clock.now()
    reads = command.attempts.filter(read_back=True).count()
    command.due_at = now + backoff.delay(reads, after_s)
    if command.due_at > command.give_up_at:
        command.state, command.settled_at = CommandState.UNCONFIRMED, now
        command.reason = "No clear answer came, and it could not be read back."
    _store(command, wake_at=command.due_at)
    return command


_FURTHER = ("", Delivery.SENT, Delivery.DELAYED, Delivery.FAILED, Delivery.DELIVERED, Delivery.READ)
_REPORTABLE = {*ACTIVE_STATES, CommandState.UNCONFIRMED, CommandState.CONFIRMED, CommandState.FAILED}


@transaction.atomic
def reported(command_id: int, report: DeliveryReport) -> bool:
    """A channel's provider says how far a message came: forward only, whatever order the reports have. It proves that
    the provider took it, so it settles an unknown one, too; *failed* loses to *delivered*. False where it says
    nothing new."""
    command = _locked(Command(pk=command_id))
    if command.state not in _REPORTABLE or _FURTHER.index(report.state) <= _FURTHER.index(command.report):
        return False
    was = CommandState(command.state)
    command.report, command.reported_at = report.state, report.at or clock.now()
    command.remote_id = command.remote_id or report.external_id
    failed = report.state == Delivery.FAILED
    command.state = CommandState.FAILED if failed else CommandState.CONFIRMED
    is_told_why = failed or report.state == Delivery.DELAYED
    command.reason = report.reason[:300] if is_told_why else ""
    command.reason_code = report.code[:40] if is_told_why else ""
    command.settled_at = clock.now()
    _store(command, wake_at=command.settled_at if was in ACTIVE_STATES else None)
    if not failed:
        if was == CommandState.FAILED:
            _tell_address(command, AddressState.FINE)
        _prove(command, Proof.SEEN_WRITTEN)
        if was == CommandState.UNKNOWN:
            _prove(command, Proof.RECOVERED)
    return True


@transaction.atomic
def echoed(command_id: int, remote_id: str, delivery_id: int | None, *, by_text: bool) -> bool:
    """The PMS shows our own effect as `remote_id`. False where the Command turned out to be about something else."""
    command = _locked(Command(pk=command_id))
    now = clock.now()
    was_unknown = command.state == CommandState.UNKNOWN
    if command.state == CommandState.CONFIRMED:
        if command.remote_id and command.remote_id != remote_id:
            return False
    elif command.state not in {CommandState.IN_FLIGHT, CommandState.UNKNOWN, CommandState.UNCONFIRMED}:
        return False
    else:
        command.state, command.settled_at = CommandState.CONFIRMED, now
        command.matched_by_text, command.echo_delivery_id = by_text, delivery_id
        command.reason = command.reason_code = ""
    command.remote_id = remote_id
    first_time, command.echoed_at = command.echoed_at is None, command.echoed_at or now
    _store(command, wake_at=now if command.settled_at == now else None)
    if first_time:
        _prove(command, Proof.SEEN_WRITTEN)
        if was_unknown:
            _prove(command, Proof.RECOVERED)
        events.emit(CommandEchoed(command=command))
    return True
