"""What tests of sequences start from: one that is live, stays that come in and change, a clock that moves."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from bellhop.core import clock, events
from inbox.models import Author, Message
from reservations.events import FieldChange, StayChanged
from reservations.models import Reservation, ScheduledMessage, Sequence
from reservations.sequences import publishing
from tests import factories
from tests.factories import Desk

_numbers = itertools.count(1)
_offset = [timedelta()]


def at_noon() -> None:
    """Noon, so that nights have no say unless a test makes it night."""
    clock.forget()
    _offset[0] = timedelta()
    clock.set_offset(_offset[0])
    now = clock.now()
    move_to(now.replace(hour=12, minute=0, second=0, microsecond=0))


def move_to(moment: datetime) -> None:
    """Set the clock."""
    _offset[0] += moment - clock.now()
    clock.set_offset(_offset[0])


def step(**changes: Any) -> dict[str, Any]:
    return {
        "key": "s1",
        "name": "One",
        "when": {"anchor": "booked"},
        "channels": ["pms"],
        "texts": {"en": {"body": "Hello {{ guest.first_name }}"}},
        "language": "en",
        "late": "send",
        "useful_until": {"anchor": "check_in"},
        **changes,
    }


DAY_BEFORE = step(when={"anchor": "arrival", "days": -1, "at": "10:00"})


def live(desk: Desk, *steps: dict[str, Any], **more: Any) -> Sequence:
    now = clock.now()
    row = Sequence.objects.create(
        organization=desk.organization,
        name=f"Sequence {next(_numbers)}",
        draft={"steps": list(steps or (step(),)), **more},
        draft_at=now,
        created_at=now,
    )
    publishing.publish(desk.people["Marketer"], row)
    row.refresh_from_db()
    return row


def booked(desk: Desk, *, history: bool = False, **fields: Any) -> Reservation:
    """A stay comes in, with a conversation at the PMS. By webhook, or with an import."""
    stay = factories.stay(
        desk,
        **{"booked_at": clock.now(), "conversation_id": f"c{next(_numbers)}", "starts_in": 5, **fields},
    )
    factories.thread(desk, stay, conversation_id=stay.conversation_id)
    tell(stay, created=True, history=history)
    return stay


def tell(
    stay: Reservation, *changed: str, created: bool = False, history: bool = False, was: str | None = None
) -> None:
    changes = tuple(FieldChange(name, was, str(getattr(stay, name, ""))) for name in changed)
    stay.save()
    with transaction.atomic():
        events.emit(StayChanged(reservation=stay, changes=changes, created=created, history=history))


def cancel(stay: Reservation) -> None:
    stay.status, stay.cancelled_at = Reservation.Status.CANCELLED, clock.now()
    tell(stay, "status", "cancelled_at")


def move_days(stay: Reservation, days: int, *, history: bool = False) -> None:
    """The PMS tells other dates."""
    assert stay.arrival_date is not None
    assert stay.departure_date is not None
    was = stay.arrival_date.isoformat()
    stay.arrival_date += timedelta(days=days)
    stay.departure_date += timedelta(days=days)
    tell(stay, "arrival_date", "departure_date", history=history, was=was)


def forward(**by: float) -> None:
    _offset[0] += timedelta(**by)
    clock.set_offset(_offset[0])


def said(stay: Reservation) -> list[str]:
    rows = Message.objects.filter(reservation=stay, author=Author.AUTOMATIC)
    return list(rows.order_by("id").values_list("body", flat=True))


def states(stay: Reservation) -> list[tuple[str, str]]:
    return list(
        ScheduledMessage.objects.filter(reservation=stay).order_by("id").values_list("state", "reason")
    )
