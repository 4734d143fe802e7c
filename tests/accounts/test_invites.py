"""Invitations: by e-mail, seven days, sent anew, taken back; shown only without a mail server (ux U2)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from bellhop.accounts import invites
from bellhop.accounts.models import AuditEntry, Invite, User
from bellhop.core import clock
from bellhop.core.models import OutgoingMail
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db
NEW = {"full_name": "Lea Brandt", "email": "lea@harbour.example", "sees": "all"}


@pytest.fixture
def desk() -> Desk:
    return factories.desk()


@pytest.fixture
def admin(client: Client, desk: Desk) -> Client:
    client.force_login(desk.people["Admin"])
    return client


@pytest.fixture
def mailed(settings: Any) -> None:
    settings.BELLHOP_EMAIL_HOST = "127.0.0.1"


def add(admin: Client, desk: Desk) -> str:
    """Add Lea; answers the page that follows."""
    role = desk.organization.roles.get(name="Agent").pk
    return admin.post("/people/", {**NEW, "role": role}, follow=True).content.decode()


def link_in(text: str) -> str:
    found = re.search(r"/invite/[\w-]+/", text)
    assert found is not None
    return found[0]


def set_password(visitor: Client, link: str) -> None:
    form = visitor.get(link, follow=True)
    action = form.redirect_chain[-1][0]
    visitor.post(action, {"password1": "a-long-new-word", "password2": "a-long-new-word"})


def test_the_link_goes_by_mail_and_is_not_shown(admin: Client, desk: Desk, mailed: None) -> None:
    page = add(admin, desk)
    assert "on its way to lea@harbour.example" in page
    assert "/invite/" not in page
    mail = OutgoingMail.objects.get()
    assert mail.address == "lea@harbour.example"
    visitor = Client()
    set_password(visitor, link_in(mail.content["body"]))
    assert User.objects.get(email="lea@harbour.example").has_usable_password()
    assert visitor.get(link_in(mail.content["body"])).status_code == 410, "it is used"
    assert "Invited until" not in admin.get("/people/").content.decode()


def test_without_a_mail_server_the_admin_gets_the_link(admin: Client, desk: Desk) -> None:
    page = add(admin, desk)
    assert not OutgoingMail.objects.exists()
    assert Client().get(link_in(page)).status_code == 302
    assert "Invited until" in admin.get("/people/").content.decode()


def test_it_lives_for_seven_days(admin: Client, desk: Desk) -> None:
    link = link_in(add(admin, desk))
    clock.set_offset(timedelta(days=6, hours=23))
    assert Client().get(link).status_code == 302
    clock.set_offset(timedelta(days=7, minutes=1))
    assert Client().get(link).status_code == 410
    assert "Invitation is over" in admin.get("/people/").content.decode()
    clock.set_offset(timedelta())


def test_sent_anew_the_old_one_ends_and_taken_back_both_do(admin: Client, desk: Desk, mailed: None) -> None:
    add(admin, desk)
    person = User.objects.get(email="lea@harbour.example")
    admin.post(f"/people/{person.public_id}/link/")
    first, second = (link_in(mail.content["body"]) for mail in OutgoingMail.objects.order_by("pk"))
    assert Client().get(first).status_code == 410
    assert Client().get(second).status_code == 302
    admin.post(f"/people/{person.public_id}/revoke/")
    assert Client().get(second).status_code == 410
    assert not Invite.objects.exists()
    done = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert [action for action in done if "invite" in action] == [
        "person.invited",
        "person.invited",
        "person.invite_revoked",
    ]


def test_somebody_switched_off_cannot_come_in(admin: Client, desk: Desk) -> None:
    link = link_in(add(admin, desk))
    person = User.objects.get(email="lea@harbour.example")
    admin.post(f"/people/{person.public_id}/off/")
    assert Client().get(link).status_code == 410


def test_who_has_a_password_gets_a_link_for_a_new_one(admin: Client, desk: Desk, mailed: None) -> None:
    desk.agent.set_password("a-long-old-word")
    desk.agent.save()
    admin.post(f"/people/{desk.agent.public_id}/link/")
    assert "/accounts/password/reset/key/" in OutgoingMail.objects.get().content["body"]
    assert not Invite.objects.exists()


def test_a_forgotten_password_is_mailed_too(desk: Desk, mailed: None, settings: Any) -> None:
    settings.EMAIL_BACKEND = "bellhop.core.mail.QueueBackend"
    Client().post("/accounts/password/reset/", {"email": desk.agent.email})
    mail = OutgoingMail.objects.get()
    assert (mail.address, mail.content["subject"]) == (desk.agent.email, "Set your Bellhop password")


def test_without_a_mail_server_the_form_is_not_offered(db: None) -> None:
    page = Client().get("/accounts/password/reset/").content.decode()
    assert "No mail server is set up here" in page
    assert "<form" not in page


def test_an_unknown_link_is_over(db: None) -> None:
    assert Client().get("/invite/nonsense/").status_code == 410
    assert invites.accepted("") is None
