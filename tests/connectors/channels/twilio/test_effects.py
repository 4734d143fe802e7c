"""Sending, reading back, catching up and files, over HTTP and through Bellhop's own caller."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.contract.direct import AddressState, Delivery, DeliveryReport, DirectMessageRecord
from connectors.contract.errors import (
    NotAuthorized,
    NotDelivered,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Retryable,
    Unsupported,
)
from connectors.contract.intents import OutFile, SendDirect, Template
from connectors.contract.records import AttachmentRecord
from tests.connectors.channels.twilio.helpers import ACCOUNT, CREDENTIALS, fixture
from tests.connectors.channels.twilio.line import Line
from tests.connectors.contract import HOOK
from tests.connectors.little_server import LittleServer, Reply, Seen

pytestmark = pytest.mark.django_db

ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
SINCE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GUEST = "+14155550101"
BASIC = "Basic " + base64.b64encode(f"{ACCOUNT}:{CREDENTIALS['auth_token']}".encode()).decode()


def intent(**changes: Any) -> SendDirect:
    values = {
        "channel": "sms",
        "to": GUEST,
        "to_kind": "phone",
        "body": "Yes, until eleven.",
        "reference": "abcd2345",
    }
    return SendDirect(**{**values, **changes})


@pytest.fixture
def line(server: LittleServer) -> Line:
    return Line(server)


def created(**changes: Any) -> Reply:
    body = {**fixture("twilio_create_response__createWoService.json"), **changes}
    return Reply(status=201, body=json.dumps(body).encode())


def refused(code: int, status: int = 400) -> Reply:
    body = {"code": code, "message": "words that may change", "status": status}
    return Reply(status=status, body=json.dumps(body).encode())


# --- sending ---
def test_a_text_bears_our_token(line: Line) -> None:
    line.answers(lambda _: created())
    done = line.connector.perform(line.call, intent())
    seen = line.server.seen[-1]
    assert (seen.method, seen.path, seen.headers["authorization"]) == ("POST", f"{ROOT}/Messages.json", BASIC)
    assert line.form() == [
        ("To", GUEST),
        ("MessagingServiceSid", CREDENTIALS["messaging_service_sid"]),
        ("From", CREDENTIALS["sender"]),
        ("Body", "Yes, until eleven."),
        ("StatusCallback", f"{HOOK}?m=abcd2345"),
    ]
    assert done.remote_id == "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    assert done.at == datetime(2015, 7, 30, 20, 12, 31, tzinfo=UTC)


def test_an_api_key_calls_and_the_token_signs(server: LittleServer) -> None:
    line = Line(server, api_key_sid="SK1", api_key_secret="key-secret")
    line.answers(lambda _: {"messages": []})
    assert line.connector.ping(line.call) == ACCOUNT
    assert server.seen[-1].headers["authorization"] == "Basic " + base64.b64encode(b"SK1:key-secret").decode()


def test_files_go_as_links(line: Line) -> None:
    line.answers(lambda _: created())
    files = tuple(OutFile(key=f"k{n}", name=f"{n}.jpg", mime_type="image/jpeg", size=9) for n in range(2))
    line.connector.perform(line.call, intent(body="", files=files))
    urls = [value for name, value in line.form() if name == "MediaUrl"]
    assert [url.split("/files/")[1].split("?")[0] for url in urls] == ["k0/0.jpg", "k1/1.jpg"]
    assert "Body" not in dict(line.form())


def test_whatsapp_and_its_templates(line: Line) -> None:
    line.answers(lambda _: created())
    template = Template(name="check_in", language="en", remote_id="HX1", values=("Ana", "15:00"))
    line.connector.perform(line.call, intent(channel="whatsapp", template=template))
    form = dict(line.form())
    assert (form["To"], form["From"]) == (f"whatsapp:{GUEST}", f"whatsapp:{CREDENTIALS['whatsapp_sender']}")
    assert (form["ContentSid"], json.loads(form["ContentVariables"])) == ("HX1", {"1": "Ana", "2": "15:00"})
    assert "Body" not in form


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "x" * 1601},
        {"channel": "email"},
        {"channel": "whatsapp", "to_kind": "whatsapp_user", "to": "US.1"},
        {"channel": "whatsapp", "template": Template(name="x", language="en")},
    ],
)
def test_what_can_never_go_is_not_tried(line: Line, changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        line.connector.perform(line.call, intent(**changes))
    assert not line.server.seen


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (21610, AddressState.OPTED_OUT),
        (21614, AddressState.BAD),
        (21211, AddressState.BAD),
        (21408, AddressState.FINE),
        (77777, AddressState.FINE),
    ],
)
def test_a_refusal_tells_the_state_of_the_address(line: Line, code: int, state: AddressState) -> None:
    line.answers(lambda _: refused(code))
    with pytest.raises(Rejected) as caught:
        line.connector.perform(line.call, intent())
    assert (caught.value.address_state, caught.value.code) == (state, str(code))
    assert "words that may change" not in caught.value.user_message


def test_the_published_refusal(line: Line) -> None:
    body = json.dumps(fixture("authored_twilio_error_21610.json")).encode()
    line.answers(lambda _: Reply(status=400, body=body))
    with pytest.raises(Rejected, match="stopped messages"):
        line.connector.perform(line.call, intent())


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused(20003, 401), NotAuthorized),
        (refused(20429, 429), RateLimited),
        (refused(21611), Retryable),
        (refused(20500, 500), OutcomeUnknown),
        (Reply(status=503), OutcomeUnknown),
        (Reply(status=0), OutcomeUnknown),
        (Reply(status=201, body=b"<html>"), OutcomeUnknown),
        (Reply(status=201, body=b"{}"), OutcomeUnknown),
        (created(status="failed", error_code=30005), NotDelivered),
    ],
)
def test_what_each_answer_means(line: Line, reply: Reply, error: type[Exception]) -> None:
    line.answers(lambda _: reply)
    with pytest.raises(error) as caught:
        line.connector.perform(line.call, intent())
    assert type(caught.value) is error


# --- reading back ---
def row(sid: str, **changes: Any) -> dict[str, Any]:
    return {
        "sid": sid,
        "to": GUEST,
        "from": CREDENTIALS["sender"],
        "messaging_service_sid": None,
        "body": "Yes, until eleven.",
        "num_media": "0",
        "direction": "outbound-api",
        "status": "sent",
        "date_created": "Mon, 23 Nov 2026 12:00:05 +0000",
        **changes,
    }


def test_a_lost_answer_is_found_once(line: Line) -> None:
    rows = [
        row("SM9", body="Other words"),
        row("SM8", **{"from": "+19995550100"}),
        row("SM7", direction="inbound"),
        row("SM6"),
        row("SM5"),
        row("SM4", date_created="Mon, 23 Nov 2026 11:00:00 +0000"),
    ]
    line.answers(lambda _: {"messages": rows, "next_page_uri": None})
    found = line.connector.find(line.call, intent(), SINCE)
    assert found is not None
    assert found.remote_id == "SM5"
    second = line.connector.find(line.call, intent(), SINCE, known=["SM5"])
    assert second is not None
    assert second.remote_id == "SM6"
    assert line.connector.find(line.call, intent(), SINCE, known=["SM5", "SM6"]) is None
    query = parse_qs(urlsplit(line.server.seen[0].path).query)
    assert (query["To"], query["DateSent>"]) == ([GUEST], ["2026-11-23"])


def test_a_sender_that_the_service_has_not_chosen_yet_is_ours(line: Line) -> None:
    rows = [row("SM1", **{"from": None, "messaging_service_sid": CREDENTIALS["messaging_service_sid"]})]
    line.answers(lambda _: {"messages": rows})
    assert line.connector.find(line.call, intent(), SINCE) is not None


def test_templates_are_settled_by_reports_alone(line: Line) -> None:
    template = Template(name="x", language="en", remote_id="HX1")
    assert line.connector.find(line.call, intent(template=template), SINCE) is None
    assert not line.server.seen


# --- catching up ---
def test_what_was_missed_is_listed(line: Line) -> None:
    first = {
        "messages": [
            row("MM2", direction="inbound", status="received", to=CREDENTIALS["sender"], body="Hello?", num_media="1",
                **{"from": GUEST}),
            row("SM1", status="undelivered", error_code=30005),
            row("SM0", **{"from": "+19995550100"}),
        ],
        "next_page_uri": f"{ROOT}/Messages.json?PageSize=100&Page=1&PageToken=PA1",
    }  # fmt: skip

    def answer(seen: Seen) -> Any:
        if "Media.json" in seen.path:
            uri = f"{ROOT}/Messages/MM2/Media/ME1.json"
            return {"media_list": [{"sid": "ME1", "content_type": "image/jpeg", "uri": uri}]}
        return {"messages": []} if "PageToken" in seen.path else first

    line.answers(answer)
    page = line.connector.list_messages(line.call, None, SINCE)
    report, message = page.items
    assert isinstance(report, DeliveryReport)
    assert (report.external_id, report.state, report.address_state) == (
        "SM1",
        Delivery.FAILED,
        AddressState.BAD,
    )
    assert isinstance(message, DirectMessageRecord)
    assert (message.body_text, message.sent_at) == ("Hello?", datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC))
    assert [file.url for file in message.attachments] == [f"{line.server.url}{ROOT}/Messages/MM2/Media/ME1"]
    last = line.connector.list_messages(line.call, page.next_cursor, SINCE)
    assert (last.items, last.next_cursor) == ([], None)


def test_a_cursor_leads_nowhere_else(line: Line) -> None:
    for cursor in (
        "https://evil.example/",
        "/2010-04-01/Accounts/AC9/Messages.json?Page=1",
        "//evil.example/",
    ):
        with pytest.raises(Rejected):
            line.connector.list_messages(line.call, cursor, SINCE)
    assert not line.server.seen


# --- files ---
def media(line: Line) -> AttachmentRecord:
    return AttachmentRecord(
        external_id="ME1", url=f"{line.server.url}{ROOT}/Messages/MM1/Media/ME1", mime_type="image/jpeg"
    )


def test_a_file_is_fetched_and_our_credentials_stay(line: Line) -> None:
    """The store that Twilio leads to must not see them."""

    def answer(seen: Seen) -> Any:
        if "/Media/" in seen.path:
            return Reply(status=307, headers={"location": f"{line.server.url}/store/x?Signature=1"})
        return Reply(body=b"\xff\xd8jpeg", headers={"content-type": "image/jpeg; q=1"})

    line.answers(answer)
    found = line.connector.fetch(line.call, media(line))
    assert (found.content, found.mime_type) == (b"\xff\xd8jpeg", "image/jpeg")
    first, second = line.server.seen
    assert first.headers["authorization"] == BASIC
    assert "authorization" not in second.headers
    assert second.path == "/store/x?Signature=1"


@pytest.mark.parametrize("location", ["http://169.254.169.254/x", "https://10.0.0.1/x"])
def test_a_redirect_into_our_network_is_refused(line: Line, location: str) -> None:
    line.answers(lambda _: Reply(status=302, headers={"location": location}))
    with pytest.raises(Retryable) as caught:
        line.connector.fetch(line.call, media(line))
    assert caught.value.code == "address_refused"


@pytest.mark.parametrize("location", ["file:///etc/passwd", "smtp://127.0.0.1:25/", "gopher:x"])
def test_a_redirect_to_another_kind_of_address_ends(line: Line, location: str) -> None:
    line.answers(lambda _: Reply(status=302, headers={"location": location}))
    with pytest.raises(NotFound):
        line.connector.fetch(line.call, media(line))


def test_a_circle_of_redirects_ends(line: Line) -> None:
    line.answers(lambda _: Reply(status=302, headers={"location": f"{line.server.url}/again"}))
    with pytest.raises(NotFound):
        line.connector.fetch(line.call, media(line))
    assert len(line.server.seen) == 3


def test_a_file_that_is_gone(line: Line) -> None:
    line.answers(lambda _: refused(20404, 404))
    with pytest.raises(NotFound):
        line.connector.fetch(line.call, media(line))


def test_a_redirect_of_anything_else_is_not_followed(line: Line) -> None:
    line.answers(lambda _: Reply(status=302, headers={"location": f"{line.server.url}/x"}))
    with pytest.raises(Rejected):
        line.connector.ping(line.call)


def test_without_a_store_no_file_leaves(line: Line) -> None:
    line.connector.files = None
    file = OutFile(key="k", name="x.jpg", mime_type="image/jpeg", size=9)
    with pytest.raises(Unsupported):
        line.connector.perform(line.call, intent(files=(file,)))
