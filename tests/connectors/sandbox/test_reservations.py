"""Reservations of both generations, guests, listings, tasks and the small lists."""

from typing import Any

import pytest

from tests.connectors.sandbox.harness import Sandbox


def test_legacy_lists_hide_the_status(sandbox: Sandbox) -> None:
    page = sandbox.api("GET", "/reservations", params={"limit": 10})
    assert (len(page["results"]), page["limit"], page["skip"]) == (10, 10, 0)
    assert page["count"] > 30
    assert "status" not in page["results"][0]
    named = sandbox.api("GET", "/reservations", params={"fields": "status lastUpdatedAt guest.fullName"})
    assert set(named["results"][0]) == {"_id", "accountId", "status", "lastUpdatedAt", "guest"}


def test_changed_since(sandbox: Sandbox) -> None:
    before = sandbox.control("GET", "/state")["now"]
    changed = sandbox.control("POST", "/reservations/TEST-0001/dates", planned_departure="14:00")[
        "reservation"
    ]
    row = ("lastUpdatedAt", "$gt", before)
    found = sandbox.filtered(
        "/reservations", row, sort="lastUpdatedAt", fields="lastUpdatedAt plannedDeparture"
    )
    assert [item["_id"] for item in found["results"]] == [changed["id"]]
    assert found["results"][0]["plannedDeparture"] == "14:00"


def test_instants_compare_as_times_however_they_are_written(sandbox: Sandbox) -> None:
    changed = sandbox.control("POST", "/reservations/TEST-0001/check-in")["reservation"]["updated_at"]
    second = changed[:19]
    for text in (f"{second}Z", f"{second}.000Z", f"{second}+00:00", f"{second}.000001+00:00", changed[:10]):
        found = sandbox.filtered("/reservations", ("lastUpdatedAt", "$gte", text), fields="confirmationCode")
        assert "TEST-0001" in [item["confirmationCode"] for item in found["results"]], text
    wrong = {"filters": '[{"field": "lastUpdatedAt", "operator": "$gt", "value": "lately"}]'}
    assert sandbox.call("GET", "/reservations", params=wrong).status_code == 400


def test_legacy_single_is_full_and_missing_is_a_bare_string(sandbox: Sandbox) -> None:
    stay = sandbox.stay("TEST-0001")
    full = sandbox.api("GET", f"/reservations/{stay['id']}")
    assert full["money"]["currency"] == "USD"
    assert full["status"] == "confirmed"
    assert full["conversationId"] == stay["conversation_id"]
    missing = sandbox.call("GET", "/reservations/nobody")
    assert (missing.status_code, missing.text) == (404, "Reservation Not Found")


def test_a_nested_key_code_is_ignored_with_200(sandbox: Sandbox) -> None:
    path = f"/reservations/{sandbox.stay('HMAMLAUR31')['id']}"
    before = sandbox.api("GET", path)["keyCode"]
    sandbox.api("PUT", path, json={"notes": {"keyCode": "9999"}})
    assert sandbox.api("GET", path)["keyCode"] == before
    sandbox.api("PUT", path, json={"keyCode": "9999", "note": "Cot ready"})
    assert (sandbox.api("GET", path)["keyCode"], sandbox.api("GET", path)["note"]) == ("9999", "Cot ready")


def test_v3_notes_are_for_v3_reservations_only(sandbox: Sandbox) -> None:
    made = sandbox.stay("TEST-0001")["id"]
    notes = {"notes": {"other": "Quiet room", "keyCode": "4242"}}
    assert sandbox.api("PUT", f"/reservations-v3/{made}/notes", json=notes)["notes"]["other"] == "Quiet room"
    imported = sandbox.stay("HMAMLAUR31")["id"]
    assert sandbox.call("PUT", f"/reservations-v3/{imported}/notes", json=notes).status_code == 404


def by_id(sandbox: Sandbox, key: str) -> Any:
    return sandbox.api("GET", "/reservations-v3", params={"reservationIds[]": key})[0]


def test_late_check_out(sandbox: Sandbox) -> None:
    stay = sandbox.stay("HMAMLAUR31")
    sandbox.api("PUT", f"/reservations-v3/{stay['id']}/dates", json={"plannedDeparture": "13:00"})
    assert sandbox.api("GET", f"/reservations/{stay['id']}")["plannedDeparture"] == "13:00"
    part = by_id(sandbox, stay["id"])["stay"][0]
    assert part["etd"] != stay["check_out_at"]
    assert part["checkOutDateLocalized"] == stay["departure"]
    logs = sandbox.api("GET", f"/reservation-logs/{stay['id']}")["results"]
    assert {"planned_departure"} <= {row["field"] for row in logs}


@pytest.mark.parametrize(
    ("code", "body", "status"),
    [
        ("TEST-0001", {"plannedDeparture": "9 pm"}, 400),
        ("TEST-0001", {"lateCheckout": True}, 400),
        ("TEST-0001", {"checkOutDateLocalized": "2020-01-01"}, 422),
        ("HMAMLAUR31", {"checkOutDateLocalized": "2040-01-01"}, 422),
    ],
)
def test_dates_that_are_refused(sandbox: Sandbox, code: str, body: dict[str, Any], status: int) -> None:
    key = sandbox.stay(code)["id"]
    assert sandbox.call("PUT", f"/reservations-v3/{key}/dates", json=body).status_code == status


def test_stay_state_and_status(sandbox: Sandbox) -> None:
    key = sandbox.stay("TEST-0001")["id"]
    sandbox.api("PUT", "/reservations-v3/guest-stay", json={"reservationId": key, "status": "checked_in"})
    assert by_id(sandbox, key)["guestStay"]["status"] == "checked_in"
    body = {"status": "canceled", "canceledBy": "GUEST", "cancellationReason": "ill"}
    assert sandbox.api("PUT", f"/reservations-v3/{key}/status", json=body)["status"] == "canceled"
    assert by_id(sandbox, key) | {"status": "canceled", "canceledBy": "GUEST"} == by_id(sandbox, key)


def test_v3_search(sandbox: Sandbox) -> None:
    params = {"filter[status][$eq]": "confirmed", "limit": 5, "sort": "checkIn"}
    found = sandbox.api("GET", "/reservations-v3/search", params=params)
    assert found["pagination"]["hasMore"] is True
    assert {row["status"] for row in found["results"]} == {"confirmed"}
    code = sandbox.api(
        "GET", "/reservations-v3/search", params={"filter[confirmationCode][$eq]": "TEST-0001"}
    )
    assert [row["confirmationCode"] for row in code["results"]] == ["TEST-0001"]
    assert sandbox.call("GET", "/reservations-v3/search?filter[lastUpdatedAt][$gt]=x").status_code == 400
    too_many = "&".join(f"reservationIds[]={number}" for number in range(11))
    assert sandbox.call("GET", f"/reservations-v3?{too_many}").status_code == 400


def test_custom_fields(sandbox: Sandbox) -> None:
    account = sandbox.api("GET", "/accounts/me")["_id"]
    defined = {row["key"]: row["fieldId"] for row in sandbox.api("GET", f"/accounts/{account}/custom-fields")}
    path = f"/reservations-v3/{sandbox.stay('HMAMLAUR31')['id']}/custom-fields"
    body = {"customFields": [{"fieldId": defined["late_check_out"], "value": "13:00"}]}
    assert sandbox.api("PUT", path, json=body)["customFields"][0]["value"] == "13:00"
    assert sandbox.api("GET", path)["customFields"][0]["fieldId"] == defined["late_check_out"]
    assert sandbox.call("PUT", path, json={"customFields": [{"fieldId": "x", "value": 1}]}).status_code == 400
    assert sandbox.api("DELETE", path)["customFields"] == []


def test_listings_and_complexes(sandbox: Sandbox) -> None:
    listings = sandbox.api("GET", "/listings", params={"limit": 100})["results"]
    assert len(listings) == 18
    assert {row["timezone"] for row in listings} == {"America/New_York", "Europe/Lisbon", "Europe/London"}
    assert {row["type"] for row in listings} == {"SINGLE", "MTL", "MTL_CHILD"}
    groups = sandbox.api("GET", "/properties-api/complexes")["results"]
    assert sorted(key for row in groups for key in row["listingIds"]) == sorted(
        row["_id"] for row in listings
    )
    assert len(sandbox.api("GET", "/listings", params={"skip": 10, "limit": 5})["results"]) == 5


def test_guests_need_columns_and_tags(sandbox: Sandbox) -> None:
    key = sandbox.stay("TEST-0001")["guest_id"]
    assert sandbox.call("GET", "/guests-crud").status_code == 400
    assert sandbox.api("GET", "/guests-crud?columns=fullName")["total"] > 30
    path = f"/guests-crud/{key}"
    assert sandbox.call("GET", path).status_code == 400
    assert sandbox.call("PUT", path, json={"notes": "x"}).status_code == 400
    assert (
        sandbox.api("PUT", path, json={"tags": ["vip"], "phone": "+14015550001"})["phone"] == "+14015550001"
    )
    assert sandbox.api("GET", f"{path}?fields=tags")["tags"] == ["vip"]


def test_tasks(sandbox: Sandbox) -> None:
    stay = sandbox.stay("TEST-0001")["id"]
    body = {"title": "Heating knocks", "type": "maintenance", "priority": "high", "reservationId": stay}
    task = sandbox.api("POST", "/tasks-open-api/create-single-task", json=body)
    assert task["apply"]["reservationId"] == stay
    path = f"/tasks-open-api/{task['_id']}"
    assert sandbox.api("PUT", path, json={"status": "in progress"})["status"] == "in progress"
    assert sandbox.call("PUT", path, json={"status": "in_progress"}).status_code == 400
    rows = sandbox.api("GET", "/tasks-open-api/tasks?columns=status taskTitle")
    assert rows[0] == {"id": task["_id"], "status": {"children": "in progress"},
                       "taskTitle": {"children": "Heating knocks"}}  # fmt: skip
    comments = sandbox.api("PUT", path, json={"comments": [{"text": "Bled the radiator"}]})["comments"]
    assert [one["text"] for one in comments] == ["Bled the radiator"]
    said = [{**comments[0], "text": "Bled both"}, {"text": "Second visit"}]
    assert [one["text"] for one in sandbox.api("PUT", path, json={"comments": said})["comments"]] == [
        "Bled both",
        "Second visit",
    ]
    sandbox.api("DELETE", path)
    assert sandbox.call("GET", path).status_code == 400


def test_tasks_are_listed_by_the_documented_filters(sandbox: Sandbox) -> None:
    def titles(filters: str) -> set[str]:
        path = "/tasks-open-api/tasks"
        rows = sandbox.api("GET", path, params={"columns": "taskTitle mustFinishBefore", "filters": filters})
        assert all(row["mustFinishBefore"]["date"] for row in rows)
        return {row["taskTitle"]["children"] for row in rows}

    assert titles('{"status": {"@nin": ["completed"]}}') == {"Clean after check-out", "Shower drains slowly"}
    assert titles('{"status": "completed"}') == {"Quarterly inspection"}
    assert titles('{"scheduledFor": {"@today": true}}') <= {"Clean after check-out", "Shower drains slowly"}
    bad = {"columns": "status", "filters": '{"status": {"@gt": 1}}'}
    assert sandbox.call("GET", "/tasks-open-api/tasks", params=bad).status_code == 400


def test_small_lists(sandbox: Sandbox) -> None:
    assert sandbox.api("GET", "/saved-replies")["count"] == 2
    assert len(sandbox.api("GET", "/vendors?limit=25")["results"]) == 2
    assert sandbox.call("GET", "/vendors?limit=5").status_code == 400
    assert sandbox.api("GET", "/users")["count"] == 3
    balance = sandbox.api("GET", f"/accounting-api/reservations/{sandbox.stay('TEST-0001')['id']}/balance")
    assert balance["currency"] == "USD"


def test_values_of_a_wrong_type_are_refused(sandbox: Sandbox) -> None:
    body = {"title": "x", "type": "cleaning", "listingId": {"a": 1}}
    assert sandbox.call("POST", "/tasks-open-api/create-single-task", json=body).status_code == 400
    key = sandbox.stay("TEST-0001")["guest_id"]
    assert sandbox.call("PUT", f"/guests-crud/{key}", json={"tags": [], "notes": {"a": 1}}).status_code == 400
