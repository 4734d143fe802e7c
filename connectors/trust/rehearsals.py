"""Rehearsals as rows: started from the screen or the terminal, kept with date and versions, shown and printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta

from bellhop import __version__
from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, wake
from connectors import ports
from connectors.contract.errors import ConnectorError
from connectors.contract.registry import connector_class
from connectors.models import Connection, Rehearsal
from connectors.outbound import caller
from connectors.trust import endpoints, verify
from connectors.trust.verify import NotATest, Step

TASK = "connectors.rehearse"
LONGEST = timedelta(minutes=15)


def start(user: User, connection: Connection, reservation: str) -> Rehearsal:
    """Plan a rehearsal; a worker carries it out. Raises PermissionDenied, NotATest."""
    require(user, Permission.CONNECTIONS_EDIT)
    if ports.test_reservation.get()(connection.pk, reservation) is None:
        raise NotATest(f"{reservation} is not a reservation marked as a test.")
    row = _row(connection, reservation, user)
    audit(connection.organization_id, user, "connection.rehearsed", f"connection:{connection.public_id}")
    wake.task(TASK, row.pk, queue="default")
    return row


def _row(connection: Connection, reservation: str, user: User | None) -> Rehearsal:
    return Rehearsal.objects.create(
        connection=connection,
        by=user,
        reservation=reservation[:200],
        connector_version=connector_class(connection.slug).version,
        code_version=__version__,
        started_at=clock.now(),
    )


def carry_out(rehearsal_id: int) -> None:
    """Run a planned rehearsal to its end; one that is over is left alone."""
    row = Rehearsal.objects.select_related("connection").filter(pk=rehearsal_id, finished_at=None).first()
    if row is not None:
        for _step in _run(row):
            pass


def run_here(
    connection: Connection, reservation: str, pause: Callable[[float], None] | None = None
) -> Iterator[Step]:
    """Run one in the terminal, step by step; it is kept like any other. Raises NotATest, ConnectorError."""
    row = _row(connection, reservation, None)
    yield from _run(row, pause)
    if row.error:
        raise NotATest(row.error)


def _run(row: Rehearsal, pause: Callable[[float], None] | None = None) -> Iterator[Step]:
    steps: list[Step] = []
    with caller.recorded() as exchanges:
        try:
            options = {} if pause is None else {"pause": pause}
            for step in verify.verify(row.connection, row.reservation, **options):
                steps.append(step)
                row.steps = [asdict(done) for done in steps]
                row.save(update_fields=["steps"])
                yield step
        except (NotATest, ConnectorError) as error:
            row.error = getattr(error, "user_message", "") or str(error)
        finally:
            row.calls = _calls(exchanges)
            row.finished_at = clock.now()
            row.passed = not row.error and bool(steps) and all(step.passed for step in steps)
            row.save()


def _calls(exchanges: list[caller.Exchange]) -> list[dict[str, object]]:
    """Which endpoints were called, how often, with which answers and how long they took."""
    found: dict[tuple[str, str], list[caller.Exchange]] = {}
    for exchange in exchanges:
        found.setdefault((exchange.method, endpoints.pattern(exchange.path)), []).append(exchange)
    return [
        {
            "method": method,
            "path": path,
            "count": len(rows),
            "statuses": sorted({row.status_code for row in rows if row.status_code is not None}),
            "slowest_ms": max(
                round((row.finished_at - row.started_at).total_seconds() * 1000) for row in rows
            ),
        }
        for (method, path), rows in found.items()
    ]


def is_running(row: Rehearsal) -> bool:
    """Not over yet; one whose worker died is not waited for for ever."""
    return row.finished_at is None and clock.now() - row.started_at < LONGEST


def as_json(row: Rehearsal) -> dict[str, object]:
    """The report for export."""
    return {
        "connection": row.connection.name,
        "connector": row.connection.slug,
        "connector_version": row.connector_version,
        "bellhop_version": row.code_version,
        "reservation": row.reservation,
        "started_at": row.started_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        "passed": row.passed,
        "error": row.error,
        "steps": row.steps,
        "calls": row.calls,
        "left": [step["left"] for step in row.steps if step.get("left")],
    }
