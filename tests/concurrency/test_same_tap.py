"""A tap that a bad line sends twice is one tap; of two people one comes after the other. The race: both look for the
token, or at the state, before either has stored anything."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from bellhop.core import clock
from reservations.board import setting
from reservations.board.setting import Ask, Tap
from reservations.models import Unit, UnitStateChange
from tests.concurrency.both import Turn, together
from tests.factories import Desk


def naive(desk: Desk, here: Turn, there: Turn) -> str:
    """What `tap` does, without the unit's lock."""
    with transaction.atomic():
        known = UnitStateChange.objects.filter(unit=desk.unit, token="one").exists()
        here.pass_by()
        there.reached()
        if not known:
            UnitStateChange.objects.create(
                organization=desk.organization, unit=desk.unit, date=clock.now().date(), token="one", act="clean",
                at=clock.now(), by=desk.agent,
            )  # fmt: skip
        return "known" if known else "kept"


def tap(desk: Desk, act: str, token: str, was: str = "") -> UnitStateChange | None:
    return setting.tap(desk.agent, desk.unit, Tap(act=act, token=token, was=was))


def test_the_race_exists_without_the_lock(desk: Desk) -> None:
    """Only the database's constraint stops the second, with an error for the housekeeper."""
    one, two = Turn(), Turn()
    found = together(lambda: naive(desk, one, two), lambda: naive(desk, two, one))
    assert "known" not in found
    assert [type(error) for error in found if isinstance(error, Exception)] == [IntegrityError]


def test_eight_at_once_are_one_tap(desk: Desk) -> None:
    """Invariant 3."""
    found = together(*[lambda: tap(desk, "clean", "one")] * 8)
    assert {change.pk for change in found if isinstance(change, UnitStateChange)} == {
        UnitStateChange.objects.get().pk
    }
    assert [error for error in found if isinstance(error, BaseException)] == []


def test_of_two_people_the_second_is_asked(desk: Desk) -> None:
    Unit.objects.update(condition="dirty")
    found = together(
        lambda: tap(desk, "clean", "mine", was="dirty"),
        lambda: tap(desk, "out_of_order", "theirs", was="dirty"),
    )
    assert sorted(type(one).__name__ for one in found) == ["Ask", "UnitStateChange"]
    [asked] = [one for one in found if isinstance(one, Ask)]
    assert asked.why == "moved"
    assert UnitStateChange.objects.count() == 1
