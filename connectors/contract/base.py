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

from connectors.contract.capabilities import Capabilities, CountedPer, RateLimit
from connectors.contract.errors import Unsupported
from connectors.contract.events import CanonicalEvent, ReadHint
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import (
    REPEATABLE,
    AddNote,
    Done,
    Found,
    Intent,
    SendMessage,
    SetCustomField,
)
from connectors.contract.records import (
    AttachmentRecord,
    ConversationRecord,
    GuestRecord,
    HousekeepingRecord,
    MessageRecord,
    NoteRecord,
    PropertyRecord,
    ReservationRecord,
    UnitRecord,
    WorkOrderRecord,
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
    """An access token and for how many seconds from now it is good; `rest_s`: seconds before its first use."""

    value: str = field(repr=False)
    expires_in_s: int
    rest_s: float = 0.0


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
    callers.

    Facts with a usual value:
    accepted_status      what a webhook is answered with
    unready_status       what it is answered with while we know no secret yet (503 where a 4xx is final)
    settle_s             seconds to wait before a hinted read: one act of a person brings several thin webhooks
    reads_together       how many stays one call can read; with more than 1, `get_reservations` does
    rereads, reread_s    how often, and how many seconds apart, a read is repeated that contradicts its webhook
    coarse_versions      two states of one object may bear the same version: then it is read
    forbidden_is_token   a 403 means that the token is no longer good, not that something isn't allowed
    hold_s               seconds to wait after a 429 that names no time; doubled while it goes on
    performs             the kinds of intent that `perform` and `find` know
    notes_in_conversations  private notes are kept there, not on the stay
    undelivered_s        seconds between two looks at the PMS's own log of webhooks that it could not deliver
    attachment_links_s   how long the link of an attachment is good; afterwards it is read anew
    sweep_s              seconds between two reads of all stays that are near, beside the reads by change
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
    settle_s: ClassVar[float] = 0.0
    reads_together: ClassVar[int] = 1
    rereads: ClassVar[int] = 0
    reread_s: ClassVar[float] = 3.0
    coarse_versions: ClassVar[bool] = False
    forbidden_is_token: ClassVar[bool] = False
    hold_s: ClassVar[float] = 5.0
    undelivered_s: ClassVar[int | None] = None
    attachment_links_s: ClassVar[int | None] = None
    sweep_s: ClassVar[int | None] = None
    performs: ClassVar[tuple[type[Intent], ...]] = (SendMessage, AddNote, SetCustomField)
    notes_in_conversations: ClassVar[bool] = True

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

    def text_fields(self, call: Call) -> Mapping[str, str]:
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

    def list_near_stays(
        self,
        call: Call,
        cursor: str | None,
        at: datetime,
    ) -> Page[ReservationRecord]:
        """Stays that arrive soon or are in the house at `at`, whatever their time of change."""
        return Page(items=(), next_cursor=None)

    def list_notes(self, call: Call, reservation_id: str) -> Sequence[NoteRecord]:
        """Notes kept on a reservation, oldest first; empty where the PMS keeps notes in conversations only."""
        return ()

    def list_stay_conversations(self, call: Call, stay: ReservationRecord) -> Sequence[ConversationRecord]:
        """The conversations of a stay. Raises NotFound."""
        return (self.get_conversation(call, stay.conversation_id),) if stay.conversation_id else ()

    def list_work_orders(
        self,
        call: Call,
        cursor: str | None = None,
        changed_since: datetime | None = None,
    ) -> Page[WorkOrderRecord]:
        return Page(items=(), next_cursor=None)

    def get_work_order(self, call: Call, external_id: str) -> WorkOrderRecord:
        """Raises NotFound, Unsupported."""
        raise Unsupported(detail="There are no work orders here.")

    def list_housekeeping(
        self,
        call: Call,
        cursor: str | None = None,
    ) -> Page[HousekeepingRecord]:
        return Page(items=(), next_cursor=None)

    def get_housekeeping(self, call: Call, unit_id: str) -> HousekeepingRecord:
        """Raises NotFound, Unsupported."""
        raise Unsupported(detail="There is no housekeeping state here.")

    @abstractmethod
    def get_reservation(self, call: Call, external_id: str) -> ReservationRecord: ...

    def get_reservations(self, call: Call, external_ids: Sequence[str]) -> Sequence[ReservationRecord]:
        """Those of them that there are, in as few calls as possible; at most `reads_together` are asked for."""
        raise Unsupported(detail="Stays are read one by one here.")

    @abstractmethod
    def get_conversation(self, call: Call, external_id: str) -> ConversationRecord: ...

    @abstractmethod
    def get_guest(self, call: Call, external_id: str) -> GuestRecord: ...

    @abstractmethod
    def get_unit(self, call: Call, external_id: str) -> UnitRecord: ...

    def list_undelivered(self, call: Call, subscription_id: str) -> Sequence[ReadHint]:
        """What the PMS says that it could not deliver to a subscription of ours, as far back as one page tells."""
        return ()

    def read_attachments(
        self, call: Call, conversation_id: str, message_id: str
    ) -> Sequence[AttachmentRecord]:
        """The attachments of one message with links that are good now. Raises NotFound, Unsupported."""
        raise Unsupported(detail="Attachments can't be read again here.")

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

    # --- links ---
    def reservation_url(self, external_id: str) -> str | None:
        """Where a person opens it in the PMS; None where no such address is known."""
        return None


class WithoutMessages(PmsConnector):
    """A PMS whose API carries no guest messages: what is kept there about a stay are notes."""

    def list_conversations(
        self, call: Call, cursor: str | None = None, changed_since: datetime | None = None
    ) -> Page[ConversationRecord]:
        return Page(items=(), next_cursor=None)

    def list_posts(
        self, call: Call, conversation_id: str, cursor: str | None = None
    ) -> Page[MessageRecord | NoteRecord]:
        return Page(items=(), next_cursor=None)

    def get_conversation(self, call: Call, external_id: str) -> ConversationRecord:
        raise Unsupported(detail="There are no conversations here.")
