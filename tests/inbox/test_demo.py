"""The demo: made once, safe to repeat, and only where it belongs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from bellhop.accounts.models import Organization, Role, Team, User
from connectors.models import Connection, SyncRun
from inbox.models import CannedReply
from inbox.services import demo
from tests.pms import Pms

MODELS = (Organization, User, Role, Team, CannedReply, Connection, SyncRun)


@pytest.mark.django_db
def test_seeding_twice_is_seeding_once() -> None:
    call_command("seed_demo", people_only=True)
    before = [model.objects.count() for model in MODELS]
    User.objects.filter(email="agent@demo.example").update(full_name="Renamed")
    call_command("seed_demo", people_only=True)
    assert [model.objects.count() for model in MODELS] == before
    assert User.objects.get(email="agent@demo.example").full_name == "Renamed"
    for email, _, role in demo.PEOPLE:
        user = User.objects.get(email=email)
        assert user.role.name == role
        assert user.check_password(demo.PASSWORD)
    assert User.objects.get(email="other@demo.example").organization.slug == demo.OTHER_SLUG


@pytest.mark.django_db
def test_no_demo_on_a_real_installation(settings: Any) -> None:
    settings.BELLHOP_DEMO = False
    with pytest.raises(CommandError, match="BELLHOP_DEMO=1"):
        call_command("seed_demo", people_only=True)
    assert not User.objects.exists()


def test_the_connections_follow_the_sandboxs_port(pms: Pms, settings: Any) -> None:
    settings.BELLHOP_SANDBOX_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="could not be connected"):
        call_command("seed_demo", wait=0)
    settings.BELLHOP_SANDBOX_URL = f"http://127.0.0.1:{pms.sandbox.port}"
    call_command("seed_demo", wait=5)
    made = Connection.objects.get(organization__slug=demo.SLUG, slug="guesty")
    assert made.base_url == pms.sandbox.url
    planned = set(SyncRun.objects.filter(connection=made).values_list("entity", flat=True))
    assert {"reservation", "conversation"} < planned
    names = Connection.objects.filter(organization__slug=demo.SLUG).values_list("name", flat=True)
    assert set(names) == {"Guesty", "Hostaway", "Cloudbeds", "SMS", "WhatsApp", "Mailbox", "Website chat"}
    settings.BELLHOP_SANDBOX_URL = "http://127.0.0.1:9"
    call_command("seed_demo")
    made.refresh_from_db()
    assert made.base_url == "http://127.0.0.1:9/guesty"
    assert SyncRun.objects.filter(connection=made).count() == len(planned)
