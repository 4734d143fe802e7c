"""The messages of one stay, and what a person may do about each (ux V6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, events, wake
from reservations.events import ScheduleChanged
from reservations.models import Reservation, ScheduledMessage
from reservations.sequences import definition, reasons, rendering, sending, values

PLANNED, HELD = ScheduledMessage.State.PLANNED, ScheduledMessage.State.HELD


class TooLate(Exception):
    """It was sent, or is not to be sent any more."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One message as the panel shows it: `text` as it would leave now, `why` in one sentence."""

    row: ScheduledMessage
    step: str
    text: str
    why: str

    @property
    def is_open(self) -> bool:
        return self.row.state in {PLANNED, HELD}


def of(stay: Reservation) -> list[Upcoming]:
    """By time; two statements."""
    rows = ScheduledMessage.objects.filter(reservation=stay).select_related("sequence", "enrollment__version")
    return [_shown(row, stay) for row in rows.order_by("due_at", "id")[:50]]


def _shown(row: ScheduledMessage, stay: Reservation) -> Upcoming:
    found = definition.parse(row.enrollment.version.definition)
    step = next((one for one in found.steps if one.key == row.step_key), None)
    text = row.edited
    if step is not None and not text and row.state in {PLANNED, HELD}:
        language = sending.language_of(step, stay)
        try:
            text = rendering.render(step.texts[language].body, values.of(stay, language))
        except rendering.MissingValue as missing:
            text = f"{{{{ {missing.name} }}}}"
        except rendering.BadTemplate as bad:
            text = str(bad)
    return Upcoming(row, step.name if step else row.step_key, text, reasons.in_words(row))


@transaction.atomic
def skip(user: User, row: ScheduledMessage) -> None:
    """This guest doesn't get it. Raises TooLate, PermissionDenied."""
    locked = _open(user, row)
    locked.state, locked.reason, locked.settled_at = (
        ScheduledMessage.State.SUPPRESSED,
        "skipped",
        clock.now(),
    )
    locked.detail = {"who": user.full_name}
    locked.save()
    audit(user.organization_id, user, "scheduled.skipped", f"scheduled:{locked.public_id}")
    _tell(locked)


@transaction.atomic
def send_now(user: User, row: ScheduledMessage) -> None:
    """It is due at once; a held one is approved by that. Everything else is judged as ever. Raises TooLate,
    PermissionDenied."""
    _make_due(user, row, clock.now())


def _make_due(user: User, row: ScheduledMessage, at: datetime) -> None:
    locked = _open(user, row)
    locked.state, locked.due_at, locked.reason = PLANNED, at, "approved"
    locked.detail = {"who": user.full_name}
    locked.save()
    audit(user.organization_id, user, "scheduled.approved", f"scheduled:{locked.public_id}")
    _tell(locked)
    wake.after_commit("reservations.send_due")


@transaction.atomic
def edit(user: User, row: ScheduledMessage, text: str) -> None:
    """Other words for this guest; empty: the step's own again. Raises TooLate, PermissionDenied."""
    locked = _open(user, row)
    locked.edited = text.strip()[: rendering.LONGEST]
    locked.save(update_fields=["edited"])
    audit(user.organization_id, user, "scheduled.edited", f"scheduled:{locked.public_id}")
    _tell(locked)


def _tell(row: ScheduledMessage) -> None:
    events.emit(ScheduleChanged(reservation_id=row.reservation_id, organization_id=row.organization_id))


def _open(user: User, row: ScheduledMessage) -> ScheduledMessage:
    require(user, Permission.THREADS_REPLY)
    found = ScheduledMessage.objects.select_for_update(of=("self",)).filter(
        pk=row.pk, organization_id=user.organization_id, state__in=(PLANNED, HELD)
    )
    locked = found.first()
    if locked is None:
        raise TooLate
    return locked
