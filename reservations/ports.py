"""What this layer asks of the one above it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Exists

from bellhop.core.ports import Port
from reservations.night_audit.days import Day
from reservations.night_audit.facts import Known, Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One way to a stay's guest: `channel` as a step names it ("pms" for the PMS's own), `address` there (a PMS's
    conversation), `refusal` the code of why it can't be taken now (no_channel, no_consent, opted_out, connection_down),
    `rings`: it makes a phone ring, so that nights count. `platform`: the agency in whose thread it stands, whose rules
    for texts hold. From `closes_at` on (None: never) only one of the approved
    `templates` (name, language) may be sent."""

    channel: str
    address: str
    kind: str = ""
    refusal: str = ""
    rings: bool = False
    platform: str = ""
    closes_at: datetime | None = None
    templates: tuple[tuple[str, str], ...] = ()


# (stay, channels in their order, purpose) → a way for each channel, in that order.
reach: Port[Callable[[int, Sequence[str], str], list[Reach]]] = Port("reach")

Ask = tuple[int, tuple[str, ...], str]
"""(stay, channels in their order, purpose)"""

# The same for many at once, in a constant number of statements.
reach_many: Port[Callable[[Sequence[Ask]], dict[Ask, list[Reach]]]] = Port("reach_many")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An automatic message about a stay, to one way of `reach`. `label` is shown as its author ("Pre-arrival, step
    2"). `template`: an approved text (name, language, what stands in its blanks) instead of `body`."""

    reservation_id: int
    way: Reach
    body: str
    subject: str
    label: str
    purpose: str
    language: str
    template: tuple[str, str, Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The message and its Commands, committed with whatever else the transaction holds."""

    message_id: int
    command_ids: tuple[int, ...]


# a message → what was committed; None where the way is gone meanwhile.
send_automatic: Port[Callable[[Outgoing], Committed | None]] = Port("send_automatic")

# (stay, since) → did its guest write after that instant?
guest_wrote: Port[Callable[[int, datetime], bool]] = Port("guest_wrote")

# (stays, since) → fingerprint of what was said to each guest since then and did not come from here, and when: by the
# front desk, by another system, or by us before the database was put back to an earlier state.
said_elsewhere: Port[Callable[[Sequence[int], datetime], dict[int, dict[str, datetime]]]] = Port(
    "said_elsewhere"
)

# stays → when each guest last wrote in a thread of it; stays whose guest never did are left out.
last_wrote: Port[Callable[[Sequence[int]], dict[int, datetime]]] = Port("last_wrote")


class Outcome(StrEnum):
    """What became of a message that went to the guest. Each that is further on includes the ones before: what was read
    was delivered and sent. *Replied*: the guest wrote within three days of it, on whatever channel."""

    WAITING = "waiting"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    REPLIED = "replied"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


# an outcome → whether it holds for a scheduled message of the statement around it (its columns by OuterRef).
outcome: Port[Callable[[Outcome], Exists]] = Port("outcome")

# messages → why the guest doesn't have each, in plain words; those that arrived are left out.
why_not: Port[Callable[[Sequence[int]], dict[int, str]]] = Port("why_not")
# (stay, public id of a message) → the message's id, if it stands in a thread of that stay.
message_of_stay: Port[Callable[[int, str], int | None]] = Port("message_of_stay")
# a message → a line for each of its files, with a link that is good for thirty days.
files_of_message: Port[Callable[[int], list[str]]] = Port("files_of_message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What a night audit says of conversations: its sections about them, how many messages were written on the date,
    and after how many minutes a person answered those who began to wait on it (unanswered ones left out)."""

    parts: Parts
    messages: int
    answers: tuple[int, ...]


# (business date, what an audit names already) → its part of the night audit, in a constant number of statements.
audit_talk: Port[Callable[[Day, Known], Talk]] = Port("audit_talk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """`threads`: stay → public id of its thread, and who has it; `messages`: message → public ids of its thread and
    of itself, and its channel in words."""

    threads: Mapping[int, tuple[str, str]]
    messages: Mapping[int, tuple[str, str, str]]


# (stays, messages) → where people find them; two statements.
audit_said: Port[Callable[[Collection[int], Collection[int]], Said]] = Port("audit_said")
