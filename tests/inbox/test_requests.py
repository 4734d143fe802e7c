"""Guests' requests: asked, decided, in the PMS, taken back (signature N14)."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from bellhop.core import events
from connectors.events import CommandMoved
from connectors.models import Command, CommandState
from reservations.events import FieldChange, StayChanged
from reservations.models import PmsState, RequestKind, Reservation, StayRequest
from reservations.services import request_conflicts, requests
from reservations.services.requests import Terms, Wish
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db
LATE, ONE, ELEVEN = RequestKind.LATE_CHECK_OUT, time(13), time(11)
State: TypeAlias = StayRequest.State


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    desk.unit.check_out_time, desk.unit.check_in_time = ELEVEN, time(15)
    desk.unit.save()
    return factories.stay(desk, starts_in=-2)


def asked(desk: Desk, stay: Reservation, kind: RequestKind = LATE, **more: Any) -> StayRequest:
    return requests.ask(desk.agent, stay, Wish(kind=kind, **{"wished": ONE, **more}))


def command() -> Command:
    return Command.objects.order_by("-pk")[0]


def settle(state: CommandState, reason: str = "") -> None:
    row = command()
    row.state, row.reason = state, reason
    row.save(update_fields=["state", "reason"])
    with transaction.atomic():
        events.emit(CommandMoved(command=row))


def told(stay: Reservation, at: time | None) -> None:
    """The PMS says another check-out time."""
    stay.refresh_from_db()
    old, stay.check_out_time = stay.check_out_time, at
    stay.save()
    change = FieldChange("check_out_time", str(old), str(at))
    with transaction.atomic():
        events.emit(StayChanged(reservation=stay, changes=(change,), created=False, history=False))


def test_an_approval_is_written_to_the_pms_and_confirmed(desk: Desk, stay: Reservation) -> None:
    row = asked(desk, stay)
    assert row.state == State.ASKED
    row = requests.approve(desk.agent, row, Terms(price=Decimal(30), currency="eur"))
    assert (row.state, row.agreed, row.currency, row.decided_name) == (
        State.APPROVED, ONE, "EUR", desk.agent.full_name,
    )  # fmt: skip
    assert command().kind == "set_stay_times"
    assert command().intent["check_out"] == "13:00"
    assert (row.pms_way, row.pms_state) == ("times", PmsState.WAITING)
    settle(CommandState.CONFIRMED)
    row.refresh_from_db()
    assert row.pms_state == PmsState.DONE


def test_asked_twice_is_one_request_with_the_newer_time(desk: Desk, stay: Reservation) -> None:
    first = asked(desk, stay, wished=time(12))
    again = asked(desk, stay, wished=ONE)
    assert first.pk == again.pk
    assert again.wished == ONE
    assert asked(desk, stay, RequestKind.COT, wished=None).pk != first.pk


def test_what_the_pms_does_not_take_is_said_and_told_again(desk: Desk, stay: Reservation) -> None:
    row = requests.approve(desk.agent, asked(desk, stay), Terms())
    settle(CommandState.FAILED, "The stay is closed.")
    row.refresh_from_db()
    assert (row.pms_state, row.pms_reason) == (PmsState.FAILED, "The stay is closed.")
    requests.retry(desk.agent, row)
    assert Command.objects.count() == 2
    row.refresh_from_db()
    assert row.pms_state == PmsState.WAITING


def test_taken_back_before_it_left_is_never_sent(desk: Desk, stay: Reservation) -> None:
    row = requests.approve(desk.agent, asked(desk, stay), Terms())
    row = requests.withdraw(desk.agent, row)
    assert command().state == CommandState.CANCELLED
    assert (row.state, row.pms_state) == (State.WITHDRAWN, "")


def test_taken_back_afterwards_travels_the_same_way(desk: Desk, stay: Reservation) -> None:
    row = requests.approve(desk.agent, asked(desk, stay), Terms())
    settle(CommandState.CONFIRMED)
    row.refresh_from_db()
    requests.withdraw(desk.agent, row)
    assert command().intent["check_out"] == "11:00"


def test_other_wishes_become_a_task_or_a_note(desk: Desk, stay: Reservation) -> None:
    row = requests.approve(
        desk.agent, asked(desk, stay, RequestKind.COT, wished=None, note="for a baby"), Terms()
    )
    assert row.pms_way == "task"
    assert command().intent["title"] == "Cot: for a baby"
    requests.withdraw(desk.agent, row)


def test_a_time_is_needed(desk: Desk, stay: Reservation) -> None:
    row = asked(desk, stay, wished=None)
    with pytest.raises(ValidationError, match="Give a time"):
        requests.approve(desk.agent, row, Terms())
    with pytest.raises(ValidationError, match="Give a time"):
        requests.propose(desk.agent, row, Terms())


def test_two_people_decide_once(desk: Desk, stay: Reservation) -> None:
    row = asked(desk, stay)
    requests.decline(desk.agent, row)
    with pytest.raises(ValidationError, match="meanwhile: Declined"):
        requests.decline(desk.agent, row)
    requests.approve(desk.agent, row, Terms())  # a no may become a yes
    assert StayRequest.objects.get().state == State.APPROVED


def test_who_may_not_decide(desk: Desk, stay: Reservation) -> None:
    row = asked(desk, stay)
    housekeeper = desk.people["Housekeeper"]
    for deed in (requests.decline, requests.withdraw):
        with pytest.raises(PermissionDenied):
            deed(housekeeper, row)
    with pytest.raises(PermissionDenied):
        requests.approve(housekeeper, row, Terms())
    source = StayRequest.Source.HOUSEKEEPING
    assert requests.ask(housekeeper, stay, Wish(kind=RequestKind.OTHER, note="Lamp broken", source=source)).pk


def test_a_change_in_the_pms_updates_the_request(desk: Desk, stay: Reservation) -> None:
    row = requests.approve(desk.agent, asked(desk, stay), Terms())
    settle(CommandState.CONFIRMED)
    told(stay, ONE)  # our own, come back
    row.refresh_from_db()
    assert row.decided_name == desk.agent.full_name
    told(stay, time(14))
    row.refresh_from_db()
    assert (row.agreed, row.decided_name, row.state) == (time(14), "", State.APPROVED)
    told(stay, ELEVEN)
    row.refresh_from_db()
    assert row.state == State.WITHDRAWN


def test_what_was_asked_and_is_decided_in_the_pms_is_decided(desk: Desk, stay: Reservation) -> None:
    row = asked(desk, stay)
    told(stay, ONE)
    row.refresh_from_db()
    assert (row.state, row.agreed, row.pms_state) == (State.APPROVED, ONE, PmsState.DONE)
    assert not Command.objects.exists()


def test_ours_on_its_way_is_not_undone_by_an_older_word(desk: Desk, stay: Reservation) -> None:
    row = requests.approve(desk.agent, asked(desk, stay), Terms())
    told(stay, time(12))
    row.refresh_from_db()
    assert row.agreed == ONE


@pytest.mark.parametrize(("arrives", "blocks"), [(time(15), False), (time(14), True)])
def test_the_next_arrival_is_said_before(desk: Desk, stay: Reservation, arrives: time, blocks: bool) -> None:
    other = factories.stay(desk, name="Next")
    assert stay.departure_date is not None
    other.unit, other.arrival_date, other.check_in_time = stay.unit, stay.departure_date, arrives
    other.departure_date = other.arrival_date + timedelta(days=2)
    other.save()
    (found,) = request_conflicts.of(asked(desk, stay))
    assert found.blocks is blocks
    assert f"{arrives:%H:%M}" in found.words
