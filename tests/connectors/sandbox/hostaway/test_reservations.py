"""Reading and changing reservations, with the traps of the reference."""

from typing import Any

import pytest

from tests.connectors.sandbox.worlds import Hostaway

ALL = {"includeResources": 1, "includePayments": 1}


def find(hostaway: Hostaway, **params: Any) -> list[Any]:
    rows: list[Any] = hostaway.api("GET", "/reservations", params=params)
    return rows


def one(hostaway: Hostaway, key: Any, **params: Any) -> Any:
    return hostaway.api("GET", f"/reservations/{key}", params=params or ALL)


def by_name(hostaway: Hostaway, name: str) -> Any:
    return find(hostaway, match=name, **ALL)[0]


@pytest.fixture
def test_stay(hostaway: Hostaway) -> int:
    return int(hostaway.stay("TEST-0002")["id"])


def test_the_test_stay(hostaway: Hostaway, test_stay: int) -> None:
    row = one(hostaway, test_stay)
    assert "TEST" in row["hostNote"]
    assert row["channelReservationId"] == row["reservationId"] == "TEST-0002"
    assert row["hostawayReservationId"] == row["id"] == test_stay
    assert (row["channelName"], row["channelId"]) == ("direct", 2000)


def test_the_newest_change_comes_first(hostaway: Hostaway, test_stay: int) -> None:
    rows = find(hostaway)
    keys = [(row["updatedOn"], row["id"]) for row in rows]
    assert keys == sorted(keys, reverse=True)
    assert len(rows) == hostaway.envelope("GET", "/reservations")["count"] >= 40
    hostaway.api("PUT", f"/reservations/{test_stay}", json={"doorCode": "7788"})
    assert find(hostaway, limit=1)[0]["id"] == test_stay
    oldest = find(hostaway, sortOrder="updatedOn")
    assert oldest[-1]["id"] == test_stay


def test_after_id_goes_through_all(hostaway: Hostaway) -> None:
    seen: list[int] = []
    while rows := find(hostaway, limit=15, **({"afterId": seen[-1], "offset": 99} if seen else {})):
        seen += [row["id"] for row in rows]
    assert len(seen) == len(set(seen)) == hostaway.envelope("GET", "/reservations?limit=1")["count"]
    assert "afterId" in hostaway.fails("GET", "/reservations?afterId=5")


def test_an_update_while_paging_moves_rows(hostaway: Hostaway) -> None:
    rows = find(hostaway)
    last = rows[9]["id"]
    hostaway.api("PUT", f"/reservations/{rows[20]['id']}", json={"comment": "moved to the top"})
    behind = [row["id"] for row in find(hostaway, afterId=last)]
    assert rows[20]["id"] not in behind
    assert find(hostaway, limit=1)[0]["id"] == rows[20]["id"]


def test_what_needs_a_flag(hostaway: Hostaway, test_stay: int) -> None:
    bare = one(hostaway, test_stay, includeResources=0)
    assert not {"customFieldValues", "hostProxyEmail", "reservationUnit", "remainingBalance"} & set(bare)
    row = one(hostaway, test_stay)
    assert row["remainingBalance"] == row["totalPrice"] > 0
    assert row["customFieldValues"] == []


def test_filters(hostaway: Hostaway) -> None:
    inbox = find(hostaway, hasUnreadConversationMessages=1)
    assert 5 < len(inbox) < 40
    assert {row["listingMapId"] for row in find(hostaway, listingId=412010)} == {412010}
    assert {row["channelName"] for row in find(hostaway, channelId=2018)} == {"airbnbOfficial"}
    day = find(hostaway)[0]["arrivalDate"]
    assert {row["arrivalDate"] for row in find(hostaway, arrivalStartDate=day, arrivalEndDate=day)} == {day}
    assert len(find(hostaway, updatedSince="2099-01-01")) == len(find(hostaway))
    latest = find(hostaway, sortOrder="latestActivityDesc")
    keys = [row["latestActivityOn"] for row in latest]
    assert keys == sorted(keys, reverse=True)


def test_the_seed_has_the_traps(hostaway: Hostaway) -> None:
    rows = find(hostaway, **ALL)
    assert {"new", "modified", "inquiry", "ownerStay", "pending", "unconfirmed", "cancelled", "declined"} <= {
        row["status"] for row in rows
    }
    undated = by_name(hostaway, "Sven")
    assert undated["isDatesUnspecified"] == 1
    assert undated["arrivalDate"] == undated["departureDate"]
    assert by_name(hostaway, "Sven")["guestLastName"] is None
    family = by_name(hostaway, "Okafor")
    assert (family["guestFirstName"], family["adults"], family["numberOfGuests"]) == (None, None, 6)
    party = by_name(hostaway, "Ngozi")
    assert [unit["listingUnitId"] for unit in party["reservationUnit"]] == [412011, 412012]
    assert party["listingMapId"] == 412010
    ical = by_name(hostaway, "Reserved")
    assert (ical["guestEmail"], ical["phone"], ical["channelId"]) == (None, None, 2015)
    assert hostaway.api("GET", f"/reservations/{ical['id']}/conversations") == []
    assert by_name(hostaway, "Dana")["previousArrivalDate"] < by_name(hostaway, "Dana")["arrivalDate"]


def test_only_what_is_named_is_changed(hostaway: Hostaway, test_stay: int) -> None:
    before = one(hostaway, test_stay)
    body = {"checkOutTime": 13, "doorCode": "99", "hostNote": before["hostNote"] + "\nlate"}
    put = hostaway.api("PUT", f"/reservations/{test_stay}", json=body)
    after = one(hostaway, test_stay)
    assert after | body == after
    assert put["checkOutTime"] == 13
    assert after["guestName"] == before["guestName"]
    assert after["updatedOn"] > before["updatedOn"]
    hostaway.api("PUT", f"/reservations/{test_stay}", json={"checkOutTime": 0})
    assert one(hostaway, test_stay)["checkOutTime"] == 0
    hostaway.api("PUT", f"/reservations/{test_stay}", json={"checkOutTime": None})
    assert one(hostaway, test_stay)["checkOutTime"] is None


def test_a_whole_object_can_be_put_back(hostaway: Hostaway, test_stay: int) -> None:
    row = one(hostaway, test_stay)
    hostaway.api("PUT", f"/reservations/{test_stay}", json=row | {"guestNote": "back"})
    assert one(hostaway, test_stay)["guestNote"] == "back"


@pytest.mark.parametrize(
    "body",
    [
        {"checkOutTime": 11.5},
        {"checkOutTime": "13"},
        {"checkInTime": 24},
        {"hostnote": "x"},
        {"hostNote": 5},
        {"listingMapId": 412001},
        {"customFieldValues": [{"customFieldId": 5, "value": "x"}]},
        {"arrivalDate": "soon"},
        {"departureDate": "2001-01-01"},
    ],
)
def test_what_a_put_refuses(hostaway: Hostaway, test_stay: int, body: dict[str, Any]) -> None:
    before = one(hostaway, test_stay)
    assert hostaway.fails("PUT", f"/reservations/{test_stay}", json=body)
    assert one(hostaway, test_stay) == before


def test_custom_fields_that_are_not_named_are_gone(hostaway: Hostaway, test_stay: int) -> None:
    path = f"/reservations/{test_stay}"
    two = [{"customFieldId": 801, "value": "13:00"}, {"customFieldId": 802, "value": "AB"}]
    hostaway.api("PUT", path, json={"customFieldValues": two})
    assert one(hostaway, test_stay)["customFieldValues"] == two
    hostaway.api("PUT", path, json={"customFieldValues": two[:1]})
    assert one(hostaway, test_stay)["customFieldValues"] == two[:1]


def test_dates(hostaway: Hostaway, test_stay: int) -> None:
    path = f"/reservations/{test_stay}"
    before = one(hostaway, test_stay)
    after = hostaway.api("PUT", path, json={"arrivalDate": "2041-05-01", "departureDate": "2041-05-04"})
    assert (after["status"], after["nights"]) == ("modified", 3)
    assert after["previousArrivalDate"] == before["arrivalDate"]
    assert after["totalPrice"] > before["totalPrice"]
    hostaway.control("POST", "/book", unit="Catskill Cabin", arrival="2042-01-01", nights=5, source="direct")
    taken = {"arrivalDate": "2042-01-02", "departureDate": "2042-01-03"}
    assert "available" in hostaway.fails("PUT", path, json=taken)
    assert hostaway.api("PUT", f"{path}?forceOverbooking=1", json=taken)["arrivalDate"] == "2042-01-02"
    airbnb = by_name(hostaway, "Kofi")["id"]
    assert "channel" in hostaway.fails("PUT", f"/reservations/{airbnb}", json=taken)


def test_statuses(hostaway: Hostaway, test_stay: int) -> None:
    path = f"/reservations/{test_stay}/statuses"
    assert hostaway.fails("PUT", f"{path}/noShow", json={"waivedFees": False})
    assert hostaway.fails("PUT", f"{path}/cancelled", json={})
    row = hostaway.api("PUT", f"{path}/cancelled", json={"cancelledBy": "host"})
    assert (row["status"], row["cancelledBy"], row["cancellationDate"]) == (
        "cancelled",
        "host",
        row["updatedOn"],
    )
    booking = by_name(hostaway, "Zofia")["id"]
    told = hostaway.api("PUT", f"/reservations/{booking}/statuses/noShow", json={"waivedFees": True})
    assert told["bookingcomNoShowReportedAt"]
    assert told["bookingcomNoShowFeeWaived"] is True
    assert told["status"] == "new"


def test_an_archived_listing_takes_nothing(hostaway: Hostaway) -> None:
    row = by_name(hostaway, "Ulla")
    listing = hostaway.api("GET", f"/listings/{row['listingMapId']}")
    assert listing["specialStatus"] == "archived"
    assert hostaway.fails("PUT", f"/reservations/{row['id']}", json={"hostNote": "x"})
    assert hostaway.fails("POST", "/tasks", json={"title": "x", "listingMapId": row["listingMapId"]})


def test_times_are_utc_and_hours_are_local(hostaway: Hostaway, test_stay: int) -> None:
    hostaway.control("POST", "/clock", offset=0)
    hostaway.api("PUT", f"/reservations/{test_stay}", json={"comment": "now"})
    now = hostaway.control("GET", "/state")["now"]
    assert one(hostaway, test_stay)["updatedOn"][:16] <= now[:16].replace("T", " ")
    assert "Z" not in one(hostaway, test_stay)["updatedOn"]
    listing = hostaway.api("GET", "/listings/412103")
    assert (listing["timeZoneName"], listing["checkInTimeStart"], listing["checkOutTime"]) == (
        "America/New_York",
        16,
        10,
    )


def test_units_templates_people_and_charges(hostaway: Hostaway, test_stay: int) -> None:
    assert [row["unitNumber"] for row in hostaway.api("GET", "/listingUnits/412010")] == [
        "A1",
        "A2",
        "B1",
        "B2",
    ]
    assert hostaway.api("GET", "/listingUnits/412001") == []
    assert len(hostaway.api("GET", "/listings")) == 9
    filled = hostaway.api("GET", f"/messageTemplates?reservationId={test_stay}")[0]["message"]
    assert "Test Guest" in filled
    assert "{{guest_name}}" in hostaway.api("GET", "/messageTemplates")[0]["message"]
    assert {row["name"] for row in hostaway.api("GET", "/userGroups")} == {"Housekeeping", "Maintenance"}
    fields = hostaway.api("GET", "/customFields?objectType=reservation")
    assert [row["id"] for row in fields] == [801, 802, 803]
    charge = hostaway.api("GET", f"/guestPayments/charges?reservationId={test_stay}")[0]
    assert (charge["status"], charge["amount"]) == ("awaiting", one(hostaway, test_stay)["remainingBalance"])


def test_tasks(hostaway: Hostaway, test_stay: int) -> None:
    assert "title" in hostaway.fails("POST", "/tasks", json={"reservationId": test_stay})
    body = {
        "title": "Cot",
        "reservationId": test_stay,
        "listingMapId": 412103,
        "categoriesMap": [1],
        "canStartFrom": "2026-12-01 15:00:00",
        "assigneeUserId": 7002,
    }
    task = hostaway.api("POST", "/tasks", json=body)
    assert task | body == task
    assert (task["status"], task["canStartFromListingTime"]) == ("pending", "2026-12-01 10:00:00")
    path = f"/tasks/{task['id']}"
    done = hostaway.api("PUT", path, json={"status": "completed", "resolutionNote": "brought"})
    assert done["completedAt"]
    assert done["title"] == "Cot"
    found = hostaway.api("GET", f"/tasks?reservationId={test_stay}&status=completed")
    assert [row["id"] for row in found] == [task["id"]]
    for bad in ({"status": "done"}, {"assigneeUserId": 1}, {"categoriesMap": [9]}, {"name": "x"}):
        assert hostaway.fails("PUT", path, json=bad)
    assert hostaway.api("DELETE", path) == []
    assert hostaway.fails("GET", path, 404)
