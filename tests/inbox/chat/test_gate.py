"""Who may show the chat, who is believed, and how often: by requests as browsers and others make them."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from bellhop.core import clock, peers
from connectors.models import WebhookDelivery
from inbox.models import ChatVisitor, ChatWidget, Thread
from inbox.services.chat import hours, identity, talking, widgets
from inbox.services.chat.identity import NotVerified
from tests import factories
from tests.factories import Desk
from tests.inbox.chat.conftest import SITE, Visitor, connect, work

STRANGERS = (
    "https://evil-www.hotel.example",
    f"{SITE}.evil.example",
    "http://www.hotel.example",
    f"{SITE}:8443",
    "null",
    "",
)
NO_SITES = (
    "*",
    "https://*.hotel.example",
    "hotel.example",
    "https://a.example/x",
    "https://a.example; *",
    "data:x",
    "",
)
SCRIPTS = Path(django_settings.BASE_DIR) / "static" / "js" / "chat"


def frame(widget: ChatWidget, origin: str = SITE, **headers: str) -> Any:
    return Client().get(f"/chat/frame/{widget.key}", {"o": origin}, **headers)


def ancestors(answer: Any) -> str:
    found = re.search(r"frame-ancestors ([^;]*)$", answer["Content-Security-Policy"])
    assert found is not None
    return found[1]


def test_only_the_listed_sites_may_frame_it(desk: Desk, widget: ChatWidget) -> None:
    """Exactly: no wildcard, no part of a name, and nobody where none is listed."""
    answer = frame(widget)
    assert ancestors(answer) == SITE
    assert "X-Frame-Options" not in answer
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert f'data-origin="{SITE}"' in answer.content.decode()
    for origin in STRANGERS:
        other = frame(widget, origin)
        assert 'data-origin=""' in other.content.decode()
        assert "frame.js" not in other.content.decode()
    nobody = connect(desk, "Nobody", site="")
    assert (nobody.origins, ancestors(frame(nobody))) == ([], "'none'")
    assert Client().get("/chat/frame/made-up").status_code == 404


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://WWW.Hotel.example/", "https://www.hotel.example"),
        ("https://hotel.example:443", "https://hotel.example"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("https://hôtel.example", "https://xn--htel-vqa.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(typed: str, kept: str) -> None:
    assert widgets.origin_of(typed) == kept


@pytest.mark.parametrize("typed", NO_SITES)
def test_what_is_no_site_is_refused(typed: str) -> None:
    with pytest.raises(widgets.BadOrigin):
        widgets.origin_of(typed)


def test_the_loader_is_small_and_alone() -> None:
    """All that a page loads before the chat is opened."""
    script = (SCRIPTS / "widget.js").read_bytes()
    assert len(gzip.compress(script)) < 15_000
    text = script.decode()
    assert "import(" not in text.replace(" ", "")
    assert "fetch(" not in text
    assert '"*"' not in text  # nothing is posted to whoever listens
    answer = Client().get("/chat/widget.js")
    assert answer.content == script
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert Client().get("/chat/widget-1.js").content == script
    assert Client().get("/chat/widget-0.js").status_code == 404


def test_both_sides_check_who_speaks() -> None:
    """Checklist.2."""
    loader, page = (SCRIPTS / "widget.js").read_text(), (SCRIPTS / "frame.js").read_text()
    assert "event.origin !== base || event.source !== frame.contentWindow" in loader
    assert "event.origin !== origin || event.source !== parent" in page
    assert "innerHTML" not in loader + page + (SCRIPTS / "talk.js").read_text()


def test_requests_of_other_pages_are_refused(visitor: Visitor) -> None:
    visitor.begin()
    for origin in ("https://evil.example", "null", ""):
        assert visitor.ask("write", {"id": "0" * 32, "text": "Hi"}, HTTP_ORIGIN=origin).status_code == 403
    cookie = visitor.client.cookies["bellhop_chat"]
    assert cookie["samesite"] == "None"
    assert cookie["secure"] is cookie["httponly"] is cookie["partitioned"] is True
    assert cookie["path"] == f"/chat/frame/{visitor.widget.key}"
    # The cookie brings the frame back and opens nothing else: what changes something wants the header.
    assert (
        visitor.token in visitor.client.get(f"/chat/frame/{visitor.widget.key}", {"o": SITE}).content.decode()
    )
    assert visitor.ask("messages", HTTP_AUTHORIZATION="").status_code == 401
    row = ChatVisitor.objects.get()
    assert visitor.token not in (row.token_digest, row.public_id)
    assert len(base64.urlsafe_b64decode(visitor.token + "=")) >= 16


# --- who the site says it is ---
def token(
    widget: ChatWidget, claims: dict[str, Any], header: dict[str, Any] | None = None, secret: str = ""
) -> str:
    now = int(clock.now().timestamp())
    claims = {"aud": widget.key, "exp": now + 300, **claims}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (header or {"alg": "HS256", "typ": "JWT"}, claims)
    ]
    mac = hmac.new((secret or widget.secret).encode(), ".".join(parts).encode(), sha256).digest()
    return ".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=").decode()])


def test_a_signed_guest_is_in_the_thread_of_the_stay(desk: Desk, visitor: Visitor) -> None:
    stay = factories.stay(desk)
    thread = factories.thread(desk, stay)
    visitor.says("Before I signed in")
    work()
    told = token(visitor.widget, {"reservation": stay.code, "name": "Maria"})
    assert visitor.ask("identify", {"identity": told}).json() == {"verified": True}
    visitor.says("And after")
    work()
    assert factories.bodies(thread) == ["Before I signed in", "And after"]
    assert visitor.sees() == ["Before I signed in", "And after"]
    other = factories.stay(desk, "Berta")
    answer = visitor.ask("identify", {"identity": token(visitor.widget, {"reservation": other.code})})
    assert answer.status_code == 409


def test_bad_tokens_leave_a_stranger(desk: Desk, visitor: Visitor) -> None:
    """Checklist.6."""
    stay = factories.stay(desk)
    widget = visitor.widget
    now = int(clock.now().timestamp())
    claims = {"reservation": stay.code}
    good = token(widget, claims)
    unsigned = token(widget, claims, {"alg": "none"})
    bad = {
        "expired": token(widget, {**claims, "exp": now - 120}),
        "no exp": token(widget, {**claims, "exp": None}),
        "lives for ever": token(widget, {**claims, "exp": now + 10**9}),
        "not yet": token(widget, {**claims, "nbf": now + 600}),
        "another audience": token(widget, {**claims, "aud": "another"}),
        "alg none": unsigned,
        "alg none without signature": unsigned.rpartition(".")[0] + ".",
        "another algorithm": token(widget, claims, {"alg": "HS512"}),
        "asymmetric": token(widget, claims, {"alg": "RS256"}),
        "another secret": token(widget, claims, secret="guessed"),
        "changed": good[:-4] + "AAAA",
        "empty": "",
        "huge": good + "A" * 10_000,
    }
    visitor.begin()
    for what, told in bad.items():
        with pytest.raises(NotVerified):
            identity.read(told, key=widget.key, secret=widget.secret, now=clock.now())
        if len(told) < 5_000:
            assert visitor.ask("identify", {"identity": told}).json()["verified"] is False, what
    visitor.says("Hello")
    work()
    assert ChatVisitor.objects.get().verified_by == ""
    assert Thread.objects.get(messages__body="Hello").guest is None


# --- how often ---
@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can reach."""
    small = talking.Limit(3, 86_400)
    monkeypatch.setattr(talking, "STARTS", {"peer": small})
    monkeypatch.setattr(talking, "MESSAGES", {"peer": small})


def test_limits_hold_per_network_whatever_is_forged(few: None, widget: ChatWidget, settings: Any) -> None:
    """Checklist.9: behind a trusted proxy by the address that it saw, for IPv6 by the /64."""

    def start(remote: str, forwarded: str = "") -> int:
        headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
        return int(Visitor(widget, peer=remote).ask("start", {}, **headers).status_code)

    assert [start("198.51.100.1", f"203.0.113.{n}") for n in range(4)] == [201, 201, 201, 429]  # forged
    settings.BELLHOP_TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert [start("10.1.1.1", f"1.2.3.{n}, 203.0.113.7") for n in range(4)] == [201, 201, 201, 429]
    assert start("10.1.1.1", "203.0.113.8") == 201
    assert [start("10.1.1.1", f"2001:db8:1:1::{n}") for n in range(1, 5)] == [201, 201, 201, 429]
    assert start("10.1.1.1", "2001:db8:1:2::1") == 201


@pytest.mark.parametrize(
    ("remote", "forwarded", "peer"),
    [
        ("198.51.100.1", "203.0.113.7", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:198.51.100.1", "", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.7:5000", "203.0.113.7"),
    ],
)
def test_the_other_side_is_whom_a_trusted_proxy_saw(
    settings: Any, remote: str, forwarded: str, peer: str
) -> None:
    settings.BELLHOP_TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert peers.peer_of(remote, forwarded) == peer


def test_too_many_messages_wait(few: None, visitor: Visitor) -> None:
    answers = [visitor.says(f"Message {n}") for n in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert "too much" in answers[-1].json()["problem"]
    assert WebhookDelivery.objects.count() == 3


def test_blocked_networks_and_a_paused_chat_are_shut(visitor: Visitor, widget: ChatWidget) -> None:
    visitor.begin()
    widget.blocked = ["198.51.100.0/24"]
    widget.save()
    assert visitor.says("Hi").status_code == 403
    widget.blocked = []
    widget.save()
    widget.connection.paused_at = clock.now()
    widget.connection.save()
    assert visitor.says("Hi").status_code == 404
    assert frame(widget).status_code == 404


# --- its settings ---
def test_an_admin_sets_it_up(desk: Desk, widget: ChatWidget) -> None:
    admin = Client()
    admin.force_login(desk.people["Admin"])
    address = f"/chats/{widget.connection.public_id}/"
    page = admin.get(address).content.decode()
    assert f"data-key=&quot;{widget.key}&quot;" in page
    wanted = {
        "origins": "https://a.example\nhttps://b.example:8443/", "title": "Ask us", "colour": "#123456",
        "languages": ["es"], "timezone": "Europe/Lisbon", "property": desk.place.public_id,
        "day_0": "9:00-13:00, 15:00-19:00",
        "answer_within_min": "3", "mail_after_min": "7", "blocked": "203.0.113.0/24",
    }  # fmt: skip
    assert admin.post(address, {**wanted, "origins": "https://*.a.example"}).status_code == 422
    assert admin.post(address, {**wanted, "day_0": "late"}).status_code == 422
    assert admin.post(address, wanted).status_code == 302
    widget.refresh_from_db()
    assert widget.origins == ["https://a.example", "https://b.example:8443"]
    assert widget.hours == {"0": [["09:00", "13:00"], ["15:00", "19:00"]]}
    assert ancestors(frame(widget)) == "https://a.example https://b.example:8443"
    assert 'lang="es"' in frame(widget, "https://a.example", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    old = widget.secret
    assert admin.post(f"{address}secret/").status_code == 302
    widget.refresh_from_db()
    assert widget.secret != old
    widget.origins = []
    widget.save()
    assert "No site may show the chat yet." in admin.get(address).content.decode()
    admin.force_login(factories.desk("other").people["Admin"])
    assert admin.get(address).status_code == 404


def test_hours_are_local(widget: ChatWidget) -> None:
    from datetime import UTC, datetime

    widget.timezone, widget.hours = "America/New_York", {"0": [["09:00", "18:00"]]}
    monday_at_9 = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)
    assert hours.is_attended(widget, monday_at_9)
    assert not hours.is_attended(widget, monday_at_9.replace(hour=13))
    opens = hours.next_opening(widget, monday_at_9.replace(hour=23))
    assert opens is not None
    assert (opens.isoformat(), hours.write(hours.read("9:00 - 24:00"))) == (
        "2026-12-07T09:00:00-05:00",
        "09:00-24:00",
    )


def test_it_is_connected_on_screen_and_open_at_once(desk: Desk) -> None:
    admin = Client()
    admin.force_login(desk.people["Admin"])
    page = admin.get("/health/connect/webchat/").content.decode()
    stage = re.search(r'<option value="(\w+)" selected>Live', page)
    assert stage is not None
    told = {"name": "Website", "timezone": "UTC", "stage": stage[1], "credential_site": f"{SITE}/"}
    assert admin.post("/health/connect/webchat/", told).status_code == 302
    made = ChatWidget.objects.get()
    assert (made.origins, made.connection.account_name) == ([SITE], "www.hotel.example")
    assert ancestors(frame(made)) == SITE
