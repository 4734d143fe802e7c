"""Replying to a guest (layout, flow B), and what may be done about a reply afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, search
from connectors.contract.intents import OutFile, SendMessage
from connectors.outbound import outbox
from inbox.models import (
    Attachment,
    Author,
    Destination,
    Direction,
    Draft,
    Message,
    Receipt,
    ReceiptState,
    Thread,
    ThreadStatus,
)
from inbox.services import attachments, drafts, legs, templates, threads, uploads, ways
from inbox.services.refusals import ReplyRefused
from inbox.services.templates import ChosenTemplate
from inbox.services.ways import Choice
from reservations.services import platform_rules

MAX_LENGTH = 10_000
MAX_AHEAD = timedelta(days=365)


class StaleReply(ReplyRefused):
    """Something was said since the draft began (ux C11); `newer` are those messages."""

    def __init__(self, newer: list[Message]) -> None:
        super().__init__(_("New messages came while you were writing."))
        self.newer = newer


class AgainstRules(ReplyRefused):
    """The platform in whose thread it would stand forbids something in it (ux C8); `why` names each rule."""

    def __init__(self, why: list[str]) -> None:
        super().__init__(_("The platform's content rules are against this."))
        self.why = why


class AssignedElsewhere(ReplyRefused):
    """The thread is somebody else's and the organization forbids replying there (ux P2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyOptions:
    """`seen_message_id`: the newest message on the agent's screen. `send_anyway`: after the warning about newer ones.
    `send_at` (UTC): send later, and `keep_if_cancelled` even if the stay is cancelled by then; else the undo
    time of the person. `then`: "", "close", "snooze". `against_rules`: after the warning about a
    platform's. `via` is the key of the way that was picked (`ways.Choice`),
    empty: the usual one; `template` where only a template may be sent there."""

    client_token: str
    seen_message_id: int = 0
    send_anyway: bool = False
    send_at: datetime | None = None
    keep_if_cancelled: bool = False
    then: str = ""
    snooze_until: datetime | None = None
    against_rules: bool = False
    via: str = ""
    template: ChosenTemplate | None = None


@transaction.atomic
def reply(user: User, thread: Thread, body: str, options: ReplyOptions) -> Message:
    """Commit a reply with its receipts and its Command. The same token again returns the same Message.

    Raises ReplyRefused (with StaleReply and AssignedElsewhere), PermissionDenied.
    """
    require(user, Permission.THREADS_REPLY)
    thread = threads.lock(thread.pk, "stay", "connection", "guest", "property", "organization")
    sent = Message.objects.filter(author_user=user, client_token=options.client_token).first()
    if sent is not None:
        return sent
    text = body.strip()
    choice = _choose(thread, options)
    held = uploads.of_draft(user, thread)
    text = _check(user, thread, choice, text, options, held)
    message = _message(user, thread, choice, text, options)
    if held:
        uploads.take_draft_files(user, thread, message)
    _owe(user, thread, choice, message, options, attachments.out_files(message) if held else ())
    _follow(user, thread, options)
    drafts.drop(user, thread, Draft.Mode.REPLY)
    threads.refresh(thread)
    threads.save(thread)
    threads.announce(thread, "message", message=message.pk, inbound=False, who=user.full_name, by=user.pk)
    return message


def check_text(text: str, *, has_files: bool = False) -> None:
    """Raises ReplyRefused for a text that can't be sent as it is; files may go without one."""
    if not text and not has_files:
        raise ReplyRefused(_("There is nothing to send yet."))
    if len(text) > MAX_LENGTH:
        raise ReplyRefused(_("The message is longer than %(limit)d characters.") % {"limit": MAX_LENGTH})
    if "{{" in text or "{%" in text:
        raise ReplyRefused(_("A variable is not filled in. Replace or remove what stands in braces."))


def _choose(thread: Thread, options: ReplyOptions) -> Choice:
    """The way that was picked, judged anew: it may have closed meanwhile. Raises ReplyRefused."""
    choices = ways.of(thread)
    if options.via:
        picked = next((choice for choice in choices if choice.key == options.via), None)
        if picked is None:
            raise ReplyRefused(_("That way to the guest is gone. Choose another channel."))
    else:
        picked = ways.default(thread, choices)
    if picked is None:
        raise ReplyRefused(ways.why_none(choices))
    if picked.refusal:
        raise ReplyRefused(f"{picked.label}: {picked.refusal}")
    return picked


def _check(
    user: User, thread: Thread, choice: Choice, text: str, options: ReplyOptions, held: list[Attachment]
) -> str:
    """The text as it leaves. Raises ReplyRefused."""
    if choice.needs_template:
        text = templates.text_of(choice, options.template)
        if held:
            raise ReplyRefused(_("The reply window is closed: only a template may be sent, without files."))
    check_text(text, has_files=bool(held))
    if choice.facts is not None and len(text) > choice.facts.max_text:
        raise ReplyRefused(
            _("%(channel)s carries at most %(limit)d characters; this has %(length)d.")
            % {"channel": choice.label, "limit": choice.facts.max_text, "length": len(text)}
        )
    others = thread.assignee_id not in {None, user.pk}
    if others and not user.organization.reply_in_others_threads:
        raise AssignedElsewhere(
            _("This thread belongs to %(name)s. Take it over to reply.") % {"name": thread.assignee}
        )
    if options.send_at is not None and options.send_at > clock.now() + MAX_AHEAD:
        raise ReplyRefused(_("That is more than a year ahead."))
    newer = newer_than(thread, options.seen_message_id, user)
    if newer and not options.send_anyway:
        raise StaleReply(newer)
    _follow_rules(user, thread, choice, text, options)
    return text


def _follow_rules(user: User, thread: Thread, choice: Choice, text: str, options: ReplyOptions) -> None:
    """What a platform forbids in its threads is not sent there, unless by somebody who may, and who was told. Raises
    AgainstRules."""
    found = platform_rules.findings(text, choice.platform, thread.stay)
    if not found:
        return
    if options.against_rules and user.may(Permission.POLICY_OVERRIDE):
        audit(
            thread.organization_id, user, "message.against_rules", f"thread:{thread.public_id}",
            after=", ".join(f"{one.rule}: {one.words}" for one in found)[:300],
        )  # fmt: skip
        return
    raise AgainstRules([platform_rules.in_words(one, choice.platform) for one in found])


def newer_than(thread: Thread, seen_message_id: int, user: User) -> list[Message]:
    """Messages of the guest and of colleagues that came in after `seen_message_id` (0: nothing to compare with)."""
    if not seen_message_id:
        return []
    return list(
        thread.messages.filter(pk__gt=seen_message_id, withdrawn_at__isnull=True)
        .exclude(author_user=user)
        .exclude(author=Author.AUTOMATIC)
        .order_by("sent_at", "sequence", "id")[:20]
    )


def _message(user: User, thread: Thread, choice: Choice, text: str, options: ReplyOptions) -> Message:
    now = clock.now()
    return Message.objects.create(
        organization_id=thread.organization_id,
        thread=thread,
        connection=choice.connection,
        address=None if choice.is_pms else ways.address_row(choice),
        reservation_id=thread.stay_id,
        direction=Direction.OUTBOUND,
        author=Author.AGENT,
        author_user=user,
        author_name=user.full_name,
        channel=choice.channel,
        body=text,
        sent_at=now,
        created_at=now,
        client_token=options.client_token,
        send_at=options.send_at,
        keep_if_cancelled=options.keep_if_cancelled,
        search=search.vector(text),
    )


def _owe(
    user: User,
    thread: Thread,
    choice: Choice,
    message: Message,
    options: ReplyOptions,
    out: Sequence[OutFile],
) -> None:
    """One Command where the PMS carries the reply to the guest and keeps it, so that it settles both receipts; two
    where we send it ourselves and mirror it."""
    body, carried = attachments.carried(message, message.body, out)
    due = options.send_at or message.created_at + timedelta(seconds=user.undo_send_s)
    if choice.is_pms:
        _owe_pms(thread, message, body, due, options)
        return
    assert message.address is not None
    legs.owe(
        thread,
        message,
        legs.Way(choice.connection, message.address),
        due_at=due,
        body=body,
        files=carried,
        template=templates.intent_of(choice, options.template) if choice.needs_template else None,
    )


def _owe_pms(thread: Thread, message: Message, body: str, due: datetime, options: ReplyOptions) -> None:
    """`body` is what the guest reads: it may name files by links."""
    assert thread.connection is not None
    command = outbox.enqueue(
        thread.connection,
        SendMessage(
            conversation_id=thread.conversation_id,
            body=body,
            channel_raw=thread.channel_raw,
            to=legs.pms_addresses(thread),
        ),
        subject=f"message:{message.pk}",
        # What is to leave tomorrow must not hold today's replies: it has a line of its own.
        order_key=f"{thread.order_key}:later:{message.pk}" if options.send_at else thread.order_key,
        place_id=thread.property_id,
        due_at=due,
    )
    legs.receipts(thread, message, command, *Destination)


def _follow(user: User, thread: Thread, options: ReplyOptions) -> None:
    if thread.assignee_id is None:
        thread.assignee = user
    if options.then == "close":
        thread.status, thread.snoozed_until = ThreadStatus.CLOSED, None
        threads.log_event(thread, "closed", user)
    elif options.then == "snooze" and options.snooze_until is not None:
        thread.status, thread.snoozed_until = ThreadStatus.SNOOZED, options.snooze_until
        thread.snoozed_before = options.snooze_until
        threads.log_event(thread, "snoozed", user, until=options.snooze_until.isoformat())
    elif thread.status != ThreadStatus.OPEN:
        thread.status, thread.snoozed_until = ThreadStatus.OPEN, None


@transaction.atomic
def withdraw(user: User, message: Message) -> Draft:
    """Undo a reply that has not left: its text goes back into the draft. Its author may, or who runs the
    integration. Raises NotPossible for others, and once it has left."""
    require(user, Permission.THREADS_REPLY)
    if message.author_user_id != user.pk and not user.may(Permission.HEALTH_ACT):
        raise outbox.NotPossible("somebody else's")
    thread = threads.lock(message.thread_id)
    for command_id in command_ids(message):
        outbox.cancel(command_id, f"Taken back by {user.full_name}.")
    message.withdrawn_at = clock.now()
    message.save(update_fields=["withdrawn_at"])
    Receipt.objects.filter(message=message).delete()
    draft = drafts.put_back(user, thread, message.body)
    uploads.put_back(message, draft)
    if (
        thread.assignee_id == user.pk
        and not thread.messages.filter(author_user=user, withdrawn_at__isnull=True).exists()
    ):
        thread.assignee = None
    threads.refresh(thread)
    threads.save(thread)
    threads.announce(thread, "withdrawn", message=message.pk)
    return draft


def command_ids(message: Message, *states: ReceiptState) -> list[int]:
    """The Commands behind a message's receipts (in one of `states`), the one to the guest first. Raises NotPossible
    where there is none."""
    rows = message.receipts.filter(state__in=states) if states else message.receipts.all()
    found = rows.exclude(command_id=None).order_by("destination").values_list("command_id", flat=True)
    if not found:
        raise outbox.NotPossible("not ours")
    return [pk for pk in dict.fromkeys(found) if pk is not None]


@transaction.atomic
def send_now(user: User, message: Message) -> None:
    """End the undo or send-later time of a reply, or the pause before its next try, for each leg that waits. Raises
    NotPossible once all have left."""
    require(user, Permission.THREADS_REPLY)
    for command_id in command_ids(message, ReceiptState.QUEUED):
        outbox.send_now(command_id)


@transaction.atomic
def send_again(user: User, message: Message) -> None:
    """A new Command for each leg of a message that failed, or that stayed unconfirmed and did not arrive. Raises
    NotPossible."""
    require(user, Permission.THREADS_REPLY)
    thread = threads.lock(message.thread_id)
    for before in command_ids(message, ReceiptState.FAILED, ReceiptState.UNCONFIRMED):
        command = outbox.again(before)
        Receipt.objects.filter(message=message, command_id=before).update(
            command_id=command.pk,
            state=ReceiptState.QUEUED,
            checking=False,
            reason="",
            reason_code="",
            thread_due=False,
            since=clock.now(),
        )
    audit(thread.organization_id, user, "message.sent_again", f"message:{message.public_id}")
    threads.save(thread)
    threads.announce(thread, "receipt", message=message.pk)


@transaction.atomic
def mark_arrived(user: User, message: Message) -> None:
    """The agent saw that an unconfirmed reply did arrive. Raises NotPossible in any other state."""
    require(user, Permission.THREADS_REPLY)
    thread = threads.lock(message.thread_id)
    for command_id in command_ids(message, ReceiptState.UNCONFIRMED):
        outbox.decide_arrived(command_id, user.full_name)
    audit(thread.organization_id, user, "message.marked_arrived", f"message:{message.public_id}")
