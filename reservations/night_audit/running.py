"""Running an audit: by a person or by itself after the close, once per property and business date, frozen from then
on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, incidents
from bellhop.core.words import say
from reservations.models import NightAudit, NightAuditPlan, Property
from reservations.night_audit import collecting, days, plans
from reservations.night_audit.days import Day
from reservations.night_audit.facts import LAYOUT
from reservations.services import scope

BACK: Final = timedelta(days=31)
"""How far back a missing date may still be run."""
CATCH_UP: Final = timedelta(days=7)
"""How far back missing dates are run by themselves, after an outage of ours."""
LEASE: Final = timedelta(minutes=10)
LOOKS: Final = tuple(timedelta(hours=hours) for hours in (0, 1, 3, 8, 24, 48))
"""When late facts are looked for, counted from the end of the date (or the run, where that came later)."""
ALERT_AFTER: Final = 3
FAILED: Final = "night_audit_failed"


class NotPossible(Exception):
    """That date can't be audited; the text says why."""


def run(user: User, place: Property, on: date) -> NightAudit:
    """The audit of a date, as it stands now; one that was run already is that one. Raises PermissionDenied,
    NotPossible."""
    require(user, Permission.NIGHT_AUDIT_RUN)
    scope.require_sees(user, place)
    plan = plans.plan(place)
    today = days.date_of(clock.now(), plan.closes_at, place.zone)
    if on > today:
        raise NotPossible(_("That date has not begun."))
    if on < today - BACK:
        raise NotPossible(_("That date is too long ago: what stood then can't be told any more."))
    return _run(place, on, user)


@transaction.atomic
def _run(place: Property, on: date, user: User | None) -> NightAudit:
    plan = plans.lock(place)
    known = NightAudit.objects.filter(property=place, business_date=on).first()
    if known is not None:
        return known
    day = _day(plan, place, on)
    parts, talk = collecting.collect(day)
    now = clock.now()
    row = NightAudit(
        organization_id=place.organization_id,
        property=place,
        business_date=on,
        starts_at=day.start,
        ends_at=day.end,
        run_at=now,
        run_by=user,
        run_by_name=user.full_name if user else "",
        layout=LAYOUT,
        facts={section.value: part.as_json() for section, part in parts.items()},
        figures=collecting.figures(parts, talk),
        mail_at=plans.mail_time(plan, place, day.end, now),
    )
    row.look_at = next_look(row, now)
    row.save()
    subject = f"property:{place.public_id}"
    audit(place.organization_id, user, "night_audit.run", subject, after=on.isoformat())
    return row


def _day(plan: NightAuditPlan, place: Property, on: date) -> Day:
    """From the end of the date before to the beginning of the one after, where these were run: whatever hour was set
    meanwhile, nothing falls between two papers."""
    around = {
        row.business_date: row
        for row in NightAudit.objects.filter(
            property=place, business_date__in=(on - timedelta(days=1), on + timedelta(days=1))
        ).only("business_date", "starts_at", "ends_at")
    }
    start = days.begins(on, plan.closes_at, place.zone)
    end = days.ends(on, plan.closes_at, place.zone)
    if (before := around.get(on - timedelta(days=1))) is not None and before.ends_at < end:
        start = before.ends_at
    if (after := around.get(on + timedelta(days=1))) is not None and after.starts_at > start:
        end = after.starts_at
    return Day(
        organization_id=place.organization_id, property_id=place.pk, on=on, start=start, end=end
    )  # fmt: skip


def day_of(row: NightAudit) -> Day:
    """The span that an audit is about."""
    return Day(
        organization_id=row.organization_id,
        property_id=row.property_id,
        on=row.business_date,
        start=row.starts_at,
        end=row.ends_at,
    )


def next_look(row: NightAudit, now: datetime) -> datetime | None:
    """When to look for late facts next; None once that is over."""
    base = max(row.ends_at, row.run_at)
    return next((base + after for after in LOOKS if base + after > now), None)


# --- by itself ---
def run_due() -> int:
    """Every audit whose date has closed. Returns how many were run."""
    done = 0
    while (claimed := _claim()) is not None:
        done += _run_claimed(*claimed)
    return done


@transaction.atomic
def _claim() -> tuple[int, date] | None:
    """The next plan that is due, leased: one that can't be done holds up no other, and is tried again."""
    now = clock.now()
    rows = NightAuditPlan.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    plan = rows.select_related("property").filter(next_at__lte=now).order_by("next_at", "pk").first()
    if plan is None or plan.next_date is None:
        return None
    place = plan.property
    oldest = days.date_of(now, plan.closes_at, place.zone) - CATCH_UP
    plan.next_date = max(plan.next_date, oldest)
    plan.tries += 1
    plan.next_at = now + LEASE
    plan.save(update_fields=["next_date", "next_at", "tries"])
    if plan.tries == ALERT_AFTER:
        _alert(plan, place)
    return plan.pk, plan.next_date


def _alert(plan: NightAuditPlan, place: Property) -> None:
    incidents.open_incident(
        plan.organization_id,
        FAILED,
        say("The night audit of %(name)s fails", name=place.name),
        subject=str(place.pk),
        remedy=say("It is tried again every ten minutes. The server's log says why."),
    )


@transaction.atomic
def _run_claimed(plan_id: int, on: date) -> bool:
    """Run it, and set the time of the next one. A zone that was corrected meanwhile may mean: not yet."""
    plan = (
        NightAuditPlan.objects.select_for_update(of=("self",), no_key=True)
        .select_related("property")
        .get(pk=plan_id)
    )
    place, now = plan.property, clock.now()
    if plan.next_date != on:
        return False
    close = days.ends(on, plan.closes_at, place.zone)
    is_due = close <= now
    if is_due:
        _run(place, on, None)
        plan.next_date = on + timedelta(days=1)
        close = days.ends(plan.next_date, plan.closes_at, place.zone)
    plan.next_at, plan.tries = close, 0
    plan.save(update_fields=["next_date", "next_at", "tries"])
    incidents.close_incident(plan.organization_id, FAILED, subject=str(place.pk))
    return is_due
