"""Whose message is it: matching by address and dates, adoption, linking, merging, splitting, and taking it back."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from bellhop.core import clock
from connectors.contract.direct import Address, AddressKind, Channel, DirectMessageRecord
from connectors.events import Source
from connectors.inbound import direct
from connectors.models import Command, CommandKind, Connection
from inbox.models import Message, Thread, ThreadMerge
from inbox.services import blocking, find, matching, merging, reply
from reservations.events import StayChanged
from reservations.models import ContactKind, ContactPoint, Guest, Reservation
from reservations.services import guests
from tests import factories
from tests.channels import connect_twilio
from tests.factories import Desk

pytestmark = pytest.mark.django_db
PHONE = "+14155550131"
_ids = itertools.count(1)


@pytest.fixture
def line(desk: Desk) -> Connection:
    return connect_twilio(desk.organization, "https://sms.example")


def texts(line: Connection, body: str, phone: str = PHONE, **fields: Any) -> Thread:
    """A text comes in. Returns the thread that it is in."""
    record = DirectMessageRecord(
        external_id=f"SM{next(_ids)}",
        body_text=body,
        **{
            "channel": Channel.SMS,
            "guest": Address(kind=AddressKind.PHONE, value=phone),
            "sent_at": clock.now(),
            **fields,
        },
    )
    with transaction.atomic():
        direct.apply(Source(connection=line), record, clock.now())
    return Message.objects.get(remote_id=record.external_id).thread


def knows(stay: Reservation, phone: str = PHONE) -> Reservation:
    """The guest of a stay is known by a phone."""
    ContactPoint.objects.create(
        organization=stay.organization, guest=stay.guest, kind=ContactKind.PHONE, value=phone
    )
    return stay


def arrives(stay: Reservation) -> None:
    """The PMS told a stay for the first time."""
    from bellhop.core import events

    with transaction.atomic():
        events.emit(StayChanged(reservation=stay, changes=(), created=True, history=False))


def test_the_stay_in_house_comes_before_the_next_and_the_last(desk: Desk, line: Connection) -> None:
    """ux V4: one guest with three stays."""
    past = knows(factories.stay(desk, starts_in=-30))
    guest = past.guest
    factories.thread(desk, past)
    coming = factories.thread(desk, factories.stay(desk, starts_in=20, guest=guest))
    assert texts(line, "When can we come?").pk == coming.pk
    here = factories.thread(desk, factories.stay(desk, starts_in=-1, guest=guest))
    assert texts(line, "No hot water").pk == here.pk


def test_a_thread_is_found_by_the_address_it_runs_over(desk: Desk, line: Connection) -> None:
    """Nobody knows the number as a guest's; by those only who may see numbers. A merge takes words along."""
    named = Address(kind=AddressKind.PHONE, value=PHONE, name="Jo Lee")
    one, other = texts(line, "Have you a room?", guest=named), texts(line, "And a cot?", phone="+14155550132")
    for typed in (PHONE, "1 415-555-0131", "+1 (415) 555-0131"):
        assert find.find(desk.agent, typed).threads == [one]
    assert find.find(desk.people["Marketer"], PHONE).threads == []
    assert find.find(factories.desk("other").agent, PHONE).threads == []
    merging.merge_by(desk.agent, other, one)
    assert find.find(desk.agent, "+14155550132").threads == [one]
    assert [message.thread for message in find.find(desk.agent, "cot").messages] == [one]


def test_a_mail_is_found_by_its_subject(desk: Desk, line: Connection) -> None:
    mail = {
        "channel": Channel.EMAIL,
        "subject": "Wedding block",
        "guest": Address(kind=AddressKind.EMAIL, value="jo@mail.example"),
    }
    thread = texts(line, "See above", **mail)
    assert [message.thread for message in find.find(desk.agent, "wedding").messages] == [thread]
    assert find.find(desk.agent, "Jo@mail.example").threads == [thread]


def test_two_guests_under_one_number_are_offered_and_not_guessed(desk: Desk, line: Connection) -> None:
    """ux V7, V11."""
    one = knows(factories.stay(desk, "Maria Lindqvist"))
    other = knows(factories.stay(desk, "Jonas Weber"))
    thread = texts(line, "It's us")
    assert (thread.guest, thread.stay) == (None, None)
    found = matching.candidates(desk.agent, thread)
    assert {candidate.stay.pk for candidate in found} == {one.pk, other.pk}
    assert all("same number" in candidate.reasons for candidate in found)
    assert texts(line, "Hello?").pk == thread.pk


def test_two_guests_under_one_number_of_whom_one_is_here(desk: Desk, line: Connection) -> None:
    here = factories.thread(desk, knows(factories.stay(desk, "Maria Lindqvist", starts_in=-1)))
    knows(factories.stay(desk, "Jonas Weber", starts_in=40))
    assert texts(line, "The key doesn't turn").pk == here.pk


def test_a_later_reservation_adopts_the_unmatched_thread(desk: Desk, line: Connection) -> None:
    thread = texts(line, "Have you a room on Friday?")
    assert thread.stay is None
    stay = knows(factories.stay(desk, starts_in=3, conversation_id=""))
    arrives(stay)
    thread.refresh_from_db()
    message = Message.objects.get(body="Have you a room on Friday?")
    target = message.thread
    assert (target.stay, target.guest) == (stay, stay.guest)
    copies = Command.objects.filter(subject=f"message:{message.pk}", kind=CommandKind.ADD_NOTE)
    assert copies.count() == 1


def test_a_new_number_of_a_known_guest_adopts_too(desk: Desk, line: Connection) -> None:
    stay = factories.stay(desk)
    home = factories.thread(desk, stay)
    thread = texts(line, "This is my new number")
    assert stay.guest is not None
    with transaction.atomic():
        guests.add_points(stay.guest, [(ContactKind.PHONE, PHONE)])
    assert Message.objects.get(body="This is my new number").thread_id == home.pk
    thread.refresh_from_db()
    assert thread.merged_into_id == home.pk


def test_several_people_under_an_address_adopt_nothing(desk: Desk, line: Connection) -> None:
    thread = texts(line, "Which of us?")
    knows(factories.stay(desk, "Maria Lindqvist"))
    arrives(knows(factories.stay(desk, "Jonas Weber")))
    thread.refresh_from_db()
    assert (thread.stay, thread.merged_into_id) == (None, None)


def test_linking_moves_what_was_said_and_what_comes_next(
    desk: Desk, line: Connection, client: Client
) -> None:
    home = factories.thread(desk, factories.stay(desk))
    stranger = texts(line, "Hi, room 204 here")
    assert home.stay is not None
    assert matching.link(desk.agent, stranger, home.stay).pk == home.pk
    assert texts(line, "And another thing").pk == home.pk
    # Both ids lead to the one thread.
    client.force_login(desk.agent)
    answer = client.get(f"/inbox/all/{stranger.public_id}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/inbox/all/{home.public_id}/")
    assert client.get("/inbox/all/").content.decode().count("data-thread=") <= 1


def test_a_merge_can_be_taken_back(desk: Desk, line: Connection) -> None:
    """ux T7: for 30 days, everything as it was."""
    home = factories.thread(desk, factories.stay(desk))
    factories.says(home, "By Airbnb")
    stranger = texts(line, "By text")
    reply.reply(desk.agent, stranger, "Who is it?", reply.ReplyOptions(client_token="token-merge-1"))
    merging.merge_by(desk.agent, stranger, home)
    assert factories.bodies(home) == ["By Airbnb", "By text", "Who is it?"]
    row = ThreadMerge.objects.get()
    merging.undo(desk.agent, row)
    home.refresh_from_db()
    stranger.refresh_from_db()
    assert (factories.bodies(home), factories.bodies(stranger)) == (["By Airbnb"], ["By text", "Who is it?"])
    assert (stranger.merged_into_id, stranger.status) == (None, "open")
    assert texts(line, "Still me").pk == stranger.pk


def test_after_thirty_days_it_stays(desk: Desk, line: Connection) -> None:
    home = factories.thread(desk, factories.stay(desk))
    merging.merge_by(desk.agent, texts(line, "By text"), home)
    ThreadMerge.objects.update(at=clock.now() - timedelta(days=31))
    with pytest.raises(merging.CannotMerge):
        merging.undo(desk.agent, ThreadMerge.objects.get())


def test_a_conversation_of_the_pms_goes_on_in_the_merged_thread(desk: Desk) -> None:
    one = factories.thread(desk, factories.stay(desk))
    other = factories.thread(desk, factories.stay(desk))
    merging.merge_by(desk.agent, one, other)
    factories.told(one, "Said in the old conversation")
    assert "Said in the old conversation" in factories.bodies(other)


def test_splitting_gives_a_stranger_a_thread_of_their_own(desk: Desk, line: Connection) -> None:
    """ux V11: two people talked in one thread."""
    home = factories.thread(desk, knows(factories.stay(desk)))
    texts(line, "From Maria")
    factories.says(home, "By Airbnb")
    message = Message.objects.get(body="From Maria")
    target = merging.split_by(desk.agent, home, [message.pk])
    assert factories.bodies(target) == ["From Maria"]
    assert texts(line, "Again from that number").pk == target.pk
    merging.undo(desk.agent, ThreadMerge.objects.get())
    assert "From Maria" in factories.bodies(home)


def test_a_blocked_sender_opens_nothing(desk: Desk, line: Connection) -> None:
    """ux V7."""
    thread = texts(line, "Buy gold!")
    blocking.block(desk.agent, thread, blocked=True)
    texts(line, "Buy more gold!")
    thread.refresh_from_db()
    assert (thread.status, thread.waiting_since) == ("closed", None)
    assert len(factories.bodies(thread)) == 2


def test_who_may_not_match_may_not_merge(desk: Desk, line: Connection) -> None:
    from django.core.exceptions import PermissionDenied

    home = factories.thread(desk, factories.stay(desk))
    with pytest.raises(PermissionDenied):
        merging.merge_by(desk.people["Marketer"], texts(line, "x"), home)
    foreign = factories.desk("mill")
    with pytest.raises(merging.CannotMerge):
        merging.merge_by(desk.agent, home, factories.thread(foreign))
    assert Guest.objects.filter(organization=foreign.organization).count() == 0


def test_a_propertys_own_number_is_seen_by_its_people(desk: Desk, line: Connection) -> None:
    """Invariant 10: what a stranger writes to all properties is for who sees all of them."""
    other = factories.property_of(desk.organization, "Mill Lane")
    limited = factories.limited(desk.organization, desk.place)
    assert texts(line, "To everybody").pk not in factories.visible(limited)
    line.place_id = desk.place.pk
    line.save()
    assert texts(line, "To the house", "+14155550132").pk in factories.visible(limited)
    line.place_id = other.pk
    line.save()
    assert texts(line, "To the mill", "+14155550133").pk not in factories.visible(limited)
