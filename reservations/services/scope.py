"""Which properties a person may see (invariant 10, ux U1)."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require_manages
from reservations.models import Property, PropertyScope


def of(user: User) -> QuerySet[PropertyScope]:
    """The rows that limit a person, for use inside another statement."""
    return PropertyScope.objects.filter(user=user)


def property_ids(user: User) -> list[int] | None:
    """The ids a person is limited to; None for somebody who sees every property of the organization."""
    if user.all_properties:
        return None
    return list(of(user).values_list("property_id", flat=True))


def require_sees(user: User, place: Property) -> None:
    """Raises PermissionDenied for a property of another organization, or outside the person's scope."""
    ids = property_ids(user)
    if place.organization_id != user.organization_id or (ids is not None and place.pk not in ids):
        raise PermissionDenied(place.public_id)


def properties(user: User) -> list[Property]:
    """The properties a person may see, by name."""
    rows = Property.objects.filter(organization_id=user.organization_id)
    ids = property_ids(user)
    return list((rows if ids is None else rows.filter(pk__in=ids)).order_by("name", "id"))


@transaction.atomic
def limit(admin: User, person: User, chosen: list[Property] | None, *, address: str = "") -> None:
    """Let a person see every property (None) or `chosen` ones only. Raises PermissionDenied, also where the admin
    doesn't see that much themselves."""
    require_manages(admin, person)
    own = property_ids(admin)
    if own is not None and (chosen is None or not {place.pk for place in chosen} <= set(own)):
        raise PermissionDenied(str(Permission.USERS_EDIT.label))
    before = _words(person)
    person.all_properties = chosen is None
    person.save(update_fields=["all_properties"])
    of(person).delete()
    PropertyScope.objects.bulk_create(PropertyScope(user=person, property=place) for place in chosen or ())
    if (after := _words(person)) != before:
        audit(
            admin.organization_id, admin, "person.scope", f"user:{person.public_id}",
            before=before, after=after, address=address,
        )  # fmt: skip


def _words(person: User) -> str | list[str]:
    """A scope as the audit log says it."""
    if person.all_properties:
        return "all"
    return sorted(of(person).values_list("property__public_id", flat=True))


def names(people: list[User]) -> dict[int, list[str]]:
    """Person → names of the properties they are limited to, in one query."""
    found: dict[int, list[str]] = {}
    rows = PropertyScope.objects.filter(user__in=people).order_by("property__name")
    for user_id, name in rows.values_list("user_id", "property__name"):
        found.setdefault(user_id, []).append(name)
    return found
