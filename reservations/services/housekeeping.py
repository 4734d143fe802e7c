"""What housekeeping says of a unit, as the PMS tells it."""

from __future__ import annotations

from typing import Any

from bellhop.core import clock, events
from connectors.contract.events import Entity
from connectors.contract.records import UNSET, HousekeepingRecord
from connectors.events import HousekeepingTold
from reservations.board import telling
from reservations.events import UnitChanged
from reservations.models import PmsState, Unit
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
    known = {} if record.condition is UNSET else {"told_condition": record.condition[:20]}
    Unit.objects.filter(pk=row.pk).update(condition_as_of=clock.now(), **known)
    if changes and not source.history:
        events.emit(UnitChanged(unit=row))
        telling.units([row], "told")


def _condition(row: Unit, record: HousekeepingRecord) -> Any:
    """The PMS's word, where it is a new one: what it said already, and what it says while ours is on its way, is older
    than what somebody said on the board."""
    if record.condition is UNSET or record.condition[:20] == row.told_condition:
        return UNSET
    on_its_way = row.state_changes.filter(pms_state=PmsState.WAITING).exists()
    return UNSET if on_its_way else record.condition[:20]
