"""One lock order for the whole system. What is told to open screens is no part of it: telling takes no lock, so that a
webhook may go on to settle the Command whose worker is about to tell something itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bellhop.core import clock, live
from bellhop.core.models import LiveEvent
from connectors.contract.records import AuthorKind, ConversationRecord, Direction, MessageRecord
from connectors.events import Source
from connectors.inbound.apply import apply
from connectors.models import Command, CommandState
from connectors.outbound import claim, settle
from connectors.outbound.claim import Claim
from inbox.models import Thread
from inbox.services import reply, ways
from reservations.models import ContactKind
from reservations.services import consent
from tests import factories
from tests.channels import connect_twilio
from tests.concurrency.both import Turn, together, waits_for_a_lock
from tests.factories import Desk
from tests.harness.waiting import eventually


def echo_meets_answer(desk: Desk) -> list[Any]:
    """The webhook of our own message, which also changes its conversation, while the worker settles that message."""
    thread = factories.thread(desk)
    factories.answers(desk.agent, thread, "Both at once")
    held = claim.take()
    assert isinstance(held, Claim)
    told, settled = Turn(), Turn()

    def webhook() -> str:
        source = Source(connection=desk.connection)
        with transaction.atomic():
            apply(source, ConversationRecord(external_id=thread.conversation_id, channel_raw="whatsapp"))
            told.pass_by()
            eventually(lambda: waits_for_a_lock() or settled.reached(0))
            return apply(source, echo_of(thread))

    def worker() -> str:
        told.reached()
        try:
            return settle.confirmed(held, "p1", status=200).state
        finally:
            settled.pass_by()

    return together(webhook, worker)


def echo_of(thread: Thread) -> MessageRecord:
    return MessageRecord(
        external_id="p1",
        conversation_id=thread.conversation_id,
        direction=Direction.OUTBOUND,
        author_kind=AuthorKind.STAFF,
        body_text="Both at once",
        sent_at=clock.now(),
    )


def test_telling_holds_up_nobody(desk: Desk) -> None:
    """The webhook has told something while the worker tells and commits: nobody waits, nobody is killed."""
    assert echo_meets_answer(desk) == ["our own message", "confirmed"]
    assert Command.objects.get().state == CommandState.CONFIRMED
    numbers = [event.number for event in live.since(desk.organization.pk, 0) or []]
    assert numbers == list(range(1, LiveEvent.objects.count() + 1))
    assert LiveEvent.objects.filter(data__what="state").exists()


def test_what_is_rolled_back_is_not_told(desk: Desk) -> None:
    @transaction.atomic
    def fails() -> None:
        live.append(desk.organization.pk, [live.Change(topic="never")])
        type(desk.organization).objects.create(name="x", slug=desk.organization.slug, created_at=clock.now())

    with pytest.raises(IntegrityError):
        fails()
    with transaction.atomic():
        live.append(desk.organization.pk, [live.Change(topic="a"), live.Change(topic="b")])
    assert [event.topic for event in live.since(desk.organization.pk, 0) or []] == ["a", "b"]


def test_a_claim_never_waits_for_an_address(transactional_db: None) -> None:
    """Who takes in a message holds its sender's address and wants the thread; an agent holds the thread and wants the
    Command; so the claim that holds the Command must not want the address."""
    desk = factories.desk()
    connect_twilio(desk.organization, "https://sms.example")
    stay = factories.stay(desk)
    assert stay.guest is not None
    phone = "+14155550131"
    stay.guest.contact_points.create(organization=desk.organization, kind=ContactKind.PHONE, value=phone)
    thread = factories.thread(desk, stay)
    way = next(one for one in ways.of(thread) if one.value == phone and one.channel == "sms")
    message = factories.answers(desk.agent, thread, "On our way", via=way.key)
    command = Command.objects.get(pk=reply.command_ids(message)[0])
    Command.objects.exclude(pk=command.pk).delete()
    held, claimed = Turn(), Turn()

    def takes_in() -> str:
        with transaction.atomic():
            consent.lock_address(desk.organization.pk, "sms", phone)
            held.pass_by()
            assert claimed.reached()
        return "taken in"

    def claims() -> object:
        held.reached()
        try:
            return claim.take()
        finally:
            claimed.pass_by()

    assert together(takes_in, claims) == ["taken in", None]
    Command.objects.update(lease_until=None)
    found = claim.take()
    assert found is not None
    assert found.command.pk == command.pk
