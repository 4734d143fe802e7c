"""Local clocks, maps that are lists, merged guests, against a scripted Cloudbeds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.contract.errors import NotFound, OutcomeUnknown, Rejected
from connectors.contract.http import Request
from connectors.contract.intents import AddNote, SetHousekeepingState, SetStayTimes
from connectors.contract.records import UNSET, Money, StayStatus
from connectors.pms.cloudbeds import reads
from connectors.pms.cloudbeds.stays import Place, read_reservation
from tests.connectors.pms.cloudbeds.helpers import cloudbeds, fixture
from tests.connectors.pms.script import Script, everything

LISBON = Place(zone=ZoneInfo("Europe/Lisbon"), currency="EUR")
STAY = "8845658565630"


@pytest.fixture(autouse=True)
def no_memory() -> None:
    reads._PLACES.clear()


def hotels(zone: str = "Europe/Lisbon") -> dict[str, Any]:
    hotel = {"propertyID": "12345", "propertyName": "Inn", "propertyTimezone": zone}
    return {"success": True, "data": [{**hotel, "propertyCurrency": [{"currencyCode": "EUR"}]}]}


def answering(**answers: Any) -> Script:
    def reply(request: Request) -> Any:
        name = request.path.rpartition("/")[2]
        return answers.get(name, hotels() if name == "getHotels" else {"success": True, "data": []})

    return Script(reply)


def stay(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = fixture("response_get_reservation")["data"]
    return data | changes


def test_the_published_reservation() -> None:
    record = cloudbeds().get_reservation(answering(getReservation={"success": True, "data": stay()}), STAY)
    assert (record.external_id, record.confirmation_code, record.channel_code) == (STAY, STAY, "4012345678")
    assert record.status == StayStatus.CONFIRMED
    assert (record.arrival_date, record.departure_date) == (date(2026, 11, 20), date(2026, 11, 23))
    assert (record.check_in_time, record.check_out_time) == (time(15, 30), None)
    assert (record.unit_id, record.source, record.adults, record.children) == ("345-1", "booking", 2, 0)
    assert record.version == "2026-10-21T07:00:10.000Z", "local summer time"
    assert record.guest is not None
    assert (record.guest.full_name, record.guest.phones) == ("Alex Morgan", ("+14155550123",))
    assert isinstance(record.money, Money)
    assert (record.money.total, record.money.paid, record.money.balance) == (
        Decimal("321.4"), Decimal(200), Decimal("121.4"),
    )  # fmt: skip
    assert record.custom_fields == {"late_checkout": ""}


@pytest.mark.parametrize(
    "guests", [[], {}, None, "x", {"1": None}, [{"guestID": "7", "guestFirstName": "Jo"}]]
)
def test_the_guest_list_is_a_map_or_not(guests: Any) -> None:
    record = read_reservation(stay(guestList=guests), LISBON)
    assert record.status == StayStatus.CONFIRMED


def test_balances_in_a_list_and_rooms_with_dates_of_their_own() -> None:
    rooms = [
        {"roomID": "", "adults": "1", "children": "1", "startDate": "2026-11-19", "endDate": "2026-11-22"},
        {"roomID": "345-9", "adults": "2", "endDate": "2026-11-25"},
    ]
    record = read_reservation(
        stay(assigned=rooms, balanceDetailed=[{"grandTotal": "10.5", "paid": "1"}], total=None), LISBON
    )
    assert (record.arrival_date, record.departure_date) == (date(2026, 11, 19), date(2026, 11, 25))
    assert (record.unit_id, record.adults, record.children) == ("345-9", 3, 1)
    nothing = read_reservation({"reservationID": "1"}, LISBON)
    assert (nothing.unit_id, nothing.status, nothing.arrival_date, nothing.money) == (UNSET,) * 4


def test_the_hour_that_comes_twice_has_no_version() -> None:
    assert read_reservation(stay(dateModified="2026-10-25 01:30:00"), LISBON).version is None
    assert (
        read_reservation(stay(dateModified="2026-10-25 02:30:00"), LISBON).version
        == "2026-10-25T02:30:00.000Z"
    )
    told = stay(dateModified="2026-10-25 01:30:00", dateModifiedUTC="2026-10-25 00:30:00")
    assert read_reservation(told, LISBON).version == "2026-10-25T00:30:00.000Z"


@pytest.mark.parametrize(
    ("since", "asked"),
    [
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "2026-07-01 12:45:00"),
        (datetime(2026, 12, 1, 12, 0, tzinfo=UTC), "2026-12-01 11:45:00"),
        (datetime(2026, 10, 25, 2, 0, tzinfo=UTC), "2026-10-25 01:45:00"),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "9999-12-31 23:44:00"),
    ],
)
def test_changes_are_asked_for_in_local_time_with_an_overlap(since: datetime, asked: str) -> None:
    script = answering()
    assert everything(cloudbeds().list_reservations, script, changed_since=since) == []
    assert dict(script.asked[-1].query)["modifiedFrom"] == asked


def test_the_unknown_and_the_deleted() -> None:
    with pytest.raises(NotFound):
        cloudbeds().get_reservation(answering(getReservation=None), STAY)
    gone = {"success": True, "data": [{"reservationID": STAY, "status": "confirmed", "isDeleted": True}]}
    script = answering(getReservation=None, getReservationsWithRateDetails=gone)
    assert cloudbeds().get_reservation(script, STAY).status == StayStatus.CANCELLED


def test_a_merged_guest_is_followed() -> None:
    def reply(request: Request) -> Any:
        guest = dict(request.query)["guestID"]
        if guest == "1":
            return {"success": True, "data": {"isMerged": True, "newGuestID": "2"}}
        return {"success": True, "data": {"firstName": "Ada", "lastName": "Wong", "email": "a@b.example"}}

    guest = cloudbeds().get_guest(Script(reply), "1")
    assert (guest.external_id, guest.full_name, guest.emails) == ("1", "Ada Wong", ("a@b.example",))


def test_a_note_without_an_id_may_have_been_taken() -> None:
    with pytest.raises(OutcomeUnknown):
        cloudbeds().perform(
            answering(postReservationNote={"success": True}), AddNote(reservation_id=STAY, body="x")
        )
    for answer in ({"reservationNoteID": "5"}, {"data": {"reservationNoteID": 5}}):
        script = answering(postReservationNote={"success": True, **answer})
        assert cloudbeds().perform(script, AddNote(reservation_id=STAY, body="x")).remote_id == "5"
        assert script.asked[-1].effect
        assert dict(script.asked[-1].headers) == {"x-property-id": "12345"}


@pytest.mark.parametrize("condition", [None, "", "asleep", "doNotDisturb"])
def test_a_condition_is_always_one_that_there_is(condition: str | None) -> None:
    with pytest.raises(Rejected):
        cloudbeds().perform(answering(), SetHousekeepingState(unit_id="345-1", condition=condition))


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(Rejected):
        cloudbeds().perform(answering(), SetStayTimes(reservation_id=STAY, check_out="soon"))


def test_odd_types_everywhere_are_read_as_far_as_they_go() -> None:
    for odd in ({"a": [1]}, [None, "x"], "Ünï 🏨\x00", 5, True, None, float("inf")):
        data = dict.fromkeys(stay(), odd) | {"reservationID": "1"}
        assert read_reservation(data, LISBON).external_id == "1"


# --- where it is ---
@pytest.mark.parametrize(
    ("told", "home"),
    [
        ("https://hotels.cloudbeds.com", "https://hotels.cloudbeds.com/api/v1.3"),
        ("https://api-eu.cloudbeds.com/", "https://api-eu.cloudbeds.com/api/v1.3"),
        ("http://hotels.cloudbeds.com", "https://api.cloudbeds.com/api/v1.3"),
        ("https://cloudbeds.com.evil.example", "https://api.cloudbeds.com/api/v1.3"),
        ("https://evilcloudbeds.com", "https://api.cloudbeds.com/api/v1.3"),
        ("https://hotels.cloudbeds.com@evil.example", "https://api.cloudbeds.com/api/v1.3"),
        ("https://[broken", "https://api.cloudbeds.com/api/v1.3"),
        ("", "https://api.cloudbeds.com/api/v1.3"),
    ],
)
def test_the_key_goes_only_to_hosts_of_the_vendor(told: str, home: str) -> None:
    script = answering(metadata={"success": True, "data": {"api": {"url": told}}})
    assert cloudbeds().home(script) == home
    assert script.asked[0].path == "https://api.cloudbeds.com/api/v1.3/oauth/metadata"


def test_several_stays_are_asked_for_at_once() -> None:
    rows = [{"reservationID": one, "status": "confirmed"} for one in ("1", "3")]
    script = answering(getReservationsWithRateDetails={"success": True, "data": rows})
    found = cloudbeds().get_reservations(script, ["1", "2", "3"])
    assert [one.external_id for one in found] == ["1", "3"]
    asked = dict(script.asked[0].query)
    assert (asked["reservationID"], asked["includeDeleted"]) == ("1,2,3", "true")
