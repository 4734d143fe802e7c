"""Tokens, bearer, rate limits and their peaks."""

import pytest

from tests.connectors.sandbox.harness import CREDENTIALS, FORM, Sandbox


def test_a_token_is_for_a_day(sandbox: Sandbox) -> None:
    token = sandbox.issue_token().json()
    assert token | {"token_type": "Bearer", "expires_in": 86400, "scope": "open-api"} == token
    assert sandbox.api("GET", "/accounts/me")["_id"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (FORM | CREDENTIALS | {"client_secret": "wrong"}, 401),
        (FORM | CREDENTIALS | {"scope": "all"}, 400),
        (CREDENTIALS, 400),
        (FORM, 401),
    ],
)
def test_bad_credentials(sandbox: Sandbox, form: dict[str, str], status: int) -> None:
    answer = sandbox.http.post("/guesty/oauth2/token", data=form)
    assert answer.status_code == status
    assert answer.json()["error"]["code"]


def test_basic_credentials_and_json_body(sandbox: Sandbox) -> None:
    answer = sandbox.http.post("/guesty/oauth2/token", data=FORM, auth=("sandbox-client", "sandbox-secret"))
    assert answer.status_code == 200
    assert sandbox.http.post("/guesty/oauth2/token", json=FORM | CREDENTIALS).status_code == 400


def test_five_tokens_in_a_day(sandbox: Sandbox) -> None:
    sandbox.control("PATCH", "/settings", limit_scale=1)
    assert [sandbox.issue_token().status_code for _ in range(6)] == [200] * 5 + [429]
    assert 86000 < int(sandbox.issue_token().headers["retry-after"]) <= 86400
    sandbox.control("POST", "/clock", forward=86401)
    assert sandbox.issue_token().status_code == 200


def test_an_unknown_revoked_or_old_token(sandbox: Sandbox) -> None:
    headers = {"authorization": "Bearer nobody"}
    answer = sandbox.http.get("/guesty/v1/listings", headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"error": {"code": "UNAUTHORIZED", "message": "Unauthorized"}}
    sandbox.api("GET", "/listings")
    sandbox.control("POST", "/clock", forward=86401)
    assert sandbox.call("GET", "/listings").status_code == 401
    sandbox.control("POST", "/clock", offset=0)
    sandbox.api("GET", "/listings")
    sandbox.control("POST", "/tokens/revoke")
    assert sandbox.call("GET", "/listings").status_code == 401


def test_limits_are_counted_refused_and_remembered(sandbox: Sandbox) -> None:
    sandbox.call("GET", "/accounts/me")
    sandbox.control("PATCH", "/settings", limit_scale=1)
    sandbox.control("DELETE", "/peaks")
    answers = [sandbox.call("GET", "/accounts/me") for _ in range(130)]
    refused = [answer for answer in answers if answer.status_code == 429]
    first = answers[0].headers
    assert (first["x-ratelimit-limit-second"], first["x-ratelimit-limit-minute"]) == ("15", "120")
    assert (first["x-ratelimit-limit-hour"], first["x-ratelimit-remaining-minute"]) == ("5000", "119")
    assert refused
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    peaks = {peak["window"]: peak for peak in sandbox.control("GET", "/peaks")["peaks"]}
    assert peaks["second"]["accepted"] <= 15
    assert peaks["minute"]["accepted"] <= 120
    assert sum(peak["refused"] for peak in peaks.values()) >= len(refused)


def test_requests_are_logged(sandbox: Sandbox) -> None:
    sandbox.control("DELETE", "/requests")
    sandbox.call("GET", "/listings?limit=1")
    newest = sandbox.control("GET", "/requests?limit=1")["requests"][0]
    assert (newest["method"], newest["path"], newest["query"]) == ("GET", "/guesty/v1/listings", "limit=1")
    assert (newest["status"], newest["application"]) == (200, "sandbox-client")
