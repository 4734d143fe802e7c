"""The connector and the sandbox's WhatsApp, written from the same sheet by different hands."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from bellhop.core import clock
from connectors.contract.direct import (
    AddressKind,
    ChangeKind,
    ConsentRecord,
    Delivery,
    DeliveryReport,
    DirectMessageRecord,
    MessageChangeRecord,
)
from connectors.contract.errors import OutcomeUnknown
from connectors.contract.intents import OutFile, SendDirect, Template
from connectors.inbound import subscriptions
from connectors.outbound import health
from tests.connectors.channels.line import SandboxLine
from tests.connectors.contract import MemoryFiles
from tests.connectors.sandbox_process import SandboxProcess
from tests.pms import IntakeServer

CREDENTIALS = {
    "phone_number_id": "115550162000001",
    "waba_id": "215550162000002",
    "number": "+14155550162",
    "access_token": "EAAsandboxWhatsAppToken",
    "app_secret": "5a0db0c5a0db0c5a0db0c5a0db0c5a0d",
}
GUEST = "+14155550142"
PICTURE = b"\xff\xd8\xff\xe0 a picture"


@pytest.fixture
def line(
    transactional_db: None, settings: Any, sandbox_process: SandboxProcess, intake_server: IntakeServer
) -> Iterator[SandboxLine]:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{sandbox_process.port}"]
    settings.BELLHOP_PUBLIC_URL = intake_server.url
    clock.forget()
    health._noted.clear()
    intake_server.forget_clock()
    sandbox_process.control("phones/reset", "POST")
    sandbox_process.control("phones", "POST", number=GUEST, name="Guest")
    made = SandboxLine(sandbox_process, intake_server, "whatsapp", "/graph", CREDENTIALS)
    # The address is tried by a real GET while we subscribe.
    assert subscriptions.ensure(made.connection)
    yield made
    clock.forget()


def intent(**changes: Any) -> SendDirect:
    values = {"channel": "whatsapp", "to": GUEST, "to_kind": "phone", "body": "Until eleven, yes."}
    return SendDirect(**{**values, **changes})


def writes(line: SandboxLine, **message: Any) -> None:
    line.control(f"phones/{GUEST}/whatsapp", "POST", **message)


def test_a_guest_writes_with_a_picture_and_gets_one(line: SandboxLine) -> None:
    file = {"mime": "image/jpeg", "filename": "door.jpg", "data": base64.b64encode(PICTURE).decode()}
    writes(line, body="Is this ours?", files=[file])
    message = line.wait_for(DirectMessageRecord)
    assert (message.guest.value, message.body_text) == (GUEST, "Is this ours?")
    assert line.connector.fetch(line.call, message.attachments[0]).content == PICTURE
    line.connector.mark_read(line.call, message.external_id)
    line.connector.files = MemoryFiles({"k": PICTURE})
    sent = intent(files=(OutFile(key="k", name="map.jpg", mime_type="image/jpeg", size=len(PICTURE)),))
    done = line.connector.perform(line.call, sent)
    report = line.wait_for(DeliveryReport, state=Delivery.DELIVERED)
    assert (report.external_id, report.reference) == (done.remote_id, sent.reference)


def test_a_lost_answer_is_told_by_our_token(line: SandboxLine) -> None:
    writes(line, body="Hello")
    line.wait_for(DirectMessageRecord)
    line.control("whatsapp/faults/cut_after_work", "PUT", path="*/messages", method="POST", count=1)
    sent = intent()
    with pytest.raises(OutcomeUnknown):
        line.connector.perform(line.call, sent)
    assert line.wait_for(DeliveryReport, reference=sent.reference).external_id.startswith("wamid.")


def test_templates_outside_the_window(line: SandboxLine) -> None:
    [template] = [one for one in line.connector.list_templates(line.call) if one.external_id == "check_in:en"]
    assert template.category == "utility"
    line.connector.perform(line.call, intent(body="Too late for words"))
    assert line.wait_for(DeliveryReport, state=Delivery.FAILED).code == "131047"
    sent = intent(template=Template(name="check_in", language="en", values=("Ana", "15:00")))
    line.connector.perform(line.call, sent)
    assert line.wait_for(DeliveryReport, reference=sent.reference, state=Delivery.DELIVERED)


def test_reactions_preferences_and_hidden_numbers(line: SandboxLine) -> None:
    writes(line, body="First")
    first = line.wait_for(DirectMessageRecord)
    writes(line, type="reaction", reaction={"message_id": first.external_id, "emoji": "👍"})
    assert line.wait_for(MessageChangeRecord, kind=ChangeKind.REACTED).text == "👍"
    line.control(f"phones/{GUEST}/preference", "POST", value="stop")
    assert line.wait_for(ConsentRecord).granted is False
    line.control(f"phones/{GUEST}", "PATCH", hides_number=True)
    writes(line, body="Who am I?")
    hidden = line.wait_for(DirectMessageRecord, body_text="Who am I?")
    assert hidden.guest.kind == AddressKind.WHATSAPP_USER
    sent = intent(to=hidden.guest.value, to_kind="whatsapp_user")
    line.connector.perform(line.call, sent)
    assert line.wait_for(DeliveryReport, reference=sent.reference, state=Delivery.DELIVERED)
