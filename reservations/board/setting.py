"""What one tap says of a unit: kept at once, told to the PMS where it can know, undone as long as nothing came after.

The lock of the unit orders everything here (it comes after the stay's and before the Command's).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import clock, events
from connectors.contract.base import PmsConnector
from connectors.contract.events import Entity
from connectors.contract.intents import SetHousekeepingState
from connectors.contract.registry import connector_class
from connectors.events import CommandMoved
from connectors.models import CommandState, Connection, ExternalId
from connectors.outbound import outbox
from reservations.board import private, reading, telling
from reservations.board.cards import ACTS, DONE, GOING, REFUSALS, REFUSED, STARTED
from reservations.events import UnitChanged
from reservations.models import Cleaning, PmsState, Reservation, Unit, UnitState, UnitStateChange
from reservations.services.ordering import STATES

UNDO: Final = timedelta(seconds=5)
TOKEN_LENGTH: Final = 40
WORTH: Final = timedelta(hours=24)
"""A state that the PMS didn't take for so long says nothing any more."""
_TAPPED: Final = ("started_at", "started_by", "finished_at", "refused")
"""What a tap says of a day; the rest of the row is others', who don't hold the unit's lock."""
_STATE_OF: Final = {STARTED: GOING}
_TOLD: Final = (frozenset(UnitState.values), REFUSALS)
"""Acts that a PMS may be told of; a later one of the same kind replaces an earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """`token` is the browser's own name for it. `was`: the state that its card showed, empty: don't compare. `sure`:
    asked already."""

    act: str
    token: str
    was: str = ""
    sure: bool = False


class Ask(Exception):
    """Somebody must say that they mean it: `why` is moved (another state by now, `by` whom, `at` when) or occupied."""

    def __init__(self, why: str, state: str, by: str = "", at: datetime | None = None) -> None:
        super().__init__(why)
        self.why, self.state, self.by, self.at = why, state, by, at


@transaction.atomic
def tap(user: User, unit: Unit, wanted: Tap) -> UnitStateChange | None:
    """Say what a unit is, today. The same token again is the same tap; None where it says so already. Raises Ask,
    ValidationError, PermissionDenied."""
    require(user, Permission.HOUSEKEEPING_READ)
    if wanted.act not in ACTS or not 0 < len(wanted.token) <= TOKEN_LENGTH:
        raise ValidationError(_("There is no such state."))
    held = _lock(unit)
    known = held.state_changes.filter(token=wanted.token).first()
    if known is not None:
        return known
    day = reading.today(held.property, clock.now())
    cleaning = _cleaning(held, day)
    if _says(held, cleaning, wanted.act):
        return None
    if not wanted.sure:
        _ask(held, cleaning, wanted)
    change = _keep(user, held, cleaning, wanted)
    _write(change, held, cleaning)
    change.save()
    telling.units([held], "state")
    return change


def _lock(unit: Unit) -> Unit:
    rows = Unit.objects.select_for_update(of=("self",), no_key=True).select_related("property")
    return rows.get(pk=unit.pk)


def _cleaning(unit: Unit, day: date) -> Cleaning:
    belongs = {"organization_id": unit.organization_id, "property_id": unit.property_id}
    row, _created = Cleaning.objects.get_or_create(unit=unit, date=day, defaults=belongs)
    return row


def _state(unit: Unit, cleaning: Cleaning) -> str:
    return GOING if cleaning.is_going and unit.condition not in DONE else unit.condition


def _says(unit: Unit, cleaning: Cleaning, act: str) -> bool:
    if act in REFUSALS:
        return cleaning.refused == (act == REFUSED)
    return _state(unit, cleaning) == _STATE_OF.get(act, act)


def _ask(unit: Unit, cleaning: Cleaning, wanted: Tap) -> None:
    now_is = _state(unit, cleaning)
    if wanted.was and wanted.was != now_is:
        last = unit.state_changes.filter(undone_at=None).exclude(act__in=REFUSALS).order_by("-id").first()
        theirs = last is not None and _STATE_OF.get(last.act, last.act) == now_is
        by, at = (
            (private.first_name(last.by_name), last.at) if last and theirs else ("", unit.condition_as_of)
        )
        raise Ask("moved", now_is, by, at)
    if wanted.act in {STARTED, *DONE} and unit.occupied and not _stays_over(unit, cleaning.date):
        raise Ask("occupied", now_is)


def _stays_over(unit: Unit, day: date) -> bool:
    inside = Reservation.objects.filter(unit=unit, arrival_date__lt=day, departure_date__gt=day)
    return inside.exclude(status__in=(Reservation.Status.CANCELLED, Reservation.Status.NO_SHOW)).exists()


def _keep(user: User, unit: Unit, cleaning: Cleaning, wanted: Tap) -> UnitStateChange:
    now = clock.now()
    before = _snapshot(unit, cleaning)
    match wanted.act:
        case "started":
            cleaning.started_at, cleaning.started_by, cleaning.finished_at = now, user, None
            if unit.condition in DONE:
                unit.condition = UnitState.DIRTY
        case "refused" | "welcome":
            cleaning.refused = wanted.act == REFUSED
        case state:
            _end(cleaning, unit.condition, state, now)
            unit.condition, unit.condition_as_of = state, now
    cleaning.save(update_fields=_TAPPED)
    unit.save(update_fields=["condition", "condition_as_of"])
    if before["condition"] != unit.condition:
        events.emit(UnitChanged(unit=unit))
    return UnitStateChange(
        organization_id=unit.organization_id, unit=unit, date=cleaning.date, token=wanted.token,
        act=wanted.act, before=before, at=now, by=user, by_name=user.full_name,
    )  # fmt: skip


def _end(cleaning: Cleaning, was: str, state: str, now: datetime) -> None:
    """Whoever says "clean" is done; whoever says "dirty" begins anew."""
    if state in DONE:
        cleaning.finished_at = now if was not in DONE else cleaning.finished_at
    else:
        cleaning.started_at = cleaning.started_by = cleaning.finished_at = None


def _snapshot(unit: Unit, cleaning: Cleaning) -> dict[str, Any]:
    return {
        "condition": unit.condition,
        "refused": cleaning.refused,
        "started_at": cleaning.started_at and cleaning.started_at.isoformat(),
        "started_by": cleaning.started_by_id,
        "finished_at": cleaning.finished_at and cleaning.finished_at.isoformat(),
    }


@transaction.atomic
def undo(user: User, unit: Unit, token: str) -> None:
    """Bring back what was before a tap; one that is undone already stays so. Raises ValidationError where something
    came after it, PermissionDenied."""
    require(user, Permission.HOUSEKEEPING_READ)
    held = _lock(unit)
    change = held.state_changes.filter(token=token).first()
    if change is None:
        raise ValidationError(_("There is nothing to undo."))
    if change.undone_at is not None:
        return
    cleaning = _cleaning(held, change.date)
    later = held.state_changes.filter(pk__gt=change.pk, undone_at=None)
    # The PMS and the night leave no such row.
    if later.exists() or not _says(held, cleaning, change.act):
        raise ValidationError(_("Somebody changed it meanwhile."))
    _restore(held, cleaning, change)
    change.undone_at = clock.now()
    if change.command_id is not None and not _cancelled(change):
        _write(change, held, cleaning)
    change.save()
    telling.units([held], "state")


def _restore(unit: Unit, cleaning: Cleaning, change: UnitStateChange) -> None:
    """What the tap changed, and nothing that came since."""
    before, was = change.before, unit.condition
    if change.act in REFUSALS:
        cleaning.refused = before["refused"]
        cleaning.save(update_fields=["refused"])
        return
    unit.condition, unit.condition_as_of = before["condition"], clock.now()
    unit.save(update_fields=["condition", "condition_as_of"])
    cleaning.started_by_id = before["started_by"]
    for name in ("started_at", "finished_at"):
        told = before[name]
        setattr(cleaning, name, datetime.fromisoformat(told) if told else None)
    cleaning.save(update_fields=["started_at", "started_by", "finished_at"])
    if was != unit.condition:
        events.emit(UnitChanged(unit=unit))


def _cancelled(change: UnitStateChange) -> bool:
    """A write that has not left goes with the tap; so does one that failed: the PMS has the former state."""
    if change.pms_state == PmsState.FAILED:
        change.pms_state, change.pms_reason = "", ""
        return True
    try:
        outbox.cancel(change.command_id or 0, "undone")
    except outbox.NotPossible:
        return False
    change.pms_state, change.pms_reason = "", ""
    return True


@transaction.atomic
def retry(user: User, unit: Unit) -> None:
    """Tell the PMS once more what the board says. Raises ValidationError, PermissionDenied."""
    require(user, Permission.HOUSEKEEPING_READ)
    held = _lock(unit)
    lacking = [
        change
        for acts in _TOLD
        if (change := held.state_changes.filter(act__in=acts).order_by("-id").first()) is not None
        and change.pms_state in {PmsState.FAILED, PmsState.UNCONFIRMED}
    ]
    if not lacking:
        raise ValidationError(_("The PMS has it, or is being told."))
    for change in lacking:
        _write(change, held, _cleaning(held, change.date))
        change.save()
    telling.units([held], "state")


def _write(change: UnitStateChange, unit: Unit, cleaning: Cleaning) -> None:
    """Tell the PMS what the board says now, where it can know; what waited to be told before is told no more."""
    alike = next((acts for acts in _TOLD if change.act in acts), None)
    if alike is None:
        return
    _supersede(change, alike)
    place = place_of(unit)
    intent = _intent(change, unit, cleaning, *place) if place is not None else None
    if place is None or intent is None:
        change.pms_state, change.command_id = "", None
        return
    connection, _remote_id = place
    command = outbox.enqueue(
        connection,
        intent,
        subject=f"unit:{unit.pk}",
        order_key=f"unit:{unit.pk}",
        due_at=clock.now() + UNDO,
        give_up_at=clock.now() + WORTH,
        place_id=unit.property_id,
    )
    told = command.state != CommandState.WOULD_HAVE_SENT
    change.command_id, change.pms_state = command.pk, PmsState.WAITING if told else ""
    change.pms_reason = ""


def _intent(
    change: UnitStateChange, unit: Unit, cleaning: Cleaning, connection: Connection, remote_id: str
) -> SetHousekeepingState | None:
    """None where this PMS can't know that."""
    if change.act in REFUSALS:
        can = reading.takes_states(connection) and getattr(
            connector_class(connection.slug), "refusals", False
        )
        return SetHousekeepingState(unit_id=remote_id, refused=cleaning.refused) if can else None
    if unit.condition not in conditions(connection):
        return None
    return SetHousekeepingState(unit_id=remote_id, condition=unit.condition)


def _supersede(change: UnitStateChange, alike: Collection[str]) -> None:
    earlier = UnitStateChange.objects.filter(unit=change.unit, act__in=alike, pms_state=PmsState.WAITING)
    for row in earlier.exclude(pk=change.pk):
        try:
            outbox.cancel(row.command_id or 0, "another state since")
        except outbox.NotPossible:
            continue
        UnitStateChange.objects.filter(pk=row.pk).update(pms_state="", pms_reason="")


def place_of(unit: Unit) -> tuple[Connection, str] | None:
    """(connection, the unit's id there) of the PMS that a unit came from."""
    rows = ExternalId.objects.filter(entity=Entity.UNIT, object_id=unit.pk).select_related("connection")
    row = rows.order_by("id").first()
    return (row.connection, row.remote_id) if row else None


def conditions(connection: Connection) -> frozenset[str]:
    """The conditions that this PMS can be told."""
    connector = connector_class(connection.slug)
    if not reading.takes_states(connection) or not issubclass(connector, PmsConnector):
        return frozenset()
    return connector.conditions


def on_command(event: CommandMoved) -> None:
    """The PMS has the state, or not. Under the Command's lock: the unit's is not asked for."""
    command = event.command
    if not command.subject.startswith("unit:"):
        return
    state = STATES.get(CommandState(command.state), PmsState.WAITING)
    rows = UnitStateChange.objects.filter(command_id=command.pk).exclude(pms_state=state)
    if rows.update(pms_state=state, pms_reason=command.reason[:300]):
        telling.units(Unit.objects.filter(pk=int(command.subject.removeprefix("unit:"))), "pms")
