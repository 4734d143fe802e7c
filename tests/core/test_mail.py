"""E-mail as rows, sent to a real server on loopback: once, again after trouble, never lost; incidents tell by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import send_mail
from django.db import connection

from bellhop import env
from bellhop.core import clock, incidents, mail
from bellhop.core.models import Incident, OutgoingMail
from inbox.services import notices
from tests import factories
from tests.harness.smtp import MailServer, mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with mail_server() as running:
        settings.BELLHOP_EMAIL_HOST = settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = running.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_BACKEND = "bellhop.core.mail.QueueBackend"
        yield running
    clock.set_offset(timedelta())


def test_it_leaves_once_and_its_text_is_not_kept(server: MailServer) -> None:
    mail.enqueue("ana@demo.example", "A link\nfor you", "https://bellhop.example/secret")
    row = OutgoingMail.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM core_outgoingmail")
        assert b"secret" not in bytes(cursor.fetchone()[0]), "encrypted at rest"
    assert (mail.send_due(), mail.send_due()) == (1, 0)
    assert [(m["To"], m["Subject"]) for m in server.inbox] == [("ana@demo.example", "A link for you")]
    assert "secret" in server.inbox[0].get_content()
    row.refresh_from_db()
    assert (row.state, row.content) == ("sent", {})


def test_a_server_that_is_away_is_asked_again_later(server: MailServer, settings: Any) -> None:
    mail.enqueue("ana@demo.example", "Hello", "Body")
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    assert (mail.send_due(), mail.send_due()) == (0, 0)
    row = OutgoingMail.objects.get()
    assert (row.state, row.tries) == ("waiting", 1)
    assert "Refused" in row.error
    settings.EMAIL_PORT = there
    clock.set_offset(timedelta(minutes=2))
    assert mail.send_due() == 1
    assert len(server.inbox) == 1


def test_a_worker_that_dies_loses_nothing(server: MailServer) -> None:
    mail.enqueue("ana@demo.example", "Hello", "Body")
    assert mail._claim() is not None
    assert mail.send_due() == 0
    clock.set_offset(timedelta(minutes=6))
    assert mail.send_due() == 1


def test_an_address_that_is_refused_opens_an_incident(server: MailServer) -> None:
    desk = factories.desk()
    server.answer_to_rcpt = "550 no such mailbox"
    mail.enqueue("nobody@demo.example", "Hello", "Body", organization_id=desk.organization.pk)
    mail.send_due()
    assert OutgoingMail.objects.order_by("pk")[0].state == "failed"
    incident = Incident.objects.get(code=mail.INCIDENT)
    assert "nobody@demo.example" in incident.title
    server.answer_to_rcpt = "451 busy"
    mail.enqueue("later@demo.example", "Hello", "Body")
    mail.send_due()
    assert OutgoingMail.objects.get(address="later@demo.example").state == "waiting"


def test_it_gives_up_in_the_end(server: MailServer) -> None:
    server.answer_to_rcpt = "451 busy"
    mail.enqueue("ana@demo.example", "Hello", "Body")
    for hours in range(0, 24 * 12, 17):
        clock.set_offset(timedelta(hours=hours))
        mail.send_due()
    assert OutgoingMail.objects.get().state == "failed"
    assert OutgoingMail.objects.get().tries == len(mail.RETRY_AFTER) + 1


def test_an_incident_tells_once_when_it_opens_and_once_when_it_is_over(server: MailServer) -> None:
    """Invariant 12, ux I7."""
    desk = factories.desk()
    manager = desk.people["Operations manager"]
    for _ in range(3):
        incidents.open_incident(
            desk.organization.pk, "pms.down", "Guesty is down", remedy="Wait, or call Guesty."
        )
    mail.send_due()
    assert [(m["To"], m["Subject"]) for m in server.inbox] == [
        (manager.email, "Bellhop needs you: Guesty is down")
    ]
    assert "/health/" in server.inbox[0].get_content()
    assert notices.unread(manager) == 1
    for _ in range(2):
        incidents.close_incident(desk.organization.pk, "pms.down")
    mail.send_due()
    assert [m["Subject"] for m in server.inbox][1:] == ["Over: Guesty is down"]
    assert notices.unread(manager) == 0


def test_what_packages_send_becomes_rows_too(server: MailServer) -> None:
    assert send_mail("Subject", "Body", None, ["ana@demo.example", "tom@demo.example"]) == 2
    assert OutgoingMail.objects.count() == 2
    assert mail.send_due() == 2


def test_without_a_server_nothing_is_owed(db: None) -> None:
    assert mail.enqueue("ana@demo.example", "Hello", "Body") is None
    assert not OutgoingMail.objects.exists()


def test_ended_ones_are_forgotten(server: MailServer) -> None:
    mail.enqueue("ana@demo.example", "Hello", "Body")
    mail.send_due()
    assert mail.prune() == 0
    clock.set_offset(timedelta(days=31))
    assert mail.prune() == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", env.Smtp()),
        (
            "smtp://me%40x:p%3Aw@mail.example.com",
            env.Smtp("mail.example.com", 587, "me@x", "p:w", starttls=True),
        ),
        ("smtps://mail.example.com:2465", env.Smtp("mail.example.com", 2465, tls=True)),
        ("smtp+plain://relay", env.Smtp("relay", 25)),
    ],
)
def test_the_address_of_a_server(monkeypatch: pytest.MonkeyPatch, value: str, expected: env.Smtp) -> None:
    monkeypatch.setenv("MAIL", value)
    assert env.smtp("MAIL") == expected


@pytest.mark.parametrize("value", ["mail.example.com", "http://mail.example.com", "smtp://"])
def test_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MAIL", value)
    with pytest.raises(env.EnvironmentMistake):
        env.smtp("MAIL")
