"""Words of sequences for things that are stored as codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from reservations.sequences import conditions, definition, reasons
from reservations.sequences.changes import Change
from reservations.sequences.definition import Anchor, Definition, Flaw, Late, Rule, Step, When

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
        Anchor.DATES_CHANGED: _("the change of dates"),
        Anchor.MANUAL: _("joining by hand"),
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
    value = (
        {True: _("yes"), False: _("no")}[rule.value]
        if isinstance(rule.value, bool)
        else rule_value(rule.value)
    )
    return f"{label} {operator_words(rule.operator)} {value}"


@register.filter
def operator_words(operator: str) -> str:
    return {
        "is": _("is"),
        "is_not": _("is not"),
        "contains": _("contains"),
        "at_least": _("at least"),
        "at_most": _("at most"),
        "has": _("has"),
        "has_not": _("has not"),
    }.get(operator, operator)


@register.filter
def rule_value(value: Any) -> str:
    """A condition's value as it is typed: several with commas."""
    return (
        ", ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
    )


@register.filter
def flaw_words(flaw: Flaw, found: Definition | None = None) -> str:
    """What is wrong, and in which step."""
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
        "dates_stop": _("New dates end this sequence: a step about them would never be sent."),
        "before_it_happens": _("Nobody knows of it before it happens."),
        "template_no_name": _("The approved template has no name or no language."),
        "template_without_whatsapp": _("An approved template is for WhatsApp only."),
        "unknown_template": _("No connected channel has the template %(name)s.")
        % {"name": flaw.values.get("name", "")},
        "template_not_approved": _("The template %(name)s is not approved.")
        % {"name": flaw.values.get("name", "")},
        "template_blank": _("In the template %(name)s nothing stands for %(blank)s.")
        % {"name": flaw.values.get("name", ""), "blank": flaw.values.get("blank", "")},
        "unknown_field": _("The condition's field %(field)s is gone.")
        % {"field": flaw.values.get("field", "")},
    }.get(flaw.code, flaw.code)
    steps = found.steps if found else ()
    name = next(
        (step.name or _("Step without a name") for step in steps if step.key == flaw.place), flaw.place
    )
    return f"{name}: {words}" if name else words


_ANCHOR_ICONS = {
    Anchor.BOOKED: "calendar", Anchor.ARRIVAL: "arrive", Anchor.CHECK_IN: "arrive", Anchor.DEPARTURE: "depart",
    Anchor.CHECK_OUT: "depart", Anchor.CANCELLED: "cross",
    Anchor.DATES_CHANGED: "calendar", Anchor.MANUAL: "plus",
}  # fmt: skip


@register.filter
def anchor_icon(anchor: Anchor) -> str:
    return _ANCHOR_ICONS.get(anchor, "clock")


@register.filter
def anchor_words(anchor: Anchor) -> str:
    return {
        Anchor.BOOKED: _("Booked"),
        Anchor.ARRIVAL: _("Arrival"),
        Anchor.CHECK_IN: _("Check-in time"),
        Anchor.CHECK_OUT: _("Check-out time"),
        Anchor.DEPARTURE: _("Departure"),
        Anchor.CANCELLED: _("Cancelled"),
        Anchor.DATES_CHANGED: _("New dates"),
        Anchor.MANUAL: _("Put on by hand"),
    }[anchor]


@register.filter
def channel_icon(channel: str) -> str:
    return channel if channel in {"pms", "sms", "whatsapp", "email", "webchat"} else "send"


@register.filter
def language_words(code: str) -> str:
    """ "Spanish", in the reader's language."""
    try:
        return str(_(get_language_info(code)["name"]))
    except KeyError:
        return code


@register.filter
def amount(when: When) -> str:
    """How many days or hours, without their side."""
    number = abs(when.days if when.at is not None else when.hours + 24 * when.days)
    return f"{number:g}"


@register.filter
def is_before(when: When) -> bool:
    return (when.days or when.hours) < 0


@register.filter
def field_known(rule: Rule) -> bool:
    return any(field.name == rule.field for field in conditions.fields())


@register.filter
def field_kind(rule: Rule) -> str:
    return next((field.kind for field in conditions.fields() if field.name == rule.field), "text")


@register.filter
def rule_operators(rule: Rule) -> tuple[str, ...]:
    return conditions.OPERATORS[field_kind(rule)]


@register.filter
def variable_words(name: str) -> str:
    return {
        "guest.first_name": _("Guest's first name"),
        "guest.full_name": _("Guest's name"),
        "property.name": _("Property"),
        "property.address": _("Address"),
        "stay.adults": _("Adults"),
        "stay.arrival": _("Day of arrival"),
        "stay.check_in": _("Check-in time"),
        "stay.check_out": _("Check-out time"),
        "stay.children": _("Children"),
        "stay.code": _("Booking code"),
        "stay.departure": _("Day of departure"),
        "stay.door_code": _("Door code"),
        "stay.nights": _("Nights"),
        "unit.name": _("Unit"),
        "unit.parking": _("Parking"),
        "unit.wifi": _("Wi-Fi"),
        "organization.name": _("Company"),
        "survey.link": _("Link to the survey"),
    }.get(name, name)


@register.filter
def variable_list(names: Sequence[str]) -> str:
    return ", ".join(map(variable_words, names))


@register.filter
def pick_words(pick: str) -> str:
    return {
        "next": _("Arriving next"),
        "longest": _("Longest name"),
        "oldest": _("Oldest booking"),
        "cancelled": _("Cancelled"),
    }.get(pick, pick)


@register.filter
def way_words(code: str) -> str:
    """Why one channel can't be taken."""
    return _("not reachable there") if code == "no_channel" else reasons.sentence(code, {})


@register.filter
def plus(number: float, more: float) -> float:
    return round(number + more, 1)


@register.filter
def mark_words(days: int) -> str:
    """A day on the timeline; the one next to its anchor says on which side it is."""
    if abs(days) > 1:
        return _("%(n)d d") % {"n": abs(days)}
    return _("1 d before") if days < 0 else _("1 d after")


@register.filter
def strip_words(groups: Sequence[Any]) -> str:
    """The timeline as a sentence, for who doesn't see it."""
    told = [
        _("Step %(n)d %(when)s") % {"n": card.number, "when": when_words(card.step.when)}
        for group in groups
        for card in group.cards
    ]
    return (
        _("Timeline to scale. %(steps)s.") % {"steps": "; ".join(told)}
        if told
        else _("Timeline without steps")
    )


@register.filter
def change_icon(change: Change) -> str:
    return {
        "when": "clock",
        "added": "plus",
        "removed": "cross",
        "text_added": "globe",
        "text_removed": "globe",
    }.get(change.what, "pencil")


@register.filter
def change_words(change: Change) -> str:
    """What changed, without the values."""
    language = language_words(change.language) if change.language else ""
    words = {
        "added": _("new step"),
        "removed": _("removed"),
        "name": _("another name"),
        "when": _("another time"),
        "channels": _("other channels"),
        "late": _("another rule for being late"),
        "useful_until": _("of use until another time"),
        "rules": _("other conditions"),
        "purpose": _("another purpose"),
        "any_hour": _("may it leave at night?"),
        "language": _("another language for everybody else"),
        "template": _("another WhatsApp template"),
        "stop_when_answered": _("held once the guest wrote?"),
        "when_dates_change": _("something else when the dates change"),
        "text_added": _("%(language)s text added"),
        "text_removed": _("%(language)s text removed"),
        "subject": _("another subject in %(language)s"),
        "body": _("other words in %(language)s"),
    }.get(change.what, change.what)
    return words % {"language": language} if language else words


_BOTH = {"name", "when", "channels", "rules", "late", "useful_until", "template"}


@register.filter
def shows_both(change: Change) -> bool:
    return change.what in _BOTH


@register.filter
def before_words(change: Change) -> str:
    return _part_words(change.what, change.before)


@register.filter
def after_words(change: Change) -> str:
    return _part_words(change.what, change.after)


def _part_words(what: str, value: Any) -> str:
    if value in (None, [], ""):
        return _("none")
    match what:
        case "when" | "useful_until":
            return when_words(definition.parse_when(value))
        case "channels":
            return " → ".join(map(step_channel, value))
        case "rules":
            return "; ".join(map(rule_words, definition.parse_rules(value)))
        case "late":
            return str(
                {"skip": _("skip"), "send": _("send while of use"), "hold": _("hold")}.get(value, value)
            )
        case "template":
            told = ", ".join(f"{name}: {text}" for name, text in value.get("values", {}).items())
            return f"{value['name']} ({value['language']}) {told}".strip()
    return str(value)
