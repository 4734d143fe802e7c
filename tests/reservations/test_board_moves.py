"""What a stay that moves, ends or begins leaves on the cards of the units that it was in, is in, or never was in."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from bellhop.core import clock
from bellhop.core.models import LiveEvent
from connectors.contract.events import Entity
from connectors.contract.records import ReservationRecord, StayStatus
from connectors.events import Source
from connectors.inbound import identity
from connectors.inbound.apply import apply
from reservations.board import reading
from reservations.board.cards import Group, Mark
from reservations.models import Cleaning, Reservation, Unit
from reservations.templatetags.board_words import mark_words
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    made = factories.desk()
    identity.remember(made.connection.pk, Entity.UNIT, "204", made.unit.pk)
    return made


def other(desk: Desk, name: str = "205", **fields: Any) -> Unit:
    row = Unit.objects.create(organization=desk.organization, name=name, **{"property": desk.place, **fields})
    identity.remember(desk.connection.pk, Entity.UNIT, name, row.pk)
    return row


def stay(desk: Desk, **fields: Any) -> Reservation:
    row = factories.stay(desk, **fields)
    identity.remember(desk.connection.pk, Entity.RESERVATION, row.remote_id, row.pk)
    return row


def pms_says(desk: Desk, row: Reservation, **told: Any) -> None:
    with transaction.atomic():
        apply(Source(connection=desk.connection), ReservationRecord(external_id=row.remote_id, **told))


def mark(unit: Unit, days: int = 0) -> Mark | None:
    found = reading.of_units([unit.pk], clock.now())
    return found[days].mark


def group(unit: Unit) -> Group:
    return reading.of_units([unit.pk], clock.now())[0].group


def today() -> date:
    return clock.now().date()


def test_a_stay_that_moves_is_marked_where_it_was_and_where_it_is(desk: Desk) -> None:
    row, unit = stay(desk, starts_in=-1, nights=4), other(desk)
    pms_says(desk, row, unit_id="205")
    assert (group(desk.unit), group(unit)) == (Group.VACANT, Group.STAY_OVERS)
    for days in (0, 1):
        was, now = mark(desk.unit, days), mark(unit, days)
        assert was is not None
        assert now is not None
        assert (was.what, was.now, now.what, now.was) == ("moved_to", "205", "moved_from", "204")


def test_a_stay_whose_unit_is_taken_away_is_in_none(desk: Desk) -> None:
    """And comes back into one as one that is told for the first time."""
    row = stay(desk, starts_in=-1, nights=4)
    pms_says(desk, row, unit_id=None)
    row.refresh_from_db()
    assert (row.unit, row.property) == (None, desk.place)
    assert group(desk.unit) == Group.VACANT
    shown = mark(desk.unit)
    assert shown is not None
    assert (shown.what, mark_words(shown)) == ("moved_out", "The stay is not in this unit any more.")
    pms_says(desk, row, unit_id="204")
    assert group(desk.unit) == Group.STAY_OVERS


def test_both_boards_hear_of_a_stay_that_moves_to_another_property(desk: Desk) -> None:
    annex = factories.property_of(desk.organization, "Annex")
    row = stay(desk)
    other(desk, property=annex)
    pms_says(desk, row, unit_id="205")
    told = LiveEvent.objects.filter(topic="board", data__what="day").values_list("property_id", flat=True)
    assert sorted(told) == sorted([desk.place.pk, annex.pk])


def test_a_stay_that_moves_to_other_days_too_is_gone_from_its_card(desk: Desk) -> None:
    row, unit = stay(desk, starts_in=0), other(desk)
    later = today() + timedelta(days=30)
    pms_says(desk, row, unit_id="205", arrival_date=later, departure_date=later + timedelta(days=2))
    was = mark(desk.unit)
    assert was is not None
    assert (was.what, mark(unit)) == ("moved_to", None)


def test_a_stay_that_is_cancelled_half_way_is_marked_today(desk: Desk) -> None:
    row = stay(desk, starts_in=-3, nights=7)
    pms_says(desk, row, status=StayStatus.CANCELLED)
    shown = mark(desk.unit)
    assert shown is not None
    assert shown.what == "cancelled"


def test_an_inquiry_that_ends_was_never_on_the_board(desk: Desk) -> None:
    row = stay(desk, status=Reservation.Status.INQUIRY)
    pms_says(desk, row, departure_date=today() + timedelta(days=1))
    pms_says(desk, row, status=StayStatus.CANCELLED)
    assert not Cleaning.objects.exists()
