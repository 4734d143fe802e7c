"""Organizations and people: making them, and the two checks that every service and view asks."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from bellhop.accounts.models import AuditEntry, Organization, Role, User
from bellhop.accounts.permissions import BUILT_IN_ROLES, Permission
from bellhop.core import clock


@transaction.atomic
def create_organization(name: str, slug: str) -> Organization:
    """A new organization with its built-in roles."""
    organization = Organization.objects.create(name=name, slug=slug, created_at=clock.now())
    Role.objects.bulk_create(
        Role(
            organization=organization, name=role, permissions=sorted(p.value for p in granted), built_in=True
        )
        for role, granted in BUILT_IN_ROLES.items()
    )
    return organization


def require(user: User, permission: Permission) -> None:
    """Raises PermissionDenied (403) unless the user's role names `permission`."""
    if not user.may(permission):
        raise PermissionDenied(str(permission.label))


def audit(
    organization_id: int,
    user: User | None,
    action: str,
    subject: str = "",
    *,
    before: Any = None,
    after: Any = None,
    address: str = "",
) -> None:
    """Write one line of the audit log, in the caller's transaction."""
    AuditEntry.objects.create(
        organization_id=organization_id,
        user=user,
        action=action,
        subject=subject,
        before=before,
        after=after,
        address=address,
        at=clock.now(),
    )
