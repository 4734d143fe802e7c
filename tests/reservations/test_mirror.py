"""Places, guests and stays as the sandbox PMS tells them: a whole import, and what changes afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bellhop.accounts.models import AuditEntry
from connectors.inbound import sync
from connectors.models import ConnectionHealth, DeliveryState, ExternalId, SyncRun
from inbox.models import Message, Thread
from reservations.models import ContactPoint, Guest, Property, Reservation, StayPhase, Unit
from reservations.services import stays, testing
from reservations.services.guests import e164
from reservations.services.places import valid_zone
from tests import factories
from tests.pms import Pms


def import_all(pms: Pms) -> None:
    sync.start_backfill(pms.connection)
    while sync.run_due():
        pass


def test_an_import_mirrors_all_and_repeats_nothing(pms: Pms) -> None:
    """Invariant 3: read twice, everything stands once."""
    import_all(pms)
    counts = pms.control("state")["counts"]
    assert Property.objects.count() - 1 == counts["property"]
    assert Unit.objects.count() - 1 == counts["unit"]
    assert Reservation.objects.count() == counts["stay"]
    models = (Property, Unit, Guest, Reservation, Thread, Message)
    before = [model.objects.count() for model in models]
    assert SyncRun.objects.filter(finished_at=None).count() == 0
    SyncRun.objects.all().delete()
    import_all(pms)
    assert [model.objects.count() for model in models] == before
    assert not Message.objects.filter(arrived_late=True).exists()
    assert {"phone", "email"} <= set(ContactPoint.objects.values_list("kind", flat=True))
    assert not ContactPoint.objects.filter(kind="phone").exclude(value__startswith="+").exists()


def test_changes_come_by_webhook(pms: Pms) -> None:
    stay = pms.control("book", "POST", guest_name="Ada Wong", arrival="2026-12-20", nights=3)["reservation"]
    thread = pms.thread(stay["id"])
    pms.subscribe()
    pms.control(f"reservations/{stay['id']}/dates", "POST", arrival="2026-12-21", departure="2026-12-24")
    pms.hear()
    row = Reservation.objects.get(remote_id=stay["id"])
    assert (row.arrival_date, row.departure_date) == (date(2026, 12, 21), date(2026, 12, 24))
    pms.control(f"reservations/{stay['id']}/cancel", "POST", by="GUEST")
    pms.hear()
    row.refresh_from_db()
    assert row.status == "cancelled"
    thread.refresh_from_db()
    assert thread.stay == row
    assert {row.state for row in pms.journal()} <= {DeliveryState.PROCESSED, DeliveryState.IGNORED}


def test_what_no_webhook_told_is_caught_up(pms: Pms) -> None:
    """Invariant 8: a changed-since read."""
    stay = pms.control("book", "POST", guest_name="Ada Wong")["reservation"]
    thread = pms.thread(stay["id"])
    ConnectionHealth.objects.update(caught_up_to=datetime.now(UTC))
    pms.forward(301)
    pms.guest_writes(thread, "Nobody told you.")
    pms.control(f"reservations/{stay['id']}/cancel", "POST", by="GUEST")
    assert sync.plan_catch_ups() == 1
    while sync.run_due():
        pass
    assert Message.objects.filter(thread=thread, body="Nobody told you.").count() == 1
    assert Reservation.objects.get(remote_id=stay["id"]).status == "cancelled"
    assert sync.plan_catch_ups() == 0


def test_what_was_noted_by_a_clock_that_ran_ahead_is_read_again(pms: Pms) -> None:
    """Invariant 8, after the clock was put back: marks that lie ahead hide nothing."""
    stay = pms.control("book", "POST", guest_name="Ada Wong")["reservation"]
    thread = pms.thread(stay["id"])
    ahead, due = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(minutes=1)
    ConnectionHealth.objects.update(caught_up_to=ahead, catch_up_due_at=due)
    ExternalId.objects.update(read_at=ahead)
    pms.guest_writes(thread, "Nobody told you.")
    assert sync.plan_catch_ups() == 1
    while sync.run_due():
        pass
    assert Message.objects.filter(thread=thread, body="Nobody told you.").count() == 1


def test_an_import_goes_on_where_it_stopped(pms: Pms) -> None:
    sync.start_backfill(pms.connection)
    pms.fault("down", path="*/communication/*")
    while sync.run_due():
        if SyncRun.objects.filter(entity="conversation").exclude(error="").exists():
            break
    run = SyncRun.objects.get(entity="conversation")
    assert run.finished_at is None
    assert SyncRun.objects.get(entity="reservation").finished_at is not None
    pms.heal()
    ConnectionHealth.objects.update(down_since=None, outcomes="")
    for _ in range(5):
        pms.forward(20)
        while sync.run_due():
            pass
    run.refresh_from_db()
    assert run.finished_at is not None
    assert run.error == ""


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+351 912 345 678", "+351912345678"),
        ("00351912345678", "+351912345678"),
        ("14015550142", "+14015550142"),
        ("ext. 12", "ext. 12"),
        ("", ""),
    ],
)
def test_phones(written: str, kept: str) -> None:
    assert e164(written) == kept


def test_zones() -> None:
    assert valid_zone("Europe/Lisbon", "UTC") == "Europe/Lisbon"
    assert valid_zone("Mars/Olympus", "UTC") == "UTC"


STATUS = Reservation.Status


@pytest.mark.parametrize(
    ("status", "today", "phase"),
    [
        (STATUS.CONFIRMED, 9, StayPhase.UPCOMING),
        (STATUS.CONFIRMED, 10, StayPhase.ARRIVING),
        (STATUS.CHECKED_IN, 10, StayPhase.IN_HOUSE),
        (STATUS.CONFIRMED, 11, StayPhase.IN_HOUSE),
        (STATUS.CHECKED_IN, 12, StayPhase.DEPARTING),
        (STATUS.CHECKED_OUT, 12, StayPhase.CHECKED_OUT),
        (STATUS.CONFIRMED, 13, StayPhase.CHECKED_OUT),
        (STATUS.CANCELLED, 11, StayPhase.CANCELLED),
        (STATUS.NO_SHOW, 11, StayPhase.CANCELLED),
        (STATUS.INQUIRY, 11, StayPhase.INQUIRY),
    ],
)
def test_phases(status: str, today: int, phase: StayPhase) -> None:
    """ux L9."""
    stay = Reservation(status=status, arrival_date=date(2026, 12, 10), departure_date=date(2026, 12, 12))
    assert stay.phase_on(date(2026, 12, today)) == phase


@pytest.mark.django_db
def test_the_current_stay() -> None:
    """ux V4: in house, else the next arrival, else the last departure."""
    desk = factories.desk()
    last = factories.stay(desk, starts_in=-20)
    older = factories.stay(desk, starts_in=-90)
    soon = factories.stay(desk, starts_in=3)
    later = factories.stay(desk, starts_in=30)
    here = factories.stay(desk, starts_in=-1, nights=3)
    gone = factories.stay(desk, starts_in=1, status=STATUS.CANCELLED)
    from bellhop.core import clock

    now = clock.now()
    assert stays.current([last, older, soon, later, here, gone], now) == here
    assert stays.current([last, later, soon, gone], now) == soon
    assert stays.current([older, last, gone], now) == last
    assert stays.current([gone], now) == gone
    assert stays.current([], now) is None


@pytest.mark.django_db
def test_midnight_is_local() -> None:
    """ux L9: computed in the property's zone."""
    desk = factories.desk()
    stay = factories.stay(
        desk,
        arrival_date=date(2026, 12, 10),
        departure_date=date(2026, 12, 12),
        property=factories.property_of(desk.organization, "Auckland", "Pacific/Auckland"),
    )
    before = datetime(2026, 12, 9, 10, 59, tzinfo=UTC)
    assert stay.phase(before) == StayPhase.UPCOMING
    assert stay.phase(before + timedelta(minutes=2)) == StayPhase.ARRIVING


@pytest.mark.django_db
def test_agreed_times_go_before_usual_ones() -> None:
    desk = factories.desk()
    Unit.objects.update(check_in_time=time(16), check_out_time=time(11))
    stay = factories.stay(desk, unit=Unit.objects.get(), check_out_time=time(14))
    assert (stay.effective_check_in, stay.effective_check_out) == (time(16), time(14))


@pytest.mark.django_db
def test_only_marked_reservations_are_tests() -> None:
    desk = factories.desk()
    stay = factories.stay(desk)
    assert testing.remote_id_of_test(desk.connection.pk, stay.code) is None
    testing.mark(desk.people["Admin"], stay, is_test=True)
    assert testing.remote_id_of_test(desk.connection.pk, stay.code) == stay.remote_id
    assert testing.remote_id_of_test(desk.connection.pk, stay.remote_id) == stay.remote_id
    assert AuditEntry.objects.get(action="reservation.marked_test").after is True
    with pytest.raises(Exception, match="connections"):
        testing.mark(desk.agent, stay, is_test=False)
