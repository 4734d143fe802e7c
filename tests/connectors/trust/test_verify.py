"""`verify`: writes to a reservation that a person marked as a test, and reads each thing back."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from connectors.contract.events import Entity, ReadHint
from connectors.events import Source
from connectors.inbound import processing, reading
from connectors.models import Command
from connectors.outbound import caller
from connectors.trust.verify import NotATest, verify
from tests.pms import Pms


def mirror(pms: Pms, code: str = "TEST-0001") -> str:
    """Read the stay. Returns its remote id."""
    remote_id = str(pms.control(f"reservations/{code}")["id"])
    connector, call = caller.connector_for(pms.connection), caller.caller_for(pms.connection)
    fetched = reading.fetch(
        pms.connection, connector, call, ReadHint(entity=Entity.RESERVATION, external_id=remote_id)
    )
    assert fetched is not None
    with transaction.atomic():
        processing.apply_fetched(Source(connection=pms.connection), fetched)
    return remote_id


def test_every_write_is_read_back(pms: Pms, capsys: pytest.CaptureFixture[str]) -> None:
    mirror(pms)
    field = pms.control("state")["custom_fields"][0]["key"]
    pms.control("reservations/TEST-0001/custom-field", "POST", field=field, value="before")
    steps = list(verify(pms.connection, "TEST-0001", pause=lambda _: None))
    assert [(step.name, step.passed) for step in steps] == [
        ("read the reservation", True),
        ("message", True),
        ("note", True),
        ("custom field", True),
        ("times", True),
        ("work order", True),
        ("work order closed", True),
        ("answer lost after the effect", True),
    ], steps
    thread = pms.thread()
    assert len(pms.posts(thread, "Bellhop write-back test,")) == 1
    pms.run()
    call_command("verify", pms.connection.name, reservation="TEST-0001")
    assert capsys.readouterr().out.count("ok  ") == 8


def test_an_unmarked_reservation_is_not_touched(pms: Pms) -> None:
    stay = pms.control("book", "POST", guest_name="A real guest")["reservation"]
    mirror(pms, stay["id"])
    with pytest.raises(NotATest):
        list(verify(pms.connection, stay["code"]))
    with pytest.raises(CommandError, match="not a reservation marked as a test"):
        call_command("verify", pms.connection.name, reservation=stay["code"])
    assert not Command.objects.exists()


def test_what_did_not_arrive_fails_the_test(pms: Pms) -> None:
    mirror(pms)
    pms.fault("error_in_200", path="*/send-message")
    steps = {step.name: step for step in verify(pms.connection, "TEST-0001", pause=lambda _: None)}
    assert not steps["message"].passed
    assert steps["message"].evidence.startswith("failed")
    assert steps["note"].passed
    with pytest.raises(CommandError, match="did not pass"):
        call_command("verify", pms.connection.name, reservation="TEST-0001")
