"""A repeated request sends once (ux C9). The race: both look for the token before either has stored it."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from bellhop.core import clock
from connectors.models import Command
from inbox.models import Message, Thread
from tests import factories
from tests.concurrency.both import Turn, together
from tests.factories import Desk


def naive(desk: Desk, thread: Thread, here: Turn, there: Turn) -> str:
    """What `reply` does, without the thread's lock."""
    with transaction.atomic():
        known = Message.objects.filter(author_user=desk.agent, client_token="token-race").exists()
        here.pass_by()
        there.reached()
        now = clock.now()
        if not known:
            Message.objects.create(
                organization=desk.organization,
                thread=thread,
                direction="outbound",
                author="agent",
                author_user=desk.agent,
                body="Once",
                client_token="token-race",
                sent_at=now,
                created_at=now,
            )
        return "known" if known else "sent"


def test_the_race_exists_without_the_lock(desk: Desk) -> None:
    """Both believe to be first; only the database's constraint stops the second, with an error for the agent."""
    thread = factories.thread(desk)
    one, two = Turn(), Turn()
    found = together(lambda: naive(desk, thread, one, two), lambda: naive(desk, thread, two, one))
    assert "known" not in found
    assert [type(error) for error in found if isinstance(error, Exception)] == [IntegrityError]


def test_eight_at_once_are_one_message(desk: Desk) -> None:
    """Invariant 3: eight requests with one token: one Message, one Command, eight times the same answer."""
    thread = factories.thread(desk)
    acts = [lambda: factories.answers(desk.agent, thread, "Once", client_token="token-race")] * 8
    found = together(*acts)
    assert len({message.pk for message in found if isinstance(message, Message)}) == 1
    assert not [error for error in found if isinstance(error, BaseException)]
    assert (Message.objects.count(), Command.objects.count()) == (1, 1)


def test_two_agents_at_once_stand_in_one_order_everywhere(desk: Desk) -> None:
    """Fault 22: both kept, in the same order here and on the wire; the second one is warned where it saw less."""
    from inbox.services.reply import StaleReply

    thread = factories.thread(desk)
    seen = factories.says(thread, "Hello?")
    colleague = factories.person(desk.organization)
    found = together(
        lambda: factories.answers(desk.agent, thread, "From one", seen_message_id=seen.pk),
        lambda: factories.answers(colleague, thread, "From the other", seen_message_id=seen.pk),
    )
    refused = [error for error in found if isinstance(error, BaseException)]
    assert [type(error) for error in refused] == [StaleReply]
    together(
        *[lambda n=n: factories.answers(desk.agent, thread, f"Text {n}", send_anyway=True) for n in range(6)]
    )
    commands = [command.intent["body"] for command in Command.objects.order_by("id")]
    assert factories.bodies(thread)[1:] == commands
