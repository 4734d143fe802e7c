"""Why a message of a sequence was not sent, moved or held, as a code: a closed list, which the database holds to."""

from __future__ import annotations

from typing import Final

from django.db import models


class Reason(models.TextChoices):
    """The codes (ux Q11); `sequences/reasons.py` has a sentence for each."""

    AGAINST_RULES = "against_rules"
    ALREADY_SENT = "already_sent"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    CONDITION_FALSE = "condition_false"
    CONNECTION_DOWN = "connection_down"
    DAILY_CAP = "daily_cap"
    DATES_CHANGED = "dates_changed"
    DUPLICATE_CONTACT = "duplicate_contact"
    GUEST_REPLIED = "guest_replied"
    HELD_FOR_APPROVAL = "held_for_approval"
    LEGAL_HOLD = "legal_hold"
    MISSING_VALUE = "missing_value"
    NO_CHANNEL = "no_channel"
    NO_CONSENT = "no_consent"
    NO_TIME = "no_time"
    OPTED_OUT = "opted_out"
    PAST_ITS_TIME = "past_its_time"
    PAUSED = "paused"
    QUIET_HOURS = "quiet_hours"
    SKIPPED = "skipped"
    STEP_GONE = "step_gone"
    STOPPED = "stopped"


OR_NONE: Final = ("", *sorted(Reason.values))
"""What a row's reason may be."""
