"""What we may ask of a PMS: one dataclass per kind of Command, and what comes back.

Intents are stored as JSON: every field is a text, a number or a list of texts. `reference` is the token that the effect
bears at the PMS, where that is text (see `connectors.contract.marks`).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.contract.marks import marked, new_reference
from connectors.contract.records import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """Send `body` to the guest through the PMS's conversation. `channel_raw` as the guest's last message
    had it."""

    conversation_id: str
    body: str
    channel_raw: str = ""
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote:
    """Keep a private remark in the PMS's conversation; where there is none, on the reservation. `written_at` is the
    property's local time as it is to be shown (`2026-11-20 15:30`), where the PMS shows none of its own."""

    body: str
    conversation_id: str | None = None
    reservation_id: str | None = None
    written_at: str = ""
    reference: str = field(default_factory=new_reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorMessage:
    """Keep an utterance of another channel on the reservation, as a marked note.

    `direction` is "inbound" or "outbound", `channel` our word, `said_at` the property's local time as it is to be shown
    (`2026-11-20 15:30`).
    """

    reservation_id: str
    body: str
    direction: str
    channel: str
    author: str
    said_at: str
    reference: str = field(default_factory=new_reference)

    def as_note(self) -> str:
        """The text to be kept: who said it to whom, where and when, our token, then the words."""
        arrow = "Guest →" if self.direction == "inbound" else "→ Guest"
        return marked(f"{arrow} {self.channel}, {self.author}, {self.said_at}\n{self.body}", self.reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCustomField:
    """Write one structured value to a reservation."""

    reservation_id: str
    field_id: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStayTimes:
    """Agree on an arrival or departure time: `HH:MM`, local to the property; empty: leave it as it is.

    Where the PMS keeps less than minutes, or no such time at all, the exact one is left as a note.
    """

    reservation_id: str
    check_in: str = ""
    check_out: str = ""
    unit_id: str = ""
    reference: str = field(default_factory=new_reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWorkOrder:
    """Have something done in a unit. `kind`: cleaning, maintenance, check_in, check_out, office, other. `priority`:
    low, medium, high, or empty. `due_at` is an ISO instant in UTC."""

    title: str
    description: str = ""
    kind: str = "other"
    priority: str = ""
    reservation_id: str = ""
    unit_id: str = ""
    due_at: str = ""
    reference: str = field(default_factory=new_reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWorkOrder:
    """Change a work order; empty fields stay as they are. `state`: open, in_progress, done, cancelled."""

    work_order_id: str
    state: str = ""
    resolution: str = ""
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHousekeepingState:
    """Say what condition a unit is in (one of the connector's `conditions`), and whether its guests refuse service
    today. None: leave that as it is."""

    unit_id: str
    condition: str | None = None
    comment: str | None = None
    refused: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutFile:
    """A file that goes along: `key` is its place in our store, `size` in bytes, `alt` what it shows in words."""

    key: str
    name: str
    mime_type: str
    size: int
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text that the provider approved, by its name (or `remote_id`) and language, with its parameters: `names` are
    empty where they are numbered."""

    name: str
    language: str
    remote_id: str = ""
    names: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What an e-mail needs beside its text. `message_id` is the RFC id that we give it; `answers` is In-Reply-To,
    `references` the ids before it, oldest first; `reply_to` bears our token. `unsubscribe_url` (RFC 8058) is set for
    automatic mail that one may opt out of; `answer`: it answers a mail by itself (RFC 3834)."""

    subject: str
    message_id: str
    from_name: str = ""
    html: str = ""
    reply_to: str = ""
    answers: str = ""
    references: tuple[str, ...] = ()
    unsubscribe_url: str = ""
    answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDirect:
    """Send to a guest's address on a channel of our own. `channel` and `to` as in `contract.direct` (`to_kind` is the
    address's kind). `automatic`: no person typed it. `purpose`: transactional or marketing. `reference` comes back in
    reports where the provider allows."""

    channel: str
    to: str
    to_kind: str
    body: str
    files: tuple[OutFile, ...] = ()
    template: Template | None = None
    mail: Mail | None = None
    answers: str = ""
    automatic: bool = False
    purpose: str = "transactional"
    reference: str = field(default_factory=new_reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRead:
    """Show the guest that a person has read a message of theirs, and those before it. `message_id` is the provider's.
    A courtesy: it proves nothing, and nothing waits for it."""

    message_id: str


def new_message_id(domain: str) -> str:
    """A fresh RFC 5322 Message-ID with its brackets; nothing can be read from it."""
    return f"<{secrets.token_hex(16)}@{domain}>"


def another_id(message_id: str) -> str:
    """A fresh id under the domain of a used one."""
    return new_message_id(message_id.rpartition("@")[2].rstrip(">"))


def direct_from(stored: Mapping[str, Any]) -> SendDirect:
    """The intent as it was stored as JSON."""
    fields = dict(stored)
    template, mail = fields.get("template"), fields.get("mail")
    fields["files"] = tuple(OutFile(**one) for one in fields.get("files", ()))
    if template is not None:
        fields["template"] = Template(
            **{**template, "names": tuple(template["names"]), "values": tuple(template["values"])}
        )
    if mail is not None:
        fields["mail"] = Mail(**{**mail, "references": tuple(mail["references"])})
    return SendDirect(**fields)


Intent = (
    SendMessage
    | AddNote
    | MirrorMessage
    | SetCustomField
    | SetStayTimes
    | CreateWorkOrder
    | UpdateWorkOrder
    | SetHousekeepingState
    | SendDirect
    | MarkRead
)

REPEATABLE = (SetCustomField, SetStayTimes, UpdateWorkOrder, SetHousekeepingState, MarkRead)
"""Doing these twice comes to the same as once: each names the value that is wanted, and marked texts are looked for
before they are written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The PMS took it. `remote_id` is the id under which it will appear in later reads, empty where there
    is none. `pending`: taken, but not yet under way to the guest; a later read decides."""

    remote_id: str
    at: datetime | None = None
    raw: Json = field(default_factory=dict, repr=False)
    pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Read-back: it is there. `exact` is false where only a similar text was found."""

    remote_id: str
    at: datetime | None = None
    exact: bool = True
