"""Replies that leave later: changed in place until due, never in the way of others, ended with their stay (ux C12)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client

from bellhop.core import clock, events
from connectors.models import Command, CommandState
from connectors.outbound import claim, outbox
from connectors.outbound.outbox import NotPossible
from inbox.models import Message, Receipt, Thread, ThreadEvent
from inbox.services import later, notices, reply, ways
from inbox.services.refusals import ReplyRefused
from reservations.events import FieldChange, StayChanged
from reservations.models import ContactKind, Reservation
from tests import factories
from tests.channels import connect_twilio
from tests.factories import Desk


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    return factories.stay(desk, starts_in=3)


@pytest.fixture
def thread(desk: Desk, stay: Reservation) -> Thread:
    return factories.thread(desk, stay)


@pytest.fixture
def message(desk: Desk, thread: Thread) -> Message:
    return factories.answers(desk.agent, thread, "See you tomorrow", send_at=clock.now() + timedelta(days=1))


def command_of(message: Message) -> Command:
    return Command.objects.get(pk=Receipt.objects.filter(message=message)[0].command_id or 0)


def cancel(stay: Reservation) -> None:
    changes = (FieldChange(field="status", old="confirmed", new="cancelled"),)
    with transaction.atomic():
        events.emit(StayChanged(reservation=stay, created=False, changes=changes, history=False))


def test_text_and_time_change_in_the_same_row(desk: Desk, thread: Thread, message: Message) -> None:
    before = command_of(message)
    at = clock.now() + timedelta(days=2)
    later.change(desk.agent, message, "  See you on Friday ", at, keep_if_cancelled=True)
    after = command_of(message)
    assert (after.pk, after.intent["body"], after.due_at) == (before.pk, "See you on Friday", at)
    assert after.fingerprint != before.fingerprint
    message.refresh_from_db()
    assert (message.body, message.send_at, message.keep_if_cancelled) == ("See you on Friday", at, True)
    thread.refresh_from_db()
    assert thread.preview == "See you on Friday"
    assert Command.objects.count() == Message.objects.count() == 1


def test_each_leg_of_a_text_gets_its_own_words(desk: Desk, stay: Reservation, thread: Thread) -> None:
    """The copy for the PMS keeps its head: who said it to whom, where and when."""
    connect_twilio(desk.organization, "https://sms.example")
    assert stay.guest is not None
    stay.guest.contact_points.create(
        organization=desk.organization, kind=ContactKind.PHONE, value="+14155550131"
    )
    text = next(one for one in ways.of(thread) if one.channel == "sms" and not one.is_pms)
    at = clock.now() + timedelta(days=1)
    message = factories.answers(desk.agent, thread, "See you tomorrow", send_at=at, via=text.key)
    later.change(desk.agent, message, "See you on Friday", at, keep_if_cancelled=False)
    to_guest, copy = (Command.objects.get(pk=pk) for pk in reply.command_ids(message))
    assert (to_guest.kind, to_guest.intent["body"]) == ("send_direct", "See you on Friday")
    assert copy.intent["body"].startswith("→ Guest SMS")
    assert copy.intent["body"].endswith("\nSee you on Friday")


def test_what_is_refused(desk: Desk, message: Message) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    for body, at in (
        ("", tomorrow),
        ("{{ guest.name }}", tomorrow),
        ("x", None),
        ("x", tomorrow + timedelta(days=400)),
    ):
        with pytest.raises(ReplyRefused):
            later.change(desk.agent, message, body, at, keep_if_cancelled=False)
    with pytest.raises(NotPossible):
        later.change(factories.person(desk.organization), message, "x", tomorrow, keep_if_cancelled=False)
    with pytest.raises(PermissionDenied):
        later.change(desk.people["Marketer"], message, "x", tomorrow, keep_if_cancelled=False)


def test_too_late_once_a_worker_has_had_it(desk: Desk, message: Message) -> None:
    outbox.send_now(command_of(message).pk)
    assert claim.take() is not None
    with pytest.raises(NotPossible):
        later.change(desk.agent, message, "x", clock.now() + timedelta(days=1), keep_if_cancelled=False)


def test_it_does_not_hold_the_replies_of_today(desk: Desk, thread: Thread, message: Message) -> None:
    today = factories.answers(desk.agent, thread, "Hello today")
    taken = claim.take()
    assert taken is not None
    assert taken.command == command_of(today)


def test_it_can_be_cancelled_back_into_the_draft(desk: Desk, message: Message) -> None:
    assert reply.withdraw(desk.agent, message).body == "See you tomorrow"


def test_it_ends_with_its_stay(desk: Desk, stay: Reservation, thread: Thread, message: Message) -> None:
    kept = factories.answers(
        desk.agent,
        thread,
        "Sorry to see you go",
        send_at=clock.now() + timedelta(days=1),
        keep_if_cancelled=True,
    )
    soon = factories.answers(desk.agent, thread, "On its way")
    command = command_of(message)
    cancel(stay)
    command.refresh_from_db()
    assert command.state == CommandState.CANCELLED
    assert {command_of(row).state for row in (kept, soon)} == {CommandState.WAITING}
    assert factories.bodies(thread) == ["Sorry to see you go", "On its way"]
    told = ThreadEvent.objects.get(kind="later_cancelled")
    assert told.data == {"text": "See you tomorrow"}
    assert "the stay was cancelled" in notices.words(notices.of(desk.agent)[0])


def test_the_bubble_offers_it_and_says_why_not(
    desk: Desk, thread: Thread, message: Message, client: Client
) -> None:
    client.force_login(desk.agent)
    address = f"/messages/{message.public_id}/later/"
    assert address in client.get(f"/inbox/all/{thread.public_id}/").content.decode()
    past = client.post(address, {"body": "x", "send_at": "2001-01-01T00:00"})
    assert "That time is past" in past.content.decode()
    client.post(address, {"body": "Another text", "send_at": "2031-05-06T07:00"}, follow=True)
    message.refresh_from_db()
    assert message.body == "See you tomorrow", "2031 is more than a year ahead"
    at = (clock.now() + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    client.post(address, {"body": "Another text", "send_at": at})
    message.refresh_from_db()
    assert message.body == "Another text"
