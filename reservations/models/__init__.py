from reservations.models.address import ChannelAddress
from reservations.models.audit import NightAudit, NightAuditAddendum, NightAuditPlan
from reservations.models.consent import (
    ConsentEntry,
    ConsentScope,
    ConsentSource,
    ConsentState,
    DeadAddress,
)
from reservations.models.directory import (
    Contact,
    OnCallException,
    OnCallShift,
    PmsPerson,
    Trade,
    Weekday,
)
from reservations.models.guest import ContactKind, ContactPoint, Guest
from reservations.models.housekeeping import Cleaning, UnitReport, UnitState, UnitStateChange
from reservations.models.property import Property, PropertyScope, Unit
from reservations.models.reason import Reason
from reservations.models.request import RequestKind, StayRequest
from reservations.models.sequence import Enrollment, ScheduledMessage, Sequence, SequenceVersion
from reservations.models.stay import Reservation, StayPhase
from reservations.models.survey import Survey, SurveyAnswer
from reservations.models.work_order import OrderedWork, PmsState, WorkNote, WorkOrder

__all__ = [
    "ChannelAddress",
    "Cleaning",
    "ConsentEntry",
    "ConsentScope",
    "ConsentSource",
    "ConsentState",
    "Contact",
    "ContactKind",
    "ContactPoint",
    "DeadAddress",
    "Enrollment",
    "Guest",
    "NightAudit",
    "NightAuditAddendum",
    "NightAuditPlan",
    "OnCallException",
    "OnCallShift",
    "OrderedWork",
    "PmsPerson",
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
    "Trade",
    "Unit",
    "UnitReport",
    "UnitState",
    "UnitStateChange",
    "Weekday",
    "WorkNote",
    "WorkOrder",
]
