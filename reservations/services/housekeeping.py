"""What housekeeping says of a unit, as the PMS tells it."""

from __future__ import annotations

from typing import Any

from bellhop.core import clock, events
from connectors.contract.events import Entity
from connectors.contract.records import UNSET
from connectors.events import HousekeepingTold
from reservations.events import UnitChanged
from reservations.models import Unit
from reservations.services import mirror


def on_housekeeping(event: HousekeepingTold) -> None:
    """Take over the condition of a unit; a unit that we don't know (yet) is left to the next reading of all."""
    record, source = event.record, event.source
    row, held = mirror.find(Unit, source, Entity.UNIT, record.external_id)
    if row is None:
        return
    told: dict[str, Any] = {
        "condition": record.condition if record.condition is UNSET else record.condition[:20],
        "occupied": record.occupied,
        "do_not_disturb": record.do_not_disturb,
        "condition_note": record.comment if record.comment is UNSET else record.comment[:300],
    }
    changes = mirror.merge(row, source, Entity.UNIT, record.external_id, told, held, record.version)
    Unit.objects.filter(pk=row.pk).update(condition_as_of=clock.now())
    if changes and not source.history:
        events.emit(UnitChanged(unit=row))
