"""A mailbox of one's own over real SMTP and IMAP, through Bellhop's own caller."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.channels.mail.mailbox import Cursor, Mailbox
from connectors.contract.direct import AddressState, DeliveryReport, DirectMessageRecord
from connectors.contract.errors import (
    NotAuthorized,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unreachable,
)
from connectors.contract.intents import Mail, OutFile
from connectors.contract.records import AttachmentRecord, Direction
from connectors.models import Connection, ConnectionKind
from connectors.outbound import caller
from tests.connectors import factories
from tests.connectors.channels.mail.helpers import fixture, intent, raw
from tests.connectors.channels.mail.little_mail import Folder, LittleMail, little_mail
from tests.connectors.contract import MemoryFiles

pytestmark = pytest.mark.django_db

SINCE = datetime(2026, 11, 20, tzinfo=UTC)
ID = "<out.2@hotel.example>"


class Line:
    def __init__(self, host: LittleMail, **changes: str) -> None:
        self.host = host
        told = {
            "address": "stay@hotel.example",
            "imap_host": "127.0.0.1",
            "imap_port": str(host.imap_port),
            "imap_security": "none",
            "smtp_host": "127.0.0.1",
            "smtp_port": str(host.smtp_port),
            "smtp_security": "none",
            "password": "good",
        }
        self.connection: Connection = factories.connection(
            "imap:",
            slug="mailbox",
            name="Mailbox",
            kind=ConnectionKind.CHANNEL,
            credentials={**told, **changes},
        )
        self.connector = Mailbox(caller.settings_of(self.connection), files=MemoryFiles({"k": b"%PDF"}))
        self.call = caller.Caller(self.connection, self.connector, bulk=False, probe=False, own_setup=False)
        self.left: list[bool] = []
        self.call.leaving = lambda: self.left.append(True)


@pytest.fixture
def host(settings: Any) -> Iterator[LittleMail]:
    with little_mail() as little:
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [
            f"127.0.0.1:{little.smtp_port}",
            f"127.0.0.1:{little.imap_port}",
        ]
        yield little


@pytest.fixture
def line(host: LittleMail) -> Line:
    return Line(host)


# --- sending ---
def test_a_mail_is_handed_over_and_a_copy_kept(line: Line) -> None:
    file = OutFile(key="k", name="map.pdf", mime_type="application/pdf", size=4)
    body = "At five.\n.\n..dots begin lines"
    done = line.connector.perform(line.call, intent(body=body, files=(file,)))
    [(sender, recipient, content)] = line.host.taken
    assert (sender, recipient, done.remote_id) == ("stay@hotel.example", "jo@mail.example", ID)
    assert b"\r\n.\r\n..dots begin lines\r\n" in content
    assert next(iter(line.host.folders["Sent"].mails.values())).strip() == content.strip()
    assert line.left == [True]


def test_a_host_that_keeps_sent_mail_itself_gets_no_second_copy(host: LittleMail) -> None:
    line = Line(host, keeps_sent="yes")
    line.connector.perform(line.call, intent())
    assert not host.folders["Sent"].mails


def test_without_a_folder_for_it_the_mail_has_gone_all_the_same(line: Line) -> None:
    line.host.folders.clear()
    assert line.connector.perform(line.call, intent()).remote_id == ID


def test_an_answer_by_a_program_has_no_sender(line: Line) -> None:
    mail = Mail(subject="x", message_id=ID, answer=True)
    line.connector.perform(line.call, intent(automatic=True, mail=mail))
    assert line.host.taken[0][0] == ""


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_line_that_breaks_before_the_end_has_sent_nothing(line: Line, stage: str) -> None:
    line.host.replies[stage] = ""
    with pytest.raises(Unreachable) as caught:
        line.connector.perform(line.call, intent())
    assert (caught.value.code, line.host.taken, line.left) == ("not_sent", [], [])


def test_a_line_that_breaks_after_the_end_leaves_us_in_doubt(line: Line) -> None:
    line.host.replies["END"] = ""
    with pytest.raises(OutcomeUnknown):
        line.connector.perform(line.call, intent())
    assert len(line.host.taken) == 1
    assert line.left == [True]


def test_what_stops_the_command_at_the_last_moment_stops_the_mail(line: Line) -> None:
    class Lost(Exception):
        pass

    def lost() -> None:
        raise Lost

    line.call.leaving = lost
    with pytest.raises(Lost):
        line.connector.perform(line.call, intent())
    assert line.host.taken == []


@pytest.mark.parametrize(
    ("stage", "reply", "error", "state"),
    [
        ("RCPT", "550 5.1.1 no such user", Rejected, AddressState.BAD),
        ("RCPT", "550 5.7.1 not from you", Rejected, AddressState.FINE),
        ("RCPT", "550 go away", Rejected, AddressState.FINE),
        ("RCPT", "451 4.7.1 greylisted", Retryable, None),
        ("MAIL", "452 4.3.1 full", Retryable, None),
        ("END", "552 5.3.4 too large", Rejected, AddressState.FINE),
        ("END", "451 4.3.0 later", Retryable, None),
        ("AUTH", "535 5.7.8 no", NotAuthorized, None),
        ("AUTH", "454 4.7.0 later", Retryable, None),
    ],
)
def test_what_each_reply_means(
    line: Line, stage: str, reply: str, error: type[Exception], state: AddressState | None
) -> None:
    line.host.replies[stage] = reply
    with pytest.raises(error) as caught:
        line.connector.perform(line.call, intent())
    assert type(caught.value) is error
    assert state is None or getattr(caught.value, "address_state", None) == state


def test_our_own_network_and_unencrypted_lines_are_refused(host: LittleMail, settings: Any) -> None:
    """Invariant 11, for mail."""
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = []
    for security in ("none", "tls", "starttls"):
        line = Line(host, smtp_security=security, address=f"{security}@hotel.example")
        with pytest.raises(Unreachable) as caught:
            line.connector.perform(line.call, intent())
        assert caught.value.code == "address_refused"
        line.connection.delete()
    assert not host.saw


def test_a_host_without_a_good_certificate_is_refused(host: LittleMail) -> None:
    """Neither password nor mail goes over such a line."""
    for security in ("tls", "starttls"):
        line = Line(host, smtp_security=security)
        with pytest.raises(Unreachable):
            line.connector.perform(line.call, intent())
        line.connection.delete()
    assert "AUTH" not in host.saw
    assert not host.taken


# --- looking for it ---
def test_a_lost_answer_is_looked_for_where_sent_mail_is_kept(line: Line) -> None:
    assert line.connector.find(line.call, intent(), SINCE) is None
    line.host.receive(raw(Message_ID=ID), "Sent")
    found = line.connector.find(line.call, intent(), SINCE)
    assert found is not None
    assert found.remote_id == ID


# --- reading ---
def read_all(line: Line, cursor: str | None) -> tuple[list[Any], str]:
    records: list[Any] = []
    while True:
        page = line.connector.list_messages(line.call, cursor, SINCE)
        records += page.items
        cursor = page.next_cursor
        if cursor is None:
            return records, page.resume


def test_every_mail_is_read_once_and_none_is_marked(line: Line) -> None:
    for number in range(25):
        line.host.receive(raw(f"Mail {number}", Message_ID=f"<in.{number}@mail.example>"))
    records, resume = read_all(line, None)
    assert [one.body_text for one in records] == [f"Mail {number}" for number in range(25)]
    assert read_all(line, resume)[0] == []
    line.host.receive(raw("Late", Message_ID="<late@mail.example>"))
    records, resume = read_all(line, resume)
    assert [one.body_text for one in records] == ["Late"]
    assert not [one for one in line.host.saw if one.startswith(("SELECT", "UID STORE"))]
    assert all("PEEK" in one for one in line.host.saw if "BODY" in one)


def test_a_mail_that_shows_itself_late_under_a_smaller_number_is_read(line: Line) -> None:
    line.host.folders["INBOX"].mails[5] = raw("Five", Message_ID="<5@mail.example>")
    _, resume = read_all(line, None)
    line.host.folders["INBOX"].mails[3] = raw("Three", Message_ID="<3@mail.example>")
    assert [one.body_text for one in read_all(line, resume)[0]] == ["Three"]


def test_a_folder_with_new_numbers_is_read_again(line: Line) -> None:
    line.host.receive(raw("One"))
    _, resume = read_all(line, None)
    line.host.folders["INBOX"] = Folder(validity=8, mails={1: raw("Another", Message_ID="<2@mail.example>")})
    records, resume = read_all(line, resume)
    assert [one.body_text for one in records] == ["Another"]
    assert Cursor.read(resume).folders["INBOX"].validity == 8


def test_what_staff_sent_from_a_mail_program_and_bounces_come_along(line: Line) -> None:
    line.connector.perform(line.call, intent())
    line.host.receive(
        raw("By hand", From="stay@hotel.example", To="jo@mail.example", Message_ID="<hand@x>"), "Sent"
    )
    line.host.receive(fixture("authored_email_dsn_failed.eml"))
    records, _ = read_all(line, None)
    bounce, sent = records
    assert isinstance(bounce, DeliveryReport)
    assert bounce.external_id == "<out.1@hotel.example>"
    assert isinstance(sent, DirectMessageRecord)
    assert (sent.direction, sent.body_text) == (Direction.OUTBOUND, "By hand")


def test_files_are_fetched_from_the_mail(line: Line) -> None:
    parts = (
        "--b\r\nContent-Type: text/plain\r\n\r\nSee\r\n"
        "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=a.png\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--b--\r\n"
    )
    line.host.receive(raw(parts, Content_Type="multipart/mixed; boundary=b"))
    [record], _ = read_all(line, None)
    [file] = record.attachments
    assert line.connector.fetch(line.call, file).content == b"\x89PNG"
    line.host.folders["INBOX"].validity = 9
    with pytest.raises(NotFound):
        line.connector.fetch(line.call, file)
    with pytest.raises(NotFound):
        line.connector.fetch(
            line.call, AttachmentRecord(external_id="part:1", url="imap://evil.example/INBOX")
        )


def test_a_mail_that_is_too_large_holds_up_nothing(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.channels.mail.mailbox.MAX_MAIL", 2000)
    line.host.receive(raw("x" * 5000))
    line.host.receive(raw("Small", Message_ID="<small@mail.example>"))
    records, resume = read_all(line, None)
    assert [one.body_text for one in records] == ["Small"]
    assert read_all(line, resume)[0] == []


# --- the account ---
def test_both_ways_in_are_tried(line: Line) -> None:
    assert line.connector.ping(line.call) == "stay@hotel.example"
    assert {"LOGIN", "AUTH"} <= set(line.host.saw)


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"smtp_password": "wrong"}])
def test_wrong_credentials_are_told(host: LittleMail, changes: dict[str, str]) -> None:
    line = Line(host, **changes)
    with pytest.raises(NotAuthorized):
        line.connector.ping(line.call)


def test_nobody_there_is_unreachable(line: Line, settings: Any) -> None:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1:9"]
    line.connector.told = {**line.connector.told, "imap_port": "9"}
    with pytest.raises(Unreachable):
        line.connector.ping(line.call)
    assert not line.connector.is_ours("imap://127.0.0.1:10/INBOX")


@pytest.mark.parametrize(
    "cursor", ["", "{", "[]", '{"folders": {"INBOX": 3}}', '{"folders": {"INBOX": {"seen": ["x"]}}}']
)
def test_an_odd_cursor_begins_anew(cursor: str) -> None:
    assert Cursor.read(cursor).folders.get("INBOX") is None or Cursor.read(cursor).folders["INBOX"].last == 0
