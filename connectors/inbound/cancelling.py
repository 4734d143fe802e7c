"""Before a cancellation is applied, what a sequence has on the wire for that stay is waited for (invariant 7)."""

from __future__ import annotations

from collections.abc import Iterable

from connectors import ports
from connectors.contract.records import ReservationRecord, StayStatus
from connectors.models import Connection

_OVER = {StayStatus.CANCELLED, StayStatus.NO_SHOW}


def must_wait(connection: Connection, records: Iterable[object]) -> bool:
    """Do these records cancel a stay for which something is being sent right now? Nothing more is, from here on."""
    ids = [
        record.external_id
        for record in records
        if isinstance(record, ReservationRecord) and record.status in _OVER
    ]
    return bool(ids) and ports.cancelling.get()(connection.pk, ids)
