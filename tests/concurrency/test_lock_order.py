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
from tests import factories
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
