"""How the control API shows things: the records' own fields, plus what one wants beside them."""

from dataclasses import asdict
from datetime import UTC, datetime

from connectors.sandbox.clock import iso
from connectors.sandbox.faults import KINDS
from connectors.sandbox.records import (
    Conversation,
    Delivery,
    Fault,
    Guest,
    Json,
    Post,
    Property,
    Stay,
    Subscription,
    Unit,
)
from connectors.sandbox.store import Store


def stay(store: Store, row: Stay) -> Json:
    """A stay with the names of its unit, property and guest."""
    unit = store.get(Unit, row.unit_id)
    place = store.get(Property, unit.property_id) if unit else None
    guest = store.get(Guest, row.guest_id)
    names = {
        "unit": unit.name if unit else None,
        "property": place.name if place else None,
        "timezone": place.timezone if place else None,
        "guest_name": guest.full_name if guest else None,
    }
    return asdict(row) | names


def conversation(store: Store, row: Conversation) -> Json:
    """A conversation with its guest's name and the ids of its stays."""
    guest = store.get(Guest, row.guest_id)
    stays = store.find(Stay, "conversation_id = ? OR id = ?", (row.id, row.stay_id))
    return asdict(row) | {
        "guest_name": guest.full_name if guest else None,
        "reservation_ids": [item.id for item in stays],
    }


def post(row: Post) -> Json:
    """A post."""
    return asdict(row)


def delivery(store: Store, row: Delivery, *, body: bool) -> Json:
    """A delivery with its URL; the body on demand."""
    subscription = store.get(Subscription, row.subscription_id)
    value = asdict(row) | {
        "url": row.url or (subscription.url if subscription else None),
        "due_at": iso(datetime.fromtimestamp(row.due_at, UTC)),
    }
    if not body:
        value.pop("body")
    return value


def subscription(row: Subscription) -> Json:
    """An endpoint, with its secret."""
    return asdict(row)


def fault(row: Fault) -> Json:
    """A fault with its label."""
    kind = KINDS[row.kind]
    return asdict(row) | {"label": kind.label, "side": kind.side}
