"""Going live step by step: sandbox → shadow → pilot → live. Up by a checklist, down by one click (ux I6, N7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, events
from connectors.events import CommandMoved, ConnectionChanged
from connectors.models import (
    Command,
    CommandState,
    Connection,
    Evidence,
    PilotPlace,
    Proof,
    Rehearsal,
    Stage,
    StageChange,
    SyncRun,
)
from connectors.outbound import outbox
from connectors.trust import shadow_report
from connectors.trust.shadow_report import Report

ORDER = (Stage.SANDBOX, Stage.SHADOW, Stage.PILOT, Stage.LIVE)
HELD_BY_STAGE = "stage"
FRESH = timedelta(days=1)
REHEARSED = timedelta(days=30)


class NotReady(Exception):
    """The step can't be taken; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One precondition. `must`: nothing opens without it; else a person may sign for it."""

    name: str
    passed: bool
    evidence: str
    must: bool = True


def next_stage(connection: Connection) -> Stage | None:
    """The stage above, None at the top."""
    place = ORDER.index(Stage(connection.stage))
    return ORDER[place + 1] if place + 1 < len(ORDER) else None


def steps_back(connection: Connection) -> tuple[Stage, ...]:
    """The stages that one click leads back to, the nearest first."""
    return tuple(reversed(ORDER[: ORDER.index(Stage(connection.stage))]))


def checklist(connection: Connection, to: Stage) -> list[Check]:
    """The preconditions of a step up, with their evidence."""
    checks = [_imported(connection), _proof(connection, Proof.READ, _("Reading works"))]
    if to in {Stage.PILOT, Stage.LIVE}:
        checks += [_proof(connection, Proof.PUSHED, _("Webhooks are applied")), *_report_checks(connection)]
    if to == Stage.LIVE:
        checks.append(_rehearsed(connection))
    return checks


def _imported(connection: Connection) -> Check:
    runs = SyncRun.objects.filter(connection=connection, purpose=SyncRun.Purpose.BACKFILL)
    open_runs = runs.filter(finished_at__isnull=True).count()
    done = sum(runs.values_list("done", flat=True))
    return Check(
        _("History is imported"),
        not open_runs and runs.exists(),
        _("%(done)d records, %(open)d open") % {"done": done, "open": open_runs},
    )


def _proof(connection: Connection, proof: Proof, name: str) -> Check:
    row = Evidence.objects.filter(connection=connection, proof=proof).order_by("-at").first()
    fresh = row is not None and clock.now() - row.at <= FRESH
    return Check(name, fresh, f"{row.entity}, {row.at:%Y-%m-%d %H:%M} UTC" if row else _("never seen"))


def _report_checks(connection: Connection) -> list[Check]:
    found = shadow_report.of(connection)
    mirror = found.mirror
    missing = ", ".join(f"{name}: {count}" for name, count in mirror.missing.items() if count)
    return [
        Check(_("Quarantine is empty"), not found.quarantined, _("%d in quarantine") % found.quarantined),
        Check(
            _("Every conversation has its stay"),
            not mirror.unmatched_threads,
            _("%(matched)d matched, %(unmatched)d not")
            % {"matched": mirror.matched_threads, "unmatched": mirror.unmatched_threads},
            must=False,
        ),
        Check(
            _("Required fields are there"),
            not missing,
            missing or _("%d reservations complete") % mirror.reservations,
            must=False,
        ),
        Check(
            _("No guest twice"),
            not mirror.duplicates,
            _("%(points)d contact points shared by %(guests)d guests")
            % {"points": mirror.duplicates, "guests": mirror.duplicate_guests},
            must=False,
        ),
        _matching(found),
        _in_time(found),
        Check(
            _("Every word is known"),
            not found.unknown,
            ", ".join(f"{word} ({count})" for word, count in found.unknown[:5]) or _("none unknown"),
            must=False,
        ),
    ]


def _matching(found: Report) -> Check:
    worst = ", ".join(f"{match.entity} {match.field}: {match.percent:g} %" for match in found.differing[:5])
    evidence = worst or _("%d fields equal") % len(found.matches)
    passed = found.compared_at is not None and not worst
    return Check(
        _("Both sides agree"), passed, evidence if found.compared_at else _("not compared yet"), must=False
    )


def _in_time(found: Report) -> Check:
    late = [f"{lag.entity}: {lag.p95_s:.0f} s of {lag.target_s:g} s" for lag in found.lags if lag.is_late]
    count = sum(lag.count for lag in found.lags)
    all_well = _("%(count)d webhooks in %(days)d days") % {"count": count, "days": shadow_report.LAG_DAYS}
    return Check(_("Webhooks are applied in time"), not late, ", ".join(late) or all_well, must=False)


def _rehearsed(connection: Connection) -> Check:
    row = Rehearsal.objects.filter(connection=connection, passed=True).order_by("-started_at").first()
    fresh = row is not None and clock.now() - row.started_at <= REHEARSED
    return Check(
        _("Write-back rehearsal passed"),
        fresh,
        f"{row.started_at:%Y-%m-%d %H:%M} UTC" if row else _("never"),
    )


def change(
    user: User, connection: Connection, to: Stage, *, places: Collection[int] = (), signed: bool = False
) -> int:
    """Move to `to`. Up: one step, checked, `signed` for what only a person may accept; down: any, at once. `places`
    are the properties of a pilot. Returns how many waiting Commands were held or let go. Raises NotReady."""
    require(user, Permission.CONNECTIONS_EDIT)
    checks = _allowed(connection, to, places, signed=signed)
    with transaction.atomic():
        row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if row.stage != connection.stage:
            raise NotReady(_("Somebody else has just changed the stage. Look again."))
        _store(user, row, to, places, checks)
        moved = _settle_queue(row)
        events.emit(ConnectionChanged(connection_id=row.pk, organization_id=row.organization_id))
    return moved


def _allowed(connection: Connection, to: Stage, places: Collection[int], *, signed: bool) -> list[Check]:
    if to == connection.stage and to != Stage.PILOT:
        raise NotReady(_("It is in that stage already."))
    if to == Stage.PILOT and not places:
        raise NotReady(_("Choose at least one property for the pilot."))
    if ORDER.index(to) <= ORDER.index(Stage(connection.stage)):
        return []
    if to != next_stage(connection):
        raise NotReady(_("One step at a time."))
    checks = checklist(connection, to)
    failed = [check.name for check in checks if not check.passed and (check.must or not signed)]
    if failed:
        raise NotReady(_("Not yet: %s.") % ", ".join(failed))
    return checks


def _store(user: User, row: Connection, to: Stage, places: Collection[int], checks: list[Check]) -> None:
    before, row.stage = row.stage, to
    row.save(update_fields=["stage"])
    PilotPlace.objects.filter(connection=row).delete()
    if to == Stage.PILOT:
        PilotPlace.objects.bulk_create(PilotPlace(connection=row, place_id=place) for place in set(places))
    StageChange.objects.create(
        connection=row,
        before=before,
        after=to,
        by=user,
        at=clock.now(),
        report={
            "checks": [asdict(check) for check in checks],
            "places": sorted(set(places)),
            "report": shadow_report.as_json(row, shadow_report.of(row)) if checks else None,
        },
    )
    audit(
        row.organization_id,
        user,
        "connection.stage_changed",
        f"connection:{row.public_id}",
        before=before,
        after=to.value,
    )


def _settle_queue(connection: Connection) -> int:
    """Hold what the stage no longer lets out, let go what it does again. In order, as it stood."""
    now = clock.now()
    allowed = _let_out(connection)
    waiting = Command.objects.filter(connection=connection, state=CommandState.WAITING).exclude(allowed)
    held = Command.objects.filter(
        connection=connection, state=CommandState.HELD, reason_code=HELD_BY_STAGE
    ).filter(allowed)
    moved = _move(
        waiting, CommandState.HELD, f"Held: the connection is in {connection.stage}.", HELD_BY_STAGE
    )
    moved += _move(held, CommandState.WAITING, "", "")
    outbox.wake_at(now, now)
    return moved


def _let_out(connection: Connection) -> Q:
    if connection.stage == Stage.SHADOW:
        return Q(pk__in=())
    if connection.stage == Stage.PILOT:
        return Q(place_id__in=PilotPlace.objects.filter(connection=connection).values("place_id"))
    return Q()


def _move(rows: QuerySet[Command], state: CommandState, reason: str, code: str) -> int:
    found = list(rows.select_for_update(no_key=True).order_by("pk"))
    for command in found:
        command.state, command.reason, command.reason_code = state, reason, code
        command.save(update_fields=["state", "reason", "reason_code"])
        events.emit(CommandMoved(command=command))
    return len(found)
