"""What a thin webhook means, and what hostile ones do not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, Entity, EventKind, ReadHint
from connectors.contract.records import UNSET, ReservationRecord
from tests.connectors.pms.cloudbeds.helpers import cloudbeds, fixture

STAY = ReadHint(entity=Entity.RESERVATION, external_id="8845658565630")

NOTES = ReadHint(entity=Entity.NOTE, external_id="8845658565630")


def read(body: Any, **credentials: str) -> CanonicalEvent:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    [event] = cloudbeds(**credentials).parse({}, raw)
    return event


def status(word: str) -> dict[str, Any]:
    body: dict[str, Any] = fixture("webhook_reservation_status_changed")
    return body | {"status": word}


@pytest.mark.parametrize(
    ("name", "kind", "hint"),
    [
        ("reservation_created", EventKind.RESERVATION_CREATED, STAY),
        ("reservation_status_changed", EventKind.RESERVATION_UPDATED, STAY),
        ("reservation_dates_changed", EventKind.RESERVATION_UPDATED, STAY),
        ("reservation_accommodation_changed", EventKind.RESERVATION_UPDATED, STAY),
        ("reservation_custom_fields_changed", EventKind.RESERVATION_UPDATED, STAY),
        ("reservation_notes_changed", EventKind.NOTES_CHANGED, NOTES),
        ("guest_details_changed", EventKind.GUEST_UPDATED, ReadHint(entity=Entity.GUEST, external_id="35436")),
        (
            "housekeeping_room_condition_changed",
            EventKind.HOUSEKEEPING_CHANGED,
            ReadHint(entity=Entity.HOUSEKEEPING, external_id="345-2"),
        ),
    ],
)  # fmt: skip
def test_what_is_named_is_read(name: str, kind: EventKind, hint: ReadHint) -> None:
    event = read(fixture(f"webhook_{name}"))
    assert (event.kind, event.needs_read) == (kind, (hint,))


def test_no_status_is_believed() -> None:
    event = read(status("canceled"))
    assert isinstance(event.record, ReservationRecord)
    assert (event.record.status, event.record.status_raw) == (UNSET, None)
    assert event.told == {"status": "cancelled"}
    assert read(status("confirmed")).told == {}, "said while a guest is being checked in, too"
    assert dict(read(status("asleep")).unknown) == {"status": "asleep"}
    assert read(fixture("webhook_reservation_dates_changed")).told == {
        "arrival_date": "2026-11-21", "departure_date": "2026-11-24",
    }  # fmt: skip


def test_the_key_is_the_same_in_any_casing() -> None:
    told = fixture("webhook_reservation_created")
    other = {name.upper(): value for name, value in reversed(told.items())}
    assert read(other).dedupe_key == read(told).dedupe_key
    raw = [json.dumps(body).encode() for body in (told, other)]
    assert len({cloudbeds().delivery_key({}, body) for body in raw}) == 1
    assert read(told).dedupe_key.endswith(":1793190125.431234")
    assert read({**told, "timestamp": 1793190125.431235}).dedupe_key != read(told).dedupe_key
    assert read({**told, "reservationID": "1"}).dedupe_key != read(told).dedupe_key


@pytest.mark.parametrize(
    "ids",
    [
        {"reservationId": 8845658565630},
        {"ReservationID": "8845658565630"},
        {"reservationid": 8845658565630.0},
        {"reservationId": 8845658565000, "reservationId_str": "8845658565630"},
    ],
)
def test_ids_are_texts_however_they_come(ids: dict[str, Any]) -> None:
    body = {"event": "reservation/status_changed", "timestamp": "1793190125", "propertyId": 12345, **ids}
    assert read(body).needs_read == (STAY,)


def test_another_property_is_none_of_ours() -> None:
    body = {**fixture("webhook_reservation_created"), "propertyID": 999, "propertyID_str": "999"}
    assert read(body).kind == EventKind.IGNORED
    assert read(body, api_key="k").needs_read == (
        ReadHint(entity=Entity.RESERVATION, external_id="999.8845658565630"),
    )


@pytest.mark.parametrize(
    "name",
    ["roomblock/created", "allotmenBlock/created", "night_audit/completed", "integration/appstate_changed"],
)
def test_the_rest_is_ignored_without_a_question(name: str) -> None:
    event = read({"event": name, "timestamp": 1})
    assert (event.kind, dict(event.unknown)) == (EventKind.IGNORED, {})


def test_what_is_new_is_named() -> None:
    assert dict(read({"event": "spa/booked"}).unknown) == {"event": "spa/booked"}
    assert dict(read({"object": "spa", "action": "booked"}).unknown) == {"event": "spa/booked"}


@pytest.mark.parametrize("stamp", ["", None, "soon", -1e30, 1e300, [], {"a": 1}, True, 1793190125431])
def test_odd_times(stamp: Any) -> None:
    event = read({**fixture("webhook_reservation_created"), "timestamp": stamp})
    assert event.needs_read == (STAY,)
    assert event.version in (None, "2026-10-28T12:22:05.431Z", "1969-12-31T23:59:59.000Z")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>", b'{"event":"reservation/created"', b'{"event":"reservation/created"}', b'{"event":{}}',
        b'{"event":"reservation/created","reservationID":null}', b'{"event":"guest/created"}',
        b'{"event":"reservation/created","reservationID":["1"]}',
    ],
)  # fmt: skip
def test_what_can_not_be_understood(body: bytes) -> None:
    with pytest.raises(Unreadable):
        cloudbeds().parse({}, body)


def test_a_very_long_id_still_has_a_key() -> None:
    body = {"event": "reservation/created", "reservationID": "9" * 4000, "timestamp": 1}
    assert len(read(body).dedupe_key) <= 200
    assert read(body).dedupe_key != read({**body, "reservationID": "8" * 4000}).dedupe_key
