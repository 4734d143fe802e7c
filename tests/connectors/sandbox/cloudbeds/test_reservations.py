"""Reading and changing reservations."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.connectors.sandbox.worlds import Cloudbeds


def rated(cloudbeds: Cloudbeds, **given: Any) -> list[Any]:
    rows: list[Any] = cloudbeds.api("GET", "getReservationsWithRateDetails", **given)
    return rows


def test_the_test_stay(cloudbeds: Cloudbeds, key: str) -> None:
    row = cloudbeds.reservation(key)
    assert row["thirdPartyIdentifier"] == "TEST-0003"
    assert len(row["reservationID"]) == 13
    assert row["assigned"][0]["subReservationID"] == key
    assert row["assigned"][0]["adults"] == "2"
    main = row["guestList"][next(iter(row["guestList"]))]
    assert (main["isMainGuest"], main["guestEmail"]) == (True, row["guestEmail"])


def test_the_seed_has_the_traps(cloudbeds: Cloudbeds) -> None:
    rows = cloudbeds.api("GET", "getReservations", propertyID="")
    assert len(rows) >= 40
    assert {row["propertyID"] for row in rows} == {"300123", "300124"}
    assert {row["status"] for row in rows} == {
        "not_confirmed",
        "confirmed",
        "canceled",
        "checked_in",
        "checked_out",
        "no_show",
    }
    party = cloudbeds.reservation(cloudbeds.id_of("Gudrun"))
    assert (len(party["assigned"]), len(party["unassigned"]), len(party["guestList"])) == (2, 1, 3)
    assert "roomID" not in party["unassigned"][0]
    assert party["unassigned"][0]["endDate"] == party["endDate"] > party["assigned"][0]["endDate"]
    assert {row["guestStatus"] for row in party["guestList"].values()} == {"not_checked_in"}
    assert cloudbeds.reservation(cloudbeds.id_of("Walk-In"))["guestList"] == []
    assert isinstance(cloudbeds.reservation(cloudbeds.id_of("Inês"))["balanceDetailed"], list)
    assert cloudbeds.reservation(cloudbeds.id_of("佐藤"))["assigned"] == []
    half = cloudbeds.reservation(cloudbeds.id_of("Ruairí"))
    assert half["status"] == "confirmed"
    assert sorted(row["guestStatus"] for row in half["guestList"].values()) == ["in_house", "not_checked_in"]


def test_times_are_the_hotels_own(cloudbeds: Cloudbeds) -> None:
    for place, zone in (("300123", "Europe/Madrid"), ("300124", "Atlantic/Canary")):
        row = rated(cloudbeds, propertyID=place, pageSize=1)[0]
        utc = datetime.fromisoformat(row["dateModifiedUTC"]).replace(tzinfo=ZoneInfo("UTC"))
        assert row["dateModified"] == utc.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
    hotels = cloudbeds.answer("GET", "getHotels", propertyID="")["data"]
    assert [row["propertyTimezone"] for row in hotels] == ["Europe/Madrid", "Atlantic/Canary"]
    assert "propertyTimezone" not in cloudbeds.api("GET", "getHotelDetails")


def test_changed_since(cloudbeds: Cloudbeds, key: str) -> None:
    cloudbeds.api("PUT", "putReservation", reservationID=key, estimatedArrivalTime="22:15")
    changed = cloudbeds.reservation(key)["dateModified"]
    found = cloudbeds.api("GET", "getReservations", modifiedFrom=changed)
    assert [row["reservationID"] for row in found] == [key]
    assert rated(cloudbeds, modifiedFrom=changed)[0]["estimatedArrivalTime"] == "22:15"
    cloudbeds.control("POST", "/clock", forward=3600)
    cloudbeds.control("POST", "/reservations/TEST-0003/staff-notes", body="a note leaves no trace")
    assert cloudbeds.reservation(key)["dateModified"] == changed
    newest = cloudbeds.api("GET", "getReservations", sortByRecent="true", pageSize=1)
    assert newest[0]["reservationID"] == key


def test_several_at_once_by_id(cloudbeds: Cloudbeds, key: str) -> None:
    other = cloudbeds.id_of("Inês")
    rows = rated(cloudbeds, reservationID=f"{key},{other}", includeGuestsDetails="true")
    assert {row["reservationID"] for row in rows} == {key, other}
    assert rows[0]["source"]["sourceID"]
    assert rows[0]["rooms"][0]["rateName"] == "Flexible"
    assert rows[0]["guestList"]
    assert "guestList" not in rated(cloudbeds, reservationID=key)[0]


def test_deleted_ones(cloudbeds: Cloudbeds, key: str) -> None:
    cloudbeds.control("POST", "/reservations/TEST-0003/status", status="deleted")
    assert cloudbeds.fails("GET", "getReservation", reservationID=key) == "Reservation not found"
    assert rated(cloudbeds, reservationID=key) == []
    assert rated(cloudbeds, reservationID=key, includeDeleted="true")[0]["isDeleted"] is True


def test_filters(cloudbeds: Cloudbeds) -> None:
    staying = cloudbeds.api("GET", "getReservations", status="checked_in")
    assert {row["status"] for row in staying} == {"checked_in"}
    day = staying[0]["startDate"]
    found = cloudbeds.api("GET", "getReservations", checkInFrom=day, checkInTo=day)
    assert {row["startDate"] for row in found} == {day}
    assert cloudbeds.fails("GET", "getReservations", status="cancelled")
    assert "canceled" not in {row["status"] for row in rated(cloudbeds, excludeStatuses="canceled,no_show")}
    rooms = cloudbeds.api("GET", "getReservations", includeAllRooms="true", firstName="Gudrun")[0]["rooms"]
    assert [row["roomID"] for row in rooms] == ["503-1", "503-2", None]


@pytest.mark.parametrize(
    "given",
    [
        {"estimatedArrivalTime": "25:00"},
        {"status": "cancelled"},
        {"checkoutDate": "2001-01-01"},
        {"checkoutDate": "soon"},
        {"customFields[0][customFieldName]": "Late check-out", "customFields[0][customFieldValue]": "x"},
        {"customFields[0][customFieldName]": "late_checkout", "customFields[0][customFieldValue]": "x" * 41},
        {
            "customFields[0][customFieldName]": "late_checkout",
            "customFields[0][customFieldValue]": "4111 1111 1111 1111",
        },
        {"customFields": "late_checkout"},
    ],
)
def test_what_is_refused(cloudbeds: Cloudbeds, key: str, given: dict[str, str]) -> None:
    before = cloudbeds.reservation(key)
    assert cloudbeds.fails("PUT", "putReservation", reservationID=key, **given)
    assert cloudbeds.reservation(key) == before


def test_custom_fields_go_by_shortcode(cloudbeds: Cloudbeds, key: str) -> None:
    given = {
        "customFields[0][customFieldName]": "late_checkout",
        "customFields[0][customFieldValue]": "13:00",
    }
    changed = cloudbeds.api("PUT", "putReservation", reservationID=key, **given)
    assert changed["customFields"][0]["customFieldValue"] == "13:00"
    given = {"customFields[0][customFieldName]": "parking", "customFields[0][customFieldValue]": "B3"}
    changed = cloudbeds.api("PUT", "putReservation", reservationID=key, **given)
    assert [row["customFieldValue"] for row in changed["customFields"]] == ["13:00", "B3"]
    made = cloudbeds.api(
        "POST", "postCustomField", name="Bellhop", shortcode="bh", **{"displayed[0]": "reservation"}
    )
    assert made["shortcode"] == "bh"
    assert cloudbeds.fails("POST", "postCustomField", name="Bellhop", shortcode="bh")
    assert "bh" in [row["shortcode"] for row in cloudbeds.api("GET", "getCustomFields")]


def test_a_status_mails_the_guest_only_when_told(cloudbeds: Cloudbeds, key: str) -> None:
    talk = cloudbeds.stay("TEST-0003")["conversation_id"]

    def mails() -> list[Any]:
        rows = cloudbeds.control("GET", f"/messages?conversation={talk}")["messages"]
        return [row for row in rows if row["module"] == "log"]

    cloudbeds.api("PUT", "putReservation", reservationID=key, status="not_confirmed")
    assert mails() == []
    cloudbeds.api("PUT", "putReservation", reservationID=key, status="canceled", sendStatusChangeEmail="true")
    assert len(mails()) == 1
    assert rated(cloudbeds, reservationID=key)[0]["dateCancelledUTC"]


def test_rooms_are_checked_in_one_by_one(cloudbeds: Cloudbeds) -> None:
    key = cloudbeds.id_of("Ruairí")
    cloudbeds.api("POST", "postRoomCheckIn", reservationID=key, roomID="502-2")
    assert cloudbeds.reservation(key)["status"] == "checked_in"
    cloudbeds.api("POST", "postRoomCheckOut", reservationID=key, subReservationID=key)
    assert cloudbeds.reservation(key)["status"] == "checked_in"
    cloudbeds.api("POST", "postRoomCheckOut", reservationID=key)
    assert cloudbeds.reservation(key)["status"] == "checked_out"
    states = {row["roomID"]: row["roomCondition"] for row in cloudbeds.api("GET", "getHousekeepingStatus")}
    assert (states["502-1"], states["502-2"]) == ("dirty", "dirty")
    unassigned = cloudbeds.id_of("佐藤")
    assert "assigned" in cloudbeds.fails("POST", "postRoomCheckIn", reservationID=unassigned)


def test_rooms_of_a_reservation(cloudbeds: Cloudbeds, key: str) -> None:
    row = cloudbeds.reservation(key)
    room = {
        "rooms[0][subReservationID]": key,
        "rooms[0][roomTypeID]": "503",
        "rooms[0][checkinDate]": row["startDate"],
        "rooms[0][checkoutDate]": row["endDate"],
        "rooms[0][adults]": "3",
        "rooms[0][children]": "1",
    }
    changed = cloudbeds.api("PUT", "putReservation", reservationID=key, **room)
    assert changed["assigned"] == []
    assert (changed["unassigned"][0]["roomTypeID"], changed["unassigned"][0]["adults"]) == ("503", "3")
    assert changed["total"] > row["total"]
    room.pop("rooms[0][adults]")
    assert "adults" in cloudbeds.fails("PUT", "putReservation", reservationID=key, **room)
    details = cloudbeds.api("GET", "getReservationRoomDetails", subReservationID=key)
    assert (details["adults"], details["roomID"]) == (3, None)


def test_who_is_where(cloudbeds: Cloudbeds) -> None:
    rows = {row["guestName"]: row for row in cloudbeds.api("GET", "getReservationAssignments")}
    assert rows["Inês Carvalhal"]["assigned"][0]["roomName"] == "204"
    assert rows["Gudrun Holzer"]["unassigned"] == 1
    assert "Bartosz Nowak" not in rows
