"""A step's form: between what browsers send and what a draft stores. Half of a step is fine, it is a draft; what can't
be read is said at its field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from reservations.sequences import conditions
from reservations.sequences.definition import CHANNELS, DAYS_ONLY, Anchor, Late

Stored = dict[str, Any]
_LONGEST_NAME: Final = 80
DEFAULT_AT: Final = "10:00"


class Unreadable(Exception):
    """A field holds what can't be: its name in the form, and why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field, self.why = field, why


def step(given: QueryDict, key: str) -> Stored:
    """The step as it is stored. Raises Unreadable."""
    late = given.get("late", Late.SKIP)
    found: Stored = {
        "key": key,
        "name": given.get("name", "").strip()[:_LONGEST_NAME],
        "when": when(given, "when"),
        "channels": [channel for channel in dict.fromkeys(given.getlist("channel")) if channel in CHANNELS],
        "texts": _texts(given),
        "language": given.get("language", "en"),
        "late": late if late in set(Late) else Late.SKIP.value,
    }
    if found["late"] == Late.SEND:
        found["useful_until"] = when(given, "until")
    if rules := rules_of(given):
        found["rules"] = rules
    if given.get("purpose") == "marketing":
        found["purpose"] = "marketing"
    if given.get("any_hour"):
        found["any_hour"] = True
    if "whatsapp" in found["channels"] and (template := _template(given)):
        found["template"] = template
    return found


def settings(given: QueryDict) -> Stored:
    """What belongs to the whole sequence. Raises Unreadable."""
    found: Stored = {}
    if rules := rules_of(given):
        found["rules"] = rules
    if given.get("stop_when_answered"):
        found["stop_when_answered"] = True
    if given.get("when_dates_change") == "stop":
        found["when_dates_change"] = "stop"
    return found


def when(given: QueryDict, prefix: str) -> Stored:
    """A time: so many days with a clock time, or hours, before or after an anchor."""
    anchor = given.get(f"{prefix}-anchor", Anchor.BOOKED)
    if anchor not in set(Anchor):
        raise Unreadable(f"{prefix}-anchor", _("There is no such time."))
    found: Stored = {"anchor": anchor}
    sign = -1 if given.get(f"{prefix}-side") == "before" else 1
    if given.get(f"{prefix}-unit", "days") == "days" or anchor in DAYS_ONLY:
        found["days"] = sign * int(_number(given, f"{prefix}-amount", whole=True))
        found["at"] = _clock(given, f"{prefix}-at")
    else:
        amount = sign * _number(given, f"{prefix}-amount")
        found["hours"] = int(amount) if amount == int(amount) else amount
    return {name: value for name, value in found.items() if value or name in {"anchor", "at"}}


def _number(given: QueryDict, field: str, *, whole: bool = False) -> float:
    text = given.get(field, "").strip().replace(",", ".")
    try:
        found = float(text or 0)
    except ValueError as error:
        raise Unreadable(field, _("Give a number.")) from error
    if not 0 <= found <= 20_000:
        raise Unreadable(field, _("Give a number from 0 on."))
    if whole and found != int(found):
        raise Unreadable(field, _("Whole days only; for parts of a day choose hours."))
    return found


def _clock(given: QueryDict, field: str) -> str:
    text = given.get(field, "") or DEFAULT_AT
    try:
        return f"{time.fromisoformat(text):%H:%M}"
    except ValueError as error:
        raise Unreadable(field, _("Give a time such as 10:00.")) from error


def _texts(given: QueryDict) -> Stored:
    return {
        language: {
            "subject": given.get(f"subject:{language}", "").strip(),
            "body": given.get(f"body:{language}", "").replace("\r\n", "\n"),
        }
        for language in dict.fromkeys(given.getlist("text"))
    }


def _template(given: QueryDict) -> Stored | None:
    """The approved text that was chosen, "name|language", with what is in its blanks (not in those of the one that was
    chosen before)."""
    chosen = given.get("template", "")
    name, _bar, language = chosen.rpartition("|")
    if not name:
        return None
    blanks = given.getlist("template-blank") if given.get("template-shown") == chosen else []
    return {
        "name": name,
        "language": language,
        "values": {blank: given.get(f"template-value:{blank}", "").strip() for blank in blanks},
    }


def rules_of(given: QueryDict) -> list[Stored]:
    """Conditions: rows of the form with the same number are alternatives of each other."""
    groups: dict[str, list[Stored]] = {}
    rows = zip(
        given.getlist("rule-group"), given.getlist("rule-field"), given.getlist("rule-operator"),
        given.getlist("rule-value"), strict=False,
    )  # fmt: skip
    for group, field, operator, value in rows:
        groups.setdefault(group, []).append(_rule(field, operator, value))
    return [{**first, "or": others} if others else first for first, *others in groups.values()]


def _rule(name: str, operator: str, value: str) -> Stored:
    """In the way of its field; a field that is gone keeps what it had, so that the flaw is seen."""
    field = next((one for one in conditions.fields() if one.name == name), None)
    if field is None:
        return {"field": name, "operator": operator, "value": value}
    operators = conditions.OPERATORS[field.kind]
    return {
        "field": name,
        "operator": operator if operator in operators else operators[0],
        "value": _value(field.kind, value.strip()),
    }


def _value(kind: str, text: str) -> Any:
    if kind == "flag":
        return text != "no"
    if kind == "number":
        try:
            return int(text) if text.lstrip("-").isdecimal() else float(text.replace(",", "."))
        except ValueError:
            return text
    found = [one.strip() for one in text.split(",") if one.strip()]
    return found[0] if len(found) == 1 else found


def act(stored: Stored, what: str) -> Stored:
    """One click inside the form: a channel up, down, in or out; a condition more or less; a language more or less; the
    step earlier or later."""
    name, _colon, value = what.partition(":")
    change = _ACTS.get(name)
    return change(dict(stored), value) if change else stored


def _channels(stored: Stored, channel: str, by: int) -> Stored:
    order = list(stored["channels"])
    if channel in order:
        at = order.index(channel)
        to = max(0, min(len(order) - 1, at + by))
        order.insert(to, order.pop(at))
    return {**stored, "channels": order}


def _channel_in(stored: Stored, channel: str) -> Stored:
    fits = channel in CHANNELS and channel not in stored["channels"]
    return {**stored, "channels": [*stored["channels"], channel]} if fits else stored


def _channel_out(stored: Stored, channel: str) -> Stored:
    kept = {name: value for name, value in stored.items() if (name, channel) != ("template", "whatsapp")}
    return {**kept, "channels": [one for one in stored["channels"] if one != channel]}


def _rule_in(stored: Stored, _value: str) -> Stored:
    return {**stored, "rules": [*stored.get("rules", []), _fresh_rule()]}


def _fresh_rule() -> Stored:
    return {"field": "nights", "operator": "at_least", "value": 2}


def _rule_or(stored: Stored, place: str) -> Stored:
    rules = [dict(rule) for rule in stored.get("rules", [])]
    if place.isdecimal() and int(place) < len(rules):
        rules[int(place)]["or"] = [*rules[int(place)].get("or", []), _fresh_rule()]
    return {**stored, "rules": rules}


def _rule_out(stored: Stored, place: str) -> Stored:
    """`place` is "2" for the whole third condition's first part, "2.1" for its second alternative."""
    group, _dot, other = place.partition(".")
    rules = [dict(rule) for rule in stored.get("rules", [])]
    if not group.isdecimal() or int(group) >= len(rules):
        return stored
    rule = rules[int(group)]
    parts = [{k: v for k, v in rule.items() if k != "or"}, *rule.get("or", [])]
    if (other or "0").isdecimal() and int(other or 0) < len(parts):
        parts.pop(int(other or 0))
    rules[int(group) : int(group) + 1] = (
        [{**parts[0], **({"or": parts[1:]} if parts[1:] else {})}] if parts else []
    )
    return {**stored, "rules": rules}


def _language_in(stored: Stored, language: str) -> Stored:
    if not language or language in stored["texts"]:
        return stored
    first = stored["texts"].get(stored["language"], {})
    return {
        **stored,
        "texts": {**stored["texts"], language: {"subject": first.get("subject", ""), "body": ""}},
    }


def _language_out(stored: Stored, language: str) -> Stored:
    texts = {code: text for code, text in stored["texts"].items() if code != language}
    if not texts:
        return stored
    own = stored["language"] if stored["language"] in texts else next(iter(texts))
    return {**stored, "texts": texts, "language": own}


def _own_language(stored: Stored, language: str) -> Stored:
    return {**stored, "language": language} if language in stored["texts"] else stored


def _moved(stored: Stored, by: int) -> Stored:
    """A day for what is given in days, an hour for hours."""
    time_of = dict(stored["when"])
    unit = "days" if time_of.get("at") else "hours"
    time_of[unit] = time_of.get(unit, 0) + by
    return {**stored, "when": time_of}


_ACTS: Final[dict[str, Callable[[Stored, str], Stored]]] = {
    "channel-up": lambda stored, value: _channels(stored, value, -1),
    "channel-down": lambda stored, value: _channels(stored, value, 1),
    "channel-in": _channel_in,
    "channel-out": _channel_out,
    "rule-in": _rule_in,
    "rule-or": _rule_or,
    "rule-out": _rule_out,
    "language-in": _language_in,
    "language-out": _language_out,
    "language-own": _own_language,
    "earlier": lambda stored, _value: _moved(stored, -1),
    "later": lambda stored, _value: _moved(stored, 1),
}
