"""STOP against a message that is due (consent.md §2). The race: consent is looked up, STOP is committed, then it
leaves."""

from __future__ import annotations

import itertools
from datetime import timedelta

from django.db import transaction

from bellhop.core import clock
from connectors.contract.direct import Address, AddressKind, Channel, DirectMessageRecord
from connectors.events import Source
from connectors.inbound import direct
from connectors.models import Attempt, Command, CommandState, Connection, Origin, WebhookDelivery
from connectors.outbound import claim
from inbox.models import Thread
from inbox.services import automatic, threads
from reservations.models import ChannelAddress, ConsentEntry
from reservations.services import consent
from tests import factories
from tests.channels import connect_twilio
from tests.concurrency.both import Turn, together
from tests.factories import Desk

PHONE = "+351912345678"
_ids = itertools.count(1)


def _texts(line: Connection, body: str) -> None:
    record = DirectMessageRecord(
        external_id=f"SM{next(_ids)}",
        channel=Channel.SMS,
        guest=Address(kind=AddressKind.PHONE, value=PHONE),
        body_text=body,
        sent_at=clock.now(),
    )
    with transaction.atomic():
        direct.apply(Source(connection=line), record, clock.now())


def _due(desk: Desk, line: Connection) -> Command:
    """A message of a plan, about to leave to somebody who wrote before."""
    _texts(line, "Hello")
    address = ChannelAddress.objects.get()
    with transaction.atomic():
        thread = threads.lock(Thread.objects.get().pk)
        automatic.send(thread, address, "Check-in is at 15:00.", origin=Origin.SEQUENCE)
    return Command.objects.get()


def _day(desk: Desk) -> None:
    """Noon at the guest's, so that quiet hours have no say."""
    clock.set_offset(timedelta())
    now = clock.now()
    clock.set_offset(now.replace(hour=12, minute=0) - now)


def test_the_race_exists_without_the_lock(desk: Desk) -> None:
    line = connect_twilio(desk.organization, "https://sms.example")
    _due(desk, line)
    looked, stopped = Turn(), Turn()

    def naive() -> bool:
        """What the claim does, without the address's lock."""
        with transaction.atomic():
            free = consent.standing(desk.organization.pk, "sms", PHONE).stopped is None
            looked.pass_by()
            stopped.reached()
            return free

    def stop() -> bool:
        looked.reached()
        _texts(line, "STOP")
        stopped.pass_by()
        return True

    left, _ = together(naive, stop)
    assert left is True
    assert ConsentEntry.objects.count() == 1


def test_nothing_leaves_after_a_stop_that_was_committed(desk: Desk) -> None:
    """The claim lets the message lie while a STOP is being written, looks again, and then finds it."""
    line = connect_twilio(desk.organization, "https://sms.example")
    _day(desk)
    command = _due(desk, line)
    locked, looked = Turn(), Turn()

    def stop() -> None:
        with transaction.atomic():
            _texts(line, "STOP")
            locked.pass_by()
            assert looked.reached()

    def take() -> object:
        locked.reached()
        try:
            return claim.take()
        finally:
            looked.pass_by()

    assert together(stop, take) == [None, None]
    command.refresh_from_db()
    assert (command.state, command.tries) == (CommandState.WAITING, 0)
    Command.objects.filter(pk=command.pk).update(lease_until=None)
    assert claim.take() is None
    command.refresh_from_db()
    assert (command.state, command.reason_code) == (CommandState.CANCELLED, "opted_out")
    assert not Attempt.objects.exists()


def test_what_came_in_before_is_read_first(desk: Desk) -> None:
    """A STOP that lies unread in the journal comes before whatever is due; a person's answer doesn't wait for it."""
    line = connect_twilio(desk.organization, "https://sms.example")
    _day(desk)
    command = _due(desk, line)
    now = command.due_at
    unread = WebhookDelivery.objects.create(
        connection=line, key="unread", received_at=now, next_try_at=now, headers={}, body=b"Body=STOP"
    )
    assert claim.take() is None
    command.refresh_from_db()
    assert (command.state, command.tries) == (CommandState.WAITING, 0)
    answer = factories.answers(desk.agent, Thread.objects.get(), "We are here.", send_anyway=True)
    assert answer.pk
    unread.delete()
    Command.objects.filter(pk=command.pk).update(lease_until=None)
    claimed = claim.take()
    assert claimed is not None
    assert claimed.command.pk == command.pk
