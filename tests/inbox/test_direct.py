"""Messages on a channel of our own, against the sandbox: one thread, two legs, nothing twice (flows A and B)."""

from __future__ import annotations

import base64
import json

import pytest

from bellhop.core import files
from connectors.trust import casefile
from inbox.models import Destination, Message, Receipt, ReceiptState, Thread
from inbox.services import fetching, reply, ways
from reservations.models import ContactKind, ContactPoint
from tests import factories
from tests.channels import OUR_NUMBER, Phones
from tests.core.test_files import with_place
from tests.pms import Pms

GUEST = "+14155550131"


@pytest.fixture
def phones(pms: Pms) -> Phones:
    return Phones(pms)


@pytest.fixture
def thread(pms: Pms) -> Thread:
    """The thread of a stay whose guest has a phone, with a conversation at the PMS."""
    found = pms.thread()
    pms.read_stay()
    found.refresh_from_db()
    assert found.guest is not None
    ContactPoint.objects.create(
        organization=found.organization, guest=found.guest, kind=ContactKind.PHONE, value=GUEST
    )
    return found


def receipts(message: Message) -> dict[str, str]:
    return dict(Receipt.objects.filter(message=message).values_list("destination", "state"))


def test_a_text_lands_in_the_thread_of_the_stay_and_is_kept_in_the_pms(
    pms: Pms, phones: Phones, thread: Thread
) -> None:
    pms.subscribe()
    phones.texts(GUEST, "Can we stay until one?")
    message = Message.objects.get(body="Can we stay until one?")
    assert (message.thread_id, message.channel, message.author) == (thread.pk, "sms", "guest")
    # Guesty tells no webhook about notes: it took it, nobody saw it.
    assert receipts(message) == {Destination.PMS: ReceiptState.SENT}
    kept = [post["body"] for post in pms.posts(thread) if "Can we stay until one?" in post["body"]]
    assert len(kept) == 1
    assert kept[0].startswith("Guest →")
    assert Message.objects.filter(body__contains="until one").count() == 1


def test_the_answer_goes_back_the_way_it_came_and_the_pms_keeps_it(
    pms: Pms, phones: Phones, thread: Thread
) -> None:
    """Invariants 3 and 5: once on the phone, once in the PMS, a receipt for each."""
    pms.subscribe()
    phones.texts(GUEST, "Can we stay until one?")
    thread.refresh_from_db()
    message = pms.reply(thread, "Yes, until 13:00.")
    phones.arrives(GUEST, "Yes, until 13:00.")
    both = {Destination.GUEST: ReceiptState.DELIVERED, Destination.PMS: ReceiptState.SENT}
    phones.until(lambda: receipts(message) == both)
    kept = [post for post in pms.posts(thread) if "Yes, until 13:00." in post["body"]]
    assert len(kept) == 1
    assert Message.objects.filter(body__contains="until 13:00").count() == 1


def test_a_photo_by_mms_is_kept_without_its_place(pms: Pms, phones: Phones, thread: Thread) -> None:
    """Invariant 11: fetched with our credentials, through the provider's redirect, cleaned."""
    photo = {"filename": "key.jpg", "mime": "image/jpeg", "data": base64.b64encode(with_place()).decode()}
    phones.texts(GUEST, "Is this the key?", files=[photo])
    file = Message.objects.get(body="Is this the key?").attachments.get()
    assert fetching.fetch_due() == 1
    file.refresh_from_db()
    assert (file.sniffed_type, file.width, file.height) == ("image/jpeg", 200, 400)
    assert b"Nokia" not in files.read(file.storage_key)


def test_a_case_file_holds_both_legs(pms: Pms, phones: Phones, thread: Thread) -> None:
    """N15: one timeline, and no number of the guest's in it; also where no PMS ever heard of the thread."""
    phones.texts(GUEST, "Can we stay until one?")
    message = pms.reply(thread, "Yes, until 13:00.")
    phones.arrives(GUEST, "Yes, until 13:00.")
    phones.until(lambda: receipts(message)[Destination.GUEST] == ReceiptState.DELIVERED)
    found = casefile.of(pms.desk.people["Admin"], "message", message.public_id)
    assert found is not None
    assert found.pms.startswith("Twilio")
    told = json.dumps(casefile.as_json(found))
    assert "at_the_guest" in told
    assert "at_the_pms" in told
    assert "13:00" not in told
    assert GUEST.lstrip("+") not in told
    lines = [entry.what for entry in found.timeline]
    assert any(line.startswith("Send on a channel") for line in lines)
    assert any(line.startswith("Add note") and line.endswith(f", {pms.connection.name}") for line in lines)
    phones.texts("+14155550177", "Do you have a room?")
    alone = Message.objects.get(body="Do you have a room?")
    found = casefile.of(pms.desk.people["Admin"], "message", alone.public_id)
    assert found is not None
    assert [entry.kind for entry in found.timeline] == ["webhook"]


def test_a_text_leaves_the_pms_its_own_channel(pms: Pms, phones: Phones, thread: Thread) -> None:
    """ux C8: whatever way the guest used last, what goes through the PMS follows the rules of its channel."""
    before = ways.of(thread)[0]
    phones.texts(GUEST, "Hello?")
    Thread.objects.filter(pk=thread.pk).update(pms_channel="airbnb")
    thread.refresh_from_db()
    assert thread.channel == "sms"
    through = ways.of(thread)[0]
    assert (through.key, through.channel, through.refusal) == (before.key, "airbnb", "")
    with pytest.raises(reply.AgainstRules):
        pms.reply(thread, "Book direct next time: https://harbour.example", via=through.key)


def test_a_conversation_that_comes_after_a_text_says_its_channel(pms: Pms, phones: Phones) -> None:
    """The guest texted before the PMS opened a conversation."""
    booked = pms.control("book", "POST", guest_name="Nina Petrova", phone=GUEST, conversation=False)
    pms.read_stay(booked["reservation"]["id"])
    phones.texts(GUEST, "Hello?")
    thread = Message.objects.get(body="Hello?").thread
    assert thread.guest is not None
    pms.control(f"reservations/{booked['reservation']['id']}/open-conversation", "POST")
    told = pms.thread(booked["reservation"]["id"])
    assert told.pk == thread.pk
    assert told.channel_raw
    assert told.channel == "sms"
    assert ways.of(told)[0].is_allowed


def test_a_stranger_gets_a_thread_of_their_own(pms: Pms, phones: Phones) -> None:
    phones.texts("+14155550177", "Do you have a room?")
    phones.texts("+14155550177", "For two?")
    thread = Thread.objects.get(messages__body="For two?")
    assert (thread.guest, thread.stay, thread.connection) == (None, None, None)
    assert factories.bodies(thread) == ["Do you have a room?", "For two?"]
    assert not Receipt.objects.filter(thread=thread).exists()
    pms.reply(thread, "Yes, we do.")
    phones.arrives("+14155550177", "Yes, we do.")


def test_who_texts_stop_is_written_to_no_more(pms: Pms, phones: Phones, thread: Thread) -> None:
    phones.texts(GUEST, "Hi")
    phones.texts(GUEST, "STOP")
    choice = next(one for one in ways.of(thread) if one.value == GUEST and one.channel == "sms")
    assert "stopped" in choice.refusal
    thread.refresh_from_db()
    phones.texts(GUEST, "START")
    choice = next(one for one in ways.of(thread) if one.value == GUEST and one.channel == "sms")
    assert choice.is_allowed
    assert OUR_NUMBER in phones.connection.addresses.values()
