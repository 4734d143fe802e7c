"""The schema tripwire (signature N10): a field that every payload of a kind had, and that the newest one lacks.

Learnt from the journal, off the way of the webhooks. A field below one that is null or empty has not vanished.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction

from bellhop.core import clock, incidents
from bellhop.core.words import Words, say
from connectors.models import Connection, ConnectionHealth, DeliveryState, WebhookDelivery
from connectors.models.traffic import PayloadShape

CHANGED = "schema_changed"
BATCH = 200
KEEP = 30
SEEN_ENOUGH = 10
LOOK_BACK = timedelta(days=1)
DEPTH = 5
ELEMENTS = 3
NAMED_BY = ("event", "type", "topic", "object")
_AN_ID = re.compile(r"[0-9][0-9-]*|[0-9a-f]{16,}|[0-9a-f-]{32,}")


@dataclass(frozen=True, slots=True)
class Shape:
    """The field names of one payload; `open_ends` are those whose value is null or empty."""

    kind: str
    paths: frozenset[str]
    open_ends: frozenset[str]

    @property
    def digest(self) -> str:
        return sha256("\n".join(sorted(self.paths)).encode()).hexdigest()[:32]


def shape_of(body: bytes) -> Shape | None:
    """None for what is no JSON object: the quarantine tells of that."""
    try:
        payload = json.loads(body)
    except ValueError:
        return None
    if not isinstance(payload, dict):
        return None
    kind = next((str(payload[name]) for name in NAMED_BY if isinstance(payload.get(name), str)), "payload")
    found = list(_walk(payload, "", 0))
    paths = frozenset(path for path, _ in found)
    return Shape(kind[:80], paths, frozenset(path for path, is_open in found if is_open))


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, bool]]:
    if depth > DEPTH:
        return
    if isinstance(value, dict):
        for name, part in value.items():
            key = "{}" if _AN_ID.fullmatch(str(name)) else str(name)
            below = f"{path}.{key}" if path else key
            yield below, part in (None, "", [], {})
            yield from _walk(part, below, depth + 1)
    elif isinstance(value, list):
        for part in value[:ELEMENTS]:
            yield from _walk(part, f"{path}[]", depth)


def compared(connection: Connection) -> list[tuple[PayloadShape, list[str], list[str]]]:
    """Every kept shape with what it lacks and has anew against the usual one of its kind; the newest first."""
    rows = list(PayloadShape.objects.filter(connection=connection).order_by("kind", "-last_at", "-pk"))
    usual: dict[str, PayloadShape] = {}
    for row in rows:
        if row.kind not in usual or row.count > usual[row.kind].count:
            usual[row.kind] = row
    return [
        (
            row,
            sorted(set(usual[row.kind].paths) - set(row.paths)),
            sorted(set(row.paths) - set(usual[row.kind].paths)),
        )
        for row in rows
    ]


def learn() -> int:
    """Take in what the journal got since the last look. Returns how many payloads lacked a field."""
    return sum(_learn(row) for row in ConnectionHealth.objects.select_related("connection"))


@transaction.atomic
def _learn(health: ConnectionHealth) -> int:
    since = health.shapes_seen_to or clock.now() - LOOK_BACK
    rows = (
        WebhookDelivery.objects.filter(
            connection_id=health.pk, processed_at__gt=since, received_at__gte=since - LOOK_BACK
        )
        .filter(original__isnull=True)
        .exclude(state=DeliveryState.RECEIVED)
        .order_by("processed_at", "pk")[:BATCH]
    )
    tripped, last = 0, None
    for delivery in rows:
        tripped += _take_in(health.connection, delivery)
        last = delivery.processed_at
    if last is not None:
        ConnectionHealth.objects.filter(pk=health.pk).update(shapes_seen_to=last)
    return tripped


def _take_in(connection: Connection, delivery: WebhookDelivery) -> bool:
    shape = shape_of(bytes(delivery.body))
    if shape is None:
        return False
    now = clock.now()
    known = {row.digest: row for row in PayloadShape.objects.filter(connection=connection, kind=shape.kind)}
    row = known.get(shape.digest)
    if row is not None:
        PayloadShape.objects.filter(pk=row.pk).update(count=row.count + 1, last_at=now)
        _settle(connection, shape)
        return False
    gone = vanished(shape, list(known.values()))
    PayloadShape.objects.create(
        connection=connection, kind=shape.kind, digest=shape.digest, paths=sorted(shape.paths), count=1,
        first_at=now, last_at=now, delivery_id=delivery.pk,
    )  # fmt: skip
    _forget(connection, shape.kind)
    if gone:
        _trip(connection, shape, delivery, gone, list(known.values()))
    return bool(gone)


def vanished(shape: Shape, known: list[PayloadShape]) -> list[str]:
    """Fields that all payloads of the kind had so far, outermost only. Pure."""
    if sum(row.count for row in known) < SEEN_ENOUGH:
        return []
    always = frozenset.intersection(*[frozenset(row.paths) for row in known])
    gone = sorted(path for path in always - shape.paths if not _is_below(path, shape.open_ends))
    return [path for path in gone if not _is_below(path, frozenset(gone))]


def _is_below(path: str, ends: frozenset[str]) -> bool:
    """Does one of `ends` lie on the way to `path`? A list that is empty now has no elements to tell of."""
    return any(path.startswith((f"{end}.", f"{end}[")) for end in ends)


def _trip(
    connection: Connection,
    shape: Shape,
    delivery: WebhookDelivery,
    gone: list[str],
    known: list[PayloadShape],
) -> None:
    ever = frozenset[str]().union(*[frozenset(row.paths) for row in known])
    new = sorted(shape.paths - ever)
    incidents.open_incident(
        connection.organization_id,
        CHANGED,
        say(
            "%(name)s: %(kind)s no longer tells %(fields)s",
            name=connection.name,
            kind=shape.kind,
            fields=", ".join(gone[:3]),
        ),
        subject=f"{connection.pk}:{shape.kind}"[:80],
        detail=_detail(delivery.pk, ", ".join(gone[:20])[:500], ", ".join(new[:10])[:400]),
        remedy=say(
            "The rest of each payload is still applied. Compare the shapes on the connection's page; if the PMS "
            "renamed a field, the connector needs an update."
        ),
        connection_id=connection.pk,
    )


def _detail(number: int, gone: str, new: str) -> Words:
    if not new:
        return say("First seen in webhook %(n)d. Gone: %(gone)s.", n=number, gone=gone)
    return say(
        "First seen in webhook %(n)d. Gone: %(gone)s. New there: %(new)s.", n=number, gone=gone, new=new
    )


def _settle(connection: Connection, shape: Shape) -> None:
    """A payload as they used to be: if it has what was missed, the incident is over."""
    rows = PayloadShape.objects.filter(connection=connection, kind=shape.kind).order_by("-count")
    usual = rows.first()
    if usual is not None and usual.digest == shape.digest:
        incidents.close_incident(
            connection.organization_id, CHANGED, subject=f"{connection.pk}:{shape.kind}"[:80]
        )


def _forget(connection: Connection, kind: str) -> None:
    rows = PayloadShape.objects.filter(connection=connection, kind=kind).order_by("-last_at", "-pk")
    PayloadShape.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[KEEP:])).delete()
