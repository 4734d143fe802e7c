"""Invariant 7: once a cancellation is committed, no Attempt of sequence origin for that stay starts; one that is on the
wire is waited for. The race: the claim looks at the stay, the cancellation commits, then it leaves."""

from __future__ import annotations

import itertools

import pytest
from django.db import transaction

from bellhop.core import clock, events
from connectors.contract.events import Entity
from connectors.inbound import identity
from connectors.models import Attempt, Command, CommandState, Origin
from connectors.outbound import claim
from inbox.services import automatic, threads
from reservations.events import FieldChange, StayChanged
from reservations.models import Enrollment, Reservation, ScheduledMessage, Sequence, SequenceVersion
from reservations.sequences import stopping
from tests import factories
from tests.concurrency.both import Turn, together
from tests.factories import Desk

TRIES = 60
_numbers = itertools.count(1)


def due(desk: Desk, sequence: Sequence, version: SequenceVersion) -> tuple[Reservation, Command]:
    """A stay with a message of a sequence that was committed and is about to leave."""
    stay = factories.stay(desk, conversation_id=f"c{next(_numbers)}")
    thread = factories.thread(desk, stay, conversation_id=stay.conversation_id)
    identity.remember(desk.connection.pk, Entity.RESERVATION, stay.remote_id, stay.pk)
    now = clock.now()
    enrollment = Enrollment.objects.create(
        organization=desk.organization, sequence=sequence, version=version, reservation=stay, enrolled_at=now
    )
    with transaction.atomic():
        message = automatic.send_by_pms(threads.lock(thread.pk, "connection"), "Tomorrow!", label="Step")
    command = Command.objects.get(subject=f"message:{message.pk}")
    ScheduledMessage.objects.create(
        organization=desk.organization,
        enrollment=enrollment,
        sequence=sequence,
        reservation=stay,
        step_key="s1",
        due_at=now,
        state=ScheduledMessage.State.SENT,
        message_id=message.pk,
        command_ids=[command.pk],
    )
    return stay, command


@pytest.fixture
def sequence(desk: Desk) -> tuple[Sequence, SequenceVersion]:
    now = clock.now()
    row = Sequence.objects.create(
        organization=desk.organization, name="S", state="live", draft={}, draft_at=now, created_at=now
    )
    version = SequenceVersion.objects.create(sequence=row, number=1, definition={}, published_at=now)
    return row, version


def cancel(stay: Reservation) -> bool:
    """What applying the PMS's cancellation does. False where it has to wait."""
    if stopping.must_wait(stay.connection_id, [stay.remote_id]):
        return False
    with transaction.atomic():
        row = Reservation.objects.select_for_update(no_key=True).get(pk=stay.pk)
        row.status = Reservation.Status.CANCELLED
        row.save(update_fields=["status"])
        changes = (FieldChange("status", "confirmed", "cancelled"),)
        events.emit(StayChanged(reservation=row, changes=changes, created=False, history=False))
    return True


def test_the_race_exists_without_the_lock(desk: Desk, sequence: tuple[Sequence, SequenceVersion]) -> None:
    stay, _ = due(desk, *sequence)
    looked, cancelled = Turn(), Turn()

    def naive() -> bool:
        """What the claim asks, without holding the stay."""
        free = Reservation.objects.get(pk=stay.pk).stopping_at is None
        looked.pass_by()
        cancelled.reached()
        return free

    def end() -> bool:
        looked.reached()
        done = cancel(stay)
        cancelled.pass_by()
        return done

    assert together(naive, end) == [True, True]


def test_nothing_starts_after_the_commit(desk: Desk, sequence: tuple[Sequence, SequenceVersion]) -> None:
    """Each try: either it was claimed first, and the cancellation waits; or it is cancelled, and no Attempt exists."""
    for _ in range(TRIES):
        stay, command = due(desk, *sequence)
        claimed, ended = together(claim.take, lambda stay=stay: cancel(stay))
        command.refresh_from_db()
        assert not isinstance(ended, BaseException), ended
        if ended:
            assert command.state in {CommandState.CANCELLED, CommandState.WAITING}
            assert claim.take() is None
            assert not Attempt.objects.filter(command=command).exists()
        else:
            assert claimed is not None
            assert command.state == CommandState.IN_FLIGHT
            Command.objects.filter(pk=command.pk).update(state=CommandState.CONFIRMED, lease_until=None)
            assert cancel(stay)
        assert command.origin == Origin.SEQUENCE
        Command.objects.exclude(state=CommandState.CONFIRMED).update(state=CommandState.CANCELLED)
