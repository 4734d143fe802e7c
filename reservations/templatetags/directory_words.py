"""Words of the directory and of emergencies."""

from __future__ import annotations

from django import template
from django.utils import formats
from django.utils.translation import gettext as _

from connectors.contract import phones
from reservations.models import OnCallException, OnCallShift
from reservations.services.emergency_words import Emergency

register = template.Library()


@register.filter
def phone(e164: str) -> str:
    """A number as people read it."""
    return phones.shown(e164)


@register.filter
def emergency_words(kind: str) -> str:
    """What a guest may have told of."""
    return str(Emergency(kind).label) if kind in Emergency.values else ""


@register.filter
def shift_words(shift: OnCallShift) -> str:
    """ "Friday, 22:00 to 08:00", "Every day, all day"."""
    day = _("Every day") if shift.weekday is None else str(shift.get_weekday_display())
    if shift.starts_at == shift.ends_at:
        if not shift.starts_at.hour and not shift.starts_at.minute:
            return _("%(day)s, all day") % {"day": day}
        return _("%(day)s, 24 hours from %(at)s") % {"day": day, "at": f"{shift.starts_at:%H:%M}"}
    return _("%(day)s, %(from)s to %(until)s") % {
        "day": day,
        "from": f"{shift.starts_at:%H:%M}",
        "until": f"{shift.ends_at:%H:%M}",
    }


@register.filter
def exception_words(one: OnCallException) -> str:
    """ "24 Dec 18:00 to 26 Dec 08:00"."""
    return _("%(from)s to %(until)s") % {
        "from": f"{formats.date_format(one.first_day, 'j M Y')} {one.starts_at:%H:%M}",
        "until": f"{formats.date_format(one.last_day, 'j M Y')} {one.ends_at:%H:%M}",
    }
