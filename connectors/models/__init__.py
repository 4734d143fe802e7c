from connectors.models.connection import AccessToken, Connection, ConnectionHealth, RateState, Stage, SyncRun
from connectors.models.identity import ExternalId, FieldOverwrite, RecordRead
from connectors.models.journal import DeliveryState, WebhookDelivery
from connectors.models.outbox import (
    ACTIVE_STATES,
    OPEN_STATES,
    Attempt,
    Command,
    CommandKind,
    CommandState,
    Origin,
)

__all__ = [
    "ACTIVE_STATES",
    "OPEN_STATES",
    "AccessToken",
    "Attempt",
    "Command",
    "CommandKind",
    "CommandState",
    "Connection",
    "ConnectionHealth",
    "DeliveryState",
    "ExternalId",
    "FieldOverwrite",
    "Origin",
    "RateState",
    "RecordRead",
    "Stage",
    "SyncRun",
    "WebhookDelivery",
]
