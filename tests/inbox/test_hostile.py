"""Invariant 11: guest text is hostile, wherever it is shown, kept or looked for."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from connectors.contract.records import AttachmentRecord, GuestRecord, NoteRecord, ReservationRecord
from connectors.inbound.apply import storable
from inbox.models import Message, Note, Thread
from inbox.services import canned, reply
from reservations.models import Guest
from tests import factories
from tests.factories import Desk

SCRIPT = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> & \"quoted\" 'single' {{ 7|add:7 }} {% now 'Y' %}"
)


@pytest.fixture
def client(desk: Desk) -> Client:
    made = Client()
    made.force_login(desk.agent)
    return made


def shown(client: Client, *paths: str) -> str:
    pages = []
    for path in paths:
        answer = client.get(path, follow=True)
        assert answer.status_code == 200, path
        pages.append(answer.content.decode())
    return "".join(pages)


def test_markup_is_shown_as_text(desk: Desk, client: Client) -> None:
    """Invariant 11: names, messages, notes, codes and channels of the PMS in list, thread and search."""
    stay = factories.stay(desk, SCRIPT[:150], code="<b>code</b>", source="<i>src</i>")
    thread = factories.thread(desk, stay, channel="<u>channel</u>"[:20])
    factories.says(thread, SCRIPT, author_name="<s>name</s>")
    factories.tell(
        desk.connection,
        NoteRecord(
            external_id="n1", conversation_id=thread.conversation_id, body_text=SCRIPT, written_at=stay.as_of
        ),
    )
    html = shown(client, "/inbox/all/", f"/inbox/all/{thread.public_id}/", "/search/?q=alert")
    assert "alert(1)" in html
    for markup in ("<script>alert", "<img src=x", "<b>code", "<i>src", "<u>channel", "<s>name"):
        assert markup not in html, markup
    assert "{% now" in html


def test_no_template_in_a_message_is_run(desk: Desk) -> None:
    """Invariant 11: neither in what a guest says nor in a name that fills a variable."""
    stay = factories.stay(desk, "{{ agent.name }}")
    thread = factories.thread(desk, stay)
    filled = canned.fill("Dear {{ guest.name }}", canned.values(desk.agent, thread))
    assert filled == "Dear {{ agent.name }}"
    with pytest.raises(reply.ReplyRefused):
        factories.answers(desk.agent, thread, filled)


def test_half_a_sign_parks_nothing(desk: Desk) -> None:
    """Invariant 11: a PMS cut a text inside an emoji."""
    thread = factories.thread(desk)
    factories.told(thread, "On our way \ud83d", author_name="x\udc00")
    assert Message.objects.get().body == "On our way \ufffd"


def test_a_nul_sign_parks_nothing(desk: Desk) -> None:
    """Invariants 1 and 11: PostgreSQL takes no NUL; the message stands without it."""
    thread = factories.thread(desk)
    factories.told(
        thread,
        "be\x00fore",
        author_name="Ma\x00ria",
        attachments=(AttachmentRecord(external_id="a1", name="pic\x00ture.png"),),
    )
    message = Message.objects.get()
    assert (message.body, message.author_name) == ("before", "Maria")
    assert message.attachments.get().name == "picture.png"


def test_nul_is_taken_out_of_every_part_of_a_record() -> None:
    record = ReservationRecord(
        external_id="r1",
        notes={"a\x00": "b\x00"},
        guest=GuestRecord(external_id="g1", full_name="x\x00", tags=("t\x00",)),
        raw={"kept": "\x00"},
    )
    clean = storable(record)
    assert (clean.notes, clean.guest.full_name, clean.guest.tags) == ({"a": "b"}, "x", ("t",))
    assert clean.raw is record.raw
    untouched: Any = GuestRecord(external_id="g1", full_name="x")
    assert storable(untouched) is untouched


@pytest.mark.parametrize("body", ["", "x" * 100_000, "🦄" * 5_000, "\u202e\u200b\ufeff", "\ud83d"])
def test_odd_texts_are_kept(desk: Desk, body: str) -> None:
    """Empty, very long, wide, invisible, broken."""
    thread = factories.thread(desk)
    factories.told(thread, body)
    assert Message.objects.count() == 1
    assert len(Thread.objects.get().preview) <= 200


def test_names_too_long_for_their_column_are_cut(desk: Desk) -> None:
    from django.db import transaction

    from connectors.events import Source
    from connectors.inbound.apply import apply

    with transaction.atomic():
        source = Source(connection=desk.connection)
        long = "x" * 5_000
        apply(
            source,
            GuestRecord(
                external_id="g1", full_name=long, emails=(long + "@a.b",), phones=(long,), tags=(long,)
            ),
        )
        apply(
            source,
            ReservationRecord(
                external_id="r1", guest_id="g1", confirmation_code=long, status_raw=long, source=long
            ),
        )
    assert len(Guest.objects.get(full_name__startswith="xxx").full_name) == 200
    thread = factories.thread(desk)
    factories.told(
        thread, "Hi", author_name=long, attachments=(AttachmentRecord(external_id=long, name=long, url=long),)
    )
    assert Message.objects.count() == 1
    assert Note.objects.count() == 0


def test_a_mail_as_it_was_designed_can_do_nothing(desk: Desk, client: Client) -> None:
    """Script, handlers, forms and pictures of others are gone or blocked, and the frame's policy allows nothing."""
    from inbox.models import MessageMail

    message = factories.says(factories.thread(desk, factories.stay(desk)), "Hello")
    html = (
        "<script>alert(1)</script><p onclick='alert(2)' style='position:fixed;background:url(https://evil.example)'>Hi"
        "</p><img src='https://evil.example/seen.png'><form action='https://evil.example'><input name=q></form>"
        "<a href='javascript:alert(3)'>here</a><iframe src='/settings/'></iframe><base href='https://evil.example'>"
        "<meta http-equiv=refresh content='0;url=https://evil.example'><svg onload='alert(4)'></svg>"
    )
    MessageMail.objects.create(message=message, organization=desk.organization, html=html)
    answer = client.get(f"/messages/{message.public_id}/mail/")
    page, policy = answer.content.decode(), answer["Content-Security-Policy"]
    for bad in (
        "<script",
        "alert",
        "onclick",
        "position",
        "url(",
        "<form",
        "<input",
        "<iframe",
        "<base",
        "<svg",
    ):
        assert bad not in page, bad
    assert page.count("http-equiv") == 0
    for part in (
        "default-src 'none'",
        "img-src data:;",
        "sandbox allow-popups",
        "form-action 'none'",
        "base-uri 'none'",
    ):
        assert part in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert (answer["X-Frame-Options"], answer["Referrer-Policy"]) == ("SAMEORIGIN", "no-referrer")
    asked = client.get(f"/messages/{message.public_id}/mail/?pictures=1")["Content-Security-Policy"]
    assert "img-src data: https:;" in asked
    stranger = Client()
    stranger.force_login(factories.desk("other").agent)
    assert stranger.get(f"/messages/{message.public_id}/mail/").status_code == 404
