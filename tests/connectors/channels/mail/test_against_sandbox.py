"""Both ways of e-mail and the sandbox's mail servers and Postmark, written from the same sheet by different hands."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from bellhop.core import clock
from connectors.contract.channel import ChannelConnector
from connectors.contract.direct import AddressState, Delivery, DeliveryReport, DirectMessageRecord
from connectors.contract.errors import NotAuthorized, OutcomeUnknown, Rejected
from connectors.contract.intents import Mail, OutFile, SendDirect, new_message_id
from connectors.contract.records import Direction
from connectors.inbound import channel_sync, sync, watching
from connectors.models import SyncRun
from connectors.outbound import caller, health
from inbox.models import Message
from tests.connectors.channels.line import SandboxLine
from tests.connectors.contract import MemoryFiles
from tests.connectors.inbound.test_watching import alone
from tests.connectors.sandbox_process import SandboxProcess
from tests.harness.waiting import eventually
from tests.pms import IntakeServer

HOTEL, GUEST = "stay@harbour-house.example", "jo.lee@guests.example"
PICTURE = b"\x89PNG\r\n\x1a\n a picture"
TOKENS = {
    "microsoft": {
        "sign_in": "microsoft",
        "tenant": "5a0d0000-5a0d-4b0c-8a0d-5a0db0c5a0d5",
        "client_id": "c11e4700-5a0d-4b0c-8a0d-5a0db0c5a0d5",
        "client_secret": "sandbox~microsoft-client-secret",
    },
    "google": {
        "sign_in": "google",
        "client_id": "515550142000-sandbox.apps.googleusercontent.com",
        "client_secret": "GOCSPX-sandbox-google-secret",
        "refresh_token": "1//05a0dSandboxRefreshToken",
    },
}
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
    credentials = {**_hosts(sandbox), "password": "sandbox-mail"}
    return SandboxLine(sandbox, intake_server, "mailbox", "", credentials)


def _hosts(sandbox: SandboxProcess) -> dict[str, str]:
    told = sandbox.control("mail")
    return {
        "address": HOTEL,
        "imap_host": "127.0.0.1",
        "imap_port": str(told["imap_port"]),
        "imap_security": "none",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(told["smtp_port"]),
        "smtp_security": "none",
    }


def by_token(sandbox: SandboxProcess, intake_server: IntakeServer, way: str) -> SandboxLine:
    """The same mailbox as if it were hosted there."""
    sandbox.control(f"mail/{HOTEL}", "PATCH", host=way)
    credentials = {**_hosts(sandbox), **TOKENS[way]}
    return SandboxLine(sandbox, intake_server, "mailbox", f"/{way}", credentials)


@pytest.fixture(params=["microsoft", "google"])
def hosted(request: Any, sandbox: SandboxProcess, intake_server: IntakeServer) -> SandboxLine:
    return by_token(sandbox, intake_server, request.param)


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


# --- the mailbox, by token ---
def tokens_asked_for(line: SandboxLine) -> int:
    way = line.connection.credentials["sign_in"]
    return len(line.control(f"{way}/requests")["requests"])


def test_a_hosted_mailbox_is_read_and_sent_from(hosted: SandboxLine) -> None:
    assert hosted.connector.ping(hosted.call) == HOTEL
    hosted.control(f"mail/{GUEST}/send", "POST", to=HOTEL, subject="One", text="First")
    records, _ = read(hosted)
    assert [one.body_text for one in records] == ["First"]
    hosted.connector.perform(hosted.call, intent(hosted.connector))
    assert [one["subject"] for one in letters(hosted)] == ["Your stay"]
    assert tokens_asked_for(hosted) == 1, "one token for both servers"


def test_a_token_that_is_no_longer_good_is_replaced(hosted: SandboxLine) -> None:
    way = hosted.connection.credentials["sign_in"]
    hosted.connector.ping(hosted.call)
    assert hosted.control(f"{way}/tokens/revoke", "POST")["revoked"] == 1
    hosted.connector.perform(hosted.call, intent(hosted.connector))
    assert (len(letters(hosted)), tokens_asked_for(hosted)) == (1, 2)
    hosted.control(f"mail/{GUEST}/send", "POST", to=HOTEL, subject="One", text="First")
    hosted.control(f"{way}/clock", "POST", forward=3_600)
    assert "First" in [one.body_text for one in read(hosted)[0]]
    assert tokens_asked_for(hosted) == 3


def test_a_grant_that_has_ended_asks_for_a_person(hosted: SandboxLine) -> None:
    way = hosted.connection.credentials["sign_in"]
    hosted.connector.ping(hosted.call)
    hosted.control(f"{way}/tokens/revoke", "POST", grant=True)
    with pytest.raises(NotAuthorized) as caught:
        hosted.connector.perform(hosted.call, intent(hosted.connector))
    assert caught.value.code == {"microsoft": "invalid_client", "google": "invalid_grant"}[way]
    addresses = [one["id"] for one in hosted.control("mail")["mailboxes"]]
    assert GUEST not in addresses, "nothing has left"


@pytest.mark.parametrize(
    "wrong",
    [{"tenant": "elsewhere.example"}, {"client_id": "another"}, {"client_secret": "wrong"}],
)
def test_what_microsoft_does_not_know_is_told(
    sandbox: SandboxProcess, intake_server: IntakeServer, wrong: dict[str, str]
) -> None:
    line = by_token(sandbox, intake_server, "microsoft")
    line.connector = type(line.connector)(
        replace(line.connector.settings, credentials={**line.connection.credentials, **wrong})
    )
    line.call = caller.Caller(line.connection, line.connector, bulk=False, probe=False, own_setup=True)
    with pytest.raises(NotAuthorized, match="AADSTS"):
        line.connector.ping(line.call)


def test_microsoft_takes_no_password(sandbox: SandboxProcess, mailbox: SandboxLine) -> None:
    sandbox.control(f"mail/{HOTEL}", "PATCH", host="microsoft")
    with pytest.raises(NotAuthorized, match=r"5\.7\.30"):
        mailbox.connector.perform(mailbox.call, intent(mailbox.connector))


def test_a_mail_is_read_as_soon_as_it_comes(hosted: SandboxLine) -> None:
    channel_sync.begin(hosted.connection, clock.now())
    sync.plan_catch_ups()
    sync.run_due()
    run = SyncRun.objects.get(connection=hosted.connection, purpose=SyncRun.Purpose.POLL)
    assert run.next_try_at is not None
    assert run.next_try_at > clock.now(), "not to be read for a while"
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(alone, watching.watch, hosted.connection)
        eventually(
            lambda: "/imap/idle" in [one["path"] for one in hosted.control("mail/requests")["requests"]]
        )
        hosted.control(f"mail/{GUEST}/send", "POST", to=HOTEL, subject="Late", text="We are here.")
        assert waits.result(timeout=20) <= watching.PACE_S
    sync.plan_catch_ups()
    sync.run_due()
    assert Message.objects.get(thread__organization=hosted.connection.organization).body == "We are here."


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
