"""What housekeeping says of a unit, as the PMS tells it."""

from __future__ import annotations

from typing import Any

from bellhop.core import clock, events
from connectors.contract.events import Entity
from connectors.contract.records import UNSET, HousekeepingRecord
from connectors.events import HousekeepingTold
from reservations.board import reading, telling
from reservations.board.cards import REFUSALS
from reservations.events import UnitChanged
from reservations.models import Cleaning, PmsState, Unit, UnitState
from reservations.services import mirror


def on_housekeeping(event: HousekeepingTold) -> None:
    """Take over the condition of a unit; a unit that we don't know (yet) is left to the next reading of all."""
    record, source = event.record, event.source
    row, held = mirror.find(Unit, source, Entity.UNIT, record.external_id)
    if row is None:
        return
    told: dict[str, Any] = {
        "condition": _condition(row, record),
        "occupied": record.occupied,
        "do_not_disturb": record.do_not_disturb,
        "condition_note": record.comment if record.comment is UNSET else record.comment[:300],
    }
    changes = mirror.merge(row, source, Entity.UNIT, record.external_id, told, held, record.version)
    refused = _refused(row, record)
    known: dict[str, Any] = {} if record.condition is UNSET else {"told_condition": record.condition[:20]}
    if record.refused is not UNSET:
        known["told_refused"] = record.refused
    Unit.objects.filter(pk=row.pk).update(condition_as_of=clock.now(), **known)
    if changes and not source.history:
        events.emit(UnitChanged(unit=row))
    if (changes or refused) and not source.history:
        telling.units([row], "told")


def _condition(row: Unit, record: HousekeepingRecord) -> Any:
    """The PMS's word, where it is a new one: what it said already, and what it says while ours is on its way, is older
    than what somebody said on the board."""
    if record.condition is UNSET or record.condition[:20] == row.told_condition:
        return UNSET
    on_its_way = row.state_changes.filter(pms_state=PmsState.WAITING, act__in=UnitState.values).exists()
    return UNSET if on_its_way else record.condition[:20]


def _refused(row: Unit, record: HousekeepingRecord) -> bool:
    """Take over that service is refused today, or wanted again, where the PMS says so anew. Did anything change?"""
    if record.refused is UNSET or record.refused == bool(row.told_refused):
        return False
    if row.state_changes.filter(pms_state=PmsState.WAITING, act__in=REFUSALS).exists():
        return False
    day = reading.today(row.property, clock.now())
    cleaning, _made = Cleaning.objects.get_or_create(
        unit=row,
        date=day,
        defaults={"organization_id": row.organization_id, "property_id": row.property_id},
    )
    was, cleaning.refused = cleaning.refused, record.refused
    cleaning.save(update_fields=["refused"])
    return was != cleaning.refused
