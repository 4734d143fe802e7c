"""What a channel's delivery only points to: fetched while it is processed, and journaled like what came by itself."""

from __future__ import annotations

from collections.abc import Sequence

from bellhop.core import clock
from connectors.contract.channel import ChannelConnector, Enclosure
from connectors.contract.errors import Retryable
from connectors.contract.events import CanonicalEvent
from connectors.contract.http import Request, Response
from connectors.inbound import journal
from connectors.models import WebhookDelivery
from connectors.outbound import caller


def read(delivery: WebhookDelivery) -> tuple[list[CanonicalEvent], Sequence[Enclosure]]:
    """What a channel's entry means, and what it brought along. The network is used only where the entry asks for it.
    Raises any ConnectorError."""
    line = caller.caller_for(delivery.connection, bulk=True)
    connector = line.connector  # this very one: it knows where the provider leads it on to
    assert isinstance(connector, ChannelConnector)
    headers, body = delivery.headers, bytes(delivery.body)

    def call(request: Request, /) -> Response:
        if delivery.connection.paused_at is not None:
            raise Retryable("The connection is paused.", after_s=15)
        return line(request)

    found = connector.prepare(call, headers, body)
    return connector.parse(headers, body), found


def keep(delivery: WebhookDelivery, enclosures: Sequence[Enclosure]) -> list[str]:
    """Journal them, each once, however often it was fetched. In the transaction that ends `delivery`. Returns a word
    for its summary."""
    now = clock.now()
    rows = [
        WebhookDelivery(
            connection_id=delivery.connection_id,
            key=one.key[:200],
            received_at=delivery.received_at,
            headers=dict(one.headers),
            body=one.body,
            verified=delivery.verified,
            remote_addr=delivery.remote_addr,
            next_try_at=now,
        )
        for one in enclosures
    ]
    if not rows:
        return []
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    journal.wake_processing()
    return ["fetched"]
