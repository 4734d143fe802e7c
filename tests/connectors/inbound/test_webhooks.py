"""Webhooks of the sandbox PMS on their whole way: late, lost, badly signed, about what was never seen (fault 12)."""

from __future__ import annotations

from connectors.inbound import journal, subscriptions
from connectors.models import ConnectionHealth, DeliveryState
from connectors.outbound import caller, probe
from inbox.models import Message, Thread
from reservations.models import Guest, Reservation, Unit, WorkOrder
from tests.harness.waiting import eventually
from tests.pms import Pms


def test_a_webhook_two_days_late_finds_its_place(pms: Pms) -> None:
    thread = pms.thread()
    pms.subscribe()
    pms.fault("webhook_delay", seconds=172_800, count=1)
    early = pms.guest_writes(thread, "Two days ago")
    pms.forward(3600)
    late = pms.guest_writes(thread, "An hour later")
    eventually(pms.journal)
    pms.run()
    pms.forward(172_000)
    pms.hear()
    shown = list(thread.messages.order_by("-sent_at").values_list("remote_id", flat=True)[:2])
    assert shown == [late, early]
    assert thread.messages.filter(body="Two days ago").count() == 1


def test_a_message_of_nobody_known_brings_stay_guest_and_unit(pms: Pms) -> None:
    """Invariant 1: applied, with all that it names read in passing."""
    pms.subscribe()
    stay = pms.control("book", "POST", guest_name="Ada Wong")["reservation"]
    pms.control("drop-pending", "POST")
    pms.control(f"conversations/{stay['conversation_id']}/guest-writes", "POST", body="Hello from nowhere")
    pms.hear()
    thread = Thread.objects.get(conversation_id=stay["conversation_id"])
    assert thread.stay == Reservation.objects.get(remote_id=stay["id"])
    assert thread.party_name == Guest.objects.get().full_name == "Ada Wong"
    assert thread.property is not None
    assert Unit.objects.filter(property=thread.property).exists()
    assert Message.objects.get(body="Hello from nowhere").thread == thread


def test_what_needs_a_read_waits_for_the_pms(pms: Pms) -> None:
    """Invariant 8: accepted, tried again with a time, applied when it is back."""
    stay = pms.control("book", "POST", guest_name="Ada Wong")["reservation"]
    pms.thread(stay["id"])
    pms.subscribe()
    pms.fault("down", path="/guesty/*")
    pms.control(f"reservations/{stay['id']}/cancel", "POST", by="GUEST")
    pms.hear()
    waiting = [row for row in pms.journal() if row.state == DeliveryState.RECEIVED]
    assert waiting
    assert all(row.error and row.next_try_at > row.received_at for row in waiting)
    pms.heal()
    for _ in range(4):
        pms.forward(130)
        probe.probe_due()
        pms.hear()
    assert Reservation.objects.get(remote_id=stay["id"]).status == "cancelled"
    assert {row.state for row in pms.journal()} <= {DeliveryState.PROCESSED, DeliveryState.IGNORED}


def test_a_wrongly_signed_attempt_is_made_good_by_the_next(pms: Pms) -> None:
    thread = pms.thread()
    pms.subscribe()
    pms.fault("webhook_bad_signature", count=1)
    pms.guest_writes(thread, "Signed at last")
    pms.forward(10)
    pms.hear()
    assert Message.objects.filter(body="Signed at last").count() == 1
    assert len([row for row in pms.journal() if b"Signed at last" in bytes(row.body)]) == 1


def test_a_replay_has_no_second_effect(pms: Pms) -> None:
    """Invariants 1 and 3."""
    thread = pms.thread()
    pms.subscribe()
    pms.guest_writes(thread, "Once")
    pms.hear()
    before = thread.messages.count()
    for row in pms.journal():
        journal.replay(row)
    pms.run()
    assert thread.messages.count() == before
    assert {row.state for row in pms.journal()} <= {DeliveryState.PROCESSED, DeliveryState.IGNORED}


def test_the_subscription_is_made_once_and_its_secret_follows(pms: Pms) -> None:
    pms.subscribe()
    pms.subscribe()
    assert len(pms.control("state")["subscriptions"]) == 1
    assert pms.connection.subscription_id
    assert len(pms.connection.secret_values()) == 1


def test_a_subscription_that_was_switched_off_is_made_again(pms: Pms) -> None:
    """Within a day it is missed, and at once where a webhook's signature no longer fits."""
    pms.subscribe()
    first = pms.control("state")["subscriptions"][0]
    ConnectionHealth.objects.update(subscription_due_at=None)
    pms.control("reset", "POST", keep=["settings"])
    assert subscriptions.ensure_due() == 1
    again = pms.control("state")["subscriptions"][0]
    assert (again["url"], again["id"] != first["id"]) == (first["url"], True)


def test_a_rotated_secret_heals_by_itself(pms: Pms) -> None:
    """Invariant 12: refused signatures make us look for a new secret; they are not refused for long."""
    thread = pms.thread()
    pms.subscribe()
    pms.connection.webhook_secrets = [{"value": "whsec_b2xkIHNlY3JldCBvZiB5ZXN0ZXJkYXk="}]
    pms.connection.save()
    ConnectionHealth.objects.update(subscription_due_at="2099-01-01T00:00:00Z")
    pms.intake.intake._known._entries.clear()
    pms.guest_writes(thread, "After the rotation")
    eventually(lambda: subscriptions.ensure_due() == 1)
    pms.forward(10)
    pms.hear()
    assert Message.objects.filter(body="After the rotation").count() == 1


def test_a_task_keeps_its_place_though_its_webhooks_name_none(pms: Pms) -> None:
    """What is thinner than what we hold takes nothing away; what was lost is found by the hourly read."""
    pms.subscribe()
    stay = pms.control("book", "POST", guest_name="Ada Wong")["reservation"]
    pms.hear()
    task = pms.control("tasks", "POST", title="Heating knocks", type="maintenance", reservation=stay["id"])
    pms.hear()
    order = WorkOrder.objects.get(remote_id=task["task"]["id"])
    assert order.reservation is not None
    assert (order.title, order.kind, order.reservation.remote_id) == (
        "Heating knocks",
        "maintenance",
        stay["id"],
    )
    pms.control(f"tasks/{order.remote_id}", "POST", status="completed")
    pms.hear()
    order.refresh_from_db()
    assert (order.state, order.reservation is None) == ("done", False)
    connector, call = caller.connector_for(pms.connection), caller.caller_for(pms.connection)
    page = connector.list_work_orders(call)
    [row] = [one for one in page.items if one.external_id == order.remote_id]
    assert (row.state, row.reservation_id) == ("done", stay["id"])
