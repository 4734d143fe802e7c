"""Who owns which mirrored field, and the pure merge that enforces it (invariant 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connectors.contract.records import UNSET


class Owner(StrEnum):
    PMS = "pms"
    BELLHOP = "bellhop"


# Entity → field → owner. What is not listed is not mirrored.
OWNERS: dict[str, dict[str, Owner]] = {
    "property": {"name": Owner.PMS, "timezone": Owner.PMS, "address": Owner.PMS},
    "unit": {
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


@dataclass(frozen=True, slots=True)
class Overwrite:
    """One field that the PMS told: taken over (`applied`) or refused, by which rule."""

    field: str
    old: Any
    new: Any
    applied: bool
    rule: str


def owner_of(entity: str, field: str) -> Owner:
    """Raises KeyError for a field that is not mirrored."""
    return OWNERS[entity][field]


def merge(
    entity: str,
    current: Mapping[str, Any],
    told: Mapping[str, Any],
    *,
    held_version: str,
    told_version: str | None,
) -> list[Overwrite]:
    """What the PMS's values change. Pure: nothing is written here.

    A PMS-owned field takes the told value if the told version is not older than the held one (equal versions: the same
    state, told more fully). A version-less telling is a fresh read and counts as newest. A Bellhop-owned field is
    filled once while it is empty, never overwritten. UNSET values tell nothing.
    """
    stale = told_version is not None and told_version < held_version
    found = []
    for field, new in told.items():
        old = current.get(field)
        if new is UNSET or new == old:
            continue
        if owner_of(entity, field) is Owner.BELLHOP:
            empty = old in (None, "")
            found.append(
                Overwrite(field, old, new, empty, "filled while empty" if empty else "Bellhop owns this")
            )
        else:
            rule = "older than what is held" if stale else "the PMS owns this"
            found.append(Overwrite(field, old, new, not stale, rule))
    return found
