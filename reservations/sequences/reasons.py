"""Why a message was not sent, moved or held: a closed list, each one sentence (ux Q11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from reservations.models import ScheduledMessage
from reservations.sequences import conditions

_SENTENCES: dict[str, str] = {
    "against_rules": gettext_noop("The booking platform does not allow what it says, such as a link."),
    "already_sent": gettext_noop("It went to this guest for this stay before."),
    "cancelled": gettext_noop("The stay was cancelled."),
    "dates_changed": gettext_noop("The dates of the stay changed, which ends this sequence."),
    "past_its_time": gettext_noop("Its time had passed and it would be of no use."),
    "no_time": gettext_noop("The stay has no date that it could count from."),
    "condition_false": gettext_noop("A condition does not hold: %(field)s."),
    "no_consent": gettext_noop("There is no consent to marketing for this guest."),
    "no_channel": gettext_noop("No channel of the step reaches this guest."),
    "opted_out": gettext_noop("The guest stopped automatic messages."),
    "duplicate_contact": gettext_noop("The same went to this address for another stay of that day."),
    "connection_down": gettext_noop("The connection is down or paused; it waits as long as it is of use."),
    "paused": gettext_noop("The sequence, or this stay, is paused."),
    "held_for_approval": gettext_noop("Its time had passed: a person decides."),
    "legal_hold": gettext_noop("The guest is on legal hold: nothing leaves by itself."),
    "daily_cap": gettext_noop("Three messages went out within a day; it waits until one is a day old."),
    "quiet_hours": gettext_noop("It is night at the guest's; it waits for the morning."),
    "guest_replied": gettext_noop("The guest wrote meanwhile: a person decides."),
    "missing_value": gettext_noop("A value is missing: %(name)s."),
    "stopped": gettext_noop("The sequence was stopped."),
    "skipped": gettext_noop("%(who)s skipped it."),
    "step_gone": gettext_noop("The step is no longer part of the sequence."),
    "approved": gettext_noop("%(who)s approved it."),
}


CODES = frozenset(_SENTENCES)


def in_words(row: ScheduledMessage) -> str:
    """One sentence; empty where there is nothing to explain."""
    return sentence(row.reason, row.detail)


def sentence(code: str, detail: Mapping[str, Any]) -> str:
    template = _SENTENCES.get(code)
    if template is None:
        return code
    told = dict(detail)
    if code == "condition_false":
        labels = {field.name: str(field.label) for field in conditions.fields()}
        told["field"] = labels.get(str(told.get("field")), told.get("field", ""))
    return _(template) % {"field": "", "name": "", "who": "", **told} if code else ""
