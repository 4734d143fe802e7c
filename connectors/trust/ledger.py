"""The depth ledger: the level of every entity of a connection, computed from dated evidence (design: depth is proven).

    1  nothing proven lately
    2  read lately
    3  kept current: pushed, polled or swept lately
    4  and a write was accepted lately
    5  pushed, a write seen in the PMS, a failure handled without loss, an alert delivered

A proof counts for its window (`WINDOWS`); when it is older, the level falls by itself at the next look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from bellhop.core import clock, incidents
from bellhop.core.models import Incident
from bellhop.core.words import say
from connectors.contract.capabilities import Capability, Push
from connectors.contract.events import Entity
from connectors.contract.registry import connector_class
from connectors.models import Connection, EntityLevel, Evidence, Proof

FELL = "level_fell"
ENTITIES = {
    Entity.RESERVATION: _("Reservations"),
    Entity.GUEST: _("Guests"),
    Entity.UNIT: _("Units"),
    Entity.MESSAGE: _("Messages"),
    Entity.NOTE: _("Notes"),
    Entity.WORK_ORDER: _("Tasks"),
    Entity.HOUSEKEEPING: _("Housekeeping"),
    Entity.FOLIO: _("Folio"),
}
WINDOWS: dict[Proof, timedelta] = {
    Proof.READ: timedelta(days=2),
    Proof.PUSHED: timedelta(days=7),
    Proof.WRITTEN: timedelta(days=30),
    Proof.SEEN_WRITTEN: timedelta(days=30),
    Proof.RECOVERED: timedelta(days=90),
}
ALERT_WINDOW = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Line:
    """One proof, its age and whether it still counts. `row` is None where it was never seen."""

    proof: str
    label: str
    row: Evidence | None
    counts: bool
    at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class Depth:
    """One entity of a connection. `missing`: what the next level needs, in plain words. `exempt`: why the PMS can go
    no further, by its declared capability; `offered`: it has such a thing at all."""

    entity: str
    level: int
    lines: tuple[Line, ...]
    missing: tuple[str, ...]
    exempt: str
    offered: bool

    @property
    def label(self) -> str:
        return str(ENTITIES[Entity(self.entity)])

    @property
    def proven_at(self) -> datetime | None:
        """The oldest proof that the level stands on: the first that will age out."""
        return min((line.at for line in self.lines if line.counts and line.at is not None), default=None)


def of(connections: Iterable[Connection]) -> dict[int, list[Depth]]:
    """connection id → its entities. Two statements, however many connections."""
    found = list(connections)
    ids = [connection.pk for connection in found]
    now = clock.now()
    rows: dict[tuple[int, str], dict[str, Evidence]] = {}
    for row in Evidence.objects.filter(connection_id__in=ids):
        rows.setdefault((row.connection_id, row.entity), {})[row.proof] = row
    alerts = dict(
        Incident.objects.filter(connection_id__in=ids, alerted_user_id__isnull=False)
        .values("connection_id")
        .annotate(newest=Max("opened_at"))
        .values_list("connection_id", "newest")
    )
    return {
        connection.pk: [
            _depth(connection, entity, rows.get((connection.pk, entity), {}), alerts.get(connection.pk), now)
            for entity in ENTITIES
        ]
        for connection in found
    }


def _depth(
    connection: Connection,
    entity: Entity,
    rows: Mapping[str, Evidence],
    alerted_at: datetime | None,
    now: datetime,
) -> Depth:
    capability = connector_class(connection.slug).capabilities.of(entity)
    lines = [_line(proof, rows.get(proof), now) for proof in Proof]
    alerted = alerted_at is not None and now - alerted_at <= ALERT_WINDOW
    lines.append(Line("alerted", str(_("Alert delivered")), None, alerted, alerted_at, ""))
    proven = {line.proof for line in lines if line.counts}
    level, missing = level_of(capability, proven)
    offered = capability.read or capability.write or capability.push != Push.NONE
    return Depth(entity.value, level, tuple(lines), missing, _exempt(capability), offered)


def _line(proof: Proof, row: Evidence | None, now: datetime) -> Line:
    counts = row is not None and now - row.at <= WINDOWS[proof]
    return Line(
        proof.value,
        str(proof.label),
        row,
        counts,
        row.at if row else None,
        row.detail if row else "",
    )


def level_of(capability: Capability, proven: set[str]) -> tuple[int, tuple[str, ...]]:
    """The level that these proofs come to, and what the next one still needs. Pure."""
    kept = "pushed" in proven or ("read" in proven and bool(capability.poll_s))
    steps: list[list[tuple[Any, bool]]] = [
        [(_("a read"), bool(proven & {"read", "pushed"}))],
        [(_("a webhook, or a regular read"), kept or _swept(capability, proven))],
        [(_("a write that the PMS accepted"), bool(proven & {"written", "seen_written"}))],
        [
            (_("a webhook"), "pushed" in proven),
            (_("a write seen in the PMS"), "seen_written" in proven),
            (_("a failure handled without loss"), "recovered" in proven),
            (_("an alert delivered"), "alerted" in proven),
        ],
    ]
    level = 1
    for needs in steps:
        missing = tuple(str(words) for words, done in needs if not done)
        if missing:
            return level, missing
        level += 1
    return level, ()


def _swept(capability: Capability, proven: set[str]) -> bool:
    """What is not pushed on its own is read again at least every night."""
    return capability.push == Push.NONE and "read" in proven


def _exempt(capability: Capability) -> str:
    """Why no traffic can lift it further, empty where the PMS offers everything."""
    if capability.read and capability.write and capability.push != Push.NONE:
        return ""
    return " ".join(part for part in (capability.why, capability.fallback) if part)


def check() -> int:
    """Compare every connection's levels with those of the last check: a fall is an incident, a return closes it.
    Returns how many changed."""
    connections = list(Connection.objects.filter(paused_at__isnull=True))
    depths = of(connections)
    return sum(_compare(connection, depths[connection.pk]) for connection in connections)


@transaction.atomic
def _compare(connection: Connection, depths: list[Depth]) -> int:
    now = clock.now()
    known = {row.entity: row for row in EntityLevel.objects.filter(connection=connection)}
    changed = 0
    for depth in depths:
        row = known.get(depth.entity)
        if row is not None and row.level == depth.level:
            continue
        changed += 1
        _tell(connection, depth, row.level if row else depth.level)
        EntityLevel.objects.update_or_create(
            connection=connection, entity=depth.entity, defaults={"level": depth.level, "since": now}
        )
    return changed


def _tell(connection: Connection, depth: Depth, before: int) -> None:
    subject = f"{connection.pk}:{depth.entity}"
    if depth.level < before:
        incidents.open_incident(
            connection.organization_id,
            FELL,
            say(
                "%(name)s: %(what)s fell from level %(before)d to %(after)d",
                name=connection.name,
                what=[depth.entity],
                before=before,
                after=depth.level,
            ),
            subject=subject,
            detail=say("Its proof is too old: %(missing)s.", missing=list(depth.missing)),
            remedy=say(
                "Look whether webhooks arrive, or run the write-back rehearsal on a test reservation."
            ),
            connection_id=connection.pk,
        )
    elif depth.level > before:
        incidents.close_incident(connection.organization_id, FELL, subject=subject)


def as_json(connection: Connection, depths: list[Depth]) -> dict[str, object]:
    """The ledger of one connection for export: levels, proofs with dates, what is missing and why."""
    return {
        "connection": connection.name,
        "connector": connection.slug,
        "stage": connection.stage,
        "entities": [
            {
                "entity": depth.entity,
                "level": depth.level,
                "missing": list(depth.missing),
                "exempt": depth.exempt,
                "evidence": [
                    {
                        "proof": line.proof,
                        "at": line.at.isoformat() if line.at else None,
                        "counts": line.counts,
                        "detail": line.detail,
                    }
                    for line in depth.lines
                ],
            }
            for depth in depths
        ],
    }
