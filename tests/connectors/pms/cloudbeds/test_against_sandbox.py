"""Cloudbeds' wire, written by other hands from the same documents, and Bellhop on the other side of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.contract.errors import Unsupported
from connectors.contract.intents import (
    AddNote,
    CreateWorkOrder,
    MirrorMessage,
    SetCustomField,
    SetHousekeepingState,
    SetStayTimes,
)
from connectors.inbound import subscriptions, sync
from connectors.models import CommandState, ConnectionHealth, DeliveryState, RecordRead, SyncRun
from connectors.outbound import caller
from connectors.trust.verify import verify
from inbox.models import Note, Thread
from inbox.services import notes, ways
from reservations.models import Reservation, Unit
from tests.connectors.pms.worlds import World, world
from tests.connectors.sandbox_process import SandboxProcess
from tests.pms import IntakeServer

TEST = "TEST-0003"
PATH = "/cloudbeds/api/v1.3"


@pytest.fixture
def pms(
    transactional_db: None, settings: Any, sandbox_process: SandboxProcess, intake_server: IntakeServer
) -> Iterator[World]:
    keys = {"api_key": "cbat_sandbox", "property_id": "300123"}
    with world(settings, sandbox_process, intake_server, "cloudbeds", PATH, keys) as made:
        yield made


@pytest.fixture
def stay(pms: World) -> Reservation:
    pms.read_all()
    return pms.stay(TEST)


def hear(pms: World, seconds: float = 2) -> None:
    """Webhooks are heard, and the moment that they wait for each other is over."""
    pms.hear()
    pms.hear()  # what came of what was sent just now
    pms.forward(seconds)
    pms.run()


def reads(pms: World, call: str) -> int:
    return sum(call in request["path"] for request in pms.control("requests?limit=500")["requests"])


def kept(pms: World) -> str:
    """The notes of the test stay, as its PMS has them."""
    return "\n".join(note["body"] for note in pms.control(f"reservations/{TEST}/notes")["notes"])


def test_the_import_brings_rooms_stays_notes_and_threads(pms: World) -> None:
    pms.read_all()
    stays = Reservation.objects.filter(connection=pms.connection)
    assert stays.count() > 30
    assert not stays.filter(property__isnull=True).exists()
    assert set(stays.values_list("property__timezone", flat=True)) == {"Europe/Madrid"}
    assert {"confirmed", "checked_in", "checked_out", "cancelled", "no_show", "tentative"} <= set(
        stays.values_list("status", flat=True)
    )
    assert stays.filter(is_test=True).count() == 1
    threads = Thread.objects.filter(connection=pms.connection)
    assert threads.count() == stays.count()
    note = Note.objects.get(thread__stay=pms.stay(TEST))
    assert (note.author_name, note.remote_id != "") == ("Núria Casals", True)
    assert Unit.objects.filter(condition="dirty").exists()
    assert Unit.objects.filter(occupied=True, condition_as_of__isnull=False).exists()


def test_every_event_is_subscribed_once_and_again_where_it_lacks(pms: World) -> None:
    subscriptions.ensure(pms.connection)
    before = pms.control("state")["counts"]["subscription"]
    assert before > 15
    subscriptions.ensure(pms.connection)
    assert pms.control("state")["counts"]["subscription"] == before
    pms.control("subscriptions", "DELETE")
    subscriptions.ensure(pms.connection)
    assert pms.control("state")["counts"]["subscription"] == before


def test_one_deed_is_one_read(pms: World, stay: Reservation) -> None:
    """Several thin webhooks within a moment lead to one read of the stay."""
    subscriptions.ensure(pms.connection)
    pms.control("requests", "DELETE")
    arrival = clock.now().date() + timedelta(days=50)
    departure = arrival + timedelta(days=3)
    pms.control(
        f"reservations/{TEST}/dates", "POST", arrival=arrival.isoformat(), departure=departure.isoformat()
    )
    pms.control(f"reservations/{TEST}/custom-field", "POST", field="parking", value="B12")
    hear(pms)
    told = [entry for entry in pms.journal() if b"8844900007001" in bytes(entry.body)]
    assert len(told) > 1
    assert {entry.state for entry in told} == {DeliveryState.PROCESSED}
    assert reads(pms, "getReservation") == 1
    stay.refresh_from_db()
    assert (stay.arrival_date, stay.departure_date) == (arrival, departure)
    assert stay.custom_fields["parking"] == "B12"


def test_a_burst_is_read_in_one_call(pms: World, stay: Reservation) -> None:
    """Three requests a second are allowed: what waits at the same time is asked for by a list of ids."""
    stays = [
        pms.control("book", "POST", guest_name=f"Guest {number}")["reservation"]["id"] for number in range(12)
    ]
    subscriptions.ensure(pms.connection)
    pms.control("requests", "DELETE")
    for remote_id in stays:
        pms.control(f"reservations/{remote_id}/custom-field", "POST", field="parking", value=f"B{remote_id}")
    pms.control(f"reservations/{TEST}/cancel", "POST", by="GUEST")
    hear(pms)
    assert {entry.state for entry in pms.journal()} == {DeliveryState.PROCESSED}
    told = Reservation.objects.filter(connection=pms.connection, remote_id__in=stays)
    assert {row.remote_id: row.custom_fields["parking"] for row in told} == {one: f"B{one}" for one in stays}
    stay.refresh_from_db()
    assert stay.status == "cancelled"
    assert reads(pms, "getReservationsWithRateDetails") == 1
    assert reads(pms, "getReservation") == 1, "nothing is read once more by itself"


def test_what_comes_along_and_is_old_is_read_again(pms: World, stay: Reservation) -> None:
    """A companion that contradicts its own webhook is left to that one, which looks again."""
    other = pms.control("book", "POST", guest_name="Early")["reservation"]["id"]
    subscriptions.ensure(pms.connection)
    pms.fault("stale_reads", seconds=600, path="*/getReservation*")
    for remote_id in (other, TEST):
        pms.control(f"reservations/{remote_id}/cancel", "POST", by="GUEST")
    hear(pms)
    assert not Reservation.objects.filter(remote_id=other, status="cancelled").exists()
    waiting = [entry for entry in pms.journal() if entry.state == DeliveryState.RECEIVED]
    assert [entry.rereads for entry in waiting] == [1, 1], "one for each stay"
    pms.heal()
    hear(pms, 4)
    stay.refresh_from_db()
    assert (stay.status, Reservation.objects.get(remote_id=other).status) == ("cancelled", "cancelled")


def test_a_read_that_lags_behind_is_repeated(pms: World, stay: Reservation) -> None:
    subscriptions.ensure(pms.connection)
    pms.fault("stale_reads", seconds=20, path="*/getReservation")
    pms.control(f"reservations/{TEST}/cancel", "POST", by="GUEST")
    hear(pms)
    stay.refresh_from_db()
    assert stay.status == "confirmed"
    waiting = [entry for entry in pms.journal() if entry.state == DeliveryState.RECEIVED]
    assert [entry.rereads for entry in waiting] == [1]
    pms.heal()
    hear(pms, 4)
    stay.refresh_from_db()
    assert stay.status == "cancelled"
    assert not [entry for entry in pms.journal() if entry.state == DeliveryState.RECEIVED]


def test_it_is_not_repeated_for_ever(pms: World, stay: Reservation) -> None:
    subscriptions.ensure(pms.connection)
    pms.fault("stale_reads", seconds=600, path="*/getReservation")
    pms.control(f"reservations/{TEST}/cancel", "POST", by="GUEST")
    for _ in range(6):
        hear(pms, 4)
    assert {entry.rereads for entry in pms.journal()} >= {4}
    assert not [entry for entry in pms.journal() if entry.state == DeliveryState.RECEIVED]


def test_a_forged_webhook_changes_nothing(pms: World, stay: Reservation) -> None:
    """Trap 5: believed is what is read."""
    forged = (
        b'{"event":"reservation/status_changed","timestamp":1793190125.4,"propertyID":300123,'
        b'"reservationID":"%s","status":"canceled"}' % stay.remote_id.encode()
    )
    assert pms.post(forged).status_code == 200
    for _ in range(6):
        pms.forward(4)
        pms.run()
    stay.refresh_from_db()
    assert stay.status == "confirmed"
    assert {entry.state for entry in pms.journal()} == {DeliveryState.PROCESSED}
    elsewhere = pms.http.post(f"/hooks/{pms.connection.hook_token[:-1]}x", content=forged)
    assert elsewhere.status_code == 404


def test_checked_in_and_out(pms: World) -> None:
    pms.read_all()
    subscriptions.ensure(pms.connection)
    booked = pms.control("book", "POST", guest_name="Ada Wong", arrival=str(clock.now().date()))[
        "reservation"
    ]
    hear(pms)
    stay = Reservation.objects.get(remote_id=booked["id"])
    assert (stay.status, stay.guest.full_name if stay.guest else "") == ("confirmed", "Ada Wong")
    assert Thread.objects.get(stays=stay).party_name == "Ada Wong"
    for deed, status in (("check-in", "checked_in"), ("check-out", "checked_out")):
        pms.control(f"reservations/{booked['id']}/{deed}", "POST")
        hear(pms)
        stay.refresh_from_db()
        assert stay.status == status
    assert stay.unit is not None
    stay.unit.refresh_from_db()
    assert stay.unit.condition == "dirty"
    pms.control(f"reservations/{booked['id']}/status", "POST", status="deleted")
    hear(pms)
    stay.refresh_from_db()
    assert stay.status == "cancelled"


def test_colleagues_notes_stand_in_the_thread(pms: World, stay: Reservation) -> None:
    subscriptions.ensure(pms.connection)
    thread = pms.thread_of(stay)
    pms.control(f"reservations/{TEST}/staff-notes", "POST", body="Guest asks for a quiet room")
    hear(pms)
    note = Note.objects.get(thread=thread, body="Guest asks for a quiet room")
    assert note.author_user is None
    assert note.author_name
    pms.control(f"notes/{note.remote_id}", "POST", body="Guest asks for a very quiet room")
    hear(pms)
    note.refresh_from_db()
    assert note.body == "Guest asks for a very quiet room"


def test_our_notes_come_back_as_ours(pms: World, stay: Reservation) -> None:
    """Trap 12: the echo is known by its token, also where its Command knows no id."""
    subscriptions.ensure(pms.connection)
    thread = pms.thread_of(stay)
    assert "carries no guest messages" in ways.why_not_by_pms(thread)
    note = notes.add(pms.desk.agent, thread, "Towels are ready", client_token="n1", to_pms=True)
    hear(pms)
    note.refresh_from_db()
    assert note.pms_state == "delivered"
    mirrored = MirrorMessage(
        reservation_id=stay.remote_id, body="My card is 4111 1111 1111 1111", direction="inbound",
        channel="sms", author="Maria", said_at="2026-11-20 15:30",
    )  # fmt: skip
    command = pms.do(mirrored)
    hear(pms)
    command.refresh_from_db()
    assert (command.state, command.echoed_at is not None) == (CommandState.CONFIRMED, True)
    text = kept(pms)
    assert "Towels are ready [bh:" in text
    assert "4111 1111" not in text
    assert set(Note.objects.filter(thread=thread).values_list("body", flat=True)) == {
        "Towels are ready", "Not a person: Bellhop's write-back test runs on this reservation.",
    }  # fmt: skip


def test_a_note_whose_answer_is_lost_stands_once(pms: World, stay: Reservation) -> None:
    """Invariant 3: found by its token."""
    pms.fault("cut_after_work", count=1, path="*/postReservationNote")
    note = AddNote(reservation_id=stay.remote_id, body="Ana: once")
    command = pms.do(note)
    assert command.state == CommandState.CONFIRMED
    assert command.remote_id
    assert kept(pms).count("Ana: once") == 1


def test_times_fields_and_rooms_are_written(pms: World, stay: Reservation) -> None:
    times = SetStayTimes(reservation_id=stay.remote_id, check_in="14:30", check_out="13:00")
    for intent in (times, SetCustomField(reservation_id=stay.remote_id, field_id="parking", value="B12")):
        assert pms.do(intent).state == CommandState.CONFIRMED
    call = caller.caller_for(pms.connection)
    fresh = caller.connector_for(pms.connection).get_reservation(call, stay.remote_id)
    assert (str(fresh.check_in_time), str(fresh.check_out_time)) == ("14:30:00", "13:00:00")
    assert fresh.custom_fields == {"late_checkout": "13:00", "parking": "B12"}
    text = kept(pms)
    assert text.count("Late check-out 13:00 [bh:") == 1
    room = caller.connector_for(pms.connection).get_housekeeping(call, str(fresh.unit_id))
    assert "Late check-out 13:00" in str(room.comment)
    clean = SetHousekeepingState(unit_id=str(fresh.unit_id), condition="inspected", comment="Two towels")
    assert pms.do(clean).state == CommandState.CONFIRMED
    assert pms.reads(clean) is not None


def test_pickup_and_refused_service_are_flags_of_the_room(pms: World, stay: Reservation) -> None:
    assert stay.unit is not None
    connector, call = caller.pms_for(pms.connection), caller.caller_for(pms.connection)
    room = str(connector.get_reservation(call, stay.remote_id).unit_id)
    before = connector.get_housekeeping(call, room)
    for intent in (
        SetHousekeepingState(unit_id=room, refused=True),
        SetHousekeepingState(unit_id=room, condition="pickup"),
    ):
        assert pms.do(intent).state == CommandState.CONFIRMED
    kept = connector.get_housekeeping(call, room)
    assert (kept.condition, kept.refused, kept.comment) == ("pickup", True, before.comment)
    clean = SetHousekeepingState(unit_id=room, condition="clean")
    assert pms.do(clean).state == CommandState.CONFIRMED
    kept = connector.get_housekeeping(call, room)
    assert (kept.condition, kept.refused) == ("clean", True)
    welcome = SetHousekeepingState(unit_id=room, refused=False)
    assert pms.do(welcome).state == CommandState.CONFIRMED
    kept = connector.get_housekeeping(call, room)
    assert (kept.condition, kept.refused) == ("clean", False), "a flag alone toggles no condition"


def test_a_room_is_cleaned_at_the_desk(pms: World, stay: Reservation) -> None:
    subscriptions.ensure(pms.connection)
    assert stay.unit is not None
    pms.control("units/501-1/cleaning", "POST", state="dirty")
    hear(pms)
    unit = Unit.objects.get(name="101", property=stay.property)
    assert unit.condition == "dirty"


def test_there_are_no_tasks(pms: World, stay: Reservation) -> None:
    assert pms.do(CreateWorkOrder(title="Tap", reservation_id=stay.remote_id)).state == CommandState.FAILED
    with pytest.raises(Unsupported):
        pms.reads(CreateWorkOrder(title="Tap"))


def test_what_no_webhook_told_is_caught_up_and_swept(pms: World, stay: Reservation) -> None:
    """Invariant 8: by time of change; what that misses, by the daily sweep."""
    ConnectionHealth.objects.update(caught_up_to=clock.now())
    pms.forward(301)
    pms.control(f"reservations/{TEST}/cancel", "POST", by="GUEST")
    pms.control(f"reservations/{TEST}/staff-notes", "POST", body="Nobody told you")
    assert sync.plan_catch_ups() == 1
    pms.sync()
    stay.refresh_from_db()
    assert stay.status == "cancelled"
    assert Note.objects.filter(body="Nobody told you").count() == 1
    other = Reservation.objects.filter(status="confirmed", arrival_date__gt=clock.now().date()).first()
    assert other is not None
    Reservation.objects.filter(pk=other.pk).update(status="tentative")
    pms.forward(86_500)
    sync.plan_catch_ups()
    pms.sync()
    other.refresh_from_db()
    assert other.status == "confirmed"


def test_told_to_wait_and_a_wrong_key(pms: World, stay: Reservation) -> None:
    pms.fault("too_many", count=1, retry_after=None)
    assert pms.do(AddNote(reservation_id=stay.remote_id, body="later")).state == CommandState.CONFIRMED
    assert RecordRead.objects.count() == 0
    pms.connection.credentials = {"api_key": "cbat_wrong", "property_id": "300123"}
    pms.connection.save()
    command = pms.do(AddNote(reservation_id=stay.remote_id, body="never"))
    assert command.state == CommandState.WAITING
    assert ConnectionHealth.objects.get(pk=pms.connection.pk).credentials_refused_at is not None


def test_the_write_back_test_passes(pms: World, stay: Reservation) -> None:
    steps = list(verify(pms.connection, TEST, pause=lambda _: pms.forward(1)))
    assert [step.name for step in steps if not step.passed] == [], steps
    assert {"note", "message kept as a note", "custom field", "times", "housekeeping"} <= {
        step.name for step in steps
    }


def test_what_a_key_may_not_read_holds_up_nothing(pms: World) -> None:
    """A person is told; stays are imported and caught up all the same."""
    pms.fault("error_in_200", path="*/getHousekeepingStatus")
    pms.read_all()
    run = SyncRun.objects.get(purpose="backfill", entity="housekeeping")
    assert run.error
    assert Incident.objects.filter(code=sync.STUCK, closed_at__isnull=True).exists()
    ConnectionHealth.objects.update(caught_up_to=clock.now(), catch_up_due_at=clock.now())
    assert sync.plan_catch_ups() == 1
    pms.sync()
    assert not SyncRun.objects.filter(finished_at__isnull=True).exists()
    pms.heal()
    pms.forward(86_500)
    sync.plan_catch_ups()
    pms.sync()
    assert Unit.objects.filter(condition="dirty").exists()
    assert not Incident.objects.filter(code=sync.STUCK, closed_at__isnull=True).exists()
