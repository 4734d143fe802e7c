"""The connector and the caller against the sandbox PMS, which was written by other hands from the same documents."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database

from bellhop.core import clock
from connectors.contract.base import Page
from connectors.contract.errors import NotFound, Rejected
from connectors.contract.intents import AddNote, SendMessage
from connectors.contract.records import Direction, MessageRecord, NoteRecord, ReservationRecord, StayStatus
from connectors.models import Connection
from connectors.outbound import caller
from connectors.pms.guesty import Guesty
from tests.connectors import factories
from tests.connectors.sandbox_process import SandboxProcess, running_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def connection(db: None, sandbox: SandboxProcess, settings: Any) -> Connection:
    """Tokens and limits are scaled on both sides, or a module of tests would take hours."""
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{sandbox.port}"]
    sandbox.control("settings", "PATCH", limit_scale=100, secret_delay=0.3)
    return factories.connection(sandbox.url, limit_scale=100)


@pytest.fixture
def call(connection: Connection) -> caller.Caller:
    return caller.caller_for(connection)


@pytest.fixture
def guesty(call: caller.Caller) -> Guesty:
    assert isinstance(call.connector, Guesty)
    return call.connector


def everything(read: Callable[..., Page[Any]], *args: Any, **more: Any) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = read(*args, cursor=cursor, **more)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return found


@pytest.fixture
def stay(guesty: Guesty, call: caller.Caller) -> ReservationRecord:
    """The reservation that the sandbox seeds for trials."""
    found = everything(guesty.list_reservations, call)
    return next(one for one in found if one.confirmation_code == "TEST-0001")


def test_ping_tells_the_account(guesty: Guesty, call: caller.Caller) -> None:
    assert guesty.ping(call) == "Harbour House Group"


def test_every_unit_belongs_to_a_property(guesty: Guesty, call: caller.Caller) -> None:
    properties = everything(guesty.list_properties, call)
    units = everything(guesty.list_units, call)
    assert {one.property_id for one in units} == {one.external_id for one in properties}
    assert len(units) > len(properties) > 1
    assert all(one.timezone and one.name for one in units)
    again = guesty.get_unit(call, units[0].external_id)
    assert (again.name, again.property_id) == (units[0].name, units[0].property_id)


def test_reservations_come_once_each_with_their_state(guesty: Guesty, call: caller.Caller) -> None:
    stays = everything(guesty.list_reservations, call)
    assert len({one.external_id for one in stays}) == len(stays) > 20
    assert all(one.version and one.arrival_date and one.departure_date and one.unit_id for one in stays)
    assert not [one.unknown for one in stays if one.unknown]
    assert {StayStatus.CONFIRMED, StayStatus.CHECKED_IN, StayStatus.CHECKED_OUT} <= {
        one.status for one in stays
    }


def test_a_single_stay_reads_the_same_as_in_the_list(
    guesty: Guesty, call: caller.Caller, stay: ReservationRecord
) -> None:
    again = guesty.get_reservation(call, stay.external_id)
    assert (again.status, again.version, again.guest_id) == (stay.status, stay.version, stay.guest_id)
    assert (again.arrival_date, again.check_in_time) == (stay.arrival_date, stay.check_in_time)
    with pytest.raises(NotFound):
        guesty.get_reservation(call, "0" * 24)


def test_changed_since_finds_what_changed(guesty: Guesty, call: caller.Caller) -> None:
    stays = everything(guesty.list_reservations, call)
    newest = max(one.version for one in stays)
    since = datetime.fromisoformat(newest) - timedelta(milliseconds=1)
    recent = everything(guesty.list_reservations, call, changed_since=since)
    assert {one.external_id for one in recent} == {one.external_id for one in stays if one.version == newest}


def test_conversations_and_posts(guesty: Guesty, call: caller.Caller) -> None:
    conversations = everything(guesty.list_conversations, call)
    assert len({one.external_id for one in conversations}) == len(conversations) > 20
    changed = [one.changed_at for one in conversations]
    assert changed == sorted(changed, reverse=True)
    posts = everything(guesty.list_posts, call, conversations[0].external_id)
    moments = [post.sent_at for post in posts if isinstance(post, MessageRecord)]
    assert moments == sorted(moments, reverse=True)
    since = changed[4]
    recent = everything(guesty.list_conversations, call, changed_since=since)
    assert {one.external_id for one in recent} == {
        c.external_id for c in conversations if c.changed_at >= since
    }


def test_a_message_is_sent_and_found(guesty: Guesty, call: caller.Caller, stay: ReservationRecord) -> None:
    intent = SendMessage(
        conversation_id=str(stay.conversation_id), body="Your room is ready 🌊 <3", channel_raw="sms"
    )
    since = clock.now()
    first = guesty.perform(call, intent)
    second = guesty.perform(call, intent)
    posts = guesty.list_posts(call, intent.conversation_id).items
    assert [post.external_id for post in posts[:2]] == [second.remote_id, first.remote_id]
    assert isinstance(posts[0], MessageRecord)
    assert posts[0].direction is Direction.OUTBOUND
    found = guesty.find(call, intent, since, known=[first.remote_id])
    assert found is not None
    assert (found.remote_id, found.exact) == (second.remote_id, True)
    assert guesty.find(call, intent, since, known=[first.remote_id, second.remote_id]) is None
    assert guesty.find(call, intent, since + timedelta(hours=1)) is None


def test_without_a_channel_a_person_must_choose(
    guesty: Guesty, call: caller.Caller, stay: ReservationRecord
) -> None:
    intent = SendMessage(conversation_id=str(stay.conversation_id), body="Hello", channel_raw="manual")
    with pytest.raises(Rejected) as caught:
        guesty.perform(call, intent)
    assert caught.value.code == "no_channel"


def test_a_note_reaches_the_thread_or_the_stay(
    guesty: Guesty, call: caller.Caller, stay: ReservationRecord
) -> None:
    since = clock.now()
    in_thread = AddNote(conversation_id=str(stay.conversation_id), body="Late check-out until 13:00 agreed")
    done = guesty.perform(call, in_thread)
    found = guesty.find(call, in_thread, since)
    assert found is not None
    assert found.remote_id == done.remote_id
    newest = guesty.list_posts(call, str(stay.conversation_id)).items[0]
    assert isinstance(newest, NoteRecord)
    on_stay = AddNote(reservation_id=stay.external_id, body="Late check-out until 13:00 agreed")
    assert guesty.find(call, on_stay, since) is None
    guesty.perform(call, on_stay)
    guesty.perform(call, on_stay)
    assert guesty.find(call, on_stay, since) is not None
    kept = guesty.get_reservation(call, stay.external_id).notes
    assert isinstance(kept, dict)
    assert kept["other"].count("13:00") == 1


def test_a_subscription_is_made_once_and_has_a_secret_after_a_while(
    guesty: Guesty, call: caller.Caller
) -> None:
    url = "http://127.0.0.1:9/hooks/trial"
    made = guesty.subscribe(call, url)
    assert guesty.subscribe(call, url) == made
    assert [one.url for one in guesty.list_subscriptions(call)].count(url) == 1
    for _ in range(2000):
        if secret := guesty.read_webhook_secret(call, url):
            break
    assert secret is not None
    assert secret.startswith("whsec_")
    guesty.unsubscribe(call, made)
    guesty.unsubscribe(call, made)
    assert url not in [one.url for one in guesty.list_subscriptions(call)]


@pytest.mark.django_db(transaction=True)
def test_processes_together_stay_under_the_published_limit(
    tmp_path_factory: pytest.TempPathFactory, settings: Any
) -> None:
    """Invariant 9: three processes of three threads; the sandbox says what it saw."""
    with running_sandbox(tmp_path_factory.mktemp("limits")) as fresh:
        connection = factories.connection(fresh.url)
        name = str(database.settings_dict["NAME"])
        command = [
            sys.executable,
            "-m",
            "tests.connectors.hammer",
            name,
            str(connection.pk),
            "5",
            str(fresh.port),
        ]
        running = [subprocess.Popen(command) for _ in range(3)]
        assert [process.wait(60) for process in running] == [0, 0, 0]
        peaks = {peak["window"]: peak for peak in fresh.control("peaks")["peaks"]}
    assert all(peak["attempted"] <= peak["limit"] for peak in peaks.values())
    assert all(peak["refused"] == 0 for peak in peaks.values())
    assert peaks["second"]["attempted"] >= 10
    assert peaks["minute"]["attempted"] >= 25
