"""Words of sequences for things that are stored as codes."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reservations.sequences import conditions
from reservations.sequences.definition import Anchor, Flaw, Late, Rule, Step, When

register = template.Library()


@register.filter
def when_words(when: When) -> str:
    """ "1 day before arrival, 10:00"."""
    anchor = {
        Anchor.BOOKED: _("booking"),
        Anchor.ARRIVAL: _("arrival"),
        Anchor.CHECK_IN: _("check-in"),
        Anchor.CHECK_OUT: _("check-out"),
        Anchor.DEPARTURE: _("departure"),
        Anchor.CANCELLED: _("cancellation"),
    }[when.anchor]
    if when.at is not None:
        count = ngettext("%(n)d day", "%(n)d days", abs(when.days)) % {"n": abs(when.days)}
        day = (
            _("on the day of %(anchor)s") % {"anchor": anchor}
            if not when.days
            else _side(when.days, count, anchor)
        )
        return f"{day}, {when.at:%H:%M}"
    hours = when.hours + 24 * when.days
    if not hours:
        return _("at %(anchor)s") % {"anchor": anchor}
    minutes = round(abs(hours) * 60)
    count = (
        ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
        if minutes % 60
        else ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    )
    return _side(hours, count, anchor)


def _side(amount: float, count: str, anchor: str) -> str:
    words = _("%(count)s before %(anchor)s") if amount < 0 else _("%(count)s after %(anchor)s")
    return words % {"count": count, "anchor": anchor}


@register.filter
def step_channel(channel: str) -> str:
    return {
        "pms": _("PMS"),
        "sms": _("SMS"),
        "whatsapp": _("WhatsApp"),
        "email": _("E-mail"),
        "webchat": _("Web chat"),
    }.get(channel, channel)


@register.filter
def late_words(step: Step) -> str:
    if step.late == Late.SEND and step.useful_until is not None:
        return _("late: until %(when)s") % {"when": when_words(step.useful_until)}
    return _("late: held for approval") if step.late == Late.HOLD else _("late: skipped")


@register.filter
def rule_words(rule: Rule) -> str:
    """ "Nights at least 2 or Pets at least 1"."""
    return _(" or ").join(map(_one_rule, rule.each))


def _one_rule(rule: Rule) -> str:
    label = next((field.label for field in conditions.fields() if field.name == rule.field), rule.field)
    operator = {
        "is": _("is"),
        "is_not": _("is not"),
        "contains": _("contains"),
        "at_least": _("at least"),
        "at_most": _("at most"),
        "has": _("has"),
        "has_not": _("has not"),
    }.get(rule.operator, rule.operator)
    value = ", ".join(map(str, rule.value)) if isinstance(rule.value, list) else str(rule.value)
    return f"{label} {operator} {value}"


@register.filter
def flaw_words(flaw: Flaw) -> str:
    """What is wrong, and where."""
    words = {
        "no_steps": _("There is no step yet."),
        "key_twice": _("A step stands here twice."),
        "cancelled_mixed": _("Steps about cancellations need a sequence of their own."),
        "no_name": _("The step has no name."),
        "no_channel": _("The step has no channel."),
        "no_text": _("The step has no text in its language."),
        "day_without_time": _("A day needs a time."),
        "no_end": _("Sending late needs an end."),
        "marketing_in_pms": _("Marketing never goes through the PMS."),
        "unknown_variable": _("There is no variable %(name)s.") % {"name": flaw.values.get("name", "")},
        "bad_template": _("The text is broken: %(why)s") % {"why": flaw.values.get("why", "")},
        "unknown_field": _("The condition's field %(field)s is gone.")
        % {"field": flaw.values.get("field", "")},
    }.get(flaw.code, flaw.code)
    return f"{flaw.place}: {words}" if flaw.place else words
