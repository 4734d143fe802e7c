"""Recording every overwrite, taken over or refused (invariant 6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.core import clock
from connectors.events import Source
from connectors.models import FieldOverwrite
from connectors.trust.ownership import Overwrite


def as_json(value: Any) -> Any:
    """A mirrored value as the log keeps it."""
    if isinstance(value, Model):
        return str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def record(
    source: Source, entity: str, object_id: int, overwrites: Iterable[Overwrite], version: str | None
) -> None:
    """Keep who changed what, from which delivery. Writes one statement for all."""
    now = clock.now()
    how = "import" if source.history else ("webhook" if source.delivery_id else "read")
    FieldOverwrite.objects.bulk_create(
        FieldOverwrite(
            connection_id=source.connection.pk,
            entity=entity,
            object_id=object_id,
            field=overwrite.field,
            old=as_json(overwrite.old),
            new=as_json(overwrite.new),
            source=how,
            rule=overwrite.rule,
            version=(version or "")[:60],
            applied=overwrite.applied,
            delivery_id=source.delivery_id,
            at=now,
        )
        for overwrite in overwrites
    )


def latest(entity: str, object_id: int) -> dict[str, FieldOverwrite]:
    """field → its last change, in one query."""
    rows = (
        FieldOverwrite.objects.filter(entity=entity, object_id=object_id, applied=True)
        .order_by("field", "-id")
        .distinct("field")
    )
    return {row.field: row for row in rows}


_SECRET = {
    "money": Permission.MONEY_READ,
    "door_code": Permission.DOOR_CODES_READ,
    "custom_fields": Permission.DOOR_CODES_READ,  # where many keep their codes
}
HIDDEN = "••••"


def shown(user: User, field: str, value: Any) -> str:
    """A kept value as this person may see it; prices and door codes need their own permission."""
    if value in (None, "", [], {}):
        return ""
    if (needs := _SECRET.get(field)) is not None and not user.may(needs):
        return HIDDEN
    if isinstance(value, dict):
        return ", ".join(f"{name}: {part}" for name, part in value.items() if part not in (None, "", []))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value)
