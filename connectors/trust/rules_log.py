"""The ownership log as people read it: every field of a connection with its rule, what happened to it, and what
contradicts the rule (ux O1, O2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from bellhop.core import clock
from connectors.models import Connection, FieldOverwrite, FieldRule
from connectors.trust.ownership import DEFAULTS, PMS_ONLY, URGENT, Owner
from connectors.trust.rules import row_of

WATCHED = timedelta(days=91)
SHOWN = 50
# Rule text of an overwrite → whose field it was by that rule.
_OWNER_THEN = {
    "the PMS owns this": Owner.PMS,
    "filled while empty": Owner.BELLHOP,
    "Bellhop owns this": Owner.BELLHOP,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One field. `against` are the ways in which what happened in the last quarter contradicts the rule."""

    connection: Connection
    rule: FieldRule
    last_overwrite: datetime | None
    overwrites: int
    refused: int
    reviewed: bool
    against: tuple[str, ...]

    @property
    def locked(self) -> bool:
        return self.rule.field in PMS_ONLY.get(self.rule.entity, ())

    @property
    def urgent(self) -> bool:
        return self.rule.field in URGENT.get(self.rule.entity, ())

    @property
    def name(self) -> str:
        return self.rule.field.replace("_", " ")

    @property
    def entity_name(self) -> str:
        return self.rule.entity.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What of the log is wanted; empty: all of it."""

    entity: str = ""
    owner: str = ""
    text: str = ""
    only: str = ""

    def takes(self, line: Line) -> bool:
        rule = line.rule
        words = (
            f"{rule.entity} {line.name} {rule.reason} {rule.alert.full_name if rule.alert else ''}".lower()
        )
        wanted = {
            "unreviewed": not line.reviewed,
            "against": bool(line.against),
            "changed": bool(rule.changed_at),
        }
        return (
            self.entity in {"", rule.entity}
            and self.owner in {"", str(rule.owner)}
            and self.text.strip().lower() in words
            and wanted.get(self.only, True)
        )


def lines(connections: Iterable[Connection], wanted: Filter | None = None) -> list[Line]:
    """The log, in a constant number of statements."""
    found = list(connections)
    rows = {
        (row.connection_id, row.entity, row.field): row
        for row in FieldRule.objects.filter(connection__in=found).select_related(
            "alert", "changed_by", "reviewed_by"
        )
    }
    facts = _facts(found)
    since = {connection.pk: review_since(connection) for connection in found}
    all_lines = [
        _line(
            connection,
            rows.get((connection.pk, entity, field)) or _plain(connection, entity, field),
            facts.get((connection.pk, entity, field), {}),
            since[connection.pk],
        )
        for connection in found
        for entity, fields in DEFAULTS.items()
        for field in fields
    ]
    return [line for line in all_lines if wanted is None or wanted.takes(line)]


def line_of(connection: Connection, entity: str, field: str) -> Line:
    """One field of the log. Raises KeyError for a field that is not mirrored."""
    facts = _facts([connection], entity, field).get((connection.pk, entity, field), {})
    return _line(connection, row_of(connection, entity, field), facts, review_since(connection))


def review_since(connection: Connection) -> datetime:
    """Fields count as reviewed if that was after the last sign-off. One statement unless annotated."""
    signed = connection.ownership_reviews.aggregate(at=Max("signed_at"))["at"]
    return signed or connection.created_at


def _plain(connection: Connection, entity: str, field: str) -> FieldRule:
    default = DEFAULTS[entity][field]
    return FieldRule(
        connection=connection,
        entity=entity,
        field=field,
        owner=default.owner.value,
        direction=default.direction.value,
        freshness=default.freshness.value,
    )


def _facts(
    connections: list[Connection], entity: str = "", field: str = ""
) -> dict[tuple[int, str, str], Mapping[str, object]]:
    """(connection, entity, field) → what was overwritten and refused in the last quarter. One statement."""
    rows = FieldOverwrite.objects.filter(connection__in=connections, at__gte=clock.now() - WATCHED)
    if field:
        rows = rows.filter(entity=entity, field=field)
    counted = rows.values("connection_id", "entity", "field").annotate(
        last=Max("at", filter=Q(applied=True)),
        overwrites=Count("id", filter=Q(applied=True)),
        refused=Count("id", filter=Q(applied=False, rule="Bellhop owns this")),
        taken=Max("at", filter=Q(applied=True, rule="the PMS owns this")),
        filled=Max("at", filter=Q(applied=True, rule="filled while empty")),
        caught=Count("id", filter=Q(applied=True, source="read")),
        pushed=Count("id", filter=Q(applied=True, source="webhook")),
    )
    return {(row["connection_id"], row["entity"], row["field"]): row for row in counted}


def _line(connection: Connection, rule: FieldRule, facts: Mapping[str, object], since: datetime) -> Line:
    return Line(
        connection=connection,
        rule=rule,
        last_overwrite=facts.get("last"),  # type: ignore[arg-type]
        overwrites=_number(facts, "overwrites"),
        refused=_number(facts, "refused"),
        reviewed=rule.reviewed_at is not None and rule.reviewed_at > since,
        against=tuple(_against(rule, facts)),
    )


def _number(facts: Mapping[str, object], name: str) -> int:
    return int(facts.get(name) or 0)  # type: ignore[call-overload, no-any-return]


def _against(rule: FieldRule, facts: Mapping[str, object]) -> Iterable[str]:
    """Behaviour against the rule, in plain words."""
    if rule.owner == Owner.BELLHOP:
        if refused := _number(facts, "refused"):
            yield _("The PMS told another value %d times; it was refused.") % refused
        if _is_after(facts.get("taken"), rule):
            yield _("A value of the PMS was taken after Bellhop became the owner.")
    elif _is_after(facts.get("filled"), rule):
        yield _("It was filled as a field of Bellhop after the PMS became the owner.")
    caught, pushed = _number(facts, "caught"), _number(facts, "pushed")
    if rule.freshness == "instant" and caught > pushed:
        yield _("Instant, but most changes were only found by reading: %(read)d of %(all)d.") % {
            "read": caught,
            "all": caught + pushed,
        }


def _is_after(at: object, rule: FieldRule) -> bool:
    return isinstance(at, datetime) and rule.changed_at is not None and at > rule.changed_at


def history(connection: Connection, entity: str, field: str) -> list[FieldOverwrite]:
    """The last changes and refusals of a field, newest first."""
    rows = FieldOverwrite.objects.filter(connection=connection, entity=entity, field=field)
    return list(rows.defer("delivery__body").order_by("-id")[:SHOWN])


def contradicts(overwrite: FieldOverwrite, rule: FieldRule) -> bool:
    """Was it decided by another owner than the one that holds since the rule was last changed?"""
    then = _OWNER_THEN.get(overwrite.rule)
    late = rule.changed_at is None or overwrite.at > rule.changed_at
    return late and then is not None and then != rule.owner
