"""Which remote objects we already have, and how fresh they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q
from django.db.models.functions import Greatest

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.models import ExternalId


def find(connection_id: int, entity: Entity, remote_id: str) -> ExternalId | None:
    """The row for one remote object, None where it was never seen."""
    return ExternalId.objects.filter(connection_id=connection_id, entity=entity, remote_id=remote_id).first()


def known(connection_id: int, entity: Entity, remote_ids: Iterable[str]) -> dict[str, int]:
    """remote id → local row, for those that are known."""
    rows = ExternalId.objects.filter(
        connection_id=connection_id, entity=entity, remote_id__in=list(remote_ids)
    )
    return dict(rows.values_list("remote_id", "object_id"))


def remember(
    connection_id: int,
    entity: Entity,
    remote_id: str,
    object_id: int,
    *,
    version: str | None = None,
    read_at: datetime | None = None,
) -> None:
    """Note that a remote object is a local row. A version or read time never goes back."""
    row, created = ExternalId.objects.get_or_create(
        connection_id=connection_id,
        entity=entity,
        remote_id=remote_id,
        defaults={"object_id": object_id, "version": version or "", "read_at": read_at},
    )
    if created:
        return
    changes: dict[str, object] = {}
    if row.object_id != object_id:
        changes["object_id"] = object_id
    if version and version > row.version:
        changes["version"] = version
    if read_at and (row.read_at is None or read_at > row.read_at):
        changes["read_at"] = Greatest(F("read_at"), read_at) if row.read_at else read_at
    if changes:
        ExternalId.objects.filter(pk=row.pk).update(**changes)


def forget(connection_id: int, entity: Entity, remote_id: str) -> None:
    """A remote object was taken for one of ours by mistake: the next read of it counts again."""
    ExternalId.objects.filter(connection_id=connection_id, entity=entity, remote_id=remote_id).delete()


def read_since(connection_id: int, entity: Entity, remote_id: str, moment: datetime) -> bool:
    """Was the object fetched after `moment`? Then a hint from before needs no read of its own."""
    return ExternalId.objects.filter(
        Q(read_at__gt=moment), connection_id=connection_id, entity=entity, remote_id=remote_id
    ).exists()


def note_read(connection_id: int, entity: Entity, remote_id: str, began_at: datetime) -> None:
    """The object was fetched by a read that began at `began_at` (not when it ended: it may show the state before)."""
    ExternalId.objects.filter(connection_id=connection_id, entity=entity, remote_id=remote_id).update(
        read_at=min(began_at, clock.now())
    )
