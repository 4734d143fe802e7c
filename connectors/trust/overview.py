"""What the health page knows of each connection, read from the rows that traffic leaves (ux I1, I2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.contract.registry import connector_class
from connectors.models import Connection, ConnectionHealth, DeliveryState, SyncRun, WebhookDelivery
from connectors.outbound import limits, outbox
from connectors.outbound.addresses import hook_url
from connectors.outbound.caller import connector_for
from connectors.outbound.limits import Budget
from connectors.trust import ledger
from connectors.trust.ledger import Depth

QUIET_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One connection. `tone` is "", "warn" or "bad"; `rank` sorts worst first."""

    connection: Connection
    health: ConnectionHealth
    label: str
    state: str
    detail: str
    icon: str
    tone: str
    rank: int
    waiting: int
    oldest: datetime | None
    quarantined: int
    imports: tuple[SyncRun, ...]
    hook_url: str
    depths: tuple[Depth, ...]
    budget: Budget | None


def connections_of(user: User) -> QuerySet[Connection]:
    """The connections a person may look at (invariant 10)."""
    return Connection.objects.filter(organization_id=user.organization_id)


def rows(user: User) -> list[Row]:
    """Every connection, worst first, in a constant number of statements."""
    connections = list(connections_of(user).select_related("health").order_by("name"))
    ids = [connection.pk for connection in connections]
    waiting = outbox.open_commands(ids)
    parked = dict(
        WebhookDelivery.objects.filter(connection_id__in=ids, state=DeliveryState.QUARANTINED)
        .values("connection_id")
        .annotate(count=Count("id"))
        .values_list("connection_id", "count")
    )
    runs: dict[int, list[SyncRun]] = {}
    for run in SyncRun.objects.filter(connection_id__in=ids, purpose=SyncRun.Purpose.BACKFILL).order_by("id"):
        runs.setdefault(run.connection_id, []).append(run)
    depths = ledger.of(connections)
    budgets = limits.budgets(
        {row.pk: (connector_for(row).limits_by_key(), row.limit_scale) for row in connections}
    )
    found = [
        _row(
            connection,
            waiting.get(connection.pk),
            parked.get(connection.pk, 0),
            tuple(runs.get(connection.pk, ())),
            tuple(depths[connection.pk]),
            budgets.get(connection.pk),
        )
        for connection in connections
    ]
    return sorted(found, key=lambda row: (row.rank, row.connection.name))


def _row(
    connection: Connection,
    waiting: tuple[int, datetime] | None,
    parked: int,
    imports: tuple[SyncRun, ...],
    depths: tuple[Depth, ...],
    budget: Budget | None,
) -> Row:
    state, detail, icon, tone, rank = _state(connection, connection.health, parked, imports)
    count, oldest = waiting or (0, None)
    return Row(
        connection=connection,
        health=connection.health,
        label=connector_class(connection.slug).label,
        state=state,
        detail=detail,
        icon=icon,
        tone=tone,
        rank=rank,
        waiting=count,
        oldest=oldest,
        quarantined=parked,
        imports=tuple(run for run in imports if run.finished_at is None),
        hook_url=hook_url(connection),
        depths=depths,
        budget=budget,
    )


def _state(
    connection: Connection, health: ConnectionHealth, parked: int, imports: tuple[SyncRun, ...]
) -> tuple[str, str, str, str, int]:
    if health.credentials_refused_at is not None:
        return _("Credentials expired"), _("since %s") % _at(health.credentials_refused_at), "key", "bad", 0
    if health.down_since is not None:
        return _("Failing"), _("since %s") % _at(health.down_since), "alert", "bad", 1
    if health.stale_since is not None:
        return (
            _("Stale"),
            _("webhooks stopped at %s, read instead") % _at(health.stale_since),
            "alert",
            "bad",
            2,
        )
    if connection.paused_at is not None:
        return _("Paused"), connection.paused_reason, "pause", "warn", 3
    if parked:
        return _("Live"), _("%d in quarantine") % parked, "alert", "warn", 4
    if any(run.finished_at is None for run in imports):
        return _("Importing"), _("history is being read"), "download", "", 5
    if health.last_applied_at is None:
        return _("Quiet"), _("no webhook yet"), "moon", "", 6
    if health.silent_probe_at is not None or clock.now() - health.last_applied_at > QUIET_AFTER:
        return _("Quiet"), _usual(health), "moon", "", 6
    return _("Live"), "", "tick", "", 7


def _usual(health: ConnectionHealth) -> str:
    if health.normal_per_hour is None:
        return _("what is usual is still being learnt")
    if health.normal_per_hour < 1:
        return _("normal: hardly any webhook at this hour")
    return _("normal for this hour: about %d") % round(health.normal_per_hour)


def _at(moment: datetime) -> str:
    return moment.strftime("%H:%M")


def incidents(user: User) -> list[Incident]:
    """Open incidents of the organization, newest first."""
    return list(
        Incident.objects.filter(organization_id=user.organization_id, closed_at__isnull=True).order_by(
            "-opened_at"
        )[:50]
    )


def people(user: User, found: list[Incident]) -> dict[int, str]:
    """user id → name, of everybody who was alerted or acknowledged."""
    ids = {i for incident in found for i in (incident.alerted_user_id, incident.acknowledged_by_id) if i}
    return dict(
        User.objects.filter(organization_id=user.organization_id, pk__in=ids).values_list("pk", "full_name")
    )


def acknowledge(user: User, incident: Incident) -> None:
    """Somebody looks after it. The first one counts."""
    Incident.objects.filter(pk=incident.pk, acknowledged_at__isnull=True).update(
        acknowledged_at=clock.now(), acknowledged_by_id=user.pk
    )
