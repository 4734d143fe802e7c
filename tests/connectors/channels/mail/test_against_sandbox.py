"""Both ways of e-mail and the sandbox's mail servers and Postmark, written from the same sheet by different hands."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from bellhop.core import clock
from connectors.contract.channel import ChannelConnector
from connectors.contract.direct import AddressState, Delivery, DeliveryReport, DirectMessageRecord
from connectors.contract.errors import NotAuthorized, OutcomeUnknown, Rejected
from connectors.contract.intents import Mail, OutFile, SendDirect, new_message_id
from connectors.contract.records import Direction
from connectors.outbound import health
from tests.connectors.channels.line import SandboxLine
from tests.connectors.contract import MemoryFiles
from tests.connectors.sandbox_process import SandboxProcess
from tests.harness.waiting import eventually
from tests.pms import IntakeServer

HOTEL, GUEST = "stay@harbour-house.example", "jo.lee@guests.example"
PICTURE = b"\x89PNG\r\n\x1a\n a picture"
POSTMARK = {
    "esp": "postmark",
    "address": HOTEL,
    "api_key": "5a0db0c5-5a0d-4b0c-8a0d-5a0db0c5a0d5",
    "webhook_password": "webhook-password",
    "inbound_address": "@inbound.harbour-house.example",
}


@pytest.fixture
def sandbox(
    transactional_db: None, settings: Any, sandbox_process: SandboxProcess, intake_server: IntakeServer
) -> Iterator[SandboxProcess]:
    sandbox_process.control("phones/reset", "POST")
    told = sandbox_process.control("mail")
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [
        f"127.0.0.1:{port}" for port in (sandbox_process.port, told["smtp_port"], told["imap_port"])
    ]
    settings.BELLHOP_PUBLIC_URL = intake_server.url
    clock.forget()
    health._noted.clear()
    intake_server.forget_clock()
    yield sandbox_process
    clock.forget()


@pytest.fixture
def mailbox(sandbox: SandboxProcess, intake_server: IntakeServer) -> SandboxLine:
    told = sandbox.control("mail")
    credentials = {
        "address": HOTEL,
        "imap_host": "127.0.0.1",
        "imap_port": str(told["imap_port"]),
        "imap_security": "none",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(told["smtp_port"]),
        "smtp_security": "none",
        "password": "sandbox-mail",
    }
    return SandboxLine(sandbox, intake_server, "mailbox", "", credentials)


@pytest.fixture
def postmark(sandbox: SandboxProcess, intake_server: IntakeServer) -> SandboxLine:
    line = SandboxLine(sandbox, intake_server, "mail_provider", "/postmark", POSTMARK)
    told = line.connector.hook_addresses(line.hook)
    sandbox.control(
        "postmark/webhooks-to", "POST", inbound_url=told["inbound"], tracking_url=told["tracking"], raw=True
    )
    return line


def intent(connector: ChannelConnector, **changes: Any) -> SendDirect:
    mail = Mail(
        subject="Your stay",
        message_id=new_message_id("harbour-house.example"),
        from_name="Ana at Harbour House",
        html="<p>Until eleven, yes.</p>",
        reply_to=connector.reply_address("tok2345"),
    )
    values = {"channel": "email", "to": GUEST, "to_kind": "email", "body": "Until eleven, yes.", "mail": mail}
    return SendDirect(**{**values, **changes})


def letters(line: SandboxLine, address: str = GUEST) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line.control(f"mail/{address}/letters")["letters"]
    return found


def read(line: SandboxLine, cursor: str | None = None) -> tuple[list[Any], str]:
    records: list[Any] = []
    while True:
        page = line.connector.list_messages(line.call, cursor, clock.now())
        records += page.items
        cursor = page.next_cursor
        if cursor is None:
            return records, page.resume


# --- the mailbox ---
def test_a_mail_goes_out_and_its_answer_comes_in(mailbox: SandboxLine) -> None:
    assert mailbox.connector.ping(mailbox.call) == HOTEL
    _, resume = read(mailbox)
    mailbox.connector.files = MemoryFiles({"k": PICTURE})
    file = OutFile(key="k", name="map.png", mime_type="image/png", size=len(PICTURE))
    sent = intent(mailbox.connector, files=(file,))
    done = mailbox.connector.perform(mailbox.call, sent)
    letter = eventually(lambda: letters(mailbox))[0]
    assert letter["subject"] == "Your stay"
    files = [{"filename": "door.png", "mime": "image/png", "data": base64.b64encode(PICTURE).decode()}]
    mailbox.control(
        f"mail/{GUEST}/reply", "POST", letter=letter["id"], text="Thank you!", style="gmail", files=files
    )

    def answer() -> Any:
        records, _ = read(mailbox, resume)
        return next((one for one in records if isinstance(one, DirectMessageRecord)), None)

    record = eventually(answer)
    assert (record.guest.value, record.body_text) == (GUEST, "Thank you!")
    assert record.hints.answers[0] == done.remote_id
    assert "stay+tok2345@harbour-house.example" in record.hints.recipients
    assert mailbox.connector.fetch(mailbox.call, record.attachments[0]).content == PICTURE
    assert mailbox.connector.find(mailbox.call, sent, clock.now()) is not None


def test_what_comes_back_names_our_mail(mailbox: SandboxLine) -> None:
    _, resume = read(mailbox)
    sent = intent(mailbox.connector, to="nobody.here@guests.example")
    done = mailbox.connector.perform(mailbox.call, sent)

    def report() -> Any:
        return next((one for one in read(mailbox, resume)[0] if isinstance(one, DeliveryReport)), None)

    bounce = eventually(report)
    assert (bounce.external_id, bounce.reference) == (done.remote_id, sent.reference)
    assert (bounce.state, bounce.address_state) == (Delivery.FAILED, AddressState.BAD)


def test_a_lost_answer_of_the_host_leaves_us_in_doubt(mailbox: SandboxLine) -> None:
    mailbox.control("mail/faults/cut_after_work", "PUT", path="/smtp/data", count=1)
    with pytest.raises(OutcomeUnknown):
        mailbox.connector.perform(mailbox.call, intent(mailbox.connector))
    eventually(lambda: letters(mailbox))


def test_other_numbers_bring_nothing_twice_and_lose_nothing(mailbox: SandboxLine) -> None:
    mailbox.control(f"mail/{GUEST}/send", "POST", to=HOTEL, subject="One", text="First")
    eventually(lambda: letters(mailbox, HOTEL))
    records, resume = read(mailbox)
    assert "First" in [one.body_text for one in records if isinstance(one, DirectMessageRecord)]
    assert [one for one in read(mailbox, resume)[0] if one.direction == Direction.INBOUND] == []
    mailbox.control(f"mail/{HOTEL}/renumber", "POST")
    again = [one.external_id for one in read(mailbox, resume)[0]]
    assert {one.external_id for one in records} <= set(again)


# --- postmark ---
def test_postmark_delivers_reports_and_brings_the_answer(postmark: SandboxLine) -> None:
    sent = intent(postmark.connector)
    done = postmark.connector.perform(postmark.call, sent)
    report = postmark.wait_for(DeliveryReport, state=Delivery.DELIVERED)
    assert (report.external_id, report.reference) == (done.remote_id, sent.reference)
    letter = eventually(lambda: letters(postmark))[0]
    postmark.control(f"mail/{GUEST}/reply", "POST", letter=letter["id"], text="Thank you!", style="outlook")
    record = postmark.wait_for(DirectMessageRecord)
    assert sent.mail is not None
    assert (record.body_text, record.guest.value) == ("Thank you!", GUEST)
    assert record.hints.answers[0] == sent.mail.message_id
    assert record.hints.recipients[0] == "tok2345@inbound.harbour-house.example"


def test_postmark_tells_of_bounces_and_then_refuses(postmark: SandboxLine) -> None:
    sent = intent(postmark.connector, to="nobody.here@guests.example")
    postmark.connector.perform(postmark.call, sent)
    report = postmark.wait_for(DeliveryReport, state=Delivery.FAILED)
    assert (report.reference, report.address_state) == (sent.reference, AddressState.BAD)
    with pytest.raises(Rejected) as caught:
        postmark.connector.perform(postmark.call, intent(postmark.connector, to="nobody.here@guests.example"))
    assert caught.value.address_state == AddressState.BAD


def test_postmark_tells_of_complaints(postmark: SandboxLine) -> None:
    postmark.connector.perform(postmark.call, intent(postmark.connector))
    letter = eventually(lambda: letters(postmark))[0]
    postmark.control("mail/complain", "POST", letter=letter["id"])
    report = postmark.wait_for(DeliveryReport, address_state=AddressState.COMPLAINED)
    assert report.address.value == GUEST


def test_a_wrong_token_is_told(sandbox: SandboxProcess, intake_server: IntakeServer) -> None:
    line = SandboxLine(sandbox, intake_server, "mail_provider", "/postmark", {**POSTMARK, "api_key": "wrong"})
    with pytest.raises(NotAuthorized):
        line.connector.perform(line.call, intent(line.connector))
