"""Claiming Commands: each by one worker, each thread in order. The race: two workers read the same waiting row."""

from __future__ import annotations

from collections import defaultdict

from django.db import transaction

from connectors.models import Attempt, Command, CommandState
from connectors.outbound import claim, delivery, outbox
from inbox.services import reply
from tests import factories
from tests.concurrency.both import Turn, together
from tests.factories import Desk
from tests.pms import Pms


def naive(here: Turn, there: Turn) -> int:
    """Read the first waiting row and take it, without locking it."""
    with transaction.atomic():
        command = Command.objects.filter(state=CommandState.WAITING).order_by("id").first()
        assert command is not None
        here.pass_by()
        there.reached()
        Command.objects.filter(pk=command.pk).update(state=CommandState.IN_FLIGHT)
        return command.pk


def test_the_race_exists_without_the_lock(desk: Desk) -> None:
    """Both workers would send the same message."""
    factories.answers(desk.agent, factories.thread(desk), "Once")
    one, two = Turn(), Turn()
    found = together(lambda: naive(one, two), lambda: naive(two, one))
    assert found[0] == found[1]


def test_eight_workers_take_one_command_once(desk: Desk) -> None:
    """Invariant 3."""
    factories.answers(desk.agent, factories.thread(desk), "Once")
    found = together(*[claim.take] * 8)
    assert len([one for one in found if one is not None]) == 1
    assert Attempt.objects.count() == 1


def test_two_workers_never_hold_one_thread(desk: Desk) -> None:
    """Invariant 5: two Commands of a thread are never on the wire together."""
    thread = factories.thread(desk)
    for n in range(4):
        factories.answers(desk.agent, thread, f"{n}", send_anyway=True)
    found = [one for one in together(*[claim.take] * 8) if one is not None]
    assert [type(one).__name__ for one in found] == ["Claim"]


def test_workers_together_leave_room_for_other_connections(desk: Desk) -> None:
    """Invariant 8: all of them look at the same moment, when nothing is in flight yet."""
    for n in range(12):
        factories.answers(desk.agent, factories.thread(desk), f"{n}")
    found = [one for one in together(*[claim.take] * 12) if one is not None]
    assert [type(one).__name__ for one in found] == ["Claim"] * claim.PER_CONNECTION


def test_undo_and_worker_race(desk: Desk) -> None:
    """ux C10: either it is undone and nothing leaves, or it leaves and undoing is refused; never both."""
    outcomes = set()
    for n in range(12):
        message = factories.answers(desk.agent, factories.thread(desk), f"Race {n}")
        undone, taken = together(lambda m=message: reply.withdraw(desk.agent, m), claim.take)
        if isinstance(undone, outbox.NotPossible):
            assert isinstance(taken, claim.Claim)
            outcomes.add("sent")
        else:
            assert not isinstance(undone, BaseException), undone
            assert taken is None
            outcomes.add("undone")
        Command.objects.update(state=CommandState.CONFIRMED)
        message.refresh_from_db()
        assert (message.withdrawn_at is None) == isinstance(taken, claim.Claim)
    assert outcomes


def test_four_workers_keep_every_threads_order(pms: Pms) -> None:
    """Invariants 3 and 5: 40 messages over 5 threads by four workers at once, to a PMS that sometimes loses answers."""
    threads = pms.threads(5)
    pms.fault("cut_after_work", path="*/send-message", every=7)
    expected = defaultdict(list)
    for n in range(8):
        for thread in threads:
            pms.reply(thread, f"Number {n}", send_anyway=True)
            expected[thread.pk].append(f"Number {n}")
    for _ in range(12):
        found = together(*[delivery.drain] * 4)
        assert not [error for error in found if isinstance(error, BaseException)], found
        pms.forward(3)
    pms.run()
    for thread in threads:
        assert [post["body"] for post in pms.posts(thread, "Number")] == expected[thread.pk]
    assert set(Command.objects.values_list("state", flat=True)) == {CommandState.CONFIRMED}
