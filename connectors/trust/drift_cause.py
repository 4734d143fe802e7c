"""Why a field differs, by what is known of both sides. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from connectors.contract.base import PmsConnector
from connectors.contract.intents import Intent, SetCustomField, SetStayTimes
from connectors.models import CommandKind, Drift
from connectors.trust.ownership import EMPTY, FRESH_WITHIN, Overwrite, Owner, Rule

# What a stay can't do without.
REQUIRED = frozenset({"arrival_date", "departure_date", "status", "guest", "unit", "property"})
_WRITERS: dict[str, type[Intent]] = {
    "check_in_time": SetStayTimes,
    "check_out_time": SetStayTimes,
    "custom_fields": SetCustomField,
}
# Which fields of a stay a Command under way may be changing.
TOUCHES: dict[str, frozenset[str]] = {
    CommandKind.SET_CUSTOM_FIELD.value: frozenset({"custom_fields", "door_code", "notes"}),
    CommandKind.SET_STAY_TIMES.value: frozenset(
        {"check_in_time", "check_out_time", "notes", "custom_fields"}
    ),
    CommandKind.ADD_NOTE.value: frozenset({"notes"}),
    CommandKind.MIRROR_MESSAGE.value: frozenset({"notes"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`age`: how long the two differ; `same_version`: the PMS calls both the same state; `strange`: it uses a word that
    is new to us; `writable`: the connector can write the field; `written`: we did, and the PMS took it; `refused`: it
    told us its own value before, and was refused; `gone`: it no longer knows the record."""

    age: timedelta
    same_version: bool = False
    strange: bool = False
    writable: bool = False
    written: bool = False
    refused: bool = False
    gone: bool = False


def is_writable(connector: PmsConnector | type[PmsConnector], entity: str, field: str) -> bool:
    """Can our value of this field be sent there?"""
    return entity == "reservation" and _WRITERS.get(field) in connector.performs


def cause_of(change: Overwrite, rule: Rule, facts: Facts) -> Drift.Cause:
    """The likeliest cause of one difference."""
    if facts.gone:
        return Drift.Cause.GONE
    if change.field in REQUIRED and change.new in EMPTY:
        return Drift.Cause.REQUIRED_MISSING
    if rule.owner is Owner.PMS:
        if facts.strange or facts.same_version:
            return Drift.Cause.SCHEMA
        if facts.age < FRESH_WITHIN[rule.freshness]:
            return Drift.Cause.NOT_SYNCED
        return Drift.Cause.LOST_WEBHOOK
    if facts.written:
        return Drift.Cause.AUTOMATION
    if not facts.writable:
        return Drift.Cause.UNSUPPORTED if change.new in EMPTY else Drift.Cause.ONE_WAY
    return Drift.Cause.SEPARATE if facts.refused else Drift.Cause.NOT_SYNCED
