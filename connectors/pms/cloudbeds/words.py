"""Cloudbeds' words and what they mean to us. Raw values that stand in no table are kept and reported, never refused.

Sources: https://developers.cloudbeds.com/docs/webhooks-1 and the vendor's specification
(https://github.com/cloudbeds/openapi-specs, src/pms-v1.3-openapi.yaml).
"""

from __future__ import annotations

from typing import Final

from connectors.contract.records import StayStatus

STATUSES: Final = {
    "not_confirmed": StayStatus.TENTATIVE,
    "in_progress": StayStatus.TENTATIVE,
    "confirmed": StayStatus.CONFIRMED,
    "checked_in": StayStatus.CHECKED_IN,
    "checked_out": StayStatus.CHECKED_OUT,
    "no_show": StayStatus.NO_SHOW,
    "canceled": StayStatus.CANCELLED,
}
# Of one guest (`guestStatus`), where the reservation itself tells none.
GUEST_STATUSES: Final = {
    "not_checked_in": StayStatus.CONFIRMED,
    "in_house": StayStatus.CHECKED_IN,
    "call2confirm": StayStatus.TENTATIVE,
    "paypal_init": StayStatus.TENTATIVE,
    "pending_payment": StayStatus.TENTATIVE,
}

# Parts of a source's display name, in lower case; the first that fits counts.
SOURCES: Final = (
    ("airbnb", "airbnb"),
    ("booking.com", "booking"),
    ("vrbo", "vrbo"),
    ("homeaway", "vrbo"),
    ("expedia", "expedia"),
    ("tripadvisor", "tripadvisor"),
    ("marriott", "marriott"),
    ("google", "google"),
    ("website", "direct"),
    ("booking engine", "direct"),
    ("walk-in", "direct"),
    ("walk in", "direct"),
    ("phone", "direct"),
    ("e-mail", "direct"),
    ("email", "direct"),
    ("direct", "direct"),
)

# The custom field of a reservation in which we keep an agreed departure time: Cloudbeds has no field for it.
LATE_CHECK_OUT: Final = "late_checkout"
LATE_CHECK_OUT_NAME: Final = "Late check-out"

SUBSCRIBED: Final = (
    ("reservation", "created"),
    ("reservation", "status_changed"),
    ("reservation", "dates_changed"),
    ("reservation", "accommodation_status_changed"),
    ("reservation", "accommodation_type_changed"),
    ("reservation", "accommodation_changed"),
    ("reservation", "accommodation_removed"),
    ("reservation", "deleted"),
    ("reservation", "notes_changed"),
    ("reservation", "custom_fields_changed"),
    ("guest", "created"),
    ("guest", "assigned"),
    ("guest", "removed"),
    ("guest", "details_changed"),
    ("guest", "accommodation_changed"),
    ("housekeeping", "room_condition_changed"),
    ("housekeeping", "housekeeping_room_occupancy_status_changed"),
    ("housekeeping", "housekeeping_reservation_status_changed"),
    ("integration", "appstate_changed"),
)

# Objects whose events mean nothing to us, compared without regard to case; one is misspelt in places.
NOT_MIRRORED: Final = (
    "roomblock",
    "integration",
    "night_audit",
    "accounting",
    "doorlockkey",
    "fiscal_document",
    "allotmentblock",
    "allotmenblock",
    "api_queue_task",
)
# What a room may be set to.
PICKUP: Final = "pickup"
"""Not one of the PMS's conditions but a flag of its own, which prevails over them ("Vacant and Pickup")."""
CONDITIONS: Final = frozenset({"dirty", "clean", "inspected", PICKUP})
