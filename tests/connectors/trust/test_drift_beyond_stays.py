"""Promise: units, properties, messages and stays that stand on one side only are found and settled by a person (N5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bellhop.core import clock
from connectors.models import Command, CommandState, Drift, DriftRun, ExternalId
from connectors.outbound import caller
from connectors.trust import drift, drift_messages, drift_runs
from inbox.models import Message, Receipt, Thread
from inbox.services import compare
from reservations.models import Property, Reservation, Unit
from tests.connectors.trust.test_drift import _run, stay
from tests.pms import Pms

__all__ = ["stay"]
NOBODYS_ID = "0123456789abcdef01234567"


def _take(pms: Pms) -> Drift:
    """Somebody takes the PMS's side of all that is open, and a worker does it."""
    drift.take(pms.desk.people["Operations manager"], Drift.objects.filter(state=Drift.State.OPEN))
    drift_runs.run_due()
    return Drift.objects.latest("pk")


def _one(pms: Pms) -> Drift:
    """The one drift that the next run finds."""
    assert _run(pms).found == 1, list(Drift.objects.values_list("entity", "field", "remote_id"))
    return Drift.objects.latest("pk")


# --- units and properties ---
def test_a_unit_and_its_property_are_compared_and_taken(pms: Pms, stay: Reservation) -> None:
    unit, place = stay.unit, stay.property
    assert unit is not None
    assert place is not None
    elsewhere = Property.objects.exclude(pk=place.pk).filter(units__isnull=False).first()
    Unit.objects.filter(pk=unit.pk).update(title="Another title", property=elsewhere)
    Property.objects.filter(pk=place.pk).update(address="Another street")
    run = _run(pms)
    found = Drift.objects.filter(entity__in=("unit", "property")).order_by("field")
    assert [(row.entity, row.field) for row in found] == [
        ("property", "address"),
        ("unit", "property"),
        ("unit", "title"),
    ]
    assert run.places > 5
    assert {row.remote_id for row in found if row.entity == "unit"} == {
        ExternalId.objects.get(entity="unit", object_id=unit.pk).remote_id
    }
    for row in found:  # one cause at a time
        drift.take(pms.desk.people["Admin"], [row])
    drift_runs.run_due()
    unit.refresh_from_db()
    assert (unit.title, unit.property_id) != ("Another title", elsewhere.pk if elsewhere else 0)
    assert set(found.values_list("state", "how")) == {("resolved", "took")}
    assert _run(pms).found == 0


def test_the_hourly_run_leaves_places_to_the_daily_one(pms: Pms, stay: Reservation) -> None:
    Unit.objects.update(title="Another title")
    drift_runs.start(pms.connection, DriftRun.Scope.NEAR)
    drift_runs.run_due()
    run = DriftRun.objects.get()
    assert run.finished_at is not None
    assert (run.places, run.found) == (0, 0)


# --- stays that are gone ---
def _forgotten(stay: Reservation) -> None:
    """The PMS no longer knows it."""
    ExternalId.objects.filter(entity="reservation", object_id=stay.pk).update(remote_id=NOBODYS_ID)
    Reservation.objects.filter(pk=stay.pk).update(
        remote_id=NOBODYS_ID, as_of=clock.now() - timedelta(minutes=5)
    )


def test_a_stay_that_is_gone_is_found_and_cancelled_by_a_person(pms: Pms, stay: Reservation) -> None:
    _forgotten(stay)
    found = _one(pms)
    assert (found.field, found.ours, found.cause) == ("status", stay.status, Drift.Cause.GONE)
    stay.refresh_from_db()
    assert stay.status != Reservation.Status.CANCELLED
    assert _run(pms).found == 0
    page = Client()
    page.force_login(pms.desk.people["Operations manager"])
    told = page.get(reverse("connectors:drift-detail", args=[found.public_id])).content.decode()
    assert "Cancel it here" in told
    assert _take(pms).how == Drift.How.TOOK
    stay.refresh_from_db()
    assert (stay.status, stay.cancelled_by) == (Reservation.Status.CANCELLED, "gone from the PMS")
    assert _run(pms).records == 0


def test_a_stay_that_came_back_is_no_drift_any_more(pms: Pms, stay: Reservation) -> None:
    remote_id = stay.remote_id
    _forgotten(stay)
    _one(pms)
    ExternalId.objects.filter(entity="reservation", object_id=stay.pk).update(remote_id=remote_id)
    Reservation.objects.filter(pk=stay.pk).update(remote_id=remote_id)
    Drift.objects.update(stay_remote_id=remote_id)
    assert _take(pms).state == Drift.State.RESOLVED
    stay.refresh_from_db()
    assert stay.status != Reservation.Status.CANCELLED


def test_a_stay_that_was_told_just_now_may_be_shown_late(pms: Pms, stay: Reservation) -> None:
    _forgotten(stay)
    Reservation.objects.update(as_of=clock.now())
    assert _run(pms).found == 0


# --- messages ---
@pytest.fixture
def thread(pms: Pms, stay: Reservation) -> Thread:
    made = pms.thread(stay.remote_id)
    assert list(made.stays.all()) == [stay]
    return made


def test_a_message_whose_webhook_was_lost_is_found_and_brought_here(pms: Pms, thread: Thread) -> None:
    pms.subscribe()
    pms.fault("webhook_lost")
    pms.guest_writes(thread, "Is there a crib?")
    pms.heal()
    pms.forward(120)
    found = _one(pms)
    assert (found.field, found.cause) == (drift_messages.MISSING_HERE, Drift.Cause.LOST_WEBHOOK)
    assert found.theirs["from"] == "guest"
    assert "crib" not in str(Drift.objects.values())
    assert _run(pms).found == 0
    assert _take(pms).how == Drift.How.TOOK
    assert thread.messages.filter(body="Is there a crib?").count() == 1
    assert _run(pms).found == 0


def test_a_reply_that_is_not_in_the_pms_is_found_and_left_to_an_agent(pms: Pms, thread: Thread) -> None:
    pms.subscribe()
    message = pms.reply(thread, "The crib is in the cupboard")
    pms.run()
    pms.hear()
    pms.forward(120)
    assert _run(pms).found == 0
    Command.objects.update(remote_id=NOBODYS_ID)
    Message.objects.filter(pk=message.pk).update(remote_id=NOBODYS_ID)
    found = _one(pms)
    assert (found.field, found.object_id) == (drift_messages.MISSING_THERE, message.pk)
    assert (found.ours["state"], found.cause) == ("delivered", Drift.Cause.GONE)
    assert _take(pms).how == Drift.How.TOOK
    assert set(Receipt.objects.filter(message=message).values_list("state", flat=True)) == {"unconfirmed"}
    pms.run()
    assert len(pms.posts(thread, "The crib")) == 1
    assert _run(pms).found == 0


def test_a_reply_or_webhook_under_way_is_no_drift(pms: Pms, thread: Thread) -> None:
    """D3: neither a reply that just left nor a message whose webhook waits."""
    pms.subscribe()
    pms.guest_writes(thread, "Hello?")
    message = pms.reply(thread, "One moment", send_anyway=True)
    assert _run(pms).found == 0
    pms.fault("cut_after_work", path="*send-message*", count=1)
    pms.run()
    command = pms.command(message)
    assert command.state in {CommandState.UNKNOWN, CommandState.CONFIRMED}
    assert _run(pms).found == 0
    pms.heal()
    pms.forward(5)
    pms.hear()
    assert _run(pms).found == 0
    assert DriftRun.objects.latest("pk").messages >= 2


@pytest.mark.usefixtures("steady_clock")
def test_a_conversation_costs_the_same_however_long_it_is(pms: Pms, thread: Thread) -> None:
    connector, call = caller.connector_for(pms.connection), caller.caller_for(pms.connection)
    talk = compare.talks(pms.connection.pk, [thread.stays.get().pk])[thread.stays.get().pk][0]

    def cost() -> int:
        page = connector.list_posts(call, talk.conversation_id)
        with CaptureQueriesContext(database) as queries:
            drift_messages.judge(pms.connection, connector, talk, page, clock.now())
        return len(queries)

    alone = cost()
    for n in range(4):
        pms.guest_writes(thread, f"Line {n}")
    with_drifts = cost()
    pms.guest_writes(thread, "One more")
    saves = 1  # a drift is kept by one statement of its own, within one transaction
    assert cost() == with_drifts + saves
    assert with_drifts - alone < 12
