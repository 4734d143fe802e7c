from reservations.models.guest import ContactKind, ContactPoint, Guest
from reservations.models.property import Property, PropertyScope, Unit
from reservations.models.stay import Reservation, StayPhase
from reservations.models.work_order import WorkOrder

__all__ = [
    "ContactKind",
    "ContactPoint",
    "Guest",
    "Property",
    "PropertyScope",
    "Reservation",
    "StayPhase",
    "Unit",
    "WorkOrder",
]
