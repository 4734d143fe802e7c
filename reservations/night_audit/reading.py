"""Which audits a person may see: those of the properties in their scope (invariant 10), and which dates are missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db.models import Min, Q, QuerySet

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.core import clock
from reservations.models import NightAudit, NightAuditPlan, Property
from reservations.models.audit import USUAL_CLOSE
from reservations.night_audit import days, plans
from reservations.night_audit.rows import Reader
from reservations.night_audit.sheet import Sheet
from reservations.night_audit.sheet import of as sheet_of
from reservations.services import scope

PAGE: Final = 50
DATES: Final = 31


@dataclass(frozen=True, slots=True)
class Line:
    """One property on one date, or one date of a property. `row` is None where it was not run, which `lacks` says of
    one that was run before; `missing`: such dates of the month before."""

    place: Property
    on: date
    row: NightAudit | None
    is_open: bool
    lacks: bool = False
    missing: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`after` leads on, empty at the end."""

    lines: tuple[Line, ...]
    after: str


def reader(user: User) -> Reader:
    """What of a paper a person may read."""
    return Reader(
        may_read_talk=user.may(Permission.THREADS_READ),
        may_see_drift=user.may(Permission.HEALTH_READ),
        sees_all=user.all_properties,
    )


def places(user: User) -> QuerySet[Property]:
    """The properties a person may see, for use in another statement."""
    rows = Property.objects.filter(organization_id=user.organization_id)
    ids = scope.property_ids(user)
    return rows if ids is None else rows.filter(pk__in=ids)


def audits(user: User) -> QuerySet[NightAudit]:
    """Their audits, without the facts that only a paper shows."""
    rows = NightAudit.objects.filter(organization_id=user.organization_id).defer("facts")
    ids = scope.property_ids(user)
    return rows if ids is None else rows.filter(property_id__in=ids)


def paper(user: User, place: Property, on: date) -> Sheet | None:
    """The audit of a date as the person may read it; None where it was not run. Three statements."""
    row = NightAudit.objects.filter(property=place, business_date=on).select_related("property").first()
    return sheet_of(row, list(row.addenda.order_by("found_at", "pk")), reader(user)) if row else None


def today(place: Property, plan: NightAuditPlan | None = None) -> date:
    """The business date that is open now."""
    closes_at = plan.closes_at if plan is not None else USUAL_CLOSE
    return days.date_of(clock.now(), closes_at, place.zone)


def of_date(user: User, on: date, after: str = "") -> Page:
    """Every property on a date, by name; a constant number of statements. A cursor that can't be read is the
    beginning."""
    rows = places(user).select_related("audit_plan").order_by("name", "pk")
    name, _sep, pk = after.rpartition("\x1f")
    if pk.isdecimal():
        rows = rows.filter(Q(name__gt=name) | Q(name=name, pk__gt=int(pk)))
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    mine = audits(user).filter(property__in=[place.pk for place in shown])
    rows_of_date = {row.property_id: row for row in mine.filter(business_date=on)}
    run: dict[int, set[date]] = {}
    month = mine.filter(business_date__gte=on - timedelta(days=DATES), business_date__lte=on)
    for place_id, day in month.values_list("property_id", "business_date"):
        run.setdefault(place_id, set()).add(day)
    lines = tuple(_line(place, on, rows_of_date.get(place.pk), run.get(place.pk, set())) for place in shown)
    last = shown[-1] if len(found) > PAGE else None
    return Page(lines, f"{last.name}\x1f{last.pk}" if last else "")


def _line(place: Property, on: date, row: NightAudit | None, run: set[date]) -> Line:
    open_date = today(place, getattr(place, "audit_plan", None))
    first = min(run, default=on)
    back = (on - timedelta(days=n) for n in range(1, DATES + 1))
    missing = tuple(day for day in back if first < day < open_date and day not in run)
    is_open = on >= open_date
    lacks = first < on and not is_open and on not in run
    return Line(place, on, row, is_open, lacks, missing)


def of_place(user: User, place: Property, before: date | None = None) -> Page:
    """The dates of a property, newest first, those that are missing among them. Four statements."""
    plan = plans.of(place)
    newest = today(place, plan)
    if before is not None:
        newest = min(newest, before - timedelta(days=1))
    first = audits(user).filter(property=place).aggregate(first=Min("business_date"))["first"] or newest
    oldest = max(first, newest - timedelta(days=DATES - 1))
    found = audits(user).filter(property=place, business_date__gte=oldest, business_date__lte=newest)
    run = {row.business_date: row for row in found}
    open_date = today(place, plan)
    span = (newest - timedelta(days=n) for n in range((newest - oldest).days + 1))
    lines = tuple(
        Line(place, day, run.get(day), day >= open_date, first < day < open_date and day not in run)
        for day in span
    )
    return Page(lines, oldest.isoformat() if first < oldest else "")


def first_date(user: User) -> date:
    """The date that most people want to see: the last one that is over, at the first property."""
    place = places(user).select_related("audit_plan").order_by("name", "pk").first()
    if place is None:
        return clock.now().date() - timedelta(days=1)
    return today(place, getattr(place, "audit_plan", None)) - timedelta(days=1)
