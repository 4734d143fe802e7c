from connectors.models.channel import ChannelTemplate
from connectors.models.connection import (
    AccessToken,
    Connection,
    ConnectionHealth,
    ConnectionKind,
    RateState,
    Stage,
    SyncRun,
)
from connectors.models.drift import Drift, DriftRun
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
from connectors.models.ownership import FieldRule, OwnershipReview
from connectors.models.traffic import PayloadShape, TrafficHour
from connectors.models.trust import (
    EndpointCall,
    EntityLevel,
    Evidence,
    PilotPlace,
    Proof,
    Rehearsal,
    StageChange,
)

__all__ = [
    "ACTIVE_STATES",
    "OPEN_STATES",
    "AccessToken",
    "Attempt",
    "ChannelTemplate",
    "Command",
    "CommandKind",
    "CommandState",
    "Connection",
    "ConnectionHealth",
    "ConnectionKind",
    "DeliveryState",
    "Drift",
    "DriftRun",
    "EndpointCall",
    "EntityLevel",
    "Evidence",
    "ExternalId",
    "FieldOverwrite",
    "FieldRule",
    "Origin",
    "OwnershipReview",
    "PayloadShape",
    "PilotPlace",
    "Proof",
    "RateState",
    "RecordRead",
    "Rehearsal",
    "Stage",
    "StageChange",
    "SyncRun",
    "TrafficHour",
    "WebhookDelivery",
]
