"""Sending, files, templates, subscribing, over HTTP and through Bellhop's caller; and what settles a lost answer."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from bellhop.core import clock
from connectors.channels.whatsapp import WhatsApp
from connectors.contract.direct import AddressState, Channel, Delivery, DeliveryReport, TemplateStatus
from connectors.contract.errors import (
    NotAuthorized,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Retryable,
    Unreadable,
)
from connectors.contract.intents import OutFile, SendDirect, Template
from connectors.contract.records import AttachmentRecord
from connectors.events import Source
from connectors.inbound import direct
from connectors.models import Command, CommandState, Connection, ConnectionKind
from connectors.outbound import caller, delivery, outbox
from tests.connectors import factories
from tests.connectors.channels.whatsapp.helpers import CREDENTIALS, fixture
from tests.connectors.contract import HOOK, MemoryFiles
from tests.connectors.little_server import LittleServer, Reply, Seen

pytestmark = pytest.mark.django_db

NUMBER = f"/v23.0/{CREDENTIALS['phone_number_id']}"
WABA = f"/v23.0/{CREDENTIALS['waba_id']}"
SENT = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.SENT"}]}
PICTURE = OutFile(key="k", name='a"\r\nb.jpg', mime_type="image/jpeg", size=4)


def intent(**changes: Any) -> SendDirect:
    values = {
        "channel": "whatsapp",
        "to": "+16505551234",
        "to_kind": "phone",
        "body": "Yes!",
        "reference": "abcd2345",
    }
    return SendDirect(**{**values, **changes})


class Line:
    def __init__(self, server: LittleServer) -> None:
        self.server = server
        self.connection: Connection = factories.connection(
            server.url,
            slug="whatsapp",
            name="WhatsApp",
            kind=ConnectionKind.CHANNEL,
            credentials=CREDENTIALS,
        )
        settings = replace(caller.settings_of(self.connection), hook_url=HOOK)
        self.connector = WhatsApp(settings, files=MemoryFiles({"k": b"\xff\xd8\xff\xe0"}))
        self.call = caller.Caller(self.connection, self.connector, bulk=False, probe=False, own_setup=False)

    def answers(self, answer: Callable[[Seen], Any]) -> None:
        self.server.answer = answer

    def sent(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.server.seen[-1].body)
        return found


@pytest.fixture
def line(server: LittleServer) -> Iterator[Line]:
    yield Line(server)
    clock.forget()


def refused(code: int, status: int = 400) -> Reply:
    error = {"message": "words that may change", "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return Reply(status=status, body=json.dumps({"error": error}).encode())


def like_the_sample(sent: dict[str, Any], name: str, *, without: tuple[str, ...] = ()) -> bool:
    """Has it the keys of the published example, and no others than our token?"""
    wanted = set(fixture(f"whatsapp_send__{name}.json")) - set(without)
    return set(sent) - {"biz_opaque_callback_data"} == wanted


# --- sending ---
def test_a_text_bears_our_token(line: Line) -> None:
    line.answers(lambda _: SENT)
    done = line.connector.perform(line.call, intent())
    seen = line.server.seen[-1]
    assert (seen.path, seen.headers["authorization"]) == (
        f"{NUMBER}/messages",
        "Bearer the-system-users-token",
    )
    assert line.sent() == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "16505551234",
        "biz_opaque_callback_data": "abcd2345",
        "type": "text",
        "text": {"preview_url": False, "body": "Yes!"},
    }
    assert like_the_sample(line.sent(), "text_message")
    assert done.remote_id == "wamid.SENT"


def test_an_answer_quotes_and_a_hidden_number_has_an_id(line: Line) -> None:
    line.answers(lambda _: SENT)
    line.connector.perform(line.call, intent(answers="wamid.7", to="US.1", to_kind="whatsapp_user"))
    assert line.sent()["context"] == {"message_id": "wamid.7"}
    assert (line.sent()["recipient"], "to" in line.sent()) == ("US.1", False)


def test_a_file_is_uploaded_first(line: Line) -> None:
    line.answers(lambda seen: {"id": "media1"} if seen.path.endswith("/media") else SENT)
    line.connector.perform(line.call, intent(files=(PICTURE,)))
    upload = line.server.seen[0]
    assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'filename="a___b.jpg"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xe0\r\n--' in upload.body
    assert line.sent()["image"] == {"id": "media1", "caption": "Yes!"}
    sound = replace(PICTURE, mime_type="audio/ogg", name="a.ogg")
    line.connector.perform(line.call, intent(files=(sound,)))
    assert line.sent()["document"] == {"id": "media1", "caption": "Yes!", "filename": "a.ogg"}
    line.connector.perform(line.call, intent(files=(sound,), body=""))
    assert line.sent()["audio"] == {"id": "media1"}


def test_templates_by_place_and_by_name(line: Line) -> None:
    line.answers(lambda seen: {"id": "media1"} if seen.path.endswith("/media") else SENT)
    template = Template(name="check_in", language="en_US", values=("Ana\nMaria", "15:00"))
    line.connector.perform(line.call, intent(template=template))
    assert line.sent()["template"] == {
        "name": "check_in",
        "language": {"code": "en_US"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "Ana Maria"}, {"type": "text", "text": "15:00"}],
            }
        ],
    }
    assert like_the_sample(line.sent(), "message_template_text")
    named = replace(template, names=("guest", "time"))
    line.connector.perform(line.call, intent(template=named, files=(PICTURE,)))
    header, body = line.sent()["template"]["components"]
    assert header == {"type": "header", "parameters": [{"type": "image", "image": {"id": "media1"}}]}
    assert body["parameters"][1] == {"type": "text", "parameter_name": "time", "text": "15:00"}


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "x" * 4097},
        {"body": ""},
        {"channel": "sms"},
        {"to_kind": "email", "to": "a@b.example"},
        {"files": (PICTURE, PICTURE)},
        {"files": (PICTURE,), "body": "x" * 1025},
        {"template": Template(name="x", language="en", values=("  ",))},
    ],
)
def test_what_can_never_go_is_not_tried(line: Line, changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        line.connector.perform(line.call, intent(**changes))
    assert not line.server.seen


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused(190, 401), NotAuthorized),
        (refused(190), NotAuthorized),
        (refused(10, 403), Rejected),
        (refused(130429), RateLimited),
        (refused(80007), RateLimited),
        (refused(131056), Retryable),
        (refused(131000), Retryable),
        (refused(131000, 500), OutcomeUnknown),
        (refused(131047), Rejected),
        (refused(131026), Rejected),
        (refused(4711), Rejected),
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
    assert "words that may change" not in caught.value.user_message


def test_a_refusal_tells_the_state_of_the_address(line: Line) -> None:
    line.answers(lambda _: refused(131050))
    with pytest.raises(Rejected) as caught:
        line.connector.perform(line.call, intent())
    assert caught.value.address_state == AddressState.COMPLAINED


def test_a_person_has_read_it(line: Line) -> None:
    line.answers(lambda _: {"success": True})
    line.connector.mark_read(line.call, "wamid.7")
    assert line.sent() == {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.7"}
    assert like_the_sample(line.sent(), "typing_indicator_and_read_receipt", without=("typing_indicator",))


# --- a lost answer ---
def lost(line: Line) -> Command:
    """A message whose answer is cut off."""
    line.answers(lambda _: Reply(status=0))
    with transaction.atomic():
        answer = intent(purpose="consent")  # nothing may hold it
        command = outbox.enqueue(line.connection, answer, subject="message:1", order_key="thread:1")
    delivery.drain()
    command.refresh_from_db()
    assert command.state == CommandState.UNKNOWN
    return command


def later(command: Command, seconds: int) -> Command:
    clock.set_offset(timedelta(seconds=seconds))
    delivery.drain()
    command.refresh_from_db()
    return command


def report(**changes: Any) -> DeliveryReport:
    values = {"external_id": "wamid.SENT", "channel": Channel.WHATSAPP, "state": Delivery.SENT}
    return DeliveryReport(**{**values, "reference": "abcd2345", **changes})


def test_a_report_with_our_token_settles_it(line: Line) -> None:
    """Invariant 3: nothing can be listed, and nothing is sent twice."""
    command = lost(line)
    assert later(command, 3).state == CommandState.UNKNOWN
    direct.apply(Source(connection=line.connection), report(), clock.now())
    command.refresh_from_db()
    assert (command.state, command.remote_id) == (CommandState.CONFIRMED, "wamid.SENT")
    assert len(line.server.seen) == 1


def test_without_a_report_it_ends_unconfirmed_and_a_late_one_still_counts(line: Line) -> None:
    """Within minutes, so that what waits behind it goes on."""
    command = lost(line)
    later(command, 3)
    assert later(command, 130).state == CommandState.UNCONFIRMED
    direct.apply(Source(connection=line.connection), report(state=Delivery.DELIVERED), clock.now())
    command.refresh_from_db()
    assert command.state == CommandState.CONFIRMED
    assert len(line.server.seen) == 1


# --- files ---
def media(line: Line, content: bytes, told: dict[str, Any]) -> Callable[[Seen], Any]:
    def answer(seen: Seen) -> Any:
        if seen.path.startswith("/v23.0/1003?"):
            return {"url": f"{line.server.url}/lookaside?mid=1003", "mime_type": "image/jpeg", **told}
        return Reply(body=content, headers={"content-type": "image/jpeg"})

    return answer


FILE = AttachmentRecord(external_id="1003", url="media:1003", mime_type="image/jpeg", name="x.jpg")


@pytest.mark.parametrize("form", ["hex", "base64", "none"])
def test_a_file_is_fetched_by_its_id(line: Line, form: str) -> None:
    digest = hashlib.sha256(b"\xff\xd8")
    forms = {"hex": digest.hexdigest(), "base64": base64.b64encode(digest.digest()).decode(), "none": ""}
    line.answers(media(line, b"\xff\xd8", {"sha256": forms[form]}))
    found = line.connector.fetch(line.call, FILE)
    assert (found.content, found.mime_type, found.name) == (b"\xff\xd8", "image/jpeg", "x.jpg")
    assert line.server.seen[1].headers["authorization"] == "Bearer the-system-users-token"


def test_another_file_than_named_is_refused(line: Line) -> None:
    line.answers(media(line, b"evil", {"sha256": hashlib.sha256(b"good").hexdigest()}))
    with pytest.raises(Unreadable):
        line.connector.fetch(line.call, FILE)


def test_our_token_goes_to_meta_only(line: Line) -> None:
    for url in (
        "https://evil.example/x",
        "http://lookaside.fbsbx.com/x",
        "https://fbsbx.com.evil.example/x",
        "",
    ):
        line.answers(media(line, b"", {"url": url}))
        with pytest.raises(NotFound):
            line.connector.fetch(line.call, FILE)
        assert not line.connector.is_ours(url)


def test_an_address_that_died_is_asked_for_once_more(line: Line) -> None:
    answers = media(line, b"\xff\xd8", {})
    died: list[bool] = []

    def answer(seen: Seen) -> Any:
        if "lookaside" in seen.path and not died:
            died.append(True)
            return Reply(status=404)
        return answers(seen)

    line.answers(answer)
    assert line.connector.fetch(line.call, FILE).content == b"\xff\xd8"
    line.answers(lambda _: refused(100, 404))
    with pytest.raises(Rejected):
        line.connector.fetch(line.call, FILE)


# --- templates and subscriptions ---
def test_templates_come_in_pages(line: Line) -> None:
    row = {
        "name": "promo",
        "language": "en_US",
        "status": "APPROVED",
        "category": "MARKETING",
        "id": "1",
        "components": [{"type": "HEADER", "text": "Sale"}, {"type": "BODY", "text": "Hi {{1}}"}],
    }
    first = {"data": [row], "paging": {"cursors": {"after": "MjQ"}, "next": "https://graph.facebook.com/x"}}
    last = {"data": [{**row, "name": "old", "status": "REJECTED"}, {"name": "odd", "status": "?"}]}
    line.answers(lambda seen: last if "after=MjQ" in seen.path else first)
    found = line.connector.list_templates(line.call)
    assert [(one.external_id, one.status, one.body, one.category) for one in found] == [
        ("promo:en_US", TemplateStatus.APPROVED, "Hi {{1}}", "marketing"),
        ("old:en_US", TemplateStatus.REJECTED, "Hi {{1}}", "marketing"),
    ]


def test_our_address_is_named_once(line: Line) -> None:
    taken: list[dict[str, Any]] = []

    def answer(seen: Seen) -> Any:
        assert seen.path == f"{WABA}/subscribed_apps"
        if seen.method == "POST":
            taken.append(json.loads(seen.body))
            return {"success": True}
        return {"data": [{"override_callback_uri": one["override_callback_uri"]} for one in taken]}

    line.answers(answer)
    for _ in range(2):
        assert line.connector.subscribe(line.call, HOOK, "our-token").url == HOOK
    assert taken == [{"override_callback_uri": HOOK, "verify_token": "our-token"}]


def test_the_number_is_looked_for_when_connecting(line: Line) -> None:
    mine = {
        "id": CREDENTIALS["phone_number_id"],
        "verified_name": "Harbour House",
        "display_phone_number": "+1 555",
    }
    line.answers(lambda _: {"data": [{"id": "1"}, mine]})
    assert line.connector.ping(line.call) == "Harbour House +1 555"
    line.answers(lambda _: {"data": [{"id": "1"}]})
    with pytest.raises(Rejected):
        line.connector.ping(line.call)
