"""When a property's audits run by themselves, and who gets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock
from reservations.events import PropertyAdded
from reservations.models import NightAudit, NightAuditPlan, Property
from reservations.night_audit import days
from reservations.services import scope

MOST_RECIPIENTS: Final = 20
MAIL_WITHIN: Final = timedelta(days=2)
"""Papers of dates that ended before are nobody's news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Local times; `mail_at` None: no e-mail."""

    is_on: bool
    closes_at: time
    mail_at: time | None
    recipients: Sequence[str]


def on_property(event: PropertyAdded) -> None:
    """A new property is audited from its first close on."""
    plan(event.property)


def of(place: Property) -> NightAuditPlan | None:
    return NightAuditPlan.objects.filter(property=place).first()


def plan(place: Property) -> NightAuditPlan:
    """The property's, made if there is none."""
    known = of(place)
    if known is not None:
        return known
    row = NightAuditPlan(property=place, organization_id=place.organization_id)
    _schedule(row, place, clock.now())
    made, _is_new = NightAuditPlan.objects.get_or_create(
        property=place,
        defaults={
            "organization_id": row.organization_id,
            "next_date": row.next_date,
            "next_at": row.next_at,
        },
    )
    return made


def lock(place: Property) -> NightAuditPlan:
    """The same, locked until the transaction ends: one audit of a property is made at a time."""
    plan(place)
    return NightAuditPlan.objects.select_for_update(no_key=True).get(property=place)


def _schedule(row: NightAuditPlan, place: Property, now: datetime) -> None:
    """The next close from now on; nothing while it is off."""
    row.tries = 0
    if not row.is_on:
        row.next_date = row.next_at = None
        return
    row.next_date = days.date_of(now, row.closes_at, place.zone)
    row.next_at = days.ends(row.next_date, row.closes_at, place.zone)


@transaction.atomic
def change(user: User, place: Property, wanted: Wanted) -> NightAuditPlan:
    """Raises PermissionDenied, ValidationError."""
    require(user, Permission.NIGHT_AUDIT_EDIT)
    scope.require_sees(user, place)
    recipients = _addresses(wanted.recipients)
    if wanted.mail_at is not None and not recipients:
        raise ValidationError(_("Who gets the e-mail? Give an address."))
    row = lock(place)
    before = _said(row)
    is_moved = (row.is_on, row.closes_at) != (wanted.is_on, wanted.closes_at)
    row.is_on, row.closes_at = wanted.is_on, wanted.closes_at
    is_mail_moved = row.mail_at != wanted.mail_at
    row.mail_at, row.recipients = wanted.mail_at, recipients
    if is_moved:
        _schedule(row, place, clock.now())
    row.save()
    if is_mail_moved:
        _move_mail(row, place, clock.now())
    if (after := _said(row)) != before:
        subject = f"property:{place.public_id}"
        audit(row.organization_id, user, "night_audit.plan", subject, before=before, after=after)
    return row


def mail_time(row: NightAuditPlan, place: Property, ended: datetime, now: datetime) -> datetime | None:
    """In the morning after a date that ended then; None: no e-mail."""
    if row.mail_at is None or now - ended > MAIL_WITHIN:
        return None
    return days.first_after(ended, row.mail_at, place.zone)


def _move_mail(row: NightAuditPlan, place: Property, now: datetime) -> None:
    """The paper of last night, run already, goes out at the new time too, unless that has passed."""
    papers = NightAudit.objects.filter(property=place, mailed_at=None, ends_at__gt=now - MAIL_WITHIN)
    for paper in papers.select_for_update(no_key=True).only("ends_at", "mail_at"):
        moment = mail_time(row, place, paper.ends_at, now)
        if moment is None or moment > now:
            paper.mail_at = moment
            paper.save(update_fields=["mail_at"])


def _addresses(given: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(address.strip().lower() for address in given if address.strip()))
    if len(found) > MOST_RECIPIENTS:
        raise ValidationError(_("At most %(n)d addresses.") % {"n": MOST_RECIPIENTS})
    for address in found:
        try:
            validate_email(address)
        except ValidationError as error:
            raise ValidationError(_("%(what)s is no e-mail address.") % {"what": address}) from error
    return found


def _said(row: NightAuditPlan) -> dict[str, object]:
    return {
        "is_on": row.is_on,
        "closes_at": f"{row.closes_at:%H:%M}",
        "mail_at": f"{row.mail_at:%H:%M}" if row.mail_at else None,
        "recipients": list(row.recipients),
    }
