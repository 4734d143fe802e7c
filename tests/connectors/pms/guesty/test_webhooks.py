from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, Entity, EventKind, ReadHint
from connectors.contract.records import (
    UNSET,
    AuthorKind,
    Direction,
    GuestRecord,
    MessageRecord,
    NoteRecord,
    ReservationRecord,
    StayStatus,
    UnitRecord,
    WorkOrderRecord,
    WorkOrderState,
)
from tests.connectors.pms.guesty.helpers import SECRETS, fixture, guesty, sign

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def parse(payload: Any, timezone: str = "UTC", headers: dict[str, str] | None = None) -> CanonicalEvent:
    [event] = guesty(timezone).parse(headers or {}, json.dumps(payload).encode())
    return event


def message(**changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = fixture("webhook_reservation_message_received")
    payload["message"].update(changes)
    return payload


# --- messages ---
def test_a_guests_message() -> None:
    event = parse(fixture("webhook_reservation_message_received"))
    assert event.kind is EventKind.MESSAGE_RECEIVED
    assert event.dedupe_key == "message:69778d8f1ff4960010098e66"
    assert event.needs_read == ()
    record = event.record
    assert isinstance(record, MessageRecord)
    assert record.external_id == "69778d8f1ff4960010098e66"
    assert record.conversation_id == "68b9b28d7c124a0011fbe0ca"
    assert record.reservation_id == "68b9b28d58d5d60012e688ab"
    assert (record.direction, record.author_kind) == (Direction.INBOUND, AuthorKind.GUEST)
    assert (record.author_name, record.channel, record.channel_raw) == ("Example Guest", "airbnb", "airbnb2")
    assert record.body_text.startswith("We opened the balcony door")
    assert record.sent_at == datetime(2026, 1, 26, 15, 51, 27, tzinfo=UTC)
    assert event.earlier == ()


def test_the_conversation_rides_along() -> None:
    conversation = parse(fixture("webhook_reservation_message_received")).conversation
    assert conversation is not None
    assert conversation.is_guest
    assert conversation.guest_id == "68b9b28c402adbc122f55ba6"
    assert conversation.guest_name == "Example Guest"
    assert conversation.reservation_ids == ("68b9b28d58d5d60012e688ab",)
    assert (conversation.channel, conversation.language) == ("airbnb", "en")
    assert conversation.changed_at == datetime(2026, 1, 25, 23, 1, 20, 967000, tzinfo=UTC)


def test_a_hosts_message_brings_the_earlier_ones() -> None:
    event = parse(fixture("webhook_reservation_message_sent"))
    assert event.kind is EventKind.MESSAGE_SENT
    assert isinstance(event.record, MessageRecord)
    assert (event.record.direction, event.record.author_kind) == (Direction.OUTBOUND, AuthorKind.STAFF)
    assert [post.external_id for post in event.earlier] == ["69778d8f1ff4960010098e66"]
    assert event.earlier[0].author_kind is AuthorKind.GUEST


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("fromGuest", EventKind.MESSAGE_RECEIVED),
        ("toHost", EventKind.MESSAGE_RECEIVED),
        ("fromHost", EventKind.MESSAGE_SENT),
        ("toGuest", EventKind.MESSAGE_SENT),
        ("system", EventKind.IGNORED),
        ("log", EventKind.IGNORED),
    ],
)
def test_who_wrote_it_is_told_by_the_type(kind: str, expected: EventKind) -> None:
    event = parse(message(type=kind))
    assert event.kind is expected
    assert event.unknown == {}


def test_an_unknown_type_is_ignored_and_reported() -> None:
    event = parse(message(type="fromRobot"))
    assert event.kind is EventKind.IGNORED
    assert event.unknown == {"message.type": "fromRobot"}


def test_an_owners_conversation_is_ignored() -> None:
    payload = message()
    payload["conversation"]["conversationWith"] = "Owner"
    event = parse(payload)
    assert event.kind is EventKind.IGNORED
    assert "owner" in event.reason


def test_the_stay_is_taken_from_a_single_one_and_never_guessed() -> None:
    payload = message()
    del payload["reservationId"]
    record = parse(payload).record
    assert isinstance(record, MessageRecord)
    assert record.reservation_id == "68b9b28d58d5d60012e688ab"
    payload["conversation"]["meta"]["reservations"].append({"_id": "another"})
    record = parse(payload).record
    assert isinstance(record, MessageRecord)
    assert record.reservation_id is None


def test_an_empty_body_asks_for_the_conversation() -> None:
    hints = parse(message(body="")).needs_read
    assert hints == (ReadHint(entity=Entity.CONVERSATION, external_id="68b9b28d7c124a0011fbe0ca"),)


def test_html_becomes_text_and_plain_text_stays() -> None:
    record = parse(message(body="<style>p {}</style><p>Dear all,</p><p>we &amp; the cat<br>come</p>")).record
    assert isinstance(record, MessageRecord)
    assert record.body_text == "Dear all,\nwe & the cat\ncome"
    assert record.body_html.startswith("<style>")
    plain = parse(message(body="I <3 it & will be there at 5 > 4")).record
    assert isinstance(plain, MessageRecord)
    assert (plain.body_text, plain.body_html) == ("I <3 it & will be there at 5 > 4", "")


def test_an_unknown_module_is_kept_and_reported() -> None:
    event = parse(message(module="pigeon"))
    assert isinstance(event.record, MessageRecord)
    assert (event.record.channel, event.record.channel_raw) == ("other", "pigeon")
    assert event.unknown == {"module": "pigeon"}


def test_a_note_is_not_a_message() -> None:
    event = parse(message(module="note", type="fromHost"))
    assert event.kind is EventKind.NOTES_CHANGED
    assert isinstance(event.record, NoteRecord)


def test_system_lines_and_notes_fill_no_gap() -> None:
    payload = message()
    payload["conversation"]["thread"] += [
        {"postId": "a", "type": "log", "body": "New guest inquiry", "createdAt": "2026-01-01T00:00:00.000Z"},
        {
            "postId": "b",
            "type": "fromHost",
            "module": "note",
            "body": "x",
            "createdAt": "2026-01-01T00:00:00Z",
        },
        {"postId": "c", "type": "fromHost", "body": "hello", "createdAt": "2026-01-01T00:00:00.000Z"},
        {"postId": "d", "type": "fromHost", "body": "no time"},
    ]
    assert [post.external_id for post in parse(payload).earlier] == ["c"]


def test_the_time_may_come_from_the_delivery() -> None:
    payload = message()
    del payload["message"]["createdAt"]
    headers = sign(b"", SECRETS[0], AT)
    record = parse(payload, headers=headers).record
    assert isinstance(record, MessageRecord)
    assert record.sent_at == AT
    with pytest.raises(Unreadable):
        parse(payload)


# --- reservations ---
def test_a_legacy_event_brings_the_whole_stay() -> None:
    event = parse(fixture("webhook_reservation_new_legacy"))
    assert event.kind is EventKind.RESERVATION_CREATED
    assert event.needs_read == ()
    record = event.record
    assert isinstance(record, ReservationRecord)
    assert record.external_id == "595fe29f4ab86112341425ac"
    assert record.version == event.version == "2017-07-07T20:04:54.058Z"
    assert (record.confirmation_code, record.status) == ("EXAMPLE", StayStatus.CONFIRMED)
    assert (record.arrival_date, record.departure_date) == (date(2017, 8, 16), date(2017, 8, 28))
    assert (record.check_in_time, record.check_out_time) == (time(15), time(8))
    assert record.unit_id == "582df199dd162a0401235421"
    assert record.guest_id == "595fe29c4ab8611000234230"
    assert record.conversation_id == "595fe29f4ab86110002341ff"
    assert (record.source, record.source_raw) == ("other", "rentalsUnited: Booking.com")
    assert record.channel_code == "1906924521"
    assert (record.adults, record.children, record.door_code) == (2, UNSET, "12345")
    assert record.custom_fields == {"57569cf62ed4400e001678fa": "New"}
    assert record.guest is not None
    assert record.guest.full_name == "Sara Example"
    assert record.guest.emails == ("example@example.com",)
    assert record.guest.phones == ("447000000159",)
    assert record.money
    assert record.money.currency == "EUR"
    assert (record.money.total, record.money.paid) == (Decimal(1119), Decimal(0))
    assert record.money.balance == Decimal(1119)
    assert record.money.lines == (("Accommodation fare", Decimal(1079)),)


def test_a_v2_event_is_a_trigger_with_its_own_time_as_version() -> None:
    event = parse(fixture("webhook_reservation_updated_v2"))
    assert event.kind is EventKind.RESERVATION_UPDATED
    hint = ReadHint(entity=Entity.RESERVATION, external_id="5f92cbf10cf217478ba93561")
    assert event.needs_read == (hint,)
    assert event.version == "2026-10-02T09:15:04.120Z"
    record = event.record
    assert isinstance(record, ReservationRecord)
    assert record.external_id == "5f92cbf10cf217478ba93561"
    assert (record.arrival_date, record.departure_date) == (date(2026, 12, 20), date(2026, 12, 22))
    assert record.unit_id == "5f92cbf10cf217478ba93581"
    assert record.guest_id is UNSET
    assert record.source is UNSET
    assert record.door_code is UNSET


@pytest.mark.parametrize(
    "payload",
    [
        {"eventType": "reservation.created.v2", "data": {"_id": "r1"}},
        {"event": "reservation.created.v2", "reservationId": "r1", "publishedAt": None},
        {"event": "reservation.created.v2", "reservation": {"id": "r1"}},
    ],
)
def test_a_v2_event_is_found_in_any_envelope(payload: dict[str, Any]) -> None:
    event = parse(payload)
    assert event.kind is EventKind.RESERVATION_CREATED
    assert event.needs_read == (ReadHint(entity=Entity.RESERVATION, external_id="r1"),)


def test_an_unknown_status_keeps_the_old_one_and_is_reported() -> None:
    payload = fixture("webhook_reservation_updated_v2")
    payload["data"]["status"] = "teleported"
    event = parse(payload)
    assert isinstance(event.record, ReservationRecord)
    assert (event.record.status, event.record.status_raw) == (UNSET, "teleported")
    assert event.unknown == {"status": "teleported"}


# --- the rest ---
def test_a_task() -> None:
    event = parse(fixture("webhook_task_created"))
    assert event.kind is EventKind.WORK_ORDER_UPDATED
    record = event.record
    assert isinstance(record, WorkOrderRecord)
    assert (record.external_id, record.title) == ("5fc628f3d6391a00363234d0", "Post Stay Clean")
    assert (record.kind, record.status) == ("cleaning", "pending")
    assert (record.unit_id, record.reservation_id, record.description) == (UNSET, UNSET, UNSET)
    assert record.due_at == datetime(2026, 10, 3, 15, tzinfo=UTC)
    assert event.needs_read == (ReadHint(entity=Entity.WORK_ORDER, external_id=record.external_id),)
    gone = parse({**fixture("webhook_task_created"), "event": "task.deleted"})
    assert isinstance(gone.record, WorkOrderRecord)
    assert (gone.record.state, gone.needs_read) == (WorkOrderState.CANCELLED, ())


def test_a_guest() -> None:
    payload = {
        "event": "guest.updated",
        "by": "u",
        "guest": {"_id": "g1", "firstName": "Zoë 🌊", "phone": ""},
    }
    event = parse(payload)
    assert event.kind is EventKind.GUEST_UPDATED
    assert isinstance(event.record, GuestRecord)
    assert (event.record.full_name, event.record.phones, event.record.emails) == ("Zoë 🌊", (), UNSET)
    bare = parse({"event": "guest.updated", "guest": {"_id": "g1"}})
    assert bare.needs_read == (ReadHint(entity=Entity.GUEST, external_id="g1"),)


def test_a_listing_is_read_again() -> None:
    listing = {"_id": "l1", "nickname": "A1", "timezone": "Pacific/Auckland", "defaultCheckInTime": "15:00"}
    event = parse({"event": "listing.updated", "listing": listing})
    assert event.kind is EventKind.UNIT_UPDATED
    assert event.needs_read == (ReadHint(entity=Entity.UNIT, external_id="l1"),)
    assert isinstance(event.record, UnitRecord)
    assert (event.record.name, event.record.check_in_time) == ("A1", time(15))
    assert event.record.property_id is None


@pytest.mark.parametrize(
    "name", ["calendar.updated.v2", "payments.failed", "guest.deleted", "listing.removed"]
)
def test_what_is_not_mirrored_is_ignored_with_a_reason(name: str) -> None:
    event = parse({"event": name})
    assert event.kind is EventKind.IGNORED
    assert event.reason
    assert event.unknown == {}


def test_an_unknown_event_is_ignored_and_reported() -> None:
    event = parse({"event": "moon.landed"})
    assert event.kind is EventKind.IGNORED
    assert event.unknown == {"event": "moon.landed"}


@pytest.mark.parametrize(
    "payload",
    [
        {"event": "reservation.messageReceived"},
        {"event": "reservation.messageReceived", "message": {"postId": "p"}},
        {"event": "reservation.updated.v2", "data": {}},
        {"event": "guest.updated", "guest": []},
        {"event": "task.created"},
        {"event": "listing.new"},
        {"message": {"postId": "p"}},
    ],
)
def test_without_its_id_a_delivery_is_unreadable(payload: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        parse(payload)


# --- deliveries ---
def test_the_delivery_key_is_svixs_id_and_stays_over_retries() -> None:
    body = b"{}"
    first, again = sign(body, SECRETS[0], AT, "msg_7"), sign(body, SECRETS[1], AT, "msg_7")
    assert guesty().delivery_key(first, body) == guesty().delivery_key(again, body) == "msg_7"
    assert guesty().delivery_key({"Webhook-Id": "msg_8"}, body) == "msg_8"
    assert len(guesty().delivery_key({"svix-id": "x" * 999}, body)) == 200


def test_the_standard_header_names_are_taken_too() -> None:
    body = b"{}"
    headers = {k.replace("svix-", "Webhook-"): v for k, v in sign(body, SECRETS[0], AT).items()}
    assert guesty().verify(headers, body, SECRETS, AT) is True


def test_one_good_signature_of_several_is_enough_but_only_v1() -> None:
    body = b"{}"
    headers = sign(body, SECRETS[0], AT)
    good = headers["svix-signature"]
    headers["svix-signature"] = f"v1a,xxxx v1,AAAA {good}"
    assert guesty().verify(headers, body, SECRETS, AT) is True
    headers["svix-signature"] = good.replace("v1,", "v1a,")
    assert guesty().verify(headers, body, SECRETS, AT) is False
    headers["svix-signature"] = "v1,ünïcode"
    assert guesty().verify(headers, body, SECRETS, AT) is False


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e9", "9" * 40, "١٢٣"])
def test_an_odd_timestamp_is_refused(stamp: str) -> None:
    headers = {**sign(b"{}", SECRETS[0], AT), "svix-timestamp": stamp}
    assert guesty().verify(headers, b"{}", SECRETS, AT) is False
