"""Guesty's words and what they mean to us. Raw values that stand in no table are kept and reported, never
refused.

Sources: open-api-docs.guesty.com (/docs/webhooks, /docs/rate-limits, reference of reservations-v3).
"""

from __future__ import annotations

from typing import Final

from connectors.contract.records import StayStatus, WorkOrderState

STATUSES: Final = {
    "inquiry": StayStatus.INQUIRY,
    "reserved": StayStatus.TENTATIVE,
    "awaiting_payment": StayStatus.TENTATIVE,
    "confirmed": StayStatus.CONFIRMED,
    "canceled": StayStatus.CANCELLED,
    "declined": StayStatus.CANCELLED,
    "expired": StayStatus.CANCELLED,
    "closed": StayStatus.CANCELLED,
}

# Only a confirmed stay can be checked in; `guestStay` of a cancelled one is history.
STAY_STATUSES: Final = {
    "checked_in": StayStatus.CHECKED_IN,
    "checked_out": StayStatus.CHECKED_OUT,
    "no_show": StayStatus.NO_SHOW,
    "not_set": StayStatus.CONFIRMED,
}

# `platform` of reservations and conversations, and `source` where no platform is told. Compared in lower
# case.
SOURCES: Final = {
    "airbnb2": "airbnb",
    "airbnb": "airbnb",
    "bookingcom": "booking",
    "booking.com": "booking",
    "homeaway2": "vrbo",
    "homeaway": "vrbo",
    "vrbo": "vrbo",
    "expedia": "expedia",
    "tripadvisor": "tripadvisor",
    "rentalsunited": "other",
    "manual": "direct",
    "direct": "direct",
    "be-api": "direct",
    "owner": "owner",
}

# `module` of a message: a way of carrying it, or the platform that carries it.
CHANNELS: Final = {
    **{raw: word for raw, word in SOURCES.items() if raw not in {"manual", "direct", "be-api", "owner"}},
    "sms": "sms",
    "email": "email",
    "whatsapp": "whatsapp",
}

STORED_ONLY: Final = "note"
LOGGED: Final = "log"

# Module types that reach nobody: sending through them would look like success.
MUTE_MODULES: Final = frozenset({"", STORED_ONLY, LOGGED, "manual", "direct", "be-api", "owner"})

# Module types that need to be told an address.
ADDRESSED_MODULES: Final = frozenset({"email", "sms"})

FROM_GUEST: Final = frozenset({"fromguest", "tohost"})
FROM_HOST: Final = frozenset({"fromhost", "toguest"})

SUBSCRIBED_EVENTS: Final = (
    "reservation.messageReceived",
    "reservation.messageSent",
    "reservation.created.v2",
    "reservation.updated.v2",
    "guest.created",
    "guest.updated",
    "listing.new",
    "listing.updated",
    "task.created",
    "task.updated",
    "task.deleted",
)

TASK_STATES: Final = {
    "pending": WorkOrderState.OPEN,
    "confirmed": WorkOrderState.OPEN,
    "in progress": WorkOrderState.IN_PROGRESS,
    "in_progress": WorkOrderState.IN_PROGRESS,
    "completed": WorkOrderState.DONE,
    "canceled": WorkOrderState.CANCELLED,
    "deleted": WorkOrderState.CANCELLED,
}
TASK_STATUSES: Final = {
    WorkOrderState.OPEN: "pending",
    WorkOrderState.IN_PROGRESS: "in progress",
    WorkOrderState.DONE: "completed",
    WorkOrderState.CANCELLED: "canceled",
}

# Our kinds of work → `type`; a kind that isn't here has no type of its own.
TASK_TYPES: Final = {
    "cleaning": "cleaning",
    "maintenance": "maintenance",
    "check_in": "check-in",
    "office": "administration",
}
TASK_KINDS: Final = {raw: kind for kind, raw in TASK_TYPES.items()}
