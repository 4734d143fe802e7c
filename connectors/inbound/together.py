"""What several thin webhooks wait for, read at once, and what all of them claim about it.

Where one call reads many stays, those that other entries of the journal wait for come along, each claimed as a read of
its own (`thin`). And where reads may show the state before, a read is compared with the claims of all that it would
cover, not with those of the one entry that made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bellhop.core import clock
from connectors.contract.base import PmsConnector
from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, Entity, ReadHint
from connectors.contract.http import Call
from connectors.contract.records import ReservationRecord
from connectors.inbound import reading, thin
from connectors.inbound.reading import Fetched
from connectors.models import Connection, DeliveryState, WebhookDelivery

SCANNED = 100


@dataclass(frozen=True, slots=True)
class Companion:
    """A stay that another entry wants read, claimed; `events` say what is claimed about it."""

    hint: ReadHint
    events: Sequence[CanonicalEvent]
    delivery_id: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who else waits: `same` is what other entries claim about the stay at hand."""

    same: Sequence[CanonicalEvent] = ()
    companions: Sequence[Companion] = field(default_factory=list)

    def is_contradicted_by(self, fetched: Fetched | None) -> bool:
        records = {one.external_id: one for one in fetched.records} if fetched else {}
        stays = {key: one for key, one in records.items() if isinstance(one, ReservationRecord)}
        return thin.contradicts(self.same, stays)


def waiting_with(delivery: WebhookDelivery, connector: PmsConnector, hint: ReadHint) -> Waiting:
    """Nobody, where a stay is read alone and never shows the state before."""
    if hint.entity != Entity.RESERVATION or (connector.reads_together < 2 and not connector.rereads):
        return Waiting()
    groups = _by_stay(delivery, connector)
    same = [event for _, events in groups.pop(hint, ()) for event in events]
    companions: list[Companion] = []
    for other, entries in groups.items():
        if len(companions) == connector.reads_together - 1:
            break
        if _claim(entries[0][0], connector, other):
            events = [event for _, told in entries for event in told]
            companions.append(Companion(other, events, entries[0][0].pk))
    return Waiting(same, companions)


Entry = tuple[WebhookDelivery, Sequence[CanonicalEvent]]


def _by_stay(delivery: WebhookDelivery, connector: PmsConnector) -> dict[ReadHint, list[Entry]]:
    """The other entries that wait for a stay, and for nothing else: the longest waiting first."""
    rows = WebhookDelivery.objects.filter(
        connection_id=delivery.connection_id, state=DeliveryState.RECEIVED, rereads=0
    ).exclude(pk=delivery.pk)
    groups: dict[ReadHint, list[Entry]] = {}
    for row in rows.order_by("id")[:SCANNED]:
        row.connection = delivery.connection
        try:
            events = connector.parse(row.headers, bytes(row.body))
        except Unreadable:
            continue
        hints = {hint for event in events for hint in event.needs_read}
        if len(hints) == 1 and (hint := hints.pop()).entity == Entity.RESERVATION:
            groups.setdefault(hint, []).append((row, events))
    return groups


def _claim(row: WebhookDelivery, connector: PmsConnector, hint: ReadHint) -> bool:
    try:
        return not thin.is_covered(row.connection, connector, hint, thin.since(row, connector))
    except thin.Later:
        return False  # more may come, or another worker has it


def read(
    connection: Connection,
    connector: PmsConnector,
    call: Call,
    hint: ReadHint,
    companions: Sequence[Companion],
) -> dict[ReadHint, Fetched]:
    """What was found of them. A companion that isn't there, or shows the state before, is left to its own entry."""
    began = clock.now()
    stays = connector.get_reservations(
        call, [hint.external_id, *(one.hint.external_id for one in companions)]
    )
    records = {record.external_id: record for record in stays}
    left = [
        one.hint
        for one in companions
        if one.hint.external_id not in records or thin.contradicts(one.events, records)
    ]
    thin.let_go(connection, connector, left)
    found = {}
    for one in {hint, *(companion.hint for companion in companions)} - set(left):
        if record := records.get(one.external_id):
            parts = reading.around(connection, connector, call, record)
            found[one] = Fetched(one.entity, one.external_id, began, parts)
    return found
