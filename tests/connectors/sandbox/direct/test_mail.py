"""Mail over real SMTP and IMAP: what arrives, what comes back, what guests answer, and Postmark's way."""

import base64
import imaplib
import smtplib
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from imap_tools import AND, MailBoxUnencrypted, MailMessageFlags, U

from tests.connectors.sandbox.harness import PICTURE, Endpoint, Sandbox, wait_for

HOTEL, MARIA = "stay@harbour-house.example", "maria.l@nordvik.example"
TOKEN = "5a0db0c5-5a0d-4b0c-8a0d-5a0db0c5a0d5"
FILE = {"mime": "image/png", "filename": "view.png", "data": base64.b64encode(PICTURE).decode()}


class Hotel:
    """The hotel's mail program."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.at = sandbox.control("GET", "/mail")

    def mail(self, to: str = MARIA, **headers: str) -> EmailMessage:
        mail = EmailMessage()
        fields = {
            "From": f"Harbour House <{HOTEL}>",
            "To": to,
            "Subject": "Your stay",
            "Message-ID": "<out.1@x.example>",
        }
        for name, value in (fields | headers).items():
            mail[name.replace("_", "-")] = value
        mail.set_content("When do you arrive?")
        mail.add_alternative("<p>When do you <b>arrive</b>?</p><script>x</script>", subtype="html")
        return mail

    def send(self, mail: EmailMessage, *also: str) -> None:
        with smtplib.SMTP(self.at["host"], self.at["smtp_port"], timeout=10) as smtp:
            smtp.login(HOTEL, "sandbox-mail")
            smtp.sendmail(HOTEL, [mail["To"], *also], mail.as_bytes())

    def imap(self) -> Any:
        return MailBoxUnencrypted(self.at["host"], self.at["imap_port"]).login(HOTEL, "sandbox-mail")

    def inbox(self) -> list[Any]:
        with self.imap() as box:
            return list(box.fetch(mark_seen=False))

    def letters(self, address: str) -> list[Any]:
        found: list[Any] = self.sandbox.control("GET", f"/mail/{address}/letters")["letters"]
        return found


@pytest.fixture
def hotel(town: Sandbox) -> Hotel:
    return Hotel(town)


@pytest.mark.parametrize("style", ["gmail", "outlook", "apple"])
def test_a_guest_answers_in_the_thread(hotel: Hotel, town: Sandbox, style: str) -> None:
    hotel.send(hotel.mail(Reply_To="stay+tok@harbour-house.example", References="<out.0@x.example>"))
    [letter] = hotel.letters(MARIA)
    assert (letter["message_id"], letter["text"]) == ("<out.1@x.example>", "When do you arrive?")
    shown = town.http.get(letter["html"])
    assert "sandbox allow-popups" in shown.headers["content-security-policy"]
    assert "; default-src 'none'; " in shown.headers["content-security-policy"]
    town.control(
        "POST",
        f"/mail/{MARIA}/reply",
        letter=letter["id"],
        text="See you at five.",
        style=style,
        files=[FILE],
    )
    [answer] = hotel.inbox()
    assert answer.headers["delivered-to"] == ("stay+tok@harbour-house.example",)
    assert answer.headers["in-reply-to"] == ("<out.1@x.example>",)
    assert answer.headers["references"] == ("<out.0@x.example> <out.1@x.example>",)
    assert [(file.filename, file.payload) for file in answer.attachments] == [("view.png", PICTURE)]
    marks = {"gmail": "gmail_quote", "outlook": "divRplyFwdMsg", "apple": 'blockquote type="cite"'}
    assert marks[style] in answer.html
    assert ("> When do you arrive?" in answer.text) == (style != "outlook")


def test_who_may_send(hotel: Hotel) -> None:
    with smtplib.SMTP(hotel.at["host"], hotel.at["smtp_port"], timeout=10) as smtp:
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            smtp.sendmail(HOTEL, [MARIA], b"x")
        smtp.rset()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login(HOTEL, "wrong")
        smtp.login(HOTEL, "sandbox-mail")
        with pytest.raises(smtplib.SMTPSenderRefused, match="553"):
            smtp.sendmail("someone@elsewhere.example", [MARIA], b"x")
    with pytest.raises(imaplib.IMAP4.error):
        imaplib.IMAP4(hotel.at["host"], hotel.at["imap_port"]).login(HOTEL, "wrong")


def test_bounces_and_machine_answers(hotel: Hotel, town: Sandbox) -> None:
    town.control("PATCH", "/mail/eva.n@post.example", state="full")
    town.control("PATCH", f"/mail/{MARIA}", away="I am away until 1 December.")
    hotel.send(hotel.mail(), "nobody@post.example", "eva.n@post.example")
    away, hard, soft = hotel.inbox()
    assert away.headers["auto-submitted"] == ("auto-replied",)
    assert away.headers["return-path"] == ("<>",)
    for mail, status, who in ((hard, "5.1.1", "nobody"), (soft, "5.2.2", "eva.n")):
        assert mail.obj.get_content_type() == "multipart/report"
        report = message_from_bytes(mail.obj.as_bytes()).get_payload()
        fields = str(report[1])
        assert f"Status: {status}" in fields
        assert f"Final-Recipient: rfc822; {who}@post.example" in fields
        assert report[2].get_payload()[0]["Message-ID"] == "<out.1@x.example>"
    hotel.send(hotel.mail(X_Auto_Response_Suppress="OOF, AutoReply"))
    assert len(hotel.inbox()) == 3
    town.control("POST", "/mail/complain", letter=hotel.letters(MARIA)[0]["id"])
    assert hotel.inbox()[-1].obj.get_param("report-type") == "feedback-report"


def test_reading_by_imap(hotel: Hotel, town: Sandbox) -> None:
    for number in range(3):
        town.control("POST", f"/mail/{MARIA}/send", subject=f"Mail {number}", text="Grüße")
    with hotel.imap() as box:
        assert [mail.uid for mail in box.fetch(AND(uid=U("2", "*")), mark_seen=False)] == ["2", "3"]
        assert box.uids(AND(seen=False, subject="Mail 1")) == ["2"]
        box.flag(["2"], [MailMessageFlags.SEEN], True)
        assert box.uids(AND(seen=False)) == ["1", "3"]
        box.append(hotel.mail().as_bytes(), "Sent", flag_set=[MailMessageFlags.SEEN])
        box.idle.start()
        town.control("POST", f"/mail/{MARIA}/send", subject="News", text="x", forged=True)
        assert box.idle.poll(timeout=10) == [b"* 4 EXISTS"]
        box.idle.stop()
        [news] = box.fetch(AND(subject="News"), mark_seen=False)
        assert "dmarc=fail" in news.headers["authentication-results"][0]
        box.delete(["1"])
        assert box.uids() == ["2", "3", "4"]
        before = box.folder.status("INBOX")
        town.control("POST", f"/mail/{HOTEL}/renumber")
        after = box.folder.status("INBOX")
        assert (after["UIDNEXT"], after["UIDVALIDITY"] != before["UIDVALIDITY"]) == (4, True)
        box.folder.set("Sent")
        assert [mail.subject for mail in box.fetch()] == ["Your stay"]


def test_faults_of_the_servers(hotel: Hotel, town: Sandbox) -> None:
    town.control("PUT", "/mail/faults/cut_after_work", count=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        hotel.send(hotel.mail())
    assert len(hotel.letters(MARIA)) == 1, "it had been taken before the line was cut"
    town.control("PUT", "/mail/faults/error_after_work", count=1)
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        hotel.send(hotel.mail())
    town.control("PUT", "/mail/faults/down", path="/imap")
    with pytest.raises(imaplib.IMAP4.error):
        hotel.imap()
    hotel.send(hotel.mail())
    town.control("DELETE", "/mail/faults")
    assert hotel.inbox() == []


def test_unsubscribing_with_one_click(hotel: Hotel, town: Sandbox, endpoint: Endpoint) -> None:
    marked = {
        "List_Unsubscribe": f"<{endpoint.url}/u/1>",
        "List_Unsubscribe_Post": "List-Unsubscribe=One-Click",
    }
    hotel.send(hotel.mail(**marked))
    told = town.control("POST", "/mail/unsubscribe", letter=hotel.letters(MARIA)[0]["id"])
    assert (told["status"], endpoint.paths) == (204, ["/hooks/u/1"])
    assert b'name="List-Unsubscribe"\r\n\r\nOne-Click' in endpoint.got[0][1]


def postmark(town: Sandbox, **fields: Any) -> httpx.Response:
    message = {"From": f"Harbour House <{HOTEL}>", "To": MARIA, "Subject": "Your stay", "TextBody": "Hello"}
    headers = {"x-postmark-server-token": TOKEN}
    return town.http.post("/postmark/email", json=message | fields, headers=headers)


def test_postmark(hotel: Hotel, town: Sandbox, endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: 200
    address = endpoint.url.replace("//", "//bellhop:secret@")
    town.control("POST", "/postmark/webhooks-to", inbound_url=address, tracking_url=f"{address}/tracking")
    headers = [{"Name": "Message-ID", "Value": "<ours@x.example>"}, {"Name": "X-Bellhop-Loop", "Value": "1"}]
    sent = postmark(
        town,
        Headers=headers,
        ReplyTo="reply+tok@inbound.harbour-house.example",
        Tag="stay",
        Metadata={"m": "7"},
    )
    answer = sent.json()
    assert (answer["ErrorCode"], answer["Message"], answer["To"]) == (0, "OK", MARIA)
    [letter] = hotel.letters(MARIA)
    assert letter["message_id"] == f"<{answer['MessageID']}@mtasv.net>", "Postmark's own, without X-PM-KeepID"
    wait_for(lambda: endpoint.got)
    [delivered] = endpoint.bodies()
    assert (delivered["RecordType"], delivered["Recipient"]) == ("Delivery", MARIA)
    assert (delivered["MessageID"], delivered["Metadata"]) == (answer["MessageID"], {"m": "7"})
    login = "Basic " + base64.b64encode(b"bellhop:secret").decode()
    assert (endpoint.got[0][0]["authorization"], endpoint.paths[0]) == (login, "/hooks/tracking")
    town.control("POST", f"/mail/{MARIA}/reply", letter=letter["id"], text="At five.", files=[FILE])
    wait_for(lambda: len(endpoint.got) == 2)
    inbound = endpoint.bodies()[1]
    assert (inbound["OriginalRecipient"], inbound["MailboxHash"]) == (
        "reply+tok@inbound.harbour-house.example",
        "tok",
    )
    assert (inbound["StrippedTextReply"], inbound["Attachments"][0]["Name"]) == ("At five.", "view.png")
    assert inbound["Headers"][0] == {"Name": "Return-Path", "Value": f"<{MARIA}>"}
    assert inbound["RawEmail"].startswith("Message-ID:")
    town.control("POST", "/mail/complain", letter=letter["id"])
    wait_for(lambda: len(endpoint.got) == 3)
    assert endpoint.bodies()[2]["RecordType"] == "SpamComplaint"
    refused = postmark(town)
    assert (refused.status_code, refused.json()["ErrorCode"]) == (422, 406)


def test_postmark_bounces_and_refusals(hotel: Hotel, town: Sandbox, endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: 200
    town.control("POST", "/postmark/webhooks-to", tracking_url=endpoint.url)
    assert postmark(town, To="nobody@post.example").json()["ErrorCode"] == 0
    [bounce] = wait_for(endpoint.bodies)
    assert (bounce["Type"], bounce["Email"], bounce["Inactive"]) == (
        "HardBounce",
        "nobody@post.example",
        True,
    )
    mixed = postmark(town, To=f"nobody@post.example, {MARIA}").json()
    assert "inactive addresses: nobody@post.example. Inactive recipients" in mixed["Message"]
    invalid = postmark(town, To="no address").json()
    assert (invalid["ErrorCode"], invalid["Message"].startswith("Error parsing 'To'")) == (300, True)
    assert postmark(town, From="x").json()["ErrorCode"] == 300
    assert town.http.post("/postmark/email", json={}).status_code == 401
    town.control("PUT", "/postmark/faults/error_after_work", count=1)
    assert postmark(town, Subject="Once").status_code == 500
    assert [letter["subject"] for letter in hotel.letters(MARIA)] == ["Once", "Your stay"]


def test_all_is_there_after_a_restart(own_sandbox: Sandbox, tmp_path: Path) -> None:
    phone = "+14015550142"
    own_sandbox.control("POST", "/phones/reset")
    own_sandbox.control("PATCH", "/phones/lines/+14155550160", inbound_url="http://127.0.0.1:9/x")
    own_sandbox.control("POST", f"/phones/{phone}/text", body="Hello")
    own_sandbox.control("PATCH", f"/phones/{phone}", airplane=True)
    own_sandbox.control("POST", f"/mail/{MARIA}/send", subject="Hello", text="x")
    with Hotel(own_sandbox).imap() as box:
        before = box.folder.status("INBOX")
    ports = own_sandbox.control("GET", "/mail")["smtp_port"]
    own_sandbox.stop()
    own_sandbox.start()
    assert own_sandbox.control("GET", "/mail")["smtp_port"] == ports == own_sandbox.port + 24
    lines = {line["id"]: line for line in own_sandbox.control("GET", "/phones")["lines"]}
    assert lines["+14155550160"]["inbound_url"] == "http://127.0.0.1:9/x"
    shown = own_sandbox.control("GET", f"/phones/{phone}/messages")
    assert ([row["body"] for row in shown["messages"]], shown["phone"]["airplane"]) == (["Hello"], True)
    with Hotel(own_sandbox).imap() as box:
        assert box.folder.status("INBOX") == before
