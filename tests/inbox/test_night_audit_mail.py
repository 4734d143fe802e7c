"""Night audits by e-mail: once, at the set time, with late facts; guests' words to colleagues only."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from bellhop.core import mail
from bellhop.core.models import Incident, OutgoingMail
from reservations.models import NightAudit, Reservation
from reservations.night_audit import mailing, plans, sweeping
from tests import factories
from tests.audits import at, noon, run, today, wanted
from tests.factories import Desk
from tests.harness.smtp import MailServer, mail_server
from tests.sequences import forward, move_to

__all__ = ["noon"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    return factories.stay(desk, starts_in=-2)


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with mail_server() as running_server:
        settings.BELLHOP_EMAIL_HOST = settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = running_server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield running_server


def mailed_at(desk: Desk, *recipients: str, to: time = time(6, 30)) -> None:
    plans.change(desk.people["Operations manager"], desk.place, wanted(mail_at=to, recipients=recipients))


def text_of(message: Any) -> tuple[str, str]:
    """Body, and the text of its PDF."""
    [attached] = list(message.iter_attachments())
    assert attached.get_content_type() == "application/pdf"
    pages = PdfReader(io.BytesIO(attached.get_content())).pages
    return message.get_body().get_content(), "\n".join(page.extract_text() for page in pages)


def test_it_is_mailed_once_at_its_time_with_late_facts(
    desk: Desk, stay: Reservation, server: MailServer
) -> None:
    mailed_at(desk, desk.agent.email, "owner@house.example")
    thread = factories.thread(desk, stay)
    factories.says(thread, "Is there a number for the night?")
    move_to(at(3, days=1))
    sweeping.sweep()
    assert not OutgoingMail.objects.exists()
    factories.staff_says(thread, "It is on the card")
    move_to(at(6, 30))
    sweeping.sweep()
    sweeping.sweep()
    assert OutgoingMail.objects.count() == 2
    mail.send_due()
    mine, theirs = sorted(server.inbox, key=lambda message: message["To"] != desk.agent.email)
    assert mine["Subject"].startswith("Night audit of Harbour House, ")
    body, paper = text_of(mine)
    assert "1  Unanswered" in body
    assert "Unanswered at close: answered by" in body
    assert "number for the night" not in body
    assert "number for the night" in paper
    _body, outside = text_of(theirs)
    assert "number for the night" not in outside, "guests' words go to colleagues only"
    assert "Maria Lindqvist" in outside


def test_a_colleague_of_another_property_gets_no_words(
    desk: Desk, stay: Reservation, server: MailServer
) -> None:
    """Invariant 10."""
    other = factories.limited(desk.organization, factories.property_of(desk.organization, "Elsewhere"))
    mailed_at(desk, other.email)
    factories.says(factories.thread(desk, stay), "Is there a number for the night?")
    move_to(at(6, 30, days=1))
    sweeping.sweep()
    mail.send_due()
    assert "number for the night" not in text_of(server.inbox[0])[1]


def test_without_a_mail_server_it_waits_and_somebody_is_told(desk: Desk, settings: Any) -> None:
    mailed_at(desk, "owner@house.example")
    move_to(at(6, 30, days=1))
    for _ in range(mailing.ALERT_AFTER):
        sweeping.sweep()
        forward(minutes=11)
    assert Incident.objects.get(code=mailing.FAILED).closed_at is None
    settings.BELLHOP_EMAIL_HOST = "127.0.0.1"
    sweeping.sweep()
    assert OutgoingMail.objects.filter(address="owner@house.example").count() == 1
    assert Incident.objects.get(code=mailing.FAILED).closed_at is not None


def test_it_gives_up_after_three_days(desk: Desk) -> None:
    mailed_at(desk, "owner@house.example")
    move_to(at(6, 30, days=1))
    sweeping.sweep()
    forward(days=4)
    mailing.send_due()
    assert NightAudit.objects.order_by("business_date")[0].mail_at is None


def test_an_old_date_is_nobodys_news(desk: Desk) -> None:
    mailed_at(desk, "owner@house.example")
    assert run(desk, today() - timedelta(days=5)).mail_at is None


# --- the plan changes after the paper was run ---
def test_a_new_time_takes_last_nights_paper_along(desk: Desk, server: MailServer) -> None:
    plans.plan(desk.place)
    move_to(at(3, days=1))
    sweeping.sweep()
    mailed_at(desk, "owner@house.example")
    move_to(at(6, 30))
    sweeping.sweep()
    mail.send_due()
    [message] = server.inbox
    assert message["Subject"].startswith("Night audit of Harbour House, ")


def test_a_later_time_moves_it_and_none_takes_it_back(desk: Desk, server: MailServer) -> None:
    mailed_at(desk, "owner@house.example")
    move_to(at(3, days=1))
    sweeping.sweep()
    mailed_at(desk, "owner@house.example", to=time(8))
    move_to(at(6, 30))
    sweeping.sweep()
    assert not OutgoingMail.objects.exists()
    plans.change(desk.people["Operations manager"], desk.place, wanted())
    move_to(at(8))
    sweeping.sweep()
    assert not OutgoingMail.objects.exists()
    assert not NightAudit.objects.exclude(mail_at=None).exists()


def test_a_time_that_has_passed_sends_nothing_late(desk: Desk, server: MailServer) -> None:
    plans.plan(desk.place)
    move_to(at(3, days=1))
    sweeping.sweep()
    move_to(at(9))
    assert NightAudit.objects.exists()
    mailed_at(desk, "owner@house.example")
    sweeping.sweep()
    assert not OutgoingMail.objects.exists()
