"""Hostaway's words and what they mean to us. Raw values that stand in no table are kept and reported, never refused.

Source: https://api.hostaway.com/documentation (reservation statuses, channels, message and task fields).
"""

from __future__ import annotations

from typing import Final

from connectors.contract.records import StayStatus, WorkOrderState

OWNER_STAY: Final = "ownerstay"
STATUSES: Final = {
    "new": StayStatus.CONFIRMED,
    "modified": StayStatus.CONFIRMED,
    "confirmed": StayStatus.CONFIRMED,
    OWNER_STAY: StayStatus.CONFIRMED,
    "pending": StayStatus.TENTATIVE,
    "awaitingpayment": StayStatus.TENTATIVE,
    "awaitingguestverification": StayStatus.TENTATIVE,
    "unconfirmed": StayStatus.TENTATIVE,
    "inquiry": StayStatus.INQUIRY,
    "inquirypreapproved": StayStatus.INQUIRY,
    "cancelled": StayStatus.CANCELLED,
    "declined": StayStatus.CANCELLED,
    "expired": StayStatus.CANCELLED,
    "inquirydenied": StayStatus.CANCELLED,
    "inquirytimedout": StayStatus.CANCELLED,
    "inquirytimeout": StayStatus.CANCELLED,
    "inquirynotpossible": StayStatus.CANCELLED,
}

CHANNELS: Final = {
    "2018": "airbnb",
    "2001": "airbnb",
    "2002": "vrbo",
    "2009": "vrbo",
    "2010": "vrbo",
    "2005": "booking",
    "2007": "expedia",
    "2019": "marriott",
    "2022": "google",
    "2016": "tripadvisor",
    "2000": "direct",
    "2013": "direct",
    "2017": "direct",
    "2015": "other",
    "2020": "other",
    "2021": "other",
}
# Where only the name is told.
CHANNEL_NAMES: Final = {
    "airbnbofficial": "airbnb",
    "airbnb": "airbnb",
    "homeaway": "vrbo",
    "homeawayical": "vrbo",
    "vrboical": "vrbo",
    "bookingcom": "booking",
    "expedia": "expedia",
    "marriott": "marriott",
    "google": "google",
    "tripadvisorical": "tripadvisor",
    "direct": "direct",
    "bookingengine": "direct",
    "wordpress": "direct",
    "customical": "other",
    "partner": "other",
    "gds": "other",
}
# Calendar feeds: no contact, no way to write to the guest.
MUTE_CHANNELS: Final = frozenset({"2009", "2010", "2015", "2016"})

# `communicationType` of a message. "channel" is the booking channel's own thread. Left out when sending it means
# e-mail.
BY_CHANNEL: Final = "channel"
BY_EMAIL: Final = "email"
CARRIERS: Final = {BY_EMAIL: "email", "sms": "sms", "whatsapp": "whatsapp"}

SENT: Final = "sent"
NOT_YET: Final = frozenset({"awaiting", "paused"})
NEVER: Final = frozenset({"failed", "cancelled_by_user", "cancelled_by_system"})

TASK_STATES: Final = {
    "pending": WorkOrderState.OPEN,
    "confirmed": WorkOrderState.OPEN,
    "inprogress": WorkOrderState.IN_PROGRESS,
    "completed": WorkOrderState.DONE,
    "cancelled": WorkOrderState.CANCELLED,
}
TASK_STATUSES: Final = {
    WorkOrderState.OPEN: "pending",
    WorkOrderState.IN_PROGRESS: "inProgress",
    WorkOrderState.DONE: "completed",
    WorkOrderState.CANCELLED: "cancelled",
}
TASK_KINDS: Final = {
    1: "cleaning",
    2: "maintenance",
    3: "check_in",
    4: "check_out",
    5: "office",
    6: "other",
}
