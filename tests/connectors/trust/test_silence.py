"""Invariant 12: nothing fails silently. Every failure ends as a retry with a time, or as an incident with a person."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from bellhop.accounts.models import User
from bellhop.core import incidents
from bellhop.core.models import Incident, LiveEvent, OutgoingMail
from bellhop.core.words import say
from connectors.inbound import subscriptions, sync
from connectors.models import ConnectionHealth, SyncRun
from connectors.trust import overview
from inbox.models import Notice
from inbox.services import notices, reply
from tests import factories
from tests.factories import Desk
from tests.pms import Pms


@pytest.fixture
def desk(db: None) -> Desk:
    return factories.desk()


def test_an_incident_opens_once_and_names_a_person(desk: Desk) -> None:
    manager = desk.people["Operations manager"]
    for n in range(3):
        incidents.open_incident(
            desk.organization.pk, "x", "Broken", subject="1", detail=f"try {n}", remedy="Fix it."
        )
    incident = Incident.objects.get()
    assert (incident.times_seen, incident.detail, incident.alerted_user_id) == (3, "try 2", manager.pk)
    assert LiveEvent.objects.filter(topic="incident").count() == 1
    assert [notice.user for notice in Notice.objects.filter(incident_id=incident.pk)] == [manager]
    assert overview.incidents(manager) == [incident]
    assert overview.incidents(factories.desk("other").agent) == []
    overview.acknowledge(manager, incident)
    overview.acknowledge(desk.people["Admin"], incident)
    incident.refresh_from_db()
    assert incident.acknowledged_by_id == manager.pk
    assert incidents.close_incident(desk.organization.pk, "x", subject="1")
    assert not incidents.close_incident(desk.organization.pk, "x", subject="1")
    incidents.open_incident(desk.organization.pk, "x", "Broken again", subject="1")
    assert Incident.objects.count() == 2


def test_without_a_manager_an_admin_is_alerted(desk: Desk) -> None:
    desk.people["Operations manager"].delete()
    incident = incidents.open_incident(desk.organization.pk, "x", "Broken")
    incident.refresh_from_db()
    assert incident.alerted_user_id == desk.people["Admin"].pk


def test_an_import_that_is_refused_is_told(pms: Pms) -> None:
    """Tried again with a time, an incident meanwhile, closed once it is through."""
    sync.start_backfill(pms.connection)
    pms.fault("error_in_200", path="*/listings")
    while sync.run_due():
        if SyncRun.objects.exclude(error="").exists():
            break
    run = SyncRun.objects.exclude(error="").get()
    assert run.next_try_at is not None
    incident = Incident.objects.get(code="reading_stuck", closed_at=None)
    assert incident.alerted_user_id == pms.desk.people["Operations manager"].pk
    assert incident.remedy
    pms.heal()
    while SyncRun.objects.filter(finished_at=None).exists():
        pms.forward(10)
        sync.run_due()
    incident.refresh_from_db()
    assert incident.closed_at is not None


def test_webhooks_that_cannot_be_set_up_are_told(pms: Pms) -> None:
    pms.fault("error_in_200", path="*/webhooks*")
    assert subscriptions.ensure_due() == 1
    incident = Incident.objects.get(code="webhooks_not_subscribed", closed_at=None)
    assert ConnectionHealth.objects.get().subscription_due_at is not None
    pms.heal()
    pms.forward(61)
    subscriptions.ensure_due()
    incident.refresh_from_db()
    assert incident.closed_at is not None


def test_a_message_that_fails_is_told_to_its_author_and_the_assignee(pms: Pms) -> None:
    """ux R3."""
    colleague = factories.person(pms.desk.organization)
    thread = pms.thread()
    pms.reply(thread, "Refused.")
    thread.assignee = colleague
    thread.save()
    pms.fault("error_in_200", path="*/send-message")
    pms.run()
    told = set(LiveEvent.objects.filter(topic="alert").values_list("user_id", flat=True))
    assert told == {pms.desk.agent.pk, colleague.pk}
    with pytest.raises(reply.ReplyRefused):
        pms.reply(thread, "")


def test_what_waits_has_a_time_and_a_reason(pms: Pms) -> None:
    thread = pms.thread()
    pms.fault("too_many", path="*/send-message", retry_after=30)
    message = pms.reply(thread, "Later.")
    pms.run()
    command = pms.command(message)
    assert command.state == "waiting"
    assert command.reason
    assert command.created_at < command.due_at < command.give_up_at
    assert {receipt.reason for receipt in message.receipts.all()} == {command.reason}


def test_past_its_deadline_it_fails_and_says_why(pms: Pms) -> None:
    thread = pms.thread()
    pms.fault("too_many", path="*/send-message", retry_after=30)
    message = pms.reply(thread, "Too late.")
    pms.run()
    pms.forward(72 * 3600 + 60)
    pms.run()
    command = pms.command(message)
    assert command.state == "failed"
    assert command.reason
    assert message.receipts.filter(state="failed").count() == 2


def test_an_incident_is_told_in_each_readers_language(desk: Desk, settings: Any) -> None:
    """On screen, behind the bell and by e-mail; the row keeps English and how it was made."""
    settings.BELLHOP_EMAIL_HOST = "mail.example"
    manager = desk.people["Operations manager"]
    User.objects.filter(pk=manager.pk).update(language="es")
    incident = incidents.open_incident(
        desk.organization.pk,
        "x",
        say("%(name)s: %(what)s is late", name="Guesty", what=["message"]),
        detail="The connected system can't be reached.",
        remedy=say("Open Ownership, mark the rows as reviewed, sign off."),
        connection_id=desk.connection.pk,
        alert_user_id=manager.pk,
    )
    assert str(incident) == "Guesty: message is late"
    with translation.override("es"):
        assert incident.said_title == "Guesty: mensaje llega tarde"
        assert notices.words(Notice.objects.get(user=manager)) == "Guesty: mensaje llega tarde"
    sent = OutgoingMail.objects.get(address=manager.email).content
    assert "mensaje llega tarde" in sent["subject"]
    assert "No se puede contactar" in sent["body"]
    client = Client()
    client.force_login(manager)
    client.cookies["django_language"] = "es"
    assert "mensaje llega tarde" in client.get("/health/").content.decode()
    client.cookies["django_language"] = "en"
    assert "message is late" in client.get("/health/").content.decode()
    incidents.open_incident(desk.organization.pk, "x", "again", detail=say("%(n)d new.", n=4))
    incident.refresh_from_db()
    with translation.override("es"):
        assert (incident.said_detail, incident.said_title[:6]) == ("4 nuevos.", "Guesty")
