"""Words of the inbox for things that are stored as codes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import template
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bellhop.core import clock, rich_text
from connectors.models import FieldOverwrite
from inbox.models import SnoozePreset, Thread
from inbox.services import shown_files
from inbox.services.row_view import channel_words

register = template.Library()


@register.filter
def as_blank(name: str) -> str:
    """A blank of a template as it stands in the text."""
    return f"{{{{{name}}}}}"


@register.filter
def asks_for_pictures(html: str) -> bool:
    """Does a mail want pictures of other hosts?"""
    return rich_text.has_remote_pictures(html)


@register.filter
def channel_name(channel: str) -> str:
    return channel_words(channel)[0]


@register.filter
def as_shown(rows: list[dict[str, Any]]) -> list[shown_files.ShownFile]:
    """A message's files for the screen."""
    return shown_files.of(rows)


@register.filter
def field_words(field: str) -> str:
    """A mirrored field's name on screen."""
    return {
        "status": _("Status"),
        "arrival_date": _("Arrival"),
        "departure_date": _("Departure"),
        "check_in_time": _("Check-in"),
        "check_out_time": _("Check-out"),
        "unit": _("Unit"),
    }.get(field, field)


@register.filter
def owner_words(change: FieldOverwrite | str | None, pms: str) -> str:
    """Who owns a field and when it last changed (ux V2)."""
    if not isinstance(change, FieldOverwrite):
        return _("%(pms)s owns this. Unchanged since the booking.") % {"pms": pms}
    seconds = int((clock.now() - change.at).total_seconds())
    if seconds < 3600:
        when = (
            _("%(n)d min ago") % {"n": seconds // 60} if seconds >= 60 else _("%(n)d s ago") % {"n": seconds}
        )
    else:
        when = change.at.strftime("%-d %b %H:%M")
    how = {"webhook": _("by webhook"), "read": _("by a read"), "import": _("by the import")}.get(
        change.source, ""
    )
    return _("%(pms)s owns this. Changed %(when)s %(how)s.") % {"pms": pms, "when": when, "how": how}


@register.filter
def day_ends(thread: Thread) -> datetime | None:
    """The next midnight at the property of the thread's stay: then its phase may change (ux L9)."""
    stay = thread.stay
    if stay is None or stay.property is None:
        return None
    zone = stay.property.zone
    return datetime.combine(clock.now().astimezone(zone).date() + timedelta(days=1), time(), zone)


@register.filter
def snooze_rule(preset: SnoozePreset) -> str:
    """A preset's rule in words: "Friday, 10:00", "2 days before arrival, 9:00"."""
    number, at = preset.number, preset.at.strftime("%H:%M") if preset.at else ""
    if preset.kind == SnoozePreset.Kind.HOURS:
        return ngettext("after %(n)d hour", "after %(n)d hours", number) % {"n": number}
    if preset.kind == SnoozePreset.Kind.WEEKDAY:
        return f"{WEEKDAYS[number % 7]}, {at}"
    words = {
        SnoozePreset.Kind.DAYS: ngettext("after %(n)d day", "after %(n)d days", number),
        SnoozePreset.Kind.ARRIVAL: ngettext("%(n)d day before arrival", "%(n)d days before arrival", number),
        SnoozePreset.Kind.DEPARTURE: ngettext(
            "%(n)d day before departure", "%(n)d days before departure", number
        ),
    }[SnoozePreset.Kind(preset.kind)]
    return f"{words % {'n': number}}, {at}"


@register.filter
def money(amount: str | None, currency: str) -> str:
    """An amount as text with its currency: "EUR 511.00"."""
    return "" if amount in (None, "") else f"{currency} {float(str(amount)):,.2f}"


@register.filter
def items(mapping: Any) -> list[tuple[Any, Any]]:
    """The pairs of a mapping whose keys might hide its own `items`."""
    return list(mapping.items()) if isinstance(mapping, dict) else []
