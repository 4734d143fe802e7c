"""Until when a thread sleeps: the built-in choices, one's own presets, and back to sleep after an early wake (ux L12).
All clock times are those of the thread's property."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bellhop.accounts.models import User
from bellhop.core import clock
from inbox.models import SnoozePreset, Thread

CHOICES = (
    ("later", gettext_lazy("Later today (3 hours)")),
    ("tomorrow", gettext_lazy("Tomorrow, 9:00")),
    ("monday", gettext_lazy("Monday, 9:00")),
    ("arrival", gettext_lazy("Day before arrival, 9:00")),
    ("reply", gettext_lazy("Until the guest writes")),
)
MORNING = time(9, 0)
SOON = timedelta(hours=3)
MOST_PRESETS = 20
_MOST = {
    SnoozePreset.Kind.HOURS: 24 * 90,
    SnoozePreset.Kind.DAYS: 365,
    SnoozePreset.Kind.WEEKDAY: 6,
    SnoozePreset.Kind.ARRIVAL: 365,
    SnoozePreset.Kind.DEPARTURE: 365,
}


class UnknownSnooze(Exception):
    """There is no such choice, or no such preset of this person."""


class PresetRefused(Exception):
    """The preset can't be kept; the text says why."""


def zone_of(thread: Thread) -> ZoneInfo:
    """The zone in which an agent's times of this thread are meant."""
    if thread.property is not None:
        return thread.property.zone
    return ZoneInfo(thread.connection.timezone if thread.connection else "UTC")


def until(user: User, choice: str, thread: Thread) -> datetime | None:
    """When a snooze of `choice` ends (UTC); None means until the guest writes. A time that is past is three hours
    from now. Raises UnknownSnooze."""
    now = clock.now()
    if choice == "reply":
        return None
    moment = thread.snoozed_before if choice == "again" else _moment(user, choice, thread, now)
    return moment if moment is not None and moment > now else now + SOON


def _moment(user: User, choice: str, thread: Thread, now: datetime) -> datetime | None:
    rules: dict[str, tuple[str, int, time | None]] = {
        "later": (SnoozePreset.Kind.HOURS, 3, None),
        "tomorrow": (SnoozePreset.Kind.DAYS, 1, MORNING),
        "monday": (SnoozePreset.Kind.WEEKDAY, 0, MORNING),
        "arrival": (SnoozePreset.Kind.ARRIVAL, 1, MORNING),
    }
    if choice in rules:
        return _by_rule(thread, now, *rules[choice])
    preset = SnoozePreset.objects.filter(owner=user, public_id=choice).first()
    if preset is None:
        raise UnknownSnooze(choice)
    return _by_rule(thread, now, preset.kind, preset.number, preset.at)


def _by_rule(thread: Thread, now: datetime, kind: str, number: int, at: time | None) -> datetime | None:
    zone = zone_of(thread)
    today = now.astimezone(zone).date()
    if kind == SnoozePreset.Kind.HOURS:
        return now + timedelta(hours=number)
    day: date | None = None
    if kind == SnoozePreset.Kind.DAYS:
        day = today + timedelta(days=number)
    elif kind == SnoozePreset.Kind.WEEKDAY:
        day = today + timedelta(days=(number - today.weekday()) % 7 or 7)
    elif thread.stay is not None:
        anchor = thread.stay.arrival_date if kind == SnoozePreset.Kind.ARRIVAL else thread.stay.departure_date
        day = anchor - timedelta(days=number) if anchor else None
    return datetime.combine(day, at or MORNING, zone) if day else None


def again(thread: Thread, now: datetime) -> datetime | None:
    """Until when a thread may be put back to sleep that the guest woke early; None where nothing is to be offered."""
    if thread.status != "open" or thread.woken_at is None or thread.snoozed_before is None:
        return None
    return thread.snoozed_before if thread.snoozed_before > now else None


def presets(user: User) -> list[SnoozePreset]:
    """One's own presets by name."""
    return list(SnoozePreset.objects.filter(owner=user).order_by("name"))


def keep_preset(user: User, *, name: str, kind: str, number: int, at: time | None) -> SnoozePreset:
    """Keep a preset; one of the same name is replaced. Raises PresetRefused."""
    name = " ".join(name.split())[:40]
    most = _MOST.get(SnoozePreset.Kind(kind), 0)
    if not name:
        raise PresetRefused(_("It needs a name."))
    if not 0 <= number <= most or (number == 0 and kind == SnoozePreset.Kind.HOURS):
        raise PresetRefused(_("The number is from 0 to %(most)d here.") % {"most": most})
    mine = SnoozePreset.objects.filter(owner=user)
    if mine.count() >= MOST_PRESETS and not mine.filter(name=name).exists():
        raise PresetRefused(_("You have %(most)d already; remove one first.") % {"most": MOST_PRESETS})
    preset, _created = SnoozePreset.objects.update_or_create(
        owner=user,
        name=name,
        defaults={
            "kind": kind,
            "number": number,
            "at": None if kind == SnoozePreset.Kind.HOURS else at or MORNING,
        },
    )
    return preset


def remove_preset(user: User, public_id: str) -> bool:
    """Forget a preset of one's own. False where there is none such."""
    deleted, _rows = SnoozePreset.objects.filter(owner=user, public_id=public_id).delete()
    return bool(deleted)
