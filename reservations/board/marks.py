"""What changes on a card after somebody read it: marked until it is tapped (ux H3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import clock
from reservations.board import private, reading, telling
from reservations.events import RequestChanged, StayChanged
from reservations.models import Cleaning, RequestKind, Reservation, StayRequest, Unit
from reservations.services.request_conflicts import USUAL_CHECK_IN, USUAL_CHECK_OUT

_OUT, _IN = "out", "in"
_SIDES: Final = {RequestKind.LATE_CHECK_OUT: _OUT, RequestKind.EARLY_CHECK_IN: _IN}
_TIMES: Final = {"check_out_time": _OUT, "check_in_time": _IN}
_SHOWN: Final = frozenset(
    {"unit", "status", "arrival_date", "departure_date", "check_in_time", "check_out_time", "adults", "children",
     "infants", "pets", "guest"}
)  # fmt: skip
_DATES: Final = {"departure_date": "leaves", "arrival_date": "arrives"}
_OFF: Final = frozenset(
    {Reservation.Status.INQUIRY.value, Reservation.Status.CANCELLED.value, Reservation.Status.NO_SHOW.value}
)
"""Stays that are not on the board."""


def on_request(event: RequestChanged) -> None:
    """A time was agreed, or is agreed no more. Under the stay's lock."""
    row = event.request
    side = _SIDES.get(RequestKind(row.kind))
    if side is None or row.state not in {StayRequest.State.APPROVED, StayRequest.State.WITHDRAWN}:
        return
    if event.what not in {"approved", "withdrawn", "moved"} or row.agreed is None:
        return
    stay = row.reservation
    before = row.before or _usual(stay, side)
    withdrawn = row.state == StayRequest.State.WITHDRAWN
    if withdrawn and row.decided_at is None:
        return
    now, was = (before, row.agreed) if withdrawn else (row.agreed, before)
    if now == was:
        return
    change = {
        "what": side, "now": f"{now:%H:%M}", "was": f"{was:%H:%M}",
        "by": private.first_name(row.decided_name), "withdrawn": withdrawn,
    }  # fmt: skip
    day = stay.departure_date if side == _OUT else stay.arrival_date
    _mark(stay.unit, [day], change)


def on_stay(event: StayChanged) -> None:
    """The PMS says something else of a stay: its cards are drawn anew, and marked where a day or a time moved."""
    stay = event.reservation
    fields = {change.field for change in event.changes}
    if event.history or not (event.created or fields & _SHOWN):
        return
    if not event.created:
        _mark_changes(event)
    if event.unit_was is not None:
        places = {event.unit_was.property_id, stay.property_id or event.unit_was.property_id}
        for property_id in sorted(places):
            telling.whole(stay.organization_id, property_id)
    elif stay.unit is not None:
        telling.units([stay.unit], "stay")


def _mark_changes(event: StayChanged) -> None:
    """Of what stood on the board: an inquiry doesn't, nor what was cancelled before."""
    stay, was = event.reservation, {change.field: change.old for change in event.changes}
    if was.get("status", stay.status) in _OFF:
        return
    if stay.status in _OFF:
        _mark(event.unit_was or stay.unit, _days(stay, was), {"what": "cancelled"})
    elif event.unit_was is not None:
        told = {"what": "moved_to", "now": stay.unit.name} if stay.unit else {"what": "moved_out"}
        _mark(event.unit_was, _days(stay, was), told)
        _mark(stay.unit, _days(stay, {}), {"what": "moved_from", "was": event.unit_was.name})
    else:
        for field, old in was.items():
            _mark_change(stay, field, old)


def _mark_change(stay: Reservation, field: str, old: Any) -> None:
    if field in _TIMES:
        _mark_time(stay, _TIMES[field], str(old or ""))
    elif field in _DATES and old:
        what, new = _DATES[field], getattr(stay, field)
        told = {"what": what, "now": new.isoformat() if new else "", "was": str(old)}
        _mark(stay.unit, {date.fromisoformat(str(old)), new}, told)


def _days(stay: Reservation, was: dict[str, Any]) -> list[date]:
    """From the arrival to the departure, as they were."""
    told = [was.get(name) or getattr(stay, name) for name in ("arrival_date", "departure_date")]
    known = [date.fromisoformat(str(day)) for day in told if day]
    return [known[0] + timedelta(days=n) for n in range((known[-1] - known[0]).days + 1)] if known else []


def _mark_time(stay: Reservation, side: str, old: str) -> None:
    """A time that somebody agreed to here is marked by that already."""
    usual = _usual(stay, side)
    told = stay.check_out_time if side == _OUT else stay.check_in_time
    kind = RequestKind.LATE_CHECK_OUT if side == _OUT else RequestKind.EARLY_CHECK_IN
    now, was = f"{told or usual:%H:%M}", old[:5] or f"{usual:%H:%M}"
    rows = stay.requests.filter(kind=kind).exclude(agreed=None)
    agreed = {f"{one:%H:%M}" for one in rows.values_list("agreed", flat=True)}
    if now == was or agreed & {now, was}:
        return
    day = stay.departure_date if side == _OUT else stay.arrival_date
    _mark(stay.unit, [day], {"what": side, "now": now, "was": was})


def _usual(stay: Reservation, side: str) -> Any:
    unit = stay.unit
    if side == _OUT:
        return (unit.check_out_time if unit else None) or USUAL_CHECK_OUT
    return (unit.check_in_time if unit else None) or USUAL_CHECK_IN


def _mark(unit: Unit | None, days: Iterable[date | None], change: dict[str, Any]) -> None:
    """Only what somebody may have read: today and tomorrow."""
    if unit is None:
        return
    now = clock.now()
    first = reading.today(unit.property, now)
    rows = [
        Cleaning(
            organization_id=unit.organization_id, property_id=unit.property_id, unit=unit, date=day,
            change=change, changed_at=now,
        )
        for day in days
        if day is not None and first <= day <= first + timedelta(days=1)
    ]  # fmt: skip
    Cleaning.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["unit", "date"], update_fields=["change", "changed_at"]
    )


@transaction.atomic
def seen(user: User, unit: Unit, day: date, name: str = "") -> None:
    """Whoever cleans the unit has read what changed; of a unit that is nobody's, anybody; and who says who cleans what.
    What changed after the mark of that name is not read yet; without a name, whatever there is. Raises
    PermissionDenied."""
    require(user, Permission.HOUSEKEEPING_READ)
    row = Cleaning.objects.select_for_update(no_key=True).filter(unit=unit, date=day).first()
    if row is None or row.changed_at is None:
        return
    if row.assignee_id not in {None, user.pk} and not user.may(Permission.HOUSEKEEPING_ASSIGN):
        raise PermissionDenied(str(Permission.HOUSEKEEPING_ASSIGN.label))
    if name not in {"", row.changed_at.isoformat()}:
        return
    row.seen_at = clock.now()
    row.save(update_fields=["seen_at"])
    telling.units([unit], "seen")
