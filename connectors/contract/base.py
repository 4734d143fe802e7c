"""The base class of PMS connectors: facts on top, then thin conversions. No Django, no network of its own.

Inbound methods (`delivery_key`, `verify`, `parse`) must not call anything. The others get a `Call` and must
use only that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from connectors.contract.capabilities import Capabilities, RateLimit
from connectors.contract.events import CanonicalEvent
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import Done, Found, Intent
from connectors.contract.records import (
    ConversationRecord,
    GuestRecord,
    MessageRecord,
    NoteRecord,
    PropertyRecord,
    ReservationRecord,
    UnitRecord,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One thing to be asked for when connecting; `secret` ones are never shown again."""

    name: str
    label: str
    secret: bool = True
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a connector is constructed with. `timezone` is the fallback zone (IANA) where a payload names
    none."""

    base_url: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and for how many seconds from now it is good."""

    value: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list. `next_cursor` is None at the end; it survives a restart (back-fill resumes from
    it)."""

    items: Sequence[T]
    next_cursor: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A webhook subscription at the PMS."""

    external_id: str
    url: str
    events: tuple[str, ...] = ()


class PmsConnector(ABC):
    """One PMS. Subclasses state the facts as class attributes and convert; the flow is in the base and its
    callers."""

    slug: ClassVar[str]
    label: ClassVar[str]
    version: ClassVar[str] = "1"
    default_base_url: ClassVar[str]
    credential_fields: ClassVar[tuple[CredentialField, ...]]
    capabilities: ClassVar[Capabilities]
    limits: ClassVar[tuple[RateLimit, ...]] = ()
    token_limit: ClassVar[RateLimit | None] = None
    propagation_delay_s: ClassVar[int] = 60
    signature_header: ClassVar[str | None] = None
    accepted_status: ClassVar[int] = 202

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    # --- inbound: no network, no clock of its own ---
    @abstractmethod
    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:
        """The key that all deliveries of one webhook share; never raises (the body's hash where nothing is
        readable)."""

    @abstractmethod
    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime
    ) -> bool | None:
        """Is it really from the PMS? None where the vendor signs nothing. Constant time; `at` is for replay
        windows."""

    @abstractmethod
    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:
        """What the delivery means. Raises Unreadable if it can't be understood; unknown events are
        `ignored`."""

    # --- authorisation and answers ---
    @abstractmethod
    def limit_key(self) -> str:
        """Under which key the provider counts our requests (account, token, …). Never holds a secret."""

    @abstractmethod
    def token_request(self) -> Request | None:
        """How a new access token is asked for; None where there are no tokens."""

    @abstractmethod
    def read_token(self, response: Response) -> Token: ...

    @abstractmethod
    def authorize(self, request: Request, token: str | None) -> Request: ...

    @abstractmethod
    def check(self, request: Request, response: Response) -> None:
        """Raise the ConnectorError that a non-2xx (or an error inside a 2xx) stands for; return when it is
        fine."""

    # --- reads ---
    @abstractmethod
    def ping(self, call: Call) -> str:
        """The cheapest authorised read; returns the account's name or id."""

    def text_fields(self, call: Call) -> Mapping[str, str]:  # noqa: ARG002 (most PMSs have none)
        """Custom fields of reservations that hold free text: id → name. Empty where the PMS has none."""
        return {}

    @abstractmethod
    def list_properties(self, call: Call, cursor: str | None = None) -> Page[PropertyRecord]: ...

    @abstractmethod
    def list_units(self, call: Call, cursor: str | None = None) -> Page[UnitRecord]: ...

    @abstractmethod
    def list_reservations(
        self, call: Call, cursor: str | None = None, changed_since: datetime | None = None
    ) -> Page[ReservationRecord]: ...

    @abstractmethod
    def list_conversations(
        self, call: Call, cursor: str | None = None, changed_since: datetime | None = None
    ) -> Page[ConversationRecord]: ...

    @abstractmethod
    def list_posts(
        self, call: Call, conversation_id: str, cursor: str | None = None
    ) -> Page[MessageRecord | NoteRecord]:
        """Newest first. System and log posts are left out."""

    @abstractmethod
    def get_reservation(self, call: Call, external_id: str) -> ReservationRecord: ...

    @abstractmethod
    def get_conversation(self, call: Call, external_id: str) -> ConversationRecord: ...

    @abstractmethod
    def get_guest(self, call: Call, external_id: str) -> GuestRecord: ...

    @abstractmethod
    def get_unit(self, call: Call, external_id: str) -> UnitRecord: ...

    # --- effects ---
    @abstractmethod
    def perform(self, call: Call, intent: Intent) -> Done:
        """Carry out one intent. Raises OutcomeUnknown where it may have happened, Unsupported where it
        can't."""

    @abstractmethod
    def find(self, call: Call, intent: Intent, since: datetime, known: Collection[str] = ()) -> Found | None:
        """Read-back: did `intent`, begun at `since` (UTC), take effect? None = read, and it is not there.

        `known` are remote ids that belong to other Commands: equal texts must not share one remote message.
        """

    # --- webhooks ---
    @abstractmethod
    def list_subscriptions(self, call: Call) -> Iterator[Subscription]: ...

    @abstractmethod
    def subscribe(self, call: Call, url: str) -> Subscription: ...

    @abstractmethod
    def unsubscribe(self, call: Call, subscription: Subscription) -> None: ...

    @abstractmethod
    def read_webhook_secret(self, call: Call, url: str) -> str | None:
        """The signing secret; None where it isn't ready yet or the vendor has none."""

    # --- links ---
    def reservation_url(self, external_id: str) -> str | None:  # noqa: ARG002
        """Where a person opens it in the PMS; None where no such address is known."""
        return None
