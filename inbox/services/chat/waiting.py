"""Nobody answers (now): what the visitor is told, and unread answers that go to the address that they left, in one
message, into whose thread the answer comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bellhop.core import clock
from connectors.contract.direct import Channel
from connectors.models import Connection, Stage
from inbox.models import ChatVisitor, ChatWidget, Destination, Message, ReceiptState, ThreadAddress
from inbox.services import automatic, mirror, threads
from inbox.services.chat import hours, visitors
from inbox.services.chat.widgets import way_to

AT_MOST_EVERY = timedelta(minutes=15)
YOUNG = timedelta(days=3)
TOGETHER = 10
AT_ONCE = 50
_LONGEST_TEXT = 320
_UNREAD = (ReceiptState.SENT, ReceiptState.DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`note`: what the visitor should know, empty where all is as usual; `ask`: they are asked for an
    address; `again_s`: when to look anew."""

    note: str = ""
    ask: bool = False
    again_s: int | None = None


def state_of(widget: ChatWidget, visitor: ChatVisitor | None) -> State:
    now = clock.now()
    thread = visitors.thread_of(visitor) if visitor is not None else None
    waits = thread is not None and thread.waiting_since is not None
    reachable = visitor is not None and bool(visitor.email or visitor.phone)
    if not hours.is_attended(widget, now):
        return State(note=f"{_away(widget)} {_left(reachable)}".strip(), ask=waits and not reachable)
    if not waits or thread is None or thread.waiting_since is None:
        return State()
    late_at = thread.waiting_since + timedelta(minutes=widget.answer_within_min)
    if now < late_at:
        return State(again_s=int((late_at - now).total_seconds()) + 1)
    return State(note=f"{_('This takes longer than usual.')} {_left(reachable)}".strip(), ask=not reachable)


def _away(widget: ChatWidget) -> str:
    opens = hours.next_opening(widget, clock.now())
    if opens is None:
        return _("Nobody is here now.")
    return _("Nobody is here now. We answer from %(at)s on.") % {"at": date_format(opens, "D j M, H:i")}


def _left(reachable: bool) -> str:
    return _("What you miss here comes to the address that you left.") if reachable else ""


# --- unread answers ---
def mail_due() -> int:
    """Send every visitor who has gone what they haven't read. Returns how many messages left."""
    return sum(_mail(visitor_id) for visitor_id in _due())


def _due() -> list[int]:
    """Visitors with an address and an unread answer that is old enough, who aren't connected."""
    now = clock.now()
    gone = Q(seen_at=None) | Q(seen_at__lte=now - visitors.HERE_FOR)
    rested = Q(mailed_at=None) | Q(mailed_at__lte=now - AT_MOST_EVERY)
    reachable = ~Q(email="") | ~Q(phone="")
    answered = Message.objects.filter(
        channel=Channel.WEBCHAT.value,
        receipts__destination=Destination.GUEST,
        receipts__state__in=_UNREAD,
        receipts__since__gt=now - YOUNG,
    ).values_list("address__address", flat=True)
    rows = ChatVisitor.objects.filter(gone, rested, reachable, public_id__in=answered.distinct())
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _mail(visitor_id: int) -> bool:
    rows = ChatVisitor.objects.select_for_update(skip_locked=True, of=("self",))
    visitor = rows.select_related("widget").filter(pk=visitor_id).first()
    if visitor is None or visitors.is_here(visitor.seen_at):
        return False
    unread = _unread(visitor)
    found = visitors.thread_of(visitor)
    way = _way(visitor)
    if not unread or found is None or way is None:
        return False
    thread = threads.lock(found.pk, "stay", "connection", "guest", "property", "organization")
    address = automatic.address_row(way[0], way[1].value, way[2], visitor.name)
    ThreadAddress.objects.get_or_create(
        thread=thread, address=address, defaults={"verified": False, "since": clock.now()}
    )
    with translation.override(visitor.language or None):
        text = _words(visitor, unread, short=way[1] == Channel.SMS)
    message = automatic.send(thread, address, text, purpose=mirror.REPEATS)
    visitor.mailed_to, visitor.mailed_at = unread[-1].pk, clock.now()
    visitor.save(update_fields=["mailed_to", "mailed_at"])
    threads.refresh(thread)
    threads.save(thread)
    threads.announce(thread, "message", message=message.pk, inbound=False, who="")
    return True


def _unread(visitor: ChatVisitor) -> list[Message]:
    """Answers that they haven't seen and that weren't sent on, oldest first; none as long as the newest may still be
    read there."""
    ready = clock.now() - timedelta(minutes=visitor.widget.mail_after_min)
    rows = Message.objects.filter(
        connection_id=visitor.widget_id,
        address__address=visitor.public_id,
        pk__gt=visitor.mailed_to,
        withdrawn_at=None,
        receipts__destination=Destination.GUEST,
        receipts__state__in=_UNREAD,
    )
    found = list(rows.order_by("pk")[:TOGETHER])
    return found if found and found[0].sent_at <= ready else []


def _way(visitor: ChatVisitor) -> tuple[Connection, Channel, str] | None:
    for channel, value in ((Channel.EMAIL, visitor.email), (Channel.SMS, visitor.phone)):
        connection = way_to(visitor.organization_id, channel) if value else None
        if connection is not None and connection.stage != Stage.SHADOW:
            return connection, channel, value
    return None


def _words(visitor: ChatVisitor, unread: list[Message], *, short: bool) -> str:
    """Only what was said in the chat: nobody has shown that the address is the guest's."""
    said = "\n\n".join(message.body for message in unread if message.body)
    if short:
        return said[:_LONGEST_TEXT]
    title = visitor.widget.title or visitor.organization.name
    begins = _("You wrote to %(name)s in the chat on its website. The answer:") % {"name": title}
    ends = _("Answer to this e-mail, and it comes back into the same conversation.")
    at = date_format(timezone.localtime(unread[0].sent_at), "SHORT_DATETIME_FORMAT")
    return f"{begins}\n\n{said}\n\n{ends} ({at})"


def given_to(public_ids: Sequence[str]) -> list[ChatVisitor]:
    """The visitors of these addresses on the channel; no statement where there are none."""
    rows = ChatVisitor.objects.filter(public_id__in=public_ids).exclude(verified_by=ChatVisitor.By.PORTAL)
    return list(rows.order_by("-seen_at", "pk")[:20]) if public_ids else []
