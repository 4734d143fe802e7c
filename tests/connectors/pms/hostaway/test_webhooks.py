"""What a unified webhook means, and what hostile ones do not."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, EventKind
from connectors.contract.records import UNSET, MessageRecord, ReservationRecord, StayStatus
from tests.connectors.pms.hostaway.helpers import fixture, hostaway


def read(body: Any) -> CanonicalEvent:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    [event] = hostaway().parse({}, raw)
    return event


def message(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = fixture("webhook_message_received")
    body["data"] |= changes
    return body


def stay(**changes: Any) -> ReservationRecord:
    body: dict[str, Any] = fixture("webhook_reservation_updated")
    body["data"] |= changes
    record = read(body).record
    assert isinstance(record, ReservationRecord)
    return record


def test_a_guest_writes() -> None:
    event = read(message())
    assert event.kind == EventKind.MESSAGE_RECEIVED
    record = event.record
    assert isinstance(record, MessageRecord)
    assert (record.external_id, record.conversation_id, record.reservation_id) == (
        "340127415", "35460020", "49264388",
    )  # fmt: skip
    assert (record.channel, record.channel_raw) == ("airbnb", "channel")
    assert record.sent_at == datetime(2025, 10, 25, 15, 30, 19, tzinfo=UTC)
    assert event.conversation is not None
    assert event.conversation.reservation_ids == ("49264388",)


def test_our_side_writes() -> None:
    event = read(message(isIncoming=0, communicationType="email", body="<p>See <b>you</b></p>"))
    assert event.kind == EventKind.MESSAGE_SENT
    assert isinstance(event.record, MessageRecord)
    assert (event.record.author_kind, event.record.channel, event.record.body_text) == (
        "staff",
        "email",
        "See you",
    )
    assert event.record.body_html == "<p>See <b>you</b></p>"
    assert not event.record.automatic
    automatic = read(message(isIncoming=0, communicationId=7)).record
    assert isinstance(automatic, MessageRecord)
    assert automatic.automatic


@pytest.mark.parametrize(
    "status", ["awaiting", "paused", "failed", "cancelled_by_user", "cancelled_by_system"]
)
def test_what_has_not_left_is_no_message(status: str) -> None:
    assert read(message(status=status)).kind == EventKind.IGNORED


@pytest.mark.parametrize("gone", ["isIncoming", "date"])
def test_without_direction_or_time_the_conversation_is_read(gone: str) -> None:
    body = message()
    del body["data"][gone]
    event = read(body)
    assert event.record is None
    assert [hint.external_id for hint in event.needs_read] == ["35460020"]


def test_a_message_without_words_or_files_is_read() -> None:
    assert read(message(body="")).needs_read
    assert not read(message(body="", attachments=[{"id": 6, "url": "https://x.example/a.jpg"}])).needs_read


def test_the_object_may_lie_one_level_deeper() -> None:
    flat = message()
    deep = {**{k: v for k, v in flat.items() if k != "data"}, "payload": {"data": flat["data"]}}
    assert read(deep).record == read(flat).record
    assert read(deep).kind == EventKind.MESSAGE_RECEIVED


def test_a_new_reservation_is_applied_as_told() -> None:
    event = read(fixture("webhook_reservation_created"))
    assert event.kind == EventKind.RESERVATION_CREATED
    assert event.needs_read == ()
    record = event.record
    assert isinstance(record, ReservationRecord)
    assert record.status == StayStatus.TENTATIVE
    assert (record.arrival_date, record.departure_date) == (date(2025, 11, 21), date(2025, 11, 23))
    assert (record.property_id, record.unit_id, record.source) == ("218666", "218666", "airbnb")
    assert record.guest is not None
    assert (record.guest.external_id, record.guest.full_name) == ("reservation:49264388", "Robin")
    assert record.guest.emails is UNSET
    assert record.money is UNSET
    assert record.check_out_time is UNSET


def test_the_key_follows_event_object_and_version() -> None:
    one = fixture("webhook_reservation_updated")
    dated = {**one, "data": {**one["data"], "updatedOn": "2025-10-25 15:30:19"}}
    assert read(dated).dedupe_key == "reservation.updated:49264388:2025-10-25 15:30:19"
    assert read(dated).version == "2025-10-25T15:30:19.000Z"
    other = {**dated, "data": {**dated["data"], "phone": "+1"}}
    assert read(other).dedupe_key == read(dated).dedupe_key
    keys = {hostaway().delivery_key({}, json.dumps(body).encode()) for body in (dated, other)}
    assert len(keys) == 2, "two states of one second are two deliveries"
    assert read(one).dedupe_key != read({**one, "x": 1}).dedupe_key


def test_what_is_new_to_us_is_ignored_and_named() -> None:
    event = read({"object": "task", "event": "task.created", "data": {"id": 1}})
    assert (event.kind, dict(event.unknown)) == (EventKind.IGNORED, {"event": "task.created"})


def test_an_unknown_status_keeps_what_is_held() -> None:
    event = read({**fixture("webhook_reservation_updated"), "data": {"id": "7", "status": "unknown"}})
    assert isinstance(event.record, ReservationRecord)
    assert (event.record.external_id, event.record.status) == ("7", UNSET)
    assert dict(event.unknown) == {"status": "unknown"}


def test_statuses() -> None:
    told = {
        "new": "confirmed", "modified": "confirmed", "ownerStay": "confirmed", "pending": "tentative",
        "awaitingPayment": "tentative", "awaitingGuestVerification": "tentative", "unconfirmed": "tentative",
        "inquiry": "inquiry", "inquiryPreapproved": "inquiry", "cancelled": "cancelled", "declined": "cancelled",
        "expired": "cancelled", "inquiryDenied": "cancelled", "inquiryTimedout": "cancelled",
        "inquiryTimeout": "cancelled", "inquiryNotPossible": "cancelled", "confirmed": "confirmed",
    }  # fmt: skip
    assert {raw: str(stay(status=raw).status) for raw in told} == told
    assert stay(status="ownerStay").is_owner_stay
    assert stay(bookingcomNoShowReportedAt="2026-07-03 14:22:07").status == StayStatus.NO_SHOW


def test_unspecified_dates_are_none() -> None:
    record = stay(isDatesUnspecified=1, status="inquiry")
    assert (record.arrival_date, record.departure_date) == (None, None)


def test_hours_are_local_and_zero_is_midnight() -> None:
    assert str(stay(checkOutTime=0).check_out_time) == "00:00:00"
    assert stay(checkOutTime=None).check_out_time is None
    assert stay(checkOutTime=24).check_out_time is UNSET
    assert stay(checkOutTime="soon").check_out_time is UNSET


@pytest.mark.parametrize(
    "body",
    [
        b"<html>", b'{"event":"message.received","data":{"id":1', b'{"event":"message.received"}',
        b'{"event":"reservation.updated","data":[]}', b'{"event":"reservation.updated","data":{"id":null}}',
        b'{"event":{"a":1}}', b'{"event":"message.received","data":{"id":1}}',
    ],
)  # fmt: skip
def test_what_can_not_be_understood(body: bytes) -> None:
    with pytest.raises(Unreadable):
        hostaway().parse({}, body)


def test_odd_types_everywhere_are_read_as_far_as_they_go() -> None:
    odd = {name: {"a": [1]} for name in fixture("response_reservation_get")["result"]} | {"id": 13}
    assert read({"event": "reservation.updated", "data": odd}).kind == EventKind.RESERVATION_UPDATED
    listed = {name: [None, "x"] for name in odd} | {"id": "13", "status": 5, "customFieldValues": [1, {}]}
    assert read({"event": "reservation.updated", "data": listed}).kind == EventKind.RESERVATION_UPDATED
    texts = dict.fromkeys(odd, "Ünï 🏨\x00") | {"id": 13}
    assert read({"event": "reservation.updated", "data": texts}).kind == EventKind.RESERVATION_UPDATED
