"""Sequences end to end, but for the network: the six known embarrassments, silence after a cancellation, once only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from bellhop.core import clock
from connectors.models import Command, CommandState, Origin
from inbox.models import Thread
from reservations.models import Enrollment, Property, Reservation, ScheduledMessage, Sequence
from reservations.sequences import library, publishing, sending, upcoming
from tests import factories
from tests.factories import Desk
from tests.sequences import DAY_BEFORE, at_noon, booked, cancel, forward, live, said, states, step, tell

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(db: None) -> Iterator[None]:
    at_noon()
    yield
    clock.forget()


def test_who_books_is_welcomed_once(desk: Desk) -> None:
    live(desk)
    stay = booked(desk)
    assert sending.send_due() == 1
    assert said(stay) == ["Hello Maria"]
    tell(stay, created=True)
    assert sending.send_due() == 0
    command = Command.objects.get()
    assert (command.origin, command.kind) == (Origin.SEQUENCE, "send_message")
    assert Enrollment.objects.get().state == Enrollment.State.FINISHED


def test_a_cancelled_stay_gets_nothing(desk: Desk) -> None:
    """Embarrassment 1, invariant 7: neither what is planned nor what was committed and has not left."""
    live(desk, step(), {**DAY_BEFORE, "key": "s2"})
    stay = booked(desk)
    sending.send_due()
    cancel(stay)
    assert Command.objects.get().state == CommandState.CANCELLED
    assert states(stay) == [("suppressed", "cancelled"), ("suppressed", "cancelled")]
    forward(days=4)
    assert sending.send_due() == 0


def test_an_alteration_sends_nothing_again(desk: Desk) -> None:
    """Embarrassments 2 and 5: what was sent stays sent; what is planned moves, with the new dates in its words."""
    live(desk, step(), {**DAY_BEFORE, "key": "s2", "texts": {"en": {"body": "See you {{ stay.arrival }}"}}})
    stay = booked(desk)
    sending.send_due()
    assert stay.arrival_date is not None
    stay.arrival_date += timedelta(days=10)
    tell(stay, "arrival_date")
    forward(days=5)
    assert sending.send_due() == 0
    forward(days=9)
    assert sending.send_due() == 1
    assert said(stay)[1].endswith(f"{stay.arrival_date.day} {stay.arrival_date:%B}")
    assert len(said(stay)) == 2


def test_an_import_sends_nothing_that_is_past(desk: Desk) -> None:
    """Embarrassment 3: import, replay and re-connection reach nobody with what is over for them."""
    live(desk, step(), {**DAY_BEFORE, "key": "s2"})
    stay = booked(desk, history=True, booked_at=clock.now() - timedelta(days=40))
    assert sending.send_due() == 0
    assert states(stay) == [("suppressed", "past_its_time"), ("planned", "")]


def test_a_pms_that_is_connected_anew_sends_nothing_twice(desk: Desk) -> None:
    """The same stay under another row: what went to that address for that arrival is not sent again."""
    live(desk)
    first = booked(desk)
    sending.send_due()
    again = factories.stay(
        desk, booked_at=clock.now(), starts_in=5, guest=first.guest, conversation_id=first.conversation_id
    )
    Thread.objects.get(stay=first).stays.add(again)
    tell(again, created=True)
    sending.send_due()
    assert states(again) == [("suppressed", "already_sent")]


def test_two_guests_of_one_day_are_two(desk: Desk) -> None:
    """Each has a conversation of their own at the PMS: the first one's message is not the second one's."""
    live(desk)
    first = booked(desk)
    sending.send_due()
    second = booked(desk)
    sending.send_due()
    assert states(first) == states(second) == [("sent", "")]


def test_a_same_day_booking_gets_what_still_helps(desk: Desk) -> None:
    """Embarrassment 4: the day before is past, its instruction is useful until check-in."""
    live(desk, DAY_BEFORE)
    stay = booked(desk, starts_in=0)
    assert sending.send_due() == 1
    assert said(stay) == ["Hello Maria"]


def test_what_helps_no_more_is_skipped(desk: Desk) -> None:
    live(desk, DAY_BEFORE)
    forward(hours=6)
    stay = booked(desk, starts_in=0)
    sending.send_due()
    assert states(stay) == [("suppressed", "past_its_time")]


def test_a_unit_move_is_no_booking(desk: Desk) -> None:
    """Embarrassment 6."""
    live(desk)
    stay = booked(desk)
    sending.send_due()
    stay.unit = desk.unit.__class__.objects.create(
        organization=desk.organization, property=desk.place, name="305"
    )
    tell(stay, "unit")
    assert sending.send_due() == 0
    assert len(said(stay)) == 1


def test_publishing_reaches_nobody_with_the_past(desk: Desk) -> None:
    """Signature N13."""
    stay = booked(desk, starts_in=3, booked_at=clock.now() - timedelta(days=30))
    live(desk, step(), {**DAY_BEFORE, "key": "s2"})
    assert sending.send_due() == 0
    assert states(stay) == [("suppressed", "past_its_time"), ("planned", "")]


def test_more_than_fifty_must_be_typed(desk: Desk) -> None:
    for _ in range(51):
        factories.stay(desk, starts_in=3, booked_at=clock.now())
    with pytest.raises(publishing.CannotPublish):
        live(desk, DAY_BEFORE)
    row = Sequence.objects.get()
    assert publishing.blast(row).within_fortnight == 51
    publishing.publish(desk.people["Marketer"], row, typed=51)


def test_paused_means_that_nothing_leaves(desk: Desk) -> None:
    row = live(desk)
    publishing.set_state(desk.people["Marketer"], row, Sequence.State.PAUSED)
    stay = booked(desk)
    assert sending.send_due() == 0
    publishing.set_state(desk.people["Marketer"], row, Sequence.State.LIVE)
    tell(stay, "status")
    assert sending.send_due() == 1


def test_a_hole_holds_the_message_and_tells(desk: Desk) -> None:
    from bellhop.core.models import Incident

    live(desk, step(texts={"en": {"body": "Your code is {{ stay.door_code }}"}}))
    stay = booked(desk)
    sending.send_due()
    assert (said(stay), states(stay)) == ([], [("held", "missing_value")])
    assert Incident.objects.filter(code="sequence_missing_value").exists()


def test_conditions_and_languages(desk: Desk) -> None:
    texts = {"en": {"body": "Hello"}, "es": {"body": "Hola"}}
    rules = [{"field": "nights", "operator": "at_least", "value": 3}]
    live(desk, step(texts=texts), {**step(rules=rules), "key": "s2"})
    stay = booked(desk)
    assert stay.guest is not None
    stay.guest.language = "es-MX"
    stay.guest.save()
    sending.send_due()
    assert said(stay) == ["Hola"]
    assert states(stay)[1] == ("suppressed", "condition_false")


def test_who_cancels_is_said_goodbye_to_and_no_import_is(desk: Desk) -> None:
    live(desk, step(when={"anchor": "cancelled", "hours": 0.25}, late="skip", useful_until=None))
    stay, old = booked(desk), factories.stay(desk, status="cancelled", cancelled_at=clock.now())
    tell(old, created=True, history=True)
    cancel(stay)
    assert sending.send_due() == 0
    forward(minutes=16)
    assert sending.send_due() == 1
    assert (said(stay), said(old)) == (["Hello Maria"], [])


def test_a_cancellation_that_was_taken_back_goes_on(desk: Desk) -> None:
    live(desk, DAY_BEFORE)
    stay = booked(desk)
    cancel(stay)
    stay.status = Reservation.Status.CONFIRMED
    tell(stay, "status")
    forward(days=4)
    assert sending.send_due() == 1
    assert said(stay) == ["Hello Maria"]


def test_three_a_day_are_enough(desk: Desk) -> None:
    live(desk, *[{**step(), "key": f"s{number}"} for number in range(5)])
    stay = booked(desk)
    sending.send_due()
    assert len(said(stay)) == 3
    assert [reason for state, reason in states(stay) if state == "planned"] == ["daily_cap", "daily_cap"]


def test_an_owner_gets_nothing(desk: Desk) -> None:
    live(desk)
    stay = booked(desk, is_owner_stay=True)
    assert sending.send_due() == 0
    assert states(stay) == []


def test_the_library_can_be_published_as_it_is(desk: Desk) -> None:
    publishing.seed(desk.organization)
    publishing.seed(desk.organization)
    rows = Sequence.objects.all()
    assert rows.count() == len(library.entries()) == 10
    for row in rows:
        assert publishing.flaws(row.draft) == []
        publishing.publish(desk.people["Marketer"], row)


def test_a_tenant_is_reminded_of_every_rent(desk: Desk) -> None:
    """Who stays for seventy nights pays twice more; a guest of a week hears nothing of rents."""
    publishing.seed(desk.organization)
    for row in Sequence.objects.filter(library_key__startswith="tenant_"):
        publishing.publish(desk.people["Marketer"], row)
    tenant, guest = booked(desk, nights=70), booked(desk, nights=7)
    assert not ScheduledMessage.objects.filter(reservation=guest).exists()
    forecast = {one.step: one.will_not for one in upcoming.of(tenant)}
    assert [name for name, will_not in forecast.items() if not will_not] == [
        "The day after moving in", "Rent, month 2", "Rent, month 3",
    ]  # fmt: skip


def test_times_are_the_propertys(desk: Desk) -> None:
    """10:00 in Kathmandu is 04:15 UTC."""
    live(desk, DAY_BEFORE)
    place: Property = factories.property_of(desk.organization, "Peak", "Asia/Kathmandu")
    stay = booked(desk, property=place)
    row = ScheduledMessage.objects.get(reservation=stay)
    assert (row.due_at.hour, row.due_at.minute) == (4, 15)
    assert row.due_at.date() == (stay.arrival_date or date.min) - timedelta(days=1)
