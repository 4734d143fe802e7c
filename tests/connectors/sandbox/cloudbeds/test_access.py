"""Keys, scopes, the rate, forms, errors inside 200."""

import pytest

from tests.connectors.sandbox.worlds import Cloudbeds


def test_both_ways_to_carry_the_key(cloudbeds: Cloudbeds) -> None:
    answer = cloudbeds.call("GET", "userinfo")
    assert answer.json()["first_name"] == "Núria"
    assert answer.headers["x-request-id"]
    bearer = {"authorization": "Bearer cbat_sandbox"}
    assert cloudbeds.call("GET", "userinfo", None, headers=bearer).status_code == 200
    metadata = cloudbeds.api("GET", "oauth/metadata")
    assert metadata["api"]["url"] == f"http://127.0.0.1:{cloudbeds.sandbox.port}/cloudbeds"


@pytest.mark.parametrize("key", [None, "cbat_wrong"])
def test_without_a_good_key(cloudbeds: Cloudbeds, key: str | None) -> None:
    answer = cloudbeds.call("GET", "userinfo", key)
    assert (answer.status_code, answer.json()["success"]) == (401, False)


def test_a_key_dies_of_disuse(cloudbeds: Cloudbeds) -> None:
    cloudbeds.api("GET", "getHotels")
    cloudbeds.control("POST", "/clock", forward=29 * 86_400)
    cloudbeds.api("GET", "getHotels")
    cloudbeds.control("POST", "/clock", forward=29 * 86_400)
    cloudbeds.api("GET", "getHotels")
    cloudbeds.control("POST", "/clock", forward=31 * 86_400)
    assert cloudbeds.call("GET", "getHotels").status_code == 401


def test_scopes(cloudbeds: Cloudbeds, key: str) -> None:
    form = {"propertyID": "300123", "reservationID": key, "reservationNote": "x"}
    answer = cloudbeds.call("POST", "postReservationNote", "cbat_readonly", data=form)
    assert (answer.status_code, answer.json()["success"]) == (403, False)
    assert cloudbeds.call("GET", "getHotels", "cbat_readonly").status_code == 200


def test_five_a_second_and_then_suspension(cloudbeds: Cloudbeds) -> None:
    cloudbeds.control("PATCH", "/settings", limit_scale=1)
    cloudbeds.control("DELETE", "/peaks")
    statuses = [cloudbeds.call("GET", "userinfo").status_code for _ in range(8)]
    assert statuses[:6] == [200] * 5 + [429]
    peak = cloudbeds.control("GET", "/peaks")["peaks"][0]
    assert (peak["application"], peak["window"], peak["limit"]) == ("cloudbeds:cbat_sandbox", "second", 5)
    while (answer := cloudbeds.call("GET", "userinfo")).status_code != 403:
        assert answer.status_code in (200, 429)
    assert "suspended" in answer.json()["message"]
    assert cloudbeds.call("GET", "userinfo").status_code == 403
    cloudbeds.control("POST", "/clock", forward=301)
    cloudbeds.control("DELETE", "/peaks")
    assert cloudbeds.call("GET", "userinfo").status_code == 200


def test_errors_come_inside_200(cloudbeds: Cloudbeds) -> None:
    answer = cloudbeds.call("GET", "getReservation", params={"reservationID": "1"})
    assert answer.status_code == 200
    assert answer.json() == {
        "success": False,
        "message": 'Please specify "propertyID" parameter for this call',
    }
    assert cloudbeds.fails("GET", "getReservation", reservationID="1") == "Reservation not found"
    assert "not available" in cloudbeds.fails("GET", "getReservation", propertyID="9", reservationID="1")


def test_a_write_is_a_form(cloudbeds: Cloudbeds, key: str) -> None:
    body = {"propertyID": "300123", "reservationID": key, "reservationNote": "x"}
    answer = cloudbeds.call("POST", "postReservationNote", json=body)
    assert answer.json()["success"] is False
    assert "Unknown parameter" in cloudbeds.fails(
        "PUT", "putReservation", reservationID=key, checkOutTime="13:00"
    )
    header = {"x-property-id": "300124"}
    answer = cloudbeds.call("POST", "postReservationNote", data=body, headers=header)
    assert answer.json()["success"] is False


def test_faults_speak_cloudbeds(cloudbeds: Cloudbeds) -> None:
    cloudbeds.control("PUT", "/faults/error_in_200", count=1)
    assert cloudbeds.fails("GET", "getHotels")
    cloudbeds.control("PUT", "/faults/too_many", count=1)
    answer = cloudbeds.call("GET", "getHotels")
    assert (answer.status_code, answer.json()["success"], "retry-after" in answer.headers) == (
        429,
        False,
        False,
    )
    assert "no kind" in cloudbeds.refused("PUT", "/faults/webhook_bad_signature", enabled=True)


def test_pages(cloudbeds: Cloudbeds) -> None:
    first = cloudbeds.answer("GET", "getReservations", pageSize=10)
    assert (first["count"], len(first["data"])) == (10, 10)
    seen = [row["reservationID"] for row in first["data"]]
    for number in range(2, 10):
        page = cloudbeds.answer("GET", "getReservations", pageSize=10, pageNumber=number)
        seen += [row["reservationID"] for row in page["data"]]
    assert len(seen) == len(set(seen)) == first["total"]
    assert cloudbeds.answer("GET", "getReservations", pageSize=1000)["count"] == first["total"]
    assert cloudbeds.answer("GET", "getRooms", propertyID="")["count"] == 20
    assert cloudbeds.fails("GET", "getReservations", pageNumber=0)
