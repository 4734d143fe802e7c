"""What a provider of e-mail keeps beside its webhooks. Instants are ISO 8601 UTC texts, `until` is in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.records import Application, Delivery, Fault, Json, Peak, Setting, Subscription, Token
from connectors.sandbox.schema import INDEXES as COMMON

INBOUND, TRACKING = "inbound", "tracking"
"""The endpoints that every provider has: for mail that came in, and for what became of mail that went out."""


@dataclass(slots=True)
class Sent:
    """A mail that went out; the id is the provider's. `fields` are those that its reports repeat."""

    id: str
    fields: Json = field(default_factory=dict)


@dataclass(slots=True)
class Suppression:
    """An address that gets no more mail; the id is the address."""

    id: str
    since: str


@dataclass(slots=True)
class Received:
    """A mail that came in and waits to be fetched; the id is the provider's."""

    id: str
    sender: str
    recipient: str
    received_at: str
    data: bytes
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class Once:
    """A call that isn't carried out twice: the id is the caller's key, `digest` of what it asked for."""

    id: str
    digest: str
    answer: Json
    until: float


TABLES: tuple[type[Any], ...] = (
    Sent,
    Suppression,
    Received,
    Once,
    Application,
    Token,
    Subscription,
    Delivery,
    Setting,
    Fault,
    Peak,
)
INDEXES: Mapping[type[Any], tuple[str, ...]] = {Delivery: COMMON[Delivery]}
