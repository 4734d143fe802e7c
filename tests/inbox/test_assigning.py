"""Who does the work, and what colleagues remark on it: owed to the PMS, shown with a receipt; the PMS's word holds."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse

from bellhop.accounts.models import AuditEntry
from bellhop.core import clock, events
from connectors.contract.events import Entity
from connectors.contract.records import PersonRecord, WorkOrderRecord, WorkOrderState
from connectors.events import CommandMoved, Source
from connectors.inbound import identity
from connectors.inbound.apply import apply
from connectors.models import Command, CommandState
from inbox.models import Thread
from reservations.models import Contact, OrderedWork, PmsPerson, PmsState, Reservation, WorkNote, WorkOrder
from reservations.services import assigning, ordering, work_notes
from reservations.services.ordering import Order
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    made = factories.stay(desk, starts_in=-1)
    identity.remember(desk.connection.pk, Entity.RESERVATION, made.remote_id, made.pk)
    return made


@pytest.fixture
def thread(desk: Desk, stay: Reservation) -> Thread:
    return factories.thread(desk, stay)


@pytest.fixture
def task(desk: Desk, stay: Reservation) -> WorkOrder:
    return told(desk, stay)


@pytest.fixture
def plumber(desk: Desk) -> Contact:
    return Contact.objects.create(
        organization=desk.organization, name="Bay Plumbing", trade="plumber", phone="+14015550174"
    )


@pytest.fixture
def otto(desk: Desk) -> PmsPerson:
    apply(Source(connection=desk.connection), PersonRecord(external_id="7004", name="Otto Brandt"))
    return PmsPerson.objects.get()


def told(desk: Desk, stay: Reservation, **fields: Any) -> WorkOrder:
    """The PMS tells its task."""
    values = {"status": "pending", "state": WorkOrderState.OPEN, "assignee": "", **fields}
    record = WorkOrderRecord(external_id="t1", title="Lamp", reservation_id=stay.remote_id, **values)
    with transaction.atomic():
        apply(Source(connection=desk.connection), record)
    return WorkOrder.objects.get(remote_id="t1")


def settle(state: CommandState, **changes: Any) -> None:
    row = Command.objects.order_by("-pk")[0]
    Command.objects.filter(pk=row.pk).update(state=state, **changes)
    row.refresh_from_db()
    with transaction.atomic():
        events.emit(CommandMoved(command=row))


def panel(desk: Desk, thread: Thread, role: str = "Agent") -> str:
    client = Client()
    client.force_login(desk.people[role])
    return client.get(reverse("inbox:panel", args=[thread.public_id])).content.decode()


def newest() -> dict[str, Any]:
    return dict(Command.objects.order_by("-pk")[0].intent)


def post(desk: Desk, name: str, *parts: str, **values: str) -> int:
    client = Client()
    client.force_login(desk.agent)
    return client.post(reverse(f"reservations:{name}", args=parts), values).status_code


def test_a_vendor_is_named_in_the_description_and_called_from_the_panel(
    desk: Desk, thread: Thread, task: WorkOrder, plumber: Contact
) -> None:
    assert post(desk, "assign-work", task.public_id, to=f"contact:{plumber.public_id}") == 204
    assert newest() == {"work_order_id": "t1", "person_id": "", "name": "Bay Plumbing"}
    shown = panel(desk, thread)
    assert "Waiting for the PMS" in shown
    assert "tel:+14015550174" in shown
    assert "tel:" not in panel(desk, thread, "Marketer"), "who may not see phone numbers doesn't"
    settle(CommandState.CONFIRMED)
    assert "in the description" in panel(desk, thread)
    assert AuditEntry.objects.get(action="work.assigned").after == "Bay Plumbing"


def test_the_pms_s_own_person_goes_by_id(
    desk: Desk, thread: Thread, task: WorkOrder, otto: PmsPerson
) -> None:
    assert "People in Guesty" in panel(desk, thread)
    assert post(desk, "assign-work", task.public_id, to="person:7004") == 204
    assert newest()["person_id"] == "7004"
    assert post(desk, "assign-work", task.public_id, to="person:1") == 404
    assert post(desk, "assign-work", task.public_id, to="somebody") == 404


def test_it_is_changed_and_removed_and_the_same_twice_is_once(
    desk: Desk, task: WorkOrder, plumber: Contact, otto: PmsPerson
) -> None:
    for to in (plumber, plumber, otto, None):
        assigning.assign(desk.agent, task, to)
    names = list(Command.objects.order_by("pk").values_list("intent__name", flat=True))
    assert names == ["Bay Plumbing", "Otto Brandt", ""]
    assert len(set(Command.objects.values_list("order_key", flat=True))) == 1, "the last word comes last"
    settle(CommandState.CONFIRMED)
    task.refresh_from_db()
    assert (task.does_it, task.contact, task.assign_state) == ("", None, PmsState.DONE)


def test_it_is_taken_back_before_it_leaves(desk: Desk, stay: Reservation, plumber: Contact) -> None:
    task = told(desk, stay, assignee="Rosa Pinto")
    row = assigning.assign(desk.agent, task, plumber)
    assert post(desk, "work-assigned", task.public_id, "back") == 204
    row.refresh_from_db()
    assert (row.does_it, row.contact, row.assign_state) == ("Rosa Pinto", None, "")
    assert Command.objects.get().state == CommandState.CANCELLED
    assert post(desk, "work-assigned", task.public_id, "back") == 422
    assert post(desk, "work-assigned", task.public_id, "nowhere") == 404


def test_a_failure_is_said_and_tried_again(
    desk: Desk, thread: Thread, task: WorkOrder, otto: PmsPerson
) -> None:
    assigning.assign(desk.agent, task, otto)
    settle(CommandState.FAILED, reason="No such user.")
    assert "No such user." in panel(desk, thread)
    assert post(desk, "work-assigned", task.public_id, "again") == 204
    assert newest()["person_id"] == "7004"
    assert "Waiting for the PMS" in panel(desk, thread)
    assert post(desk, "work-assigned", task.public_id, "again") == 422


def test_what_the_pms_says_afterwards_holds(
    desk: Desk, stay: Reservation, task: WorkOrder, plumber: Contact
) -> None:
    assigning.assign(desk.agent, task, plumber)
    told(desk, stay, assignee="Rosa Pinto")
    task.refresh_from_db()
    assert task.does_it == "Bay Plumbing", "ours is on its way and comes after"
    settle(CommandState.CONFIRMED)
    told(desk, stay, assignee="Bay Plumbing")
    task.refresh_from_db()
    assert (task.contact, task.assign_state) == (plumber, PmsState.DONE)
    told(desk, stay, assignee="Duarte Lopes")
    task.refresh_from_db()
    assert (task.does_it, task.contact, task.assign_state) == ("Duarte Lopes", None, "")


def test_who_is_elsewhere_is_no_choice_and_finished_work_is_left(
    desk: Desk, stay: Reservation, task: WorkOrder, plumber: Contact
) -> None:
    plumber.all_properties = False
    plumber.save()
    plumber.properties.set([factories.property_of(desk.organization, "Mill House")])
    with pytest.raises(ValidationError, match="no such choice"):
        assigning.assign(desk.agent, task, plumber)
    with pytest.raises(PermissionDenied):
        assigning.assign(desk.people["Marketer"], task, None)
    with pytest.raises(PermissionDenied):
        work_notes.add(desk.people["Housekeeper"], task, "Key")
    told(desk, stay, state=WorkOrderState.DONE)
    with pytest.raises(ValidationError, match="over"):
        assigning.assign(desk.agent, task, None)


def test_a_foreign_property_s_task_is_not_there(desk: Desk, task: WorkOrder, client: Client) -> None:
    other = factories.property_of(desk.organization, "Mill House")
    client.force_login(factories.limited(desk.organization, other))
    note = work_notes.add(desk.agent, task, "Key")
    for url in (
        reverse("reservations:assign-work", args=[task.public_id]),
        reverse("reservations:note-work", args=[task.public_id]),
        reverse("reservations:work-note-again", args=[note.public_id]),
    ):
        assert client.post(url, {"body": "x"}).status_code == 404


# --- notes ---
def test_a_note_stands_under_the_work_and_goes_to_the_pms(
    desk: Desk, thread: Thread, task: WorkOrder
) -> None:
    assert post(desk, "note-work", task.public_id, body="Key at the desk\nafter four") == 204
    intent = newest()
    assert (intent["work_order_id"], intent["body"]) == ("t1", "Key at the desk\nafter four")
    assert intent["author"] == desk.agent.full_name
    shown = panel(desk, thread)
    assert "Key at the desk" in shown
    assert "Waiting for the PMS" in shown
    settle(CommandState.CONFIRMED)
    assert "as a comment" in panel(desk, thread)
    for wrong in (" ", "x" * (work_notes.MOST + 1)):
        assert post(desk, "note-work", task.public_id, body=wrong) == 422


def test_a_note_that_failed_is_told_again_under_its_token(
    desk: Desk, thread: Thread, task: WorkOrder
) -> None:
    note = work_notes.add(desk.agent, task, "Key at the desk")
    first = newest()["reference"]
    settle(CommandState.FAILED, reason="The task is gone.")
    shown = panel(desk, thread)
    assert "Not in the PMS" in shown
    assert "The task is gone." in shown
    assert post(desk, "work-note-again", note.public_id) == 204
    assert newest()["reference"] == first
    assert Command.objects.count() == 2
    assert post(desk, "work-note-again", note.public_id) == 422


def test_a_note_waits_for_the_work_that_it_is_about(desk: Desk, thread: Thread, stay: Reservation) -> None:
    work = ordering.order(desk.agent, desk.connection, stay, Order(title="Lamp"))
    assert post(desk, "note-ordered", work.public_id, body="Ladder in the hall") == 204
    assert Command.objects.count() == 1
    assert "Ladder in the hall" in panel(desk, thread)
    settle(CommandState.CONFIRMED, remote_id="t77")
    assert newest()["work_order_id"] == "t77"
    note = WorkNote.objects.get()
    assert (note.remote_id, note.pms_state) == ("t77", PmsState.WAITING)
    listed = WorkOrder.objects.create(
        organization=desk.organization, connection=desk.connection, remote_id="t77", reservation=stay,
        title="Lamp", as_of=clock.now(),
    )  # fmt: skip
    identity.remember(desk.connection.pk, Entity.WORK_ORDER, "t77", listed.pk)
    assert panel(desk, thread).count("Ladder in the hall") == 1
    settle(CommandState.CONFIRMED)
    assert OrderedWork.objects.get().remote_id == "t77"


def test_what_a_pms_can_t_keep_is_kept_here_and_said(desk: Desk, thread: Thread, task: WorkOrder) -> None:
    desk.connection.slug = "cloudbeds"
    desk.connection.save()
    task.refresh_from_db()
    work_notes.add(desk.agent, task, "Key at the desk")
    assert "Kept here only" in panel(desk, thread)
    assert not Command.objects.exists()
    with pytest.raises(ValidationError, match="from outside"):
        assigning.assign(desk.agent, task, None)
