"""Which properties a person may see (invariant 10, ux U1)."""

from __future__ import annotations

from django.db.models import QuerySet

from bellhop.accounts.models import User
from reservations.models import Property, PropertyScope


def of(user: User) -> QuerySet[PropertyScope]:
    """The rows that limit a person, for use inside another statement."""
    return PropertyScope.objects.filter(user=user)


def property_ids(user: User) -> list[int] | None:
    """The ids a person is limited to; None for somebody who sees every property of the organization."""
    if user.all_properties:
        return None
    return list(of(user).values_list("property_id", flat=True))


def properties(user: User) -> list[Property]:
    """The properties a person may see, by name."""
    rows = Property.objects.filter(organization_id=user.organization_id)
    ids = property_ids(user)
    return list((rows if ids is None else rows.filter(pk__in=ids)).order_by("name", "id"))
