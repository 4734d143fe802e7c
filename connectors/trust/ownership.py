"""Who owns which mirrored field by default, and the pure merge that enforces the rules in force (invariant 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from connectors.contract.records import UNSET


class Owner(StrEnum):
    PMS = "pms"
    BELLHOP = "bellhop"


class Direction(StrEnum):
    """Which way a field flows: in from the PMS; in once while it is empty here; never in."""

    IN = "in"
    ONCE = "once"
    NEVER = "never"


class Freshness(StrEnum):
    """How old a field's value may be (`FRESH_WITHIN`)."""

    INSTANT = "instant"
    MINUTES = "minutes"
    DAILY = "daily"


FRESH_WITHIN = {
    Freshness.INSTANT: timedelta(minutes=1),
    Freshness.MINUTES: timedelta(minutes=15),
    Freshness.DAILY: timedelta(hours=24),
}

# Entity → field → owner. What is not listed is not mirrored.
OWNERS: dict[str, dict[str, Owner]] = {
    "property": {"name": Owner.PMS, "timezone": Owner.PMS, "address": Owner.PMS},
    "unit": {
        "property": Owner.PMS,
        "name": Owner.PMS,
        "title": Owner.PMS,
        "check_in_time": Owner.PMS,
        "check_out_time": Owner.PMS,
        "wifi": Owner.BELLHOP,
        "parking": Owner.BELLHOP,
        "condition": Owner.PMS,
        "condition_note": Owner.PMS,
        "occupied": Owner.PMS,
        "do_not_disturb": Owner.PMS,
    },
    "work_order": dict.fromkeys(
        (
            "reservation",
            "unit",
            "property",
            "title",
            "kind",
            "status",
            "state",
            "description",
            "resolution",
            "assignee",
            "due_at",
        ),
        Owner.PMS,
    ),
    "guest": {
        "full_name": Owner.PMS,
        "language": Owner.PMS,
        "notes": Owner.PMS,
        "tags": Owner.PMS,
    },
    "reservation": dict.fromkeys(
        (
            "property",
            "unit",
            "guest",
            "conversation_id",
            "code",
            "channel_code",
            "status",
            "status_raw",
            "arrival_date",
            "departure_date",
            "check_in_time",
            "check_out_time",
            "source",
            "source_raw",
            "adults",
            "children",
            "infants",
            "pets",
            "rate_plan",
            "money",
            "door_code",
            "notes",
            "custom_fields",
            "cancelled_at",
            "cancelled_by",
            "is_owner_stay",
            "is_test",
            "booked_at",
        ),
        Owner.PMS,
    ),
}


# A guest stands before the door, or doesn't come: these may never be a day old.
URGENT: dict[str, frozenset[str]] = {
    "unit": frozenset({"check_in_time", "check_out_time"}),
    "reservation": frozenset(
        {
            "property",
            "unit",
            "status",
            "arrival_date",
            "departure_date",
            "check_in_time",
            "check_out_time",
            "door_code",
            "cancelled_at",
        }
    ),
}
_DAILY: dict[str, frozenset[str]] = {
    "property": frozenset(OWNERS["property"]),
    "unit": frozenset({"name", "title", "wifi", "parking"}),
}
# What a stay is: were it ours, no booking of the PMS would ever arrive.
PMS_ONLY: dict[str, frozenset[str]] = {
    "property": frozenset({"timezone"}),
    "unit": frozenset({"property"}),
    "work_order": frozenset({"reservation", "unit", "property", "status", "state"}),
    "reservation": frozenset(
        {
            "property",
            "unit",
            "guest",
            "conversation_id",
            "code",
            "channel_code",
            "status",
            "status_raw",
            "arrival_date",
            "departure_date",
            "source",
            "source_raw",
            "money",
            "cancelled_at",
            "cancelled_by",
            "is_owner_stay",
            "is_test",
            "booked_at",
        }
    ),
}


EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for one field: its owner, which way it flows, how fresh it must be."""

    owner: Owner
    direction: Direction
    freshness: Freshness


def _default(entity: str, field: str, owner: Owner) -> Rule:
    freshness = Freshness.MINUTES
    if field in URGENT.get(entity, ()):
        freshness = Freshness.INSTANT
    elif field in _DAILY.get(entity, ()):
        freshness = Freshness.DAILY
    return Rule(owner, Direction.IN if owner is Owner.PMS else Direction.ONCE, freshness)


# Entity → field → the rule that holds where nobody changed it (`connectors.trust.rules`).
DEFAULTS: dict[str, dict[str, Rule]] = {
    entity: {field: _default(entity, field, owner) for field, owner in fields.items()}
    for entity, fields in OWNERS.items()
}


@dataclass(frozen=True, slots=True)
class Overwrite:
    """One field that the PMS told: taken over (`applied`) or refused, by which rule."""

    field: str
    old: Any
    new: Any
    applied: bool
    rule: str


def merge(
    entity: str,
    current: Mapping[str, Any],
    told: Mapping[str, Any],
    *,
    held_version: str,
    told_version: str | None,
    rules: Mapping[str, Rule] | None = None,
) -> list[Overwrite]:
    """What the PMS's values change. Pure: nothing is written here.

    A PMS-owned field takes the told value if the told version is not older than the held one (equal versions: the same
    state, told more fully). A version-less telling is a fresh read and counts as newest. A Bellhop-owned field is
    filled once while it is empty, if its direction says so, never overwritten. UNSET values tell nothing.
    `rules` are those in force for the connection; without them, the defaults. Raises KeyError for a field that is not
    mirrored.
    """
    stale = told_version is not None and told_version < held_version
    in_force = DEFAULTS[entity] if rules is None else rules
    found = []
    for field, new in told.items():
        old = current.get(field)
        if new is UNSET or new == old:
            continue
        rule = in_force[field]
        if rule.owner is Owner.BELLHOP:
            fills = rule.direction is Direction.ONCE and old in EMPTY
            found.append(
                Overwrite(field, old, new, fills, "filled while empty" if fills else "Bellhop owns this")
            )
        else:
            words = "older than what is held" if stale else "the PMS owns this"
            found.append(Overwrite(field, old, new, not stale, words))
    return found
