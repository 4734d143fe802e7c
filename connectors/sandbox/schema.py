"""Which records the store keeps, and what is searched by."""

from typing import Any

from connectors.sandbox.records import (
    Application,
    Block,
    Change,
    Conversation,
    Delivery,
    Fault,
    FieldDef,
    Guest,
    Peak,
    Post,
    Property,
    SavedReply,
    Setting,
    Staff,
    Stay,
    Subscription,
    Task,
    Token,
    Unit,
    Vendor,
)

TABLES: tuple[type[Any], ...] = (
    Property,
    Unit,
    Guest,
    Stay,
    Conversation,
    Post,
    Task,
    Staff,
    FieldDef,
    SavedReply,
    Vendor,
    Block,
    Change,
    Application,
    Token,
    Subscription,
    Delivery,
    Setting,
    Fault,
    Peak,
)
INDEXES: dict[type[Any], tuple[str, ...]] = {
    Stay: ("updated_at, id", "arrival", "departure", "conversation_id", "guest_id", "code", "created_at"),
    Conversation: ("kind, created_at, id", "kind, modified_at, id", "guest_id", "stay_id"),
    Post: ("conversation_id, created_at, id",),
    Delivery: ("subscription_id, state, due_at, id", "state, due_at", "waits_for"),
    Token: ("application, issued_at",),
    Change: ("stay_id",),
}
