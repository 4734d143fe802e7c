"""Every mirrored message of a connection, for audits and comparisons."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.ports import MirroredMessage
from inbox.models import Message


def mirrored_messages(connection_id: int) -> Iterator[MirroredMessage]:
    """In the order of utterance per conversation; read in chunks."""
    rows = (
        Message.objects.filter(connection_id=connection_id, withdrawn_at__isnull=True)
        .order_by("thread__conversation_id", "sent_at", "sequence", "id")
        .values_list("thread__conversation_id", "remote_id", "body", "direction", "sent_at")
    )
    for conversation, external_id, body, direction, sent_at in rows.iterator(chunk_size=2_000):
        yield MirroredMessage(
            conversation=conversation,
            external_id=external_id,
            body=body,
            direction=direction,
            sent_at=sent_at,
        )
