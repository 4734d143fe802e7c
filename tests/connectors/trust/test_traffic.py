"""Health by traffic (signatures N8, N10, N11): silence is looked into, lateness is measured, lost fields are named."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.inbound import sync
from connectors.models import Connection, ConnectionHealth, PayloadShape, TrafficHour
from connectors.trust import freshness, overview, shapes, traffic
from inbox.models import Message
from tests import factories
from tests.factories import Desk
from tests.harness.waiting import eventually
from tests.pms import Pms

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(db: None) -> Desk:
    return factories.desk()


def usual(connection: Connection, per_hour: int, hours: int = 6) -> None:
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    TrafficHour.objects.bulk_create(
        TrafficHour(connection=connection, hour=now - n * HOUR, count=per_hour) for n in range(1, hours + 1)
    )


def state(pms: Pms) -> str:
    return overview.rows(pms.desk.people["Admin"])[0].state


def catch_up(pms: Pms) -> None:
    """As the scheduler does."""
    while sync.plan_catch_ups() + sync.run_due():
        pass


def listening(pms: Pms, per_hour: int = 60) -> Any:
    """A connection with its webhooks, its history read, and a usual rate."""
    thread = pms.thread()
    pms.subscribe()
    pms.guest_writes(thread, "Hello")
    pms.hear()
    usual(pms.connection, per_hour)
    now = clock.now()
    ConnectionHealth.objects.filter(pk=pms.connection.pk).update(caught_up_to=now, catch_up_due_at=now)
    catch_up(pms)
    pms.guest_writes(thread, "Still there?")
    pms.hear()
    traffic.watch()
    return thread


def test_webhooks_that_stop_are_noticed_within_15_minutes_and_made_good(pms: Pms) -> None:
    """HTTP is healthy all the while; what was swallowed is read, and a person is told once."""
    thread = listening(pms)
    traffic.watch()
    assert state(pms) == "Live"
    pms.fault("webhook_lost", probability=1)
    pms.guest_writes(thread, "Nobody told Bellhop")
    for _ in range(14):
        pms.forward(60)
        traffic.watch()
        catch_up(pms)
    assert Message.objects.filter(body="Nobody told Bellhop").count() == 1
    assert state(pms) == "Stale"
    incident = Incident.objects.get(code=traffic.SILENT)
    assert "no webhook since" in incident.title
    assert incident.alerted_user_id is not None
    pms.heal()

    def talks_again() -> bool:
        """The last webhook's time is noted once a second, in real time."""
        pms.guest_writes(thread, "Here we are again")
        pms.hear()
        traffic.watch()
        return state(pms) == "Live"

    eventually(talks_again)
    assert Incident.objects.get(code=traffic.SILENT).closed_at is not None


def test_a_quiet_night_is_no_incident(pms: Pms) -> None:
    listening(pms)
    for _ in range(14):
        pms.forward(60)
        traffic.watch()
        catch_up(pms)
    assert state(pms) == "Quiet"
    assert not Incident.objects.filter(code=traffic.SILENT).exists()
    row = overview.rows(pms.desk.people["Admin"])[0]
    assert row.detail == "normal for this hour: about 60"


def test_what_is_usual_is_learnt_by_hour_of_day(desk: Desk) -> None:
    now = clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    assert traffic.normal_per_hour(desk.connection.pk, now) is None
    for days in range(1, 6):
        for offset, count in ((0, 4), (1, 90)):
            TrafficHour.objects.create(
                connection=desk.connection, hour=hour - timedelta(days=days) - offset * HOUR, count=count
            )
    assert traffic.normal_per_hour(desk.connection.pk, now) == 4
    assert traffic.normal_per_hour(desk.connection.pk, now - HOUR) == 90


@pytest.mark.parametrize(
    ("per_hour", "minutes"), [(None, None), (0.0, None), (1, 240), (16, 15), (60, 10), (1000, 10)]
)
def test_how_long_silence_is_explained(per_hour: float | None, minutes: int | None) -> None:
    allowed = traffic.allowed_silence(per_hour)
    assert allowed == (None if minutes is None else timedelta(minutes=minutes))


def test_lag_is_measured_from_the_providers_event(pms: Pms) -> None:
    thread = listening(pms)
    pms.fault("webhook_delay", seconds=600)
    for n in range(freshness.ENOUGH):
        pms.guest_writes(thread, f"Late {n}")
    pms.forward(601)
    pms.hear()
    pms.heal()
    lag = next(
        lag for lag in freshness.lags([pms.connection.pk], clock.now() - HOUR) if lag.entity == "message"
    )
    assert lag.class_name == "instant"
    assert lag.max_s >= 500
    assert lag.is_late
    freshness.check()
    assert "message is late" in Incident.objects.get(code=freshness.LATE).title
    pms.forward(3700)
    for n in range(freshness.ENOUGH):
        pms.guest_writes(thread, f"In time {n}")
    pms.hear()
    freshness.check()
    assert Incident.objects.get(code=freshness.LATE).closed_at is not None


def test_a_renamed_field_is_named_on_its_first_delivery_and_the_rest_goes_on(pms: Pms) -> None:
    thread = listening(pms)
    for n in range(shapes.SEEN_ENOUGH):
        pms.guest_writes(thread, f"As ever {n}")
        pms.hear()
    shapes.learn()
    assert not Incident.objects.filter(code=shapes.CHANGED).exists()
    pms.fault("rename_field", field="reservationId", to="bookingId")
    pms.guest_writes(thread, "After the change")
    pms.hear()
    shapes.learn()
    incident = Incident.objects.get(code=shapes.CHANGED)
    assert "reservationId" in incident.title
    assert "bookingId" in incident.detail
    assert f"webhook {pms.journal()[-1].pk}" in incident.detail
    assert Message.objects.filter(body="After the change").count() == 1
    pms.heal()
    pms.guest_writes(thread, "As ever")
    pms.hear()
    shapes.learn()
    assert Incident.objects.get(code=shapes.CHANGED).closed_at is not None


def told(payload: dict[str, Any]) -> shapes.Shape:
    shape = shapes.shape_of(json.dumps(payload).encode())
    assert shape is not None
    return shape


def known(*payloads: dict[str, Any], count: int = 20) -> list[PayloadShape]:
    return [PayloadShape(kind="x", paths=sorted(told(p).paths), count=count) for p in payloads]


def test_what_counts_as_vanished() -> None:
    full = {"event": "x", "guest": {"name": "A", "phones": [{"number": "1"}]}, "note": "n"}
    before = known(full)
    assert shapes.vanished(told({**full, "guest": None}), before) == []
    assert shapes.vanished(told({**full, "guest": {"name": "A", "phones": []}}), before) == []
    assert shapes.vanished(told({"event": "x", "note": "n"}), before) == ["guest"]
    assert shapes.vanished(told({**full, "guest": {"fullName": "A", "phones": []}}), before) == ["guest.name"]
    assert shapes.vanished(told({"event": "x"}), known(full, {"event": "x", "note": "n"})) == ["note"]
    assert shapes.vanished(told({"event": "x"}), known(full, count=3)) == []


def test_ids_are_no_field_names() -> None:
    one = told({"event": "x", "guestList": {"101": {"name": "A"}}})
    two = told({"event": "x", "guestList": {"202": {"name": "B"}, "203": {"name": "C"}}})
    assert one.digest == two.digest


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1, 2]", b'"text"', b"{"])
def test_what_is_no_object_has_no_shape(body: bytes) -> None:
    assert shapes.shape_of(body) is None


def test_thirty_shapes_are_kept(desk: Desk) -> None:
    now = clock.now()
    for n in range(shapes.KEEP + 5):
        PayloadShape.objects.create(
            connection=desk.connection, kind="x", digest=str(n), paths=[str(n)], first_at=now,
            last_at=now + timedelta(seconds=n), delivery_id=n,
        )  # fmt: skip
    shapes._forget(desk.connection, "x")
    kept = PayloadShape.objects.filter(kind="x")
    assert kept.count() == shapes.KEEP
    assert not kept.filter(digest="0").exists()
