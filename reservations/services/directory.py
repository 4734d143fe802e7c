"""Whom to call: vendors and colleagues, kept by those who may, seen within the properties that a person sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock
from connectors.contract.phones import to_e164
from connectors.events import PersonTold
from reservations.models import Contact, PmsPerson, Property, Trade
from reservations.services import scope

# Everybody of one reading has about the same `as_of`: who is older by more has left the PMS.
_ONE_READING: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be kept of somebody. `properties` None: for all of them."""

    name: str
    trade: Trade
    phone: str = ""
    email: str = ""
    notes: str = ""
    properties: Sequence[Property] | None = None


def visible_to(user: User) -> QuerySet[Contact]:
    """Who is there for all properties, or for one that the person sees; by name."""
    rows = Contact.objects.filter(organization_id=user.organization_id).order_by("name", "id")
    ids = scope.property_ids(user)
    if ids is None:
        return rows
    return rows.filter(Q(all_properties=True) | Q(properties__in=ids)).distinct()


def for_place(organization_id: int, property_id: int | None) -> QuerySet[Contact]:
    """Who is there for one property; by name."""
    rows = Contact.objects.filter(organization_id=organization_id)
    return rows.filter(Q(all_properties=True) | Q(properties=property_id)).distinct().order_by("name", "id")


def may_change(user: User, contact: Contact) -> bool:
    """Only whoever sees all that it is for."""
    ids = scope.property_ids(user)
    if ids is None:
        return True
    own = set(contact.properties.values_list("pk", flat=True))
    return not contact.all_properties and own <= set(ids)


@transaction.atomic
def keep(user: User, entry: Entry, contact: Contact | None = None) -> Contact:
    """Add somebody, or change `contact`. Raises PermissionDenied, ValidationError."""
    require(user, Permission.DIRECTORY_EDIT)
    ids = scope.property_ids(user)
    chosen = None if entry.properties is None else {place.pk for place in entry.properties}
    if ids is not None and (chosen is None or not chosen <= set(ids)):
        raise PermissionDenied(str(Permission.DIRECTORY_EDIT.label))
    if chosen is not None and not chosen:
        raise ValidationError({"properties": _("Choose a property.")})
    if contact is not None and not may_change(user, contact):
        raise PermissionDenied(str(Permission.DIRECTORY_EDIT.label))
    phone = to_e164(entry.phone)
    if entry.phone.strip() and not phone:
        raise ValidationError(
            {"phone": _("Give the number with its country code, such as +351 912 345 678.")}
        )
    row = contact or Contact(organization_id=user.organization_id)
    row.name, row.trade, row.phone = " ".join(entry.name.split())[:120], entry.trade, phone
    row.email, row.notes, row.all_properties = entry.email, entry.notes.strip()[:500], chosen is None
    row.save()
    row.properties.set(chosen or ())
    action = "contact.changed" if contact else "contact.added"
    audit(row.organization_id, user, action, f"contact:{row.public_id}", after=row.name)
    return row


@transaction.atomic
def remove(user: User, contact: Contact) -> None:
    """Nobody is called there any more. Raises PermissionDenied; ValidationError while they are on call somewhere."""
    require(user, Permission.DIRECTORY_EDIT)
    if not may_change(user, contact):
        raise PermissionDenied(str(Permission.DIRECTORY_EDIT.label))
    if contact.shifts.exists() or contact.exceptions.filter(last_day__gte=clock.now().date()).exists():
        raise ValidationError(_("%(name)s is on call: plan somebody else first.") % {"name": contact.name})
    contact.exceptions.all().delete()
    audit(
        contact.organization_id, user, "contact.removed", f"contact:{contact.public_id}", before=contact.name
    )
    contact.delete()


# --- the PMS's own people ---
def on_person(event: PersonTold) -> None:
    """Somebody to whom the PMS's tasks can be given."""
    record = event.record
    PmsPerson.objects.update_or_create(
        connection=event.source.connection,
        remote_id=record.external_id,
        defaults={"name": record.name[:120], "as_of": clock.now()},
    )


def pms_people(connection_id: int) -> list[PmsPerson]:
    """Who was there when the PMS was last asked; by name."""
    rows = PmsPerson.objects.filter(connection_id=connection_id)
    newest = rows.aggregate(newest=Max("as_of"))["newest"]
    return list(rows.filter(as_of__gte=newest - _ONE_READING).order_by("name", "id")) if newest else []
