"""What holds a message back, with its reason (ux Q9, Q11): pause, stop, connections that are down, legal hold, doubles,
templates; and the anchors that no date of a stay gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from bellhop.accounts.models import AuditEntry
from bellhop.core import clock, events
from connectors.events import ConnectionRecovered
from connectors.models import (
    Attempt,
    ChannelTemplate,
    Command,
    CommandState,
    Connection,
    ConnectionHealth,
)
from connectors.outbound import claim
from connectors.trust import connecting
from inbox.models import Message, Thread
from reservations.models import ContactPoint, Reason, Reservation, ScheduledMessage, Sequence
from reservations.sequences import by_hand, pausing, publishing, sending, stopping, upcoming
from reservations.services import legal_hold
from tests import factories
from tests.channels import connect, connect_twilio
from tests.factories import Desk
from tests.sequences import (
    DAY_BEFORE,
    at_noon,
    booked,
    cancel,
    forward,
    live,
    move_days,
    said,
    states,
    step,
)

pytestmark = pytest.mark.django_db
PHONE = "+351912345678"
SKIP = step(late="skip", useful_until=None)


@pytest.fixture(autouse=True)
def noon(db: None) -> None:
    at_noon()


def set_state(desk: Desk, row: Sequence, state: Sequence.State) -> None:
    publishing.set_state(desk.people["Marketer"], row, state)


def phone(stay: Reservation, value: str = PHONE) -> None:
    assert stay.guest is not None
    ContactPoint.objects.create(organization=stay.organization, guest=stay.guest, kind="phone", value=value)


def down(connection: Connection, since: Any = ...) -> None:
    at = clock.now() if since is ... else since
    ConnectionHealth.objects.filter(connection=connection).update(down_since=at)


def test_a_pause_holds_what_was_committed(desk: Desk) -> None:
    """Q9: claimed or not, it doesn't leave; going on sends it, because it is still of use."""
    row = live(desk)
    stay = booked(desk)
    sending.send_due()
    set_state(desk, row, Sequence.State.PAUSED)
    assert claim.take() is None
    first = Command.objects.get()
    assert (first.state, first.reason_code, first.tries) == (CommandState.CANCELLED, "paused", 0)
    assert states(stay) == [("planned", "paused")]
    forward(hours=3)
    assert sending.send_due() == 0
    set_state(desk, row, Sequence.State.LIVE)
    assert sending.send_due() == 1
    taken = claim.take()
    assert taken is not None
    assert taken.command.pk != first.pk
    assert states(stay) == [("sent", "")]


def test_a_pause_past_its_time_ends_it(desk: Desk) -> None:
    """Q9: times keep passing under the late rule."""
    row = live(desk, SKIP, {**SKIP, "key": "s2", "when": {"anchor": "booked", "hours": 1}})
    stay = booked(desk)
    sending.send_due()
    set_state(desk, row, Sequence.State.PAUSED)
    stopping.take_back_waiting()
    forward(hours=3)
    set_state(desk, row, Sequence.State.LIVE)
    sending.send_due()
    assert states(stay) == [("suppressed", "paused"), ("suppressed", "paused")]
    assert not Attempt.objects.exists()


def test_a_stop_takes_back(desk: Desk) -> None:
    row = live(desk, step(), {**DAY_BEFORE, "key": "s2"})
    stay = booked(desk)
    sending.send_due()
    set_state(desk, row, Sequence.State.STOPPED)
    assert stopping.take_back_waiting() == 1
    assert Command.objects.get().state == CommandState.CANCELLED
    assert states(stay) == [("suppressed", "stopped"), ("suppressed", "stopped")]
    assert claim.take() is None


def test_a_person_answers_in_a_thread_whose_sequence_is_paused(desk: Desk) -> None:
    """What is held back holds nobody up (invariant 5 is about what will leave)."""
    row = live(desk)
    stay = booked(desk)
    sending.send_due()
    set_state(desk, row, Sequence.State.PAUSED)
    answer = factories.answers(desk.agent, Thread.objects.get(stay=stay), "Here I am")
    taken = claim.take()
    assert taken is not None
    assert taken.command.subject == f"message:{answer.pk}"


def test_thousands_that_are_held_are_looked_at_once(desk: Desk, django_assert_num_queries: Any) -> None:
    """No polling: once it was taken back, a look for work is one statement."""
    row = live(desk)
    for _ in range(30):
        booked(desk)
    sending.send_due()
    set_state(desk, row, Sequence.State.PAUSED)
    assert claim.take() is None
    assert Command.objects.filter(state=CommandState.WAITING).count() == 0
    with django_assert_num_queries(3):  # and its savepoint
        assert claim.take() is None


def test_a_connection_that_is_down_is_waited_for(desk: Desk) -> None:
    live(desk)
    stay = booked(desk)
    down(desk.connection)
    sending.send_due()
    assert states(stay) == [("planned", "connection_down")]
    row = ScheduledMessage.objects.get()
    assert row.planned_for is not None
    assert row.due_at > clock.now()
    events.emit(ConnectionRecovered(connection_id=desk.connection.pk, organization_id=desk.organization.pk))
    down(desk.connection, None)
    assert sending.send_due() == 1
    assert said(stay) == ["Hello Maria"]


def test_an_outage_longer_than_its_use_ends_it(desk: Desk) -> None:
    live(desk, SKIP)
    stay = booked(desk)
    down(desk.connection)
    for _ in range(3):
        sending.send_due()
        forward(minutes=5)
    sending.send_due()
    assert states(stay) == [("suppressed", "connection_down")]


def test_the_next_channel_is_taken_after_an_hour(desk: Desk) -> None:
    """The first choice is waited for, while the message is of use; then the next one that is up is taken."""
    line = connect_twilio(desk.organization, "https://sms.example")
    live(desk, step(channels=["sms", "pms"]))
    stay = booked(desk)
    phone(stay)
    down(line)
    for _ in range(11):
        sending.send_due()
        assert states(stay) == [("planned", "connection_down")]
        forward(minutes=5)
    forward(minutes=6)
    sending.send_due()
    row = ScheduledMessage.objects.get()
    assert (row.state, row.channel) == ("sent", "pms")


def test_a_paused_channel_is_a_connection_that_is_down(desk: Desk) -> None:
    line = connect_twilio(desk.organization, "https://sms.example")
    live(desk, step(channels=["sms"]))
    stay = booked(desk)
    phone(stay)
    connecting.pause(line, "Invoice")
    sending.send_due()
    assert states(stay) == [("planned", "connection_down")]
    connecting.resume(line)
    assert sending.send_due() == 1
    assert states(stay) == [("sent", "")]


def test_legal_hold_holds_planned_and_committed(desk: Desk) -> None:
    """V11: nothing leaves by itself; who may put it is a permission, what was done is audited."""
    live(desk, step(), {**step(when={"anchor": "booked", "hours": 1}), "key": "s2"})
    stay = booked(desk)
    assert stay.guest is not None
    sending.send_due()
    with pytest.raises(PermissionDenied):
        legal_hold.put(desk.agent, stay.guest, "Dispute")
    legal_hold.put(desk.people["Operations manager"], stay.guest, "Dispute")
    assert claim.take() is None
    forward(hours=1)
    sending.send_due()
    assert states(stay) == [("held", "legal_hold"), ("held", "legal_hold")]
    assert AuditEntry.objects.filter(action="guest.held", after="Dispute").exists()
    legal_hold.lift(desk.people["Admin"], stay.guest)
    assert states(stay) == [("held", "legal_hold"), ("held", "legal_hold")], "a person decides"


def test_two_rooms_of_one_guest_are_one_welcome(desk: Desk) -> None:
    """Duplicate contact; what says something of one room alone goes for each of them."""
    door = {"en": {"body": "Your room is {{ unit.name }}"}}
    live(desk, step(channels=["sms"]), {**step(channels=["sms"], texts=door), "key": "s2"})
    connect_twilio(desk.organization, "https://sms.example")
    first = booked(desk)
    phone(first)
    second = booked(desk, guest=first.guest)
    sending.send_due()
    assert states(first) == [("sent", ""), ("sent", "")]
    assert states(second) == [("suppressed", "duplicate_contact"), ("sent", "")]


def test_what_an_address_refuses_is_not_sent(desk: Desk) -> None:
    """A STOP between commit and claim: the message's row says so, too."""
    from reservations.models import ConsentScope, ConsentSource, ConsentState
    from reservations.services import consent

    line = connect_twilio(desk.organization, "https://sms.example")
    live(desk, step(channels=["sms"]))
    stay = booked(desk)
    phone(stay)
    sending.send_due()
    said_stop = consent.Statement(
        channel="sms",
        address=PHONE,
        scope=ConsentScope.ALL,
        state=ConsentState.REVOKED,
        source=ConsentSource.KEYWORD,
        at=clock.now(),
    )
    consent.record(desk.organization.pk, said_stop)
    assert claim.take() is None
    assert states(stay) == [("suppressed", "opted_out")]
    assert line.pk == Command.objects.get().connection_id


def test_what_waited_too_long_is_taken_back(desk: Desk) -> None:
    """An outage after the commit: the late rule counts at the claim, too."""
    live(desk, SKIP)
    stay = booked(desk)
    sending.send_due()
    forward(hours=3)
    assert claim.take() is None
    assert states(stay) == [("suppressed", "past_its_time")]


# --- new dates ---
NEW_DATES = step(key="d", when={"anchor": "dates_changed"}, texts={"en": {"body": "Now {{ stay.arrival }}"}})


def test_new_dates_are_told_once_for_each_change(desk: Desk) -> None:
    live(desk, NEW_DATES)
    stay = booked(desk)
    assert sending.send_due() == 0
    move_days(stay, 3)
    assert sending.send_due() == 1
    assert sending.send_due() == 0
    forward(hours=1)
    move_days(stay, 2)
    assert sending.send_due() == 1
    told = said(stay)
    assert len(told) == len(set(told)) == 2
    assert [row.occurrence for row in ScheduledMessage.objects.order_by("id")] == [1, 2]


def test_a_change_before_it_left_moves_it(desk: Desk) -> None:
    live(desk, {**NEW_DATES, "when": {"anchor": "dates_changed", "hours": 1}})
    stay = booked(desk)
    move_days(stay, 3)
    forward(minutes=40)
    move_days(stay, 3)
    forward(minutes=40)
    assert sending.send_due() == 0
    forward(minutes=30)
    assert sending.send_due() == 1
    assert len(said(stay)) == 1


def test_an_import_that_finds_other_dates_tells_nobody(desk: Desk) -> None:
    """N13: and neither does a stay whose dates become known."""
    live(desk, NEW_DATES)
    stay = booked(desk)
    move_days(stay, 3, history=True)
    assert sending.send_due() == 0
    cancel(stay)
    move_days(stay, 3)
    assert sending.send_due() == 0


# --- by hand ---
BY_HAND = step(when={"anchor": "manual"})


def test_a_person_puts_a_stay_on_a_sequence(desk: Desk) -> None:
    row = live(desk, BY_HAND)
    assert publishing.blast(row).within_fortnight == 0
    stay = booked(desk)
    assert states(stay) == []
    with pytest.raises(PermissionDenied):
        by_hand.put_on(desk.people["Housekeeper"], stay, row)
    assert by_hand.offered(stay) == [row]
    by_hand.put_on(desk.agent, stay, row)
    assert sending.send_due() == 1
    assert said(stay) == ["Hello Maria"]
    assert by_hand.offered(stay) == []
    with pytest.raises(by_hand.CannotPutOn):
        by_hand.put_on(desk.agent, stay, row)
    assert AuditEntry.objects.filter(action="sequence.put_on", after=row.name).exists()


def test_only_what_fits_is_offered(desk: Desk) -> None:
    rules = [{"field": "nights", "operator": "at_least", "value": 9}]
    live(desk)
    row = live(desk, {**BY_HAND, "key": "x"}, rules=rules)
    stay = booked(desk)
    assert by_hand.offered(stay) == [row]
    with pytest.raises(by_hand.CannotPutOn):
        by_hand.put_on(desk.agent, stay, row)
    cancel(stay)
    assert by_hand.offered(stay) == []


# --- approved templates ---
def whatsapp(desk: Desk) -> Connection:
    from tests.channels import WHATSAPP

    return connect(desk.organization, "whatsapp", "https://wa.example", WHATSAPP, "WhatsApp")


def template(line: Connection, status: str = "approved") -> None:
    ChannelTemplate.objects.create(
        connection=line,
        name="checkin",
        language="en",
        status=status,
        category="UTILITY",
        body="Hello {{1}}, see you on {{2}}.",
        seen_at=clock.now(),
    )


WITH_TEMPLATE = step(
    channels=["whatsapp"],
    template={
        "name": "checkin",
        "language": "en",
        "values": {"1": "{{ guest.first_name }}", "2": "{{ stay.arrival }}"},
    },
)


def test_a_closed_window_takes_the_approved_template(desk: Desk) -> None:
    template(whatsapp(desk))
    live(desk, WITH_TEMPLATE)
    stay = booked(desk)
    phone(stay)
    assert sending.send_due() == 1
    assert said(stay)[0].startswith("Hello Maria, see you on ")
    intent = Command.objects.get().intent
    assert intent["template"]["name"] == "checkin"
    assert intent["template"]["values"][0] == "Maria"


def test_without_a_template_a_closed_window_is_no_channel(desk: Desk) -> None:
    template(whatsapp(desk))
    live(desk, step(channels=["whatsapp"]))
    stay = booked(desk)
    phone(stay)
    sending.send_due()
    assert states(stay) == [("suppressed", "no_channel")]


def test_a_template_with_a_hole_is_held(desk: Desk) -> None:
    template(whatsapp(desk))
    values = {"1": "{{ guest.first_name }}", "2": "{{ stay.door_code }}"}
    live(desk, {**WITH_TEMPLATE, "template": {**WITH_TEMPLATE["template"], "values": values}})
    stay = booked(desk)
    phone(stay)
    sending.send_due()
    assert states(stay) == [("held", Reason.MISSING_VALUE)]
    assert not Message.objects.filter(author="automatic").exists()


@pytest.mark.parametrize(
    ("status", "code"), [(None, "unknown_template"), ("rejected", "template_not_approved")]
)
def test_a_template_must_be_approved_to_publish(desk: Desk, status: str | None, code: str) -> None:
    line = whatsapp(desk)
    if status is not None:
        template(line, status)
    found = publishing.flaws({"steps": [WITH_TEMPLATE]}, desk.organization.pk)
    assert [flaw.code for flaw in found] == [code]


def test_a_day_waits_for_no_hour(desk: Desk) -> None:
    """A sequence's rows that only wait for a line keep their own time."""
    live(desk)
    stay = booked(desk)
    due = ScheduledMessage.objects.get().due_at
    down(desk.connection)
    sending.send_due()
    row = ScheduledMessage.objects.get()
    assert row.time == due
    assert row.due_at - due <= timedelta(minutes=6)
    assert stay.pk == row.reservation_id


# --- on screen ---
def test_the_panel_puts_on_and_holds(desk: Desk, client: Any) -> None:
    """V6, V11: an agent puts a stay on; a manager puts its guest on hold; who sees another property finds none."""
    row = live(desk, BY_HAND)
    stay = booked(desk)
    thread = Thread.objects.get(stay=stay)
    panel, put_on = f"/threads/{thread.public_id}/panel/", f"/stays/{stay.public_id}/sequences/"
    client.force_login(desk.agent)
    assert "Put this stay on" in client.get(panel).content.decode()
    assert client.post(put_on, {"sequence": row.public_id}).status_code == 204
    assert client.post(put_on, {"sequence": row.public_id}).status_code == 409
    assert "Put this stay on" not in client.get(panel).content.decode()
    assert client.post(f"/stays/{stay.public_id}/hold/put/", {"reason": "x"}).status_code == 403
    client.force_login(desk.people["Operations manager"])
    assert client.post(f"/stays/{stay.public_id}/hold/put/", {"reason": "Dispute"}).status_code == 204
    shown = client.get(panel).content.decode()
    assert "Dispute" in shown
    assert "The guest is on legal hold" in shown
    assert "Legal hold" in client.get(f"/inbox/all/{thread.public_id}/").content.decode()
    elsewhere = factories.property_of(desk.organization, "Elsewhere")
    client.force_login(factories.limited(desk.organization, elsewhere))
    assert client.post(put_on, {"sequence": row.public_id}).status_code == 404


def test_a_person_pauses_all_of_one_stay(desk: Desk) -> None:
    """V6: nothing automatic leaves, not even what was committed; going on judges by the late rule of each step."""
    later = {**step(when={"anchor": "booked", "hours": 48}), "key": "s4"}
    hour = {"when": {"anchor": "booked", "hours": 1}}
    live(desk, step(), {**step(**hour, late="skip", useful_until=None), "key": "s2"},
         {**step(**hour, late="hold", useful_until=None), "key": "s3"}, later)  # fmt: skip
    stay, other = booked(desk), booked(desk)
    sending.send_due()
    with pytest.raises(PermissionDenied):
        pausing.pause(desk.people["Housekeeper"], stay)
    pausing.pause(desk.agent, stay)
    assert stopping.take_back_waiting() == 1
    assert states(stay)[0] == ("held", "paused")
    assert states(other)[0] == ("sent", "")
    forward(hours=3)
    sending.send_due()
    assert states(stay) == [("held", "paused"), ("held", "paused"), ("held", "paused"), ("planned", "")]
    pausing.go_on(desk.agent, stay)
    sending.send_due()
    assert states(stay) == [("sent", ""), ("suppressed", "paused"), ("held", "paused"), ("planned", "")]
    forward(hours=48)
    sending.send_due()
    assert states(stay)[3] == ("sent", "")
    told = AuditEntry.objects.filter(action__startswith="stay.messages").order_by("pk")
    assert [row.action for row in told] == ["stay.messages_paused", "stay.messages_resumed"]


LINKED = {"en": {"body": "Tell us: https://house.example/x"}}


def test_what_an_agency_forbids_takes_another_way_or_none(desk: Desk) -> None:
    """consent.md 8: rules of platforms are asked before sending, of automatic messages, too."""
    connect_twilio(desk.organization, "https://sms.example")
    live(desk, step(texts=LINKED, channels=["pms", "sms"]))
    there, direct, both = booked(desk), booked(desk), booked(desk)
    Thread.objects.filter(stay__in=[there, both]).update(pms_channel="airbnb")
    Thread.objects.filter(stay=direct).update(pms_channel="direct")
    phone(both)
    assert [one.why for one in upcoming.of(there)] == [
        "The booking platform does not allow what it says, such as a link."
    ]
    sending.send_due()
    assert states(there) == [("suppressed", "against_rules")]
    assert states(direct) == states(both) == [("sent", "")]
    assert [row.channel for row in ScheduledMessage.objects.filter(state="sent").order_by("id")] == [
        "pms",
        "sms",
    ]
