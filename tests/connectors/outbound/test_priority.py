"""Invariant 9: an agent's reply goes first while bulk work takes all that it may, and nobody exceeds the limit."""

from __future__ import annotations

import threading

from django.db import connection as database

from connectors.contract.errors import RateLimited
from connectors.models import Attempt, CommandState, Connection, RateState
from connectors.outbound import caller, delivery, limits
from tests.pms import Pms


def test_an_agent_gets_through_while_bulk_runs(pms: Pms) -> None:
    """Invariant 9: at the published rates, three imports that never pause and five replies."""
    threads = pms.threads(5)
    pms.control("settings", "PATCH", limit_scale=1)
    Connection.objects.update(limit_scale=1)
    pms.control("peaks", "DELETE")
    connection = Connection.objects.get(pk=pms.connection.pk)
    enough = threading.Event()

    def bulk() -> None:
        call = caller.caller_for(connection, bulk=True)
        try:
            while not enough.is_set():
                try:
                    call.connector.ping(call)
                except RateLimited:
                    enough.wait(0.1)
        finally:
            database.close()

    workers = [threading.Thread(target=bulk) for _ in range(3)]
    for worker in workers:
        worker.start()
    try:
        replies = [pms.reply(thread, f"Reply {n}") for n, thread in enumerate(threads)]
        while delivery.drain():
            pass
    finally:
        enough.set()
        for worker in workers:
            worker.join(30)
    assert [(pms.command(message).state, pms.command(message).tries) for message in replies] == [
        (CommandState.CONFIRMED, 1)
    ] * 5
    peaks = pms.control("peaks")["peaks"]
    assert max(window["over"] for window in peaks) <= 1
    assert sum(window["refused"] for window in peaks) == 0


def test_waiting_for_our_own_rate_is_no_failed_try(pms: Pms) -> None:
    """A backlog at the limit keeps its order and its patience: nothing is claimed until the next call may go."""
    threads = pms.threads(3)
    Connection.objects.update(limit_scale=1)
    connection = Connection.objects.get(pk=pms.connection.pk)
    by_key = caller.connector_for(connection).limits_by_key()
    minute = {key: [one for one in many if one.window_s == 60] for key, many in by_key.items()}
    while limits.take_all(minute) == 0:
        pass
    replies = [pms.reply(thread, f"Reply {n}") for n, thread in enumerate(threads)]
    assert delivery.drain() == 1
    commands = [pms.command(message) for message in replies]
    assert [(one.state, one.tries, one.first_sent_at) for one in commands] == [
        (CommandState.WAITING, 0, None)
    ] * 3
    assert [one.due_at for one in commands] == sorted(one.due_at for one in commands)
    assert not Attempt.objects.exists()
    RateState.objects.all().delete()
    pms.forward(65)
    pms.run()
    assert [pms.command(message).tries for message in replies] == [1] * 3
