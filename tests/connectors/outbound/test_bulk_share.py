"""Invariant 9: bulk work uses four fifths of each window at most, and an agent's reply goes first: beside it, and in
the thread in which it stands before the reply."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from bellhop.core import clock
from connectors.models import Command, CommandState, Connection, ConnectionHealth, RateState
from connectors.outbound import claim, delivery
from connectors.outbound.claim import PER_CONNECTION
from inbox.models import Message, Thread
from inbox.services import automatic, threads
from tests.pms import Pms

SCALE = 0.05
"""Of the published 120 calls a minute: six, of which bulk work may use four."""


def planned(thread: Thread, body: str) -> Message:
    """A message of a sequence."""
    with transaction.atomic():
        return automatic.send_by_pms(threads.lock(thread.pk, "connection"), body, label="Step 1")


def test_a_reply_goes_out_while_the_bulk_waits(pms: Pms) -> None:
    several = pms.threads(9)
    pms.run()
    for thread in several[:8]:
        planned(thread, "Tomorrow!")
    Connection.objects.filter(pk=pms.connection.pk).update(limit_scale=SCALE)
    RateState.objects.update(windows={})  # what was read before doesn't count
    delivery.drain()
    health = ConnectionHealth.objects.get(pk=pms.connection.pk)
    sent = Command.objects.filter(origin="sequence", state=CommandState.CONFIRMED).count()
    assert health.bulk_hold_until is not None
    assert (health.hold_until, 0 < sent < 8) == (None, True)
    answer = pms.reply(several[8], "Here I am.")
    began = clock.now()
    delivery.drain()
    assert pms.command(answer).state == CommandState.CONFIRMED
    assert clock.now() - began < timedelta(seconds=2)
    assert Command.objects.filter(origin="sequence", state=CommandState.CONFIRMED).count() == sent


def test_what_stands_before_a_reply_is_pulled_forward(pms: Pms) -> None:
    """Invariant 5 holds, and the reply doesn't wait for the bulk's turn."""
    thread = pms.thread()
    first = planned(thread, "Tomorrow!")
    ConnectionHealth.objects.filter(pk=pms.connection.pk).update(
        bulk_hold_until=clock.now() + timedelta(hours=1)
    )
    assert claim.take() is None
    answer = pms.reply(thread, "Before that: yes.")
    pms.run()
    assert [pms.command(one).state for one in (first, answer)] == [CommandState.CONFIRMED] * 2
    assert [post["body"] for post in pms.posts(thread)][-2:] == ["Tomorrow!", "Before that: yes."]


def test_bulk_work_leaves_a_place_to_people(pms: Pms) -> None:
    several = pms.threads(PER_CONNECTION + 2)
    for thread in several[:-1]:
        planned(thread, "Tomorrow!")
    taken = [claim.take() for _ in range(PER_CONNECTION)]
    assert [one is not None for one in taken] == [True] * (PER_CONNECTION - 1) + [False]
    answer = pms.reply(several[-1], "Here I am.")
    last = claim.take()
    assert last is not None
    assert last.command.pk == pms.command(answer).pk
