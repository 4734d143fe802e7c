"""The sockets of guests' pages, over real WebSockets: by token or cookie, from our own pages, and never in the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bellhop.accounts.models import User
from connectors.contract.direct import Delivery
from inbox.live import guests
from inbox.live.hub import Hub, hub
from inbox.live.routing import websocket_urlpatterns
from inbox.models import ChatWidget
from inbox.services import merging
from inbox.services.chat import cookies, portal, visitors
from tests import factories
from tests.factories import Desk
from tests.harness.processes import free_port
from tests.harness.waiting import eventually
from tests.inbox.chat.conftest import Visitor, work
from tests.inbox.test_socket import session_of

PATIENCE_S = 10


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[str]:
    port = free_port()
    app = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    vars(hub).update(vars(Hub()))  # it lives in the loop of its server
    thread.start()
    eventually(lambda: running.started)
    yield f"127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)
    vars(hub).update(vars(Hub()))


@pytest.fixture
def desk(transactional_db: None, settings: Any) -> Desk:
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
    guests._open.clear()
    return factories.desk()


class Page:
    """A page of a guest with its socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self, kind: str) -> dict[str, Any]:
        """The next message of that kind; what was shown is acknowledged."""
        while True:
            told: dict[str, Any] = json.loads(self.socket.recv(timeout=PATIENCE_S))
            if told["type"] == "shown":
                self.say(type="got", n=told["n"])
            if told["type"] == kind:
                return told

    def until(self, *texts: str) -> dict[str, Any]:
        while True:
            told = self.hear("shown")
            if [message["text"] for message in told["messages"]] == list(texts):
                return told

    def is_closed(self) -> int:
        try:
            while True:
                self.socket.recv(timeout=PATIENCE_S)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0


Open = Callable[..., Page]


@pytest.fixture
def open_page(server: str) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_page(path: str = "/chat/live/", origin: str | None = "own", **headers: str) -> Page:
            given = dict(headers)
            if origin:
                given["Origin"] = f"http://{server}" if origin == "own" else origin
            return Page(stack.enter_context(connect(f"ws://{server}{path}", additional_headers=given)))

        yield open_page


def hello(page: Page, visitor: Visitor, **more: Any) -> Page:
    page.say(type="hello", key=visitor.widget.key, token=visitor.token, **more)
    page.hear("ready")
    return page


def test_an_answer_is_pushed_once_it_has_left(desk: Desk, visitor: Visitor, open_page: Open) -> None:
    visitor.begin()
    page = hello(open_page(), visitor)
    visitor.says("Hello?")
    work()
    page.until("Hello?")
    factories.answers(desk.agent, visitor.thread, "Yes?")
    work()
    told = page.until("Hello?", "Yes?")["messages"][-1]
    page.say(type="seen", keys=[told["key"]], state=Delivery.READ.value)
    eventually(lambda: visitor.ask("messages").json()["messages"][-1]["receipt"] == "read")
    again = hello(open_page(), visitor, after=told["key"])
    again.until("Hello?", "Yes?")


def test_others_are_told_nothing(desk: Desk, widget: ChatWidget, visitor: Visitor, open_page: Open) -> None:
    """Checklist 3: neither the thread nor the organization's numbers, nor after a merge."""
    other = Visitor(widget)
    visitor.says("Mine")
    other.says("Theirs")
    work()
    page = hello(open_page(), visitor)
    page.until("Mine")
    factories.answers(desk.agent, other.thread, "For them")
    work()
    page.say(type="ping")
    assert json.loads(page.socket.recv(timeout=PATIENCE_S)) == {"type": "pong"}
    merging.merge(visitor.thread.pk, other.thread.pk)
    factories.answers(desk.agent, other.thread, "For me", via=_way(visitor))
    work()
    page.until("Mine", "For me")


def _way(visitor: Visitor) -> str:
    return f"{visitor.widget.connection.public_id}:webchat:{visitor.row.public_id}"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null", None])
def test_a_foreign_page_gets_no_socket(visitor: Visitor, open_page: Open, origin: str | None) -> None:
    """Checklist 4; a port is another page, too."""
    with pytest.raises(InvalidStatus) as caught:
        open_page(origin=origin)
    assert caught.value.response.status_code == 403


def test_bad_tokens_and_ended_chats_are_shut_out(visitor: Visitor, open_page: Open) -> None:
    visitor.begin()
    for told in (
        {},
        {"key": visitor.widget.key},
        {"key": visitor.widget.key, "token": "x" * 43},
        {"token": 7},
    ):
        page = open_page(f"/chat/live/?token={visitor.token}")
        page.say(type="hello", **told)
        assert page.is_closed() == guests.REFUSED
    page = hello(open_page(), visitor)
    page.hear("shown")
    visitors.end(visitor.row)
    page.say(type="ping")
    assert page.is_closed() == guests.REFUSED


def test_too_large_and_too_many_are_closed(visitor: Visitor, open_page: Open) -> None:
    """Checklist 5: the one is closed, another goes on."""
    visitor.begin()
    fine, large, flood = (hello(open_page(), visitor) for _ in range(3))
    large.say(type="seen", keys=["x" * guests.LARGEST])
    assert large.is_closed() == guests.TOO_LARGE
    for _time in range(guests.FRAMES + 1):
        flood.say(type="nonsense")
    assert flood.is_closed() == guests.FLOOD
    fine.say(type="ping")
    assert fine.hear("pong") == {"type": "pong"}


def test_who_reads_too_slowly_holds_up_nobody(
    desk: Desk, visitor: Visitor, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checklist 5."""
    visitor.says("Hello?")
    work()
    agent = _screen_of(desk.agent, open_page)
    slow = hello(open_page(), visitor)
    slow.socket.recv(timeout=PATIENCE_S)  # and never says that it got it
    monkeypatch.setattr(guests, "READ_WITHIN_S", 0.0)
    factories.answers(desk.agent, visitor.thread, "Yes?")
    work()
    assert slow.is_closed() == guests.SLOW
    visitor.says("Are you there?")
    work()
    heard = ""
    while "Are you there?" not in heard:
        heard = str(agent.socket.recv(timeout=PATIENCE_S))


def _screen_of(user: User, open_page: Open) -> Page:
    page = open_page("/live/", Cookie=f"bellhop_session={session_of(user)}")
    page.say(type="hello", n=None)
    page.hear("ready")
    return page


def test_one_visitor_has_only_so_many(visitor: Visitor, open_page: Open) -> None:
    visitor.begin()
    pages = [hello(open_page(), visitor) for _ in range(guests.SOCKETS_OF_ONE)]
    more = open_page()
    more.say(type="hello", key=visitor.widget.key, token=visitor.token)
    assert more.is_closed() == guests.TOO_MANY
    pages[0].socket.close()
    eventually(lambda: guests._open[visitor.row.pk] < guests.SOCKETS_OF_ONE)
    hello(open_page(), visitor)


def test_the_portal_is_live_by_its_cookie(desk: Desk, widget: ChatWidget, open_page: Open) -> None:
    stay = factories.stay(desk)
    thread = factories.thread(desk, stay)
    link, _token = portal.make(desk.agent, stay, channel="", recipient="")
    address = f"/g/stay/{link.public_id}/live/"
    page = open_page(address, Cookie=f"{cookies.PORTAL}={cookies.pass_for(link.public_id)}")
    page.say(type="hello")
    page.hear("ready")
    message = factories.says(thread, "By text message")
    thread.messages.filter(pk=message.pk).update(reservation=stay)
    page.until("By text message")
    for given in ("", cookies.pass_for("another"), link.public_id, f"{link.public_id}:x:y"):
        other = open_page(address, Cookie=f"{cookies.PORTAL}={given}")
        other.say(type="hello")
        assert other.is_closed() == guests.REFUSED


def test_that_somebody_writes_is_told_and_not_who(desk: Desk, visitor: Visitor, open_page: Open) -> None:
    visitor.says("Hello?")
    work()
    page = hello(open_page(), visitor)
    page.until("Hello?")
    agent = _screen_of(desk.agent, open_page)
    agent.say(type="presence", thread=visitor.thread.public_id, state="replying")
    assert page.hear("typing") == {"type": "typing"}
