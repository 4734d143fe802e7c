"""What sends nothing that was sent already or is past its late rule (signature N13), one test each; and times through
clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.contract.records import AuthorKind, ReservationRecord, StayStatus
from connectors.events import Source
from connectors.inbound import identity
from connectors.inbound.apply import apply
from connectors.models import Command, Connection
from connectors.trust import connecting
from inbox.models import Message, Receipt, Thread
from reservations.models import Reservation, ScheduledMessage, Unit
from reservations.sequences import sending
from tests import factories
from tests.factories import Desk
from tests.sequences import (
    DAY_BEFORE,
    at_noon,
    booked,
    forward,
    live,
    move_to,
    said,
    states,
    step,
    tell,
)

pytestmark = pytest.mark.django_db
BEFORE = {**DAY_BEFORE, "key": "s2", "late": "skip", "useful_until": None}


@pytest.fixture(autouse=True)
def noon(db: None) -> None:
    at_noon()


def record(stay: Reservation, version: str) -> ReservationRecord:
    """What the PMS tells of it."""
    return ReservationRecord(
        external_id=stay.remote_id,
        version=version,
        confirmation_code=stay.code,
        status=StayStatus.CONFIRMED,
        arrival_date=stay.arrival_date,
        departure_date=stay.departure_date,
        conversation_id=stay.conversation_id,
        channel_code=stay.channel_code,
        created_at=stay.booked_at,
    )


def hear(connection: Connection, told: ReservationRecord, *, history: bool = False) -> None:
    with transaction.atomic():
        apply(Source(connection=connection, history=history), told)


def sent_count() -> int:
    return Message.objects.filter(author="automatic").count()


def test_initial_import(desk: Desk) -> None:
    """N13."""
    live(desk, step(), BEFORE)
    stay = factories.stay(desk, starts_in=5, booked_at=clock.now() - timedelta(days=3), channel_code="HM1")
    told = record(stay, "1")
    stay.delete()
    hear(desk.connection, told, history=True)
    assert sending.send_due() == 0
    fresh = Reservation.objects.get()
    assert states(fresh) == [("suppressed", "past_its_time"), ("planned", "")]


def test_replay(desk: Desk) -> None:
    """N13: the same webhooks once more, the newest and an old one."""
    live(desk, step(), BEFORE)
    stay = booked(desk)
    identity.remember(desk.connection.pk, Entity.RESERVATION, stay.remote_id, stay.pk)
    sending.send_due()
    for version in ("1", "2", "1", "2"):
        hear(desk.connection, record(stay, version))
        assert sending.send_due() == 0
    assert (Reservation.objects.count(), sent_count()) == (1, 1)


def test_restore(desk: Desk) -> None:
    """N13, fault 26: the database as it was before the message was sent; what is read from the PMS says that it was."""
    live(desk, step())
    stay = booked(desk)
    sending.send_due()
    body = said(stay)[0]
    Receipt.objects.all().delete()
    Message.objects.all().delete()
    Command.objects.all().delete()
    ScheduledMessage.objects.update(
        state="planned", settled_at=None, message_id=None, command_ids=[], address="", channel=""
    )
    thread = Thread.objects.get(stay=stay)
    factories.told(thread, body, at=clock.now(), author=AuthorKind.STAFF)
    sending.send_due()
    assert (states(stay), sent_count()) == ([("suppressed", "already_sent")], 0)


def test_restore_of_an_old_backup(desk: Desk) -> None:
    """N13: what is past its late rule by now."""
    live(desk, BEFORE)
    stay = booked(desk, starts_in=3)
    forward(days=4)
    sending.send_due()
    assert (states(stay), sent_count()) == ([("suppressed", "past_its_time")], 0)


def test_reconnect(desk: Desk) -> None:
    """N13: a pause and a new sign-in of the connection, with a catch-up of all that is there."""
    live(desk, step(), BEFORE)
    stay = booked(desk)
    identity.remember(desk.connection.pk, Entity.RESERVATION, stay.remote_id, stay.pk)
    sending.send_due()
    connecting.pause(desk.connection, "Maintenance")
    forward(hours=5)
    connecting.resume(desk.connection)
    hear(desk.connection, record(stay, "5"), history=True)
    hear(desk.connection, record(stay, "6"))
    assert sending.send_due() == 0
    assert sent_count() == 1


def test_pms_switch(desk: Desk) -> None:
    """N13: the same booking under another PMS, with other ids, another conversation, another guest's row."""
    live(desk, step(), BEFORE)
    stay = booked(desk, channel_code="HMABC")
    sending.send_due()
    connecting.pause(desk.connection, "We have moved")
    other = factories.connect(desk.organization)
    old = record(stay, "1")
    fresh = ReservationRecord(
        external_id="new-1",
        version="1",
        confirmation_code="NEW1",
        status=StayStatus.CONFIRMED,
        arrival_date=old.arrival_date,
        departure_date=old.departure_date,
        conversation_id="new-talk",
        channel_code="HMABC",
        created_at=old.created_at,
    )
    hear(other, fresh, history=True)
    moved = Reservation.objects.get(connection=other)
    factories.thread(desk, moved, connection=other, conversation_id="new-talk")
    tell(moved, created=True)
    sending.send_due()
    assert [state for state, _reason in states(moved)] == ["suppressed", "planned"]
    assert sent_count() == 1


def test_unit_move(desk: Desk) -> None:
    """N13."""
    live(desk, step(), BEFORE)
    stay = booked(desk)
    sending.send_due()
    stay.unit = Unit.objects.create(organization=desk.organization, property=desk.place, name="305")
    tell(stay, "unit", was="204")
    assert sending.send_due() == 0
    assert sent_count() == 1


def test_clock_change(desk: Desk) -> None:
    """N13: the clock goes forward two days, back three, forward again: nothing twice, nothing lost."""
    live(desk, step(), {**DAY_BEFORE, "key": "s2"})
    stay = booked(desk, starts_in=3)
    assert sending.send_due() == 1
    forward(days=2)
    assert sending.send_due() == 1
    forward(days=-3)
    assert sending.send_due() == 0
    tell(stay, "check_in_time", was="15:00")
    forward(days=3)
    assert sending.send_due() == 0
    assert len(said(stay)) == 2


def test_a_clock_that_was_wrong_for_a_while_loses_nothing(desk: Desk) -> None:
    live(desk, {**DAY_BEFORE, "key": "s2"})
    stay = booked(desk, starts_in=3)
    forward(days=-10)
    assert sending.send_due() == 0
    forward(days=12)
    assert sending.send_due() == 1
    assert len(said(stay)) == 1


# --- clock changes of a zone, end to end ---
def in_new_york(desk: Desk, arrival: datetime, at: str) -> Reservation:
    move_to(arrival - timedelta(days=3))
    live(desk, step(when={"anchor": "arrival", "at": at}))
    place = factories.property_of(desk.organization, "Hudson", "America/New_York")
    days = (arrival.date() - clock.now().date()).days
    return booked(desk, property=place, unit=None, starts_in=days)


def test_a_time_in_the_gap_leaves_at_its_end(desk: Desk) -> None:
    """Fault 24: 02:30 doesn't exist on 14 March 2027 in New York; 03:00 there is 07:00 UTC."""
    stay = in_new_york(desk, datetime(2027, 3, 14, 12, tzinfo=UTC), "02:30")
    move_to(datetime(2027, 3, 14, 6, 59, 30, tzinfo=UTC))
    assert sending.send_due() == 0
    move_to(datetime(2027, 3, 14, 7, 0, 5, tzinfo=UTC))
    assert sending.send_due() == 1
    move_to(datetime(2027, 3, 14, 7, 30, tzinfo=UTC))
    assert sending.send_due() == 0
    assert len(said(stay)) == 1


def test_a_time_that_comes_twice_leaves_once(desk: Desk) -> None:
    """Fault 24: 01:30 comes at 05:30 and at 06:30 UTC on 7 November 2027 in New York."""
    stay = in_new_york(desk, datetime(2027, 11, 7, 12, tzinfo=UTC), "01:30")
    move_to(datetime(2027, 11, 7, 5, 29, 30, tzinfo=UTC))
    assert sending.send_due() == 0
    move_to(datetime(2027, 11, 7, 5, 30, 5, tzinfo=UTC))
    assert sending.send_due() == 1
    move_to(datetime(2027, 11, 7, 6, 30, 5, tzinfo=UTC))
    tell(stay, "check_in_time", was="15:00")
    assert sending.send_due() == 0
    assert len(said(stay)) == 1


def test_the_local_hour_is_kept_over_a_change(desk: Desk) -> None:
    """Planned before the clocks change: 10:00 there, whatever that is in UTC."""
    in_new_york(desk, datetime(2027, 3, 14, 12, tzinfo=UTC), "10:00")
    assert ScheduledMessage.objects.get().due_at == datetime(2027, 3, 14, 14, tzinfo=UTC)


def test_the_daily_cap_is_a_guests_not_a_stays(desk: Desk) -> None:
    """N13: two rooms under one guest share it; the fourth message leaves a day after the first."""
    live(desk, *[step(key=f"s{n}", texts={"en": {"body": f"{n} {{{{ unit.name }}}}"}}) for n in range(2)])
    first = booked(desk)
    second = booked(desk, guest=first.guest)
    sending.send_due()
    assert [state for state, _ in (*states(first), *states(second))].count("sent") == 3
    waiting = ScheduledMessage.objects.get(state="planned")
    oldest = ScheduledMessage.objects.filter(state="sent").order_by("settled_at").first()
    assert oldest is not None
    assert oldest.settled_at is not None
    assert waiting.reason == "daily_cap"
    assert waiting.due_at == oldest.settled_at + timedelta(days=1)
    forward(days=1, seconds=5)
    assert sending.send_due() == 1
