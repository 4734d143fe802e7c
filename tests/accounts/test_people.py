"""Managing people: who may, how far, and what stays true (ux U1)."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from bellhop.accounts import services
from bellhop.accounts.models import AuditEntry, Organization, Role, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import EmailTaken, NobodyLeft
from reservations.models import Property
from reservations.services import scope

pytestmark = pytest.mark.django_db


def _organization(slug: str = "here") -> Organization:
    return services.create_organization(slug.title(), slug)


def _role(organization: Organization, name: str) -> Role:
    return organization.roles.get(name=name)


def _person(organization: Organization, role: str, email: str) -> User:
    return User.objects.create_user(
        email,
        "a long password",
        organization=organization,
        role=_role(organization, role),
        full_name=email.partition("@")[0],
    )


@pytest.fixture
def admin() -> User:
    return _person(_organization(), "Admin", "sam@here.example")


@pytest.fixture
def agent(admin: User) -> User:
    return _person(admin.organization, "Agent", "ana@here.example")


def _client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_role_is_changed_and_written_down(admin: User, agent: User) -> None:
    services.change_role(admin, agent, _role(admin.organization, "Marketer"), address="192.0.2.1")
    entry = AuditEntry.objects.get(action="person.role")
    assert (entry.before, entry.after, entry.user, entry.address) == ("Agent", "Marketer", admin, "192.0.2.1")


def test_somebody_is_always_left_who_manages_people(admin: User) -> None:
    with pytest.raises(NobodyLeft):
        services.change_role(admin, admin, _role(admin.organization, "Agent"))
    admin.refresh_from_db()
    with pytest.raises(NobodyLeft):
        services.set_active(admin, admin, False)
    assert User.objects.get(pk=admin.pk).is_active


def test_nobody_gives_more_than_they_have(admin: User, agent: User) -> None:
    few = Role.objects.create(
        organization=admin.organization, name="Team lead", permissions=[Permission.USERS_EDIT.value]
    )
    lead = _person(admin.organization, "Agent", "lea@here.example")
    lead.role = few
    lead.save()
    assert services.roles_for(lead) == [few]
    for change in (
        lambda: services.change_role(lead, agent, few),
        lambda: services.set_active(lead, admin, False),
        lambda: services.add_person(lead, "new@here.example", "New", _role(admin.organization, "Admin")),
    ):
        with pytest.raises(PermissionDenied):
            change()


def test_an_address_belongs_to_one_person(admin: User, agent: User) -> None:
    with pytest.raises(EmailTaken):
        services.add_person(admin, "ANA@here.example", "Another Ana", _role(admin.organization, "Agent"))


def test_a_scope_limits_what_is_seen_and_may_not_exceed_the_admins_own(admin: User, agent: User) -> None:
    mine, other = (Property.objects.create(organization=admin.organization, name=name) for name in ("A", "B"))
    scope.limit(admin, agent, [mine])
    assert scope.properties(User.objects.get(pk=agent.pk)) == [mine]
    second = _person(admin.organization, "Admin", "sue@here.example")
    scope.limit(admin, second, [mine])
    for chosen in (None, [other]):
        with pytest.raises(PermissionDenied):
            scope.limit(second, agent, chosen)
    assert AuditEntry.objects.filter(action="person.scope").count() == 2


def test_whoever_is_switched_off_is_out_at_once(admin: User, agent: User) -> None:
    client = _client(agent)
    assert client.get("/settings/").status_code == 200
    services.set_active(admin, agent, False)
    assert client.get("/settings/").status_code == 302


def test_an_added_person_sets_a_password_with_the_link_that_is_shown_once(admin: User) -> None:
    place = Property.objects.create(organization=admin.organization, name="Harbour House")
    form = {
        "full_name": "Nina Novak", "email": "nina@here.example", "sees": "chosen", "properties": [place.pk],
        "role": _role(admin.organization, "Agent").pk,
    }  # fmt: skip
    shown = _client(admin).post("/people/", form)
    link = re.search(r'value="http://[^/]+(/invite/[^"]+)"', shown.content.decode())
    assert link is not None
    assert shown["Cache-Control"] == "no-store"
    client = Client()
    page = client.get(link[1], follow=True)
    assert page.status_code == 200
    words = {"password1": "a quiet harbour 7", "password2": "a quiet harbour 7"}
    client.post(page.request["PATH_INFO"], words)
    assert client.login(email="nina@here.example", password="a quiet harbour 7")
    assert b"This invitation is over" in Client().get(link[1]).content
    nina = User.objects.get(email="nina@here.example")
    assert scope.properties(nina) == [place]


def test_what_one_may_not_do_is_not_shown_and_answers_403(admin: User, agent: User) -> None:
    client = _client(agent)
    assert b'href="/people/"' not in client.get("/settings/").content
    for address in ("/people/", f"/people/{admin.public_id}/", "/audit/"):
        assert client.get(address).status_code == 403
    elsewhere = _person(_organization("elsewhere"), "Admin", "eve@elsewhere.example")
    assert _client(elsewhere).get(f"/people/{admin.public_id}/").status_code == 404
    assert _client(admin).get("/audit/").status_code == 200


def test_the_audit_log_goes_back_page_by_page(admin: User) -> None:
    for number in range(60):
        services.audit(admin.organization_id, admin, "thing.done", f"thing:{number}")
    client = _client(admin)
    first = client.get("/audit/").content.decode()
    assert "thing:59" in first
    assert "thing:9<" not in first
    before = re.search(r"\?before=(\d+)", first)
    assert before is not None
    assert "thing:9<" in client.get(f"/audit/?before={before[1]}").content.decode()
