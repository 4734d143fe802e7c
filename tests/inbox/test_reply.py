"""Replying, and what may be done about a reply afterwards (ux C1, C7 to C12, P2; layout, flow B)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from bellhop.accounts.models import AuditEntry
from bellhop.core import clock
from connectors.models import Command, CommandState, Stage
from connectors.outbound import claim, delivery, outbox
from inbox.models import Draft, Message, Receipt, ReceiptState, Thread, ThreadStatus
from inbox.services import drafts, reply, ways
from inbox.services.refusals import ReplyRefused
from inbox.services.reply import AssignedElsewhere, StaleReply
from reservations.models import ContactKind, ContactPoint
from tests import factories
from tests.factories import Desk


@pytest.fixture
def thread(desk: Desk) -> Thread:
    return factories.thread(desk)


def command_of(message: Message) -> Command:
    return Command.objects.get(pk=Receipt.objects.filter(message=message)[0].command_id or 0)


def test_one_command_settles_both_receipts(desk: Desk, thread: Thread) -> None:
    """Invariant 2 and decision: the Command is committed with the change that causes it."""
    message = factories.answers(desk.agent, thread, "  Hello  ")
    command = Command.objects.get()
    rows = Receipt.objects.filter(message=message)
    assert {(row.destination, row.state, row.command_id) for row in rows} == {
        ("guest", ReceiptState.QUEUED, command.pk),
        ("pms", ReceiptState.QUEUED, command.pk),
    }
    assert command.intent["body"] == message.body == "Hello"
    assert (command.order_key, command.priority) == (thread.order_key, 0)
    assert thread.assignee == desk.agent


def test_the_same_token_is_the_same_message(desk: Desk, thread: Thread) -> None:
    """ux C9."""
    first = factories.answers(desk.agent, thread, "Once", client_token="token-once")
    again = factories.answers(desk.agent, thread, "Once", client_token="token-once")
    other = factories.answers(factories.person(desk.organization), thread, "Twice", client_token="token-once")
    assert first == again != other
    assert Command.objects.count() == 2


@pytest.mark.parametrize("body", ["", "  \n ", "x" * 10_001, "Hello {{ guest.name }}", "{% now %}"])
def test_what_is_never_sent(desk: Desk, thread: Thread, body: str) -> None:
    """ux C5, C7: nothing empty, too long, or with a blank in braces."""
    with pytest.raises(ReplyRefused):
        factories.answers(desk.agent, thread, body)
    assert not Command.objects.exists()
    assert not Message.objects.exists()


def test_why_replying_is_impossible(desk: Desk) -> None:
    """ux C1."""

    def why(thread: Thread) -> str:
        return ways.why_none(ways.of(thread))

    assert why(factories.thread(desk, conversation_id=""))
    assert why(factories.thread(desk, channel_raw=""))
    assert why(factories.thread(desk, factories.stay(desk, is_owner_stay=True)))
    assert why(factories.thread(desk)) == ""


def test_a_stale_reply_asks_first(desk: Desk, thread: Thread) -> None:
    """ux C11: guests and colleagues count, one's own and automatic messages don't."""
    seen = factories.says(thread, "One")
    factories.answers(desk.agent, thread, "Mine", seen_message_id=seen.pk)
    factories.staff_says(thread, "Automatic", automatic=True)
    factories.answers(desk.agent, thread, "Mine again", seen_message_id=seen.pk)
    newer = factories.says(thread, "Two")
    with pytest.raises(StaleReply) as caught:
        factories.answers(desk.agent, thread, "Late", seen_message_id=seen.pk)
    assert caught.value.newer == [newer]
    factories.answers(desk.agent, thread, "Late", seen_message_id=seen.pk, send_anyway=True)
    colleague = factories.person(desk.organization)
    with pytest.raises(StaleReply):
        factories.answers(colleague, thread, "Me too", seen_message_id=newer.pk)
    assert "Me too" not in factories.bodies(thread)


def test_a_withdrawn_colleagues_reply_makes_nothing_stale(desk: Desk, thread: Thread) -> None:
    seen = factories.says(thread, "One")
    reply.withdraw(desk.agent, factories.answers(desk.agent, thread, "Oops"))
    factories.answers(factories.person(desk.organization), thread, "Hello", seen_message_id=seen.pk)


def test_somebody_elses_thread(desk: Desk, thread: Thread) -> None:
    """ux P2: the organization may forbid it."""
    thread.assignee = factories.person(desk.organization)
    thread.save()
    factories.answers(desk.agent, thread, "Allowed")
    desk.organization.reply_in_others_threads = False
    desk.organization.save()
    desk.agent.refresh_from_db()
    with pytest.raises(AssignedElsewhere):
        factories.answers(desk.agent, thread, "Forbidden")


def test_send_and_close_send_and_snooze_send_later(desk: Desk, thread: Thread) -> None:
    """ux C12."""
    until = clock.now() + timedelta(days=1)
    factories.answers(desk.agent, thread, "Bye", then="close")
    assert thread.status == ThreadStatus.CLOSED
    factories.answers(desk.agent, thread, "Later", then="snooze", snooze_until=until)
    assert (thread.status, thread.snoozed_until) == (ThreadStatus.SNOOZED, until)
    factories.answers(desk.agent, thread, "Hello again")
    assert thread.status == ThreadStatus.OPEN
    later = factories.answers(desk.agent, thread, "Tomorrow", send_at=until)
    assert command_of(later).due_at == until
    with pytest.raises(ReplyRefused):
        factories.answers(desk.agent, thread, "Too far", send_at=until + timedelta(days=400))


def test_undo_puts_the_text_back(desk: Desk, thread: Thread) -> None:
    """ux C10."""
    careful = factories.person(desk.organization, undo_send_s=10)
    message = factories.answers(careful, thread, "Not so fast")
    command = command_of(message)
    assert command.due_at - message.created_at == timedelta(seconds=10)
    assert claim.take() is None
    drafts.save(careful, thread, Draft.Mode.REPLY, "typed since", seen_message_id=0, device="d")
    draft = reply.withdraw(careful, message)
    assert draft.body == "Not so fast\n\ntyped since"
    assert command_of_state(command) == CommandState.CANCELLED
    assert factories.bodies(thread) == []
    thread.refresh_from_db()
    assert thread.assignee is None


def command_of_state(command: Command) -> str:
    command.refresh_from_db()
    return command.state


def test_undo_comes_too_late(desk: Desk, thread: Thread) -> None:
    """ux C10: once a worker has it, it is on its way."""
    message = factories.answers(desk.agent, thread, "Gone")
    held = claim.take()
    assert held is not None
    with pytest.raises(outbox.NotPossible):
        reply.withdraw(desk.agent, message)
    with pytest.raises(outbox.NotPossible):
        reply.send_now(desk.agent, message)
    message.refresh_from_db()
    assert message.withdrawn_at is None


def test_only_its_author_undoes_a_reply(desk: Desk, thread: Thread) -> None:
    careful = factories.person(desk.organization, undo_send_s=10)
    message = factories.answers(careful, thread, "Mine")
    with pytest.raises(outbox.NotPossible):
        reply.withdraw(factories.person(desk.organization), message)
    reply.withdraw(desk.people["Operations manager"], message)


def test_send_now_ends_the_wait(desk: Desk, thread: Thread) -> None:
    careful = factories.person(desk.organization, undo_send_s=30)
    message = factories.answers(careful, thread, "Now")
    assert claim.take() is None
    reply.send_now(careful, message)
    assert claim.take() is not None


def test_nothing_can_be_done_about_a_guests_message(desk: Desk, thread: Thread) -> None:
    message = factories.says(thread, "Hello")
    for act in (reply.withdraw, reply.send_now, reply.send_again, reply.mark_arrived):
        with pytest.raises(outbox.NotPossible):
            act(desk.people["Admin"], message)


def test_decisions_are_on_the_audit_log(desk: Desk, thread: Thread) -> None:
    message = factories.answers(desk.agent, thread, "Well?")
    outbox._end(command_of(message), CommandState.UNCONFIRMED, "")
    reply.send_again(desk.agent, message)
    outbox._end(command_of(message), CommandState.UNCONFIRMED, "")
    reply.mark_arrived(desk.agent, message)
    with pytest.raises(outbox.NotPossible):
        reply.send_again(desk.agent, message)
    actions = list(AuditEntry.objects.order_by("id").values_list("action", "user", "subject"))
    subject = f"message:{message.public_id}"
    assert actions == [
        ("message.sent_again", desk.agent.pk, subject),
        ("message.marked_arrived", desk.agent.pk, subject),
    ]


def test_only_those_who_may(desk: Desk, thread: Thread) -> None:
    message = factories.answers(desk.agent, thread, "Hello")
    for role in ("Marketer", "Housekeeper"):
        person = desk.people[role]
        with pytest.raises(PermissionDenied):
            factories.answers(person, thread, "No")
        for act in (reply.withdraw, reply.send_now, reply.send_again, reply.mark_arrived):
            with pytest.raises(PermissionDenied):
                act(person, message)


def test_in_shadow_nothing_leaves(desk: Desk, thread: Thread) -> None:
    """Stage shadow: recorded as "would have sent"."""
    type(desk.connection).objects.update(stage=Stage.SHADOW)
    thread = Thread.objects.get(pk=thread.pk)
    message = factories.answers(desk.agent, thread, "Hello")
    assert command_of(message).state == CommandState.WOULD_HAVE_SENT
    assert delivery.drain() == 0


def test_a_paused_connection_sends_nothing(desk: Desk, thread: Thread) -> None:
    from connectors.trust import connecting

    factories.answers(desk.agent, thread, "Hello")
    connecting.pause(desk.connection, "Maintenance.")
    assert claim.take() is None
    connecting.resume(desk.connection)
    assert claim.take() is not None


def test_addresses_of_mail_and_sms(desk: Desk) -> None:
    stay = factories.stay(desk)
    for kind, value in ((ContactKind.RELAY, "x@guest.booking.com"), (ContactKind.PHONE, "+14015550142")):
        ContactPoint.objects.create(organization=desk.organization, guest=stay.guest, kind=kind, value=value)
    by_channel = {
        channel: command_of(
            factories.answers(desk.agent, factories.thread(desk, stay, channel_raw=channel), "Hello")
        ).intent["to"]
        for channel in ("email", "sms", "airbnb2")
    }
    assert by_channel == {"email": ["x@guest.booking.com"], "sms": ["+14015550142"], "airbnb2": []}
