"""Comparing one stay, unit or property with the PMS, and keeping what differs. What is under way is no drift (D3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from bellhop.core import clock
from connectors import ports
from connectors.contract.base import PmsConnector
from connectors.contract.errors import NotFound
from connectors.contract.events import Entity
from connectors.contract.http import Call
from connectors.contract.records import UNSET, PropertyRecord, ReservationRecord
from connectors.inbound.apply import storable
from connectors.models import (
    OPEN_STATES,
    Command,
    CommandState,
    Connection,
    Drift,
    FieldOverwrite,
    WebhookDelivery,
)
from connectors.outbound.outbox import STAY
from connectors.ports import Comparable, SideBySide
from connectors.trust import drift_cause, overwrites, rules
from connectors.trust.drift_cause import Facts
from connectors.trust.ownership import Overwrite, merge

STANDING = (Drift.State.OPEN, Drift.State.IGNORED)
WAITING_MOST = 2000
STALE = "older than what is held"
GONE = "gone"
OF_A_STAY = (Entity.RESERVATION, Entity.GUEST)
Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many fields were compared, which drifts are new, and the fields by name: all that were compared, and those
    that differ."""

    fields: int
    new: tuple[Drift, ...]
    compared: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    side: SideBySide
    change: Overwrite


def compare(connection: Connection, connector: PmsConnector, call: Call, remote_id: str) -> Outcome:
    """Read one stay and judge it; one that the PMS no longer has differs in its status. Raises any other
    ConnectorError."""
    began = clock.now()
    try:
        record = connector.get_reservation(call, remote_id)
    except NotFound:
        return gone(connection, connector, remote_id, began)
    return judge(connection, connector, storable(record), began)


@transaction.atomic
def gone(connection: Connection, connector: PmsConnector, remote_id: str, began: datetime) -> Outcome:
    """A read that began at `began` found no such stay, which we hold as live. One that was told only now is left to the
    next look: some systems show a new stay late."""
    record = ReservationRecord(external_id=remote_id)
    sides = ports.side_by_side.get()(connection, record)[:1]
    known = _standing(connection, record)
    Drift.objects.filter(pk__in=[drift.pk for drift in known.values()]).update(looked_at=began)
    just_now = began - timedelta(seconds=connector.propagation_delay_s)
    if (
        not sides
        or (sides[0].as_of or began) > just_now
        or "*" in _under_way(connection, connector, record, sides, began)
    ):
        return Outcome(0, ())
    change = Overwrite("status", sides[0].current["status"], GONE, True, "")
    key = (sides[0].entity, sides[0].object_id, change.field)
    return Outcome(1, _keep(connection, connector, record, known, {key: Difference(sides[0], change)}, began))


@transaction.atomic
def judge(connection: Connection, connector: PmsConnector, record: Comparable, began: datetime) -> Outcome:
    """Compare a record whose read began at `began` with what is held; keep new drifts, end those that are gone."""
    sides = ports.side_by_side.get()(connection, record)
    known = _standing(connection, record)
    differing, compared = _differences(connection, sides, began)
    if differing:
        busy = _under_way(connection, connector, record, sides, began)
        differing = {key: found for key, found in differing.items() if key[2] not in busy and "*" not in busy}
        compared = {key for key in compared if key[2] not in busy and "*" not in busy}
    new = _keep(connection, connector, record, known, differing, began)
    _end(known, compared - set(differing))
    Drift.objects.filter(pk__in=[drift.pk for drift in known.values()]).update(looked_at=began)
    return Outcome(len(compared), new, _names(compared), _names(differing))


def _names(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(f"{entity}.{field}" for entity, _id, field in keys)


def _standing(connection: Connection, record: Comparable) -> dict[Key, Drift]:
    """The open and ignored drifts of what a record tells about, locked."""
    if isinstance(record, ReservationRecord):
        about = Q(stay_remote_id=record.external_id, entity__in=OF_A_STAY)
    else:
        entity = Entity.PROPERTY if isinstance(record, PropertyRecord) else Entity.UNIT
        about = Q(stay_remote_id="", entity=entity, remote_id=record.external_id)
    rows = Drift.objects.select_for_update(of=("self",), no_key=True).filter(
        about, connection=connection, state__in=STANDING
    )
    return {(drift.entity, drift.object_id, drift.field): drift for drift in rows}


def _differences(
    connection: Connection, sides: Iterable[SideBySide], began: datetime
) -> tuple[dict[Key, Difference], set[Key]]:
    """What differs, and what was compared; without what was told again meanwhile, or is newer here."""
    differing: dict[Key, Difference] = {}
    compared: set[Key] = set()
    for side in sides:
        if side.as_of is not None and side.as_of > began:
            continue
        in_force = rules.of(connection.pk, side.entity)
        changes = merge(
            side.entity,
            side.current,
            side.told,
            held_version=side.held,
            told_version=side.version,
            rules=in_force,
        )
        stale = {change.field for change in changes if change.rule == STALE}
        told = {field for field, value in side.told.items() if value is not UNSET} - stale
        compared |= {(side.entity, side.object_id, field) for field in told}
        differing |= {
            (side.entity, side.object_id, change.field): Difference(side, change)
            for change in changes
            if change.field not in stale
        }
    return differing, compared


def _under_way(
    connection: Connection,
    connector: PmsConnector,
    record: Comparable,
    sides: Iterable[SideBySide],
    began: datetime,
) -> set[str]:
    """Fields that a Command of ours is changing; "*" where a webhook about the record waits or came since."""
    busy: set[str] = set()
    if isinstance(record, ReservationRecord):
        just_now = began - timedelta(seconds=connector.propagation_delay_s)
        kinds = (
            Command.objects.filter(connection=connection, conversation_id=f"{STAY}{record.external_id}")
            .filter(Q(state__in=OPEN_STATES) | Q(state=CommandState.CONFIRMED, settled_at__gte=just_now))
            .values_list("kind", flat=True)
        )
        busy = {field for kind in kinds for field in drift_cause.TOUCHES.get(kind, ())}
    return busy | ({"*"} if is_told_of(connection, [side.remote_id for side in sides], began) else set())


def is_told_of(connection: Connection, ids: Iterable[str], began: datetime) -> bool:
    """Does a webhook name one of these, that waits or that came since the read began? Few rows."""
    waiting = WebhookDelivery.objects.filter(connection=connection).filter(
        Q(state="received") | Q(received_at__gte=began)
    )
    names = [name.encode() for name in ids]
    bodies = map(bytes, waiting.values_list("body", flat=True)[:WAITING_MOST])
    return bool(names) and any(name in body for body in bodies for name in names)


def _keep(
    connection: Connection,
    connector: PmsConnector,
    record: Comparable,
    known: dict[Key, Drift],
    differing: dict[Key, Difference],
    now: datetime,
) -> tuple[Drift, ...]:
    new = []
    for key, found in differing.items():
        drift = known.get(key)
        if drift is None:
            drift = _new(connection, record, found, now)
            new.append(drift)
        _describe(drift, connector, record, found, now)
        drift.save()
    return tuple(new)


def _new(connection: Connection, record: Comparable, found: Difference, now: datetime) -> Drift:
    side = found.side
    return Drift(
        connection=connection,
        entity=side.entity,
        object_id=side.object_id,
        remote_id=side.remote_id,
        stay_remote_id=record.external_id if isinstance(record, ReservationRecord) else "",
        field=found.change.field,
        since=_since(side, now),
        found_at=now,
    )


def _since(side: SideBySide, now: datetime) -> datetime:
    """When the PMS changed it, where its version tells; else when we noticed."""
    if side.version is None or side.version <= side.held:
        return now
    try:
        changed = datetime.fromisoformat(side.version)
    except ValueError:
        return now
    return min(changed, now) if changed.tzinfo is not None else now


def _describe(
    drift: Drift, connector: PmsConnector, record: Comparable, found: Difference, now: datetime
) -> None:
    side, change = found.side, found.change
    rule = rules.of(drift.connection_id, side.entity)[change.field]
    drift.ours, drift.theirs = overwrites.as_json(change.old), overwrites.as_json(change.new)
    drift.owner, drift.looked_at = rule.owner.value, now
    drift.label, drift.place = side.label[:200], side.place[:300]
    drift.place_id, drift.arrival_date = side.place_id, side.arrival
    facts = Facts(
        age=now - drift.since,
        same_version=side.version is not None and side.version == side.held and not connector.coarse_versions,
        strange=change.field.removesuffix("_raw") in record.unknown,
        writable=drift_cause.is_writable(connector, side.entity, change.field),
        gone=change.new == GONE and change.field == "status",
    )
    if rule.owner == "bellhop":
        written, refused = _of_ours(drift, record)
        facts = replace(facts, written=written, refused=refused)
    drift.cause = drift_cause.cause_of(change, rule, facts)


def _of_ours(drift: Drift, record: Comparable) -> tuple[bool, bool]:
    """Did we write the field there before; did the PMS tell it before and was refused?"""
    kinds = [kind for kind, fields in drift_cause.TOUCHES.items() if drift.field in fields]
    written = Command.objects.filter(
        connection_id=drift.connection_id,
        conversation_id=f"{STAY}{record.external_id}",
        kind__in=kinds,
        state=CommandState.CONFIRMED,
    )
    refused = FieldOverwrite.objects.filter(
        entity=drift.entity, object_id=drift.object_id, field=drift.field, applied=False
    )
    return written.exists(), refused.exists()


def _end(known: dict[Key, Drift], equal: set[Key]) -> None:
    """What is equal now is solved; kept with how."""
    for key in equal & set(known):
        drift = known[key]
        last = (
            FieldOverwrite.objects.filter(
                entity=drift.entity,
                object_id=drift.object_id,
                field=drift.field,
                applied=True,
                at__gte=drift.found_at,
            )
            .order_by("-id")
            .first()
        )
        if drift.take_asked_at is not None:
            solve(drift, Drift.How.TOOK)
        elif last is not None:
            how = Drift.How.LATE_WEBHOOK if last.delivery_id else Drift.How.LATER_READ
            solve(drift, how, delivery_id=last.delivery_id)
        else:
            solve(drift, Drift.How.SENT if drift.command_id else Drift.How.CHANGED_BACK)


def solve(drift: Drift, how: Drift.How, *, delivery_id: int | None = None) -> None:
    """It is over, by `how`; the row stays."""
    drift.state, drift.how, drift.delivery_id = Drift.State.RESOLVED, how, delivery_id
    drift.resolved_at, drift.take_asked_at, drift.error = clock.now(), None, ""
    drift.save()
