"""Webhooks: signature, retries, faults, order, restart."""

import base64
import hashlib
import hmac
import json
import signal
import time

import pytest

from tests.connectors.sandbox.harness import TALK, Endpoint, Sandbox, wait_for

EVENTS = [
    "reservation.messageReceived",
    "reservation.messageSent",
    "reservation.created.v2",
    "reservation.updated.v2",
]


def subscribe(sandbox: Sandbox, endpoint: Endpoint, *events: str) -> str:
    body = {"url": endpoint.url, "events": list(events) or EVENTS}
    made = sandbox.api("POST", "/webhooks", json=body)
    path = f"/webhooks-v2/secret?url={endpoint.url}"
    wait_for(lambda: sandbox.call("GET", path).status_code == 200)
    assert made["url"] == endpoint.url
    return str(sandbox.api("GET", path)["key"])


def signed(secret: str, headers: dict[str, str], body: bytes) -> str:
    text = f"{headers['svix-id']}.{headers['svix-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), text, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def test_guest_message_is_pushed_and_signed(sandbox: Sandbox, endpoint: Endpoint) -> None:
    secret = subscribe(sandbox, endpoint)
    stay = sandbox.stay("TEST-0001")
    said = sandbox.control("POST", f"/conversations/{stay['conversation_id']}/guest-writes", body="Hello 🌞")
    wait_for(lambda: endpoint.got)
    headers, raw = endpoint.got[0]
    assert headers["svix-signature"] == signed(secret, headers, raw)
    assert abs(int(headers["svix-timestamp"]) - time.time()) < 60
    assert headers["user-agent"].startswith("Svix-Webhooks/")
    body = json.loads(raw)
    assert body["event"] == "reservation.messageReceived"
    assert body["reservationId"] == stay["id"]
    assert body["message"]["postId"] == said["message"]["id"]
    assert body["message"] | {"body": "Hello 🌞", "type": "fromGuest", "module": "email"} == body["message"]
    assert body["conversation"]["thread"][-1] == body["message"]
    assert body["conversation"]["meta"]["reservations"][0]["confirmationCode"] == "TEST-0001"


def test_a_send_comes_back_as_an_echo(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    key = sandbox.stay("TEST-0001")["conversation_id"]
    module = {"type": "email", "to": ["test.guest@guest.example"]}
    sent = sandbox.api("POST", f"{TALK}/{key}/send-message", json={"module": module, "body": "Welcome"})
    echo = wait_for(lambda: endpoint.events("reservation.messageSent"))[0]
    assert echo["message"]["postId"] == sent["data"]["_id"]
    assert (echo["message"]["type"], echo["message"]["body"]) == ("fromHost", "Welcome")
    assert "sentBy" not in sent["data"]
    assert sent["data"]["from"]["type"] == "user"


@pytest.mark.parametrize("status", [500, 302, 410])
def test_a_failure_is_retried_with_the_same_id(sandbox: Sandbox, endpoint: Endpoint, status: int) -> None:
    subscribe(sandbox, endpoint)
    sandbox.control("PATCH", "/settings", retry_scale=0.001)
    endpoint.answer = lambda number: status if number == 1 else 204
    sandbox.control("POST", "/book", guest_name="Rita Moss")
    created = wait_for(lambda: endpoint.events("reservation.created.v2")[1:])
    ids = [headers["svix-id"] for headers, _ in endpoint.got]
    assert len(created) == 1
    assert ids[0] == ids[1]
    delivery = wait_for(lambda: sandbox.control("GET", "/deliveries?state=delivered")["deliveries"])[0]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [status, 204]


def test_the_schedule_is_that_of_svix(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    sandbox.control("PATCH", "/settings", retry_scale=0.00001)
    endpoint.answer = lambda _: 500
    sandbox.control("POST", "/book", guest_name="Rita Moss")
    failed = wait_for(lambda: sandbox.control("GET", "/deliveries?state=failed")["deliveries"], 30)[0]
    assert failed["tries"] == 8


def test_moving_the_clock_makes_a_retry_due(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    sandbox.control("PATCH", "/settings", retry_scale=100)
    endpoint.answer = lambda number: 500 if number == 1 else 204
    sandbox.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: sandbox.control("GET", "/deliveries")["deliveries"][0]["tries"] == 1)
    sandbox.control("POST", "/clock", forward=3600)
    wait_for(lambda: len(endpoint.got) == 2)


def test_an_endpoint_that_fails_for_five_days_is_switched_off(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    endpoint.answer = lambda _: 500
    sandbox.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: sandbox.control("GET", "/state")["subscriptions"][0]["failing_since"])
    sandbox.control("POST", "/clock", forward=6 * 86400)
    wait_for(lambda: sandbox.control("GET", "/state")["subscriptions"][0]["disabled_at"])
    sandbox._token = None
    assert sandbox.api("GET", "/webhooks") == []
    sandbox.api("POST", "/webhooks", json={"url": endpoint.url, "events": EVENTS})


def test_duplicated_lost_and_badly_signed(sandbox: Sandbox, endpoint: Endpoint) -> None:
    secret = subscribe(sandbox, endpoint)
    key = sandbox.stay("TEST-0001")["conversation_id"]
    sandbox.control("PUT", "/faults/webhook_duplicate", count=1)
    sandbox.control("POST", f"/conversations/{key}/guest-writes", body="twice")
    wait_for(lambda: len(endpoint.got) == 2)
    assert endpoint.got[0][0]["svix-id"] == endpoint.got[1][0]["svix-id"]
    sandbox.control("PUT", "/faults/webhook_lost", count=1, event="reservation.message*")
    sandbox.control("POST", f"/conversations/{key}/guest-writes", body="lost")
    assert sandbox.control("GET", "/deliveries?state=lost&contains=lost")["count"] == 1
    sandbox.control("PUT", "/faults/webhook_bad_signature", count=1)
    sandbox.control("POST", f"/conversations/{key}/guest-writes", body="forged")
    wait_for(lambda: len(endpoint.got) == 3)
    headers, raw = endpoint.got[2]
    assert headers["svix-signature"] != signed(secret, headers, raw)
    assert sandbox.control("GET", "/faults/webhook_lost")["hits"] == 1


def test_reordered(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    key = sandbox.stay("TEST-0001")["conversation_id"]
    sandbox.control("PUT", "/faults/webhook_reorder", batch=3, seconds=60)
    for body in ("one", "two", "three"):
        sandbox.control("POST", f"/conversations/{key}/guest-writes", body=body)
    wait_for(lambda: len(endpoint.got) == 3)
    assert [json.loads(raw)["message"]["body"] for _, raw in endpoint.got] == ["three", "two", "one"]


def test_a_reordered_one_that_stays_alone_goes_at_last(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    sandbox.control("PUT", "/faults/webhook_reorder", batch=2, seconds=0.2)
    sandbox.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: len(endpoint.got) == 1)


def test_delayed_until_the_clock_says_so(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    sandbox.control("PUT", "/faults/webhook_delay", seconds=500)
    sandbox.control("POST", "/book", guest_name="Rita Moss")
    assert sandbox.control("GET", "/state")["deliveries"]["pending"] == 1
    sandbox.control("POST", "/clock", forward=501)
    wait_for(lambda: len(endpoint.got) == 1)


def test_pending_webhooks_survive_a_kill(own_sandbox: Sandbox, endpoint: Endpoint) -> None:
    own_sandbox.control("PATCH", "/settings", secret_delay=0.001, retry_scale=0.01)
    subscribe(own_sandbox, endpoint)
    endpoint.answer = lambda _: 503
    own_sandbox.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: endpoint.got)
    own_sandbox.stop(signal.SIGKILL)
    seen = len(endpoint.got)
    endpoint.answer = lambda _: 204
    own_sandbox.start()
    wait_for(lambda: len(endpoint.got) > seen)
    wait_for(lambda: own_sandbox.control("GET", "/state")["deliveries"]["pending"] == 0)


def test_redeliver_and_drop(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    sandbox.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: sandbox.control("GET", "/deliveries?state=delivered")["deliveries"])
    sandbox.control("POST", "/redeliver", last=1)
    wait_for(lambda: len(endpoint.got) == 2)
    assert endpoint.got[0][0]["svix-id"] == endpoint.got[1][0]["svix-id"]
    endpoint.answer = lambda _: 500
    sandbox.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: sandbox.control("GET", "/deliveries")["deliveries"][0]["tries"] == 1)
    assert sandbox.control("POST", "/drop-pending")["dropped"] == 1


def test_a_burst_is_drained(sandbox: Sandbox, endpoint: Endpoint) -> None:
    subscribe(sandbox, endpoint)
    made = sandbox.control("POST", "/bulk", conversations=20, posts_each=50, webhooks=True)
    assert made["posts"] == 1000
    wait_for(lambda: len(endpoint.got) == 1000, 60)
    ids = {json.loads(raw)["message"]["postId"] for _, raw in endpoint.got}
    assert ids == {key for keys in made["conversations"].values() for key in keys}
