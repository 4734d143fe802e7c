"""Which remote objects we already have, and how fresh they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection
from django.db.models import Q

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.models import ExternalId

_REMEMBER = """
INSERT INTO connectors_externalid AS known (connection_id, entity, remote_id, object_id, version, read_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (connection_id, entity, remote_id) DO UPDATE SET object_id = EXCLUDED.object_id,
  version = GREATEST(known.version, EXCLUDED.version), read_at = GREATEST(known.read_at, EXCLUDED.read_at)
WHERE known.object_id <> EXCLUDED.object_id OR known.version < EXCLUDED.version
  OR known.read_at IS DISTINCT FROM GREATEST(known.read_at, EXCLUDED.read_at)
"""
_REMEMBER_ALL = """
INSERT INTO connectors_externalid AS known (connection_id, entity, remote_id, object_id, version)
SELECT %s, %s, remote_id, object_id, '' FROM unnest(%s::text[], %s::bigint[]) AS told(remote_id, object_id)
ORDER BY remote_id
ON CONFLICT (connection_id, entity, remote_id) DO UPDATE SET object_id = EXCLUDED.object_id
WHERE known.object_id <> EXCLUDED.object_id
"""


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
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, [connection_id, entity, remote_id, object_id, version or "", read_at])


def remember_all(connection_id: int, entity: Entity, rows: Mapping[str, int]) -> None:
    """`remember` for many: remote id → local row."""
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER_ALL, [connection_id, entity, list(rows), list(rows.values())])


def forget(connection_id: int, entity: Entity, remote_id: str) -> None:
    """A remote object was taken for one of ours by mistake: the next read of it counts again."""
    ExternalId.objects.filter(connection_id=connection_id, entity=entity, remote_id=remote_id).delete()


def read_since(connection_id: int, entity: Entity, remote_id: str, moment: datetime) -> bool:
    """Was the object fetched after `moment`? Then a hint from before needs no read of its own. A mark from a clock that
    ran ahead of today's says nothing."""
    marked = Q(read_at__gt=moment, read_at__lte=clock.now())
    return ExternalId.objects.filter(
        marked, connection_id=connection_id, entity=entity, remote_id=remote_id
    ).exists()


def note_read(connection_id: int, entity: Entity, remote_id: str, began_at: datetime) -> None:
    """The object was fetched by a read that began at `began_at` (not when it ended: it may show the state before)."""
    ExternalId.objects.filter(connection_id=connection_id, entity=entity, remote_id=remote_id).update(
        read_at=min(began_at, clock.now())
    )
