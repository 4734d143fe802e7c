"""E-mail by a provider: webhooks as anymail reads them, and sending over HTTP by our own client."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.channels.mail.esps import ESPS
from connectors.channels.mail.provider import MailProvider
from connectors.contract.channel import ChannelConnector
from connectors.contract.connector import QUERY, Settings
from connectors.contract.direct import (
    AddressState,
    ConsentRecord,
    Delivery,
    DeliveryReport,
    DirectMessageRecord,
)
from connectors.contract.errors import (
    NotAuthorized,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    Unreadable,
    Unsupported,
)
from connectors.contract.events import CanonicalEvent, EventKind
from connectors.contract.intents import Mail, OutFile
from tests.connectors.channels.mail.esp_line import CREDENTIALS, JSON, Line, login, provider
from tests.connectors.channels.mail.helpers import FIXTURES, fixture, intent, raw
from tests.connectors.contract import AT, HOOK, ChannelSuite
from tests.connectors.little_server import LittleServer, Reply


def kind_of(name: str) -> dict[str, str]:
    return {**JSON, QUERY: f"w={'inbound' if 'inbound' in name else 'tracking'}"}


class BySecrets(MailProvider):
    """The passwords are credentials; the suite hands over what signs."""

    def verify(
        self, headers: dict[str, str], body: bytes, secrets: Sequence[str], at: datetime
    ) -> bool | None:
        given = dict(zip(("webhook_password", "webhook_password_old"), [*secrets, "", ""], strict=False))
        told = {**self.settings.credentials, **given}
        return MailProvider(replace(self.settings, credentials=told)).verify(headers, body, (), at)


class TestMailProvider(ChannelSuite):
    connector_type = MailProvider
    fixtures = FIXTURES
    credentials = CREDENTIALS

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        for path in sorted(FIXTURES.glob("postmark_*.json")):
            yield path.name, kind_of(path.name), path.read_bytes()

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        return {**login(secret), QUERY: "w=inbound"}

    def secrets(self) -> tuple[str, ...]:
        return "a-first-password", "a-second-password"

    def _signed(self, at: datetime = AT) -> tuple[ChannelConnector, bytes, dict[str, str], list[str]]:
        _, body, headers, secrets = super()._signed(at)
        return BySecrets(Settings(credentials=self.credentials, hook_url=HOOK)), body, headers, secrets

    def test_a_changed_body_is_refused(self) -> None:
        """It can't be: HTTP Basic says who sent it, not what. Another body is another delivery."""
        connector, body, headers, secrets = self._signed()
        assert connector.verify(headers, body + b" ", secrets, AT) is True
        assert connector.delivery_key(headers, body + b" ") != connector.delivery_key(headers, body)

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_an_old_or_future_delivery_is_refused(self, minutes: int) -> None:
        """It can't be: HTTP Basic has no time. A replay is the same delivery, which is taken once."""
        connector, body, headers, secrets = self._signed(AT + timedelta(minutes=minutes))
        assert connector.verify(headers, body, secrets, AT) is True

    def test_two_accounts_have_two_limit_keys(self) -> None:
        assert provider().limit_key() != provider(address="other@hotel.example").limit_key()


# --- postmark ---
def read(name: str, made: MailProvider | None = None, **changes: Any) -> CanonicalEvent:
    body = json.dumps({**json.loads((FIXTURES / name).read_text()), **changes}).encode()
    [event] = (made or provider()).parse(kind_of(name), body)
    return event


def test_an_answer_comes_in() -> None:
    mail = fixture("authored_email_reply_gmail.eml").decode()
    given = {"RawEmail": mail, "OriginalRecipient": "reply+Tok@inbound.hotel.example"}
    record = read("postmark_inbound__basics.json", **given).direct
    assert isinstance(record, DirectMessageRecord)
    assert (record.external_id, record.body_text) == ("<CAB1@mail.example>", "See you at five.")
    assert record.hints.recipients[0] == "reply+tok@inbound.hotel.example"
    assert record.ours == "reply+tok@inbound.hotel.example"


def test_without_the_raw_mail_it_is_put_together() -> None:
    record = read("postmark_inbound__basics.json").direct
    assert isinstance(record, DirectMessageRecord)
    assert record.guest.value
    assert record.external_id.startswith("<")


def test_files_lie_inside_the_delivery() -> None:
    parts = (
        "--b\r\nContent-Type: text/plain\r\n\r\nSee\r\n--b\r\nContent-Type: image/png\r\n"
        "Content-Disposition: attachment; filename=a.png\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--b--\r\n"
    )
    told = {"RawEmail": raw(parts, Content_Type="multipart/mixed; boundary=b").decode()}
    body = json.dumps(told).encode()
    [event] = provider().parse(kind_of("inbound"), body)
    assert isinstance(event.direct, DirectMessageRecord)
    [file] = event.direct.attachments
    assert (file.url, file.name) == ("", "a.png")
    assert provider().part(kind_of("inbound"), body, file.external_id).content == b"\x89PNG"
    with pytest.raises(NotFound):
        provider().part(kind_of("inbound"), body, "part:77")


def test_reports() -> None:
    delivered = read("postmark_tracking__delivered.json", Metadata={"reference": "abcd2345"}).direct
    assert isinstance(delivered, DeliveryReport)
    assert (delivered.state, delivered.reference) == (Delivery.DELIVERED, "abcd2345")
    assert delivered.at is not None
    bounced = read("postmark_tracking__hard_bounce.json").direct
    assert isinstance(bounced, DeliveryReport)
    assert (bounced.state, bounced.address_state) == (Delivery.FAILED, AddressState.BAD)
    assert bounced.external_id


@pytest.mark.parametrize(
    ("changes", "kind", "state"),
    [
        (
            {"RecordType": "SpamComplaint", "Type": "SpamComplaint"},
            EventKind.DELIVERY_REPORT,
            AddressState.COMPLAINED,
        ),
        ({"Type": "Transient"}, EventKind.DELIVERY_REPORT, AddressState.FINE),
        ({"Type": "AutoResponder"}, EventKind.IGNORED, None),
        ({"RecordType": "Open"}, EventKind.IGNORED, None),
        ({"Type": "BadEmailAddress"}, EventKind.DELIVERY_REPORT, AddressState.BAD),
        ({"Type": "Blocked"}, EventKind.DELIVERY_REPORT, AddressState.FINE),
    ],
)
def test_what_each_event_means(changes: dict[str, str], kind: EventKind, state: AddressState | None) -> None:
    """An opened mail is no read one."""
    event = read("postmark_tracking__hard_bounce.json", **changes)
    assert event.kind == kind
    assert state is None or (isinstance(event.direct, DeliveryReport) and event.direct.address_state == state)


def test_who_unsubscribes_at_the_provider_gets_no_marketing() -> None:
    event = read("postmark_tracking__hard_bounce.json", RecordType="Bounce", Type="Unsubscribe")
    assert isinstance(event.direct, ConsentRecord)
    assert (event.direct.granted, event.direct.scope) == (False, "marketing")


def test_an_event_that_is_new_to_us_is_kept() -> None:
    event = read("postmark_tracking__hard_bounce.json", RecordType="Teleported")
    assert (event.kind, event.unknown) == (EventKind.IGNORED, {"event_type": "unknown"})


# --- whom it is from ---
def test_the_password_before_is_good_until_it_is_taken_out() -> None:
    body = (FIXTURES / "postmark_tracking__delivered.json").read_bytes()
    headers = {**kind_of("tracking"), **login("the-password-of-yesterday")}
    assert provider().verify(headers, body, (), AT) is True
    assert provider(webhook_password_old="").verify(headers, body, (), AT) is False
    assert (
        provider(webhook_password="", webhook_password_old="").verify({**headers, **login("")}, body, (), AT)
        is False
    )


def test_another_kind_of_webhook_has_no_business_here() -> None:
    body = (FIXTURES / "postmark_tracking__delivered.json").read_bytes()
    good = login("the-password-of-today")
    for query in ("", "w=", "w=other", "w=settings", "w=label"):
        assert provider().verify({**JSON, QUERY: query, **good}, body, (), AT) is False
        with pytest.raises(Unreadable):
            provider().parse({**JSON, QUERY: query}, body)
    assert provider(esp="scaleway").verify({**kind_of("tracking"), **good}, body, (), AT) is False
    assert provider(esp="../postmark").verify({**kind_of("tracking"), **good}, body, (), AT) is False


def test_what_is_entered_at_the_provider() -> None:
    told = provider(webhook_password="p@ss:w/rd").hook_addresses(HOOK)
    assert told == {
        "inbound": "https://bellhop:p%40ss%3Aw%2Frd@bellhop.example/hooks/token?w=inbound",
        "tracking": "https://bellhop:p%40ss%3Aw%2Frd@bellhop.example/hooks/token?w=tracking",
    }
    assert list(provider(esp="unisender_go").hook_addresses(HOOK)) == ["tracking"]


def mailgun(at: datetime, *, key: str = "the-signing-key", token: str = "t" * 8) -> bytes:
    stamp = str(int(at.timestamp()))
    seal = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    fields = {
        "timestamp": stamp,
        "token": token,
        "signature": seal,
        "recipient": "reply+tok@inbound.hotel.example",
    }
    return urlencode({**fields, "sender": "jo@mail.example", "body-mime": raw("At five.").decode()}).encode()


FORM = {
    "content-type": "application/x-www-form-urlencoded",
    QUERY: "w=inbound",
    **login("the-password-of-today"),
}


def test_mailgun_needs_its_seal_our_password_and_a_fresh_time() -> None:
    made = provider(esp="mailgun", signing_key="the-signing-key")
    assert made.verify(FORM, mailgun(AT), (), AT) is True
    assert made.verify(FORM, mailgun(AT, key="other"), (), AT) is False
    assert made.verify({**FORM, **login("other")}, mailgun(AT), (), AT) is False
    assert made.verify(FORM, mailgun(AT - timedelta(hours=9)), (), AT) is False
    assert made.verify(FORM, mailgun(AT + timedelta(minutes=6)), (), AT) is False
    [event] = made.parse(FORM, mailgun(AT))
    assert isinstance(event.direct, DirectMessageRecord)
    assert event.direct.body_text == "At five."


def test_mailgun_is_told_to_send_the_mail_itself() -> None:
    made = provider(esp="mailgun", signing_key="the-signing-key")
    url = made.hook_addresses(HOOK)["inbound"]
    assert url.endswith("mime")
    asked = {**FORM, QUERY: url.partition("?")[2]}
    assert made.verify(asked, mailgun(AT), (), AT) is True
    [event] = made.parse(asked, mailgun(AT))
    assert isinstance(event.direct, DirectMessageRecord)


def test_a_token_of_mailguns_counts_once_whatever_stands_beside_it() -> None:
    """Its signature doesn't cover the content: one that was seen could seal another mail."""
    made = provider(esp="mailgun", signing_key="the-signing-key")
    seen = made.delivery_key(FORM, mailgun(AT))
    assert made.delivery_key(FORM, mailgun(AT).replace(b"At+five", b"At+six")) == seen
    assert made.delivery_key(FORM, mailgun(AT, token="t2")) != seen


def test_a_form_in_parts_of_any_size() -> None:
    """Django's limit for forms of web pages is no limit here."""
    mail = raw("x" * 3_000_000).decode()
    parts = [
        ("body-mime", mail),
        ("recipient", "reply+tok@inbound.hotel.example"),
        ("sender", "jo@mail.example"),
        ("timestamp", "1795435200"),
    ]
    body = "".join(
        f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts
    )
    headers = {"content-type": "multipart/form-data; boundary=frontier", QUERY: "w=inbound"}
    made = provider(esp="mailgun", signing_key="k")
    [event] = made.parse(headers, f"{body}--frontier--\r\n".encode())
    assert isinstance(event.direct, DirectMessageRecord)
    assert event.direct.guest.value == "jo@mail.example"


@pytest.mark.parametrize("esp", sorted(ESPS))
def test_every_provider_stands_up_to_garbage(esp: str) -> None:
    made = provider(esp=esp, signing_key="a" * 32, inbound_key="b" * 32, api_secret="s")
    for kind in ("inbound", "tracking"):
        for content in (
            "application/json",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
            "",
        ):
            for body in (
                b"",
                b"{}",
                b"[]",
                b"null",
                b'{"items": [1]}',
                b"\xff",
                b"a=b&c=%ff",
                b"--x\r\n\r\n--x--",
            ):
                headers = {"content-type": content, QUERY: f"w={kind}", **login("wrong")}
                assert made.verify(headers, body, (), AT) is False
                try:
                    made.parse(headers, body)
                except Unreadable:
                    continue


# --- sending ---
SENT = {
    "ErrorCode": 0,
    "Message": "OK",
    "MessageID": "b7bc2f4a",
    "SubmittedAt": "2026-11-23T12:00:00Z",
    "To": "jo@mail.example",
}


@pytest.fixture
def line(db: None, server: LittleServer) -> Line:
    return Line(server)


def test_a_mail_goes_by_the_providers_api(line: Line) -> None:
    line.answers(lambda _: SENT)
    mail = Mail(
        subject="Ihr Aufenthalt: schön",
        message_id="<out.2@hotel.example>",
        from_name="Ana at Hotel",
        html="<p>At five</p>",
        reply_to="reply+tok@inbound.hotel.example",
        answers="<in.1@mail.example>",
        references=("<in.0@mail.example>",),
        unsubscribe_url="https://bellhop.example/u/abc",
    )
    file = OutFile(key="k", name="map.pdf", mime_type="application/pdf", size=4)
    done = line.connector.perform(line.call, intent(mail=mail, files=(file,), automatic=True))
    seen = line.server.seen[-1]
    told = json.loads(seen.body)
    assert (seen.method, seen.path, seen.headers["x-postmark-server-token"]) == (
        "POST",
        "/email",
        "the-server-token",
    )
    assert (told["From"], told["To"], told["Subject"]) == (
        "Ana at Hotel <stay@hotel.example>",
        "jo@mail.example",
        "Ihr Aufenthalt: schön",
    )
    assert told["TextBody"].strip() == "At five, with pleasure.\n\nAna"
    assert told["HtmlBody"].strip() == "<p>At five</p>"
    assert told["ReplyTo"] == "reply+tok@inbound.hotel.example"
    assert base64.b64decode(told["Attachments"][0]["Content"]) == b"%PDF"
    assert told["Metadata"] == {"reference": "abcd2345"}
    headers = {one["Name"]: one["Value"] for one in told["Headers"]}
    assert headers["Message-ID"] == "<out.2@hotel.example>"
    assert headers["References"] == "<in.0@mail.example> <in.1@mail.example>"
    assert headers["List-Unsubscribe"] == "<https://bellhop.example/u/abc>"
    assert (headers["X-PM-KeepID"], headers["Auto-Submitted"]) == ("true", "auto-generated")
    assert done.remote_id == "b7bc2f4a"
    assert line.left == [True]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=401, body=b'{"ErrorCode": 10, "Message": "No"}'), NotAuthorized),
        (Reply(status=422, body=b'{"ErrorCode": 300, "Message": "Bad"}'), Rejected),
        (Reply(status=429), RateLimited),
        (Reply(status=500), OutcomeUnknown),
        (Reply(status=0), OutcomeUnknown),
        (Reply(status=200, body=b"<html>"), OutcomeUnknown),
        (Reply(status=200, body=b"{}"), OutcomeUnknown),
    ],
)
def test_what_each_answer_means(line: Line, reply: Reply, error: type[Exception]) -> None:
    line.answers(lambda _: reply)
    with pytest.raises(error) as caught:
        line.connector.perform(line.call, intent())
    assert type(caught.value) is error
    assert "the-server-token" not in f"{caught.value!r}{caught.value}"


def test_an_address_that_the_provider_gave_up_is_bad(line: Line) -> None:
    words = "You tried to send to inactive recipients. Found inactive addresses: jo@mail.example."
    body = {
        "ErrorCode": 406,
        "Message": f"{words} Inactive recipients are ones that have generated a hard bounce.",
    }
    line.answers(lambda _: Reply(status=422, body=json.dumps(body).encode()))
    with pytest.raises(Rejected) as caught:
        line.connector.perform(line.call, intent())
    assert caught.value.address_state == AddressState.BAD


def test_a_line_that_can_not_be_had_has_sent_nothing(line: Line, settings: Any) -> None:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = []
    with pytest.raises(Unreachable) as caught:
        line.connector.perform(line.call, intent())
    assert caught.value.code == "address_refused"
    assert not line.left
    assert not line.server.seen


def test_what_stops_the_command_at_the_last_moment_stops_the_mail(line: Line) -> None:
    class Lost(Exception):
        pass

    def lost() -> None:
        raise Lost

    line.call.leaving = lost
    with pytest.raises(Lost):
        line.connector.perform(line.call, intent())
    assert not line.server.seen


@pytest.mark.parametrize(
    ("esp", "more"),
    [
        ("mailgun", {"domain": "hotel.example"}),
        ("sendgrid", {}),
        ("mailjet", {"api_secret": "s"}),
        ("postal", {}),
    ],
)
def test_other_providers_are_spoken_to_as_well(
    db: None, server: LittleServer, esp: str, more: dict[str, str]
) -> None:
    line = Line(server, esp=esp, **more)
    line.answers(lambda _: Reply(status=401))
    with pytest.raises(NotAuthorized):
        line.connector.perform(line.call, intent())
    assert len(server.seen) == 1


def test_what_is_missing_is_told_when_connecting(db: None, server: LittleServer) -> None:
    line = Line(server, esp="mailjet")
    with pytest.raises(Rejected):
        line.connector.ping(line.call)
    with pytest.raises(Unsupported):
        provider(esp="pigeon").ping(line.call)
    assert not server.seen


def test_where_answers_come_in() -> None:
    assert provider().reply_address("tok") == "reply+tok@inbound.hotel.example"
    assert provider(inbound_address="@in.hotel.example").reply_address("tok") == "tok@in.hotel.example"
    assert provider(inbound_address="").reply_address("tok") == "stay+tok@hotel.example"
    record = read(
        "postmark_inbound__basics.json",
        provider(inbound_address="@in.hotel.example"),
        OriginalRecipient="tok@in.hotel.example",
    ).direct
    assert isinstance(record, DirectMessageRecord)
    assert record.ours == "tok@in.hotel.example"


def test_a_mail_that_is_as_late_as_its_date_says() -> None:
    record = read("postmark_inbound__basics.json", RawEmail=raw("x").decode()).direct
    assert isinstance(record, DirectMessageRecord)
    assert record.sent_at == datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
