"""A guest may be in danger: the thread is flagged, its readers are told, whom to call is named, a person ends it."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bellhop.accounts.models import AuditEntry
from bellhop.core.models import LiveEvent
from inbox.live import audience, fragments
from inbox.models import Notice, Thread
from inbox.services import emergencies, merging, notices
from reservations.models import Contact, OnCallShift
from tests import factories
from tests.channels import Phones
from tests.factories import Desk
from tests.pms import Pms

GAS = "It smells of gas in the kitchen!"


@pytest.fixture
def thread(desk: Desk) -> Thread:
    return factories.thread(desk, factories.stay(desk, starts_in=-1))


@pytest.fixture
def on_call(desk: Desk) -> Contact:
    row = Contact.objects.create(
        organization=desk.organization, name="Harbour Night Desk", trade="security", phone="+14015550172"
    )
    OnCallShift.objects.create(
        organization=desk.organization, contact=row, starts_at=time(0), ends_at=time(0), property=desk.place
    )
    return row


def head(desk: Desk, thread: Thread, role: str = "Agent") -> str:
    client = Client()
    client.force_login(desk.people[role])
    return client.get(reverse("inbox:head", args=[thread.public_id])).content.decode()


def act(desk: Desk, thread: Thread, action: str, role: str = "Agent") -> int:
    client = Client()
    client.force_login(desk.people[role])
    return client.post(reverse("inbox:act", args=[thread.public_id, action])).status_code


def test_the_thread_says_so_and_whom_to_call(desk: Desk, thread: Thread, on_call: Contact) -> None:
    message = factories.says(thread, GAS)
    shown = head(desk, thread)
    for words in (
        "Emergency?",
        "Smell of gas",
        "Harbour Night Desk",
        "tel:+14015550172",
        f"m-{message.public_id}",
    ):
        assert words in shown
    client = Client()
    client.force_login(desk.agent)
    assert "data-emergency" in client.get("/inbox/all/").content.decode()
    reader = head(desk, thread, "Marketer")
    assert "Harbour Night Desk" in reader
    assert "+1 401" not in reader
    assert "Handled" not in reader


def test_nobody_on_call_is_said_with_the_way_to_change_it(desk: Desk, thread: Thread) -> None:
    factories.says(thread, GAS)
    assert "Nobody is on call." in head(desk, thread)
    link = reverse("reservations:rota", args=[desk.place.public_id])
    assert link not in head(desk, thread)
    assert link in head(desk, thread, "Operations manager")


def test_whoever_reads_the_thread_is_told_once(desk: Desk, thread: Thread) -> None:
    other = factories.property_of(desk.organization, "Mill House")
    limited = factories.limited(desk.organization, other)
    factories.says(thread, GAS)
    factories.says(thread, "There is smoke coming from the oven")
    told = Notice.objects.filter(kind=Notice.Kind.EMERGENCY)
    assert {one.user for one in told} == {one for role, one in desk.people.items() if role != "Housekeeper"}
    assert not told.filter(user=limited).exists()
    assert told.count() == len(desk.people) - 1
    assert notices.words(told[0]).endswith(GAS)
    assert {event.data["tone"] for event in LiveEvent.objects.filter(topic="alert")} == {"bad"}
    thread.refresh_from_db()
    assert thread.emergency == "gas", "the first message stands"


def test_open_screens_are_told_with_the_row(desk: Desk, thread: Thread) -> None:
    factories.says(thread, GAS)
    viewer, housekeeper = audience.of(desk.agent), audience.of(desk.people["Housekeeper"], on_board=True)
    told = fragments.render([viewer, housekeeper], list(LiveEvent.objects.order_by("id")))
    assert "data-emergency" in told[viewer]["rows"][thread.public_id]
    assert not told[housekeeper]


@pytest.mark.parametrize("how", ["staff", "history", "calm", "blocked"])
def test_what_flags_nothing(desk: Desk, thread: Thread, how: str) -> None:
    if how == "staff":
        factories.staff_says(thread, GAS)
    elif how == "history":
        factories.says(thread, GAS, history=True)
    elif how == "calm":
        factories.says(thread, "Do you have a gas grill?")
    else:
        Thread.objects.filter(pk=thread.pk).update(blocked_at=thread.created_at)
        factories.says(thread, GAS)
    thread.refresh_from_db()
    assert thread.emergency_at is None
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("action", "words"), [("handled", "Emergency handled"), ("false-alarm", "Not an emergency")]
)
def test_a_person_ends_it_and_takes_that_back(desk: Desk, thread: Thread, action: str, words: str) -> None:
    factories.says(thread, GAS)
    assert act(desk, thread, action, "Marketer") == 403
    assert act(desk, thread, action) == 204
    assert 'id="emergency"' not in head(desk, thread)
    assert "It is an emergency after all" in head(desk, thread)
    assert not Notice.objects.filter(read_at__isnull=True).exists()
    client = Client()
    client.force_login(desk.agent)
    log = client.get(reverse("inbox:log", args=[thread.public_id])).content.decode()
    assert words in log
    assert desk.agent.full_name in log
    assert AuditEntry.objects.filter(action=f"emergency.{action.replace('-', '_')}", user=desk.agent).exists()
    assert act(desk, thread, "emergency") == 204
    assert 'id="emergency"' in head(desk, thread)
    assert AuditEntry.objects.filter(action="emergency.flagged").exists()


def test_another_message_flags_it_again(desk: Desk, thread: Thread) -> None:
    factories.says(thread, GAS)
    emergencies.end(desk.agent, thread, emergencies.FALSE_ALARM)
    emergencies.end(desk.agent, thread, emergencies.FALSE_ALARM)
    assert AuditEntry.objects.filter(action="emergency.false_alarm").count() == 1
    factories.says(thread, "The bathroom is flooded")
    assert (thread.emergency, thread.emergency_over_at) == ("water", None)
    with pytest.raises(PermissionDenied):
        emergencies.end(desk.people["Housekeeper"], thread, emergencies.HANDLED)


def test_the_flag_goes_along_when_threads_are_merged_and_comes_back(desk: Desk, thread: Thread) -> None:
    target = factories.thread(desk)
    factories.says(thread, GAS)
    merging.merge_by(desk.agent, thread, target)
    target.refresh_from_db()
    assert target.emergency == "gas"
    assert "Smell of gas" in head(desk, target)
    merging.undo(desk.agent, merging.undoable(target)[0])
    for row, flagged in ((thread, True), (target, False)):
        row.refresh_from_db()
        assert (row.emergency_at is not None) is flagged


def test_lists_cost_the_same_with_many(desk: Desk, client: Client, steady_clock: None) -> None:
    client.force_login(desk.agent)
    costs = []
    for count in (1, 5):
        for _ in range(count):
            factories.says(factories.thread(desk, factories.stay(desk)), GAS)
        with CaptureQueriesContext(database) as captured:
            assert client.get("/inbox/all/").status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_a_text_on_a_channel_of_our_own_counts_too(pms: Pms) -> None:
    phones = Phones(pms)
    pms.subscribe()
    phones.texts("+14155550131", "Estamos atrapados en el ascensor")
    found = Thread.objects.get(emergency="lift")
    assert found.emergency_at is not None
    told: Any = Notice.objects.filter(kind=Notice.Kind.EMERGENCY, thread=found)
    assert told.exists()
