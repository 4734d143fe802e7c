"""The one way in which a record of the PMS becomes a local row: by remote id, merged field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import connection as database
from django.db.models import Model

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.contract.records import UNSET
from connectors.events import Source
from connectors.inbound import identity
from connectors.trust import overwrites, ownership, rules
from reservations.events import FieldChange

M = TypeVar("M", bound=Model)


def lock_identity(source: Source, entity: Entity, remote_id: str) -> None:
    """Make two workers that meet the same new remote object go one after the other, until their commit."""
    key = f"{source.connection.pk}:{entity}:{remote_id}"
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def find(model: type[M], source: Source, entity: Entity, remote_id: str) -> tuple[M | None, str]:
    """The local row of a remote object, locked, and the version that it holds."""
    lock_identity(source, entity, remote_id)
    known = identity.find(source.connection.pk, entity, remote_id)
    if known is None:
        return None, ""
    row = model._default_manager.select_for_update(no_key=True).filter(pk=known.object_id).first()
    return row, known.version


def create(
    model: type[M],
    source: Source,
    entity: Entity,
    remote_id: str,
    told: Mapping[str, Any],
    version: str | None,
) -> M:
    """A new row from what was told; UNSET fields keep their default."""
    values = {field: value for field, value in told.items() if value is not UNSET}
    row = model._default_manager.create(**values)
    identity.remember(source.connection.pk, entity, remote_id, row.pk, version=version)
    return row


def merge(
    row: M,
    source: Source,
    entity: Entity,
    remote_id: str,
    told: Mapping[str, Any],
    held: str,
    version: str | None,
) -> tuple[FieldChange, ...]:
    """Take over what the PMS owns and newer, record every overwrite. Returns what changed.

    A row whose `as_of` exists is marked fresh by every telling that isn't older.
    """
    current = {field: getattr(row, field) for field in told}
    found = ownership.merge(
        entity,
        current,
        told,
        held_version=held,
        told_version=version,
        rules=rules.of(source.connection.pk, entity),
    )
    taken = [overwrite for overwrite in found if overwrite.applied]
    for overwrite in taken:
        setattr(row, overwrite.field, overwrite.new)
    fields = [overwrite.field for overwrite in taken]
    if hasattr(row, "as_of") and not (version is not None and version < held):
        row.as_of = clock.now()
        fields.append("as_of")
    if fields:
        row.save(update_fields=fields)
    overwrites.record(source, entity, row.pk, found, version)
    if version and version > held:
        identity.remember(source.connection.pk, entity, remote_id, row.pk, version=version)
    return tuple(
        FieldChange(overwrite.field, overwrites.as_json(overwrite.old), overwrites.as_json(overwrite.new))
        for overwrite in taken
    )
