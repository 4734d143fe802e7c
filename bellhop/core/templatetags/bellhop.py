"""What every template uses: icons, times, counts."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from django import forms, template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()
COUNT_LIMIT = 999


@register.simple_tag
@cache
def icon(name: str, size: str = "") -> SafeString:
    """One drawing of the sprite; decorative, the word stands beside it."""
    css = f"icon icon-{size}" if size else "icon"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, static("icons/icons.svg"), name
    )


@register.simple_tag
def widget(field: forms.BoundField) -> SafeString:
    """A form's input in Bellhop's look, tied to its error and its help."""
    kinds = {forms.Select: "select", forms.Textarea: "textarea", forms.CheckboxInput: ""}
    css = next((name for kind, name in kinds.items() if isinstance(field.field.widget, kind)), "input")
    told_by = [
        f"{field.id_for_label}-{what}"
        for what, there in (("error", field.errors), ("help", field.help_text))
        if there
    ]
    attrs: dict[str, str | bool] = {"class": css, "placeholder": False}
    attrs |= {"aria-describedby": " ".join(told_by)} if told_by else {}
    return field.as_widget(attrs=attrs | ({"aria-invalid": "true"} if field.errors else {}))


@register.filter
def count(number: int) -> str:
    """A count never exceeds "999+" (ux L4)."""
    return f"{COUNT_LIMIT}+" if number > COUNT_LIMIT else str(number)


@register.filter
def words(name: str) -> str:
    """`check_in_time` as it is read out."""
    return str(name).replace("_", " ")


@register.filter
def minutes(number: int | None) -> str:
    """Minutes in words: "4 min", "1 h 12", "3 d"."""
    if number is None:
        return ""
    hours, rest = divmod(number, 60)
    if hours >= 48:
        return _("%(days)d d") % {"days": hours // 24}
    if hours:
        return _("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": rest}
    return _("%(minutes)d min") % {"minutes": number}


@register.filter
def clock(moment: datetime | None) -> str:
    """Hours and minutes in the active zone."""
    return timezone.localtime(moment).strftime("%H:%M") if moment else ""


@register.filter
def exact(moment: datetime | None) -> str:
    """Date and time to the second in the active zone: evidence."""
    if moment is None:
        return _("never")
    local = timezone.localtime(moment)
    return f"{formats.date_format(local, 'j M Y')}, {local:%H:%M:%S}"


@register.filter
def moment(value: datetime | None) -> str:
    """Day and minute in the active zone, for what lies ahead: "Tue 24 Nov, 09:00"."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return f"{formats.date_format(local, 'D j M')}, {local:%H:%M}"


@register.filter
def ago(moment: datetime | None, now: datetime) -> str:
    """How long before `now`: "12 s ago", "4 min ago", "3 h ago", else the date."""
    if moment is None:
        return _("never")
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 60:
        return _("%(n)d s ago") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)d min ago") % {"n": seconds // 60}
    if seconds < 86_400:
        return _("%(n)d h ago") % {"n": seconds // 3600}
    return formats.date_format(timezone.localtime(moment), "j M")


@register.filter
def day_heading(moment: datetime, now: datetime) -> str:
    """The date separator of a thread: "Today, Friday 19 June"."""
    local, today = timezone.localtime(moment).date(), timezone.localtime(now).date()
    text = formats.date_format(local, "l j F" if local.year == today.year else "l j F Y")
    return _("Today, %(day)s") % {"day": text} if local == today else text


@register.filter
def get(mapping: dict[str, object], key: str) -> object:
    """The value of a key that is only known while rendering."""
    return mapping.get(key, "")
