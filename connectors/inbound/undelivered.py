"""What the PMS's own log says that it could not deliver to us: a net under the catch-up by time of change.

The log names objects and no times. So a stay in it is read unless it was read within a day; a message that we don't
have sends the catch-up back by a day, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bellhop.core import clock
from connectors.contract.base import PmsConnector
from connectors.contract.errors import NotFound
from connectors.contract.events import Entity, ReadHint
from connectors.contract.http import Call
from connectors.contract.records import ReservationRecord
from connectors.inbound import identity
from connectors.models import Connection, RecordRead

BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """Stays that were lost, as they are now; `messages`: some of ours may be missing, nobody knows in which
    conversation."""

    stays: tuple[ReservationRecord, ...]
    messages: bool


def look(connection: Connection, connector: PmsConnector, call: Call) -> Found:
    """Raises ConnectorError."""
    hints = connector.list_undelivered(call, connection.subscription_id)
    stays = []
    for hint in hints:
        if hint.entity != Entity.RESERVATION or _is_fresh(connection, hint):
            continue
        try:
            stays.append(connector.get_reservation(call, hint.external_id))
        except NotFound:
            continue  # it is gone meanwhile
    return Found(tuple(stays), _has_new(connection, hints))


def _is_fresh(connection: Connection, hint: ReadHint) -> bool:
    return identity.read_since(connection.pk, hint.entity, hint.external_id, clock.now() - BACK)


def _has_new(connection: Connection, hints: Sequence[ReadHint]) -> bool:
    """Is there a message that we neither have nor have looked for? What never left for the guest is never ours."""
    told = {hint.external_id for hint in hints if hint.entity == Entity.MESSAGE}
    missing = told - identity.known(connection.pk, Entity.MESSAGE, told).keys()
    looked_for = RecordRead.objects.filter(
        connection=connection, entity=Entity.MESSAGE, remote_id__in=missing
    ).values_list("remote_id", flat=True)
    new = missing - set(looked_for)
    now = clock.now()
    RecordRead.objects.bulk_create(
        (
            RecordRead(connection=connection, entity=Entity.MESSAGE, remote_id=one, began_at=now)
            for one in new
        ),
        ignore_conflicts=True,
    )
    return bool(new)
