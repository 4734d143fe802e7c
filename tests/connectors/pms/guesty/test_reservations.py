from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from connectors.contract.records import UNSET, StayStatus
from connectors.pms.guesty.reservations import read_reservation
from tests.connectors.pms.guesty.helpers import fixture


def v3(**changes: Any) -> dict[str, Any]:
    return {**fixture("response_reservations_v3")[0], **changes}


def test_the_published_v3_shape() -> None:
    record = read_reservation(v3(), "UTC")
    assert record.external_id == "5f92cbf10cf217478ba93561"
    assert (record.confirmation_code, record.status) == ("GY-EXAMPLE1", StayStatus.CONFIRMED)
    assert (record.arrival_date, record.departure_date) == (date(2021, 12, 20), date(2021, 12, 22))
    assert (record.check_in_time, record.check_out_time) == (time(15), time(11))
    assert record.unit_id == "5f92cbf10cf217478ba93581"
    assert record.guest_id == "5f92cbf10cf217478ba93570"
    assert (record.source, record.source_raw) == ("direct", "direct: fb-campaign-01")
    assert (record.adults, record.children, record.infants, record.pets) == (3, 0, 0, 0)
    assert record.rate_plan == "5f92cbf10cf217478ba93582"
    assert record.custom_fields == {"65fab102a5284d73c6206db0": "some custom field value"}
    assert (record.door_code, record.notes) == (None, {})
    assert record.version is None
    assert record.unknown == {}


def test_v3_clock_times_are_instants_in_the_listings_zone() -> None:
    record = read_reservation(v3(listing={"timezone": "America/New_York"}), "UTC")
    assert (record.check_in_time, record.check_out_time) == (time(10), time(6))
    assert record.arrival_date == date(2021, 12, 20)


@pytest.mark.parametrize(
    ("status", "stay", "expected"),
    [
        ("inquiry", None, StayStatus.INQUIRY),
        ("reserved", None, StayStatus.TENTATIVE),
        ("awaiting_payment", None, StayStatus.TENTATIVE),
        ("confirmed", None, StayStatus.CONFIRMED),
        ("confirmed", "not_set", StayStatus.CONFIRMED),
        ("confirmed", "checked_in", StayStatus.CHECKED_IN),
        ("confirmed", "checked_out", StayStatus.CHECKED_OUT),
        ("confirmed", "no_show", StayStatus.NO_SHOW),
        ("canceled", "checked_in", StayStatus.CANCELLED),
        ("declined", None, StayStatus.CANCELLED),
        ("expired", None, StayStatus.CANCELLED),
        ("closed", None, StayStatus.CANCELLED),
        ("Confirmed", "Checked_In", StayStatus.CHECKED_IN),
        ("confirmed", "levitating", UNSET),
        ("something", None, UNSET),
    ],
)
def test_statuses(status: str, stay: str | None, expected: object) -> None:
    record = read_reservation(v3(status=status, guestStay={"status": stay} if stay else None), "UTC")
    assert record.status is expected
    assert bool(record.unknown) is (expected is UNSET)


@pytest.mark.parametrize(
    ("platform", "source", "expected"),
    [
        ("airbnb2", None, "airbnb"),
        ("bookingCom", "Booking.com", "booking"),
        ("BOOKINGCOM", None, "booking"),
        ("homeaway2", None, "vrbo"),
        ("homeaway", None, "vrbo"),
        ("expedia", None, "expedia"),
        ("tripAdvisor", None, "tripadvisor"),
        ("rentalsUnited", None, "other"),
        ("manual", None, "direct"),
        ("direct", None, "direct"),
        (None, "be-api", "direct"),
        (None, "Airbnb", "airbnb"),
        ("teleport", None, "other"),
    ],
)
def test_sources(platform: str | None, source: str | None, expected: str) -> None:
    record = read_reservation(v3(platform=platform, source=source), "UTC")
    assert record.source == expected
    assert bool(record.unknown) is (platform == "teleport")


def test_an_owners_stay_is_marked() -> None:
    assert read_reservation(v3(platform="manual", source="owner"), "UTC").is_owner_stay
    assert read_reservation(v3(creationInfo={"owner": {"_id": "o"}}), "UTC").is_owner_stay
    assert not read_reservation(v3(), "UTC").is_owner_stay


@pytest.mark.parametrize(
    ("zone", "instant", "expected"),
    [
        ("Pacific/Honolulu", "2026-03-01T01:00:00.000Z", date(2026, 2, 28)),
        ("Pacific/Auckland", "2026-03-01T20:00:00.000Z", date(2026, 3, 2)),
        ("UTC", "2026-03-01T20:00:00.000Z", date(2026, 3, 1)),
    ],
)
def test_a_date_comes_from_an_instant_only_by_way_of_the_zone(
    zone: str, instant: str, expected: date
) -> None:
    told = {"_id": "r", "checkIn": instant}
    assert read_reservation(told, zone).arrival_date == expected
    localized = {**told, "checkInDateLocalized": "2026-03-05"}
    assert read_reservation(localized, zone).arrival_date == date(2026, 3, 5)


def test_several_stays_span_from_the_first_to_the_last() -> None:
    later = {"checkInDateLocalized": "2021-12-22", "checkOutDateLocalized": "2021-12-25", "unitId": "u2"}
    later["etd"] = "2021-12-25T09:30:00.000Z"
    record = read_reservation(v3(stay=[later, *v3()["stay"]]), "UTC")
    assert (record.arrival_date, record.departure_date) == (date(2021, 12, 20), date(2021, 12, 25))
    assert record.unit_id == "5f92cbf10cf217478ba93581"
    assert (record.check_in_time, record.check_out_time) == (time(15), time(9, 30))
    assert record.adults == 3


def test_the_listings_usual_times_serve_where_none_are_agreed() -> None:
    told = {"_id": "r", "plannedArrival": None, "listing": {"defaultCheckInTime": "16:00"}}
    record = read_reservation(told, "UTC")
    assert record.check_in_time == time(16)
    assert record.check_out_time is UNSET
    assert read_reservation({"_id": "r", "plannedDeparture": None}, "UTC").check_out_time is None


def test_what_is_absent_stays_unset() -> None:
    record = read_reservation({"_id": "r"}, "UTC")
    told = {"confirmation_code", "status", "arrival_date", "unit_id", "guest_id", "source", "money", "notes"}
    assert all(getattr(record, name) is UNSET for name in told)


def test_cancellation() -> None:
    record = read_reservation(
        v3(status="canceled", canceledAt="2021-11-02T08:00:00Z", canceledBy="GUEST"), "UTC"
    )
    assert record.cancelled_at is not UNSET
    assert record.cancelled_at is not None
    assert record.cancelled_at.hour == 8
    assert record.cancelled_by == "GUEST"
