"""Hostaway's wire, written by other hands from the same documents, and Bellhop on the other side of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bellhop.core import clock
from connectors.contract.errors import NotFound, Retryable
from connectors.contract.intents import (
    AddNote,
    CreateWorkOrder,
    MirrorMessage,
    SetCustomField,
    SetStayTimes,
    UpdateWorkOrder,
)
from connectors.inbound import media, subscriptions, sync
from connectors.models import CommandState, Connection, ConnectionHealth, DeliveryState, SyncRun
from connectors.outbound import caller
from connectors.trust.verify import verify
from inbox.models import Message, Thread
from inbox.services import attachments
from reservations.models import Reservation, Unit, WorkOrder
from reservations.services import work_orders
from tests.connectors.pms.worlds import World, world
from tests.connectors.sandbox_process import SandboxProcess
from tests.harness.waiting import eventually
from tests.pms import IntakeServer

TEST = "TEST-0002"


@pytest.fixture
def pms(
    transactional_db: None, settings: Any, sandbox_process: SandboxProcess, intake_server: IntakeServer
) -> Iterator[World]:
    keys = {"account_id": "61010", "api_key": "sandbox-key"}
    with world(settings, sandbox_process, intake_server, "hostaway", "/hostaway/v1", keys) as made:
        yield made


@pytest.fixture
def stay(pms: World) -> Reservation:
    pms.read_all()
    return pms.stay(TEST)


def test_the_import_brings_places_stays_and_conversations(pms: World) -> None:
    pms.read_all()
    counts = pms.control("state")["counts"]
    stays = Reservation.objects.filter(connection=pms.connection)
    assert stays.count() == counts["stay"]
    assert not stays.filter(property__isnull=True).exists()
    assert not stays.filter(unit__isnull=True).exists()
    assert Unit.objects.exclude(pk=pms.desk.unit.pk).filter(property__timezone="America/New_York").exists()
    owners = stays.filter(is_owner_stay=True)
    assert owners
    threads = Thread.objects.filter(connection=pms.connection).exclude(conversation_id="")
    assert threads.count() == counts["conversation"]
    assert not threads.filter(stay__isnull=True).exists()
    posts = [post for thread in threads for post in pms.posts(thread)]
    # One automatic message is planned for next week: nobody said it yet.
    said = {
        post["id"]
        for post in posts
        if post["extra"].get("handed_over_at", "") < f"{clock.now():%Y-%m-%dT%H}~"
    }
    assert len(said) == len(posts) - 1
    messages = Message.objects.filter(connection=pms.connection)
    assert set(messages.values_list("remote_id", flat=True)) == said
    assert messages.filter(author="automatic").exists()


def test_subscribed_with_credentials_of_our_own(pms: World) -> None:
    assert subscriptions.ensure(pms.connection)
    [endpoint] = pms.control("state")["subscriptions"]
    pms.connection.refresh_from_db()
    [secret] = pms.connection.secret_values()
    assert endpoint["url"].endswith(pms.connection.hook_token)
    assert len(secret.partition(":")[2]) > 40
    subscriptions.ensure(pms.connection)
    assert len(pms.control("state")["subscriptions"]) == 1
    assert subscriptions.rotate(pms.connection)
    pms.connection.refresh_from_db()
    newest, old = pms.connection.secret_values()
    assert (old, newest != secret) == (secret, True)
    for given in (newest, old):
        told = "Basic " + base64.b64encode(given.encode()).decode()
        assert (
            pms.post(b'{"event":"x","n":"%s"}' % given[:12].encode(), {"authorization": told}).status_code
            == 200
        )
    assert pms.post(b"{}", {"authorization": "Basic eDp5"}).status_code == 401
    assert all("authorization" not in entry.headers for entry in pms.journal())


def test_before_it_is_set_up_nothing_is_refused_for_good(pms: World) -> None:
    answer = pms.post(b'{"event":"message.received"}', {"authorization": "Basic eDp5"})
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert not pms.journal()


def test_a_guest_writes_and_is_answered_once(pms: World, stay: Reservation) -> None:
    pms.subscribe()
    thread = pms.thread_of(stay)
    remote_id = pms.guest_writes(thread, "Is there a cot?")
    pms.hear()
    assert Message.objects.get(remote_id=remote_id).thread == thread
    thread.refresh_from_db()
    message = pms.reply(thread, "There is, in the wardrobe.")
    command = pms.see_through(pms.command(message))
    assert command.state == CommandState.CONFIRMED
    pms.hear()
    command.refresh_from_db()
    assert command.echoed_at is not None
    pms.once(thread, message)


def test_what_the_pms_could_not_pass_on_has_failed(pms: World, stay: Reservation) -> None:
    """Taken at first, then `failed`: the agent hears of it."""
    thread = pms.thread_of(stay)
    Thread.objects.filter(pk=thread.pk).update(channel_raw="channel")
    thread.refresh_from_db()
    message = pms.reply(thread, "Through a channel that there isn't")
    command = pms.see_through(pms.command(message))
    assert command.state == CommandState.FAILED
    assert {receipt.state for receipt in message.receipts.all()} == {"failed"}


def test_a_send_whose_answer_is_lost_is_found(pms: World, stay: Reservation) -> None:
    """Invariant 3."""
    pms.subscribe()
    thread = pms.thread_of(stay)
    pms.fault("cut_after_work", count=1, path="*/messages")
    message = pms.reply(thread, "Once, please")
    command = pms.see_through(pms.command(message))
    pms.hear()
    command.refresh_from_db()
    assert command.state == CommandState.CONFIRMED
    pms.once(thread, message)


def test_told_to_wait(pms: World, stay: Reservation) -> None:
    thread = pms.thread_of(stay)
    pms.fault("too_many", count=1)
    message = pms.reply(thread, "After a while")
    assert pms.see_through(pms.command(message)).state == CommandState.CONFIRMED
    pms.once(thread, message)


def test_texts_on_the_stay_keep_what_stands_there(pms: World, stay: Reservation) -> None:
    before = pms.control(f"reservations/{TEST}/notes")["text"]
    mirrored = MirrorMessage(
        reservation_id=stay.remote_id, body="My card is 4111 1111 1111 1111", direction="inbound",
        channel="sms", author="Maria", said_at="2026-11-20 15:30",
    )  # fmt: skip
    noted = AddNote(reservation_id=stay.remote_id, body="Ana: quiet room", written_at="2026-11-20 16:00")
    late = SetStayTimes(reservation_id=stay.remote_id, check_out="11:30")
    for intent in (noted, mirrored, late):
        assert pms.do(intent).state == CommandState.CONFIRMED
    text = pms.control(f"reservations/{TEST}/notes")["text"]
    assert text.startswith(before)
    assert "2026-11-20 16:00 Ana: quiet room [bh:" in text
    assert "4111 1111" not in text
    assert "1111" in text
    assert "Check-out agreed: 11:30" in text
    assert str(caller.connector_for(pms.connection).get_reservation(
        caller.caller_for(pms.connection), stay.remote_id
    ).check_out_time) == "12:00:00"  # fmt: skip


def test_custom_fields_leave_the_others_alone(pms: World, stay: Reservation) -> None:
    connector = caller.connector_for(pms.connection)
    call = caller.caller_for(pms.connection)
    first, second = list(connector.text_fields(call))[:2]
    for field, value in ((first, "13:00"), (second, "AB-12-CD")):
        assert (
            pms.do(SetCustomField(reservation_id=stay.remote_id, field_id=field, value=value)).state
            == CommandState.CONFIRMED
        )
    kept = connector.get_reservation(call, stay.remote_id).custom_fields
    assert kept == {first: "13:00", second: "AB-12-CD"}


def test_tasks_are_made_and_closed(pms: World, stay: Reservation) -> None:
    order = CreateWorkOrder(
        title="Dripping tap", description="Kitchen", kind="maintenance", reservation_id=stay.remote_id,
        unit_id="412103", due_at="2026-12-22T10:00:00Z",
    )  # fmt: skip
    pms.fault("cut_after_work", count=1, path="*/tasks")
    made = pms.do(order)
    assert made.state == CommandState.CONFIRMED
    assert made.remote_id
    titles = [task["title"] for task in pms.control("tasks")["tasks"]]
    assert titles.count("Dripping tap") == 1
    closed = UpdateWorkOrder(work_order_id=made.remote_id, state="done", resolution="New washer")
    assert pms.do(closed).state == CommandState.CONFIRMED
    assert pms.reads(closed) is not None


def test_a_stay_changes_twice_in_a_second(pms: World, stay: Reservation) -> None:
    """Trap 8: equal versions with different bodies are read."""
    pms.subscribe()
    arrival = clock.now().date() + timedelta(days=40)
    pms.control(
        f"reservations/{TEST}/dates", "POST", arrival=arrival.isoformat(),
        departure=(arrival + timedelta(days=3)).isoformat(),
    )  # fmt: skip
    pms.hear()
    assert {row.state for row in pms.journal()} == {DeliveryState.PROCESSED}
    stay.refresh_from_db()
    assert (stay.arrival_date, stay.nights) == (arrival, 3)
    fresh = caller.connector_for(pms.connection).get_reservation(
        caller.caller_for(pms.connection), stay.remote_id
    )
    assert stay.money["total"] == str(fresh.money.total)  # type: ignore[union-attr]


def test_a_new_stay_brings_its_conversation(pms: World) -> None:
    pms.read_all()
    pms.subscribe()
    booked = pms.control("book", "POST", guest_name="Ada Wong", source="airbnbOfficial")["reservation"]
    pms.hear()
    stay = Reservation.objects.get(remote_id=booked["id"])
    thread = pms.thread_of(stay)
    assert thread.conversation_id
    assert (thread.party_name, thread.channel_raw) == ("Ada Wong", "channel")
    pms.control(f"reservations/{booked['id']}/cancel", "POST", by="GUEST")
    pms.hear()
    stay.refresh_from_db()
    assert stay.status == "cancelled"


def test_what_no_webhook_told_is_caught_up(pms: World, stay: Reservation) -> None:
    """Invariant 8."""
    thread = pms.thread_of(stay)
    ConnectionHealth.objects.update(caught_up_to=clock.now())
    pms.forward(301)
    pms.guest_writes(thread, "Nobody told you.")
    pms.control(f"reservations/{TEST}/cancel", "POST", by="GUEST")
    assert sync.plan_catch_ups() == 1
    pms.sync()
    assert Message.objects.filter(thread=thread, body="Nobody told you.").count() == 1
    stay.refresh_from_db()
    assert stay.status == "cancelled"


def test_a_refused_token_is_renewed_once(pms: World) -> None:
    """Trap 9: 403 means that the token is no longer good."""
    connector, call = caller.connector_for(pms.connection), caller.caller_for(pms.connection)
    assert connector.ping(call)
    pms.control("tokens/revoke", "POST")
    assert connector.ping(call)
    assert Connection.objects.get(pk=pms.connection.pk).health.credentials_refused_at is None


def test_the_write_back_test_passes(pms: World, stay: Reservation) -> None:
    steps = list(verify(pms.connection, TEST, pause=lambda _: pms.forward(1)))
    assert [step.name for step in steps if not step.passed] == [], steps
    assert {"message", "note", "custom field", "times", "work order", "work order closed"} <= {
        step.name for step in steps
    }


def test_tasks_are_polled_and_shown(pms: World, stay: Reservation) -> None:
    """Nothing pushes them: read every two minutes, and at once after a write of ours."""
    assert (
        WorkOrder.objects.filter(connection=pms.connection).count() == pms.control("state")["counts"]["task"]
    )
    ConnectionHealth.objects.update(caught_up_to=clock.now())
    sync.plan_catch_ups()
    pms.sync()
    order = WorkOrder.objects.filter(reservation__isnull=False).first()
    assert order is not None
    assert list(work_orders.of_stay(order.reservation)) == [order]
    pms.control(f"tasks/{order.remote_id}", "POST", status="completed")
    sync.plan_catch_ups()
    pms.sync()
    order.refresh_from_db()
    assert order.state == "open", "two minutes are not over"
    pms.forward(121)
    sync.plan_catch_ups()
    pms.sync()
    order.refresh_from_db()
    assert order.state == "done"
    made = pms.do(CreateWorkOrder(title="Dripping tap", reservation_id=stay.remote_id, unit_id="412103"))
    sync.plan_catch_ups()
    pms.sync()
    shown = WorkOrder.objects.get(remote_id=made.remote_id)
    assert (shown.reservation, shown.unit, shown.title) == (stay, stay.unit, "Dripping tap")


def test_what_the_vendor_could_not_deliver_is_found_in_its_log(pms: World, stay: Reservation) -> None:
    """A 404 is final. The log names what was lost: the stay is read, and a message sends the catch-up back, once."""
    pms.subscribe()
    mine = Connection.objects.filter(pk=pms.connection.pk)
    mine.update(hook_token="gone" + pms.connection.hook_token)
    leaves = stay.departure_date + timedelta(days=2)
    pms.control(f"reservations/{TEST}/dates", "POST", arrival=f"{stay.arrival_date}", departure=f"{leaves}")
    pms.control(f"reservations/{TEST}/guest-writes", "POST", body="Nobody heard this")
    eventually(lambda: pms.control("state")["deliveries"]["pending"] == 0)
    mine.update(hook_token=pms.connection.hook_token)
    assert not pms.journal()
    ConnectionHealth.objects.update(caught_up_to=clock.now(), catch_up_due_at=None)
    sync.plan_catch_ups()
    pms.sync()
    stay.refresh_from_db()
    assert stay.departure_date == leaves
    assert Message.objects.filter(body="Nobody heard this").count() == 1
    before = SyncRun.objects.count()
    pms.forward(3_700)
    ConnectionHealth.objects.update(caught_up_to=clock.now(), catch_up_due_at=None)
    with caller.recorded() as asked:
        sync.plan_catch_ups()
        pms.sync()
    assert SyncRun.objects.count() == before, "no catch-up for what was found"
    assert [one.path for one in asked if "reservations/" in one.path] == []
    assert [one for one in asked if one.path.endswith("/unifiedWebhookLogs")]


def test_a_file_is_fetched_by_a_link_that_is_good(pms: World, stay: Reservation) -> None:
    """Private links die after seven days: then the message is read again, and an outage is said."""
    picture = {"url": "https://pictures.example/leak.jpg", "name": "leak.jpg"}
    pms.control(f"reservations/{TEST}/guest-writes", "POST", attachments=[picture], body="Look")
    ConnectionHealth.objects.update(catch_up_due_at=clock.now())
    sync.plan_catch_ups()
    pms.sync()
    message = Message.objects.get(body="Look")
    [file] = message.attachments.all()
    ref = attachments.reference(file, message)
    with caller.recorded() as asked:
        first = media.link(pms.connection, ref)
    assert first.startswith(picture["url"])
    assert list(asked) == []
    pms.forward(8 * 86_400)
    assert media.link(pms.connection, ref) > first
    with pytest.raises(NotFound):
        media.link(pms.connection, replace(ref, external_id="another"))
    pms.fault("down", mode="503")
    with pytest.raises(Retryable):
        media.link(pms.connection, ref)
