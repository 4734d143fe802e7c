"""What a mail says, however it is made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.channels.mail import addresses
from connectors.channels.mail.mime import open_mail, part_of
from connectors.channels.mail.reading import as_events, read_sent
from connectors.channels.mail.visible import visible_of
from connectors.contract.direct import AddressState, Delivery, DeliveryReport, DirectMessageRecord
from connectors.contract.errors import NotFound
from connectors.contract.events import EventKind
from connectors.contract.records import Direction
from tests.connectors.channels.mail.helpers import HOME, fixture, message, raw, told

OLD = "On Tue, Nov 17, 2026 at 6:02 PM Hotel <stay@hotel.example> wrote:\n\n> When do you arrive?\n"


# --- the fixtures ---
def test_an_answer_from_gmail() -> None:
    record = message(fixture("authored_email_reply_gmail.eml"))
    assert (record.external_id, record.guest.value, record.guest.name) == (
        "<CAB1@mail.example>",
        "jo@mail.example",
        "Jo Lee",
    )
    assert record.body_text == "See you at five."
    assert "When do you arrive?" in record.quoted_text
    assert 'class="gmail_quote' in record.body_html
    assert record.hints.answers == ("<out.1@hotel.example>", "<out.0@hotel.example>")
    assert record.hints.recipients == ("reply+c-51.tok@inbound.hotel.example",)
    assert record.ours == "reply+c-51.tok@inbound.hotel.example"
    assert record.sent_at == datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
    assert not record.automatic


def test_an_answer_from_outlook() -> None:
    record = message(fixture("authored_email_reply_outlook.eml"))
    assert record.body_text == "Five o'clock."
    assert "When do you arrive?" in record.quoted_text


def test_an_absence_note_is_automatic() -> None:
    record = message(fixture("authored_email_auto_reply.eml"))
    assert (record.automatic, record.body_text) == (True, "I am away until 1 December.")


def test_a_bounce_names_our_mail_and_the_address() -> None:
    [report] = told(fixture("authored_email_dsn_failed.eml"))  # type: ignore[misc]
    assert isinstance(report, DeliveryReport)
    assert (report.state, report.external_id, report.code) == (
        Delivery.FAILED,
        "<out.1@hotel.example>",
        "5.1.1",
    )
    assert report.address is not None
    assert (report.address.value, report.address_state) == ("nobody@mail.example", AddressState.BAD)


# --- reports ---
def dsn(action: str, status: str) -> bytes:
    text = fixture("authored_email_dsn_failed.eml").decode()
    return text.replace("Action: failed", f"Action: {action}").replace("5.1.1", status).encode()


def test_a_delay_is_no_bounce_and_a_full_mailbox_no_bad_address() -> None:
    [report] = told(dsn("delayed", "4.4.1"))  # type: ignore[misc]
    assert (report.state, report.code, report.address_state) == (Delivery.DELAYED, "4.4.1", AddressState.FINE)
    assert "tried again" in report.reason
    [report] = told(dsn("failed", "5.2.2"))  # type: ignore[misc]
    assert (report.address_state, report.reason) == (AddressState.FINE, "The guest's mailbox is full.")
    [report] = told(dsn("delivered", "2.0.0"))  # type: ignore[misc]
    assert report.state == Delivery.DELIVERED


def test_a_complaint_is_for_ever() -> None:
    parts = (
        "--r\r\nContent-Type: text/plain\r\n\r\nAbuse\r\n"
        "--r\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
        "Original-Rcpt-To: jo@mail.example\r\n\r\n"
        "--r\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <out.1@hotel.example>\r\n"
        "X-Bellhop-Reference: abcd2345\r\nTo: jo@mail.example\r\n\r\nx\r\n--r--\r\n"
    )
    kind = 'multipart/report; report-type=feedback-report; boundary="r"'
    [report] = told(raw(parts, Content_Type=kind))  # type: ignore[misc]
    assert (report.address_state, report.external_id) == (AddressState.COMPLAINED, "<out.1@hotel.example>")
    assert (report.reference, report.address.value) == ("abcd2345", "jo@mail.example")


def test_a_bounce_of_a_host_with_ways_of_its_own() -> None:
    body = (
        "Hi. This is the qmail-send program at mail.example.\r\nI'm afraid I wasn't able to deliver your message to "
        "the following addresses.\r\nThis is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n"
        "<nobody@mail.example>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
        "--- Below this line is a copy of the message.\r\n"
    )
    [report] = told(raw(body, From="MAILER-DAEMON@mail.example", Return_Path="<>"))  # type: ignore[misc]
    assert isinstance(report, DeliveryReport)
    assert report.address is not None
    assert report.address.value == "nobody@mail.example"


# --- who and where to ---
def test_the_envelope_comes_first() -> None:
    mail = raw(To="list@elsewhere.example", Delivered_To="stay+two@hotel.example", Cc="X <c@mail.example>")
    record = message(mail, recipients=["STAY+one@hotel.example"])
    assert record.hints.recipients == (
        "stay+one@hotel.example",
        "stay+two@hotel.example",
        "list@elsewhere.example",
        "c@mail.example",
    )
    assert record.ours == "stay+one@hotel.example"


@pytest.mark.parametrize(
    ("address", "relay"),
    [
        ("abc.123@guest.booking.com", True),
        ("x@sub.guest.airbnb.com", True),
        ("x@evilguest.booking.com", False),
        ("x@booking.com", False),
        ("x@messages.vrbo.com", True),
    ],
)
def test_relays_are_bookings_and_no_people(address: str, relay: bool) -> None:
    record = message(raw(From=f"Guest <{address}>"))
    assert record.hints.relay == (address if relay else "")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("<a@b>", ["<a@b>"]),
        ("a@b", ["<a@b>"]),
        ("<a@b> <c@d>\n <e@f>", ["<a@b>", "<c@d>", "<e@f>"]),
        ("<a b@c>", ["<ab@c>"]),
        ("<A@b> <a@b> <A@b>", ["<A@b>", "<a@b>"]),
        ("<weird-without-at>", ["<weird-without-at>"]),
        ("", []),
        ("<<>>", []),
    ],
)
def test_ids_as_they_stand_in_the_wild(given: str, found: list[str]) -> None:
    assert addresses.ids_in(given) == found


def test_a_mail_without_an_id_has_one_all_the_same() -> None:
    ids = {message(raw(Message_ID="")).external_id, message(raw(Message_ID="")).external_id}
    assert len(ids) == 1
    assert message(raw("Other", Message_ID="")).external_id not in ids


def test_a_list_of_references_is_capped() -> None:
    many = [f"<{number}@x>" for number in range(50)]
    assert addresses.capped(many) == ["<0@x>", *many[31:]]


# --- robots and loops ---
@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-generated"},
        {"Auto_Submitted": "auto-notified; x=1"},
        {"X_Autoreply": "yes"},
        {"Precedence": "bulk"},
        {"List_Id": "<a.b>"},
        {"List_Unsubscribe": "<https://x.example>"},
        {"Return_Path": "<>"},
        {"From": "No Reply <noreply@mail.example>"},
        {"From": "postmaster@mail.example"},
    ],
)
def test_what_a_program_wrote_is_automatic(headers: dict[str, str]) -> None:
    assert message(raw(**headers)).automatic


def test_what_a_person_wrote_is_not() -> None:
    assert not message(raw(Auto_Submitted="no")).automatic
    assert not message(raw(From="Noreen <noreen@mail.example>")).automatic
    assert message(raw(), sender="").automatic


def test_our_own_mail_does_not_come_round() -> None:
    assert told(raw(X_Bellhop_Loop="our-instance")) == "our own mail, come round"
    assert told(raw(From="stay+abc@hotel.example")) == "from our own address"
    assert isinstance(told(raw(X_Bellhop_Loop="another-instance")), list)
    hops = "\r\n".join(f"Received: from {n}" for n in range(51)).encode() + b"\r\n" + raw()
    assert told(hops) == "our own mail, come round"


@pytest.mark.parametrize(
    ("results", "warned"),
    [
        ("mx.hotel.example; spf=pass; dmarc=fail (p=none) header.from=mail.example", True),
        ("mx.hotel.example; dmarc=pass", False),
        ("evil.example; dmarc=fail", False),
        ("MX.hotel.example 1; dmarc=FAIL", True),
    ],
)
def test_who_vouches_for_the_sender(results: str, warned: bool) -> None:
    """Only our own receiving host is believed."""
    assert bool(message(raw(Authentication_Results=results)).warning) == warned


# --- words ---
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"At five.\n\n{OLD}", "At five."),
        ("At five.\n> When?\n> Tell us.", "At five."),
        ("A las cinco.\n\nEl mar, 17 nov 2026 a las 18:02, Hotel (<stay@hotel.example>) escribió:\n\n> ¿Cuándo?",
         "A las cinco."),
        ("Um fünf.\n\nAm 17.11.2026 um 18:02 schrieb Hotel <stay@hotel.example>:\n> Wann?", "Um fünf."),
        ("À cinq heures.\n\nLe mar. 17 nov. 2026 à 18:02, Hotel <stay@hotel.example> a écrit :\n> Quand ?",
         "À cinq heures."),
        ("- one cot\n- two towels", "- one cot\n- two towels"),
        ("Yes.\n##- Please reply above this line -##\nold", "Yes."),
        ("> When do you arrive?\n", "> When do you arrive?"),
        ("On arrival we wrote a note.", "On arrival we wrote a note."),
    ],
)  # fmt: skip
def test_what_is_quoted_is_kept_apart(text: str, words: str) -> None:
    found = visible_of(text, "")
    assert found.text == words


def test_a_signature_is_kept_apart() -> None:
    found = visible_of("See you.\n\n-- \nJo Lee\n+44 20 7946 0000", "")
    assert found.text == "See you."
    assert "Jo Lee" in found.signature


def test_who_wrote_it_before_the_quoting_element_is_quoted_too() -> None:
    line = "On 29 Nov 2026, at 6:51, Ana at Harbour House &lt;stay@hotel.example&gt; wrote:"
    html = f'<p>Still coming</p><div>{line}<br></div><blockquote type="cite"><div>Hello Jo</div></blockquote>'
    found = visible_of("", html)
    assert found.text == "Still coming"
    assert "wrote:" in found.quoted
    assert "Hello Jo" in found.quoted


def test_an_answer_between_the_lines_is_shown_whole() -> None:
    html = '<blockquote type="cite">When?</blockquote><p>At five.</p>'
    assert "At five." in visible_of("", html).text


@pytest.mark.parametrize(
    "mark",
    ['<div class="x yahoo_quoted">', '<blockquote type="cite">', '<div id="appendonsend">',
     '<div class="moz-cite-prefix">'],
)  # fmt: skip
def test_marks_of_mail_programs(mark: str) -> None:
    found = visible_of("", f"<p>At five.</p>\n{mark}When?</div>")
    assert (found.text, found.quoted) == ("At five.", "When?")


def test_hostile_text_is_shown_whole() -> None:
    """4,000 beginnings of "On … wrote:" would take the parser seconds."""
    text = "On " * 4000
    assert visible_of(text, "").text == text.strip()
    lines = "On x\n" * 4000
    assert visible_of(lines, "").text == lines.strip()


# --- files ---
PARTS = (
    "--b\r\nContent-Type: multipart/related; boundary=c\r\n\r\n"
    "--c\r\nContent-Type: text/html\r\n\r\n<p>See <img src=\"cid:pic@x\"></p>\r\n"
    "--c\r\nContent-Type: image/png; name=\"=?utf-8?q?caf=C3=A9=2Epng?=\"\r\nContent-ID: <pic@x>\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--c--\r\n"
    "--b\r\nContent-Type: application/pdf\r\n"
    "Content-Disposition: attachment; filename=\"..\\\\a/b.pdf\"\r\n\r\n%PDF\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Old\r\n\r\nOld words\r\n--b--\r\n"
)  # fmt: skip


def test_files_are_parts_of_the_mail() -> None:
    mail = raw(PARTS, Content_Type="multipart/mixed; boundary=b")
    picture, document, old = message(mail).attachments
    assert (picture.external_id, picture.name, picture.content_id) == ("part:1", "café.png", "pic@x")
    assert (document.external_id, document.name, document.size, document.url) == ("part:2", "b.pdf", 4, "")
    assert (old.name, old.mime_type) == ("Old.eml", "message/rfc822")
    found = part_of(open_mail(mail), "part:1")
    assert (found.content, found.mime_type) == (b"\x89PNG", "image/png")
    assert b"Old words" in part_of(open_mail(mail), "part:3").content
    with pytest.raises(NotFound):
        part_of(open_mail(mail), "part:9")
    assert message(mail).body_text == "See"


# --- sent from a mail program ---
def test_what_staff_sent_is_outbound() -> None:
    record = read_sent(open_mail(raw(From="stay@hotel.example", To="Jo <jo@mail.example>")), HOME)
    assert isinstance(record, DirectMessageRecord)
    assert (record.direction, record.guest.value) == (Direction.OUTBOUND, "jo@mail.example")
    ours = raw(From="stay@hotel.example", To="jo@mail.example", X_Bellhop_Loop="our-instance")
    assert read_sent(open_mail(ours), HOME) == "sent by us"


# --- garbage ---
@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.binary(max_size=600)
    | st.text(max_size=300).map(lambda text: raw(text, Content_Type="multipart/mixed; boundary=b"))
)
def test_garbage_breaks_nothing(mail: bytes) -> None:
    found = told(mail)
    assert isinstance(found, str | list)
    assert all(event.kind in EventKind for event in as_events(found, "k"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": "=?utf-8?q?=ZZ?= =?bogus?b?!!?="},
        {"From": "=?utf-8?b?////?= <jo@mail.example>"},
        {"Date": "not a date"},
        {"Date": "Wed, 18 Nov 99999 09:30:00 +9999"},
        {"Content_Type": "text/plain; charset=klingon"},
        {"Content_Type": 'multipart/mixed; boundary=""'},
        {"Content_Type": "multipart/report; report-type*=x''%ff; boundary=b"},
        {"Content_Transfer_Encoding": "base64"},
        {"Content_Disposition": "attachment; filename*=bogus'x'%ZZ"},
        {"References": "<" * 5000},
    ],
)
def test_odd_headers_break_nothing(headers: dict[str, str]) -> None:
    assert isinstance(told(raw("caf\u00e9", **headers)), list)
