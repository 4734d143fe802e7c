"""The validation report: what mirroring has shown so far, for whoever signs the next stage (signature N7)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from bellhop.core import clock
from connectors import ports
from connectors.contract.registry import connector_class
from connectors.models import (
    Command,
    CommandState,
    Connection,
    DeliveryState,
    DriftRun,
    WebhookDelivery,
)
from connectors.trust import freshness
from connectors.trust.freshness import Lag

LAG_DAYS = 7


@dataclass(frozen=True, slots=True)
class Match:
    """How often a field was compared in the last whole comparison, and how often both sides were equal."""

    entity: str
    field: str
    compared: int
    equal: int

    @property
    def percent(self) -> float:
        """Rounded down to a tenth: 100 means that nothing differed."""
        return self.equal * 1000 // self.compared / 10

    @property
    def differs(self) -> bool:
        return self.equal < self.compared


@dataclass(frozen=True, slots=True)
class Report:
    """What shadowing has shown: how much is mirrored, what does not fit, how late it came, what would have been sent.
    `matches` are of the last whole comparison, `compared_at`: when it ended, None: there was none; `lags` of seven
    days."""

    mirror: ports.MirrorReport
    matches: tuple[Match, ...]
    compared_at: datetime | None
    lags: tuple[Lag, ...]
    unknown: tuple[tuple[str, int], ...]
    would_have_sent: int
    quarantined: int

    @property
    def differing(self) -> tuple[Match, ...]:
        """Fields on which the two sides were not equal everywhere."""
        return tuple(match for match in self.matches if match.differs)


def of(connection: Connection) -> Report:
    """The report as of now. A constant number of statements."""
    deliveries = WebhookDelivery.objects.filter(connection=connection)
    run = (
        DriftRun.objects.filter(connection=connection, scope=DriftRun.Scope.ALL, finished_at__isnull=False)
        .order_by("-id")
        .first()
    )
    return Report(
        mirror=ports.mirror_report.get()(connection.pk),
        matches=_matches(run.tally) if run else (),
        compared_at=run.finished_at if run else None,
        lags=tuple(freshness.lags([connection.pk], clock.now() - timedelta(days=LAG_DAYS))),
        unknown=_unknown(deliveries),
        would_have_sent=Command.objects.filter(
            connection=connection, state=CommandState.WOULD_HAVE_SENT
        ).count(),
        quarantined=deliveries.filter(state=DeliveryState.QUARANTINED).count(),
    )


def _matches(tally: dict[str, list[int]]) -> tuple[Match, ...]:
    """Worst first, then by name."""
    found = []
    for name, (compared, differing) in tally.items():
        entity, _dot, field = name.partition(".")
        found.append(Match(entity, field, compared, compared - differing))
    return tuple(sorted(found, key=lambda match: (match.percent, match.entity, match.field)))


def _unknown(deliveries: QuerySet[WebhookDelivery]) -> tuple[tuple[str, int], ...]:
    """Values that no table of ours names, as the journal noted them."""
    found: dict[str, int] = {}
    rows = deliveries.filter(summary__contains="unknown: ").order_by("-id").values_list("summary", flat=True)
    for summary in rows[:2000]:
        for pair in summary.partition("unknown: ")[2].split(", "):
            found[pair] = found.get(pair, 0) + 1
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:50])


def as_json(connection: Connection, report: Report) -> dict[str, Any]:
    """The report for export, and for keeping with the signature."""
    connector = connector_class(connection.slug)
    return {
        "connection": connection.name,
        "connector": connection.slug,
        "connector_version": connector.version,
        "stage": connection.stage,
        "as_of": clock.now().isoformat(),
        "mirror": asdict(report.mirror),
        "compared_at": report.compared_at.isoformat() if report.compared_at else None,
        "match_rates": [
            {
                "entity": match.entity,
                "field": match.field,
                "compared": match.compared,
                "equal": match.equal,
                "percent": match.percent,
            }
            for match in report.matches
        ],
        "latency_days": LAG_DAYS,
        "latency": [
            {
                "entity": lag.entity,
                "class": lag.class_name,
                "target_s": lag.target_s,
                "count": lag.count,
                "p50_s": round(lag.p50_s, 3),
                "p95_s": round(lag.p95_s, 3),
                "max_s": round(lag.max_s, 3),
                "from": "event" if lag.from_event else "receipt",
            }
            for lag in report.lags
        ],
        "unknown_values": [{"value": value, "count": count} for value, count in report.unknown],
        "would_have_sent": report.would_have_sent,
        "quarantined": report.quarantined,
    }
