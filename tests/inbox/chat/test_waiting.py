"""Nobody there, or nobody any more: what the visitor is told, and where unread answers go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bellhop.core import clock
from connectors.models import Command
from inbox.models import ChatVisitor, Message
from inbox.services import mail_tokens, mirror
from inbox.services.chat import waiting
from tests import factories
from tests.factories import Desk
from tests.inbox.chat.conftest import Visitor, work


@pytest.fixture
def later() -> Iterator[None]:
    yield
    clock.forget()


def forward(minutes: float) -> None:
    before = clock.now()
    clock.set_offset(timedelta(seconds=_offset()) + timedelta(minutes=minutes))
    assert clock.now() > before


def _offset() -> float:
    from bellhop.core.models import ClockOffset

    return float(ClockOffset.objects.filter(pk=1).values_list("offset_s", flat=True).first() or 0)


def test_who_waits_is_asked_for_an_address(desk: Desk, visitor: Visitor, later: None) -> None:
    visitor.says("Hello?")
    work()
    state = visitor.ask("messages").json()["state"]
    assert (state["ask"], state["note"], 0 < state["again_s"] <= 301) == (False, "", True)
    forward(6)
    state = visitor.ask("messages").json()["state"]
    assert state["ask"] is True
    assert "longer than usual" in state["note"]
    answer = visitor.ask("contact", {"email": "maria@guest.example"}).json()["state"]
    assert (answer["ask"], "address that you left" in answer["note"]) == (False, True)
    factories.answers(desk.agent, visitor.thread, "Here we are.")
    work()
    assert visitor.ask("messages").json()["state"] == {"note": "", "ask": False, "again_s": None}


def test_outside_the_hours_it_says_when_somebody_answers(visitor: Visitor) -> None:
    day = (clock.now() + timedelta(days=2)).weekday()
    visitor.widget.hours = {str(day): [["09:00", "18:00"]]}
    visitor.widget.save()
    visitor.says("Hello?")
    work()
    state = visitor.ask("messages").json()["state"]
    assert "We answer from" in state["note"]
    assert state["ask"] is True


def test_unread_answers_go_out_in_one_mail_and_never_while_they_are_here(
    desk: Desk, visitor: Visitor, later: None
) -> None:
    mail = factories.connect(
        desk.organization, slug="mailbox", kind="channel", name="Mail", stage="live",
        addresses={"email": "stay@hotel.example"}, credentials={"address": "stay@hotel.example"},
    )  # fmt: skip
    visitor.says("Do you have a cot?")
    visitor.ask("contact", {"email": "maria@guest.example"})
    work()
    thread = visitor.thread
    for text in ("Yes.", "It is in your room."):
        factories.answers(desk.agent, thread, text)
    work()
    assert waiting.mail_due() == 0
    forward(11)
    visitor.ask("messages")  # here again
    assert waiting.mail_due() == 0
    forward(2)
    assert waiting.mail_due() == 1
    assert waiting.mail_due() == 0
    sent = Command.objects.get(connection=mail)
    assert sent.intent["to"] == "maria@guest.example"
    assert "Yes.\n\nIt is in your room." in sent.intent["body"]
    assert mail_tokens.thread_id_in(sent.intent["mail"]["reply_to"]) == thread.pk
    mailed = Message.objects.get(channel="email", thread=thread)
    assert not mirror.has_left(mailed)  # the PMS has its words already
    forward(60)
    assert waiting.mail_due() == 0  # the same is not sent twice
    factories.answers(desk.agent, thread, "Anything else?", via=_chat(visitor))
    work()
    keys = [message["key"] for message in visitor.ask("messages").json()["messages"]]
    visitor.ask("seen", {"keys": keys, "state": "read"})
    forward(60)
    assert waiting.mail_due() == 0  # read


def _chat(visitor: Visitor) -> str:
    row = ChatVisitor.objects.get()
    return f"{visitor.widget.connection.public_id}:webchat:{row.public_id}"
