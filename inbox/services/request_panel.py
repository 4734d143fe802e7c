"""A stay's requests as its panel shows them: what stands against each, and the message it came from."""

from __future__ import annotations

from dataclasses import dataclass

from inbox.models import Message
from reservations.models import Reservation, StayRequest
from reservations.services import request_conflicts, requests
from reservations.services.request_conflicts import Conflict


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """One request; `message` is the public id of the message it came from, empty without one."""

    row: StayRequest
    conflicts: list[Conflict]
    message: str


def of(stay: Reservation) -> list[ShownRequest]:
    """Conflicts only of what is still to be decided."""
    rows = requests.of_stay(stay)
    wanted = [row.message_id for row in rows if row.message_id is not None]
    found = dict(Message.objects.filter(pk__in=wanted).values_list("pk", "public_id")) if wanted else {}
    return [
        ShownRequest(
            row, request_conflicts.of(row) if row.is_open else [], found.get(row.message_id or 0, "")
        )
        for row in rows
    ]


def message_of_stay(stay_id: int, public_id: str) -> int | None:
    """The message's id, if it stands in a thread of that stay."""
    rows = Message.objects.filter(public_id=public_id, thread__stays=stay_id)
    return rows.values_list("pk", flat=True).first()
