"""Reading what a channel's provider has of us: to catch up with what its webhooks lost, or where nothing pushes."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from connectors.contract.base import Page
from connectors.contract.direct import DirectRecord
from connectors.contract.http import Call
from connectors.contract.registry import channel_class
from connectors.events import Source
from connectors.inbound import direct
from connectors.models import Connection, ConnectionHealth, SyncRun
from connectors.outbound import caller

log = structlog.get_logger(__name__)
BACK = timedelta(days=1)


def begin(connection: Connection, now: datetime) -> None:
    """A new channel has no history to import: what comes from now on is caught up where the provider can list it."""
    if channel_class(connection.slug).lists_messages:
        ConnectionHealth.objects.filter(pk=connection.pk, caught_up_to__isnull=True).update(caught_up_to=now)


def read_page(run: SyncRun, call: Call) -> Page[DirectRecord]:
    """The next page, applied record by record; what stands here already changes nothing."""
    connector = caller.channel_for(run.connection)
    page = connector.list_messages(call, run.cursor or None, run.since or run.started_at - BACK)
    source = Source(connection=run.connection)
    for record in page.items:
        _take(run, source, record)
    return page


def _take(run: SyncRun, source: Source, record: DirectRecord) -> None:
    try:
        with transaction.atomic():
            direct.apply(source, record, run.started_at)
            run.done += 1
            run.save(update_fields=["done"])
    except direct.TooEarly:
        # The next list has it again.
        log.info("report_too_early", connection=run.connection_id, message=record.external_id)
