"""Asking a PMS that is down whether it is back: one cheap call per connection, at growing intervals."""

from __future__ import annotations

import structlog

from bellhop.core import clock
from connectors.contract.errors import ConnectorError, RateLimited, Rejected
from connectors.models import Connection
from connectors.outbound import caller, health

log = structlog.get_logger(__name__)


def probe_due() -> int:
    """Probe every connection that is down and whose time has come. Returns how many were asked."""
    now = clock.now()
    return sum(
        _probe(connection) for connection in health.probes_due(now) if health.claim_probe(connection, now)
    )


def _probe(connection: Connection) -> int:
    connector = caller.connector_for(connection)
    try:
        connector.ping(caller.caller_for(connection, probe=True))
    except (Rejected, RateLimited):
        # It answers, if only to refuse this call: it is back.
        health.note_recovered(connection)
    except ConnectorError as error:
        log.info("probe_failed", connection=connection.pk, code=error.code)
    else:
        health.note_recovered(connection)
    return 1
