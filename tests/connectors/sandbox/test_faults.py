"""Every way to misbehave on requests."""

from typing import Any

import httpx
import pytest

from tests.connectors.sandbox.harness import TALK, Sandbox


@pytest.fixture
def key(sandbox: Sandbox) -> str:
    sandbox.api("GET", "/accounts/me")
    return str(sandbox.stay("TEST-0001")["conversation_id"])


def send(sandbox: Sandbox, key: str, text: str) -> httpx.Response:
    body = {"module": {"type": "email", "to": ["a@b.example"]}, "body": text}
    return sandbox.call("POST", f"{TALK}/{key}/send-message", json=body)


def bodies(sandbox: Sandbox, key: str) -> list[str]:
    return [row["body"] for row in sandbox.control("GET", f"/messages?conversation={key}")["messages"]]


def hits(sandbox: Sandbox, name: str) -> int:
    return int(sandbox.control("GET", f"/faults/{name}")["hits"])


def test_down(sandbox: Sandbox, key: str) -> None:
    sandbox.control("PUT", "/faults/down")
    assert send(sandbox, key, "lost").status_code == 503
    sandbox.control("PUT", "/faults/down", mode="cut")
    with pytest.raises(httpx.TransportError):
        send(sandbox, key, "lost")
    assert hits(sandbox, "down") == 1
    sandbox.control("DELETE", "/faults/down")
    assert "lost" not in bodies(sandbox, key)
    assert send(sandbox, key, "back").status_code == 200


def test_errors_after_the_work_leave_the_work_done(sandbox: Sandbox, key: str) -> None:
    sandbox.control("PUT", "/faults/error_after_work", count=1, method="POST", path="*/send-message")
    assert sandbox.call("GET", TALK).status_code == 200
    assert send(sandbox, key, "one").status_code == 500
    sandbox.control("PUT", "/faults/cut_after_work", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        send(sandbox, key, "two")
    sandbox.control("PUT", "/faults/truncated", count=1)
    answer = send(sandbox, key, "three")
    with pytest.raises(ValueError, match=r".+"):
        answer.json()
    assert bodies(sandbox, key)[-3:] == ["one", "two", "three"]
    newest = sandbox.control("GET", "/requests?limit=2")["requests"][1]
    assert (newest["status"], newest["faults"]) == (0, ["cut_after_work"])


@pytest.mark.parametrize(
    ("name", "given", "status"),
    [
        ("too_many", {"retry_after": 7}, 429),
        ("html_error", {}, 502),
        ("error_in_200", {}, 200),
    ],
)
def test_refusals_do_nothing(
    sandbox: Sandbox, key: str, name: str, given: dict[str, Any], status: int
) -> None:
    sandbox.control("PUT", f"/faults/{name}", count=1, **given)
    answer = send(sandbox, key, "never")
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == ("7" if name == "too_many" else None)
    assert "never" not in bodies(sandbox, key)
    assert hits(sandbox, name) == 1
    assert send(sandbox, key, "now").status_code == 200


def test_too_many_without_a_hint(sandbox: Sandbox, key: str) -> None:
    sandbox.http.put("/_control/faults/too_many", json={"retry_after": None}).raise_for_status()
    answer = send(sandbox, key, "never")
    assert (answer.status_code, "retry-after" in answer.headers) == (429, False)


def test_slow_ones_outlast_a_client(sandbox: Sandbox, key: str) -> None:
    sandbox.control("PUT", "/faults/slow_after_work", seconds=30, path="*/send-message")
    body = {"module": {"type": "email", "to": ["a@b.example"]}, "body": "slow"}
    with pytest.raises(httpx.ReadTimeout):
        sandbox.call("POST", f"{TALK}/{key}/send-message", json=body, timeout=0.5)
    assert "slow" in bodies(sandbox, key)
    sandbox.control("DELETE", "/faults")
    sandbox.control("PUT", "/faults/slow", seconds=30, path="*/send-message")
    with pytest.raises(httpx.ReadTimeout):
        sandbox.call("POST", f"{TALK}/{key}/send-message", json=body | {"body": "never"}, timeout=0.5)
    assert "never" not in bodies(sandbox, key)


def test_huge(sandbox: Sandbox, key: str) -> None:
    sandbox.control("PUT", "/faults/huge", megabytes=3)
    assert len(sandbox.call("GET", f"{TALK}/{key}").content) > 3_000_000


def test_stale_reads(sandbox: Sandbox, key: str) -> None:
    sandbox.control("PUT", "/faults/stale_reads", seconds=3600)
    sent = send(sandbox, key, "fresh").json()["data"]["_id"]
    path = f"{TALK}/{key}/posts"
    assert sent not in [post["_id"] for post in sandbox.api("GET", path)["data"]["posts"]]
    sandbox.control("PUT", "/faults/stale_reads", seconds=0)
    assert sent in [post["_id"] for post in sandbox.api("GET", path)["data"]["posts"]]


def test_renamed_field(sandbox: Sandbox, key: str) -> None:
    sandbox.control("PUT", "/faults/rename_field", field="sentBy", to="author", path="*/posts")
    posts = sandbox.api("GET", f"{TALK}/{key}/posts")["data"]["posts"]
    assert all("author" in post and "sentBy" not in post for post in posts)


def test_a_field_that_is_left_out_and_a_value_that_nobody_knows(sandbox: Sandbox, key: str) -> None:
    sandbox.control("PUT", "/faults/drop_field", field="sentBy", path="*/posts")
    sandbox.control("PUT", "/faults/new_enum", field="type", value="hologram", path="*/posts")
    posts = sandbox.api("GET", f"{TALK}/{key}/posts")["data"]["posts"]
    assert not any("sentBy" in post for post in posts)
    assert {post["module"]["type"] for post in posts} == {"hologram"}


def test_a_bare_error_text_can_not_be_renamed(sandbox: Sandbox, key: str) -> None:
    sandbox.control("PUT", "/faults/rename_field")
    sandbox.control("PUT", "/faults/huge")
    assert sandbox.call("GET", "/reservations/nobody").text == "Reservation Not Found"


def test_every_so_often_and_switched_off(sandbox: Sandbox) -> None:
    sandbox.api("GET", "/accounts/me")
    sandbox.control("PUT", "/faults/flaky", kind="html_error", every=3, status=504)
    assert [sandbox.call("GET", "/accounts/me").status_code for _ in range(6)] == [200, 200, 504] * 2
    assert hits(sandbox, "flaky") == 2
    sandbox.http.patch("/_control/faults/flaky", json={"enabled": False}).raise_for_status()
    assert hits(sandbox, "flaky") == 2
    assert {sandbox.call("GET", "/accounts/me").status_code for _ in range(6)} == {200}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("nonsense", {}),
        ("down", {"mode": "sideways"}),
        ("down", {"event": "x"}),
        ("slow", {"seconds": -1}),
        ("webhook_lost", {"path": "x"}),
        ("slow", {"probability": 2}),
        ("slow", {"colour": "red"}),
    ],
)
def test_faults_that_make_no_sense(sandbox: Sandbox, name: str, body: dict[str, Any]) -> None:
    assert sandbox.http.put(f"/_control/faults/{name}", json=body).status_code == 400
