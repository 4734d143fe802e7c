"""One tap on the board: kept once, undone, asked about where it should be, told to the PMS where it can know."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from bellhop.core import clock, events
from bellhop.core.models import LiveEvent
from connectors.contract.events import Entity
from connectors.contract.records import HousekeepingRecord
from connectors.events import CommandMoved, Source
from connectors.inbound import identity
from connectors.inbound.apply import apply
from connectors.models import Command, CommandState, ConnectionHealth
from reservations.board import night, reading, setting
from reservations.board.cards import Card
from reservations.board.setting import Ask, Tap
from reservations.models import Cleaning, PmsState, Property, Reservation, Unit, UnitState, UnitStateChange
from reservations.sequences import conditions
from reservations.sequences.definition import Rule
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db
_numbers = itertools.count(1)


@pytest.fixture
def desk() -> Desk:
    """At a PMS without housekeeping."""
    made = factories.desk()
    identity.remember(made.connection.pk, Entity.UNIT, "room", made.unit.pk)
    return made


@pytest.fixture
def hotel() -> Desk:
    """At a PMS that keeps conditions of rooms."""
    made = factories.desk("hotel", stage="live")
    made.connection.slug = "cloudbeds"
    made.connection.save()
    identity.remember(made.connection.pk, Entity.UNIT, "1-101", made.unit.pk)
    return made


def today() -> date:
    return clock.now().date()


def tap(desk: Desk, act: str, token: str = "", **more: object) -> UnitStateChange | None:
    wanted = Tap(act=act, token=token or f"tap {next(_numbers)}", **more)  # type: ignore[arg-type]
    return setting.tap(desk.people["Housekeeper"], desk.unit, wanted)


def card(desk: Desk) -> Card:
    [found] = reading.of_places([desk.place], clock.now())
    return found


def settle(state: CommandState, reason: str = "") -> None:
    row = Command.objects.order_by("-pk")[0]
    row.state, row.reason = state, reason
    row.save(update_fields=["state", "reason"])
    with transaction.atomic():
        events.emit(CommandMoved(command=row))


def tell(desk: Desk, condition: str, **more: bool) -> None:
    told = HousekeepingRecord(external_id="1-101", condition=condition, **more)
    with transaction.atomic():
        apply(Source(connection=desk.connection), told)
    desk.unit.refresh_from_db()


def test_each_tap_leads_to_the_next_state(desk: Desk) -> None:
    desk.unit.condition = "dirty"
    desk.unit.save()
    for state in ("going", "clean", "inspected", ""):
        shown = card(desk)
        if shown.next_act:
            tap(desk, shown.next_act)
        assert card(desk).state == (state or "inspected")
    assert UnitStateChange.objects.count() == 3


def test_the_same_tap_twice_is_one(desk: Desk) -> None:
    """Invariant 3: what a bad line sends twice."""
    first, again = tap(desk, "clean", "one"), tap(desk, "clean", "one")
    assert first is not None
    assert again == first
    assert UnitStateChange.objects.count() == 1
    assert tap(desk, "clean", "another") is None


def test_an_undone_tap_brings_back_what_was(desk: Desk) -> None:
    tap(desk, "started", "one")
    began = card(desk).started
    tap(desk, "clean", "two")
    setting.undo(desk.people["Housekeeper"], desk.unit, "two")
    assert (card(desk).state, card(desk).started) == ("going", began)
    setting.undo(desk.people["Housekeeper"], desk.unit, "two")
    setting.undo(desk.people["Housekeeper"], desk.unit, "one")
    assert card(desk).state == ""


def test_what_came_after_is_not_undone_with_it(desk: Desk) -> None:
    tap(desk, "clean", "one")
    tap(desk, "inspected", "two")
    with pytest.raises(ValidationError):
        setting.undo(desk.agent, desk.unit, "one")
    assert card(desk).state == "inspected"


def test_what_the_pms_said_after_a_tap_is_not_undone_with_it(hotel: Desk) -> None:
    """Invariant 6."""
    tell(hotel, "dirty")
    tap(hotel, "clean", "one")
    settle(CommandState.CONFIRMED)
    tell(hotel, "inspected")
    with pytest.raises(ValidationError):
        setting.undo(hotel.agent, hotel.unit, "one")
    assert card(hotel).state == "inspected"
    assert Command.objects.count() == 1


def test_a_refusal_that_is_undone_brings_back_no_state(hotel: Desk) -> None:
    tell(hotel, "dirty")
    tap(hotel, "refused", "one")
    settle(CommandState.CONFIRMED)
    tell(hotel, "clean")
    setting.undo(hotel.agent, hotel.unit, "one")
    assert (card(hotel).blocked, card(hotel).state) == ("", "clean")


def test_a_state_that_is_undone_brings_back_no_refusal(hotel: Desk) -> None:
    tell(hotel, "dirty", refused=False)
    tap(hotel, "out_of_order", "one")
    tell(hotel, "dirty", refused=True)
    setting.undo(hotel.agent, hotel.unit, "one")
    assert (card(hotel).blocked, card(hotel).state) == ("refused", "dirty")


def test_a_state_that_the_pms_changed_is_asked_about_in_its_name(hotel: Desk) -> None:
    tap(hotel, "dirty")
    settle(CommandState.CONFIRMED)
    tell(hotel, "clean")
    with pytest.raises(Ask) as asked:
        tap(hotel, "started", was="dirty")
    assert (asked.value.state, asked.value.by) == ("clean", "")


def test_a_state_that_somebody_changed_meanwhile_is_asked_about(desk: Desk) -> None:
    tap(desk, "dirty")
    setting.tap(desk.agent, desk.unit, Tap(act="out_of_order", token="theirs"))
    with pytest.raises(Ask) as asked:
        tap(desk, "started", was="dirty")
    assert (asked.value.why, asked.value.state) == ("moved", "out_of_order")
    assert asked.value.by == desk.agent.full_name.split()[0]
    tap(desk, "clean", was="dirty", sure=True)
    assert card(desk).state == "clean"


def test_a_unit_that_the_pms_says_is_occupied_is_asked_about(desk: Desk) -> None:
    factories.stay(desk, starts_in=-2)
    Unit.objects.update(occupied=True)
    with pytest.raises(Ask) as asked:
        tap(desk, "clean")
    assert asked.value.why == "occupied"
    tap(desk, "clean", sure=True)
    assert card(desk).state == "clean"


def test_a_guest_who_stays_over_may_be_in(desk: Desk) -> None:
    factories.stay(desk, starts_in=-1, nights=3)
    Unit.objects.update(occupied=True)
    tap(desk, "clean")
    assert card(desk).state == "clean"


def test_service_may_be_refused_and_wanted_again(desk: Desk) -> None:
    tap(desk, "refused")
    assert (card(desk).blocked, card(desk).next_act) == ("refused", "")
    tap(desk, "welcome")
    assert card(desk).blocked == ""


def test_the_pms_is_told_after_the_time_to_undo(hotel: Desk) -> None:
    change = tap(hotel, "clean", "one")
    command = Command.objects.get()
    assert command.kind == "set_housekeeping"
    assert command.intent == {"unit_id": "1-101", "condition": "clean", "comment": None, "refused": None}
    assert command.due_at > clock.now()
    assert change is not None
    assert change.pms_state == PmsState.WAITING
    settle(CommandState.CONFIRMED)
    written = card(hotel).written
    assert written is not None
    assert (written.state, card(hotel).pms) == (PmsState.DONE, hotel.connection.name)


def test_the_pms_is_told_that_service_is_refused_and_wanted_again(hotel: Desk) -> None:
    tap(hotel, "refused", "one")
    told = Command.objects.get().intent
    assert (told["condition"], told["refused"]) == (None, True)
    settle(CommandState.CONFIRMED)
    setting.undo(hotel.people["Housekeeper"], hotel.unit, "one")
    told = Command.objects.order_by("-pk")[0].intent
    assert (told["condition"], told["refused"]) == (None, False)
    assert card(hotel).blocked == ""


def test_a_refusal_replaces_no_state_on_its_way_to_the_pms(hotel: Desk) -> None:
    tap(hotel, "clean")
    tap(hotel, "refused")
    tap(hotel, "welcome")
    said = Command.objects.order_by("pk").values_list("state", "intent__condition", "intent__refused")
    assert list(said) == [
        (CommandState.WAITING, "clean", None),
        (CommandState.CANCELLED, None, True),
        (CommandState.WAITING, None, False),
    ]


def test_a_state_that_failed_stays_on_the_card_behind_a_refusal_that_arrived(hotel: Desk) -> None:
    """Invariant 12."""
    tap(hotel, "clean")
    settle(CommandState.FAILED, "The room is blocked.")
    tap(hotel, "refused")
    settle(CommandState.CONFIRMED)
    written = card(hotel).written
    assert written is not None
    assert (written.state, written.act) == (PmsState.FAILED, "clean")
    setting.retry(hotel.agent, hotel.unit)
    assert Command.objects.order_by("-pk")[0].intent["condition"] == "clean"


def test_a_refusal_at_the_desk_of_the_pms_is_on_the_board(hotel: Desk) -> None:
    tell(hotel, "dirty", refused=False)
    assert not Cleaning.objects.exists()
    tell(hotel, "dirty", refused=True)
    assert card(hotel).blocked == "refused"
    tap(hotel, "welcome")
    tell(hotel, "dirty", refused=True)
    assert card(hotel).blocked == "", "what it said already is older than the tap"
    settle(CommandState.CONFIRMED)
    tell(hotel, "dirty", refused=False)
    tell(hotel, "dirty", refused=True)
    assert card(hotel).blocked == "refused"
    assert LiveEvent.objects.filter(data__what="told").count() == 3


def test_undone_in_time_the_pms_hears_nothing(hotel: Desk) -> None:
    tap(hotel, "clean", "one")
    setting.undo(hotel.people["Housekeeper"], hotel.unit, "one")
    assert Command.objects.get().state == CommandState.CANCELLED
    assert card(hotel).written is None


def test_undone_later_the_pms_is_told_back(hotel: Desk) -> None:
    tell(hotel, "dirty")
    tap(hotel, "clean", "one")
    settle(CommandState.CONFIRMED)
    setting.undo(hotel.people["Housekeeper"], hotel.unit, "one")
    assert Command.objects.order_by("-pk")[0].intent["condition"] == "dirty"


def test_only_the_last_state_leaves(hotel: Desk) -> None:
    tap(hotel, "clean")
    tap(hotel, "inspected")
    states = list(Command.objects.order_by("pk").values_list("state", flat=True))
    assert states == [CommandState.CANCELLED, CommandState.WAITING]


def test_a_failure_stays_on_the_card_until_it_is_told_again(hotel: Desk) -> None:
    """Invariant 12."""
    tap(hotel, "clean")
    settle(CommandState.FAILED, "The room is blocked.")
    written = card(hotel).written
    assert written is not None
    assert (written.state, written.reason) == (PmsState.FAILED, "The room is blocked.")
    setting.retry(hotel.agent, hotel.unit)
    with pytest.raises(ValidationError):
        setting.retry(hotel.agent, hotel.unit)
    settle(CommandState.CONFIRMED)
    written = card(hotel).written
    assert written is not None
    assert written.state == PmsState.DONE


def test_a_state_that_the_pms_does_not_know_is_kept_here(hotel: Desk, desk: Desk) -> None:
    tap(hotel, "out_of_order")
    tap(desk, "clean")
    assert not Command.objects.exists()
    tell(hotel, "dirty")
    assert card(hotel).state == "dirty"
    tap(hotel, "out_of_order")
    tell(hotel, "dirty")
    assert card(hotel).state == "out_of_order"
    tell(hotel, "clean")
    assert card(hotel).state == "clean"


def test_ours_on_its_way_is_not_overwritten_by_what_the_pms_said_before(hotel: Desk) -> None:
    """Invariant 6."""
    tell(hotel, "dirty")
    tap(hotel, "clean")
    tell(hotel, "inspected")
    assert hotel.unit.condition == "clean"
    settle(CommandState.CONFIRMED)
    tell(hotel, "clean")
    tell(hotel, "dirty")
    assert hotel.unit.condition == "dirty"


def test_every_change_is_told_to_the_boards(hotel: Desk) -> None:
    tap(hotel, "clean", "one")
    settle(CommandState.CONFIRMED)
    setting.undo(hotel.people["Housekeeper"], hotel.unit, "one")
    told = LiveEvent.objects.filter(topic="board", subject_id=hotel.unit.pk).order_by("id")
    assert [row.data["what"] for row in told] == ["state", "pms", "state"]


def test_who_may_not_see_the_board_says_nothing(desk: Desk) -> None:
    with pytest.raises(PermissionDenied):
        setting.tap(desk.people["Marketer"], desk.unit, Tap(act="clean", token="one"))
    with pytest.raises(ValidationError):
        tap(desk, "sparkling")


def test_a_night_makes_units_dirty_where_no_pms_does(desk: Desk, hotel: Desk) -> None:
    empty = Unit.objects.create(
        organization=desk.organization, property=desk.place, name="9", condition="clean"
    )
    closed = Unit.objects.create(
        organization=desk.organization, property=desk.place, name="10", condition="out_of_order"
    )
    Unit.objects.filter(pk__in=[desk.unit.pk, hotel.unit.pk]).update(
        condition="inspected", condition_as_of=clock.now() - timedelta(days=1)
    )
    for there in (desk, hotel):
        factories.stay(there, starts_in=-1, nights=3)
    factories.stay(desk, starts_in=-1, nights=3, unit=closed)
    assert night.begin_days() == 1
    conditions = dict(Unit.objects.values_list("pk", "condition"))
    assert conditions == {
        desk.unit.pk: UnitState.DIRTY, hotel.unit.pk: "inspected", empty.pk: "clean", closed.pk: "out_of_order",
    }  # fmt: skip
    tap(desk, "clean")
    assert night.begin_days() == 0
    assert set(Property.objects.values_list("board_day", flat=True)) == {today()}
    assert Unit.objects.get(pk=desk.unit.pk).condition == "clean"


def test_a_day_begins_once_the_first_import_is_done(desk: Desk) -> None:
    identity.remember(desk.connection.pk, Entity.PROPERTY, "house", desk.place.pk)
    factories.stay(desk, starts_in=-1, nights=3)
    assert night.begin_days() == 0
    assert Property.objects.get().board_day is None
    ConnectionHealth.objects.update(caught_up_to=clock.now())
    assert night.begin_days() == 1


def test_a_new_day_forgets_what_is_half_a_year_old(desk: Desk) -> None:
    for act in ("started", "clean"):
        tap(desk, act)
    UnitStateChange.objects.filter(act="started").update(date=today() - timedelta(days=181))
    old = Cleaning.objects.create(
        organization=desk.organization,
        property=desk.place,
        unit=desk.unit,
        date=today() - timedelta(days=181),
    )
    night.begin_days()
    assert [row.act for row in UnitStateChange.objects.all()] == ["clean"]
    assert not Cleaning.objects.filter(pk=old.pk).exists()
    assert Cleaning.objects.count() == 1


def test_what_was_said_after_midnight_outlives_the_night(desk: Desk) -> None:
    factories.stay(desk, starts_in=-1, nights=3)
    tap(desk, "clean")
    assert night.begin_days() == 0
    assert card(desk).state == "clean"


def test_ready_is_a_condition_of_sequences(desk: Desk) -> None:
    """ux H8."""
    stay = factories.stay(desk, starts_in=0)
    rule = Rule(field="unit_ready", operator="is", value=True)
    assert conditions.flaw(rule) == ""
    found = []
    for state in ("dirty", "clean", "inspected", "out_of_order"):
        tap(desk, state)
        stay = Reservation.objects.select_related("unit").get(pk=stay.pk)
        found.append(conditions.holds(rule, stay))
    assert found == [False, True, True, False]
