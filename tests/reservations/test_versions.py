"""Invariant 6: the owner wins, in whatever order its word arrives, and every overwrite is on record."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from bellhop.core import clock
from connectors.contract.records import UNSET, GuestRecord, ReservationRecord, StayStatus, UnitRecord
from connectors.events import Source
from connectors.inbound.apply import apply
from connectors.models import FieldOverwrite
from connectors.trust import overwrites
from connectors.trust.ownership import OWNERS, Owner, merge
from inbox.models import ThreadEvent
from reservations.models import Guest, Reservation, Unit
from tests import factories
from tests.factories import Desk

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
VALUES = st.one_of(st.none(), st.text(max_size=3), st.just(UNSET))
VERSIONS = st.one_of(st.none(), st.sampled_from([f"2026-11-23T12:0{n}:00.000Z" for n in range(4)]))


@pytest.fixture
def desk(db: None) -> Desk:
    return factories.desk()


def tell(desk: Desk, record: Any) -> None:
    with transaction.atomic():
        apply(Source(connection=desk.connection), record)


# --- the pure merge ---
@given(
    told=st.dictionaries(st.sampled_from(sorted(OWNERS["unit"])), VALUES),
    held=st.dictionaries(st.sampled_from(sorted(OWNERS["unit"])), st.one_of(st.none(), st.text(max_size=3))),
    held_version=VERSIONS,
    told_version=VERSIONS,
)
def test_who_may_change_what(
    told: dict[str, Any], held: dict[str, Any], held_version: str | None, told_version: str | None
) -> None:
    """Invariant 6: the PMS's fields follow what isn't older; ours are filled once; silence changes nothing."""
    found = merge("unit", held, told, held_version=held_version or "", told_version=told_version)
    stale = told_version is not None and told_version < (held_version or "")
    for change in found:
        assert change.new is not UNSET
        assert change.new == told[change.field] != held.get(change.field)
        if OWNERS["unit"][change.field] is Owner.BELLHOP:
            assert change.applied == (held.get(change.field) in (None, ""))
        else:
            assert change.applied == (not stale)
    named = {change.field for change in found}
    assert named == {f for f, new in told.items() if new is not UNSET and new != held.get(f)}


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6))
def test_any_order_ends_in_the_newest_state(order: list[int], repeats: list[int]) -> None:
    """Invariant 6: with gaps in neither, and repeats anywhere."""
    state: dict[str, Any] = {"name": None, "title": None}
    version = ""
    for n in [*order, *repeats]:
        told_version = f"2026-11-23T12:0{n}:00.000Z"
        told = {"name": f"name {n}", "title": f"title {n}"}
        for change in merge("unit", state, told, held_version=version, told_version=told_version):
            if change.applied:
                state[change.field] = change.new
        version = max(version, told_version)
    assert state == {"name": "name 5", "title": "title 5"}


# --- the rows ---
def versions(code: str = "r1") -> list[ReservationRecord]:
    """The life of one stay as its PMS tells it; each with the guest inside, whose name changes too."""
    arrival = date(2026, 12, 1)
    told = [
        (StayStatus.INQUIRY, 0, "M. Lindqvist"),
        (StayStatus.CONFIRMED, 0, "Maria Lindqvist"),
        (StayStatus.CONFIRMED, 2, "Maria Lindqvist-Berg"),
        (StayStatus.CANCELLED, 2, "Maria Berg"),
    ]
    return [
        ReservationRecord(
            external_id=code,
            version=(START + timedelta(minutes=n)).isoformat().replace("+00:00", ".000Z"),
            confirmation_code="HM1",
            status=status,
            status_raw=status.value,
            arrival_date=arrival + timedelta(days=later),
            departure_date=arrival + timedelta(days=later + 3),
            guest_id="g1",
            guest=GuestRecord(external_id="g1", full_name=name),
        )
        for n, (status, later, name) in enumerate(told)
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_every_order_of_a_stays_events_ends_alike(desk: Desk, order: tuple[int, ...]) -> None:
    """Invariant 6, fault 11: all 24 orders, each event twice."""
    records = versions()
    for n in (*order, *order):
        tell(desk, records[n])
    stay = Reservation.objects.get(remote_id="r1")
    assert (stay.status, stay.arrival_date) == ("cancelled", date(2026, 12, 3))
    assert Guest.objects.get().full_name == "Maria Berg"
    assert stay.guest == Guest.objects.get()


def test_a_stays_story_is_told_once_in_its_thread(desk: Desk) -> None:
    """Invariant 6, ux T4: a repeat writes no second line; what came late writes none at all."""
    from connectors.contract.records import ConversationRecord

    records = versions()
    tell(desk, records[1])
    tell(desk, ConversationRecord(external_id="c1", reservation_ids=("r1",), guest_id="g1"))
    for n in (2, 2, 0, 3, 1, 3):
        tell(desk, records[n])
    lines = list(ThreadEvent.objects.order_by("id").values_list("kind", flat=True))
    assert lines == ["stay_changed", "cancelled"]
    changes = ThreadEvent.objects.order_by("id").first().data["changes"]  # type: ignore[union-attr]
    assert [c["old"] for c in changes if c["field"] == "arrival_date"] == ["2026-12-01"]


def test_every_overwrite_is_recorded(desk: Desk) -> None:
    """Invariant 6: old, new, source, rule, version; refused ones too."""
    first, second, third, _ = versions()
    tell(desk, second)
    tell(desk, third)
    tell(desk, first)
    stay = Reservation.objects.get()
    rows = FieldOverwrite.objects.filter(
        entity="reservation", object_id=stay.pk, field="arrival_date"
    ).order_by("id")
    assert [(row.old, row.new, row.applied, row.rule) for row in rows] == [
        ("2026-12-01", "2026-12-03", True, "the PMS owns this"),
        ("2026-12-03", "2026-12-01", False, "older than what is held"),
    ]
    assert overwrites.latest("reservation", stay.pk)["arrival_date"].version == third.version


def test_what_bellhop_owns_is_never_overwritten(desk: Desk) -> None:
    """Invariant 6: Wi-Fi is ours; the PMS may fill it once while it is empty."""
    tell(desk, UnitRecord(external_id="u1", name="204", wifi=""))
    tell(desk, UnitRecord(external_id="u1", name="204", wifi="first"))
    assert Unit.objects.get(name="204", wifi="first")
    tell(desk, UnitRecord(external_id="u1", name="205", wifi="second"))
    unit = Unit.objects.get(name="205")
    assert unit.wifi == "first"
    refused = FieldOverwrite.objects.get(field="wifi", applied=False)
    assert (refused.old, refused.new, refused.rule) == ("first", "second", "Bellhop owns this")


def test_silence_wipes_nothing(desk: Desk) -> None:
    """Invariant 6: UNSET means "not told", None means "there is none"."""
    tell(desk, versions()[1])
    tell(desk, ReservationRecord(external_id="r1", version="2026-11-23T13:00:00.000Z"))
    stay = Reservation.objects.get()
    assert (stay.code, stay.status, stay.arrival_date) == ("HM1", "confirmed", date(2026, 12, 1))
    tell(desk, ReservationRecord(external_id="r1", version="2026-11-23T13:01:00.000Z", arrival_date=None))
    assert Reservation.objects.get().arrival_date is None


def test_two_workers_meet_one_new_stay(desk: Desk) -> None:
    tell(desk, versions()[0])
    tell(desk, versions()[0])
    assert Reservation.objects.count() == 1


def test_as_of_tells_how_fresh_it_is(desk: Desk) -> None:
    second, third = versions()[1:3]
    tell(desk, third)
    fresh = Reservation.objects.get().as_of
    clock.set_offset(timedelta(hours=1))
    tell(desk, second)
    assert Reservation.objects.get().as_of == fresh, "an older telling makes nothing fresher"
    tell(desk, third)
    assert Reservation.objects.get().as_of > fresh
    clock.set_offset(timedelta())
