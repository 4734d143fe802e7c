"""What Bellhop's own pages take in, journaled like every webhook (invariant 1)."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from bellhop.core import clock
from connectors.inbound import journal
from connectors.models import Connection, ConnectionHealth, WebhookDelivery


def keep(connection: Connection, key: str, told: dict[str, Any], address: str = "") -> bool:
    """Commit an entry, once per `key`; a worker processes it. `address`: where it came from. False where the key stands
    already. Once this returns outside of a transaction, it is kept."""
    now = clock.now()
    entry = WebhookDelivery(
        connection=connection,
        key=key[:200],
        received_at=now,
        next_try_at=now,
        headers={"content-type": "application/json"},
        body=json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(),
        verified=True,
        remote_addr=address,
    )
    with transaction.atomic():
        known = WebhookDelivery.objects.filter(connection=connection, key=entry.key).exists()
        if not known:
            WebhookDelivery.objects.bulk_create([entry], ignore_conflicts=True)
            ConnectionHealth.objects.filter(pk=connection.pk).update(last_delivery_at=now)
            journal.wake_processing()
    return not known
