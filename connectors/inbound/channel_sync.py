"""Reading what a channel's provider has of us: to catch up with what its webhooks lost, or where nothing pushes."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from connectors.contract.base import Page
from connectors.contract.direct import DirectRecord, TemplateStatus
from connectors.contract.http import Call
from connectors.contract.registry import channel_class
from connectors.events import Source
from connectors.inbound import direct
from connectors.models import Connection, ConnectionHealth, ConnectionKind, SyncRun
from connectors.outbound import caller

log = structlog.get_logger(__name__)
BACK = timedelta(days=1)


def begin(connection: Connection, now: datetime) -> None:
    """A new channel has no history to import: what comes from now on is caught up where the provider can list it."""
    if channel_class(connection.slug).lists_messages:
        ConnectionHealth.objects.filter(pk=connection.pk, caught_up_to__isnull=True).update(caught_up_to=now)


def read_templates(connection: Connection) -> None:
    """What the provider has approved for us; nothing for a PMS. Raises ConnectorError."""
    if connection.kind != ConnectionKind.CHANNEL:
        return
    connector, call = caller.channel_for(connection), caller.caller_for(connection, bulk=True)
    told = connector.list_templates(call)
    with transaction.atomic():
        for template in told:
            direct.keep_template(connection, template)
        gone = connection.templates.exclude(status=TemplateStatus.GONE.value)
        for row in gone if told else ():
            if (row.name, row.language) not in {(one.name[:200], one.language[:20]) for one in told}:
                row.status = TemplateStatus.GONE.value
                row.save(update_fields=["status"])


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
