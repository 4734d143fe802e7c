"""What people and recovery do with journal entries. Payloads are never edited (invariant 1)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from bellhop.core import clock, events, incidents, wake
from bellhop.core.words import say
from connectors.events import ConnectionChanged
from connectors.models import Connection, DeliveryState, WebhookDelivery

QUARANTINE = "delivery_quarantined"
MOST_AT_ONCE = 500


def wake_processing(delay_s: float = 0.0) -> None:
    """Ask a worker to look at the journal, after commit."""
    wake.after_commit("connectors.process_inbound", queue="inbound", delay_s=delay_s)


def in_range(connection: Connection, first: int, last: int, state: str = "") -> QuerySet[WebhookDelivery]:
    """The entries of a connection with these numbers, in one state or in any, oldest first; 500 at most."""
    rows = WebhookDelivery.objects.filter(connection=connection, pk__gte=first, pk__lte=last)
    if state:
        rows = rows.filter(state=state)
    return rows.select_related("connection").order_by("id")[:MOST_AT_ONCE]


@transaction.atomic
def replay(delivery: WebhookDelivery) -> WebhookDelivery:
    """Process the same bytes once more, as a new entry that names the original."""
    original = WebhookDelivery.objects.select_for_update(no_key=True).get(
        pk=delivery.original_id or delivery.pk
    )
    now = clock.now()
    again = WebhookDelivery.objects.create(
        connection_id=original.connection_id,
        key=f"{original.key[:180]}#{original.replays.count() + 1}",
        received_at=now,
        headers=original.headers,
        body=bytes(original.body),
        verified=original.verified,
        remote_addr=original.remote_addr,
        original=original,
        next_try_at=now,
    )
    for entry in {original.pk, delivery.pk}:
        WebhookDelivery.objects.filter(pk=entry, state=DeliveryState.QUARANTINED).update(
            state=DeliveryState.REPLAYED
        )
    _settle_incident(original)
    wake_processing()
    return again


@transaction.atomic
def discard(delivery: WebhookDelivery, reason: str) -> bool:
    """Leave a quarantined entry unprocessed for good. False if it is not quarantined any more."""
    changed = WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.QUARANTINED).update(
        state=DeliveryState.DISCARDED, summary=f"Discarded: {reason}"[:300]
    )
    _settle_incident(delivery)
    return bool(changed)


def quarantine(delivery: WebhookDelivery, error: str, traceback: str = "") -> None:
    """Park an entry that can't be processed, and tell a person. In the caller's transaction. One that another worker
    has brought to an end meanwhile is left alone."""
    parked = WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.RECEIVED).update(
        state=DeliveryState.QUARANTINED,
        error=error[:300],
        traceback=traceback[-8000:],
        processed_at=clock.now(),
        lease_until=None,
    )
    if not parked:
        return
    connection = delivery.connection
    count = _parked(connection.pk)
    incidents.open_incident(
        connection.organization_id,
        QUARANTINE,
        say("%(name)s: %(n)d webhook(s) could not be processed", name=connection.name, n=count),
        subject=str(connection.pk),
        detail=error[:1000],
        remedy=say("Open the quarantine, look at the payload, then replay or discard it."),
        connection_id=connection.pk,
    )
    events.emit(ConnectionChanged(connection_id=connection.pk, organization_id=connection.organization_id))


def _parked(connection_id: int) -> int:
    return WebhookDelivery.objects.filter(
        connection_id=connection_id, state=DeliveryState.QUARANTINED
    ).count()


def _settle_incident(delivery: WebhookDelivery) -> None:
    connection = delivery.connection
    if not _parked(connection.pk):
        incidents.close_incident(connection.organization_id, QUARANTINE, subject=str(connection.pk))
    events.emit(ConnectionChanged(connection_id=connection.pk, organization_id=connection.organization_id))
