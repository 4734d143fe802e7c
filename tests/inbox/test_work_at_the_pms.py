"""Work given to somebody and remarked on, against the sandbox over HTTP: it reaches the PMS, what the PMS changes comes
back, and an outage delays it only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bellhop.core import clock
from connectors.inbound import regular
from connectors.models import SyncRun
from reservations.models import Contact, PmsPerson, PmsState, Reservation, WorkNote, WorkOrder
from reservations.services import assigning, directory, ordering, work_notes
from reservations.services.ordering import Order
from tests.connectors.pms.worlds import World, world
from tests.connectors.sandbox_process import SandboxProcess
from tests.pms import IntakeServer

KEYS = {
    "guesty": ("/guesty", {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}, "4187229630"),
    "hostaway": ("/hostaway/v1", {"account_id": "61010", "api_key": "sandbox-key"}, "TEST-0002"),
}
SOMEBODY = {"guesty": "Duarte Lopes", "hostaway": "Otto Brandt"}


@pytest.fixture(params=list(KEYS))
def pms(
    request: pytest.FixtureRequest,
    transactional_db: None,
    settings: Any,
    sandbox_process: SandboxProcess,
    intake_server: IntakeServer,
) -> Iterator[World]:
    path, keys, _code = KEYS[request.param]
    with world(settings, sandbox_process, intake_server, request.param, path, keys) as made:
        made.read_all()
        if made.slug == "guesty":
            made.subscribe()
        yield made


@pytest.fixture
def task(pms: World) -> WorkOrder:
    """Ordered from here, and listed by the PMS."""
    field = {"guesty": "code", "hostaway": "channel_code"}[pms.slug]
    stay = Reservation.objects.get(connection=pms.connection, **{field: KEYS[pms.slug][2]})
    ordering.order(pms.desk.agent, pms.connection, stay, Order(title="Lamp", description="In the hall"))
    pms.run()
    reads(pms)
    return WorkOrder.objects.get(title="Lamp")


@pytest.fixture
def plumber(pms: World) -> Contact:
    return Contact.objects.create(organization=pms.desk.organization, name="Bay Plumbing", trade="plumber")


def reads(pms: World) -> None:
    """What the PMS tells by webhook, else what is read at intervals."""
    if pms.slug == "guesty":
        return pms.hear()
    SyncRun.objects.filter(purpose=SyncRun.Purpose.POLL, finished_at__isnull=False).update(next_try_at=None)
    regular.start_due(clock.now())
    return pms.sync()


def at_pms(pms: World, task: WorkOrder) -> dict[str, Any]:
    [found] = [one for one in pms.control("tasks")["tasks"] if one["id"] == task.remote_id]
    return {"description": "", "comments": [], **found["extra"]}


def person(pms: World, name: str) -> PmsPerson:
    return next(one for one in directory.pms_people(pms.connection.pk) if one.name == name)


def assignee(pms: World, task: WorkOrder) -> str:
    field = {"guesty": "assigneeId", "hostaway": "assigneeUserId"}[pms.slug]
    return str(at_pms(pms, task).get(field) or "")


def test_a_vendor_then_one_of_theirs_then_nobody(pms: World, task: WorkOrder, plumber: Contact) -> None:
    assigning.assign(pms.desk.agent, task, plumber)
    pms.run()
    assert "Assigned to: Bay Plumbing" in at_pms(pms, task)["description"]
    reads(pms)
    task.refresh_from_db()
    assert (task.assignee, task.contact, task.assign_state) == ("Bay Plumbing", plumber, PmsState.DONE)
    assert task.description.startswith("In the hall")
    assert "Assigned" not in task.description

    theirs = person(pms, SOMEBODY[pms.slug])
    assigning.assign(pms.desk.agent, task, theirs)
    pms.run()
    assert assignee(pms, task) == theirs.remote_id
    assert "Assigned" not in at_pms(pms, task)["description"]
    reads(pms)
    task.refresh_from_db()
    assert (task.assignee, task.contact) == (theirs.name, None)

    assigning.assign(pms.desk.agent, task, None)
    pms.run()
    assert assignee(pms, task) == ""
    reads(pms)
    task.refresh_from_db()
    assert (task.does_it, task.assign_state) == ("", PmsState.DONE)


def test_what_the_pms_changes_comes_back(pms: World, task: WorkOrder, plumber: Contact) -> None:
    assigning.assign(pms.desk.agent, task, plumber)
    pms.run()
    reads(pms)
    theirs = person(pms, SOMEBODY[pms.slug])
    pms.forward(2)  # Hostaway's times are whole seconds
    pms.control(f"tasks/{task.remote_id}", "POST", assignee=theirs.remote_id)
    reads(pms)
    task.refresh_from_db()
    assert (task.does_it, task.contact, task.assign_state) == (theirs.name, None, "")


def test_a_note_is_kept_once_while_the_pms_goes_down_and_answers_are_lost(
    pms: World, task: WorkOrder
) -> None:
    note = work_notes.add(pms.desk.agent, task, "Key at the desk")
    pms.fault("down", mode="503")
    pms.run()
    note.refresh_from_db()
    assert note.pms_state == PmsState.WAITING
    pms.heal()
    pms.fault("cut_after_work", count=1, method="PUT")
    for _ in range(6):
        pms.forward(121)
        pms.run()
    note.refresh_from_db()
    assert note.pms_state == PmsState.DONE
    kept = at_pms(pms, task)
    said = [one["text"] for one in kept["comments"]] + kept["description"].splitlines()
    assert len([line for line in said if "Key at the desk" in line]) == 1
    assert pms.desk.agent.full_name in next(line for line in said if "Key at the desk" in line)
    reads(pms)
    task.refresh_from_db()
    assert "Key at the desk" not in task.description, "it stands under the work already"


def test_notes_on_work_that_came_from_the_pms(pms: World) -> None:
    theirs = WorkOrder.objects.filter(connection=pms.connection).order_by("id")[0]
    for body in ("First", "Second"):
        work_notes.add(pms.desk.agent, theirs, body)
    pms.run()
    assert set(WorkNote.objects.values_list("pms_state", flat=True)) == {PmsState.DONE}
    kept = at_pms(pms, theirs)
    said = "\n".join([*(one["text"] for one in kept["comments"]), kept["description"]])
    assert said.index("First") < said.index("Second")
