"""The same faults on every wire: a write that leaves a trace, a read, and a webhook that the desk makes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.connectors.sandbox.harness import Endpoint, Sandbox, wait_for
from tests.connectors.sandbox.worlds import Cloudbeds, Hostaway


@dataclass
class Wire:
    """One PMS: `write` leaves a text there, `texts` says which are there, `deed` makes one webhook."""

    control: Callable[..., Any]
    read: Callable[[], httpx.Response]
    write: Callable[[str], httpx.Response]
    texts: Callable[[], list[str]]
    deed: Callable[[str], Any]
    subscribe: Callable[[Endpoint], Any]
    heard: Callable[[Any], str]


def _hostaway(running: Sandbox) -> Wire:
    pms = Hostaway(running)
    path = f"/conversations/{pms.stay('TEST-0002')['conversation_id']}/messages"
    pms.api("GET", path)
    return Wire(
        pms.control,
        lambda: pms.call("GET", path),
        lambda text: pms.call("POST", path, json={"body": text}),
        lambda: [row["body"] for row in pms.control("GET", "/reservations/TEST-0002/messages")["messages"]],
        lambda text: pms.control("POST", "/reservations/TEST-0002/guest-writes", body=text),
        pms.subscribe,
        lambda body: str(body["data"]["body"]),
    )


def _cloudbeds(running: Sandbox) -> Wire:
    pms = Cloudbeds(running)
    known = {"propertyID": pms.HOTEL, "reservationID": str(pms.stay("TEST-0003")["id"])}
    return Wire(
        pms.control,
        lambda: pms.call("GET", "getReservationNotes", params=known),
        lambda text: pms.call("POST", "postReservationNote", data=known | {"reservationNote": text}),
        lambda: [row["body"] for row in pms.control("GET", "/reservations/TEST-0003/notes")["notes"]],
        lambda text: pms.control("POST", "/reservations/TEST-0003/staff-notes", body=text),
        lambda endpoint: pms.subscribe(endpoint, "reservation/notes_changed"),
        lambda body: str(body["notes"]),
    )


@pytest.fixture(params=[_hostaway, _cloudbeds], ids=["hostaway", "cloudbeds"])
def wire(request: pytest.FixtureRequest, running: Sandbox) -> Wire:
    made: Wire = request.param(running)
    return made


@pytest.mark.parametrize(
    ("kind", "status"), [("down", 503), ("too_many", 429), ("html_error", 502), ("error_in_200", 200)]
)
def test_nothing_is_done(wire: Wire, kind: str, status: int) -> None:
    wire.control("PUT", f"/faults/{kind}", count=1)
    assert wire.write("never").status_code == status
    assert "never" not in wire.texts()
    assert wire.write("now").status_code == 200
    assert "now" in wire.texts()


@pytest.mark.parametrize("kind", ["error_after_work", "truncated", "huge"])
def test_it_is_done_but_the_answer_is_bad(wire: Wire, kind: str) -> None:
    wire.control("PUT", f"/faults/{kind}", count=1)
    answer = wire.write("done")
    assert answer.status_code == (500 if kind == "error_after_work" else 200)
    assert wire.texts().count("done") == 1
    if kind == "huge":
        assert len(answer.content) > 10_000_000
    if kind == "truncated":
        with pytest.raises(ValueError, match=r".+"):
            answer.json()


def test_the_line_is_cut(wire: Wire) -> None:
    wire.control("PUT", "/faults/cut_after_work", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        wire.write("done")
    wire.control("PUT", "/faults/down", mode="cut", count=1)
    with pytest.raises(httpx.TransportError):
        wire.write("never")
    assert wire.texts()[-1] == "done"


def test_it_takes_its_time(wire: Wire) -> None:
    wire.control("PUT", "/faults/slow", seconds=0.2, count=1)
    wire.control("PUT", "/faults/slow_after_work", seconds=0.2, count=1)
    assert wire.read().status_code == 200
    newest = wire.control("GET", "/requests?limit=1")["requests"][0]
    assert sorted(newest["faults"]) == ["slow", "slow_after_work"]
    assert newest["ms"] >= 400


def test_reads_lag(wire: Wire) -> None:
    wire.control("PUT", "/faults/stale_reads", seconds=3600)
    wire.deed("fresh")
    assert "fresh" not in wire.read().text
    wire.control("DELETE", "/faults")
    assert "fresh" in wire.read().text


def heard(wire: Wire, endpoint: Endpoint) -> list[str]:
    return [wire.heard(body) for body in endpoint.bodies()]


def test_twice_and_lost(wire: Wire, endpoint: Endpoint) -> None:
    wire.subscribe(endpoint)
    wire.control("PUT", "/faults/webhook_duplicate", count=1)
    wire.deed("twice")
    wait_for(lambda: heard(wire, endpoint) == ["twice", "twice"])
    wire.control("PUT", "/faults/webhook_lost", count=1)
    wire.deed("lost")
    wire.deed("heard")
    wait_for(lambda: heard(wire, endpoint) == ["twice", "twice", "heard"])
    assert wire.control("GET", "/state")["deliveries"]["lost"] == 1


def test_out_of_order_and_late(wire: Wire, endpoint: Endpoint) -> None:
    wire.subscribe(endpoint)
    wire.control("PUT", "/faults/webhook_reorder", batch=2)
    wire.deed("one")
    wire.deed("two")
    wait_for(lambda: heard(wire, endpoint) == ["two", "one"])
    wire.control("DELETE", "/faults")
    wire.control("PUT", "/faults/webhook_delay", seconds=3600, count=1)
    wire.deed("late")
    assert wire.control("GET", "/state")["deliveries"]["pending"] == 1
    wire.control("POST", "/clock", forward=3601)
    wait_for(lambda: heard(wire, endpoint) == ["two", "one", "late"])


def test_what_is_owed_outlives_a_restart(own_sandbox: Sandbox, endpoint: Endpoint) -> None:
    wires = [_hostaway(own_sandbox), _cloudbeds(own_sandbox)]
    for wire in wires:
        wire.subscribe(endpoint)
        wire.control("PUT", "/faults/webhook_delay", seconds=3600)
        wire.deed("kept")
    own_sandbox.stop()
    own_sandbox.start()
    for wire in wires:
        wire.control("POST", "/clock", forward=3601)
    wait_for(lambda: len(endpoint.got) == 2)
