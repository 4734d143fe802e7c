"""What the direct channels keep: phones, what is texted, and what the providers know of the pair of them.

Phone numbers are E.164 texts. Instants are ISO 8601 UTC texts with milliseconds; `moves_at` is seconds of the clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.records import Application, Delivery, Fault, Json, Peak, Setting, Subscription, Token

SMS, WHATSAPP = "sms", "whatsapp"
GUEST, API, PROVIDER = "guest", "api", "provider"


@dataclass(slots=True)
class Phone:
    """A guest's phone; the id is its number. Codes are the vendors' error codes, 0 for none.

    `refuses_with`: the provider refuses a send to it; `fails_with`: takes it and fails later. `user_id` is what
    WhatsApp calls the person towards our business; `hides_number`: it tells us nothing else.
    """

    id: str
    name: str
    user_id: str
    username: str = ""
    hides_number: bool = False
    airplane: bool = False
    landline: bool = False
    blocked: bool = False
    whatsapp: bool = True
    receipts: bool = True
    stops_marketing: bool = False
    refuses_with: int = 0
    fails_with: int = 0


@dataclass(slots=True)
class Text:
    """One SMS, MMS or WhatsApp message between a guest's phone and one of our numbers; the id is the provider's.

    `state` is the provider's word; `moves_at` is when the next state is due.
    """

    id: str
    kind: str
    phone: str
    ours: str
    inbound: bool
    author: str
    body: str
    created_at: str
    updated_at: str
    state: str
    sent_at: str | None = None
    read_at: str | None = None
    moves_at: float | None = None
    error: int = 0
    service: str = ""
    callback: str = ""
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class Media:
    """A file of a text, or one that was uploaded to be sent."""

    id: str
    text_id: str
    mime: str
    filename: str
    data: bytes
    created_at: str
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """What somebody attaches."""

    mime: str
    filename: str
    data: bytes


@dataclass(slots=True)
class Pair:
    """A sender of ours (or a service) and a phone: `stopped` by the guest; `wrote_at` is when the guest last wrote."""

    id: str
    stopped: bool = False
    wrote_at: float | None = None


@dataclass(slots=True)
class Line:
    """A number of ours, or (`kind` service) a messaging service; where it reports to."""

    id: str
    kind: str
    name: str
    service: str = ""
    inbound_url: str = ""
    fallback_url: str = ""
    status_url: str = ""
    advanced_opt_out: bool = False


@dataclass(slots=True)
class Template:
    """A message that was approved beforehand."""

    id: str
    name: str
    language: str
    category: str
    status: str
    components: list[Json] = field(default_factory=list)
    extra: Json = field(default_factory=dict)


_COMMON: tuple[type[Any], ...] = (Application, Token, Subscription, Delivery, Setting, Fault, Peak)
TABLES: tuple[type[Any], ...] = (Text, Media, Pair, Line, Template, *_COMMON)
INDEXES: Mapping[type[Any], tuple[str, ...]] = {
    Text: ("phone, created_at", "moves_at", "created_at"),
    Media: ("text_id",),
    Delivery: ("subscription_id, state, due_at, id", "state, due_at", "waits_for"),
}


def pair_of(sender: str, phone: str) -> str:
    """The id of a pair."""
    return f"{sender}|{phone}"
