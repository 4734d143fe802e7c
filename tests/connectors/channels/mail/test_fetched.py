"""Mail that a webhook only points to: Resend and Mailtrap, and the files that Brevo keeps apart. Payloads as in
resend.com/docs/webhooks/emails/received, docs.mailtrap.io/developers/inbound,
developers.brevo.com/docs/inbound-parse-webhooks."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from bellhop.core.models import Incident
from connectors.contract.direct import DeliveryReport, DirectMessageRecord
from connectors.contract.errors import NotAuthorized, NotFound, Rejected, Unreadable
from connectors.contract.events import EventKind
from connectors.contract.records import AttachmentRecord
from connectors.inbound import journal, media
from connectors.models import ConnectionHealth, DeliveryState, WebhookDelivery
from connectors.trust import connecting
from inbox.models import Message
from tests.connectors.channels.mail.esp_line import INBOUND, PASSWORD, TRACKING, Line, login, provider
from tests.connectors.channels.mail.helpers import intent, raw
from tests.connectors.contract import AT, refuses
from tests.connectors.little_server import LittleServer, Reply

pytestmark = pytest.mark.django_db

KEY = "whsec_" + base64.b64encode(b"a-key-of-thirty-two-bytes-or-so!").decode()
MAIL = raw(
    "--b\r\nContent-Type: text/plain\r\n\r\nAt five.\r\n--b\r\nContent-Type: image/png\r\n"
    "Content-Disposition: attachment; filename=door.png\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n",
    Content_Type="multipart/mixed; boundary=b",
)
RESEND: dict[str, Any] = {
    "type": "email.received",
    "created_at": "2026-11-23T11:59:12.126Z",
    "data": {
        "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
        "created_at": "2026-11-23T11:59:11.894719+00:00",
        "from": "Jo Lee <jo@mail.example>",
        "to": ["reply+tok@inbound.hotel.example"],
        "bcc": [],
        "cc": [],
        "message_id": "<in.1@mail.example>",
        "subject": "Your stay",
        "attachments": [],
    },
}
EMAIL_ID = "56761188_7520_42d8_8898_ff6fc54ce618"


def mailtrap(*numbers: int) -> bytes:
    events = [
        {
            "event": "inbound.message_received",
            "event_id": f"2eac365a-{number}",
            "timestamp": 1795435152436,
            "inbox_id": 1111,
            "message_id": f"00001111{number}",
            "from": "Jo Lee",
        }
        for number in numbers
    ]
    return json.dumps({"events": events}).encode()


def sealed(body: bytes, at: float, key: str = KEY, delivery: str = "msg_1") -> dict[str, str]:
    stamp = str(int(at))
    secret = base64.b64decode(key.removeprefix("whsec_"))
    seal = hmac.new(secret, b".".join((delivery.encode(), stamp.encode(), body)), sha256).digest()
    given = {"svix-id": delivery, "svix-timestamp": stamp}
    return {**given, "svix-signature": f"v1,{base64.b64encode(seal).decode()}"}


def bodies() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("body", flat=True))


# --- whom it is from ---
@pytest.mark.parametrize("headers", [INBOUND, TRACKING])
def test_resend_needs_a_fresh_seal_over_the_whole(headers: dict[str, str]) -> None:
    body, now = json.dumps(RESEND).encode(), AT.timestamp()
    made = provider(esp="resend", signing_key=KEY, inbound_key=KEY)
    good = {**headers, **login(), **sealed(body, now)}
    assert made.verify(good, body, (), AT) is True
    assert made.verify({**headers, **sealed(body, now)}, body, (), AT) is True
    assert made.verify({**good, **login("other")}, body, (), AT) is False
    assert made.verify({**headers, **login()}, body, (), AT) is False
    assert made.verify({**sealed(body, now), ":query": "w=other"}, body, (), AT) is False
    assert made.verify(good, body.replace(b"tok@", b"her@"), (), AT) is False
    assert made.verify(good, body, (), AT + timedelta(minutes=6)) is False
    other = "whsec_" + base64.b64encode(b"another account's key").decode()
    assert made.verify({**good, **sealed(body, now, other)}, body, (), AT) is False
    assert provider(esp="resend").verify({**headers, **login()}, body, (), AT) is True


@pytest.mark.parametrize("headers", [INBOUND, TRACKING])
def test_mailtraps_signature_counts_where_its_key_is_known(headers: dict[str, str]) -> None:
    body = mailtrap(1)
    made = provider(esp="mailtrap", signing_key="a-key", inbound_key="a-key")
    seal = hmac.new(b"a-key", body, sha256).hexdigest()
    good = {**headers, **login(), "mailtrap-signature": seal}
    assert made.verify(good, body, (), AT) is True
    assert made.verify(good, mailtrap(2), (), AT) is False
    assert made.verify({**good, "mailtrap-signature": "0" * 64}, body, (), AT) is False
    assert made.verify({**headers, **login()}, body, (), AT) is False
    assert provider(esp="mailtrap").verify({**headers, **login()}, body, (), AT) is True


def test_nobody_outside_can_claim_that_something_was_fetched() -> None:
    headers = {**INBOUND, **login(), ":fetched": "{}"}
    assert provider(esp="resend").verify(headers, json.dumps(RESEND).encode(), (), AT) is False


def test_what_points_to_no_mail_is_unreadable() -> None:
    no_id = {"event": "inbound.message_received", "inbox_id": 7}
    for esp, told in (
        ("resend", {"type": "email.sent"}),
        ("resend", {"type": "email.received"}),
        ("mailtrap", {"events": [{"event": "delivery"}]}),
        ("mailtrap", {"events": [no_id]}),
    ):
        with pytest.raises(Unreadable):
            provider(esp=esp).parse(INBOUND, json.dumps(told).encode())
    example = {"events": [{"event": "inbound_message_received", "inbound_inbox_id": 1, "message_id": "8d2a"}]}
    [event] = provider(esp="mailtrap").parse(INBOUND, json.dumps(example).encode())
    assert event.kind == EventKind.IGNORED
    assert provider(esp="mailtrap").prepare(refuses, INBOUND, json.dumps(example).encode()) == []


def test_resends_events_tell_our_reference_as_a_tag(server: LittleServer) -> None:
    line = Line(server, esp="resend")
    line.answers(lambda _: {"id": RESEND["data"]["email_id"]})
    done = line.connector.perform(line.call, intent())
    told = json.loads(server.seen[0].body)
    assert told["tags"] == [{"name": "reference", "value": "abcd2345"}]
    tags = {one["name"]: one["value"] for one in told["tags"]}
    event = {**RESEND, "type": "email.delivered", "data": {**RESEND["data"], "tags": tags}}
    [found] = line.connector.parse(TRACKING, json.dumps(event).encode())
    assert isinstance(found.direct, DeliveryReport)
    assert (found.direct.reference, found.direct.external_id) == ("abcd2345", done.remote_id)


# --- the way of a mail ---
@pytest.fixture
def resend(server: LittleServer) -> Line:
    line = Line(server, esp="resend")
    line.serves(
        **{
            EMAIL_ID: {"object": "email", "raw": {"download_url": f"{server.url}/raw?signature=s"}},
            "raw": MAIL,
        }
    )
    return line


def hint(line: Line) -> WebhookDelivery:
    return line.comes(INBOUND, json.dumps(RESEND).encode())


def test_a_mail_is_fetched_and_journaled_and_read(resend: Line) -> None:
    hint(resend)
    told, mail = resend.work()
    assert (told.state, mail.state) == (DeliveryState.PROCESSED, DeliveryState.PROCESSED)
    assert bytes(mail.body) == MAIL
    assert (told.summary, mail.verified) == ("fetched", True)
    assert bodies() == ["At five."]
    first, second = resend.server.seen
    assert (first.path, first.headers["authorization"]) == (
        "/emails/receiving/56761188-7520-42d8-8898-ff6fc54ce618",
        "Bearer the-server-token",
    )
    assert (second.path, second.headers.get("authorization")) == ("/raw?signature=s", None)


def test_its_files_are_read_from_the_journal(resend: Line) -> None:
    hint(resend)
    mail = resend.work()[1]
    asked = len(resend.server.seen)
    ref = media.FileRef(external_id="part:1", told_at=AT, delivery_id=mail.pk)
    assert media.read(resend.connection, ref).content == b"\x89PNG\r\n\x1a\n"
    assert len(resend.server.seen) == asked
    with pytest.raises(NotFound):
        resend.connector.part(mail.headers, MAIL, "part:77")


def test_the_envelope_comes_along(resend: Line) -> None:
    hint(resend)
    mail = resend.work()[1]
    [event] = resend.connector.parse(mail.headers, bytes(mail.body))
    assert isinstance(event.direct, DirectMessageRecord)
    assert event.direct.hints.recipients[0] == "reply+tok@inbound.hotel.example"


@pytest.mark.parametrize("where", [EMAIL_ID, "raw"])
def test_a_provider_that_is_down_loses_nothing(resend: Line, where: str) -> None:
    """Invariant 1: accepted is kept; tried again with a time, then applied."""
    resend.pages[where] = [Reply(status=503), resend.pages[where]]
    hint(resend)
    [waiting] = resend.work()
    assert waiting.state == DeliveryState.RECEIVED
    assert waiting.error
    assert bodies() == []
    resend.work()
    assert bodies() == ["At five."]


def test_nothing_comes_twice(resend: Line) -> None:
    hint(resend)
    told = resend.work()[0]
    hint(resend)
    journal.replay(told)
    again = resend.work()
    assert len([row for row in again if bytes(row.body) == MAIL]) == 1
    assert bodies() == ["At five."]


@pytest.mark.parametrize("where", [EMAIL_ID, "raw"])
@pytest.mark.parametrize("status", [403, 404])
def test_a_mail_that_is_gone_is_told_to_a_person(resend: Line, where: str, status: int) -> None:
    """Invariant 12."""
    resend.pages[where] = Reply(status=status)
    hint(resend)
    [told] = resend.work()
    assert told.state == DeliveryState.QUARANTINED
    assert Incident.objects.filter(code="delivery_quarantined", closed_at=None).count() == 1
    assert ConnectionHealth.objects.get(pk=resend.connection.pk).credentials_refused_at is None


def test_a_key_that_only_sends_is_named_and_goes_on_sending(resend: Line) -> None:
    words = {"name": "restricted_api_key", "message": "This API key is restricted to only send emails."}
    resend.pages[EMAIL_ID] = Reply(status=401, body=json.dumps(words).encode())
    hint(resend)
    [told] = resend.work()
    assert told.state == DeliveryState.QUARANTINED
    assert "may only send" in told.error
    assert ConnectionHealth.objects.get(pk=resend.connection.pk).credentials_refused_at is None


def test_a_key_that_is_no_good_stops_the_connection(resend: Line) -> None:
    words = {"name": "validation_error", "message": "API key is invalid"}
    resend.pages[EMAIL_ID] = Reply(status=400, body=json.dumps(words).encode())
    with pytest.raises(NotAuthorized):
        resend.connector.prepare(resend.call, INBOUND, json.dumps(RESEND).encode())
    assert ConnectionHealth.objects.get(pk=resend.connection.pk).credentials_refused_at is not None


@pytest.mark.parametrize(
    "url", ["https://evil.example/raw", "http://169.254.169.254/", "file:///etc/passwd", ""]
)
def test_a_mail_lies_at_the_providers_or_nowhere(resend: Line, url: str) -> None:
    """Invariant 11."""
    resend.pages[EMAIL_ID] = {"raw": {"download_url": url}}
    with pytest.raises((Rejected, Unreadable)):
        resend.connector.prepare(resend.call, INBOUND, json.dumps(RESEND).encode())
    assert len(resend.server.seen) == 1


@pytest.mark.parametrize(
    ("esp", "good", "bad"),
    [
        ("resend", "https://inbound-cdn.resend.com/x", "https://resend.com.evil.example/x"),
        ("resend", "https://d111.cloudfront.net/x", "http://inbound-cdn.resend.com/x"),
        (
            "mailtrap",
            "https://s3.amazonaws.com/inbound-mail/raw.eml",
            "https://s3.amazonaws.com.evil.example/x",
        ),
        (
            "mailtrap",
            "https://mailsend-bodies.s3.eu-west-1.amazonaws.com/x",
            "https://evils3.amazonaws.com@x/",
        ),
    ],
)
def test_where_the_real_ones_keep_mails(esp: str, good: str, bad: str) -> None:
    may = provider(esp=esp).fetcher._may_lie_at
    assert (may(good), may(bad)) == (True, False)


def test_while_it_is_paused_nothing_is_asked(resend: Line) -> None:
    connecting.pause(resend.connection, "Holiday")
    hint(resend)
    [waiting] = resend.work()
    assert (waiting.state, resend.server.seen) == (DeliveryState.RECEIVED, [])


# --- mailtrap ---
def test_of_several_mails_one_that_is_gone_holds_up_no_other(server: LittleServer) -> None:
    line = Line(server, esp="mailtrap")
    place = {"raw_message_url": f"{server.url}/raw.eml?X-Amz-Signature=s"}
    line.serves(**{"000011111": place, "000011112": Reply(status=404), "raw_eml": MAIL})
    line.comes(INBOUND, mailtrap(1, 2))
    rows = line.work()
    states = sorted(row.state for row in rows)
    assert states == [DeliveryState.PROCESSED] * 3 + [DeliveryState.QUARANTINED]
    assert bodies() == ["At five."]
    asked = {seen.path for seen in server.seen if "inboxes" in seen.path}
    assert asked == {f"/inbound/inboxes/1111/messages/00001111{number}" for number in (1, 2)}
    assert line.work() == rows  # and it stays so


# --- brevo ---
TOKEN = base64.b64encode(b'{"folder":"20261123","filename":"door.png"}').decode()
BREVO: dict[str, Any] = {
    "Uuid": ["aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"],
    "MessageId": "<in.1@mail.example>",
    "InReplyTo": None,
    "From": {"Name": "Jo Lee", "Address": "jo@mail.example"},
    "To": [{"Name": None, "Address": "reply+tok@inbound.hotel.example"}],
    "Cc": [],
    "ReplyTo": None,
    "SentAtDate": "Wed, 18 Nov 2026 09:30:00 +0100",
    "Subject": "Your stay",
    "Attachments": [
        {
            "Name": "door.png",
            "ContentType": "image/png",
            "ContentLength": 8,
            "ContentID": "<img001>",
            "DownloadToken": TOKEN,
        }
    ],
    "Headers": {
        "Received": ["by outbound.example; ...", "from [10.10.1.22]; ..."],
        "From": "Jo Lee <jo@mail.example>",
        "Date": "Wed, 18 Nov 2026 09:30:00 +0100",
        "Message-ID": "<in.1@mail.example>",
        "Subject": "Your stay",
        "To": "reply+tok@inbound.hotel.example",
        "Content-Type": "multipart/mixed",
    },
    "SpamScore": 2.9,
    "ExtractedMarkdownMessage": "At five.  \n",
    "ExtractedMarkdownSignature": None,
    "RawHtmlBody": '<p>At five. <img src="cid:img001"></p>',
    "RawTextBody": "At five.\r\n",
}


def brevo() -> bytes:
    return json.dumps({"items": [BREVO]}).encode()


def test_brevos_mail_is_in_the_webhook_and_its_files_are_fetched_by_token(server: LittleServer) -> None:
    line = Line(server, esp="brevo")
    [event] = line.connector.parse(INBOUND, brevo())
    assert isinstance(event.direct, DirectMessageRecord)
    assert (event.direct.body_text, event.direct.external_id) == ("At five.", "<in.1@mail.example>")
    assert event.direct.hints.recipients == ("reply+tok@inbound.hotel.example",)
    [file] = event.direct.attachments
    assert (file.name, file.mime_type, file.size, file.content_id) == ("door.png", "image/png", 8, "img001")
    assert server.seen == []
    line.answers(lambda _: Reply(body=b"\x89PNG", headers={"content-type": "image/png; charset=binary"}))
    found = line.connector.fetch(line.call, file)
    assert (found.content, found.mime_type, found.name) == (b"\x89PNG", "image/png", "door.png")
    [seen] = server.seen
    assert seen.path == f"/inbound/attachments/{TOKEN.replace('=', '%3D')}"
    assert seen.headers["api-key"] == "the-server-token"


def test_brevos_file_that_expired_is_gone(server: LittleServer) -> None:
    line = Line(server, esp="brevo")
    line.answers(
        lambda _: Reply(status=404, body=b'{"code": "document_not_found", "message": "Document not found"}')
    )
    with pytest.raises(NotFound):
        line.connector.fetch(line.call, AttachmentRecord(external_id="1", url=f"brevo:{TOKEN}"))


def test_brevo_is_believed_by_our_password() -> None:
    made = provider(esp="brevo")
    assert made.verify({**INBOUND, **login(PASSWORD)}, brevo(), (), AT) is True
    assert made.verify({**INBOUND, **login("other")}, brevo(), (), AT) is False
    with pytest.raises(Unreadable):
        made.parse(INBOUND, b'{"event": "delivered"}')
