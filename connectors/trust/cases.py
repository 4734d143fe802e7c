"""A case as an incident: somebody owns it, somebody at the vendor is asked, until a day (signature N15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, incidents
from bellhop.core.models import Incident
from connectors.trust.casefile import CASE, CaseFile

DAYS = 3


class NotPossible(Exception):
    """A case can't be opened like that; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who owns it, whom they ask (an address, a number, a ticket), until the end of which day."""

    owner_id: int
    contact: str
    until: date
    note: str = ""


def usual_deadline() -> date:
    """What the form begins with."""
    return clock.now().date() + timedelta(days=DAYS)


@transaction.atomic
def open_case(user: User, case: CaseFile, wanted: Wanted) -> Incident:
    """Open the incident of a case file; its owner is alerted. Raises NotPossible, PermissionDenied."""
    require(user, Permission.HEALTH_ACT)
    people = User.objects.filter(organization_id=user.organization_id, is_active=True)
    owner = people.filter(pk=wanted.owner_id).first()
    if owner is None:
        raise NotPossible(_("There is no such person here."))
    if not wanted.contact.strip():
        raise NotPossible(_("Say whom to ask."))
    due = datetime.combine(wanted.until, time.max, tzinfo=get_current_timezone())
    if due < clock.now():
        raise NotPossible(_("That day is over."))
    incident = incidents.open_incident(
        user.organization_id,
        CASE,
        f"{case.connection.name}: {case.title}"[:200],
        subject=f"{case.kind}:{case.public_id}",
        detail=wanted.note.strip()[:1000],
        connection_id=case.connection.pk,
        alert_user_id=owner.pk,
        contact=wanted.contact.strip()[:200],
        due_at=due,
    )
    after = f"{owner.full_name}, {wanted.contact.strip()[:200]}, {wanted.until}"
    audit(user.organization_id, user, "case.opened", f"{case.kind}:{case.public_id}", after=after)
    return incident


@transaction.atomic
def close_case(user: User, incident: Incident) -> None:
    """It is settled. Only cases are closed by hand; everything else closes itself when it is over."""
    require(user, Permission.HEALTH_ACT)
    if incident.code != CASE:
        raise NotPossible(_("This one closes by itself when it is over."))
    if incidents.close_incident(user.organization_id, CASE, subject=incident.subject):
        audit(user.organization_id, user, "case.closed", incident.subject)
