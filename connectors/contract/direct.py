"""What a channel of our own said, in our words: messages to and from a guest's address, reports about ours, consent.

A direct channel knows addresses, no stays and no guests: whose message it is, the upper layers decide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connectors.contract.records import AttachmentRecord, Direction, Record


class Channel(StrEnum):
    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"
    WEBCHAT = "webchat"


class AddressKind(StrEnum):
    """`PHONE` is E.164 with its plus sign (WhatsApp's numbers too), `EMAIL` case-folded, `WHATSAPP_USER` the id of a
    person who hides the number, `VISITOR` the public id of a web chat's visitor."""

    PHONE = "phone"
    EMAIL = "email"
    WHATSAPP_USER = "whatsapp_user"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where somebody is reached, normalised as its kind says; `name` as they call themselves there."""

    kind: AddressKind
    value: str
    name: str = ""


class Keyword(StrEnum):
    """What a provider says that a message asks of it; empty where it says nothing."""

    NONE = ""
    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadHints:
    """What an e-mail tells about the conversation that it belongs to, best first: the recipients that may bear our
    token (envelope first), the ids of mails that it answers (In-Reply-To, then References from the last), and an
    agency's relay address that it came from."""

    recipients: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    relay: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessageRecord(Record):
    """One utterance on a channel of our own. `external_id` is the provider's id of it (an e-mail's Message-ID).

    `guest` is the other side's address, whichever direction it went; `also` are further addresses of the same person
    that the provider names. `ours` is the address or number of ours that it came to or went from. `body_text` is the
    visible part; of an e-mail `quoted_text` and `signature` are kept beside it, and `body_html` as it came, never
    sanitised here. An `AttachmentRecord` without a link lies inside the delivery (see `ChannelConnector.part`).
    `sent_at` is None where the provider tells no time: that of receipt counts. `handled` is true where the provider
    itself answers the keyword. `warning` is for the agent's eyes (for example that the sender's domain does not vouch
    for the mail).
    """

    channel: Channel
    guest: Address
    also: tuple[Address, ...] = ()
    ours: str = ""
    direction: Direction = Direction.INBOUND
    body_text: str
    body_html: str = field(default="", repr=False)
    quoted_text: str = field(default="", repr=False)
    signature: str = ""
    subject: str = ""
    sent_at: datetime | None
    attachments: tuple[AttachmentRecord, ...] = ()
    automatic: bool = False
    keyword: Keyword = Keyword.NONE
    handled: bool = False
    hints: ThreadHints = ThreadHints()
    warning: str = ""


class ChangeKind(StrEnum):
    EDITED = "edited"
    DELETED = "deleted"
    REACTED = "reacted"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChangeRecord(Record):
    """The guest changed a message: `external_id` names it. `text` is the new text, or the reaction (empty: taken
    back)."""

    channel: Channel
    guest: Address
    kind: ChangeKind
    text: str = ""
    at: datetime


class Delivery(StrEnum):
    """How far a message of ours came; each is further than the ones before it, and *failed* loses to *delivered*.
    *Delayed*: the guest's side doesn't take it yet, and is asked again by whoever carries it."""

    SENT = "sent"
    DELAYED = "delayed"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"


class AddressState(StrEnum):
    """What a report says about the address itself: nothing, no use (hard bounce, not a mobile number), nothing to be
    sent there any more (opted out), or a complaint (nothing of marketing ever again)."""

    FINE = ""
    BAD = "bad"
    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport(Record):
    """What became of a message of ours: `external_id` is the provider's id of it, `reference` the token that our intent
    bore (empty where it doesn't come back). `reason` is a sentence for the agent, `code` the provider's. `at` is None
    where the provider tells no time."""

    channel: Channel
    state: Delivery
    reference: str = ""
    code: str = ""
    reason: str = ""
    at: datetime | None = None
    address: Address | None = None
    address_state: AddressState = AddressState.FINE


class Scope(StrEnum):
    """What a consent is about."""

    ALL = "all"
    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord(Record):
    """A person allowed (`granted`) or stopped something through the provider itself, not in words of a message.
    `external_id` is what makes the fact one (for the dedupe key)."""

    channel: Channel
    address: Address
    scope: Scope
    granted: bool
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressMovedRecord(Record):
    """The same person is reached at another address from now on."""

    channel: Channel
    old: Address
    new: Address
    at: datetime


class TemplateStatus(StrEnum):
    APPROVED = "approved"
    PENDING = "pending"
    REJECTED = "rejected"
    PAUSED = "paused"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRecord(Record):
    """A text that the provider has to approve. `external_id` is `name:language`; `category` utility, marketing or
    authentication, as the provider has it; `body` with its parameters as `{{1}}` or `{{name}}`, empty where a webhook
    tells only the status; `remote_id` where it is sent by an id."""

    name: str
    language: str
    status: TemplateStatus
    category: str = ""
    body: str = ""
    reason: str = ""
    remote_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord(Record):
    """A trouble of the whole account that a person has to see to."""

    title: str
    detail: str = ""
    code: str = ""


DirectRecord = (
    DirectMessageRecord
    | MessageChangeRecord
    | DeliveryReport
    | ConsentRecord
    | AddressMovedRecord
    | TemplateRecord
    | AlertRecord
)
