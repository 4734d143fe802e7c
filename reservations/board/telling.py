"""Telling the boards that are open: which unit's card is another one now, or that a property's day is."""

from __future__ import annotations

from collections.abc import Iterable

from bellhop.core import live
from reservations.models import Unit

TOPIC = "board"


def units(rows: Iterable[Unit], what: str) -> None:
    """Their cards are drawn anew. Part of the caller's transaction, last in it."""
    for organization_id, changes in _by_organization(rows, what).items():
        live.append(organization_id, changes)


def _by_organization(rows: Iterable[Unit], what: str) -> dict[int, list[live.Change]]:
    found: dict[int, list[live.Change]] = {}
    for unit in rows:
        change = live.Change(
            topic=TOPIC, subject_id=unit.pk, property_id=unit.property_id, data={"what": what}
        )
        found.setdefault(unit.organization_id, []).append(change)
    return found


def whole(organization_id: int, property_id: int) -> None:
    """So much changed that the board is asked for anew."""
    live.append(organization_id, [live.Change(topic=TOPIC, property_id=property_id, data={"what": "day"})])
