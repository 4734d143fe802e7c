"""Carrying out what people asked to be taken from the PMS: read again, apply, look again. By a worker."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet

from bellhop.core import clock, events
from connectors.contract.base import PmsConnector
from connectors.contract.errors import ConnectorError, NotAuthorized, Retryable
from connectors.contract.events import Entity, ReadHint
from connectors.contract.http import Call
from connectors.contract.records import PropertyRecord, ReservationRecord, UnitRecord
from connectors.events import Source, StayGone
from connectors.inbound import reading
from connectors.inbound.processing import apply_fetched
from connectors.inbound.reading import Fetched
from connectors.models import Command, CommandKind, Connection, Drift
from connectors.outbound import caller, health, settle
from connectors.ports import Talk
from connectors.trust import drift_compare, drift_messages

PLACES = (Entity.UNIT, Entity.PROPERTY)
DIFFERS = "It still differs: the rule refuses the value, or it is changing now."
NOT_THERE = "It does not stand in the PMS's conversation."


def source_of(drift: Drift) -> ReadHint:
    """What is read at the PMS to look at a drift again."""
    if drift.conversation_id:
        return ReadHint(entity=Entity.CONVERSATION, external_id=drift.conversation_id)
    if drift.entity in PLACES:
        return ReadHint(entity=Entity(drift.entity), external_id=drift.remote_id)
    return ReadHint(entity=Entity.RESERVATION, external_id=drift.stay_remote_id)


def due() -> dict[tuple[int, ReadHint], list[int]]:
    """(connection, what is to be read) → the drifts whose values somebody asked for."""
    found: dict[tuple[int, ReadHint], list[int]] = {}
    rows = Drift.objects.filter(
        take_asked_at__isnull=False, state=Drift.State.OPEN, connection__paused_at__isnull=True
    )
    for drift in rows.order_by("pk"):
        found.setdefault((drift.connection_id, source_of(drift)), []).append(drift.pk)
    return found


def take(connection: Connection, hint: ReadHint, ids: list[int]) -> None:
    """Read what `hint` names and take it over for the drifts `ids`. What can't be read now stays asked for."""
    if not health.is_available(connection, clock.now()):
        return
    asked = Drift.objects.filter(pk__in=ids, state=Drift.State.OPEN, take_asked_at__isnull=False)
    connector, call = caller.pms_for(connection), caller.caller_for(connection)
    try:
        fetched = _read(connection, connector, call, hint)
        if hint.entity == Entity.CONVERSATION:
            _conversation(connection, connector, call, asked, fetched)
            return
    except (Retryable, NotAuthorized):
        return  # asked again by the next sweep; the health page says what is wrong
    except ConnectorError as error:
        asked.update(take_asked_at=None, error=error.user_message[:300])
        return
    if fetched is None:
        _no_longer_there(connection, connector, hint, asked)
    else:
        _apply(connection, connector, asked, fetched)


def _read(connection: Connection, connector: PmsConnector, call: Call, hint: ReadHint) -> Fetched | None:
    if hint.entity != Entity.PROPERTY:
        return reading.fetch(connection, connector, call, hint)
    began, cursor = clock.now(), None
    while True:
        page = connector.list_properties(call, cursor)
        for record in page.items:
            if record.external_id == hint.external_id:
                return Fetched(Entity.PROPERTY, record.external_id, began, (record,))
        if (cursor := page.next_cursor) is None:
            return None


@transaction.atomic
def _apply(connection: Connection, connector: PmsConnector, asked: QuerySet[Drift], fetched: Fetched) -> None:
    apply_fetched(Source(connection=connection), fetched)
    for record in fetched.records:
        if isinstance(record, ReservationRecord | UnitRecord | PropertyRecord):
            drift_compare.judge(connection, connector, record, clock.now())
    asked.update(take_asked_at=None, error=DIFFERS)


@transaction.atomic
def _no_longer_there(
    connection: Connection, connector: PmsConnector, hint: ReadHint, asked: QuerySet[Drift]
) -> None:
    """A stay that somebody was told is gone is cancelled here; one that is found to be gone only now is shown first."""
    known = list(asked.filter(cause=Drift.Cause.GONE).select_for_update(of=("self",)))
    if known:
        events.emit(StayGone(source=Source(connection=connection), external_id=hint.external_id))
        for drift in known:
            drift_compare.solve(drift, Drift.How.TOOK)
    elif hint.entity == Entity.RESERVATION:
        drift_compare.gone(connection, connector, hint.external_id, clock.now())
    asked.update(take_asked_at=None, error="The PMS no longer has it.")


def _conversation(
    connection: Connection,
    connector: PmsConnector,
    call: Call,
    asked: QuerySet[Drift],
    fetched: Fetched | None,
) -> None:
    """Bring in what is missing here; what doesn't stand there is no longer taken for sent: an agent decides."""
    with transaction.atomic():
        if fetched is not None:
            apply_fetched(Source(connection=connection), fetched)
    drift = asked.first()
    if drift is None:
        return
    drift_messages.compare(connection, connector, call, _talk(drift))
    with transaction.atomic():
        _doubt(connection, asked)
        asked.update(take_asked_at=None, error=DIFFERS)


def _doubt(connection: Connection, asked: QuerySet[Drift]) -> None:
    absent = list(asked.filter(Q(field=drift_messages.MISSING_THERE)))
    commands = dict(
        Command.objects.filter(
            connection=connection,
            kind=CommandKind.SEND_MESSAGE,
            remote_id__in=[drift.remote_id for drift in absent],
        ).values_list("remote_id", "pk")
    )
    for drift in absent:
        if drift.remote_id in commands and settle.doubted(commands[drift.remote_id], NOT_THERE):
            drift_compare.solve(drift, Drift.How.TOOK)


def _talk(drift: Drift) -> Talk:
    return Talk(
        conversation_id=drift.conversation_id,
        stay_remote_id=drift.stay_remote_id,
        label=drift.label,
        place=drift.place,
        place_id=drift.place_id,
        arrival=drift.arrival_date,
    )
