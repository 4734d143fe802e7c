"""Unknown senders whose messages open nothing, and the addresses of a thread with where each stands."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock
from connectors.contract import phones
from connectors.contract.direct import Channel
from inbox.models import Thread, ThreadAddress, ThreadStatus
from inbox.services import row_view, threads
from reservations.models import ContactKind
from reservations.services import consent
from reservations.services.consent import Standing

_CHANNELS = {
    ContactKind.PHONE: (Channel.SMS, Channel.WHATSAPP),
    ContactKind.WHATSAPP_USER: (Channel.WHATSAPP,),
    ContactKind.EMAIL: (Channel.EMAIL,),
}


@dataclass(frozen=True, slots=True)
class Reached:
    """One address on one channel, and what was said about it."""

    channel: str
    label: str
    icon: str
    address: str
    shown: str
    standing: Standing


@transaction.atomic
def block(user: User, thread: Thread, *, blocked: bool) -> None:
    """What comes in is kept, and asks nobody for an answer. Raises PermissionDenied."""
    require(user, Permission.THREADS_MATCH)
    locked = threads.lock(thread.pk)
    locked.blocked_at = clock.now() if blocked else None
    if blocked:
        locked.status, locked.snoozed_until = ThreadStatus.CLOSED, None
        locked.no_answer_until = clock.now()
    threads.log_event(locked, "blocked" if blocked else "unblocked", user)
    audit(
        locked.organization_id,
        user,
        "thread.blocked" if blocked else "thread.unblocked",
        f"thread:{locked.public_id}",
    )
    threads.refresh(locked)
    threads.save(locked)
    threads.announce(locked, "state")


def addresses_of(thread: Thread) -> list[tuple[str, str]]:
    """(channel, address) of all that the thread runs over, and of all that is known of its guest."""
    used = ThreadAddress.objects.filter(thread=thread).order_by("pk")
    found = list(used.values_list("address__channel", "address__address"))
    if thread.guest_id is not None and thread.guest is not None:
        for kind, value in thread.guest.contact_points.order_by("id").values_list("kind", "value")[:20]:
            found += [(channel.value, value) for channel in _CHANNELS.get(ContactKind(kind), ())]
    return list(dict.fromkeys(found))


def several(thread: Thread) -> list[ThreadAddress]:
    """The thread's addresses where it runs over more than one and any may be somebody else's."""
    rows = list(ThreadAddress.objects.filter(thread=thread).select_related("address").order_by("pk")[:10])
    return rows if len(rows) > 1 or thread.messages.filter(address=None).exists() else []


def reached(thread: Thread) -> list[Reached]:
    """Every address with where it stands, for the panel."""
    pairs = addresses_of(thread)
    where = consent.standings(thread.organization_id, pairs)
    return [
        Reached(
            channel, *row_view.channel_words(channel), address, phones.shown(address), where[channel, address]
        )
        for channel, address in pairs
    ]
