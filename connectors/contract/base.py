"""The base class of PMS connectors: what can be read of a PMS, beside what every connector does (`Connector`)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from connectors.contract.connector import (
    Connector,
    CredentialField,
    Page,
    Settings,
    Subscription,
    Token,
)
from connectors.contract.errors import Unsupported
from connectors.contract.events import ReadHint
from connectors.contract.http import Call
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

__all__ = [
    "Connector",
    "CredentialField",
    "Page",
    "PmsConnector",
    "Settings",
    "Subscription",
    "Token",
    "WithoutMessages",
]


class PmsConnector(Connector):
    """One PMS.

    Facts with a usual value:
    settle_s             seconds to wait before a hinted read: one act of a person brings several thin webhooks
    reads_together       how many stays one call can read; with more than 1, `get_reservations` does
    rereads, reread_s    how often, and how many seconds apart, a read is repeated that contradicts its webhook
    coarse_versions      two states of one object may bear the same version: then it is read
    notes_in_conversations  private notes are kept there, not on the stay
    undelivered_s        seconds between two looks at the PMS's own log of webhooks that it could not deliver
    attachment_links_s   how long the link of an attachment is good; afterwards it is read anew
    sweep_s              seconds between two reads of all stays that are near, beside the reads by change
    conditions           the conditions of a unit that SetHousekeepingState may name
    refusals             it may also say that service is refused
    """

    settle_s: ClassVar[float] = 0.0
    reads_together: ClassVar[int] = 1
    rereads: ClassVar[int] = 0
    reread_s: ClassVar[float] = 3.0
    coarse_versions: ClassVar[bool] = False
    undelivered_s: ClassVar[int | None] = None
    attachment_links_s: ClassVar[int | None] = None
    sweep_s: ClassVar[int | None] = None
    conditions: ClassVar[frozenset[str]] = frozenset()
    refusals: ClassVar[bool] = False
    notes_in_conversations: ClassVar[bool] = True

    # --- reads ---
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
