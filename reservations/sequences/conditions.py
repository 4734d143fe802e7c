"""Conditions in a closed language: fields of a registry, compared in few ways. A later part adds its fields with
`register`.

A condition on a field that is gone, or with a value that can't be, is an error of the sequence, not silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reservations.models import Reservation, UnitState
from reservations.sequences.definition import Rule

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a condition may ask of a stay. `kind`: text, number, flag or list; `read` must not touch the
    database beyond what a stay's own row and its unit, property and guest tell."""

    name: str
    label: Words
    kind: str
    read: Callable[[Reservation], Any]
    choices: tuple[str, ...] = ()


OPERATORS: Final = {
    "text": ("is", "is_not", "contains"),
    "number": ("is", "at_least", "at_most"),
    "flag": ("is",),
    "list": ("has", "has_not"),
}
_FIELDS: Final[dict[str, Field]] = {}


def register(field: Field) -> None:
    """Let conditions ask for it. Raises ValueError for a name that is taken."""
    if field.name in _FIELDS:
        raise ValueError(f"There is a field {field.name!r} already.")
    _FIELDS[field.name] = field


def fields() -> list[Field]:
    return list(_FIELDS.values())


def flaw(rule: Rule) -> str:
    """Why a rule can't be judged, as a code; empty where it can."""
    found = _FIELDS.get(rule.field)
    if found is None:
        return "unknown_field"
    if rule.operator not in OPERATORS[found.kind]:
        return "unknown_operator"
    if found.kind == "number" and (isinstance(rule.value, bool) or not isinstance(rule.value, int | float)):
        return "not_a_number"
    if found.kind == "flag" and not isinstance(rule.value, bool):
        return "not_yes_or_no"
    if found.kind in {"text", "list"} and not _texts(rule.value):
        return "no_value"
    return ""


def first_false(rules: Iterable[Rule], stay: Reservation) -> Rule | None:
    """The first rule that doesn't hold for a stay; one that can't be judged doesn't hold. None where all do."""
    return next((rule for rule in rules if not holds(rule, stay)), None)


def holds(rule: Rule, stay: Reservation) -> bool:
    """Does it hold, or one of its alternatives?"""
    return any(_holds(one, stay) for one in rule.each)


def _holds(rule: Rule, stay: Reservation) -> bool:
    if flaw(rule):
        return False
    value = _FIELDS[rule.field].read(stay)
    match rule.operator:
        case "is":
            return (
                _folded(value) in _texts(rule.value) if isinstance(value, str) else bool(value == rule.value)
            )
        case "is_not":
            return _folded(value) not in _texts(rule.value)
        case "contains":
            return any(word in _folded(value) for word in _texts(rule.value))
        case "at_least":
            return value is not None and bool(value >= rule.value)
        case "at_most":
            return value is not None and bool(value <= rule.value)
        case "has":
            return bool(_texts(list(value or ())) & _texts(rule.value))
    return not _texts(list(value or ())) & _texts(rule.value)


def _folded(value: Any) -> str:
    return str(value or "").strip().casefold()


def _texts(value: Any) -> set[str]:
    given = value if isinstance(value, list | tuple | set) else [value]
    return {_folded(one) for one in given} - {""}


def _language(stay: Reservation) -> str:
    return (stay.guest.language if stay.guest else "").replace("_", "-").partition("-")[0]


def _is_ready(stay: Reservation) -> bool:
    """Housekeeping says so (ux H8)."""
    return stay.unit is not None and stay.unit.condition in {UnitState.CLEAN, UnitState.INSPECTED}


for _field in (
    Field("status", _("Status"), "text", lambda stay: stay.status, tuple(Reservation.Status.values)),
    Field("source", _("Booked through"), "text", lambda stay: stay.source),
    Field("property", _("Property"), "text", lambda stay: stay.property.name if stay.property else ""),
    Field("unit", _("Unit"), "text", lambda stay: stay.unit.name if stay.unit else ""),
    Field("rate_plan", _("Rate"), "text", lambda stay: stay.rate_plan),
    Field("nights", _("Nights"), "number", lambda stay: stay.nights),
    Field("adults", _("Adults"), "number", lambda stay: stay.adults),
    Field("children", _("Children"), "number", lambda stay: stay.children),
    Field("pets", _("Pets"), "number", lambda stay: stay.pets),
    Field("language", _("Guest's language"), "text", _language),
    Field("tags", _("Guest's tags"), "list", lambda stay: stay.guest.tags if stay.guest else ()),
    Field(
        "late_check_out",
        _("Late check-out agreed"),
        "flag",
        lambda stay: bool(
            stay.check_out_time
            and stay.unit
            and stay.unit.check_out_time
            and stay.check_out_time > stay.unit.check_out_time
        ),
    ),
    Field("unit_ready", _("Unit is clean or inspected"), "flag", _is_ready),
    Field("test", _("Test stay"), "flag", lambda stay: stay.is_test),
):
    register(_field)
