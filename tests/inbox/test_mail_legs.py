"""E-mail through the hotel's mailbox: lost answers of the host, mails that come back, complaints, robots and loops."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from connectors.models import Attempt, CommandState, Origin
from inbox.models import Author, Destination, Message, Receipt, ReceiptState, Thread, ThreadStatus
from inbox.services import automatic, reply, threads, ways
from reservations.models import ContactKind, ContactPoint, DeadAddress
from reservations.services import consent
from tests.channels import HOTEL, Mail
from tests.pms import Pms

GUEST = "jo.lee@guests.example"
G, P = Destination.GUEST, Destination.PMS


@pytest.fixture
def mail(pms: Pms, settings: Any) -> Mail:
    return Mail(pms, settings)


@pytest.fixture
def thread(pms: Pms, mail: Mail) -> Thread:
    """The thread of a stay whose guest has just written."""
    found = pms.thread()
    pms.read_stay()
    found.refresh_from_db()
    assert found.guest is not None
    ContactPoint.objects.create(
        organization=found.organization, guest=found.guest, kind=ContactKind.EMAIL, value=GUEST
    )
    mail.writes(GUEST, "May we bring the dog?")
    found.refresh_from_db()
    assert Message.objects.get(body="May we bring the dog?").thread_id == found.pk
    return found


def legs(message: Message) -> dict[str, str]:
    return dict(Receipt.objects.filter(message=message).values_list("destination", "state"))


def test_a_host_that_cuts_the_line_leaves_us_in_doubt_and_nothing_goes_twice(
    pms: Pms, mail: Mail, thread: Thread
) -> None:
    """Invariant 3: not in Sent, so a person decides; the copy in the PMS doesn't wait."""
    mail.fault("cut_after_work", path="/smtp/data", count=1)
    message = pms.reply(thread, "The dog is welcome.")
    pms.run()
    assert legs(message)[P] == ReceiptState.SENT
    for _ in range(2):
        pms.forward(62)
        pms.run()
    assert legs(message) == {G: ReceiptState.UNCONFIRMED, P: ReceiptState.SENT}
    assert [letter["subject"] for letter in mail.on(GUEST)] == ["Re: Our stay"]
    reply.mark_arrived(pms.desk.agent, message)
    assert legs(message)[G] == ReceiptState.SENT
    mail.answers(GUEST, mail.on(GUEST)[0]["id"], "Great!")
    answer = Message.objects.get(body="Great!")
    assert (answer.thread_id, "The dog is welcome." in answer.mail.quoted) == (thread.pk, True)


def test_a_mail_that_comes_back_turns_receipt_and_address(pms: Pms, mail: Mail, thread: Thread) -> None:
    mail.control(f"mail/{GUEST}", "PATCH", state="missing")
    message = pms.reply(thread, "The dog is welcome.", then="close")
    pms.run()
    assert legs(message)[G] == ReceiptState.SENT
    mail.look()
    thread.refresh_from_db()
    assert (legs(message)[G], thread.status) == (ReceiptState.FAILED, ThreadStatus.OPEN)
    assert DeadAddress.objects.get().address == GUEST
    assert not Message.objects.filter(body__contains="Undeliver").exists(), "a report is no message"
    [choice] = [one for one in ways.of(thread) if one.value == GUEST]
    assert "does not exist" in choice.refusal
    mail.control(f"mail/{GUEST}", "PATCH", state="ok")
    mail.writes(GUEST, "It works again")
    assert not DeadAddress.objects.exists()


def report_on(sent: bytes, action: str, status: str) -> bytes:
    """What a mail host in between says of a mail (RFC 3464)."""
    part = "\r\n--r\r\nContent-Type: "
    head = (
        f"From: MAILER-DAEMON@relay.example\r\nMessage-ID: <{action}@relay.example>\r\nSubject: Your mail\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n'
    )
    told = f"{part}text/plain\r\n\r\nYour mail: {action}."
    told += f"{part}message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
    told += f"Final-Recipient: rfc822; {GUEST}\r\nAction: {action}\r\nStatus: {status}\r\n"
    told += f"{part}text/rfc822-headers\r\n\r\n"
    headers = sent.replace(b"\r\n", b"\n").partition(b"\n\n")[0].replace(b"\n", b"\r\n")
    return (head + told).encode() + headers + b"\r\n\r\n--r--\r\n"


def test_a_delay_says_why_and_is_no_end(pms: Pms, mail: Mail, thread: Thread) -> None:
    message = pms.reply(thread, "The dog is welcome.", then="close")
    pms.run()
    sent = mail.raw(mail.on(GUEST)[0]["id"])
    mail.comes(report_on(sent, "delayed", "4.4.1"))
    thread.refresh_from_db()
    row = Receipt.objects.get(message=message, destination=G)
    assert (row.state, thread.status) == (ReceiptState.SENT, ThreadStatus.CLOSED)
    assert "It is tried again" in row.reason
    client = Client()
    client.force_login(pms.desk.agent)
    page = client.get(reverse("inbox:thread", args=["all", thread.public_id])).content.decode()
    assert "Sent, delayed" in page
    assert "It is tried again" in page
    mail.comes(report_on(sent, "delivered", "2.0.0"))
    row.refresh_from_db()
    assert (row.state, row.reason) == (ReceiptState.DELIVERED, "")
    mail.comes(report_on(sent, "failed", "4.4.7"))
    row.refresh_from_db()
    assert row.state == ReceiptState.DELIVERED, "failed loses to delivered"


def test_a_complaint_ends_marketing_and_no_more(pms: Pms, mail: Mail, thread: Thread) -> None:
    message = pms.reply(thread, "The dog is welcome.")
    pms.run()
    mail.control("mail/complain", "POST", letter=mail.on(GUEST)[0]["id"])
    mail.look()
    standing = consent.standing(thread.organization_id, "email", GUEST)
    assert standing.marketing is not None
    assert (standing.stopped, standing.marketing.state, standing.marketing.source) == (
        None, "revoked", "complaint",
    )  # fmt: skip
    assert legs(message)[G] == ReceiptState.DELIVERED


def test_robots_are_kept_and_answered_by_nobody(pms: Pms, mail: Mail, thread: Thread) -> None:
    """Out of office asks for nothing, not even with STOP in it, opens no closed thread, starts no tennis."""
    mail.control(f"mail/{GUEST}", "PATCH", away="STOP\nI am away until Monday.")
    pms.reply(thread, "The dog is welcome.", then="close")
    pms.run()
    for _ in range(3):
        mail.look()
    away = Message.objects.get(author=Author.AUTOMATIC)
    thread.refresh_from_db()
    assert (away.thread_id, thread.status, thread.waiting_since) == (thread.pk, ThreadStatus.CLOSED, None)
    assert consent.standing(thread.organization_id, "email", GUEST).stopped is None
    assert len(mail.on(GUEST)) == 1
    assert len(mail.on(HOTEL)) == 2


def test_our_own_mail_that_comes_round_is_no_message(pms: Pms, mail: Mail, thread: Thread) -> None:
    pms.reply(thread, "The dog is welcome.")
    pms.run()
    letter = mail.on(GUEST)[0]["id"]
    before = Message.objects.count()
    mail.bring(letter, HOTEL)
    assert (Message.objects.count(), len(mail.on(HOTEL))) == (before, 2)


def test_one_click_ends_marketing_and_looking_does_not(
    pms: Pms, mail: Mail, thread: Thread, client: Client, live_server: Any, settings: Any
) -> None:
    """RFC 8058: the guest's mail program posts to the address in the mail, without a cookie or a token of ours."""
    settings.BELLHOP_PUBLIC_URL = live_server.url
    address = Message.objects.get(body="May we bring the dog?").address
    assert address is not None
    with transaction.atomic():
        automatic.send(
            threads.lock(thread.pk),
            address,
            "Breakfast is until eleven.",
            origin=Origin.SEQUENCE,
            unsubscribe=True,
        )
    pms.run()
    letter = mail.on(GUEST)[0]
    [url] = [one for one in letter["headers"]["List-Unsubscribe"].strip("<>").split(">, <") if "http" in one]
    assert client.get(url.removeprefix(live_server.url)).status_code == 200
    assert consent.standing(thread.organization_id, "email", GUEST).marketing is None
    told = mail.control("mail/unsubscribe", "POST", letter=letter["id"])
    assert told["status"] == 200
    standing = consent.standing(thread.organization_id, "email", GUEST)
    assert standing.marketing is not None
    assert (standing.marketing.state, standing.marketing.source, standing.stopped) == (
        "revoked",
        "unsubscribe",
        None,
    )
    assert Attempt.objects.filter(command__state=CommandState.CONFIRMED).exists()
