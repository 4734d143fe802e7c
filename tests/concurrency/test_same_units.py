"""Two supervisors give the same units at once: what one has given, the other's even spread leaves. The race: both read
that a unit is nobody's before either has given it. And a tap keeps what others say of the unit meanwhile."""

from __future__ import annotations

import pytest
from django.db import transaction

from bellhop.accounts.models import User
from bellhop.core import clock
from reservations.board import assigning, reading, setting
from reservations.board.setting import Tap
from reservations.models import Cleaning, Unit
from tests import factories
from tests.concurrency.both import Turn, together, waits_for_a_lock
from tests.factories import Desk
from tests.harness.waiting import eventually

UNITS = 12


@pytest.fixture
def units(desk: Desk) -> list[Unit]:
    """Dirty and nobody's."""
    Unit.objects.update(condition="dirty")
    made = [
        Unit.objects.create(
            organization=desk.organization, property=desk.place, name=f"3{number:02}", condition="dirty"
        )
        for number in range(UNITS - 1)
    ]
    return [desk.unit, *made]


def supervisors(desk: Desk) -> tuple[User, User]:
    return desk.people["Admin"], desk.people["Operations manager"]


def given() -> dict[int, int | None]:
    return dict(Cleaning.objects.values_list("unit_id", "assignee_id"))


def naive(desk: Desk, person: User, here: Turn, there: Turn) -> int:
    """What `spread` does, without the properties' lock."""
    with transaction.atomic():
        [nobodys, *_others] = assigning.shares([desk.place], clock.now())
        here.pass_by()
        there.reached()
        rows = Unit.objects.select_related("property").filter(pk__in=[one.unit_id for one in nobodys.cards])
        assigning._give(dict.fromkeys(rows, person), clock.now(), tomorrow=False)
    return len(nobodys.cards)


def test_the_race_exists_without_the_lock(desk: Desk, units: list[Unit]) -> None:
    """Both are told that they gave every unit; one is wrong."""
    ann, bea = (factories.person(desk.organization, "Housekeeper", name) for name in ("Ann", "Bea"))
    one, two = Turn(), Turn()
    found = together(lambda: naive(desk, ann, one, two), lambda: naive(desk, bea, two, one))
    assert found == [UNITS, UNITS]
    assert len({*given().values()}) == 1


def test_of_two_spreads_at_once_each_unit_is_given_once(desk: Desk, units: list[Unit]) -> None:
    factories.person(desk.organization, "Housekeeper", "Ann")
    acts = [lambda who=who: assigning.spread(who, [desk.place], clock.now()) for who in supervisors(desk)]
    found = together(*acts, *acts)
    assert sorted(one for one in found if isinstance(one, int)) == [0, 0, 0, UNITS]
    shares = assigning.shares([desk.place], clock.now())
    assert sorted(len(share.cards) for share in shares) == [0, UNITS // 2, UNITS // 2]


def test_what_one_gives_by_hand_the_others_spread_leaves(desk: Desk, units: list[Unit]) -> None:
    """Whoever comes first: the hand counts."""
    ann = factories.person(desk.organization, "Housekeeper", "Ann")
    one, two = supervisors(desk)
    for _try in range(5):
        Cleaning.objects.all().delete()
        count, _nothing = together(
            lambda: assigning.spread(one, [desk.place], clock.now()),
            lambda: assigning.assign(two, units[:3], ann, clock.now()),
        )
        assert count in {UNITS, UNITS - 3}
        whose = given()
        assert {whose[unit.pk] for unit in units[:3]} == {ann.pk}


@pytest.mark.parametrize("act", ["started", "clean", "refused"])
def test_a_tap_keeps_what_others_say_of_the_unit_meanwhile(desk: Desk, act: str) -> None:
    """Whose it is, how long it takes, that its guest leaves later: said after the tap has read the day's row."""
    cleaner, now = desk.people["Housekeeper"], clock.now()
    assigning.set_minutes(desk.people["Admin"], desk.unit, reading.today(desk.place, now), 45)
    said = Turn()

    def others() -> None:
        with transaction.atomic():
            Cleaning.objects.update(assignee=cleaner, minutes=25, change={"what": "out"}, changed_at=now)
            said.pass_by()
            eventually(waits_for_a_lock)

    def tap() -> None:
        said.reached()
        setting.tap(cleaner, desk.unit, Tap(act=act, token="one"))

    assert together(others, tap) == [None, None]
    row = Cleaning.objects.get()
    assert (row.assignee, row.minutes, row.change) == (cleaner, 25, {"what": "out"})
    assert row.started_at or row.finished_at or row.refused
