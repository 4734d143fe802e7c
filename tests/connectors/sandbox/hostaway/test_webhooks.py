"""Unified webhooks: what comes, how often, and to whom."""

import base64
from typing import Any

import pytest

from tests.connectors.sandbox.harness import Endpoint, wait_for
from tests.connectors.sandbox.worlds import Hostaway

HOOKS = "/webhooks/unifiedWebhooks"


def test_an_endpoint_gets_everything_with_basic_auth(hostaway: Hostaway, endpoint: Endpoint) -> None:
    made = hostaway.subscribe(
        endpoint, login="bellhop", password="långt:ord", alertingEmailAddress="a@b.example"
    )
    assert (made["isEnabled"], made["login"], made["password"]) == (1, "bellhop", "****")
    stay = hostaway.control("POST", "/book", guest_name="Rita Moss", source="bookingcom")["reservation"]
    body = wait_for(lambda: endpoint.events("reservation.created"))[0]
    assert set(body) == {"object", "event", "accountId", "data"}
    assert (body["object"], body["accountId"]) == ("reservation", 61010)
    read = hostaway.api("GET", f"/reservations/{stay['id']}?includeResources=1")
    assert body["data"] == read
    expected = base64.b64encode("bellhop:långt:ord".encode()).decode()
    assert endpoint.got[0][0]["authorization"] == f"Basic {expected}"


def test_without_both_there_is_no_authorization(hostaway: Hostaway, endpoint: Endpoint) -> None:
    hostaway.subscribe(endpoint, login="bellhop")
    hostaway.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: endpoint.got)
    assert "authorization" not in endpoint.got[0][0]


def test_messages_of_both_sides_are_pushed(hostaway: Hostaway, endpoint: Endpoint) -> None:
    hostaway.subscribe(endpoint)
    talk = hostaway.stay("TEST-0002")["conversation_id"]
    hostaway.control("POST", f"/conversations/{talk}/guest-writes", body="Hello 🌞")
    incoming = wait_for(lambda: endpoint.events("message.received"))[0]
    assert incoming["object"] == "conversationMessage"
    assert (incoming["data"]["isIncoming"], incoming["data"]["body"]) == (1, "Hello 🌞")
    assert incoming["data"]["reservationId"] == int(hostaway.stay("TEST-0002")["id"])
    sent = hostaway.api("POST", f"/conversations/{talk}/messages", json={"body": "Hi"})
    echo = wait_for(lambda: endpoint.events("message.received")[1:])[0]["data"]
    assert (echo["id"], echo["isIncoming"], echo["status"]) == (sent["id"], 0, "sent")
    failed = {"body": "nobody", "communicationType": "channel"}
    hostaway.api("POST", f"/conversations/{talk}/messages", json=failed)
    hostaway.control("POST", f"/conversations/{talk}/staff-replies", body="typed here")
    wait_for(lambda: endpoint.events("message.received")[2:])
    assert [row["data"]["body"] for row in endpoint.events("message.received")] == [
        "Hello 🌞",
        "Hi",
        "typed here",
    ]


def test_dates_make_two_updates_of_one_version(hostaway: Hostaway, endpoint: Endpoint) -> None:
    hostaway.subscribe(endpoint)
    hostaway.control("POST", "/reservations/TEST-0002/dates", arrival="2040-01-01", departure="2040-01-09")
    two = wait_for(
        lambda: endpoint.events("reservation.updated")[1:] and endpoint.events("reservation.updated")
    )
    assert len({row["data"]["totalPrice"] for row in two}) == 2
    assert {row["data"]["arrivalDate"] for row in two} == {"2040-01-01"}
    assert {row["data"]["status"] for row in two} == {"modified"}


def test_what_happens_at_the_desk_is_pushed(hostaway: Hostaway, endpoint: Endpoint) -> None:
    hostaway.subscribe(endpoint)
    path = "/reservations/TEST-0002"
    hostaway.control("POST", f"{path}/staff-notes", body="Called, all fine")
    noted = wait_for(lambda: endpoint.events("reservation.updated"))[0]["data"]
    assert noted["hostNote"].endswith("\nCalled, all fine")
    notes = hostaway.control("GET", f"{path}/notes")
    assert notes["text"] == noted["hostNote"]
    hostaway.control("POST", f"{path}/change", checkOutTime=14)
    hostaway.control("POST", f"{path}/custom-field", field="801", value="14:00")
    guest = hostaway.stay("TEST-0002")["guest_id"]
    hostaway.control("POST", f"/guests/{guest}", phone="+14015550111")
    hostaway.control("POST", f"{path}/cancel")
    wait_for(lambda: len(endpoint.events("reservation.updated")) == 5)
    last = {row["data"]["status"]: row["data"] for row in endpoint.events("reservation.updated")}["cancelled"]
    assert (last["cancelledBy"], last["phone"], last["checkOutTime"]) == ("guest", "+14015550111", 14)
    assert last["customFieldValues"] == [{"customFieldId": 801, "value": "14:00"}]


@pytest.mark.parametrize(("status", "tries"), [(500, 4), (429, 4), (401, 1), (404, 1), (302, 1)])
def test_only_some_failures_are_tried_again(
    hostaway: Hostaway, endpoint: Endpoint, status: int, tries: int
) -> None:
    hostaway.subscribe(endpoint)
    hostaway.control("PATCH", "/settings", retry_scale=0.00001)
    endpoint.answer = lambda _: status
    hostaway.control("POST", "/book", guest_name="Rita Moss")
    failed = wait_for(lambda: hostaway.control("GET", "/deliveries?state=failed")["deliveries"])[0]
    assert failed["tries"] == tries


def test_the_log_of_deliveries(hostaway: Hostaway, endpoint: Endpoint) -> None:
    made = hostaway.subscribe(endpoint, login="l", password="p")
    endpoint.answer = lambda _: 401
    stay = hostaway.control("POST", "/book", guest_name="Rita Moss")["reservation"]
    rows = wait_for(lambda: hostaway.api("GET", "/unifiedWebhookLogs"))
    assert (rows[0]["object"], rows[0]["objectId"]) == ("reservation", int(stay["id"]))
    assert (rows[0]["event"], rows[0]["responseStatus"]) == ("reservation.created", 401)
    assert rows[0]["password"] == "****"
    assert hostaway.api("GET", f"/unifiedWebhookLogs?unifiedWebhookId={made['id']}") == rows
    assert hostaway.api("GET", "/unifiedWebhookLogs?unifiedWebhookId=1") == []


def test_five_days_of_failing_switch_it_off(hostaway: Hostaway, endpoint: Endpoint) -> None:
    made = hostaway.subscribe(endpoint)
    endpoint.answer = lambda _: 500
    hostaway.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: hostaway.control("GET", "/state")["subscriptions"][0]["failing_since"])
    hostaway.control("POST", "/clock", forward=6 * 86_400)
    path = f"{HOOKS}/{made['id']}"
    wait_for(lambda: hostaway.api("GET", path)["isEnabled"] == 0)
    endpoint.answer = lambda _: 200
    assert hostaway.api("PUT", path, json={"isEnabled": 1})["isEnabled"] == 1
    hostaway.control("POST", "/book", guest_name="Nora Haugen")
    wait_for(lambda: hostaway.control("GET", "/state")["deliveries"]["delivered"])


def test_endpoints(hostaway: Hostaway, endpoint: Endpoint) -> None:
    one, two = hostaway.subscribe(endpoint), hostaway.subscribe(endpoint)
    assert [row["id"] for row in hostaway.api("GET", HOOKS)] == [one["id"], two["id"]]
    hostaway.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: len(endpoint.got) == 2)
    assert hostaway.api("DELETE", f"{HOOKS}/{two['id']}") == []
    assert hostaway.fails("GET", f"{HOOKS}/{two['id']}", 404)
    for bad in (
        {},
        {"url": "nowhere"},
        {"url": endpoint.url, "isEnabled": 2},
        {"url": endpoint.url, "events": []},
    ):
        assert hostaway.fails("POST", HOOKS, json=bad)


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("rename_field", {"field": "status", "to": "state"}),
        ("drop_field", {"field": "status"}),
        ("new_enum", {"field": "status", "value": "onTheMoon"}),
    ],
)
def test_the_schema_changes_under_way(
    hostaway: Hostaway, endpoint: Endpoint, kind: str, params: dict[str, Any]
) -> None:
    hostaway.subscribe(endpoint)
    hostaway.control("PUT", f"/faults/{kind}", **params)
    hostaway.control("POST", "/book", guest_name="Rita Moss")
    pushed = wait_for(lambda: endpoint.events("reservation.created"))[0]["data"]
    read = hostaway.call("GET", f"/reservations/{pushed['id']}").json()["result"]
    for value in (pushed, read):
        assert value.get("status") == (params.get("value"))
        assert value.get("state") == ("new" if kind == "rename_field" else None)


def test_a_wrong_password_when_asked_for(hostaway: Hostaway, endpoint: Endpoint) -> None:
    hostaway.subscribe(endpoint, login="l", password="p")
    hostaway.control("PUT", "/faults/webhook_bad_signature", count=1)
    hostaway.control("POST", "/book", guest_name="Rita Moss")
    wait_for(lambda: endpoint.got)
    assert endpoint.got[0][0]["authorization"] != f"Basic {base64.b64encode(b'l:p').decode()}"


@pytest.mark.parametrize("path", ["check-in", "check-out"])
def test_what_hostaway_lacks_is_said(hostaway: Hostaway, path: str) -> None:
    assert hostaway.refused("POST", f"/reservations/TEST-0002/{path}").startswith(
        "Hostaway knows no check-in"
    )
    assert "whole hours" in hostaway.refused(
        "POST", "/reservations/TEST-0002/dates", planned_departure="11:30"
    )
    assert hostaway.refused("POST", "/units/412001/cleaning", state="dirty")


def test_bulk_is_written_as_guests_write_there(hostaway: Hostaway, endpoint: Endpoint) -> None:
    hostaway.subscribe(endpoint)
    made = hostaway.control(
        "POST", "/bulk", conversations=40, posts_each=1, new_conversations=1, webhooks=True
    )
    wait_for(lambda: len(endpoint.got) == made["posts"])
    kinds = {row["data"]["communicationType"] for row in endpoint.events("message.received")}
    assert kinds <= {"channel", "email", "sms", "whatsapp"}
    assert hostaway.control("DELETE", "/subscriptions") == {"forgotten": 1}
    assert hostaway.api("GET", HOOKS) == []


def test_another_wrapper_and_events_that_nobody_knows(hostaway: Hostaway, endpoint: Endpoint) -> None:
    hostaway.subscribe(endpoint)
    hostaway.control("PUT", "/faults/webhook_wrapped", count=1)
    stay = hostaway.control("POST", "/book", guest_name="Rita Moss")["reservation"]
    body = wait_for(lambda: endpoint.events("reservation.created"))[0]
    assert "data" not in body
    assert body["payload"]["data"]["id"] == int(stay["id"])
    made_up: dict[str, Any] = {"object": "review", "event": "review.created", "data": {"id": 1}}
    assert hostaway.control("POST", "/webhooks", event="review.created", body=made_up) == {"endpoints": 1}
    assert wait_for(lambda: endpoint.events("review.created")) == [made_up]
