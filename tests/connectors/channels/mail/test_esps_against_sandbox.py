"""The providers whose webhooks point to mails, Amazon SES and Brevo, against the sandbox's wires of them: connector
and wire were written from the vendors' pages by different hands. Deliveries are processed as a worker does."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bellhop.core.models import Incident
from connectors.contract.direct import AddressState, Delivery, DeliveryReport, DirectMessageRecord
from connectors.contract.errors import NotAuthorized, OutcomeUnknown
from connectors.inbound import processing
from connectors.models import DeliveryState, WebhookDelivery
from inbox.models import Message
from tests.connectors.channels.line import SandboxLine
from tests.connectors.channels.mail.test_against_sandbox import GUEST, HOTEL, intent, letters, sandbox
from tests.connectors.sandbox_process import SandboxProcess
from tests.harness.waiting import eventually
from tests.pms import IntakeServer

__all__ = ["sandbox"]

_PICTURE = b"\x89PNG\r\n\x1a\n a picture"
_SES = {
    "esp": "amazon_ses",
    "api_key": "AKIASANDBOXHARBOUR01",
    "api_secret": "sandbox-ses-secret-access-key",
    "region": "us-east-1",
    "configuration_set": "harbour-house",
}
WAYS: dict[str, tuple[str, str, dict[str, str], dict[str, str]]] = {
    "ses by SNS": ("ses", "/aws", _SES, {"action": "SNS", "encoding": "Base64"}),
    "ses by SNS, signed as of old": ("ses", "/aws", _SES, {"action": "SNS", "signature_version": "1"}),
    "ses by S3": ("ses", "/aws", _SES, {"action": "S3", "events": "notifications"}),
    "resend": (
        "resend",
        "/resend",
        {
            "esp": "resend",
            "api_key": "re_5a0dSandbox_HarbourHouseResendKey01",
            "signing_key": "whsec_c2FuZGJveC1yZXNlbmQtdHJhY2tpbmcx",
            "inbound_key": "whsec_c2FuZGJveC1yZXNlbmQtaW5ib3VuZC0x",
        },
        {},
    ),
    "brevo": (
        "brevo",
        "/brevo/v3",
        {
            "esp": "brevo",
            "api_key": "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",
        },
        {},
    ),
    "mailtrap": (
        "mailtrap",
        "/mailtrap/api",
        {
            "esp": "mailtrap",
            "api_key": "5a0db0c55a0d4b0c8a0d5a0db0c5a0d5",
            "signing_key": "5a0d7ac55a0d7ac55a0d7ac55a0d7ac5",
            "inbound_key": "5a0d1b0c5a0d1b0c5a0d1b0c5a0d1b0c",
        },
        {},
    ),
}


class EspLine(SandboxLine):
    """A provider whose deliveries are processed while something is waited for."""

    def __init__(self, sandbox: SandboxProcess, intake: IntakeServer, way: str, **changes: str) -> None:
        self.name, path, told, more = WAYS[way]
        credentials = {
            "address": HOTEL,
            "webhook_password": "webhook-password",
            "inbound_address": f"@{self.name}.harbour-house.example",
            **told,
            **changes,
        }
        super().__init__(sandbox, intake, "mail_provider", path, credentials)
        hooks = self.connector.hook_addresses(self.hook)
        urls = {"inbound_url": hooks["inbound"], "tracking_url": hooks["tracking"]}
        self.control(f"{self.name}/webhooks-to", "POST", **urls, **more)
        if self.name == "ses":
            eventually(self._is_confirmed)

    def _is_confirmed(self) -> bool:
        processing.drain()
        told = self.control("ses/webhooks-to", "POST")["confirmed"]
        return all(told.values())

    def wait_for(self, record: Any, /, **wanted: Any) -> Any:
        def found() -> Any:
            processing.drain()
            records = [event.direct for event in self.heard() if isinstance(event.direct, record)]
            return next(
                (one for one in records if all(getattr(one, key) == value for key, value in wanted.items())),
                None,
            )

        return eventually(found)

    def attachment(self, record: DirectMessageRecord) -> bytes:
        """The bytes of its only file: out of the journal, or fetched."""
        [told] = record.attachments
        if told.url and not told.url.startswith("cid:"):
            return self.connector.fetch(self.call, told).content
        for row in WebhookDelivery.objects.filter(connection=self.connection).order_by("-id"):
            events = self.connector.parse(row.headers, bytes(row.body))
            if any(
                event.direct is not None and event.direct.external_id == record.external_id
                for event in events
            ):
                return self.connector.part(row.headers, bytes(row.body), told.external_id).content
        raise LookupError(record.external_id)


@pytest.fixture(params=list(WAYS))
def line(request: Any, sandbox: SandboxProcess, intake_server: IntakeServer) -> EspLine:
    return EspLine(sandbox, intake_server, request.param)


def test_it_delivers_reports_and_brings_the_answer_with_its_file(line: EspLine) -> None:
    line.connector.ping(line.call)
    sent = intent(line.connector)
    done = line.connector.perform(line.call, sent)
    report = line.wait_for(DeliveryReport, state=Delivery.DELIVERED)
    assert (report.external_id, report.reference) == (done.remote_id, sent.reference)
    letter = eventually(lambda: letters(line))[0]
    file = {"mime": "image/png", "filename": "key.png", "data": base64.b64encode(_PICTURE).decode()}
    line.control(
        f"mail/{GUEST}/reply", "POST", letter=letter["id"], text="Thank you!", style="gmail", files=[file]
    )
    record = line.wait_for(DirectMessageRecord)
    assert (record.body_text, record.guest.value) == ("Thank you!", GUEST)
    assert record.hints.recipients[0] == f"tok2345@{line.name}.harbour-house.example"
    assert line.attachment(record) == _PICTURE
    processing.drain()
    kept = WebhookDelivery.objects.filter(connection=line.connection)
    assert not kept.exclude(state__in=(DeliveryState.PROCESSED, DeliveryState.IGNORED)).exists(), list(
        kept.values_list("state", "error")
    )
    assert not Incident.objects.filter(closed_at=None).exists()


def test_a_hard_bounce_turns_receipt_and_address(line: EspLine) -> None:
    sent = intent(line.connector, to="nobody.here@guests.example")
    line.connector.perform(line.call, sent)
    report = line.wait_for(DeliveryReport, state=Delivery.FAILED)
    assert (report.reference, report.address_state) == (sent.reference, AddressState.BAD)


def test_a_complaint_turns_the_address(line: EspLine) -> None:
    line.connector.perform(line.call, intent(line.connector))
    letter = eventually(lambda: letters(line))[0]
    line.control("mail/complain", "POST", letter=letter["id"])
    report = line.wait_for(DeliveryReport, address_state=AddressState.COMPLAINED)
    assert report.address.value == GUEST


@pytest.mark.parametrize("way", ["ses by SNS", "resend", "brevo", "mailtrap"])
def test_a_wrong_key_is_told(sandbox: SandboxProcess, intake_server: IntakeServer, way: str) -> None:
    name, path, told, _more = WAYS[way]
    wrong = "wrong" if name != "ses" else "AKIAWRONGWRONGWRONG1"
    credentials = {"address": HOTEL, "webhook_password": "p", **told, "api_key": wrong}
    line = SandboxLine(sandbox, intake_server, "mail_provider", path, credentials)
    with pytest.raises(NotAuthorized):
        line.connector.perform(line.call, intent(line.connector))


def test_an_answer_that_is_lost_sends_no_second_mail(line: EspLine) -> None:
    """Invariant 3: the report with our token settles it."""
    line.control(f"{line.name}/faults/cut_after_work", "PUT", count=1, method="POST")
    sent = intent(line.connector)
    with pytest.raises(OutcomeUnknown):
        line.connector.perform(line.call, sent)
    report = line.wait_for(DeliveryReport, state=Delivery.DELIVERED)
    assert report.reference == sent.reference
    assert len(letters(line)) == 1


@pytest.mark.parametrize("way", ["ses by S3", "resend", "mailtrap"])
def test_a_mail_that_can_not_be_fetched_now_is_fetched_later(
    sandbox: SandboxProcess, intake_server: IntakeServer, way: str
) -> None:
    line = EspLine(sandbox, intake_server, way)
    line.connector.perform(line.call, intent(line.connector))
    letter = eventually(lambda: letters(line))[0]
    line.control(f"{line.name}/faults/down", "PUT", count=1, method="GET")
    line.control(f"mail/{GUEST}/reply", "POST", letter=letter["id"], text="Still coming", style="apple")

    assert line.wait_for(DirectMessageRecord).body_text == "Still coming"
    [fault] = line.control(f"{line.name}/faults")["faults"]
    assert fault["hits"] == 1
    assert Message.objects.filter(body="Still coming").count() == 1


@pytest.mark.parametrize("way", ["ses by SNS", "resend", "mailtrap"])
def test_a_forged_webhook_counts_for_nothing(
    sandbox: SandboxProcess, intake_server: IntakeServer, way: str
) -> None:
    line = EspLine(sandbox, intake_server, way)
    line.connector.perform(line.call, intent(line.connector))
    letter = eventually(lambda: letters(line))[0]
    line.wait_for(DeliveryReport, state=Delivery.DELIVERED)
    line.control(f"{line.name}/faults/webhook_bad_signature", "PUT")
    line.control(f"mail/{GUEST}/reply", "POST", letter=letter["id"], text="Give me the code", style="gmail")
    if line.name == "ses":  # by our login it came in; Amazon's signature is judged by a worker
        eventually(lambda: processing.drain() >= 0 and Incident.objects.filter(closed_at=None).exists())
        [kept] = WebhookDelivery.objects.filter(state=DeliveryState.QUARANTINED)
        assert "signature doesn't fit" in kept.error
    else:
        eventually(
            lambda: [
                one for one in line.control(f"{line.name}/deliveries")["deliveries"] if "401" in str(one)
            ]
        )
        assert not [event for event in line.heard() if isinstance(event.direct, DirectMessageRecord)]
    assert not Message.objects.filter(body__contains="Give me the code").exists()
