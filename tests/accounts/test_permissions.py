"""What each role may do, as the user interface's specification has it (ux U1), and that services ask."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from bellhop.accounts.models import AuditEntry, Role, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, create_organization, require
from tests import factories

P = Permission
TALK = {P.THREADS_READ, P.THREADS_REPLY, P.THREADS_NOTE, P.THREADS_TRIAGE, P.THREADS_BULK, P.THREADS_MATCH}
AGENT = TALK | {
    P.REQUESTS_DECIDE,
    P.STAYS_READ,
    P.CONTACTS_READ,
    P.CONSENT_EDIT,
    P.HOUSEKEEPING_READ,
    P.NIGHT_AUDIT_READ,
    P.NIGHT_AUDIT_RUN,
}
EXPECTED: dict[str, set[Permission]] = {
    "Agent": AGENT,
    "Housekeeper": {P.HOUSEKEEPING_READ},
    "Marketer": {P.THREADS_READ, P.STAYS_READ, P.SEQUENCES_EDIT, P.CANNED_EDIT},
    "Operations manager": AGENT
    | {
        P.POLICY_OVERRIDE,
        P.LEGAL_HOLD,
        P.HOUSEKEEPING_ASSIGN,
        P.NIGHT_AUDIT_EDIT,
        P.DIRECTORY_EDIT,
        P.MONEY_READ,
        P.DOOR_CODES_READ,
        P.CANNED_EDIT,
        P.VIEWS_SHARE,
        P.HEALTH_READ,
        P.HEALTH_ACT,
        P.PAYLOADS_READ,
        P.AUDIT_READ,
    },
    "Admin": set(Permission),
}
# Off unless a role names them.
SENSITIVE = {P.MONEY_READ, P.DOOR_CODES_READ, P.PAYLOADS_READ, P.USERS_EDIT, P.CONNECTIONS_EDIT}

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", EXPECTED)
@pytest.mark.parametrize("permission", Permission)
def test_every_role_and_every_permission(role: str, permission: Permission) -> None:
    user = factories.person(create_organization("Harbour", "harbour"), role)
    assert user.may(permission) == (permission in EXPECTED[role])
    if permission in EXPECTED[role]:
        require(user, permission)
    else:
        with pytest.raises(PermissionDenied):
            require(user, permission)


def test_what_is_sensitive_is_off_for_the_desk() -> None:
    organization = create_organization("Harbour", "harbour")
    for role in ("Agent", "Housekeeper", "Marketer"):
        assert not SENSITIVE & {P(name) for name in organization.roles.get(name=role).permissions}


def test_somebody_who_left_may_nothing() -> None:
    user = factories.person(create_organization("Harbour", "harbour"), "Admin", is_active=False)
    assert not any(user.may(permission) for permission in Permission)


def test_a_custom_role_has_what_it_names() -> None:
    organization = create_organization("Harbour", "harbour")
    Role.objects.create(organization=organization, name="Night porter", permissions=["threads.read"])
    user = factories.person(organization, "Night porter")
    assert [permission for permission in Permission if user.may(permission)] == [P.THREADS_READ]


def test_roles_are_an_organizations_own() -> None:
    """Invariant 10."""
    first, second = create_organization("One", "one"), create_organization("Two", "two")
    Role.objects.filter(organization=first, name="Agent").update(permissions=[])
    assert not factories.person(first).may(P.THREADS_READ)
    assert factories.person(second).may(P.THREADS_READ)


def test_people_are_found_by_folded_address_and_have_initials() -> None:
    organization = create_organization("Harbour", "harbour")
    user = User.objects.create_user(
        "Ana@Harbour.Example", "a long password", organization=organization, role=organization.roles.first(),
        full_name="Ana Maria Ferreira",
    )  # fmt: skip
    assert (user.email, user.username, user.initials) == ("ana@harbour.example", "ana@harbour.example", "AF")
    assert user.check_password("a long password")
    assert User(email="x@y.example").initials == "X"


def test_the_audit_log_keeps_both_values() -> None:
    user = factories.person(create_organization("Harbour", "harbour"))
    audit(
        user.organization_id,
        user,
        "thing.changed",
        "thing:1",
        before={"a": 1},
        after={"a": 2},
        address="127.0.0.1",
    )
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after, entry.user, entry.address) == ({"a": 1}, {"a": 2}, user, "127.0.0.1")
    assert entry.at is not None
    user.delete()
    assert AuditEntry.objects.get().user is None
