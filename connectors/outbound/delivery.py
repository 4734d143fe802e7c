"""Carrying out claimed Commands: call, then settle. No transaction is open while the network is used."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError

from bellhop.core import clock, wake
from connectors.contract.errors import (
    ConnectorError,
    NotAuthorized,
    NotDelivered,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Retryable,
    Unreadable,
    Unsupported,
)
from connectors.contract.http import Call, Request, Response
from connectors.models import Attempt, Command
from connectors.outbound import caller, health, settle
from connectors.outbound.caller import OwnLimit
from connectors.outbound.claim import Claim, take
from connectors.outbound.leases import keeper
from connectors.outbound.outbox import BULK, intent_of
from connectors.outbound.settle import PENDING

log = structlog.get_logger(__name__)
BATCH = 50
SKEW = timedelta(hours=1)


def drain() -> int:
    """Carry out what is due until nothing is left (or a batch is done). Returns how many."""
    for done in range(BATCH):
        claim = take()
        if claim is None:
            return done
        with keeper.held(Command, claim.command.pk):
            run(claim)
    wake.task("connectors.drain_outbound", queue="outbound")
    return BATCH


def run(claim: Claim, *, lose_answer: bool = False) -> Command:
    """One try of one Command; every outcome ends in exactly one settling transaction. `lose_answer`: a rehearsal drops
    our own copy of the answer, as a broken line would."""
    log.info("command_try", command=claim.command.pk, kind=claim.command.kind, number=claim.attempt.number)
    return _read_back(claim) if claim.attempt.read_back else _send(claim, lose_answer=lose_answer)


def _send(claim: Claim, *, lose_answer: bool) -> Command:
    connection = claim.command.connection
    connector = caller.connector_for(connection)
    call = caller.caller_for(connection, bulk=_is_bulk(claim.command))
    try:
        call.leaving = lambda: _leaves(claim.attempt)
        done = connector.perform(_without_answer(call) if lose_answer else call, intent_of(claim.command))
    except _LeaseLost:
        log.warning("lease_lost", command=claim.command.pk)
        return claim.command
    except OutcomeUnknown as error:
        return settle.unknown(claim, error, status=_status(call))
    except OwnLimit as error:
        if claim.attempt.left_at is not None:  # the first of several requests has left
            return settle.unknown(claim, OutcomeUnknown(detail=error.detail, code=error.code))
        return _not_yet(claim, error)
    except NotAuthorized as error:
        return settle.retry(claim, error, after_s=30, status=_status(call))
    except Retryable as error:
        return settle.retry(claim, error, after_s=error.after_s, status=_status(call))
    except Unreadable as error:
        # What may be done twice is asked for without "effect": its answer is lost all the same, so look there first.
        if connector.is_repeatable(intent_of(claim.command)):
            return settle.unknown(
                claim, OutcomeUnknown(detail=error.detail, code="unreadable"), status=_status(call)
            )
        return settle.failed(claim, error, status=_status(call))
    except (Rejected, Unsupported) as error:
        return settle.failed(claim, error, status=_status(call))
    except ConnectorError as error:
        return settle.failed(claim, error, status=_status(call))
    except Exception as error:
        log.exception("command_crashed", command=claim.command.pk)
        return _crashed(claim, error)
    if done.pending:
        return settle.pending(claim, done.remote_id, status=_status(call))
    health.note_success(connection, "write")
    return settle.confirmed(claim, done.remote_id, status=_status(call))


def _not_yet(claim: Claim, error: OwnLimit) -> Command:
    """The published rate (of bulk work: its share) is used up by ourselves: that is no failed try. Nothing of the
    connection (no other bulk work of it) is claimed before it may go; then all goes on in its order."""
    until = clock.now() + timedelta(seconds=error.after_s or 0)
    if _is_bulk(claim.command):
        health.hold_bulk(claim.command.connection, until)
    else:
        health.hold(claim.command.connection, until)
    return settle.untried(claim, error, until)


def _is_bulk(command: Command) -> bool:
    return command.priority >= BULK


def _crashed(claim: Claim, error: Exception) -> Command:
    """Not the PMS's fault. Whether the request left decides what is known; a database that was away is no reason to
    give up what surely never left."""
    mistake = ConnectorError("Something went wrong in Bellhop.", detail=repr(error), code="crash")
    if claim.attempt.left_at is not None:
        return settle.unknown(claim, mistake)
    return settle.retry(claim, mistake) if isinstance(error, DatabaseError) else settle.failed(claim, mistake)


def _read_back(claim: Claim) -> Command:
    connection = claim.command.connection
    connector = caller.connector_for(connection)
    intent = intent_of(claim.command)
    since = settle.left_at(claim.command)
    call = caller.caller_for(connection)
    is_pending = claim.command.reason_code == PENDING and claim.command.remote_id
    try:
        if is_pending:
            found = connector.look_at(call, intent, claim.command.remote_id)
        else:
            found = connector.find(call, intent, since, known=_others(claim.command, since))
    except NotDelivered as error:
        return settle.failed(claim, error, status=_status(call))
    except OwnLimit as error:
        return _not_yet(claim, error)
    except RateLimited as error:
        return settle.read_later(claim, error, after_s=error.after_s)
    except Unsupported as error:
        return settle.unreadable(claim, error, propagation_s=connector.propagation_delay_s)
    except ConnectorError as error:
        return settle.read_later(claim, error)
    except Exception as error:
        log.exception("read_back_crashed", command=claim.command.pk)
        return settle.read_later(claim, ConnectorError(detail=repr(error), code="crash"))
    if found is None and is_pending:
        return settle.read_later(claim, Retryable("The PMS has not passed it on yet.", code=PENDING))
    if found is None:
        return settle.absent(
            claim,
            propagation_s=connector.propagation_delay_s,
            repeatable=connector.is_repeatable(intent),
        )
    health.note_success(connection, "write")
    return settle.confirmed(claim, found.remote_id, found=True)


def _others(command: Command, since: datetime) -> list[str]:
    """Remote ids of other Commands of the conversation: two equal texts in a row must not share one message."""
    return list(
        Command.objects.filter(
            connection_id=command.connection_id,
            conversation_id=command.conversation_id,
            kind=command.kind,
            created_at__gte=since - SKEW,
        )
        .exclude(pk=command.pk)
        .exclude(remote_id="")
        .values_list("remote_id", flat=True)[:500]
    )


def _status(call: caller.Caller) -> int | None:
    return call.last.status_code if call.last else None


class _LeaseLost(Exception):
    """This worker slept past its lease before anything left; another one has taken over."""


def _leaves(attempt: Attempt) -> None:
    """Commit the moment at which an effect leaves, so that whatever ends before it is known to be harmless, and so that
    nothing leaves twice. Raises _LeaseLost."""
    if attempt.left_at is not None:
        return
    now = clock.now()
    if not Attempt.objects.filter(pk=attempt.pk, finished_at__isnull=True).update(left_at=now):
        raise _LeaseLost
    attempt.left_at = now


def _without_answer(call: Call) -> Call:
    """A Call whose effects happen and whose answers to them are dropped."""

    def called(request: Request, /) -> Response:
        response = call(request)
        if request.effect:
            raise OutcomeUnknown("The answer was dropped on purpose.", code="rehearsed")
        return response

    return called
