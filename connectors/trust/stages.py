"""Going live step by step: sandbox → shadow → pilot → live. Up by a checklist, down by one click (ux I6, N7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, events
from connectors import ports
from connectors.events import CommandMoved, ConnectionChanged
from connectors.models import (
    Command,
    CommandState,
    Connection,
    DeliveryState,
    Evidence,
    PilotPlace,
    Proof,
    Rehearsal,
    Stage,
    StageChange,
    SyncRun,
    WebhookDelivery,
)
from connectors.outbound import outbox

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


@dataclass(frozen=True, slots=True)
class Report:
    """What shadowing has shown: how much is mirrored, what does not fit, what would have been sent."""

    mirror: ports.MirrorReport
    unknown: tuple[tuple[str, int], ...]
    would_have_sent: int
    quarantined: int


def next_stage(connection: Connection) -> Stage | None:
    """The stage above, None at the top."""
    place = ORDER.index(Stage(connection.stage))
    return ORDER[place + 1] if place + 1 < len(ORDER) else None


def steps_back(connection: Connection) -> tuple[Stage, ...]:
    """The stages that one click leads back to, the nearest first."""
    return tuple(reversed(ORDER[: ORDER.index(Stage(connection.stage))]))


def report(connection: Connection) -> Report:
    """The validation report of what was mirrored so far."""
    deliveries = WebhookDelivery.objects.filter(connection=connection)
    return Report(
        mirror=ports.mirror_report.get()(connection.pk),
        unknown=_unknown(deliveries),
        would_have_sent=Command.objects.filter(
            connection=connection, state=CommandState.WOULD_HAVE_SENT
        ).count(),
        quarantined=deliveries.filter(state=DeliveryState.QUARANTINED).count(),
    )


def _unknown(deliveries: QuerySet[WebhookDelivery]) -> tuple[tuple[str, int], ...]:
    """Values that no table of ours names, as the journal noted them."""
    found: dict[str, int] = {}
    rows = deliveries.filter(summary__contains="unknown: ").order_by("-id").values_list("summary", flat=True)
    for summary in rows[:2000]:
        for pair in summary.partition("unknown: ")[2].split(", "):
            found[pair] = found.get(pair, 0) + 1
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:50])


def checklist(connection: Connection, to: Stage) -> list[Check]:
    """The preconditions of a step up, with their evidence."""
    checks = [_imported(connection), _proof(connection, Proof.READ, "Reading works")]
    if to in {Stage.PILOT, Stage.LIVE}:
        checks += [_proof(connection, Proof.PUSHED, "Webhooks are applied"), *_report_checks(connection)]
    if to == Stage.LIVE:
        checks.append(_rehearsed(connection))
    return checks


def _imported(connection: Connection) -> Check:
    runs = SyncRun.objects.filter(connection=connection, purpose=SyncRun.Purpose.BACKFILL)
    open_runs = runs.filter(finished_at__isnull=True).count()
    done = sum(runs.values_list("done", flat=True))
    return Check("History is imported", not open_runs and runs.exists(), f"{done} records, {open_runs} open")


def _proof(connection: Connection, proof: Proof, name: str) -> Check:
    row = Evidence.objects.filter(connection=connection, proof=proof).order_by("-at").first()
    fresh = row is not None and clock.now() - row.at <= FRESH
    return Check(name, fresh, f"{row.entity}, {row.at:%Y-%m-%d %H:%M} UTC" if row else "never seen")


def _report_checks(connection: Connection) -> list[Check]:
    found = report(connection)
    mirror = found.mirror
    missing = ", ".join(f"{name}: {count}" for name, count in mirror.missing.items() if count)
    return [
        Check("Quarantine is empty", not found.quarantined, f"{found.quarantined} parked"),
        Check(
            "Every conversation has its stay",
            not mirror.unmatched_threads,
            f"{mirror.matched_threads} matched, {mirror.unmatched_threads} not",
            must=False,
        ),
        Check(
            "Required fields are there",
            not missing,
            missing or f"{mirror.reservations} reservations complete",
            must=False,
        ),
        Check(
            "No guest twice", not mirror.duplicates, f"{mirror.duplicates} contact points shared", must=False
        ),
        Check(
            "Every word is known",
            not found.unknown,
            ", ".join(f"{word} ({count})" for word, count in found.unknown[:5]) or "none unknown",
            must=False,
        ),
    ]


def _rehearsed(connection: Connection) -> Check:
    row = Rehearsal.objects.filter(connection=connection, passed=True).order_by("-started_at").first()
    fresh = row is not None and clock.now() - row.started_at <= REHEARSED
    return Check(
        "Write-back rehearsal passed", fresh, f"{row.started_at:%Y-%m-%d %H:%M} UTC" if row else "never"
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
            raise NotReady("Somebody else has just changed the stage. Look again.")
        _store(user, row, to, places, checks)
        moved = _settle_queue(row)
        events.emit(ConnectionChanged(connection_id=row.pk, organization_id=row.organization_id))
    return moved


def _allowed(connection: Connection, to: Stage, places: Collection[int], *, signed: bool) -> list[Check]:
    if to == connection.stage and to != Stage.PILOT:
        raise NotReady("It is in that stage already.")
    if to == Stage.PILOT and not places:
        raise NotReady("Choose at least one property for the pilot.")
    if ORDER.index(to) <= ORDER.index(Stage(connection.stage)):
        return []
    if to != next_stage(connection):
        raise NotReady("One step at a time.")
    checks = checklist(connection, to)
    failed = [check.name for check in checks if not check.passed and (check.must or not signed)]
    if failed:
        raise NotReady("Not yet: " + ", ".join(failed) + ".")
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
        report={"checks": [asdict(check) for check in checks], "places": sorted(set(places))},
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
