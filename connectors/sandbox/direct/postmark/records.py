"""What Postmark keeps beside its webhooks."""

from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.records import Application, Delivery, Fault, Json, Peak, Setting, Subscription, Token


@dataclass(slots=True)
class Sent:
    """A mail that went out; the id is Postmark's. `fields` are those of the call that its reports repeat."""

    id: str
    fields: Json = field(default_factory=dict)


@dataclass(slots=True)
class Suppression:
    """An address that gets no more mail; the id is the address."""

    id: str
    since: str


TABLES: tuple[type[Any], ...] = (
    Sent,
    Suppression,
    Application,
    Token,
    Subscription,
    Delivery,
    Setting,
    Fault,
    Peak,
)
