"""Tasks and the condition of units: mirrored, and shown beside the stay they matter to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from bellhop.core import clock
from bellhop.core.models import LiveEvent
from connectors.contract.events import Entity
from connectors.contract.records import HousekeepingRecord, NoteRecord, WorkOrderRecord, WorkOrderState
from connectors.events import Source
from connectors.inbound import identity
from connectors.inbound.apply import apply
from connectors.models import FieldOverwrite
from inbox.models import Note, Thread
from reservations.models import Reservation, WorkOrder
from reservations.services import work_orders
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return factories.desk()


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    made = factories.stay(desk, nights=3)
    identity.remember(desk.connection.pk, Entity.RESERVATION, made.remote_id, made.pk)
    identity.remember(desk.connection.pk, Entity.UNIT, "room", desk.unit.pk)
    return made


def tell(desk: Desk, record: WorkOrderRecord | HousekeepingRecord | NoteRecord) -> None:
    with transaction.atomic():
        apply(Source(connection=desk.connection), record)


def task(stay: Reservation | None = None, number: str = "1", **fields: object) -> WorkOrderRecord:
    told = {"title": "Dripping tap", "status": "pending", "state": WorkOrderState.OPEN, **fields}
    return WorkOrderRecord(external_id=number, reservation_id=stay.remote_id if stay else None, **told)  # type: ignore[arg-type]


def page(desk: Desk, thread: Thread) -> str:
    client = Client()
    client.force_login(desk.agent)
    return client.get(f"/threads/{thread.public_id}/panel/").content.decode()


def test_a_task_is_shown_with_its_stay_and_follows_the_pms(desk: Desk, stay: Reservation) -> None:
    thread = factories.thread(desk, stay)
    tell(desk, task(stay, assignee="Otto Brandt", due_at=clock.now() + timedelta(hours=3)))
    shown = page(desk, thread)
    assert "Dripping tap" in shown
    assert "Otto Brandt" in shown
    tell(desk, task(stay, status="completed", state=WorkOrderState.DONE, resolution="New washer"))
    assert WorkOrder.objects.get().state == "done"
    assert "New washer" in page(desk, thread)
    assert FieldOverwrite.objects.filter(entity="work_order", field="state", new="done").exists()
    assert LiveEvent.objects.filter(topic="thread", subject_id=thread.pk, data__what="stay").exists()


def test_a_units_task_matters_while_it_is_open(desk: Desk, stay: Reservation) -> None:
    tell(desk, task(number="1", unit_id="room"))
    tell(desk, task(number="2", unit_id="room", state=WorkOrderState.DONE))
    tell(desk, task(number="3", unit_id="another"))
    assert [order.remote_id for order in work_orders.of_stay(stay)] == ["1"]


def test_a_status_that_nobody_knows_keeps_what_is_held(desk: Desk, stay: Reservation) -> None:
    tell(desk, task(stay, state=WorkOrderState.DONE))
    tell(desk, WorkOrderRecord(external_id="1", title="Dripping tap", status="onTheMoon"))
    order = WorkOrder.objects.get()
    assert (order.state, order.status) == ("done", "onTheMoon")


def test_the_condition_of_a_room_stands_in_the_panel(desk: Desk, stay: Reservation) -> None:
    thread = factories.thread(desk, stay)
    record = HousekeepingRecord(
        external_id="room", condition="dirty", occupied=True, do_not_disturb=True, comment="Two towels"
    )
    tell(desk, record)
    desk.unit.refresh_from_db()
    assert (desk.unit.condition, desk.unit.occupied, desk.unit.condition_as_of is not None) == (
        "dirty",
        True,
        True,
    )
    shown = page(desk, thread)
    assert "<dd>Dirty" in shown
    assert "Two towels" in shown
    tell(desk, HousekeepingRecord(external_id="unknown", condition="clean"))


def test_a_note_of_a_stay_lands_in_its_thread_once(desk: Desk, stay: Reservation) -> None:
    def note(body: str, reference: str = "") -> NoteRecord:
        return NoteRecord(
            external_id="n1", reservation_id=stay.remote_id, author_name="Front Desk", body_text=body,
            written_at=clock.now(), reference=reference,
        )  # fmt: skip

    tell(desk, note("Quiet room"))
    tell(desk, note("Quiet room, please"))
    made = Note.objects.get()
    assert (made.body, made.author_name, made.thread.stay) == ("Quiet room, please", "Front Desk", stay)
    tell(desk, NoteRecord(external_id="n2", reservation_id="stranger", body_text="x", written_at=clock.now()))
    Reservation.objects.update(is_owner_stay=True)
    Note.objects.all().delete()
    tell(desk, note("For the owner"))
    assert not Note.objects.exists()


def test_a_note_with_our_token_is_never_a_colleagues(desk: Desk, stay: Reservation) -> None:
    """Even where its Command is long gone."""
    tell(
        desk,
        NoteRecord(
            external_id="n1", reservation_id=stay.remote_id, body_text="Guest → sms", written_at=clock.now(),
            reference="7f3k2q",
        ),
    )  # fmt: skip
    assert not Note.objects.exists()
