"""The connector and the sandbox's Twilio, written from the same sheet by different hands."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bellhop.core import clock
from connectors.contract.direct import (
    AddressState,
    Delivery,
    DeliveryReport,
    DirectMessageRecord,
    Keyword,
    TemplateStatus,
)
from connectors.contract.errors import NotAuthorized, OutcomeUnknown, Rejected
from connectors.contract.intents import SendDirect, Template
from connectors.outbound import health
from tests.connectors.channels.line import SandboxLine
from tests.connectors.sandbox_process import SandboxProcess
from tests.pms import IntakeServer

SENDER, WHATSAPP = "+14155550160", "+14155550161"
CREDENTIALS = {
    "account_sid": "AC5a0d5a0d5a0d5a0d5a0d5a0d5a0d5a0d",
    "auth_token": "sandbox-twilio-auth-token",
    "messaging_service_sid": "MG5a0d5a0d5a0d5a0d5a0d5a0d5a0d5a0d",
    "whatsapp_sender": WHATSAPP,
}
GUEST = "+14155550142"
PICTURE = base64.b64encode(b"\xff\xd8\xff\xe0 a picture").decode()


@pytest.fixture
def line(
    transactional_db: None, settings: Any, sandbox_process: SandboxProcess, intake_server: IntakeServer
) -> Iterator[SandboxLine]:
    port = sandbox_process.port
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{port}", f"localhost:{port}"]
    settings.BELLHOP_PUBLIC_URL = intake_server.url
    clock.forget()
    health._noted.clear()
    intake_server.forget_clock()
    sandbox_process.control("phones/reset", "POST")
    sandbox_process.control("phones", "POST", number=GUEST, name="Guest")
    made = SandboxLine(sandbox_process, intake_server, "twilio", "/twilio", CREDENTIALS)
    for one in (CREDENTIALS["messaging_service_sid"], SENDER, WHATSAPP):
        made.control(f"phones/lines/{one}", "PATCH", inbound_url=made.hook)
    yield made
    clock.forget()


def intent(**changes: Any) -> SendDirect:
    return SendDirect(
        **{"channel": "sms", "to": GUEST, "to_kind": "phone", "body": "Until eleven, yes.", **changes}
    )


def on_the_phone(line: SandboxLine) -> list[str]:
    return [one["body"] for one in line.control(f"phones/{GUEST}/messages")["messages"]]


def test_a_guest_texts_a_picture_and_gets_an_answer(line: SandboxLine) -> None:
    assert line.connector.ping(line.call) == CREDENTIALS["account_sid"]
    file = {"mime": "image/jpeg", "filename": "door.jpg", "data": PICTURE}
    line.control(f"phones/{GUEST}/text", "POST", body="Can we stay until one?", files=[file], to=SENDER)
    message = line.wait_for(DirectMessageRecord)
    assert (message.guest.value, message.body_text) == (GUEST, "Can we stay until one?")
    found = line.connector.fetch(line.call, message.attachments[0])
    assert (found.content, found.mime_type) == (base64.b64decode(PICTURE), "image/jpeg")
    sent = intent()
    done = line.connector.perform(line.call, sent)
    report = line.wait_for(DeliveryReport, state=Delivery.DELIVERED)
    assert (report.external_id, report.reference) == (done.remote_id, sent.reference)
    assert "Until eleven, yes." in on_the_phone(line)


def test_a_lost_answer_is_found_and_what_was_missed_is_listed(line: SandboxLine) -> None:
    since = clock.now()
    line.control("twilio/faults/cut_after_work", "PUT", path="*/Messages.json", method="POST", count=1)
    sent = intent(body="Only once, please.")
    with pytest.raises(OutcomeUnknown):
        line.connector.perform(line.call, sent)
    report = line.wait_for(DeliveryReport, reference=sent.reference, state=Delivery.SENT)
    found = line.connector.find(line.call, sent, since)
    assert found is not None
    assert found.remote_id == report.external_id
    assert line.connector.find(line.call, sent, since, known=[found.remote_id]) is None
    line.control("twilio/faults/webhook_lost", "PUT")
    line.control(f"phones/{GUEST}/text", "POST", body="Did you see this?", to=SENDER)
    listed = line.connector.list_messages(line.call, None, since - timedelta(minutes=1)).items
    told = [one.body_text for one in listed if isinstance(one, DirectMessageRecord)]
    assert told == ["Did you see this?"]
    assert found.remote_id in [one.external_id for one in listed if isinstance(one, DeliveryReport)]


def test_stop_is_twilios_to_answer_and_blocks(line: SandboxLine) -> None:
    line.control(f"phones/{GUEST}/text", "POST", body="Stop", to=SENDER)
    message = line.wait_for(DirectMessageRecord)
    assert (message.keyword, message.handled) == (Keyword.STOP, True)
    with pytest.raises(Rejected) as caught:
        line.connector.perform(line.call, intent())
    assert caught.value.address_state == AddressState.OPTED_OUT


def test_whatsapp_by_template(line: SandboxLine) -> None:
    template = Template(
        name="check_in",
        language="en",
        remote_id="HXc1e0c1e0c1e0c1e0c1e0c1e0c1e0c1e0",
        values=("Ana", "15:00"),
    )
    sent = intent(channel="whatsapp", template=template)
    done = line.connector.perform(line.call, sent)
    report = line.wait_for(DeliveryReport, state=Delivery.DELIVERED)
    assert (report.external_id, report.channel) == (done.remote_id, "whatsapp")


def test_templates_are_listed_and_one_opens_a_conversation(line: SandboxLine) -> None:
    found = {one.external_id: one for one in line.connector.list_templates(line.call)}
    assert {key: one.status for key, one in found.items()} == {
        "check_in:en": TemplateStatus.APPROVED,
        "check_in:es": TemplateStatus.APPROVED,
        "weekend_offer:en": TemplateStatus.APPROVED,
        "welcome_card:en": TemplateStatus.APPROVED,
        "parking:en": TemplateStatus.PENDING,
        "anything:en": TemplateStatus.REJECTED,
    }, "one that was never submitted is none"
    assert found["anything:en"].reason == "INVALID_FORMAT"
    for key, values in {"check_in:es": ("Ana", "16:00"), "welcome_card:en": ("Ana",)}.items():
        record = found[key]
        template = Template(
            name=record.name, language=record.language, remote_id=record.remote_id, values=values
        )
        done = line.connector.perform(line.call, intent(channel="whatsapp", template=template))
        line.wait_for(DeliveryReport, external_id=done.remote_id, state=Delivery.DELIVERED)
        read = record.body
        for number, value in enumerate(values, start=1):
            read = read.replace(f"{{{{{number}}}}}", value)
        assert on_the_phone(line)[-1] == read, "what an agent saw before is what the guest reads"


def test_more_templates_than_one_page_holds(line: SandboxLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.channels.twilio.templates._PAGE", 2)
    assert len(line.connector.list_templates(line.call)) == 6


def test_a_paused_template_is_refused(line: SandboxLine) -> None:
    sid = "HXc1e0c1e0c1e0c1e0c1e0c1e0c1e0c1e0"
    line.control(f"twilio/templates/{sid}", "POST", status="paused")
    found = {one.remote_id: one for one in line.connector.list_templates(line.call)}
    assert found[sid].status == TemplateStatus.PAUSED
    template = Template(name="check_in", language="en", remote_id=sid, values=("Ana", "15:00"))
    done = line.connector.perform(line.call, intent(channel="whatsapp", template=template))
    report = line.wait_for(DeliveryReport, state=Delivery.FAILED)
    assert (report.external_id, report.code) == (done.remote_id, "63041")
    assert "template" in report.reason
    assert on_the_phone(line) == []


def test_a_template_that_is_gone_is_told(line: SandboxLine) -> None:
    template = Template(name="old", language="en", remote_id="HX" + "0" * 32, values=("Ana",))
    with pytest.raises(Rejected) as caught:
        line.connector.perform(line.call, intent(channel="whatsapp", template=template))
    assert (caught.value.code, "template" in caught.value.user_message) == ("21655", True)


def test_a_key_without_content_may_still_send(line: SandboxLine) -> None:
    key = {"api_key_sid": "SK" + "4e57" * 8, "api_key_secret": "sandbox-twilio-restricted-secret"}
    line.connector.settings = type(line.connector.settings)(
        base_url=line.connection.base_url, credentials={**CREDENTIALS, **key}, hook_url=line.hook
    )
    with pytest.raises(Rejected):
        line.connector.list_templates(line.call)
    line.connector.perform(line.call, intent())
    line.wait_for(DeliveryReport, state=Delivery.DELIVERED)


def test_wrong_credentials_are_told(line: SandboxLine) -> None:
    line.connector.settings = type(line.connector.settings)(
        base_url=line.connection.base_url, credentials={**CREDENTIALS, "auth_token": "wrong"}
    )
    with pytest.raises(NotAuthorized):
        line.connector.ping(line.call)
