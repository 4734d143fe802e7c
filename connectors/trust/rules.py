"""The ownership rules in force for a connection, and changing them (ux O1, O2)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock
from connectors.models import Connection, FieldRule
from connectors.trust.ownership import (
    DEFAULTS,
    PMS_ONLY,
    URGENT,
    Direction,
    Freshness,
    Owner,
    Rule,
)

KEPT_S = 5.0

_lock = threading.Lock()
_kept: dict[int, tuple[float, dict[str, dict[str, Rule]]]] = {}


class NotAllowed(Exception):
    """The rule can't be like that; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rule as somebody wants it. `alert_id` is a person of the organization, None: whoever is alerted otherwise."""

    owner: Owner
    direction: Direction
    freshness: Freshness
    alert_id: int | None
    reason: str


def of(connection_id: int, entity: str) -> Mapping[str, Rule]:
    """Field → rule in force. Read at most every five seconds per process, so that a record costs no statement."""
    with _lock:
        known = _kept.get(connection_id)
    if known is None or time.monotonic() - known[0] > KEPT_S:
        known = (time.monotonic(), _read(connection_id))
        with _lock:
            _kept[connection_id] = known
    return known[1].get(entity) or DEFAULTS[entity]


def _read(connection_id: int) -> dict[str, dict[str, Rule]]:
    """Only what departs from the defaults, entity by entity."""
    found: dict[str, dict[str, Rule]] = {}
    for row in FieldRule.objects.filter(connection_id=connection_id):
        if row.field in DEFAULTS.get(row.entity, {}):
            found.setdefault(row.entity, dict(DEFAULTS[row.entity]))[row.field] = rule_of(row)
    return found


def rule_of(row: FieldRule) -> Rule:
    """A row as the pure merge wants it."""
    return Rule(Owner(row.owner), Direction(row.direction), Freshness(row.freshness))


def forget() -> None:
    """Read again at the next record."""
    with _lock:
        _kept.clear()


@transaction.atomic
def change(user: User, connection: Connection, entity: str, field: str, wanted: Wanted) -> FieldRule:
    """Let another rule hold, five seconds later in every process at the latest. Raises PermissionDenied, NotAllowed."""
    require(user, Permission.CONNECTIONS_EDIT)
    _check(user, entity, field, wanted)
    row = row_of(connection, entity, field, lock=True)
    before = _as_json(row)
    row.owner = FieldRule.Owner(wanted.owner)
    row.direction = FieldRule.Direction(wanted.direction)
    row.freshness = FieldRule.Freshness(wanted.freshness)
    row.alert_id, row.reason = wanted.alert_id, wanted.reason.strip()[:300]
    row.changed_at, row.changed_by = clock.now(), user
    row.save()
    audit(
        connection.organization_id, user, "rule.changed", f"{connection.public_id}:{entity}.{field}",
        before=before, after=_as_json(row),
    )  # fmt: skip
    transaction.on_commit(forget)
    return row


def row_of(connection: Connection, entity: str, field: str, *, lock: bool = False) -> FieldRule:
    """The row of a field; a new, unsaved one with the default rule where nobody touched it. Raises KeyError."""
    default = DEFAULTS[entity][field]
    rows = FieldRule.objects.select_for_update() if lock else FieldRule.objects
    found = rows.filter(connection=connection, entity=entity, field=field).first()
    return found or FieldRule(
        connection=connection,
        entity=entity,
        field=field,
        owner=default.owner.value,
        direction=default.direction.value,
        freshness=default.freshness.value,
    )


def _check(user: User, entity: str, field: str, wanted: Wanted) -> None:
    if not wanted.reason.strip():
        raise NotAllowed(_("Say why."))
    if wanted.owner is Owner.BELLHOP and field in PMS_ONLY.get(entity, ()):
        raise NotAllowed(_("This field is what the booking is: only the PMS can own it."))
    if (wanted.owner is Owner.PMS) != (wanted.direction is Direction.IN):
        raise NotAllowed(_("What the PMS owns flows in; what Bellhop owns doesn't."))
    if wanted.freshness is Freshness.DAILY and field in URGENT.get(entity, ()):
        raise NotAllowed(_("Access, arrival and cancellation can't be a day old."))
    if wanted.alert_id is not None and not _colleague(user, wanted.alert_id):
        raise NotAllowed(_("There is no such person here."))


def _colleague(user: User, person_id: int) -> bool:
    return User.objects.filter(organization_id=user.organization_id, pk=person_id, is_active=True).exists()


def _as_json(row: FieldRule) -> dict[str, object]:
    return {
        "owner": str(row.owner),
        "direction": str(row.direction),
        "freshness": str(row.freshness),
        "alert": row.alert_id,
        "reason": row.reason,
    }
