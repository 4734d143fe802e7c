"""Night audits: every section of what stood at the close of a business date (ux A1, A2; signature N14)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from bellhop.core import clock, events, incidents
from connectors.events import CommandMoved
from connectors.models import (
    Command,
    CommandState,
    Connection,
    Drift,
    ExternalId,
    FieldOverwrite,
    WebhookDelivery,
)
from connectors.models.journal import DeliveryState
from inbox.models import Destination, Receipt, ReceiptState, Thread
from inbox.services import triage
from reservations.models import NightAudit, RequestKind, Reservation
from reservations.night_audit import mailing, running, sheet
from reservations.night_audit.facts import Section
from reservations.night_audit.rows import Reader
from reservations.sequences import sending
from reservations.services import requests
from reservations.services.requests import Terms, Wish
from reservations.surveys import answering, links
from reservations.surveys.answering import Given
from tests import factories
from tests.audits import noon, run, today
from tests.factories import Desk
from tests.sequences import booked, cancel, forward, live, step

__all__ = ["noon"]
pytestmark = pytest.mark.django_db
LATE = RequestKind.LATE_CHECK_OUT
INSTRUCTIONS = step(when={"anchor": "arrival", "days": -1, "at": "10:00"}, late="send")


@pytest.fixture
def departing(desk: Desk) -> Reservation:
    desk.unit.check_out_time, desk.unit.check_in_time = time(11), time(15)
    desk.unit.save()
    return factories.stay(desk, starts_in=-2)


def rows(audit: NightAudit, section: Section) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = audit.facts[section.value]["rows"]
    return found


def settle(command: Command, state: CommandState) -> None:
    command.state, command.settled_at = state, clock.now()
    command.save(update_fields=["state", "settled_at"])
    events.emit(CommandMoved(command=command))


def drifts(desk: Desk, stay: Reservation, field: str, **values: Any) -> Drift:
    now = clock.now()
    return Drift.objects.create(
        connection=desk.connection, entity="reservation", object_id=stay.pk, remote_id=stay.remote_id,
        label=stay.guest.full_name if stay.guest else "", place_id=desk.place.pk, arrival_date=stay.arrival_date,
        field=field, owner="pms", cause=Drift.Cause.LOST_WEBHOOK, since=now, found_at=now, looked_at=now, **values,
    )  # fmt: skip


def test_an_empty_date_says_zero_everywhere(desk: Desk) -> None:
    """A2: zero lines are there."""
    audit = run(desk)
    assert list(audit.facts) == [section.value for section in Section]
    assert all(part["rows"] == [] for part in audit.facts.values())
    counts = {name: count for name, count in audit.figures.items() if name != "answers"}
    assert set(counts.values()) == {0}
    assert audit.figures["answers"] == []


def test_an_approved_late_check_out_with_its_message(desk: Desk, departing: Reservation) -> None:
    """N14: approved by, at, the message linked, and whether the PMS has it."""
    thread = factories.thread(desk, departing)
    message = factories.says(thread, "Can we stay until one?")
    wish = Wish(kind=LATE, wished=time(13), message_id=message.pk)
    row = requests.ask(desk.agent, departing, wish)
    requests.approve(desk.agent, row, Terms(price=Decimal(20), currency="EUR"))
    settle(Command.objects.get(), CommandState.CONFIRMED)
    audit = run(desk)
    [fact] = rows(audit, Section.TIMES)
    assert (fact["unit"], fact["guest"], fact["state"]) == ("204", "Maria Lindqvist", "approved")
    assert (fact["usual"], fact["agreed"], fact["price"], fact["currency"]) == (
        "11:00",
        "13:00",
        "20.00",
        "EUR",
    )
    assert (fact["decided_by"], fact["pms_state"]) == (desk.agent.full_name, "done")
    assert (fact["thread"], fact["message"], fact["channel"]) == (
        thread.public_id, message.public_id, "SMS",
    )  # fmt: skip
    assert all(fact[name] for name in ("pms_at", "asked_at", "decided_at"))
    assert not {"stay", "said"} & set(fact)
    assert audit.figures["late_check_outs"] == 1
    assert audit.figures["requests"] == 1
    assert rows(audit, Section.OPEN) == []


def test_declined_and_undecided_requests(desk: Desk, departing: Reservation) -> None:
    """A request that was discussed and not decided is listed as open (N14)."""
    late = requests.ask(desk.agent, departing, Wish(kind=LATE, wished=time(15)))
    requests.decline(desk.agent, late)
    thread = factories.thread(desk, departing)
    triage.assign(desk.agent, thread, desk.agent)
    requests.ask(desk.agent, departing, Wish(kind=RequestKind.COT))
    arriving = factories.stay(desk, "Omar Farouk", starts_in=0)
    requests.ask(desk.agent, arriving, Wish(kind=RequestKind.EARLY_CHECK_IN, wished=time(13)))
    audit = run(desk)
    assert [(fact["kind"], fact["state"]) for fact in rows(audit, Section.TIMES)] == [(LATE, "declined")]
    found = [(fact["kind"], fact.get("with", ""), fact["guest"]) for fact in rows(audit, Section.OPEN)]
    assert found == [
        ("cot", desk.agent.full_name, "Maria Lindqvist"),
        ("early_check_in", "", "Omar Farouk"),
    ]


def test_what_was_decided_earlier_for_this_date(desk: Desk) -> None:
    """A late check-out that was agreed days before stands on the paper of its own day, and of no other in between."""
    stay = factories.stay(desk, starts_in=-1, nights=3)
    requests.approve(desk.agent, requests.ask(desk.agent, stay, Wish(kind=LATE, wished=time(13))), Terms())
    first = run(desk)
    forward(days=1)
    between = run(desk)
    forward(days=1)
    last = run(desk)
    assert [len(rows(audit, Section.TIMES)) for audit in (first, between, last)] == [1, 0, 1]
    assert last.figures["requests"] == 0


def test_who_waits_and_who_was_answered(desk: Desk, departing: Reservation) -> None:
    waits = factories.thread(desk, departing)
    factories.says(waits, "Is there a number for the night?")
    factories.says(waits, "Hello?")
    answered = factories.thread(desk, factories.stay(desk, "Omar Farouk"))
    factories.says(answered, "Wi-Fi?", at=clock.now() - timedelta(minutes=30))
    factories.staff_says(answered, "On the card.", at=clock.now() - timedelta(minutes=10))
    machine = factories.thread(desk, factories.stay(desk, "Robot"))
    factories.says(machine, "Hello", at=clock.now() - timedelta(minutes=9))
    factories.staff_says(machine, "We are out", automatic=True)
    nowhere = factories.thread(desk, property=None)
    factories.says(nowhere, "Is this the hotel?")
    audit = run(desk)
    found = [(fact["guest"], fact["text"]) for fact in rows(audit, Section.UNANSWERED)]
    assert found == [("Robot", "Hello"), ("Maria Lindqvist", "Is there a number for the night?")]
    assert rows(audit, Section.UNANSWERED)[1]["message"]
    assert audit.figures["answers"] == [20]
    assert audit.facts["unanswered"]["counts"] == {"answered": 1, "median": 20, "unplaced": 1}
    assert audit.figures["messages"] == 6


def test_messages_that_failed_and_copies_that_the_pms_lacks(desk: Desk, departing: Reservation) -> None:
    thread = factories.thread(desk, departing)
    failed = factories.answers(desk.agent, thread, "See you")
    unconfirmed = factories.answers(desk.agent, thread, "Again")
    now = clock.now()
    to_guest = Receipt.objects.filter(destination=Destination.GUEST)
    to_guest.filter(message=failed).update(state=ReceiptState.FAILED, reason="landline", since=now)
    to_guest.filter(message=unconfirmed).update(state=ReceiptState.UNCONFIRMED, since=now)
    Receipt.objects.filter(message=unconfirmed, destination=Destination.PMS).update(state=ReceiptState.SENT)
    audit = run(desk)
    told = [(fact["text"], fact["state"], fact["reason"]) for fact in rows(audit, Section.UNDELIVERED)]
    assert told == [("See you", "failed", "landline"), ("Again", "unconfirmed", "")]
    assert (audit.figures["failed"], audit.figures["unconfirmed"]) == (1, 1)
    assert [fact["state"] for fact in rows(audit, Section.NOT_IN_PMS)] == ["queued"]
    assert audit.facts["not_in_pms"]["of"] == 2


def test_arrivals_without_delivered_instructions(desk: Desk) -> None:
    """Sent is not delivered: who was sent theirs without a report is counted apart, never taken for delivered."""
    live(desk, INSTRUCTIONS)
    states = {"Delivered": "delivered", "Sent": "sent", "Failed": "failed"}
    for name, state in states.items():
        stay = booked(desk, name=name, starts_in=1)
        sending.send_due()
        message = stay.scheduled.get().message_id
        Receipt.objects.filter(message_id=message, destination=Destination.GUEST).update(state=state)
    factories.stay(desk, "Nobody planned", starts_in=1)
    factories.stay(desk, "Cancelled", starts_in=1, status=Reservation.Status.CANCELLED)
    factories.stay(desk, "Owner", starts_in=1, is_owner_stay=True)
    factories.stay(desk, "Next week", starts_in=7)
    audit = run(desk)
    found = {fact["guest"]: fact["state"] for fact in rows(audit, Section.INSTRUCTIONS)}
    assert found == {"Failed": "not_arrived", "Nobody planned": "none"}
    assert audit.facts["instructions"]["of"] == 4
    assert audit.facts["instructions"]["counts"] == {"delivered": 1, "sent": 1}


def test_cancellations_and_what_was_stopped(desk: Desk) -> None:
    live(desk, step(), {**INSTRUCTIONS, "key": "s2"})
    stay = booked(desk, starts_in=9)
    sending.send_due()
    cancel(stay)
    stay.cancelled_by = "guest"
    stay.save()
    booked(desk, name="Stays", starts_in=9)
    [fact] = rows(run(desk), Section.CANCELLED)
    assert (fact["guest"], fact["by"], fact["stopped"]) == ("Maria Lindqvist", "guest", 2)
    assert fact["stopped_at"]


def test_a_cancellation_without_a_time_of_its_own_has_that_of_its_telling(desk: Desk) -> None:
    stay = factories.stay(desk, starts_in=5, status=Reservation.Status.CANCELLED)
    told = FieldOverwrite.objects.create(
        connection=desk.connection, entity="reservation", object_id=stay.pk, field="status", old="confirmed",
        new="cancelled", source="webhook", rule="pms", at=clock.now() - timedelta(days=2),
    )  # fmt: skip
    assert rows(run(desk), Section.CANCELLED) == []
    assert [fact["guest"] for fact in rows(run(desk, today() - timedelta(days=2)), Section.CANCELLED)] == [
        "Maria Lindqvist"
    ]
    assert told.at


def test_low_scores_with_their_words(desk: Desk) -> None:
    for name, score in (("Martin Kolb", 4), ("Happy Guest", 9)):
        stay = factories.stay(desk, name, starts_in=-3)
        factories.thread(desk, stay)
        links.filled(links.stand_in(stay), stay)
        answering.answer(stay.surveys.get(), Given(score=score, words="Breakfast was over."))
    audit = run(desk)
    [fact] = rows(audit, Section.SCORES)
    assert (fact["guest"], fact["score"], fact["words"]) == ("Martin Kolb", 4, "Breakfast was over.")
    assert fact["with"] == desk.people["Operations manager"].full_name
    assert audit.facts["scores"]["of"] == 2


def test_drift_on_the_next_arrivals_without_secret_values(desk: Desk) -> None:
    arriving = factories.stay(desk, starts_in=1)
    drifts(desk, arriving, "check_in_time", ours="16:00:00", theirs="18:45:00")
    drifts(desk, arriving, "door_code", ours="1234", theirs="9876")
    drifts(desk, factories.stay(desk, starts_in=2), "adults", ours=1, theirs=2)
    audit = run(desk)
    found = {fact["field"]: (fact["ours"], fact["theirs"]) for fact in rows(audit, Section.DRIFT)}
    assert found == {"check_in_time": ("16:00:00", "18:45:00"), "door_code": (None, None)}
    assert "9876" not in str(audit.facts)


def test_outages_of_the_propertys_own_connections(desk: Desk) -> None:
    ExternalId.objects.create(
        connection=desk.connection, entity="property", remote_id="p1", object_id=desk.place.pk
    )
    elsewhere = factories.connect(desk.organization)
    sms = factories.connect(desk.organization, kind="channel", slug="twilio")
    for row in (desk.connection, elsewhere, sms):
        _down(desk, row)
    incidents.close_incident(desk.organization.pk, "connection_down", subject=str(sms.pk))
    incidents.open_incident(
        desk.organization.pk, "level_fell", "Not an outage", connection_id=desk.connection.pk
    )
    found = {fact["connection"]: fact["until"] for fact in rows(run(desk), Section.OUTAGES)}
    assert set(found) == {desk.connection.name, sms.name}
    assert found[desk.connection.name] is None
    assert found[sms.name]


def test_the_longest_lag_of_the_date(desk: Desk) -> None:
    ExternalId.objects.create(
        connection=desk.connection, entity="property", remote_id="p1", object_id=desk.place.pk
    )
    assert run(desk, today() - timedelta(days=1)).facts[Section.OUTAGES]["about"] == {}
    morning = clock.now() - timedelta(hours=2)
    delivered(desk.connection, morning, lag_s=3)
    delivered(desk.connection, morning + timedelta(minutes=9), lag_s=14)
    delivered(desk.connection, morning - timedelta(days=1), lag_s=70)
    delivered(factories.connect(desk.organization), morning, lag_s=90)
    audit = run(desk)
    at = (morning + timedelta(minutes=9, seconds=14)).isoformat(timespec="seconds")
    told = {"connection": desk.connection.name, "lag_s": 14, "at": at}
    assert audit.facts[Section.OUTAGES]["about"] == told
    block = sheet.of(audit, [], Reader()).blocks[9]
    assert block.summary == f"Longest lag 14 s: {desk.connection.name}, {morning:%a} 10:09."
    assert (block.count_line, mailing.block_words(block)) == ("0", f"0. {block.summary}")


def delivered(connection: Connection, at: datetime, *, lag_s: int) -> None:
    """A webhook that came in then, and was on the screens so much later."""
    WebhookDelivery.objects.create(
        connection=connection, key=f"{at.timestamp()} {lag_s}", body=b"{}", received_at=at, next_try_at=at,
        state=DeliveryState.PROCESSED, entity="message", event_at=at, processed_at=at + timedelta(seconds=lag_s),
    )  # fmt: skip


def _down(desk: Desk, row: Connection) -> None:
    incidents.open_incident(
        desk.organization.pk,
        "connection_down",
        f"{row.name} is down",
        subject=str(row.pk),
        connection_id=row.pk,
    )


def test_departures_against_the_pms(desk: Desk) -> None:
    """A2: extended stays with their new dates, and what differs by name."""
    status = Reservation.Status
    factories.stay(desk, "Left", starts_in=-2, status=status.CHECKED_OUT)
    factories.stay(desk, "Still here", starts_in=-2, status=status.CHECKED_IN)
    factories.stay(desk, "Untold", starts_in=-2)
    extended = factories.stay(desk, "Extended", starts_in=-2, nights=4)
    FieldOverwrite.objects.create(
        connection=desk.connection, entity="reservation", object_id=extended.pk, field="departure_date",
        old=today().isoformat(), new=str(extended.departure_date), source="webhook", rule="pms", at=clock.now(),
    )  # fmt: skip
    differs = factories.stay(desk, "Differs", starts_in=-2, status=status.CHECKED_OUT)
    drifts(desk, differs, "departure_date", ours=str(today()), theirs=str(today() + timedelta(days=1)))
    factories.stay(desk, "Staying", starts_in=-2, nights=5)
    audit = run(desk)
    found = {fact["guest"]: fact["state"] for fact in rows(audit, Section.DEPARTURES)}
    assert found == {"Still here": "in_house", "Untold": "untold", "Extended": "extended", "Differs": "left"}
    [fact] = [fact for fact in rows(audit, Section.DEPARTURES) if fact["guest"] == "Differs"]
    assert fact["differs"][0]["theirs"] == str(today() + timedelta(days=1))
    part = audit.facts["departures"]
    assert part["of"] == 5
    assert part["counts"] == {"left": 2, "extended": 1, "in_house": 1, "untold": 1}


def test_another_property_has_its_own_paper(desk: Desk, departing: Reservation) -> None:
    other = factories.property_of(desk.organization, "Elsewhere")
    factories.says(factories.thread(desk, departing), "Hello?")
    requests.ask(desk.agent, departing, Wish(kind=LATE, wished=time(13)))
    audit = running.run(desk.agent, other, today())
    assert all(part["rows"] == [] for part in audit.facts.values())


def test_its_cost_does_not_depend_on_how_much_there_is(desk: Desk, steady_clock: None) -> None:
    live(desk, INSTRUCTIONS)

    def fill(n: int) -> None:
        for _ in range(n):
            leaving = factories.stay(desk, starts_in=-2)
            thread = factories.thread(desk, leaving)
            message = factories.says(thread, "Late check-out?")
            factories.answers(desk.agent, thread, "Yes")
            requests.ask(desk.agent, leaving, Wish(kind=LATE, wished=time(13), message_id=message.pk))
            cancel(booked(desk, starts_in=9))
            booked(desk, starts_in=1)
            sending.send_due()

    def cost() -> int:
        with CaptureQueriesContext(database) as found:
            run(desk)
        NightAudit.objects.all().delete()
        return len(found)

    run(desk)
    NightAudit.objects.all().delete()
    fill(1)
    one = cost()
    fill(6)
    assert cost() == one
    assert one < 50
    assert Thread.objects.count() > 6
