"""The live socket, over a real WebSocket: pushed, resumed by number, never told to others (invariants 2 and 10)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis
import uvicorn
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from bellhop.accounts.models import User
from bellhop.core import live
from inbox.live.hub import Hub, hub
from inbox.live.routing import websocket_urlpatterns
from inbox.models import Thread
from inbox.services import triage
from tests import factories
from tests.factories import Desk
from tests.harness.processes import free_port
from tests.harness.waiting import eventually

PATIENCE_S = 10


@pytest.fixture(scope="module")
def address(django_db_setup: None) -> Iterator[str]:
    port = free_port()
    app = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    vars(hub).update(vars(Hub()))  # it lives in the loop of its server, and may have lived in another's
    thread.start()
    eventually(lambda: server.started)
    yield f"ws://127.0.0.1:{port}/live/"
    server.should_exit = True
    thread.join(10)
    vars(hub).update(vars(Hub()))


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return factories.desk()


@pytest.fixture
def thread(desk: Desk) -> Thread:
    return factories.thread(desk)


class Tab:
    """One browser tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self) -> dict[str, Any]:
        return dict(json.loads(self.socket.recv(timeout=PATIENCE_S)))

    def hello(self, number: int | None = None) -> dict[str, Any]:
        self.say(type="hello", n=number)
        return self.hear()

    def events(self) -> list[dict[str, Any]]:
        """Of the next frame that tells any."""
        while not (found := self.hear().get("events")):
            pass
        return list(found)


Open = Callable[..., Tab]


@pytest.fixture
def open_tab(address: str) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_tab(user: User | None, query: str = "") -> Tab:
            headers = {"Cookie": f"{django_settings.SESSION_COOKIE_NAME}={session_of(user)}"} if user else {}
            return Tab(stack.enter_context(connect(address + query, additional_headers=headers)))

        yield open_tab


def session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = django_settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    assert session.session_key is not None
    return session.session_key


def test_nobody_is_told_nothing(thread: Thread, open_tab: Open) -> None:
    tab = open_tab(None)
    with pytest.raises(ConnectionClosed) as caught:
        tab.hear()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 4401


def test_a_change_is_pushed_with_its_row(desk: Desk, thread: Thread, open_tab: Open) -> None:
    tab = open_tab(desk.agent)
    assert tab.hello() == {"type": "ready", "n": 0, "last": 0}
    message = factories.says(thread, "Hello?")
    told = tab.hear()
    assert told["n"] == 1
    assert told["events"] == [
        {"topic": "thread", "id": thread.public_id, "what": "message", "message": message.pk, "inbound": True,
         "who": thread.party_name}
    ]  # fmt: skip
    assert "Hello?" in told["rows"][thread.public_id]


def test_rows_speak_the_language_of_their_page(desk: Desk, thread: Thread, open_tab: Open) -> None:
    """Whatever the person's setting is: the page that is open says what it is in."""
    tabs = {lang: open_tab(desk.agent, f"?lang={lang}") for lang in ("en", "es", "xx")}
    for tab in tabs.values():
        tab.hello()
    triage.assign(desk.agent, thread, desk.agent)
    rows = {lang: tab.hear()["rows"][thread.public_id] for lang, tab in tabs.items()}
    assert "Assigned to" in rows["en"] == rows["xx"]
    assert "Assigned to" not in rows["es"]


def test_a_lid_closed_for_an_hour_loses_nothing(desk: Desk, thread: Thread, open_tab: Open) -> None:
    """ux B1: what was missed comes in order, once, by number."""
    triage.close(desk.agent, thread)
    factories.says(thread, "One")
    factories.says(thread, "Two")
    tab = open_tab(desk.agent)
    assert tab.hello(1)["n"] == 1
    told = tab.hear()
    assert (told["n"], [event["what"] for event in told["events"]]) == (3, ["message", "message"])


@pytest.mark.parametrize("number", [999, -1])
def test_a_number_that_cannot_be_continued_means_refresh(
    desk: Desk, thread: Thread, open_tab: Open, number: int
) -> None:
    """ux B1: restored database, or nonsense."""
    factories.says(thread, "One")
    tab = open_tab(desk.agent)
    assert tab.hello(number)["n"] == 1
    assert tab.hear() == {"type": "refresh", "n": 1}


def test_too_far_behind_means_refresh(desk: Desk, thread: Thread, open_tab: Open) -> None:
    with transaction.atomic():
        live.append(desk.organization.pk, [live.Change(topic="connection")] * (live.TOO_MANY + 1))
    tab = open_tab(desk.agent)
    tab.hello(0)
    assert tab.hear() == {"type": "refresh", "n": live.TOO_MANY + 1}


def test_foreign_events_never_reach_a_socket(desk: Desk, thread: Thread, open_tab: Open) -> None:
    """Invariant 10: by organization, property, role and person."""
    other = factories.desk("other")
    elsewhere = factories.property_of(desk.organization, "Casa")
    foreign, limited = open_tab(other.agent), open_tab(factories.limited(desk.organization, elsewhere))
    for tab in (foreign, limited):
        tab.hello()
    factories.says(thread, "A secret")
    theirs = factories.thread(other)
    factories.says(theirs, "Not secret to them")
    assert [event["id"] for event in foreign.events()] == [theirs.public_id]
    seen = factories.thread(desk, property=elsewhere)
    factories.says(seen, "For Casa")
    assert [event["id"] for event in limited.events()] == [seen.public_id]


def test_a_lost_subscription_is_found_by_number(desk: Desk, thread: Thread, open_tab: Open) -> None:
    """Invariant 2: the hub's Redis connection is killed; what happened meanwhile comes by itself."""
    tab = open_tab(desk.agent)
    tab.hello()
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    factories.says(thread, "While nobody listened")
    assert tab.events()[0]["what"] == "message"
    factories.says(thread, "And after")
    assert tab.events()[0]["what"] == "message"


def test_nonsense_is_ignored(desk: Desk, thread: Thread, open_tab: Open) -> None:
    tab = open_tab(desk.agent)
    for text in ("", "[]", "{", '{"type": "presence"}', '{"type": 7}', '{"type": "hello", "n": "x"}'):
        tab.socket.send(text)
    tab.say(type="ping")
    heard = [tab.hear()["type"] for _ in range(3)]
    assert heard[-1] == "pong"
    assert set(heard) == {"ready", "refresh", "pong"}


def test_presence_is_told_to_who_may_see_the_thread(desk: Desk, thread: Thread, open_tab: Open) -> None:
    """ux P1, invariant 10."""
    colleague = factories.person(desk.organization, name="Tom Burke")
    elsewhere = factories.limited(desk.organization, factories.property_of(desk.organization, "Casa"))
    mine, theirs, hidden = open_tab(desk.agent), open_tab(colleague), open_tab(elsewhere)
    for tab in (mine, theirs, hidden):
        tab.hello()
        tab.say(type="ping")
        assert tab.hear() == {"type": "pong"}
    theirs.say(type="presence", thread=thread.public_id, state="replying")
    told = mine.hear()
    assert (told["type"], told["thread"], told["state"], told["name"]) == (
        "presence", thread.public_id, "replying", "Tom Burke",
    )  # fmt: skip
    hidden.say(type="presence", thread=thread.public_id, state="viewing")
    theirs.socket.close()
    assert mine.hear()["state"] == "left"
    hidden.say(type="ping")
    assert hidden.hear() == {"type": "pong"}
