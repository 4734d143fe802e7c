"""The base class of every connector, PMS or channel: facts on top, then thin conversions. No Django, no network of its
own.

Inbound methods (`delivery_key`, `verify`, `parse`) must not call anything. The others get a `Call` and must
use only that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, TypeVar
from urllib.parse import urlsplit

from connectors.contract.capabilities import Capabilities, CountedPer, RateLimit
from connectors.contract.events import CanonicalEvent
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import REPEATABLE, AddNote, Done, Found, Intent, SendMessage, SetCustomField

T = TypeVar("T")

QUERY = ":query"
"""Under this name the headers that a connector sees hold the query string of the webhook's address; no header of HTTP/1
can be named so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One thing to be asked for when connecting; `secret` ones are never shown again. `choices`: (value, words) where
    only these are taken (and nothing, unless `required`); `help`: where it is found, in the user's words. Words are
    marked by `contract.words.gettext_noop`, so that they are translated."""

    name: str
    label: str
    secret: bool = True
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""

    def takes(self, value: str) -> bool:
        """Is it one of the choices? Whether it may be missing is another question."""
        return not value or not self.choices or value in dict(self.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a connector is constructed with. `timezone` is the fallback zone (IANA) where a payload names
    none; `hook_url` the address that the other side calls, as it was configured there (some sign it)."""

    base_url: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    timezone: str = "UTC"
    hook_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and for how many seconds from now it is good; `rest_s`: seconds before its first use."""

    value: str = field(repr=False)
    expires_in_s: int
    rest_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list. `next_cursor` is None at the end; it survives a restart (back-fill resumes from
    it). `resume` at the end: where the next list of the same kind begins, where that isn't just a time."""

    items: Sequence[T]
    next_cursor: str | None
    total: int | None = None
    resume: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A webhook subscription at the PMS."""

    external_id: str
    url: str
    events: tuple[str, ...] = ()


class Connector(ABC):
    """One remote system. Subclasses state the facts as class attributes and convert; the flow is in the base and its
    callers.

    Facts with a usual value:
    accepted_status      what a webhook is answered with
    unready_status       what it is answered with while we know no secret yet (503 where a 4xx is final)
    silent               webhooks are answered with an empty body: the other side would take a text for content
    max_body             bytes that one webhook may have
    forbidden_is_token   a 403 means that the token is no longer good, not that something isn't allowed
    hold_s               seconds to wait after a 429 that names no time; doubled while it goes on
    performs             the kinds of intent that `perform` and `find` know
    """

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
    unready_status: ClassVar[int] = 401
    forbidden_is_token: ClassVar[bool] = False
    hold_s: ClassVar[float] = 5.0
    silent: ClassVar[bool] = False
    max_body: ClassVar[int] = 1_000_000
    performs: ClassVar[tuple[type[Intent], ...]] = (SendMessage, AddNote, SetCustomField)

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

    def answer_get(self, query: str, secrets: Sequence[str]) -> str | None:
        """What a GET of the webhook's address is answered with (some vendors try it before they use it). None: such
        requests are refused. Constant time."""
        return None

    # --- authorisation and answers ---
    def is_ours(self, url: str) -> bool:
        """May this absolute address be called with our credentials? That of the connection itself, and no other."""
        base = self.settings.base_url or self.default_base_url
        return urlsplit(url)[:2] == urlsplit(base)[:2]

    @abstractmethod
    def limit_key(self) -> str:
        """Under which key the provider counts our requests (account, token, …). Never holds a secret."""

    def address_key(self) -> str:
        """Under which key limits per sending address are counted: one for all accounts of this Bellhop."""
        base = self.settings.base_url or self.default_base_url
        return f"{self.slug}:address:{base.split('://')[-1].split('/')[0]}"

    def limits_by_key(self) -> dict[str, tuple[RateLimit, ...]]:
        """Every published window under the key that it is counted by."""
        keys = {CountedPer.ACCOUNT: self.limit_key(), CountedPer.ADDRESS: self.address_key()}
        found: dict[str, tuple[RateLimit, ...]] = {}
        for limit in self.limits:
            found[keys[limit.per]] = (*found.get(keys[limit.per], ()), limit)
        return found

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
    def home(self, call: Call) -> str:
        """The base URL at which this account is served; asked once, when connecting."""
        return self.settings.base_url or self.default_base_url

    @abstractmethod
    def ping(self, call: Call) -> str:
        """The cheapest authorised read; returns the account's name or id."""

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

    def look_at(self, call: Call, intent: Intent, remote_id: str) -> Found | None:
        """What became of an effect that was taken as `remote_id` but was still pending. None: still pending. Raises
        NotDelivered where it did not get through."""
        return Found(remote_id=remote_id)

    def is_repeatable(self, intent: Intent) -> bool:
        """May it be sent again when reading back shows that it isn't there? Sending twice does the same as once, or
        the text bears a token of ours."""
        return isinstance(intent, REPEATABLE)

    # --- webhooks ---
    def new_webhook_secret(self) -> str | None:
        """Credentials that we choose and the PMS presents; None where it signs with a secret of its own, or not at
        all."""
        return None

    @abstractmethod
    def list_subscriptions(self, call: Call) -> Iterator[Subscription]: ...

    @abstractmethod
    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:
        """See to it that our events come to `url`; what is there already is used again. `secret` as
        `new_webhook_secret` made it."""

    @abstractmethod
    def unsubscribe(self, call: Call, subscription: Subscription) -> None: ...

    @abstractmethod
    def read_webhook_secret(self, call: Call, url: str) -> str | None:
        """The signing secret; None where it isn't ready yet or the vendor has none."""
