"""Invariant 3, fault 2: a worker is killed between claim and settle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import connection as database

from connectors.models import Attempt, CommandState
from connectors.outbound import claim, delivery, leases
from tests.harness.processes import Program
from tests.harness.waiting import eventually
from tests.pms import Pms


def hand(pms: Pms, folder: Path, what: str) -> Program:
    arguments = [database.settings_dict["NAME"], str(pms.sandbox.port), "dying", what]
    return Program("tests.hand", *arguments, log=folder / "hand.log")


def test_killed_before_it_left_is_sent_when_the_lease_ends(pms: Pms, tmp_path: Path) -> None:
    """Invariant 3: surely nothing had left."""
    thread = pms.thread()
    message = pms.reply(thread, "Claimed, then dead.")
    worker = hand(pms, tmp_path, "claim")
    worker.start()
    worker.says("claimed")
    worker.kill()
    pms.run()
    assert pms.command(message).state == CommandState.IN_FLIGHT, "its lease still runs"
    pms.forward(11)
    pms.run()
    results = list(pms.command(message).attempts.order_by("number").values_list("result", flat=True))
    assert results == [Attempt.Result.RETRY, Attempt.Result.CONFIRMED]
    pms.once(thread, message)


def test_killed_after_it_left_is_read_back(pms: Pms, tmp_path: Path) -> None:
    """Invariant 3: the PMS has it; the supervisor frees the lease at once."""
    thread = pms.thread()
    pms.fault("slow_after_work", path="*/send-message", seconds=20)
    message = pms.reply(thread, "Posted, then dead.")
    worker = hand(pms, tmp_path, "drain")
    worker.start()
    eventually(lambda: pms.posts(thread, "Posted"))
    worker.kill()
    pms.heal()
    assert leases.release("dying") == 1
    pms.run()
    command = pms.command(message)
    assert command.state == CommandState.CONFIRMED
    results = list(command.attempts.order_by("number").values_list("read_back", "result"))
    assert results == [(False, Attempt.Result.UNKNOWN), (True, Attempt.Result.FOUND)]
    pms.once(thread, message)


def test_killed_while_reading_back(pms: Pms, tmp_path: Path) -> None:
    """Invariant 3: another worker reads once more."""
    thread = pms.thread()
    pms.fault("cut_after_work", path="*/send-message")
    message = pms.reply(thread, "Read by two.")
    pms.run()
    pms.fault("slow", path="*/posts", seconds=20)
    pms.control("requests", "DELETE")
    pms.forward(3)
    worker = hand(pms, tmp_path, "drain")
    worker.start()
    eventually(lambda: pms.command(message).leased_by == "dying")
    worker.kill()
    pms.heal()
    leases.release("dying")
    pms.run()
    assert pms.command(message).state == CommandState.CONFIRMED
    assert not pms.command(message).attempts.filter(result=Attempt.Result.RUNNING).exists()
    pms.once(thread, message)


def test_a_living_worker_keeps_what_it_holds(pms: Pms, settings: Any) -> None:
    """A lease is renewed, so nobody else takes a slow call over."""
    from connectors.models import Command
    from connectors.outbound.leases import keeper

    pms.reply(pms.thread(), "Slow.")
    held = claim.take()
    assert held is not None
    with keeper.held(Command, held.command.pk):
        pms.forward(9)
        before = Command.objects.get(pk=held.command.pk).lease_until
        eventually(lambda: Command.objects.get(pk=held.command.pk).lease_until > before)
        pms.forward(8)
        assert claim.take() is None


def test_who_slept_past_its_lease_sends_nothing(pms: Pms) -> None:
    """Invariant 3: another worker took over, so the one that wakes up must not send it once more."""
    thread = pms.thread()
    message = pms.reply(thread, "Taken over.")
    asleep = claim.take()
    assert asleep is not None
    pms.forward(11)
    pms.run()
    delivery.run(asleep)
    pms.run()
    assert pms.command(message).state == CommandState.CONFIRMED
    pms.once(thread, message)
