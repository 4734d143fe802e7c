"""The board of a property: groups, times, marks, names, and what it costs."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from bellhop.core import clock, events
from bellhop.core.models import LiveEvent
from reservations.board import assigning, marks, private, reading
from reservations.board.cards import Card, Extra, Group, grouped
from reservations.events import FieldChange, StayChanged
from reservations.models import (
    Cleaning,
    Guest,
    RequestKind,
    Reservation,
    StayRequest,
    Unit,
    UnitState,
    UnitStateChange,
)
from reservations.services import requests
from reservations.services.requests import Terms, Wish
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db
LATE, EARLY = RequestKind.LATE_CHECK_OUT, RequestKind.EARLY_CHECK_IN


@pytest.fixture
def desk() -> Desk:
    made = factories.desk()
    made.unit.check_out_time, made.unit.check_in_time = time(11), time(16)
    made.unit.save()
    return made


def today() -> date:
    return clock.now().date()


def board(desk: Desk, *, tomorrow: bool = False) -> list[Card]:
    return reading.of_places([desk.place], clock.now(), tomorrow=tomorrow)


def card(desk: Desk, unit: Unit | None = None) -> Card:
    wanted = unit or desk.unit
    return next(one for one in board(desk) if one.unit_id == wanted.pk)


def unit(desk: Desk, name: str, **fields: Any) -> Unit:
    return Unit.objects.create(organization=desk.organization, property=desk.place, name=name, **fields)


def agreed(desk: Desk, stay: Reservation, kind: RequestKind, at: time) -> StayRequest:
    row = requests.ask(desk.agent, stay, Wish(kind=kind, wished=at))
    return requests.approve(desk.agent, row, Terms(agreed=at))


@pytest.mark.parametrize(
    ("stays", "group"),
    [
        ([(-2, 2)], Group.DEPARTURES),
        ([(-2, 2), (0, 3)], Group.DEPARTURES),
        ([(-2, 4)], Group.STAY_OVERS),
        ([(0, 2)], Group.ARRIVALS),
        ([(-4, 2), (2, 2)], Group.VACANT),
        ([], Group.VACANT),
    ],
)
def test_a_unit_is_in_the_group_of_its_day(desk: Desk, stays: list[tuple[int, int]], group: Group) -> None:
    for starts_in, nights in stays:
        factories.stay(desk, starts_in=starts_in, nights=nights)
    assert card(desk).group == group


def test_an_empty_unit_says_since_when_and_until_when(desk: Desk) -> None:
    factories.stay(desk, starts_in=-4, nights=2)
    factories.stay(desk, starts_in=3)
    assert (card(desk).since, card(desk).until) == (today() - timedelta(2), today() + timedelta(3))


def test_a_cancelled_stay_is_not_on_the_board(desk: Desk) -> None:
    factories.stay(desk, starts_in=0, status=Reservation.Status.CANCELLED)
    assert card(desk).group == Group.VACANT


def test_the_next_deadline_comes_first_then_names_as_people_count(desk: Desk) -> None:
    for name in ("10", "9", "8"):
        factories.stay(desk, starts_in=-1, nights=1, unit=unit(desk, name))
    factories.stay(desk, starts_in=0, unit=Unit.objects.get(name="8"), check_in_time=time(17))
    factories.stay(desk, starts_in=0, unit=Unit.objects.get(name="10"), check_in_time=time(13))
    cards = grouped(board(desk))[Group.DEPARTURES]
    assert [one.name for one in cards] == ["10", "8", "9"]


def test_a_late_check_out_shows_the_old_time_and_who_approved_it(desk: Desk) -> None:
    stay = factories.stay(desk, starts_in=-2)
    row = agreed(desk, stay, LATE, time(14))
    shown = card(desk)
    assert shown.out is not None
    assert (shown.out.at, shown.out.was, shown.out.by) == (
        time(14),
        time(11),
        desk.agent.full_name.split()[0],
    )
    assert row.decided_at is not None
    assert shown.out.decided == row.decided_at.time()
    assert shown.mark is not None
    assert (shown.mark.what, shown.mark.now, shown.mark.was) == ("out", "14:00", "11:00")
    requests.withdraw(desk.agent, row)
    shown = card(desk)
    assert shown.out is not None
    assert (shown.out.at, shown.out.was) == (time(11), None)
    assert shown.mark is not None
    assert (shown.mark.now, shown.mark.was, shown.mark.withdrawn) == ("11:00", "14:00", True)


def test_a_stays_own_time_is_late_only_where_the_unit_has_a_usual_one(desk: Desk) -> None:
    factories.stay(desk, starts_in=-2, check_out_time=time(12))
    factories.stay(desk, starts_in=0, check_in_time=time(14))
    shown = card(desk)
    assert shown.out is not None
    assert shown.coming is not None
    assert (shown.out.was, shown.coming.was) == (time(11), time(16))
    Unit.objects.update(check_out_time=None, check_in_time=None)
    shown = card(desk)
    assert shown.out is not None
    assert shown.coming is not None
    assert (shown.out.at, shown.out.was, shown.coming.was) == (time(12), None, None)


def test_an_early_check_in_and_what_is_not_decided(desk: Desk) -> None:
    arriving = factories.stay(desk, starts_in=0, check_in_time=time(16))
    requests.ask(desk.agent, arriving, Wish(kind=EARLY, wished=time(13)))
    requests.ask(desk.agent, arriving, Wish(kind=RequestKind.COT, note="for a baby"))
    shown = card(desk)
    assert shown.coming is not None
    assert shown.party is not None
    assert (shown.coming.at, shown.coming.asked) == (time(16), time(13))
    assert shown.party.extras == (Extra("cot", False),)
    agreed(desk, arriving, EARLY, time(13))
    shown = card(desk)
    assert shown.coming is not None
    assert (shown.coming.at, shown.coming.was, shown.coming.asked) == (time(13), time(16), None)


def test_what_changed_is_marked_until_whoever_cleans_it_has_seen_it(desk: Desk) -> None:
    stay = factories.stay(desk, starts_in=-2)
    cleaner, other = desk.people["Housekeeper"], factories.person(desk.organization, "Housekeeper")
    assigning.assign(desk.people["Admin"], [desk.unit], cleaner, clock.now())
    agreed(desk, stay, LATE, time(14))
    with pytest.raises(PermissionDenied):
        marks.seen(other, desk.unit, today())
    assert card(desk).mark is not None
    marks.seen(cleaner, desk.unit, today())
    assert card(desk).mark is None
    requests.withdraw(desk.agent, StayRequest.objects.get())
    assert card(desk).mark is not None


def pms_says(stay: Reservation, field: str, new: Any, *, created: bool = False) -> None:
    old = getattr(stay, field)
    setattr(stay, field, new)
    stay.save()
    change = FieldChange(field, str(old) if old is not None else None, str(new))
    with transaction.atomic():
        events.emit(StayChanged(reservation=stay, changes=(change,), created=created, history=False))


def test_what_the_pms_changes_is_marked_and_told(desk: Desk) -> None:
    stay = factories.stay(desk, starts_in=-2)
    pms_says(stay, "check_out_time", time(9, 30))
    mark = card(desk).mark
    assert mark is not None
    assert (mark.what, mark.now, mark.was) == ("out", "09:30", "11:00")
    pms_says(stay, "departure_date", today() + timedelta(1))
    mark = card(desk).mark
    assert mark is not None
    assert (mark.what, mark.now) == ("leaves", (today() + timedelta(1)).isoformat())
    told = LiveEvent.objects.filter(topic="board", subject_id=desk.unit.pk)
    assert told.filter(property_id=desk.place.pk).count() == 2


def test_the_pms_repeating_what_was_agreed_here_is_no_change(desk: Desk) -> None:
    stay = factories.stay(desk, starts_in=-2)
    agreed(desk, stay, LATE, time(14))
    marks.seen(desk.people["Housekeeper"], desk.unit, today())
    pms_says(stay, "check_out_time", time(14))
    assert card(desk).mark is None


def test_a_change_of_another_day_marks_nothing(desk: Desk) -> None:
    stay = factories.stay(desk, starts_in=5)
    agreed(desk, stay, LATE, time(14))
    assert not Cleaning.objects.exists()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maria Lindqvist", "Maria L."),
        ("Lindqvist, Maria", "Maria L."),
        ("Mr. Smith", "S."),
        ("Mrs Ana Maria Costa", "Ana C."),
        ("Jo", "Jo"),
        ("", ""),
        ("maria.l@guest.example", ""),
        ("+351 912 345 678", ""),
        ("Maria +351912345678", "Maria"),
        ("Maria (Lindqvist)", "Maria L."),
        ("(Maria) Lindqvist", "Maria L."),
    ],
)
def test_a_guest_is_a_first_name_and_an_initial(name: str, shown: str) -> None:
    assert private.short_name(name) == shown


def test_a_note_of_the_pms_tells_no_surname_no_address_no_price() -> None:
    told = private.note(
        "Feather allergy. Ms Lindqvist pays 30 EUR, call +351 912 345 678 or m@l.example", ["Maria Lindqvist"]
    )
    assert told == "Feather allergy. Ms L. pays …, call … or …"
    told = private.note(
        "CHF 120.50, 1,200.00 MXN, ¥5000, CA$20.00, 300 kr, R$ 90, 30EUR and 12 000 Kč for 2 people"
    )
    assert told == "…, …, …, CA…, …, R…, … and … for 2 people"
    assert (
        private.note("Towels for 3, bring 2 cots at 14:00", ["Jo"]) == "Towels for 3, bring 2 cots at 14:00"
    )


def test_minutes_are_the_units_the_propertys_or_the_days(desk: Desk) -> None:
    admin = desk.people["Admin"]
    factories.stay(desk, starts_in=-2)
    assert card(desk).minutes == 45
    assigning.set_usual(admin, desk.place, 50, 15)
    assert card(desk).minutes == 50
    desk.unit.departure_minutes = 70
    desk.unit.save()
    assert card(desk).minutes == 70
    assigning.set_minutes(admin, desk.unit, today(), 25)
    assert card(desk).minutes == 25
    with pytest.raises(ValidationError):
        assigning.set_minutes(admin, desk.unit, today(), 601)


def test_units_are_spread_evenly_the_longest_first(desk: Desk) -> None:
    ann, bea = (factories.person(desk.organization, "Housekeeper", name) for name in ("Ann", "Bea"))
    desk.people["Housekeeper"].is_active = False
    desk.people["Housekeeper"].save()
    for name, minutes in (("1", 60), ("2", 30), ("3", 30)):
        factories.stay(desk, starts_in=-1, nights=1, unit=unit(desk, name, departure_minutes=minutes))
    desk.unit.condition = UnitState.CLEAN
    desk.unit.save()
    assert assigning.spread(desk.people["Admin"], [desk.place], clock.now()) == 3
    shares = {one.person: one for one in assigning.shares([desk.place], clock.now())}
    assert sorted((shares[ann].minutes, shares[bea].minutes)) == [60, 60]
    with pytest.raises(PermissionDenied):
        assigning.spread(desk.agent, [desk.place], clock.now())


def test_units_of_several_properties_go_to_who_sees_them(desk: Desk) -> None:
    """Each on its property's own day."""
    annex = factories.property_of(desk.organization, "Annex", "Pacific/Kiritimati")
    there = Unit.objects.create(organization=desk.organization, property=annex, name="9", condition="dirty")
    limited = factories.limited(desk.organization, annex, role="Housekeeper")
    everywhere, admin, now = desk.people["Housekeeper"], desk.people["Admin"], clock.now()
    assert assigning.people([desk.place, annex]) == sorted(
        [everywhere, limited], key=lambda one: (one.full_name, one.pk)
    )
    Unit.objects.filter(pk=desk.unit.pk).update(condition="dirty")
    assert assigning.spread(admin, [desk.place, annex], now) == 2
    whose = {row.unit_id: row.assignee for row in Cleaning.objects.all()}
    assert whose == {desk.unit.pk: everywhere, there.pk: limited}
    days = dict(Cleaning.objects.values_list("unit_id", "date"))
    assert days == {desk.unit.pk: reading.today(desk.place, now), there.pk: reading.today(annex, now)}
    with pytest.raises(ValidationError):
        assigning.assign(admin, [desk.unit, there], limited, now)
    assigning.assign(admin, [desk.unit, there], everywhere, now)


def test_who_may_be_given_units(desk: Desk) -> None:
    elsewhere = factories.property_of(desk.organization, "Annex")
    limited = factories.limited(desk.organization, elsewhere, role="Housekeeper")
    assert assigning.people([desk.place]) == [desk.people["Housekeeper"]]
    with pytest.raises(ValidationError):
        assigning.assign(desk.people["Admin"], [desk.unit], limited, clock.now())
    with pytest.raises(ValidationError):
        assigning.assign(desk.people["Admin"], [desk.unit], desk.agent, clock.now())


def _fill(desk: Desk, count: int) -> None:
    now, start = clock.now(), today()
    units = Unit.objects.bulk_create(
        Unit(
            organization=desk.organization,
            property=desk.place,
            name=f"U{number}",
            condition="dirty",
            search="",
        )
        for number in range(count)
    )
    guests = Guest.objects.bulk_create(
        Guest(organization=desk.organization, full_name=f"Guest {one.pk}", created_at=now, search="")
        for one in units
    )
    stays = Reservation.objects.bulk_create(
        Reservation(
            organization=desk.organization, connection=desk.connection, remote_id=f"many{one.pk}", as_of=now,
            property=desk.place, unit=one, guest=guest, status="confirmed",
            arrival_date=start - timedelta(2), departure_date=start,
        )
        for one, guest in zip(units, guests, strict=True)
    )  # fmt: skip
    belongs = {"organization": desk.organization}
    StayRequest.objects.bulk_create(
        StayRequest(**belongs, reservation=one, kind=LATE, state="approved", agreed=time(13), asked_at=now)
        for one in stays
    )
    Cleaning.objects.bulk_create(
        Cleaning(**belongs, property=desk.place, unit=one, date=start, assignee=desk.people["Housekeeper"])
        for one in units
    )
    UnitStateChange.objects.bulk_create(
        UnitStateChange(**belongs, unit=one, date=start, token="t", act="dirty", at=now, pms_state="done")
        for one in units
    )


def test_six_hundred_units_cost_what_two_cost(desk: Desk, steady_clock: None) -> None:
    _fill(desk, 2)
    clock.now()
    with CaptureQueriesContext(database) as few:
        board(desk)
    _fill(desk, 598)
    with CaptureQueriesContext(database) as many:
        cards = board(desk)
    assert len(cards) == 601
    assert all(one.out and one.out.at == time(13) for one in cards if one.name.startswith("U"))
    assert len(many) == len(few) <= 7
