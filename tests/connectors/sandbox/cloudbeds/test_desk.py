"""Notes, guests, housekeeping, blocks."""

import pytest

from tests.connectors.sandbox.worlds import Cloudbeds

CARD = "4111111111111111"


def test_notes(cloudbeds: Cloudbeds, key: str) -> None:
    given = {"reservationID": key, "reservationNote": "Guest wrote: hello [bh:7f3k2q]", "userID": "78"}
    made = cloudbeds.answer("POST", "postReservationNote", **given)
    assert set(made) == {"success", "reservationNoteID"}
    note = made["reservationNoteID"]
    found = cloudbeds.api("GET", "getReservationNotes", reservationID=key)[-1]
    assert (found["reservationNoteID"], found["userName"]) == (note, "Iker Etxeberria")
    assert found["reservationNote"] == given["reservationNote"]
    assert found["dateCreated"] == found["dateModified"]
    named = {"reservationID": key, "reservationNoteID": note}
    assert cloudbeds.answer("PUT", "putReservationNote", **named, reservationNote="changed") == {
        "success": True
    }
    seen = cloudbeds.control("GET", "/reservations/TEST-0003/notes")["notes"]
    assert (seen[-1]["body"], seen[-1]["author"]) == ("changed", "api")
    assert cloudbeds.answer("DELETE", "deleteReservationNote", **named) == {"success": True}
    assert note not in [
        row["reservationNoteID"] for row in cloudbeds.api("GET", "getReservationNotes", reservationID=key)
    ]
    assert cloudbeds.fails("DELETE", "deleteReservationNote", **named) == "Reservation note not found"


def test_a_note_may_be_dated(cloudbeds: Cloudbeds, key: str) -> None:
    given = {"reservationID": key, "reservationNote": "then", "dateCreated": "2026-01-02 03:04:05"}
    cloudbeds.api("POST", "postReservationNote", **given)
    assert (
        cloudbeds.api("GET", "getReservationNotes", reservationID=key)[0]["dateCreated"]
        == given["dateCreated"]
    )
    assert cloudbeds.fails("POST", "postReservationNote", **(given | {"dateCreated": "then"}))
    assert cloudbeds.fails("POST", "postReservationNote", **(given | {"userID": "5"})) == "User not found"


def test_card_numbers_are_refused_where_the_reference_says(cloudbeds: Cloudbeds, key: str) -> None:
    guest = next(iter(cloudbeds.reservation(key)["guestList"]))
    text = f"paid with {CARD}"
    assert "payment" in cloudbeds.fails("POST", "postGuestNote", guestID=guest, guestNote=text)
    assert "payment" in cloudbeds.fails("PUT", "putGuest", guestID=guest, guestTaxId=CARD)
    assert cloudbeds.api("POST", "postGuestNote", guestID=guest, guestNote="ref 4111111111111112")[
        "guestNoteID"
    ]
    assert cloudbeds.api("POST", "postReservationNote", reservationID=key, reservationNote=text)
    assert len(cloudbeds.api("GET", "getGuestNotes", guestID=guest)) == 1


def test_guests(cloudbeds: Cloudbeds, key: str) -> None:
    guest = next(iter(cloudbeds.reservation(key)["guestList"]))
    cloudbeds.api("PUT", "putGuest", guestID=guest, guestCellPhone="+34600999888", guestLastName="Gast")
    read = cloudbeds.api("GET", "getGuest", reservationID=key)
    assert (read["lastName"], read["cellPhone"], read["isMerged"]) == ("Gast", "+34600999888", False)
    assert cloudbeds.fails("PUT", "putGuest", guestID=guest, guestCountry="Spain")
    today = cloudbeds.api("GET", "getGuestsModified", propertyID="")
    assert [row["guestID"] for row in today] == [guest]
    listed = cloudbeds.api("GET", "getGuestList", guestLastName="gast", includeGuestInfo="true")
    assert listed[guest]["guestCellPhone"] == "+34600999888"


def test_a_merged_guest_goes_on_under_another_id(cloudbeds: Cloudbeds) -> None:
    row = cloudbeds.reservation(cloudbeds.id_of("Ольга"))
    old = next(iter(row["guestList"]))
    merged = cloudbeds.api("GET", "getGuest", guestID=old)
    assert merged["isMerged"] is True
    assert merged["newGuestID"] != old
    assert cloudbeds.api("GET", "getGuest", guestID=merged["newGuestID"])["isMerged"] is False


def room(cloudbeds: Cloudbeds, key: str) -> dict[str, object]:
    rows = cloudbeds.api("GET", "getHousekeepingStatus")
    return next(row for row in rows if row["roomID"] == key)


def test_a_condition_without_a_value_toggles(cloudbeds: Cloudbeds) -> None:
    assert room(cloudbeds, "501-1")["roomCondition"] == "clean"
    assert cloudbeds.api("POST", "postHousekeepingStatus", roomID="501-1")["roomCondition"] == "dirty"
    assert cloudbeds.api("POST", "postHousekeepingStatus", roomID="501-1")["roomCondition"] == "clean"
    told = cloudbeds.api(
        "POST", "postHousekeepingStatus", roomID="501-1", roomComments="Late check-out 13:00"
    )
    assert (told["roomCondition"], told["roomComments"]) == ("clean", "Late check-out 13:00")
    for _ in range(2):
        cloudbeds.api("POST", "postHousekeepingStatus", roomID="501-1", roomCondition="inspected")
    assert room(cloudbeds, "501-1")["roomCondition"] == "inspected"
    assert cloudbeds.fails("POST", "postHousekeepingStatus", roomID="501-1", roomCondition="spotless")
    annex = {"propertyID": "300124", "roomID": "601-1", "roomCondition": "inspected"}
    assert "inspected" in cloudbeds.fails("POST", "postHousekeepingStatus", **annex)


def test_housekeeping(cloudbeds: Cloudbeds) -> None:
    rows = cloudbeds.api("GET", "getHousekeepingStatus")
    assert len(rows) == 24
    by_name = {row["roomName"]: row for row in rows}
    assert by_name["204"]["frontdeskStatus"] == "stayover"
    assert by_name["103"]["frontdeskStatus"] == "check-out"
    assert by_name["401"]["frontdeskStatus"] == "check-in"
    assert by_name["204"]["roomOccupied"] is True
    cleaner = cloudbeds.api("GET", "getHousekeepers")[0]["housekeeperID"]
    cloudbeds.api("POST", "postHousekeepingAssignment", roomIDs="501-1,501-2", housekeeperID=cleaner)
    mine = cloudbeds.api("GET", "getHousekeepingStatus", housekeeperIDs=cleaner)
    assert {"501-1", "501-2"} <= {row["roomID"] for row in mine}
    cloudbeds.api("POST", "postHousekeepingAssignment", roomIDs="501-1", housekeeperID="0")
    assert room(cloudbeds, "501-1")["housekeeperID"] == ""
    assert cloudbeds.fails("POST", "postHousekeepingAssignment", roomIDs="501-1", housekeeperID="77")


def test_blocks(cloudbeds: Cloudbeds) -> None:
    given = {
        "roomBlockType": "out_of_service",
        "roomBlockReason": "Heating",
        "startDate": cloudbeds.reservation(cloudbeds.id_of("Gudrun"))["startDate"],
        "endDate": "2040-01-01",
        "rooms[0][roomID]": "501-4",
    }
    made = cloudbeds.answer("POST", "postRoomBlock", **given)
    assert made["rooms"][0]["roomID"] == "501-4"
    assert room(cloudbeds, "501-4")["roomBlocked"] is True
    blocks = cloudbeds.api("GET", "getRoomBlocks")["roomBlocks"]
    assert [row["roomBlockID"] for row in blocks] == [made["roomBlockID"]]
    assert cloudbeds.fails("POST", "postRoomBlock", **(given | {"rooms[0][roomID]": "601-1"}))
    cloudbeds.api("POST", "deleteRoomBlock", roomBlockID=made["roomBlockID"])
    assert room(cloudbeds, "501-4")["roomBlocked"] is False


def test_rooms_people_and_sources(cloudbeds: Cloudbeds) -> None:
    rooms = cloudbeds.answer("GET", "getRooms", propertyIDs="300123", pageSize=100)
    assert rooms["total"] == len(rooms["data"][0]["rooms"]) == 24
    days = {"startDate": "2040-01-01", "endDate": "2040-01-03"}
    cloudbeds.control("POST", "/book", unit="101", arrival="2040-01-01")
    free = cloudbeds.answer("GET", "getRooms", propertyIDs="300123", pageSize=100, **days)["data"][0]["rooms"]
    assert len(free) == 23
    assert {row["roomTypeName"] for row in cloudbeds.api("GET", "getRoomTypes")} >= {"Family Room", "Studio"}
    people = cloudbeds.api("GET", "getUsers", property_ids="300123")["300123"]
    assert people[0]["userID"] == "77"
    assert "Walk-In" in [row["sourceName"] for row in cloudbeds.api("GET", "getSources")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/reservations/TEST-0003/guest-writes"),
        ("POST", "/reservations/TEST-0003/staff-replies"),
        ("POST", "/bulk"),
        ("POST", "/tasks"),
        ("GET", "/tasks"),
    ],
)
def test_what_cloudbeds_lacks_is_said(cloudbeds: Cloudbeds, method: str, path: str) -> None:
    assert cloudbeds.refused(method, path).startswith("Cloudbeds has no")


def test_the_desk_of_a_hotel(cloudbeds: Cloudbeds) -> None:
    booked = cloudbeds.control("POST", "/book", guest_name="Rita Moss", unit="Family Room", rooms=2, nights=3)
    key = booked["reservation"]["id"]
    assert [row["roomTypeID"] for row in cloudbeds.reservation(key)["unassigned"]] == ["503", "503"]
    path = f"/reservations/{key}"
    cloudbeds.control("POST", f"{path}/move", unit="403")
    cloudbeds.control("POST", f"{path}/move", unit="404", room=1)
    cloudbeds.control("POST", f"{path}/dates", planned_arrival="23:30")
    assert "check-out time" in cloudbeds.refused("POST", f"{path}/dates", planned_departure="13:00")
    cloudbeds.control("POST", f"{path}/check-in")
    read = cloudbeds.reservation(key)
    assert [row["roomName"] for row in read["assigned"]] == ["403", "404"]
    assert (read["status"], read["estimatedArrivalTime"]) == ("checked_in", "23:30")
    cloudbeds.control("POST", f"{path}/check-out")
    units = {row["name"]: row["cleaning"] for row in cloudbeds.control("GET", "/units")["units"]}
    assert (units["403"], units["404"]) == ("dirty", "dirty")
    note = cloudbeds.control("POST", f"{path}/staff-notes", body="Bag in the office")["message"]["id"]
    cloudbeds.control("POST", f"/notes/{note}", body="Bag picked up")
    assert (
        cloudbeds.api("GET", "getReservationNotes", reservationID=key)[0]["reservationNote"]
        == "Bag picked up"
    )
    cloudbeds.control("DELETE", f"/notes/{note}")
    assert cloudbeds.api("GET", "getReservationNotes", reservationID=key) == []
