"""What Amazon SES tells by SNS: signed messages, the handshake, mails within them and in S3, reports. Payloads as in
docs.aws.amazon.com/ses/latest/dg (event-publishing-retrieving-sns-examples, receiving-email-notifications-examples)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bellhop.core.models import Incident
from connectors.channels.mail import fetching, sns
from connectors.contract.deliveries import as_basic
from connectors.contract.direct import AddressState, Delivery, DeliveryReport, DirectMessageRecord
from connectors.contract.events import CanonicalEvent, EventKind
from connectors.models import DeliveryState, RateState, WebhookDelivery
from inbox.models import Message
from tests.connectors.channels.mail import topic
from tests.connectors.channels.mail.esp_line import PASSWORD, Line, login
from tests.connectors.channels.mail.helpers import raw
from tests.connectors.channels.mail.topic import notification, subscription
from tests.connectors.contract import AT
from tests.connectors.little_server import LittleServer, Reply
from tests.pms import IntakeServer

pytestmark = pytest.mark.django_db

SES_ID = "010201932f-33322211-cccc-cccc-cccc-ddddaaaa0680-000000"
MAIL = raw("At five, caf\u00e9.", Content_Type="text/plain; charset=utf-8")
CERTIFICATE = "".join(one if one.isalnum() else "_" for one in topic.CERTIFICATE)


def received(**action: str) -> dict[str, Any]:
    return {
        "notificationType": "Received",
        "mail": {
            "timestamp": "2026-11-23T11:59:51.636Z",
            "source": "jo@mail.example",
            "messageId": "jili9m351il3gkburn7o2f0u6788stij94c8ld01",
            "destination": ["reply+tok@inbound.hotel.example"],
        },
        "receipt": {
            "timestamp": "2026-11-23T11:59:51.636Z",
            "recipients": ["reply+tok@inbound.hotel.example"],
            "spamVerdict": {"status": "PASS"},
            "action": action,
        },
    }


def event(kind: str, **more: Any) -> dict[str, Any]:
    mail = {
        "timestamp": "2026-11-23T11:59:38.237Z",
        "messageId": SES_ID,
        "destination": ["jo@mail.example"],
        "headers": [
            {"name": "X-Metadata", "value": '{"reference": "abcd2345"}'},
            {"name": "Message-ID", "value": "<out.2@hotel.example>"},
        ],
    }
    return {"eventType": kind, "mail": mail, **more}


@pytest.fixture
def ses(server: LittleServer) -> Iterator[Line]:
    """The server is Amazon."""
    fetching._keys.clear()
    line = Line(server, esp="amazon_ses", api_key="AKIAEXAMPLE", api_secret="its-secret", region="eu-west-1")
    line.serves(**{CERTIFICATE: topic.certificate()})
    yield line
    fetching._keys.clear()


def comes(line: Line, body: bytes, query: str = "inbound") -> list[WebhookDelivery]:
    line.comes(topic.headers(body, query), body)
    return line.work()


def bodies() -> list[str]:
    return list(Message.objects.values_list("body", flat=True))


def in_message() -> dict[str, Any]:
    content = base64.b64encode(MAIL).decode()
    return {**received(type="SNS", topicArn=topic.TOPIC, encoding="BASE64"), "content": content}


# --- whom it is from ---
@pytest.mark.parametrize("version", ["1", "2"])
def test_what_amazon_signed_counts(ses: Line, version: str) -> None:
    [row] = comes(ses, notification(in_message(), ses.server.url, version=version))
    assert row.state == DeliveryState.PROCESSED
    assert bodies() == ["At five, café."]


def test_the_certificate_is_fetched_once(ses: Line) -> None:
    for _ in range(3):
        comes(ses, notification(event("Send"), ses.server.url), "tracking")
    assert [seen.path for seen in ses.server.seen] == [f"/{topic.CERTIFICATE}"]
    assert "authorization" not in ses.server.seen[0].headers


@pytest.mark.parametrize("what", ["message", "type", "signature", "version", "key", "certificate"])
def test_what_amazon_did_not_sign_is_refused_and_told(ses: Line, what: str) -> None:
    """Whoever knows our password is not Amazon."""
    told = json.loads(notification(in_message(), ses.server.url, by="other" if what == "key" else "amazon"))
    changes = {
        "message": {"Message": told["Message"].replace("jo@", "me@")},
        "type": {"Type": "UnsubscribeConfirmation"},
        "signature": {"Signature": "bm8="},
        "version": {"SignatureVersion": "3"},
        "key": {},
        "certificate": {"SigningCertURL": "https://evil.example/SimpleNotificationService-1.pem"},
    }
    [row] = comes(ses, json.dumps({**told, **changes[what]}).encode())
    assert row.state == DeliveryState.QUARANTINED
    assert "claims to be from Amazon" in row.error
    assert bodies() == []
    assert Incident.objects.filter(code="delivery_quarantined", closed_at=None).count() == 1


def test_a_certificate_that_can_not_be_had_now_is_asked_for_again(ses: Line) -> None:
    ses.pages[CERTIFICATE] = [Reply(status=503), topic.certificate()]
    [row] = comes(ses, notification(in_message(), ses.server.url))
    assert row.state == DeliveryState.RECEIVED
    ses.work()
    assert bodies() == ["At five, café."]


def test_what_is_no_certificate_proves_nothing(ses: Line) -> None:
    ses.pages[CERTIFICATE] = b"<html>"
    [row] = comes(ses, notification(in_message(), ses.server.url))
    assert row.state == DeliveryState.QUARANTINED


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", True),
        ("http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", False),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", False),
        ("https://sns.eu-west-1.amazonaws.com@evil.example/x.pem", False),
        ("https://sns.eu-west-1.amazonaws.com:444/x.pem", False),
        ("https://bucket.s3.amazonaws.com/x.pem", False),
        ("https://sns.eu-west-1.amazonaws.com/x.txt", False),
        ("", False),
    ],
)
def test_where_amazons_certificates_lie(url: str, is_good: bool) -> None:
    assert sns.is_certificate(url) is is_good
    link = url.replace("pem", "pem?Action=ConfirmSubscription") if url.endswith("pem") else url
    assert sns.is_confirmation(link) is is_good


def test_a_test_system_has_its_own() -> None:
    assert sns.is_certificate("http://127.0.0.1:8001/ses/key.pem", "http://127.0.0.1:8001/ses")
    assert not sns.is_certificate("https://sns.eu-west-1.amazonaws.com/x.pem", "http://127.0.0.1:8001/ses")
    assert not sns.is_certificate("http://127.0.0.1:8002/key.pem", "http://127.0.0.1:8001")


def test_a_message_counts_once_whatever_stands_beside_it(ses: Line) -> None:
    """What isn't signed could be changed, and the same mail come again."""
    body = notification(in_message(), ses.server.url)
    comes(ses, body)
    again = json.dumps({**json.loads(body), "UnsubscribeURL": "https://evil.example"}).encode()
    assert len(comes(ses, again)) == 1
    tracking = topic.headers(body, "tracking")
    assert ses.connector.delivery_key(tracking, body) != ses.connector.delivery_key(
        topic.headers(body, "inbound"), body
    )


def test_headers_and_body_tell_the_same(ses: Line) -> None:
    body = notification(in_message(), ses.server.url)
    good = {**topic.headers(body, "inbound"), **login()}
    assert ses.connector.verify(good, body, (), AT) is True
    assert ses.connector.verify({**good, "x-amz-sns-message-type": "Other"}, body, (), AT) is False
    assert ses.connector.verify({**good, **login("other")}, body, (), AT) is False


# --- over HTTP: SNS shows its login only when asked ---
@pytest.mark.django_db(transaction=True)
def test_sns_is_asked_for_its_login(ses: Line, intake_server: IntakeServer) -> None:
    intake_server.forget_clock()
    body = notification(in_message(), ses.server.url)
    url = f"{intake_server.url}/hooks/{ses.connection.hook_token}?w=inbound"
    told = {name: value for name, value in topic.headers(body, "inbound").items() if not name.startswith(":")}
    asked = httpx.post(url, content=body, headers=told)
    assert (asked.status_code, asked.headers["www-authenticate"]) == (401, 'Basic realm="Bellhop"')
    assert intake_server.intake._known._refused.get(ses.connection.pk) is None
    wrong = httpx.post(url, content=body, headers={**told, "authorization": as_basic("bellhop", "other")})
    assert wrong.status_code == 401
    right = httpx.post(url, content=body, headers={**told, "authorization": as_basic("bellhop", PASSWORD)})
    assert right.status_code == 200
    [row] = ses.work()
    assert (row.state, row.verified) == (DeliveryState.PROCESSED, True)


# --- the handshake ---
def test_a_subscription_is_confirmed(ses: Line) -> None:
    ses.pages[""] = b"<ConfirmSubscriptionResponse/>"
    [row] = comes(ses, subscription(ses.server.url))
    assert (row.state, row.summary) == (DeliveryState.IGNORED, "subscription confirmed")
    asked = ses.server.seen[-1]
    assert (asked.method, asked.path.startswith("/?Action=ConfirmSubscription&TopicArn=arn")) == ("GET", True)
    assert "authorization" not in asked.headers


def test_a_subscription_that_can_not_be_confirmed_is_told(ses: Line) -> None:
    ses.pages[""] = [Reply(status=500), Reply(status=403, body=b"<Code>InvalidParameter</Code>")]
    [row] = comes(ses, subscription(ses.server.url))
    assert row.state == DeliveryState.RECEIVED
    [row] = ses.work()
    assert row.state == DeliveryState.QUARANTINED


@pytest.mark.parametrize(
    "url", ["https://evil.example/?Action=ConfirmSubscription", "{host}/?Action=Unsubscribe"]
)
def test_it_is_confirmed_at_amazon_only(ses: Line, url: str) -> None:
    """Invariant 11."""
    [row] = comes(ses, subscription(ses.server.url, url=url.format(host=ses.server.url)))
    assert row.state == DeliveryState.QUARANTINED
    assert [seen.path for seen in ses.server.seen] == [f"/{topic.CERTIFICATE}"]


def test_the_end_of_a_subscription_is_told_to_a_person(ses: Line) -> None:
    [row] = comes(ses, subscription(ses.server.url, "UnsubscribeConfirmation"))
    assert row.state == DeliveryState.PROCESSED
    incident = Incident.objects.get(code="channel_account", closed_at=None)
    assert topic.TOPIC in incident.detail


def test_what_ses_tries_a_topic_with_means_nothing(ses: Line) -> None:
    [row] = comes(ses, notification(sns.TRIAL, ses.server.url), "tracking")
    assert row.state == DeliveryState.IGNORED


# --- mails ---
@pytest.mark.parametrize("encoding", ["BASE64", "Base64", "UTF8"])
def test_a_mail_within_the_message(ses: Line, encoding: str) -> None:
    content = base64.b64encode(MAIL).decode() if encoding.upper() == "BASE64" else MAIL.decode()
    told = {**received(type="SNS", encoding=encoding), "content": content}
    body = notification(told, ses.server.url)
    [found] = ses.connector.parse(topic.headers(body, "inbound"), body)
    assert isinstance(found.direct, DirectMessageRecord)
    assert (found.direct.body_text, found.direct.guest.value) == ("At five, café.", "jo@mail.example")
    assert found.direct.hints.recipients[0] == "reply+tok@inbound.hotel.example"


def stored() -> dict[str, Any]:
    return received(type="S3", topicArn=topic.TOPIC, bucketName="hotel-mail", objectKey="in/jili 9m")


OBJECT = "jili_209m"


def test_a_mail_in_a_bucket(ses: Line) -> None:
    parts = "--b\r\n\r\nAt five.\r\n--b\r\nContent-Type: image/png; name=a.png\r\n\r\nPNG\r\n--b--\r\n"
    ses.pages[OBJECT] = raw(parts, Content_Type="multipart/mixed; boundary=b")
    rows = comes(ses, notification(stored(), ses.server.url))
    assert [row.state for row in rows] == [DeliveryState.PROCESSED] * 2
    assert bodies() == ["At five."]
    seen = ses.server.seen[-1]
    assert seen.path == "/hotel-mail/in/jili%209m"
    assert "Credential=AKIAEXAMPLE/" in seen.headers["authorization"]
    assert "/eu-west-1/s3/aws4_request" in seen.headers["authorization"]
    assert "its-secret" not in str(seen.headers)
    assert ses.connector.part(rows[1].headers, bytes(rows[1].body), "part:1").content == b"PNG"


def test_a_bucket_that_does_not_answer_loses_nothing(ses: Line) -> None:
    ses.pages[OBJECT] = [Reply(status=503, body=b"<Error><Code>SlowDown</Code></Error>"), MAIL]
    [row] = comes(ses, notification(stored(), ses.server.url))
    assert row.state == DeliveryState.RECEIVED
    RateState.objects.update(hold_until=None)
    ses.work()
    assert bodies() == ["At five, café."]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(status=404, body=b"<Error><Code>NoSuchKey</Code></Error>"), "doesn't have this"),
        (Reply(status=403, body=b"<Error><Code>AccessDenied</Code></Error>"), "may not do this"),
        (Reply(status=301, body=b"<Error><Code>PermanentRedirect</Code></Error>"), "another region"),
        (Reply(body=MAIL, headers={"x-amz-meta-x-amz-key-v2": "k"}), "encrypts"),
    ],
)
def test_a_mail_that_can_not_be_read_there_is_told(ses: Line, reply: Reply, words: str) -> None:
    ses.pages[OBJECT] = reply
    [row] = comes(ses, notification(stored(), ses.server.url))
    assert row.state == DeliveryState.QUARANTINED
    assert words in row.error
    assert Incident.objects.filter(code="delivery_quarantined", closed_at=None).count() == 1


def test_a_bucket_of_an_odd_name_is_no_host(ses: Line) -> None:
    told = received(type="S3", bucketName="evil.example/", objectKey="x")
    [row] = comes(ses, notification(told, ses.server.url))
    assert row.state == DeliveryState.QUARANTINED


@pytest.mark.parametrize("told", [received(type="Lambda"), event("Send")])
def test_what_is_no_mail_is_told(ses: Line, told: dict[str, Any]) -> None:
    """A rule or an event that was given the wrong address."""
    [row] = comes(ses, notification(told, ses.server.url))
    assert row.state == DeliveryState.QUARANTINED
    assert "No mail that came in" in row.error


# --- reports ---
def report(line: Line, told: dict[str, Any]) -> CanonicalEvent:
    body = notification(told, line.server.url)
    [found] = line.connector.parse(topic.headers(body, "tracking"), body)
    return found


BOUNCED = {"bouncedRecipients": [{"emailAddress": "jo@mail.example"}], "bounceSubType": "General"}


@pytest.mark.parametrize(
    ("told", "state", "address"),
    [
        (event("Send", send={}), Delivery.SENT, AddressState.FINE),
        (
            event("Delivery", delivery={"recipients": ["jo@mail.example"]}),
            Delivery.DELIVERED,
            AddressState.FINE,
        ),
        (event("Bounce", bounce={**BOUNCED, "bounceType": "Permanent"}), Delivery.FAILED, AddressState.BAD),
        (event("Bounce", bounce={**BOUNCED, "bounceType": "Transient"}), Delivery.FAILED, AddressState.FINE),
        (
            event("Complaint", complaint={"complainedRecipients": [{"emailAddress": "jo@mail.example"}]}),
            Delivery.DELIVERED,
            AddressState.COMPLAINED,
        ),
        (event("Reject", reject={"reason": "Bad content"}), Delivery.FAILED, AddressState.FINE),
        (
            event("Rendering Failure", failure={"errorMessage": "x", "templateName": "t"}),
            Delivery.FAILED,
            AddressState.FINE,
        ),
    ],
)
def test_what_became_of_a_mail(
    ses: Line, told: dict[str, Any], state: Delivery, address: AddressState
) -> None:
    found = report(ses, told).direct
    assert isinstance(found, DeliveryReport)
    assert (found.state, found.address_state, found.reference) == (state, address, "abcd2345")
    assert found.external_id == f"<{SES_ID}@eu-west-1.amazonses.com>"
    assert found.address is not None
    assert found.address.value == "jo@mail.example"


def test_a_delay_is_told_and_is_no_end(ses: Line) -> None:
    found = report(ses, event("DeliveryDelay")).direct
    assert isinstance(found, DeliveryReport)
    assert (found.state, found.address_state) == (Delivery.DELAYED, AddressState.FINE)
    assert "tried again" in found.reason


@pytest.mark.parametrize("kind", ["Open", "Click"])
def test_what_is_not_final_changes_nothing(ses: Line, kind: str) -> None:
    found = report(ses, event(kind))
    assert (found.kind, found.unknown) == (EventKind.IGNORED, {})


def test_a_notification_of_an_identity_tells_no_reference_but_the_id(ses: Line) -> None:
    told = event("Delivery", delivery={"recipients": ["jo@mail.example"]})
    plain = {**told, "mail": {"messageId": SES_ID, "destination": ["jo@mail.example"]}}
    plain["notificationType"] = plain.pop("eventType")
    found = report(ses, plain).direct
    assert isinstance(found, DeliveryReport)
    assert (found.external_id, found.reference) == (f"<{SES_ID}@eu-west-1.amazonses.com>", "")
