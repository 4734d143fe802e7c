"""What agents send: parsed and checked here, decided in the services."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from bellhop.core import clock
from inbox.models import Draft, Thread

SNOOZES = (
    ("later", _("Later today (3 hours)")),
    ("tomorrow", _("Tomorrow, 9:00")),
    ("monday", _("Monday, 9:00")),
    ("arrival", _("Day before arrival, 9:00")),
    ("reply", _("Until the guest writes")),
)
MORNING = time(9, 0)


class ReplyForm(forms.Form):
    body = forms.CharField(required=False, max_length=20_000, strip=False)
    client_token = forms.RegexField(r"^[\w-]{8,60}$")
    seen = forms.IntegerField(required=False, min_value=0)
    send_anyway = forms.BooleanField(required=False)
    then = forms.ChoiceField(required=False, choices=[("", ""), ("close", ""), ("snooze", "")])
    snooze = forms.ChoiceField(required=False, choices=[("", ""), *SNOOZES])
    send_at = forms.CharField(required=False, max_length=30)


class NoteForm(forms.Form):
    body = forms.CharField(required=False, max_length=20_000, strip=False)
    client_token = forms.RegexField(r"^[\w-]{8,60}$")
    to_pms = forms.BooleanField(required=False)


class DraftForm(forms.Form):
    mode = forms.ChoiceField(choices=Draft.Mode.choices)
    body = forms.CharField(required=False, max_length=20_000, strip=False)
    seen = forms.IntegerField(required=False, min_value=0)
    device = forms.CharField(required=False, max_length=40)


class SnoozeForm(forms.Form):
    snooze = forms.ChoiceField(required=False, choices=[("", ""), *SNOOZES])
    until = forms.CharField(required=False, max_length=30)


def zone_of(thread: Thread) -> ZoneInfo:
    """The zone in which an agent's times of this thread are meant."""
    if thread.property is not None:
        return thread.property.zone
    return ZoneInfo(thread.connection.timezone if thread.connection else "UTC")


def local_moment(text: str, thread: Thread) -> datetime | None:
    """A `datetime-local` value in the property's zone as UTC; None where it can't be read or is past."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=zone_of(thread))
    except ValueError:
        return None
    return moment if moment > clock.now() else None


def snooze_until(choice: str, thread: Thread) -> datetime | None:
    """When a snooze of `choice` ends (UTC); None means until the guest writes."""
    now = clock.now()
    local = now.astimezone(zone_of(thread))
    if choice == "later":
        return now + timedelta(hours=3)
    if choice == "tomorrow":
        return datetime.combine(local.date() + timedelta(days=1), MORNING, zone_of(thread))
    if choice == "monday":
        days = (7 - local.weekday()) or 7
        return datetime.combine(local.date() + timedelta(days=days), MORNING, zone_of(thread))
    if choice == "arrival" and thread.stay is not None and thread.stay.arrival_date is not None:
        moment = datetime.combine(thread.stay.arrival_date - timedelta(days=1), MORNING, zone_of(thread))
        return moment if moment > now else now + timedelta(hours=3)
    return None
