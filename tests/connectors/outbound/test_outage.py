"""Invariant 8: while a PMS is down everything waits; afterwards all of it goes, in order, within the limits."""

from __future__ import annotations

from datetime import timedelta

from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.contract.errors import ConnectorError
from connectors.inbound import sync
from connectors.models import Command, CommandState, ConnectionHealth
from connectors.outbound import caller, probe
from inbox.models import Message
from tests.pms import Pms


def notice(pms: Pms) -> None:
    """Reads fail until the breaker opens."""
    call = caller.caller_for(pms.connection)
    for _ in range(3):
        try:
            call.connector.ping(call)
        except ConnectorError:
            continue
    assert ConnectionHealth.objects.get(pk=pms.connection.pk).down_since is not None


def test_an_outage_is_a_pause(pms: Pms) -> None:
    """Invariant 8: 32 replies over four threads, and guests who write meanwhile without a webhook reaching us."""
    threads = pms.threads(4)
    pms.subscribe()
    scale = 4
    pms.control("settings", "PATCH", limit_scale=scale)
    type(pms.connection).objects.update(limit_scale=scale)
    ConnectionHealth.objects.update(caught_up_to=clock.now())
    pms.control("peaks", "DELETE")
    pms.fault("webhook_lost")
    pms.fault("down", path="/guesty/*")
    notice(pms)
    replies = [pms.reply(thread, f"Reply {n}") for n in range(8) for thread in threads]
    given_up_at = {command.pk: command.give_up_at for command in Command.objects.all()}
    for thread in threads:
        pms.guest_writes(thread, "Is anybody there?")
    for _ in range(3):
        pms.forward(600)
        assert probe.probe_due() == 1
        pms.run()
    assert set(Command.objects.values_list("state", "tries")) == {(CommandState.WAITING, 0)}
    assert Incident.objects.filter(code="connection_down", closed_at=None).exists()

    pms.heal()
    pms.forward(130)
    down_for = clock.now() - ConnectionHealth.objects.get(pk=pms.connection.pk).down_since  # type: ignore[operator]
    assert probe.probe_due() == 1
    sync.plan_catch_ups()
    while Command.objects.exclude(state=CommandState.CONFIRMED).exists() or sync.run_due():
        pms.run()
    pms.hear()

    for thread in threads:
        shown = [post["body"] for post in pms.posts(thread, "Reply")]
        assert shown == [f"Reply {n}" for n in range(8)]
        assert Message.objects.filter(thread=thread, body="Is anybody there?").count() == 1
    for message in replies:
        message.refresh_from_db()
        pms.once(message.thread, message)
    for command in Command.objects.all():
        stood_still = command.give_up_at - given_up_at[command.pk]
        assert abs(stood_still - down_for) < timedelta(seconds=5)
    assert over(pms) <= 1
    assert Incident.objects.get(code="connection_down").closed_at is not None


def test_what_was_on_the_wire_when_it_went_down_is_read_back(pms: Pms) -> None:
    """Invariants 3 and 8: a 503 says nothing certain, so those few are looked up afterwards; nothing failed."""
    threads = pms.threads(5)
    pms.fault("down", path="/guesty/*")
    replies = [pms.reply(thread, "Into the outage") for thread in threads]
    pms.run()
    states = [pms.command(message).state for message in replies]
    assert set(states) == {CommandState.UNKNOWN, CommandState.WAITING}
    pms.heal()
    pms.forward(130)
    probe.probe_due()
    for _ in range(3):
        pms.run()
        pms.forward(62)
    for message, before in zip(replies, states, strict=True):
        expected = CommandState.UNCONFIRMED if before == CommandState.UNKNOWN else CommandState.CONFIRMED
        assert pms.command(message).state == expected
        message.refresh_from_db()
        assert len(pms.posts(message.thread, "Into the outage")) == (expected == CommandState.CONFIRMED)


def test_a_dead_pms_does_not_delay_another(pms: Pms) -> None:
    """Invariant 8: the other connection's imports and replies go on."""
    from connectors.models import SyncRun
    from tests import factories

    dead = factories.connect(pms.desk.organization, base_url="http://127.0.0.1:9/guesty")
    sync.start_backfill(dead)
    sync.start_backfill(pms.connection)
    while sync.run_due():
        pass
    assert SyncRun.objects.filter(connection=dead, finished_at__isnull=False).count() == 0
    assert SyncRun.objects.filter(connection=pms.connection, finished_at__isnull=True).count() == 0


def over(pms: Pms) -> float:
    """The most that was asked for in any window, as a share of the limit."""
    return max(window["over"] for window in pms.control("peaks")["peaks"])
