"""Tokens, the two limits, the envelope, failures."""

import pytest

from tests.connectors.sandbox.harness import Sandbox
from tests.connectors.sandbox.worlds import Hostaway


def test_a_token_comes_without_envelope_and_is_revoked(hostaway: Hostaway) -> None:
    issued = hostaway.issue_token().json()
    assert set(issued) == {"token_type", "expires_in", "access_token"}
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 15_897_600)
    path = f"/accessTokens?token={issued['access_token']}"
    assert hostaway.envelope("DELETE", path) == {"status": "success", "result": []}
    headers = {"authorization": f"Bearer {issued['access_token']}"}
    assert hostaway.http.get("/hostaway/v1/users", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ({"client_secret": "no"}, 401),
        ({"client_id": "no"}, 401),
        ({"scope": "open"}, 400),
        ({"grant_type": "x"}, 400),
    ],
)
def test_bad_credentials(hostaway: Hostaway, extra: dict[str, str], status: int) -> None:
    answer = hostaway.issue_token(**extra)
    assert (answer.status_code, answer.json()["status"]) == (status, "fail")


def test_a_token_is_asked_for_by_form(hostaway: Hostaway) -> None:
    answer = hostaway.http.post("/hostaway/v1/accessTokens", json={"grant_type": "client_credentials"})
    assert answer.status_code == 400


def test_a_token_is_no_good_in_its_first_second_and_after_its_last(hostaway: Hostaway) -> None:
    hostaway.control("PATCH", "/settings", token_delay=60)
    assert hostaway.fails("GET", "/users", 403)
    hostaway.control("POST", "/clock", forward=61)
    assert hostaway.api("GET", "/users")
    hostaway.control("POST", "/clock", forward=15_897_600)
    assert hostaway.fails("GET", "/users", 403)
    assert hostaway.http.get("/hostaway/v1/users").status_code == 403


def test_the_address_is_limited_before_the_account(hostaway: Hostaway) -> None:
    hostaway.api("GET", "/users")
    hostaway.control("PATCH", "/settings", limit_scale=1)
    hostaway.control("DELETE", "/peaks")
    statuses = [hostaway.call("GET", "/users").status_code for _ in range(16)]
    assert statuses == [200] * 15 + [429]
    answer = hostaway.call("GET", "/users")
    assert "retry-after" not in answer.headers
    assert answer.json()["status"] == "fail"
    assert "result" not in answer.json()
    assert "rate limits" in answer.json()["message"]
    assert hostaway.issue_token().status_code == 429
    peaks = {row["window"]: row for row in hostaway.control("GET", "/peaks")["peaks"]}
    assert (peaks["ip"]["limit"], peaks["ip"]["accepted"], peaks["ip"]["refused"]) == (15, 15, 3)
    assert (peaks["account"]["limit"], peaks["account"]["accepted"]) == (20, 15)
    assert peaks["account"]["application"] == "hostaway:61010"


def test_worlds_have_limits_and_clocks_of_their_own(hostaway: Hostaway, running: Sandbox) -> None:
    hostaway.control("PATCH", "/settings", limit_scale=3, clock_offset=500)
    running.reset()
    assert hostaway.control("GET", "/state")["settings"]["limit_scale"] == 3
    assert running.control("GET", "/guesty/state")["pms"] == "guesty"
    assert running.control("GET", "/state")["settings"]["clock_offset"] == 0
    assert running.control("GET", "/state")["pms"] == "guesty"


def test_failures(hostaway: Hostaway) -> None:
    assert hostaway.fails("GET", "/reservations/1", 404) == "Resource not found"
    assert "integer" in hostaway.fails("GET", "/reservations?limit=ten")
    assert "JSON" in hostaway.fails("PUT", "/reservations/29900001", content=b"{")
    assert "sortOrder" in hostaway.fails("GET", "/reservations?sortOrder=backwards")


def test_faults_speak_hostaway(hostaway: Hostaway) -> None:
    hostaway.api("GET", "/users")
    hostaway.control("PUT", "/faults/too_many", count=1)
    answer = hostaway.call("GET", "/users")
    assert (answer.status_code, set(answer.json()), "retry-after" in answer.headers) == (
        429,
        {"status", "message"},
        False,
    )
    hostaway.control("PUT", "/faults/error_in_200", count=1)
    answer = hostaway.call("GET", "/users")
    assert (answer.status_code, answer.json()["status"]) == (200, "fail")
    hostaway.control("PUT", "/faults/down", count=1)
    assert hostaway.call("GET", "/users").status_code == 503
    hostaway.control("PUT", "/faults/html_error", count=1)
    assert hostaway.call("GET", "/users").headers["content-type"] == "text/html"
