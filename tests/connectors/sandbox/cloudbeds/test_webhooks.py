"""Thin, unsigned, several at once, in two casings."""

import json
import time
from typing import Any

import pytest

from tests.connectors.sandbox.harness import Endpoint, wait_for
from tests.connectors.sandbox.worlds import Cloudbeds

STATUS, NOTES = "reservation/status_changed", "reservation/notes_changed"


def test_a_subscription_is_for_one_event_of_one_property(cloudbeds: Cloudbeds, endpoint: Endpoint) -> None:
    cloudbeds.subscribe(endpoint, "reservation/created")
    given = {"object": "reservation", "action": "created", "endpointUrl": endpoint.url}
    assert "already exists" in cloudbeds.fails("POST", "postWebhook", **given)
    assert "Unknown event" in cloudbeds.fails("POST", "postWebhook", **(given | {"action": "exploded"}))
    rows = cloudbeds.api("GET", "getWebhooks")
    assert rows[0]["event"] == {"entity": "reservation", "action": "created"}
    assert rows[0]["key"] == {"type": "property", "id": "300123"}
    assert rows[0]["subscriptionData"] == {"endpoint": endpoint.url}
    cloudbeds.control("POST", "/book", unit="S3", arrival="2041-01-01")
    stay = cloudbeds.control("POST", "/book", unit="101", arrival="2041-01-01")["reservation"]
    wait_for(lambda: endpoint.got)
    body = json.loads(endpoint.got[0][1])
    assert body | {"propertyID": 300123, "propertyID_str": "300123", "reservationID": stay["id"]} == body
    assert set(body) == {
        "version",
        "timestamp",
        "event",
        "propertyID",
        "propertyID_str",
        "reservationID",
        "startDate",
        "endDate",
    }
    assert abs(body["timestamp"] - time.time()) < 60
    assert not any("signature" in name or name == "authorization" for name in endpoint.got[0][0])
    cloudbeds.api("DELETE", "deleteWebhook", subscriptionID=rows[0]["id"])
    assert cloudbeds.api("GET", "getWebhooks") == []
    assert cloudbeds.control("GET", "/deliveries")["count"] == 1


def test_the_read_scope_is_needed(cloudbeds: Cloudbeds, endpoint: Endpoint) -> None:
    form = {
        "propertyID": "300123",
        "object": "night_audit",
        "action": "completed",
        "endpointUrl": endpoint.url,
    }
    assert cloudbeds.call("POST", "postWebhook", "cbat_readonly", data=form).json()["success"] is True
    assert cloudbeds.api("GET", "getWebhooks") == []


def test_casing_and_twins(cloudbeds: Cloudbeds, endpoint: Endpoint) -> None:
    cloudbeds.subscribe(endpoint, NOTES, STATUS, "reservation/accommodation_status_changed")
    key = cloudbeds.id_of("Ruairí")
    cloudbeds.control("POST", f"/reservations/{key}/staff-notes", body="hello")
    body = wait_for(lambda: endpoint.events(NOTES))[0]
    assert (body["reservationId"], body["propertyId_str"], body["notes"]) == (key, "300123", "hello")
    cloudbeds.api("POST", "postRoomCheckIn", reservationID=key)
    told = wait_for(lambda: endpoint.events("reservation/accommodation_status_changed"))[0]
    assert (told["reservationId"], told["reservationId_str"]) == (int(key), key)
    assert (told["roomId"], told["status"]) == ("502-2", "occupied")
    wait_for(lambda: len(endpoint.events(STATUS)) == 2)
    assert sorted(row["status"] for row in endpoint.events(STATUS)) == ["checked_in", "confirmed"]
    assert {row["reservationID"] for row in endpoint.events(STATUS)} == {key}


def test_our_own_note_comes_back(cloudbeds: Cloudbeds, endpoint: Endpoint, key: str) -> None:
    cloudbeds.subscribe(endpoint, NOTES)
    cloudbeds.api("POST", "postReservationNote", reservationID=key, reservationNote="out [bh:abc]")
    assert wait_for(lambda: endpoint.events(NOTES))[0]["notes"] == "out [bh:abc]"


def test_one_deed_is_several_events(cloudbeds: Cloudbeds, endpoint: Endpoint) -> None:
    events = (
        "reservation/created",
        "guest/created",
        "guest/assigned",
        "reservation/accommodation_changed",
        "reservation/dates_changed",
        "reservation/accommodation_type_changed",
        "guest/accommodation_changed",
        STATUS,
        "reservation/custom_fields_changed",
        "guest/details_changed",
        "housekeeping/room_condition_changed",
        "roomblock/created",
        "reservation/deleted",
    )
    cloudbeds.subscribe(endpoint, *events)
    stay = cloudbeds.control("POST", "/book", unit="104", arrival="2041-01-01")["reservation"]
    wait_for(lambda: len(endpoint.got) == 4)
    path = f"/reservations/{stay['id']}"
    cloudbeds.control("POST", f"{path}/dates", departure="2041-01-09")
    cloudbeds.control("POST", f"{path}/move", unit="305")
    moved = wait_for(lambda: endpoint.events("reservation/accommodation_changed")[1:])[0]
    assert (moved["roomId"], moved["roomIdPrev"]) == ("502-5", "501-4")
    cloudbeds.control("POST", f"{path}/custom-field", field="late_checkout", value="13:00")
    cloudbeds.control("POST", f"{path}/custom-field", field="late_checkout", value="14:00")
    cloudbeds.control("POST", f"{path}/cancel")
    cloudbeds.control("POST", f"/guests/{stay['guest_id']}", phone="+34600")
    cloudbeds.control("POST", "/units/501-1/cleaning", state="dirty")
    cloudbeds.control("POST", "/room-blocks", unit="105")
    cloudbeds.control("POST", f"{path}/status", status="deleted")
    wait_for(lambda: endpoint.events("reservation/deleted"))
    wait_for(lambda: cloudbeds.control("GET", "/state")["deliveries"]["pending"] == 0)
    assert {json.loads(raw)["event"] for _, raw in endpoint.got} == set(events)
    fields = {
        json.dumps(row["updatedCustomFields"]): row
        for row in endpoint.events("reservation/custom_fields_changed")
    }
    assert len(fields) == 2
    assert endpoint.events("housekeeping/room_condition_changed")[0]["condition"] == "dirty"
    dates = endpoint.events("reservation/dates_changed")[0]
    assert (dates["subReservations"], dates["endDate"]) == ([stay["id"]], "2041-01-09")


@pytest.mark.parametrize("status", [404, 500, 301])
def test_five_more_tries_a_minute_apart(cloudbeds: Cloudbeds, endpoint: Endpoint, status: int) -> None:
    cloudbeds.subscribe(endpoint, NOTES)
    cloudbeds.control("PATCH", "/settings", retry_scale=0.0001)
    endpoint.answer = lambda _: status
    cloudbeds.control("POST", "/reservations/TEST-0003/staff-notes", body="x")
    failed = wait_for(lambda: cloudbeds.control("GET", "/deliveries?state=failed")["deliveries"])[0]
    assert failed["tries"] == 6
    assert cloudbeds.control("GET", "/state")["settings"]["answer_seconds"] == 2


def test_a_read_may_lag_behind_its_own_webhook(cloudbeds: Cloudbeds, endpoint: Endpoint, key: str) -> None:
    cloudbeds.subscribe(endpoint, STATUS)
    cloudbeds.control("PUT", "/faults/stale_reads", seconds=3600, path="*/getReservation")
    cloudbeds.control("POST", "/reservations/TEST-0003/cancel")
    assert wait_for(lambda: endpoint.events(STATUS))[0]["status"] == "canceled"
    assert cloudbeds.reservation(key)["status"] == "confirmed"
    cloudbeds.control("DELETE", "/faults")
    assert cloudbeds.reservation(key)["status"] == "canceled"


@pytest.mark.parametrize(("kind", "params"), [("drop_field", {}), ("new_enum", {"value": "teleported"})])
def test_the_schema_changes_under_way(
    cloudbeds: Cloudbeds, endpoint: Endpoint, key: str, kind: str, params: dict[str, Any]
) -> None:
    cloudbeds.subscribe(endpoint, STATUS)
    cloudbeds.control("PUT", f"/faults/{kind}", field="status", **params)
    cloudbeds.control("POST", "/reservations/TEST-0003/cancel")
    assert wait_for(lambda: endpoint.events(STATUS))[0].get("status") == params.get("value")
    assert cloudbeds.reservation(key).get("status") == params.get("value")
