"""Who is on call for a property: planned by those who may, asked for when a guest may be in danger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock
from reservations.models import Contact, OnCallException, OnCallShift, Property, Weekday
from reservations.services import directory, rota, scope
from reservations.services.rota import Instead, Shift

_MOST_DAYS: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned for a property, or (without one) wherever nothing of its own is."""

    place: Property | None
    shifts: list[OnCallShift] = field(default_factory=list)
    exceptions: list[OnCallException] = field(default_factory=list)

    def at(self, at: datetime, zone: ZoneInfo) -> list[Contact]:
        """Who is on call at `at` (UTC)."""
        people = {one.contact_id: one.contact for one in self.shifts}
        people |= {one.contact_id: one.contact for one in self.exceptions}
        shifts = [
            Shift(
                contact_id=one.contact_id,
                weekday=one.weekday,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
            )
            for one in self.shifts
        ]
        exceptions = [
            Instead(
                contact_id=one.contact_id,
                first_day=one.first_day,
                starts_at=one.starts_at,
                last_day=one.last_day,
                ends_at=one.ends_at,
            )
            for one in self.exceptions
        ]
        return [people[key] for key in rota.on_call(shifts, exceptions, zone, at)]


def now(organization_id: int, place: Property | None) -> list[Contact]:
    """Who is on call for a property at this moment; two statements. What belongs to no property yet is judged by the
    clocks of the organization's first."""
    known = place or Property.objects.filter(organization_id=organization_id).order_by("id").first()
    if known is None:
        return []
    plans = _plans(organization_id, Q(property=place) | Q(property=None))
    return _now(plans, place, known.zone, clock.now())


def _now(
    plans: dict[int | None, Plan], place: Property | None, zone: ZoneInfo, at: datetime
) -> list[Contact]:
    """By its own plan; in the gaps of that, and without one, by the one for all."""
    own = plans.get(place.pk) if place else None
    found = own.at(at, zone) if own else []
    return found or (plans[None].at(at, zone) if None in plans else [])


def overview(user: User) -> list[tuple[Property, list[Contact], bool]]:
    """For each property that the person sees: who is on call now, and whether it has a plan of its own. Three
    statements."""
    places, at = scope.properties(user), clock.now()
    plans = _plans(user.organization_id, Q(property__in=places) | Q(property=None))
    return [(place, _now(plans, place, place.zone, at), place.pk in plans) for place in places]


def plan_of(organization_id: int, place: Property | None) -> Plan:
    """What is planned for one property, or for all; exceptions that are over are left out."""
    key = place.pk if place else None
    return _plans(organization_id, Q(property=place)).get(key) or Plan(place)


def _plans(organization_id: int, which: Q) -> dict[int | None, Plan]:
    mine = Q(organization_id=organization_id) & which
    found: dict[int | None, Plan] = {}
    shifts = OnCallShift.objects.filter(mine).select_related("contact", "property")
    for shift in shifts.order_by("weekday", "starts_at", "id"):
        found.setdefault(shift.property_id, Plan(shift.property)).shifts.append(shift)
    ahead = OnCallException.objects.filter(mine, last_day__gte=clock.now().date() - timedelta(days=1))
    for exception in ahead.select_related("contact", "property").order_by("first_day", "starts_at", "id"):
        found.setdefault(exception.property_id, Plan(exception.property)).exceptions.append(exception)
    return found


# --- planning ---
def who_may_be(user: User, place: Property | None) -> list[Contact]:
    """Whom one can plan there: people of the directory for that property, or for all, with a phone. Raises
    PermissionDenied where the plan isn't the person's to change."""
    _require(user, place)
    rows = directory.for_place(user.organization_id, place.pk if place else None)
    if place is None:
        rows = rows.filter(all_properties=True)
    return list(rows.exclude(phone=""))


def _require(user: User, place: Property | None) -> None:
    require(user, Permission.DIRECTORY_EDIT)
    if place is not None:
        scope.require_sees(user, place)
    elif not user.all_properties:
        raise PermissionDenied(str(Permission.DIRECTORY_EDIT.label))


@transaction.atomic
def add_shift(
    user: User,
    place: Property | None,
    contact: Contact,
    *,
    weekday: int | None,
    starts_at: time,
    ends_at: time,
) -> OnCallShift:
    """Raises PermissionDenied, ValidationError."""
    _require_able(user, place, contact)
    row = OnCallShift.objects.create(
        organization_id=user.organization_id,
        property=place,
        contact=contact,
        weekday=weekday,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    _audit(user, "on_call.planned", row, after=_said(row))
    return row


@transaction.atomic
def add_exception(user: User, place: Property | None, wanted: Instead) -> OnCallException:
    """Raises PermissionDenied, ValidationError."""
    contact = directory.visible_to(user).get(pk=wanted.contact_id)
    _require_able(user, place, contact)
    begins, ends = (
        datetime.combine(wanted.first_day, wanted.starts_at),
        datetime.combine(wanted.last_day, wanted.ends_at),
    )
    if not begins < ends <= begins + _MOST_DAYS:
        raise ValidationError({"last_day": _("The end must come after the start, within a year.")})
    row = OnCallException.objects.create(
        organization_id=user.organization_id,
        property=place,
        contact=contact,
        first_day=wanted.first_day,
        starts_at=wanted.starts_at,
        last_day=wanted.last_day,
        ends_at=wanted.ends_at,
    )
    _audit(user, "on_call.planned", row, after=_said(row))
    return row


@transaction.atomic
def remove(user: User, row: OnCallShift | OnCallException) -> None:
    """Raises PermissionDenied."""
    _require(user, row.property)
    _audit(user, "on_call.removed", row, before=_said(row))
    row.delete()


def _require_able(user: User, place: Property | None, contact: Contact) -> None:
    if contact not in who_may_be(user, place):
        raise ValidationError(
            {"contact": _("Choose somebody who is there for this property and has a phone.")}
        )


def _said(row: OnCallShift | OnCallException) -> str:
    """As the audit log says it."""
    if isinstance(row, OnCallException):
        begins = f"{row.first_day} {row.starts_at:%H:%M}"
        return f"{row.contact.name}, {begins} to {row.last_day} {row.ends_at:%H:%M}"
    day = "every day" if row.weekday is None else Weekday(row.weekday).name.capitalize()
    return f"{row.contact.name}, {day} {row.starts_at:%H:%M} to {row.ends_at:%H:%M}"


def _audit(user: User, action: str, row: OnCallShift | OnCallException, **said: str) -> None:
    subject = f"property:{row.property.public_id}" if row.property else "property:all"
    audit(user.organization_id, user, action, subject, **said)
