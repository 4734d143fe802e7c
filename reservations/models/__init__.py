from reservations.models.address import ChannelAddress
from reservations.models.audit import NightAudit, NightAuditAddendum, NightAuditPlan
from reservations.models.consent import (
    ConsentEntry,
    ConsentScope,
    ConsentSource,
    ConsentState,
    DeadAddress,
)
from reservations.models.guest import ContactKind, ContactPoint, Guest
from reservations.models.housekeeping import Cleaning, UnitReport, UnitState, UnitStateChange
from reservations.models.property import Property, PropertyScope, Unit
from reservations.models.reason import Reason
from reservations.models.request import RequestKind, StayRequest
from reservations.models.sequence import Enrollment, ScheduledMessage, Sequence, SequenceVersion
from reservations.models.stay import Reservation, StayPhase
from reservations.models.survey import Survey, SurveyAnswer
from reservations.models.work_order import OrderedWork, PmsState, WorkOrder

__all__ = [
    "ChannelAddress",
    "Cleaning",
    "ConsentEntry",
    "ConsentScope",
    "ConsentSource",
    "ConsentState",
    "ContactKind",
    "ContactPoint",
    "DeadAddress",
    "Enrollment",
    "Guest",
    "NightAudit",
    "NightAuditAddendum",
    "NightAuditPlan",
    "OrderedWork",
    "PmsState",
    "Property",
    "PropertyScope",
    "Reason",
    "RequestKind",
    "Reservation",
    "ScheduledMessage",
    "Sequence",
    "SequenceVersion",
    "StayPhase",
    "StayRequest",
    "Survey",
    "SurveyAnswer",
    "Unit",
    "UnitReport",
    "UnitState",
    "UnitStateChange",
    "WorkOrder",
]
