"""The control API: deeds and what they announce, clock, reset, restart."""

import contextlib
import signal
import socket
import sqlite3
from typing import Any

import pytest

from connectors.sandbox.control.routes import ROUTES
from connectors.sandbox.faults import KINDS
from tests.connectors.sandbox.harness import ROOT, TALK, Endpoint, Sandbox, wait_for
from tests.connectors.sandbox.test_webhooks import subscribe


def test_it_says_where_it_is(own_sandbox: Sandbox) -> None:
    assert own_sandbox.ready_line == f"sandbox PMS: http://127.0.0.1:{own_sandbox.port}/\n"
    assert own_sandbox.http.get("/healthz").json() == {"ok": True}


def test_the_seed(sandbox: Sandbox) -> None:
    state = sandbox.control("GET", "/state")
    assert state["counts"]["property"] == 3
    assert state["counts"]["stay"] >= 40
    stays = sandbox.control("GET", "/reservations")["reservations"]
    assert {"confirmed", "inquiry", "canceled", "reserved"} <= {stay["status"] for stay in stays}
    assert {"checked_in", "checked_out", "not_set"} == {stay["presence"] for stay in stays}
    assert {"airbnb2", "bookingCom", "direct", "homeaway2"} <= {stay["platform"] for stay in stays}
    assert sandbox.stay("TEST-0001")["conversation_id"]


def test_a_booking(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint, "reservation.created.v2", "guest.created")
    given: dict[str, Any] = {"guest_name": "Rita Moss", "unit": "204", "nights": 3, "arrival": "2031-05-02"}
    stay = sandbox.control("POST", "/book", **given, source="bookingCom")["reservation"]
    assert (stay["unit"], stay["arrival"], stay["departure"]) == ("204", "2031-05-02", "2031-05-05")
    assert (stay["platform"], stay["source"], stay["made_in"]) == ("bookingCom", "Booking.com", "channel")
    body = wait_for(lambda: endpoint.events("reservation.created.v2"))[0]
    assert body["data"]["reservationId"] == stay["id"]
    assert body["publishedAt"] == stay["updated_at"]
    assert wait_for(lambda: endpoint.events("guest.created"))[0]["guest"]["fullName"] == "Rita Moss"


def test_changes_of_a_stay_are_announced(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint, "reservation.updated.v2")
    path = "/reservations/TEST-0001"
    sandbox.control("POST", f"{path}/dates", departure="2040-01-01")
    sandbox.control("POST", f"{path}/check-in")
    sandbox.control("POST", f"{path}/custom-field", field="late_check_out", value="14:00")
    stay = sandbox.control("POST", f"{path}/cancel", reason="ill")["reservation"]
    assert (stay["status"], stay["cancelled_by"]) == ("canceled", "GUEST")
    wait_for(lambda: len(endpoint.events("reservation.updated.v2")) == 4)
    versions = {body["publishedAt"]: body["data"] for body in endpoint.events("reservation.updated.v2")}
    assert versions[max(versions)]["status"] == "canceled"


def test_legacy_events(sandbox: Sandbox, endpoint: Endpoint) -> None:
    body = {"url": endpoint.url, "events": ["reservation.updated"]}
    assert sandbox.call("POST", "/webhooks", json=body).status_code == 400
    sandbox.control("PATCH", "/settings", reservation_events="both")
    sandbox.api("POST", "/webhooks", json=body)
    sandbox.control("POST", "/reservations/TEST-0001/check-out")
    pushed = wait_for(lambda: endpoint.events("reservation.updated"))[0]
    assert pushed["reservation"]["confirmationCode"] == "TEST-0001"
    assert pushed["reservation"]["lastUpdatedAt"]


def test_guests_and_tasks_are_announced(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint, "guest.updated", "task.created", "task.updated")
    guest = sandbox.stay("TEST-0001")["guest_id"]
    sandbox.control("POST", f"/guests/{guest}", phone="+14015550111")
    assert wait_for(lambda: endpoint.events("guest.updated"))[0]["guest"]["phone"] == "+14015550111"
    task = sandbox.control("POST", "/tasks", title="Cot", type="cleaning", reservation="TEST-0001")["task"]
    sandbox.control("POST", f"/tasks/{task['id']}", status="completed")
    assert wait_for(lambda: endpoint.events("task.updated"))[0]["task"]["status"] == "completed"


def test_an_owner_writes_as_owner(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    owner = sandbox.filtered(TALK, ("type", "$eq", "owner"))["data"]["conversations"][0]["_id"]
    sandbox.control("POST", f"/conversations/{owner}/guest-writes", body="Any news?")
    pushed = wait_for(lambda: endpoint.events("reservation.messageReceived"))[0]
    assert pushed["conversation"]["conversationWith"] == "Owner"
    body = {"module": {"type": "platform"}, "body": "None"}
    assert sandbox.call("POST", f"{TALK}/{owner}/send-message", json=body).status_code == 200
    body = {"module": {"type": "airbnb2"}, "body": "None"}
    assert sandbox.call("POST", f"{TALK}/{owner}/send-message", json=body).status_code == 400


def test_bulk_is_silent_unless_asked(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    made = sandbox.control("POST", "/bulk", conversations=3, posts_each=4)
    assert (len(made["conversations"]), made["posts"]) == (3, 12)
    assert sandbox.control("GET", "/deliveries")["count"] == 0
    key, ids = next(iter(made["conversations"].items()))
    audit = sandbox.control("GET", f"/messages?conversation={key}")["messages"]
    assert [row["id"] for row in audit[-4:]] == ids
    assert audit[-1] | {"direction": "inbound", "author": "guest"} == audit[-1]


def test_subscriptions(sandbox: Sandbox, endpoint: Endpoint) -> None:
    sandbox.control("PATCH", "/settings", secret_delay=600)
    body = {"url": endpoint.url, "events": ["task.created"]}
    made = sandbox.api("POST", "/webhooks", json=body)
    assert sandbox.call("POST", "/webhooks", json=body).status_code == 400
    assert sandbox.call("GET", f"/webhooks-v2/secret?url={endpoint.url}").status_code == 404
    sandbox.control("POST", "/clock", forward=601)
    assert sandbox.api("GET", f"/webhooks-v2/secret?url={endpoint.url}")["key"].startswith("whsec_")
    path = f"/webhooks/{made['_id']}"
    assert (
        sandbox.call("PUT", path, json={"url": "http://elsewhere.example/", "events": ["x"]}).status_code
        == 400
    )
    assert sandbox.api("PUT", path, json={"events": ["task.updated"]})["events"] == ["task.updated"]
    assert sandbox.call("DELETE", path).status_code == 204
    assert sandbox.api("GET", "/webhooks") == []


def test_state_survives_a_kill(own_sandbox: Sandbox) -> None:
    stay = own_sandbox.control("POST", "/book", guest_name="Rita Moss")["reservation"]
    own_sandbox.control("PATCH", "/settings", limit_scale=7)
    own_sandbox.call("GET", "/accounts/me")
    own_sandbox.control("PUT", "/faults/too_many", count=3)
    assert own_sandbox.call("GET", "/accounts/me").status_code == 429
    own_sandbox.stop(signal.SIGKILL)
    own_sandbox.start()
    assert own_sandbox.stay(stay["code"])["id"] == stay["id"]
    state = own_sandbox.control("GET", "/state")
    assert state["settings"]["limit_scale"] == 7
    assert state["faults"][0]["remaining"] == 2
    own_sandbox.control("DELETE", "/faults")
    assert own_sandbox.call("GET", "/accounts/me").status_code == 200


def test_a_store_of_an_earlier_version_goes_on(own_sandbox: Sandbox) -> None:
    stay = own_sandbox.control("POST", "/book", guest_name="Rita Moss")["reservation"]
    own_sandbox.stop()
    with contextlib.closing(sqlite3.connect(own_sandbox.data / "sandbox.sqlite3")) as store:
        store.execute('DROP INDEX "Conversation_3"')
        for table, column in (("Stay", "rooms"), ("Stay", "extra"), ("Conversation", "stay_id")):
            store.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
    own_sandbox.start()
    assert own_sandbox.stay(stay["code"]) == stay
    assert own_sandbox.control("POST", f"/reservations/{stay['id']}/cancel")


def test_it_ends_on_request_with_a_call_on_the_line(own_sandbox: Sandbox) -> None:
    own_sandbox.call("GET", "/accounts/me")
    own_sandbox.control("PUT", "/faults/slow", seconds=60)
    port = own_sandbox.port
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"GET /guesty/v1/accounts/me HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        wait_for(lambda: own_sandbox.control("GET", "/faults/slow")["hits"] == 1)
        assert own_sandbox.stop() == 0


def test_reset_can_keep_what_a_mirror_needs(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    before = sandbox.stay("TEST-0001")["id"]
    sandbox.control("POST", "/reservations/TEST-0001/cancel")
    sandbox.control("PUT", "/faults/down")
    sandbox.control("POST", "/reset", keep=["subscriptions", "tokens", "settings"])
    assert sandbox.stay("TEST-0001") | {"id": before, "status": "confirmed"} == sandbox.stay("TEST-0001")
    assert len(sandbox.api("GET", "/webhooks")) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/book", {"nights": 0}, 400),
        ("POST", "/book", {"unit": "nowhere"}, 400),
        ("POST", "/book", {"arrival": "soon"}, 400),
        ("POST", "/reservations/nobody/cancel", {}, 404),
        ("POST", "/reservations/TEST-0001/dates", {"departure": "2001-01-01"}, 400),
        ("POST", "/conversations/nobody/guest-writes", {"body": "x"}, 404),
        ("PATCH", "/settings", {"colour": 1}, 400),
        ("POST", "/clock", {}, 400),
        ("POST", "/redeliver", {"id": "none"}, 400),
    ],
)
def test_what_cant_be_done_is_said(
    sandbox: Sandbox, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    answer = sandbox.http.request(method, f"/_control{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_every_route_and_fault_is_documented() -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text()
    missing = [f"{method} {path}" for method, path, _ in ROUTES if f"| `{method} {path}` |" not in text]
    assert missing == []
    assert [name for name in KINDS if f"| `{name}` |" not in text] == []


def test_a_stay_without_a_conversation_and_one_that_shares_it(sandbox: Sandbox) -> None:
    stay = sandbox.control("POST", "/book", guest_name="Rita Moss", conversation=False)["reservation"]
    assert stay["conversation_id"] is None
    assert sandbox.api("GET", f"/reservations/{stay['id']}")["conversationId"] is None
    opened = sandbox.control("POST", f"/reservations/{stay['id']}/open-conversation")["reservation"]
    again = sandbox.control("POST", "/book", same_guest_as=stay["code"])["reservation"]
    assert again["guest_id"] == stay["guest_id"]
    assert again["conversation_id"] == opened["conversation_id"]
    meta = sandbox.api("GET", f"{TALK}/{opened['conversation_id']}")["data"]["meta"]
    assert [row["_id"] for row in meta["reservations"]] == [stay["id"], again["id"]]


def test_an_attachment_without_a_word(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    key = sandbox.stay("TEST-0001")["conversation_id"]
    picture = {"url": "https://pictures.example/1.jpg", "title": "leak.jpg"}
    sandbox.control("POST", f"/conversations/{key}/guest-writes", attachments=[picture])
    assert wait_for(lambda: endpoint.events("reservation.messageReceived"))[0]["message"]["body"] == ""
    newest = sandbox.api("GET", f"{TALK}/{key}/posts", params={"limit": 1})["data"]["posts"][0]
    assert newest["attachments"] == [picture]


def test_bulk_books_silently(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    made = sandbox.control("POST", "/bulk", new_conversations=100, conversations=100, posts_each=2)
    assert (len(made["conversations"]), made["posts"]) == (100, 200)
    assert sandbox.control("GET", "/deliveries")["count"] == 0
