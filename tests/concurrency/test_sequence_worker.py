"""A worker of sequences that dies (fault 2): what it had taken is sent by another one, once (S4)."""

from __future__ import annotations

from pathlib import Path

from django.db import connection as database

from connectors.models import Command
from inbox.models import Message
from reservations.models import ScheduledMessage
from reservations.sequences import sending
from tests.concurrency.both import together
from tests.factories import Desk
from tests.harness.processes import Program
from tests.harness.waiting import eventually
from tests.sequences import at_noon, booked, live, said, states


def test_killed_between_claim_and_commit(desk: Desk, tmp_path: Path) -> None:
    """The stay and the message were locked, the Command was written, the process is killed: another one sends it."""
    at_noon()
    live(desk)
    stay = booked(desk)
    worker = Program(
        "tests.hand", database.settings_dict["NAME"], "1", "dying", "plan", log=tmp_path / "hand.log"
    )
    worker.start()
    worker.says("planned")
    assert sending.send_due() == 0, "it is another worker's"
    worker.kill()
    assert eventually(lambda: sending.send_due() == 1)
    assert said(stay) == ["Hello Maria"]
    assert (states(stay), Command.objects.count()) == ([("sent", "")], 1)


def test_four_workers_send_each_message_once(desk: Desk) -> None:
    """S4: whoever looks at the same moment."""
    at_noon()
    live(desk)
    for _ in range(30):
        booked(desk)
    done = together(*[sending.send_due] * 4)
    assert not [found for found in done if isinstance(found, BaseException)]
    sending.send_due()
    assert set(ScheduledMessage.objects.values_list("state", flat=True)) == {"sent"}
    assert Message.objects.count() == Command.objects.count() == 30
