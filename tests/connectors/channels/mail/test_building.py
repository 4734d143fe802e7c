"""A mail that we send, read by another program."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.channels.mail.building import build, instance_of
from connectors.channels.mail.mime import open_mail
from connectors.channels.mail.reading import read_mail
from connectors.contract.errors import Rejected
from connectors.contract.intents import Mail, OutFile
from tests.connectors.channels.mail.helpers import AT, HOME, intent

FILES = {"k": b"%PDF-1.7\x00"}


def built(**changes: object) -> tuple[bytes, EmailMessage]:
    content = build(intent(**changes), "stay@hotel.example", "our-instance", FILES.__getitem__, AT)  # type: ignore[arg-type]
    found = message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return content, found


def mail(**changes: object) -> Mail:
    return Mail(**{"subject": "Re: Your stay", "message_id": "<out.2@hotel.example>", **changes})  # type: ignore[arg-type]


def test_a_persons_mail_bears_no_mark_of_a_robot() -> None:
    content, found = built()
    assert found["From"] == "Ana at Hotel <stay@hotel.example>"
    assert (found["To"], found["Subject"], found["Message-ID"]) == (
        "jo@mail.example",
        "Re: Your stay",
        "<out.2@hotel.example>",
    )
    assert found["Date"] == "Mon, 23 Nov 2026 12:00:00 +0000"
    assert (found["X-Bellhop-Loop"], found["X-Bellhop-Reference"]) == ("our-instance", "abcd2345")
    assert not {"auto-submitted", "x-auto-response-suppress", "precedence", "list-unsubscribe"} & {
        name.lower()
        for name in found.keys()  # noqa: SIM118 - headers repeat
    }
    assert found.get_content().replace("\r\n", "\n").strip() == "At five, with pleasure.\n\nAna"
    assert b"\r\n" in content
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_threads_and_reply_address() -> None:
    references = tuple(
        f"<{number}.abcdefghijklmnopqrstuvwxyz0123456789@mail.example>" for number in range(40)
    )
    content, found = built(
        mail=mail(answers="<in.9@x>", references=references, reply_to="stay+Tok@hotel.example")
    )
    assert (found["In-Reply-To"], found["Reply-To"]) == ("<in.9@x>", "stay+tok@hotel.example")
    kept = found["References"].split()
    assert (len(kept), kept[0], kept[-1]) == (20, references[0], "<in.9@x>")
    assert max(map(len, content.split(b"\r\n"))) < 998
    assert b"=?" not in content


def test_letters_files_and_html() -> None:
    file = OutFile(key="k", name="Übersicht\r\nX-Evil: 1.pdf", mime_type="application/pdf", size=9)
    _, found = built(
        body="¿Qué tal? 🙂",
        files=(file,),
        mail=mail(subject="Ihr Aufenthalt: schön", html="<p>¿Qué tal?</p>"),
    )
    assert found["Subject"] == "Ihr Aufenthalt: schön"
    text, html = found.get_body(("plain",)), found.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "¿Qué tal? 🙂"
    assert html.get_content().strip() == "<p>¿Qué tal?</p>"
    [attached] = found.iter_attachments()
    assert attached.get_content() == FILES["k"]
    assert "X-Evil" not in found


def test_automatic_mail_says_so() -> None:
    _, found = built(automatic=True, mail=mail(unsubscribe_url="https://bellhop.example/u/abc"))
    assert (found["Auto-Submitted"], found["X-Auto-Response-Suppress"]) == (
        "auto-generated",
        "OOF, AutoReply",
    )
    assert found["List-Unsubscribe"] == "<https://bellhop.example/u/abc>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    _, answer = built(automatic=True, mail=mail(answer=True))
    assert answer["Auto-Submitted"] == "auto-replied"


EVIL = "x\r\nBcc: victim@mail.example\r\n\r\nbody"


@pytest.mark.parametrize("field", ["subject", "from_name"])
def test_no_value_adds_a_header(field: str) -> None:
    _, found = built(mail=mail(**{field: EVIL}))
    assert "Bcc" not in found
    assert found["To"] == "jo@mail.example"


@pytest.mark.parametrize("field", ["message_id", "answers", "unsubscribe_url"])
def test_an_id_that_is_none_is_refused(field: str) -> None:
    try:
        _, found = built(mail=mail(**{field: f"<{EVIL}>"}))
    except Rejected:
        return
    assert "Bcc" not in found


@pytest.mark.parametrize("to", ["", "nobody", "jö@mail.example", "a@b\r\nBcc: c@d"])
def test_an_address_that_is_none_is_refused(to: str) -> None:
    try:
        _, found = built(to=to)
    except Rejected:
        return
    assert "Bcc" not in found


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=60))
def test_any_text_arrives_and_none_breaks_out(body: str, subject: str, name: str) -> None:
    _, found = built(body=body, mail=mail(subject=subject, from_name=name))
    allowed = {"From", "To", "Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Date",
               "Message-ID", "X-Bellhop-Loop", "X-Bellhop-Reference"}  # fmt: skip
    assert set(found.keys()) <= allowed


def test_what_we_send_is_known_when_it_comes_round() -> None:
    content, _ = built()
    assert read_mail(open_mail(content), HOME) == "our own mail, come round"
    assert instance_of("https://a.example/hooks/x") == instance_of("https://a.example/hooks/y")
    assert instance_of("https://a.example/hooks/x") != instance_of("https://b.example/hooks/x")
