"""What a comparison with the PMS needs to know of our conversations and messages. Reads only."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ports import SentMessage, Talk
from inbox.models import Destination, Receipt, Thread


def talks(connection_id: int, stay_ids: Sequence[int]) -> dict[int, list[Talk]]:
    """The conversations of these stays at a connection, in one statement."""
    rows = (
        Thread.stays.through.objects.filter(reservation_id__in=stay_ids, thread__connection_id=connection_id)
        .exclude(thread__conversation_id="")
        .select_related("thread__property", "reservation")
        .order_by("pk")
    )
    found: dict[int, list[Talk]] = {}
    for row in rows:
        thread, stay = row.thread, row.reservation
        talk = Talk(
            conversation_id=thread.conversation_id,
            stay_remote_id=stay.remote_id,
            label=thread.party_name or str(stay),
            place=str(thread.property or ""),
            place_id=thread.property_id,
            arrival=stay.arrival_date,
        )
        found.setdefault(stay.pk, []).append(talk)
    return found


def carried(command_ids: Sequence[int]) -> dict[int, SentMessage]:
    """Command → the message that it carries, and the state of its receipt at the PMS."""
    rows = Receipt.objects.filter(
        command_id__in=command_ids, destination=Destination.PMS, message__withdrawn_at__isnull=True
    ).values_list("command_id", "message_id", "state", "message__sent_at")
    return {
        command_id: SentMessage(object_id=message_id, state=state, sent_at=sent_at)
        for command_id, message_id, state, sent_at in rows
        if command_id is not None
    }
