"""Connections: adding, pausing, new credentials, from code and from the terminal; what is written down about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.core.management.base import CommandError

from bellhop.accounts.models import AuditEntry
from bellhop.core.models import LiveEvent
from connectors.contract.intents import AddNote
from connectors.inbound import processing, sync
from connectors.models import Command, Connection, ConnectionHealth, Stage, SyncRun
from connectors.outbound import outbox
from connectors.trust import connecting
from connectors.trust.connecting import CannotConnect, NewConnection
from tests import factories
from tests.pms import Pms

GOOD = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


def new(pms: Pms, **changes: Any) -> NewConnection:
    values: dict[str, Any] = {
        "slug": "guesty",
        "name": "Second",
        "credentials": GOOD,
        "base_url": pms.sandbox.url,
        "stage": Stage.SANDBOX,
        "limit_scale": 100,
        **changes,
    }
    return NewConnection(**values)


def test_connecting_tests_and_plans_the_import(pms: Pms) -> None:
    made = connecting.connect(pms.desk.organization, new(pms))
    made.refresh_from_db()
    assert made.account_name == "Harbour House Group"
    planned = list(made.sync_runs.order_by("id").values_list("entity", flat=True))
    assert planned == [*sync.ORDER, "person", "work_order"]
    assert ConnectionHealth.objects.get(pk=made.pk).caught_up_to is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"slug": "nobody"},
        {"credentials": {}},
        {"credentials": {**GOOD, "client_secret": "wrong"}},
        {"base_url": "http://127.0.0.1:9/guesty"},
        {"timezone": "Mars/Olympus"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_cannot_be_used_leaves_nothing(pms: Pms, changes: dict[str, Any]) -> None:
    with pytest.raises(CannotConnect) as caught:
        connecting.connect(pms.desk.organization, new(pms, **changes))
    assert str(caught.value)
    assert list(Connection.objects.all()) == [pms.connection]
    assert ConnectionHealth.objects.count() == 1
    assert not SyncRun.objects.exists()


def test_a_name_is_given_once(pms: Pms) -> None:
    connecting.connect(pms.desk.organization, new(pms))
    with pytest.raises(CannotConnect, match="exists"):
        connecting.connect(pms.desk.organization, new(pms))
    connecting.connect(factories.desk("other").organization, new(pms))


def test_pausing_calls_nothing_and_takes_webhooks(pms: Pms) -> None:
    """While it is paused, webhooks wait with a time; afterwards all goes on."""
    thread = pms.thread()
    pms.subscribe()
    manager = pms.desk.people["Operations manager"]
    connecting.pause(pms.connection, "Maintenance.", manager)
    pms.control("requests", "DELETE")
    message = pms.reply(thread, "Waits.")
    pms.guest_writes(thread, "Hello?")
    pms.control(f"reservations/{pms.control('reservations/TEST-0001')['id']}/cancel", "POST", by="GUEST")
    pms.hear()
    assert pms.control("requests")["requests"] == []
    assert pms.command(message).tries == 0
    assert thread.messages.filter(body="Hello?").exists(), "what needs no call is applied at once"
    connecting.resume(pms.connection, manager)
    pms.forward(20)
    pms.hear()
    pms.once(thread, message)
    assert not processing.drain()
    actions = AuditEntry.objects.order_by("id").values_list("action", "user", "after")
    assert list(actions) == [
        ("connection.paused", manager.pk, "Maintenance."),
        ("connection.resumed", manager.pk, None),
    ]


def test_only_those_who_may(pms: Pms) -> None:
    for person in (pms.desk.agent, pms.desk.people["Marketer"]):
        for act in (
            lambda p=person: connecting.pause(pms.connection, "x", p),
            lambda p=person: connecting.resume(pms.connection, p),
            lambda p=person: connecting.reauthenticate(pms.connection, GOOD, p),
        ):
            with pytest.raises(PermissionDenied):
                act()
    with pytest.raises(PermissionDenied):
        connecting.reauthenticate(pms.connection, GOOD, pms.desk.people["Operations manager"])
    assert not AuditEntry.objects.exists()


def test_refused_credentials_wait_for_new_ones(pms: Pms) -> None:
    """Invariant 12, fault 17: nothing is tried, a person is told, the queue stays."""
    from bellhop.core.models import Incident

    thread = pms.thread()
    Connection.objects.filter(pk=pms.connection.pk).update(credentials={**GOOD, "client_secret": "wrong"})
    pms.control("tokens/revoke", "POST")
    message = pms.reply(thread, "After new credentials.")
    pms.run()
    assert pms.command(message).state == "waiting"
    incident = Incident.objects.get(code="credentials_refused", closed_at=None)
    assert incident.alerted_user_id == pms.desk.people["Operations manager"].pk
    admin = pms.desk.people["Admin"]
    connecting.reauthenticate(pms.connection, {"client_id": "", "client_secret": "sandbox-secret"}, admin)
    pms.forward(40)
    pms.run()
    pms.once(thread, message)
    incident.refresh_from_db()
    assert incident.closed_at is not None
    entry = AuditEntry.objects.get(action="connection.credentials_changed")
    assert "sandbox-secret" not in json.dumps([entry.before, entry.after])
    assert LiveEvent.objects.filter(topic="connection").exists()


# --- the terminal ---
def test_add_list_pause_resume(pms: Pms, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps(GOOD))
    options = {
        "base_url": pms.sandbox.url,
        "stage": "sandbox",
        "credentials": str(file),
        "limit_scale": 100.0,
    }
    call_command("connections", "add", "guesty", **options, name="By hand", timezone="UTC")
    assert "Connected By hand" in capsys.readouterr().out
    call_command("connections", "pause", "By hand", reason="Later.")
    call_command("connections", "list")
    line = next(
        line for line in capsys.readouterr().out.splitlines() if "By hand" in line and "sandbox" in line
    )
    assert "paused  0 waiting" in line
    call_command("connections", "resume", Connection.objects.get(name="By hand").public_id)
    assert Connection.objects.get(name="By hand").paused_at is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["pause", "Nobody"], "No connections called 'Nobody'"),
        (["add", "nobody"], "No connector 'nobody'"),
        (["add", "guesty", "--organization", "nobody"], "No organization 'nobody'"),
        (["add", "guesty", "--limit-scale", "2"], "--limit-scale is for sandbox"),
        (["add", "guesty"], "needs client_id"),
        (["add", "guesty", "--credentials", "/nowhere.json"], "can't be read"),
    ],
)
def test_mistakes_say_what_to_do(pms: Pms, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("connections", *arguments)


def test_the_export_is_what_the_pms_has(pms: Pms, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON line per message, comparable with the other side."""
    thread = pms.thread()
    pms.guest_writes(thread, "Olá 🏡")
    pms.reply(thread, "Hello back")
    pms.run()
    pms.thread()
    capsys.readouterr()
    call_command("connections", "export", pms.connection.public_id)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    theirs = [(post["id"], post["body"]) for post in pms.posts(thread) if post["direction"] != "internal"]
    ours = [(line["external_id"], line["body"]) for line in lines]
    assert ours == [pair for pair in theirs if pair[1] in {body for _, body in ours}]
    assert {"Olá 🏡", "Hello back"} <= {body for _, body in ours}
    assert all(line["sent_at"].endswith("Z") for line in lines)


def test_a_pause_takes_no_time_from_what_waits(pms: Pms) -> None:
    """The clock of a waiting Command stands still while nothing may be carried out."""
    command = outbox.enqueue(
        pms.connection, AddNote(body="later", conversation_id="c"), subject="note:1", order_key="thread:1"
    )
    connecting.pause(pms.connection, "lunch")
    pms.forward(3600)
    connecting.resume(pms.connection)
    before, after = command.give_up_at, Command.objects.get(pk=command.pk).give_up_at
    assert (after - before).total_seconds() == pytest.approx(3600, abs=30)
