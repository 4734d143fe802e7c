"""A visitor and an agent talk: journaled before it is answered, once on each side, read where it was sent."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bellhop.core import clock
from connectors.contract.direct import Channel
from connectors.models import WebhookDelivery
from inbox.models import ChatWidget, Destination, Message, ReceiptState
from inbox.services import fetching, merging, ways
from tests import factories
from tests.core.test_files import PROGRAM, picture
from tests.factories import Desk
from tests.inbox.chat.conftest import Visitor, connect, last, work

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def guest_state(message: Message) -> str:
    return message.receipts.get(destination=Destination.GUEST).state


def test_both_sides_once_and_the_answer_is_read(desk: Desk, visitor: Visitor) -> None:
    """Invariants 1 and 3."""
    asked = str(uuid.uuid4())
    visitor.begin()
    for _try in range(3):
        assert visitor.ask("write", {"id": asked, "text": "Do you have a cot?"}).status_code == 202
    assert [row.state for row in WebhookDelivery.objects.all()] == ["received"]
    assert visitor.sees() == ["Do you have a cot?"]  # kept, so it is shown, whatever the workers do
    work()
    assert visitor.sees() == ["Do you have a cot?"]
    thread = visitor.thread
    assert (thread.channel, thread.guest, thread.messages.count()) == ("webchat", None, 1)
    assert thread.party_name.startswith("Visitor")
    answer = factories.answers(desk.agent, thread, "Yes, of course.")
    assert visitor.sees() == ["Do you have a cot?"]  # it hasn't left: the agent may take it back
    work()
    told = visitor.ask("messages").json()["messages"][-1]
    assert (told["text"], told["name"], told["mine"]) == ("Yes, of course.", desk.agent.full_name, False)
    assert guest_state(answer) == ReceiptState.SENT
    for state, becomes in (("delivered", "delivered"), ("read", "read"), ("delivered", "read")):
        visitor.ask("seen", {"keys": [told["key"]], "state": state})
        assert guest_state(answer) == becomes


def test_a_visitor_reads_nothing_of_others(desk: Desk, widget: ChatWidget, visitor: Visitor) -> None:
    """By changed ids, by another widget, by the rest of the thread, after the end."""
    other = Visitor(widget)
    visitor.says("Mine")
    other.says("Theirs")
    work()
    factories.answers(desk.agent, other.thread, "For them")
    work()
    theirs = other.ask("messages").json()["messages"]
    after = visitor.ask(f"messages?after={theirs[0]['key']}").json()["messages"]
    assert [one["text"] for one in after] == ["Mine"]
    visitor.ask("seen", {"keys": [one["key"] for one in theirs], "state": "read"})
    assert guest_state(last(other.thread)) == ReceiptState.SENT
    merging.merge(other.thread.pk, visitor.thread.pk)
    assert visitor.sees() == ["Mine"]
    elsewhere = Visitor(connect(factories.desk("other"), "Elsewhere"), token=visitor.token)
    assert elsewhere.ask("messages").status_code == 401
    assert visitor.ask("messages", HTTP_AUTHORIZATION="").status_code == 401
    assert visitor.ask("end", {}).status_code == 204
    assert visitor.ask("messages").status_code == 401
    assert visitor.ask("write", {"id": str(uuid.uuid4()), "text": "Still me"}).status_code == 401


def test_markup_is_text_and_the_page_is_no_link(desk: Desk, visitor: Visitor) -> None:
    """Names, messages, titles and addresses that a browser tells (webchat.md §5.7)."""
    visitor.begin()
    visitor.ask("contact", {"name": HOSTILE})
    visitor.says(HOSTILE, url="javascript:alert(3)", title=HOSTILE)
    work()
    agent = Client()
    agent.force_login(desk.agent)
    thread = visitor.thread
    for address in (f"/inbox/all/{thread.public_id}/", f"/threads/{thread.public_id}/panel/"):
        shown = agent.get(address).content.decode()
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert 'href="javascript:' not in shown
    panel = agent.get(f"/threads/{thread.public_id}/panel/").content.decode()
    assert "javascript:alert(3)" in panel
    assert "Not verified" in panel


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"text": "x" * 4_001}, 422),
        ({"text": "  "}, 422),
        ({"text": "Hi", "id": "../../1"}, 422),
        ({"text": "Hi", "files": ["made-up"]}, 422),
        ([], 400),
        ({"text": "x" * 70_000}, 400),
    ],
)
def test_what_cannot_be_taken_is_refused(visitor: Visitor, given: object, status: int) -> None:
    visitor.begin()
    told = {"id": str(uuid.uuid4()), **given} if isinstance(given, dict) else given
    answer = visitor.ask("write", told)
    assert answer.status_code == status
    assert not WebhookDelivery.objects.exists()


def test_files_come_through_the_journal(desk: Desk, visitor: Visitor, widget: ChatWidget) -> None:
    visitor.begin()
    assert visitor.ask("files", SimpleUploadedFile("run.png", PROGRAM)).status_code == 422
    token = visitor.ask("files", SimpleUploadedFile("<b>key.png", picture("PNG"))).json()["file"]
    other = Visitor(widget).begin()
    assert other.says("Stolen", files=[token]).status_code == 422
    assert visitor.says("Is this the key?", files=[token]).status_code == 202
    work()
    assert fetching.fetch_due() == 1
    told = visitor.ask("messages").json()["messages"][0]["files"][0]
    assert told["state"] == "kept"
    assert "<" not in told["name"]
    assert visitor.client.get(urlsplit(told["url"]).path).status_code == 200
    assert visitor.thread.messages.get().attachments.get().sniffed_type == "image/png"


def test_agents_answer_there_while_it_is_read_else_where_they_left(desk: Desk, visitor: Visitor) -> None:
    factories.connect(
        desk.organization, slug="mailbox", kind="channel", name="Mail", stage="live",
        addresses={"email": "stay@hotel.example"},
    )  # fmt: skip
    visitor.says("Hello")
    visitor.ask("contact", {"email": "Maria@Guest.example"})
    assert visitor.ask("contact", {"email": "no address"}).status_code == 422
    assert visitor.ask("contact", {"phone": "0171 123"}).status_code == 422
    work()
    found = {choice.channel: choice for choice in ways.of(visitor.thread)}
    assert found["webchat"].is_allowed
    assert (found["email"].value, bool(found["email"].warning)) == ("maria@guest.example", True)
    thread = visitor.thread
    visitor.ask("end", {})
    found = {choice.channel: choice for choice in ways.of(thread)}
    assert "ended the chat" in found["webchat"].refusal
    chosen = ways.default(thread, list(found.values()))
    assert chosen is not None
    assert chosen.channel == Channel.EMAIL
    assert clock.now() >= thread.created_at


def test_what_is_typed_never_finds_a_guest(desk: Desk, visitor: Visitor) -> None:
    stay = factories.stay(desk)
    assert stay.guest is not None
    stay.guest.contact_points.create(
        organization=desk.organization, kind="email", value="maria@guest.example"
    )
    visitor.begin()
    visitor.ask("contact", {"email": "maria@guest.example", "name": "Maria Lindqvist"})
    visitor.says("What is my door code?")
    work()
    assert visitor.thread.guest is None
