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


@transaction.atomic
def change_house_rules(user: User, *, show_read_marks: bool, reply_in_others_threads: bool) -> None:
    """What holds for everybody of the organization. Raises PermissionDenied."""
    require(user, Permission.CONNECTIONS_EDIT)
    organization = Organization.objects.select_for_update(no_key=True).get(pk=user.organization_id)
    new = {"show_read_marks": show_read_marks, "reply_in_others_threads": reply_in_others_threads}
    old = {name: getattr(organization, name) for name in new}
    if old == new:
        return
    organization.show_read_marks = show_read_marks
    organization.reply_in_others_threads = reply_in_others_threads
    organization.save(update_fields=list(new))
    audit(organization.pk, user, "organization.changed", before=old, after=new)


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


class EmailTaken(Exception):
    """Somebody has this e-mail address already, here or in another organization."""


class NobodyLeft(Exception):
    """The change would leave the organization without anybody who manages people."""


def people(organization_id: int) -> list[User]:
    """Everybody of an organization, those who are switched off last."""
    rows = User.objects.filter(organization_id=organization_id).select_related("role")
    return list(rows.order_by("-is_active", "full_name", "id"))


def roles_for(admin: User) -> list[Role]:
    """Roles that `admin` may give: none that can do what they can't do themselves."""
    rows = Role.objects.filter(organization_id=admin.organization_id).order_by("name")
    return [role for role in rows if set(role.permissions) <= admin.granted]


def require_manages(admin: User, person: User) -> None:
    """Raises PermissionDenied unless `admin` manages people and can do all that `person` can."""
    require(admin, Permission.USERS_EDIT)
    if person.organization_id != admin.organization_id or not set(person.role.permissions) <= admin.granted:
        raise PermissionDenied(str(Permission.USERS_EDIT.label))


@transaction.atomic
def add_person(admin: User, email: str, full_name: str, role: Role, *, address: str = "") -> User:
    """A new person without a password: they set one by link. Raises EmailTaken."""
    require(admin, Permission.USERS_EDIT)
    if role not in roles_for(admin):
        raise PermissionDenied(str(Permission.USERS_EDIT.label))
    if User.objects.filter(email__iexact=email).exists():
        raise EmailTaken(email)
    person = User.objects.create_user(
        email, None, organization=admin.organization, role=role, full_name=full_name
    )
    audit(
        admin.organization_id, admin, "person.added", f"user:{person.public_id}",
        after={"email": person.email, "role": role.name}, address=address,
    )  # fmt: skip
    return person


@transaction.atomic
def change_role(admin: User, person: User, role: Role, *, address: str = "") -> None:
    """Give a person another role. Raises PermissionDenied, NobodyLeft."""
    require_manages(admin, person)
    if role not in roles_for(admin):
        raise PermissionDenied(str(Permission.USERS_EDIT.label))
    if person.role_id == role.pk:
        return
    before = person.role.name
    person.role = role
    person.save(update_fields=["role"])
    _somebody_manages(admin.organization_id)
    audit(
        admin.organization_id, admin, "person.role", f"user:{person.public_id}",
        before=before, after=role.name, address=address,
    )  # fmt: skip


@transaction.atomic
def set_active(admin: User, person: User, active: bool, *, address: str = "") -> None:
    """Switch a person off, which ends their sessions and keeps their history, or on again. Raises NobodyLeft."""
    require_manages(admin, person)
    if person.is_active == active:
        return
    person.is_active = active
    person.save(update_fields=["is_active"])
    _somebody_manages(admin.organization_id)
    action = "person.switched_on" if active else "person.switched_off"
    audit(admin.organization_id, admin, action, f"user:{person.public_id}", address=address)


def _somebody_manages(organization_id: int) -> None:
    rows = User.objects.select_for_update().filter(organization_id=organization_id, is_active=True)
    if not rows.filter(role__permissions__contains=[Permission.USERS_EDIT.value]).exists():
        raise NobodyLeft
