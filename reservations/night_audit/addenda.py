"""Facts of a date that became known after its audit: found by collecting again, kept beside the frozen part."""

from __future__ import annotations

from typing import Any, TypeAlias

from django.db import transaction

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import clock
from reservations.models import NightAudit, NightAuditAddendum
from reservations.night_audit import collecting, running
from reservations.night_audit.facts import WATCHED, Fact, Section
from reservations.services import scope

Kind = NightAuditAddendum.Kind
Rows: TypeAlias = dict[Section, dict[str, Fact]]


def look(user: User, row: NightAudit) -> int:
    """Look now, because a person asks. Returns how many facts are new. Raises PermissionDenied."""
    require(user, Permission.NIGHT_AUDIT_RUN)
    scope.require_sees(user, row.property)
    return look_again(row.pk)


@transaction.atomic
def look_again(audit_id: int) -> int:
    """Compare what is known now with what the audit and its addenda say. Returns how many addenda were added."""
    row = NightAudit.objects.select_for_update(no_key=True).get(pk=audit_id)
    said = latest(row, list(row.addenda.order_by("id")))
    known = {section: frozenset(facts) for section, facts in said.items()}
    parts, _talk = collecting.collect(running.day_of(row), known)
    found: list[NightAuditAddendum] = []
    for section in Section:
        now = {fact["key"]: fact for fact in parts[section].rows}
        found += _compare(row, section, said[section], now)
    NightAuditAddendum.objects.bulk_create(found)
    return len(found)


def latest(row: NightAudit, addenda: list[NightAuditAddendum]) -> Rows:
    """Section → key → the fact as it was last told; gone ones are empty."""
    said: Rows = {
        section: {fact["key"]: fact for fact in row.facts.get(section.value, {}).get("rows", [])}
        for section in Section
    }
    for addendum in addenda:
        said[Section(addendum.section)][addendum.key] = addendum.row
    return said


def _compare(
    row: NightAudit, section: Section, said: dict[str, Fact], now: dict[str, Fact]
) -> list[NightAuditAddendum]:
    found = []
    for key, fact in now.items():
        before = said.get(key)
        if not before:
            found.append(_addendum(row, section, key, Kind.ADDED, fact, {}))
        elif _watched(section, before) != _watched(section, fact):
            found.append(_addendum(row, section, key, Kind.CHANGED, fact, before))
    gone = [(key, before) for key, before in said.items() if before and key not in now]
    return [*found, *(_addendum(row, section, key, Kind.GONE, {}, before) for key, before in gone)]


def _watched(section: Section, fact: Fact) -> list[Any]:
    return [fact.get(name) for name in WATCHED[section]]


def _addendum(
    row: NightAudit, section: Section, key: str, kind: Kind, fact: Fact, before: Fact
) -> NightAuditAddendum:
    return NightAuditAddendum(
        audit=row, section=section, key=key, kind=kind, row=fact, before=before, found_at=clock.now()
    )


# --- by itself ---
def look_due() -> int:
    """Every audit that is to be looked at again. Returns how many were."""
    done = 0
    while (audit_id := _claim()) is not None:
        look_again(audit_id)
        done += 1
    return done


@transaction.atomic
def _claim() -> int | None:
    """The next one; its following look is set first, so that one that can't be done holds up no other."""
    now = clock.now()
    rows = NightAudit.objects.select_for_update(no_key=True, skip_locked=True).only("pk", "ends_at", "run_at")
    row = rows.filter(look_at__lte=now).order_by("look_at", "pk").first()
    if row is None:
        return None
    NightAudit.objects.filter(pk=row.pk).update(look_at=running.next_look(row, now))
    return row.pk
