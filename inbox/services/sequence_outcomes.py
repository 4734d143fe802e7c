"""What became of sequences' messages, told by their receipts: never inferred (invariant 3, ux R1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef

from inbox.models import Author, Destination, Direction, Message, Receipt, ReceiptState
from reservations.ports import Outcome

REPLY_WITHIN: Final = timedelta(days=3)
_STATES: Final = {
    Outcome.WAITING: (ReceiptState.QUEUED, ReceiptState.SENDING),
    Outcome.SENT: (ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ),
    Outcome.DELIVERED: (ReceiptState.DELIVERED, ReceiptState.READ),
    Outcome.READ: (ReceiptState.READ,),
    Outcome.FAILED: (ReceiptState.FAILED,),
    Outcome.UNCONFIRMED: (ReceiptState.UNCONFIRMED,),
}
_TROUBLE: Final = (*_STATES[Outcome.FAILED], *_STATES[Outcome.UNCONFIRMED])


def outcome(which: Outcome) -> Exists:
    """Does it hold for a scheduled message of the statement around it?"""
    if which == Outcome.REPLIED:
        return Exists(
            Message.objects.filter(
                thread__stays=OuterRef("reservation_id"),
                direction=Direction.INBOUND,
                author=Author.GUEST,
                sent_at__gt=OuterRef("settled_at"),
                sent_at__lte=OuterRef("settled_at") + REPLY_WITHIN,
            )
        )
    receipts = Receipt.objects.filter(message_id=OuterRef("message_id"), destination=Destination.GUEST)
    return Exists(receipts.filter(state__in=_STATES[which]))


def why_not(message_ids: Sequence[int]) -> dict[int, str]:
    """Message → why the guest doesn't have it; one statement."""
    rows = Receipt.objects.filter(message_id__in=message_ids, destination=Destination.GUEST)
    found = rows.filter(state__in=_TROUBLE).values_list("message_id", "reason", "state")
    return {pk: why or str(ReceiptState(state).label) for pk, why, state in found}
