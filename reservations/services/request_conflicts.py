"""What stands against a time that a guest asks for: the next arrival, the time to clean, a unit that is out of use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from reservations.models import RequestKind, Reservation, StayRequest

CLEANING = timedelta(hours=2)
USUAL_CHECK_IN, USUAL_CHECK_OUT = time(15), time(11)
OUT_OF_USE = frozenset({"out_of_order", "out_of_service"})
_COMING = (Reservation.Status.TENTATIVE, Reservation.Status.CONFIRMED, Reservation.Status.CHECKED_IN)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing to know before deciding. `blocks`: the time can't be kept as it stands."""

    words: str
    blocks: bool
    stay: Reservation | None = None


def of(request: StayRequest, at: time | None = None) -> list[Conflict]:
    """What stands against it at a time (its own, where none is given). At most three statements."""
    stay, wanted = request.reservation, at or request.agreed or request.wished
    found: list[Conflict] = []
    if stay.unit is not None and stay.unit.condition in OUT_OF_USE:
        found.append(Conflict(_("%(unit)s is out of use.") % {"unit": stay.unit.name}, True))
    if stay.unit_id is None or wanted is None:
        return found
    if request.kind == RequestKind.LATE_CHECK_OUT:
        found += _next_arrival(stay, wanted)
    elif request.kind == RequestKind.EARLY_CHECK_IN:
        found += _last_departure(stay, wanted)
    return found


def _next_arrival(stay: Reservation, until: time) -> list[Conflict]:
    rows = _neighbours(stay).filter(arrival_date=stay.departure_date)
    other = rows.order_by("check_in_time", "id").first()
    if other is None:
        return []
    arrives = _agreed(other, RequestKind.EARLY_CHECK_IN) or other.effective_check_in or USUAL_CHECK_IN
    free = _apart(until, arrives)
    return [_conflict(_("The next guest arrives at %(at)s"), arrives, free, other)]


def _last_departure(stay: Reservation, since: time) -> list[Conflict]:
    rows = _neighbours(stay).filter(departure_date=stay.arrival_date)
    other = rows.order_by("-check_out_time", "id").first()
    if other is None:
        return []
    leaves = _agreed(other, RequestKind.LATE_CHECK_OUT) or other.effective_check_out or USUAL_CHECK_OUT
    return [_conflict(_("The guest before leaves at %(at)s"), leaves, _apart(leaves, since), other)]


def _neighbours(stay: Reservation) -> QuerySet[Reservation]:
    rows = Reservation.objects.filter(unit=stay.unit, status__in=_COMING).exclude(pk=stay.pk)
    return rows.select_related("unit", "guest")


def _agreed(stay: Reservation, kind: RequestKind) -> time | None:
    approved = stay.requests.filter(kind=kind, state=StayRequest.State.APPROVED)
    return approved.values_list("agreed", flat=True).first()


def _apart(earlier: time, later: time) -> timedelta:
    return timedelta(minutes=(later.hour - earlier.hour) * 60 + later.minute - earlier.minute)


def _conflict(words: str, at: time, free: timedelta, other: Reservation) -> Conflict:
    told = words % {"at": f"{at:%H:%M}"}
    hours = f"{CLEANING.total_seconds() / 3600:g}"
    if free >= CLEANING:
        return Conflict(
            _("%(told)s: time enough to clean (%(hours)s h).") % {"told": told, "hours": hours}, False, other
        )
    return Conflict(_("%(told)s, cleaning takes %(hours)s h.") % {"told": told, "hours": hours}, True, other)
