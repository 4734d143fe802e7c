"""What Postmark posts: mails that came in, and what became of those that went out."""

import base64
import secrets
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr

from connectors.sandbox.direct.esp.reading import Part, parts, stripped
from connectors.sandbox.direct.mail.office import header, parsed
from connectors.sandbox.direct.mail.writing import html_of, text_of
from connectors.sandbox.direct.postmark.house import SERVER_ID
from connectors.sandbox.records import Json

_OWN_FIELDS = frozenset({"from", "to", "cc", "bcc", "subject", "date", "reply-to", "content-type"})


def inbound(sender: str, recipient: str, raw: bytes, key: str, *, with_raw: bool) -> Json:
    """A mail that came in; `RawEmail` beside the parsed parts where that is configured."""
    mail = parsed(raw)
    to, cc = people(header(mail, "To")), people(header(mail, "Cc"))
    known = {row["Email"].casefold() for row in (*to, *cc)}
    value: Json = {
        "FromName": parseaddr(header(mail, "From"))[0],
        "From": parseaddr(header(mail, "From"))[1],
        "FromFull": next(iter(people(header(mail, "From"))), None),
        "To": header(mail, "To"),
        "ToFull": to,
        "Cc": header(mail, "Cc"),
        "CcFull": cc,
        "Bcc": "",
        "BccFull": [] if recipient.casefold() in known else people(recipient),
        "OriginalRecipient": recipient,
        "ReplyTo": header(mail, "Reply-To"),
        "Subject": header(mail, "Subject"),
        "MessageID": key,
        "MessageStream": "inbound",
        "Date": header(mail, "Date"),
        "MailboxHash": mailbox_hash(recipient),
        "TextBody": text_of(mail) if mail.get_body(("plain",)) else "",
        "HtmlBody": html_of(mail),
        "StrippedTextReply": stripped(text_of(mail)),
        "Tag": "",
        "Headers": _headers(sender, mail),
        "Attachments": [_attachment(part) for part in parts(mail)],
    }
    return value | ({"RawEmail": raw.decode("utf-8", "replace")} if with_raw else {})


def people(text: str) -> list[Json]:
    """Addresses as Postmark shows them."""
    return [
        {"Email": address, "Name": name, "MailboxHash": mailbox_hash(address)}
        for name, address in getaddresses([text])
        if address
    ]


def mailbox_hash(address: str) -> str:
    """What stands behind the plus."""
    return address.partition("@")[0].partition("+")[2]


def _headers(sender: str, mail: EmailMessage) -> list[Json]:
    """Return-Path is put in front; what has a field of its own is left out."""
    rows = [{"Name": "Return-Path", "Value": f"<{sender}>"}]
    rows += [{"Name": "X-Spam-Status", "Value": "No"}, {"Name": "X-Spam-Score", "Value": "0.1"}]
    return rows + [
        {"Name": name, "Value": header(mail, name)}
        for name in dict.fromkeys(mail.keys())
        if name.casefold() not in _OWN_FIELDS
    ]


def _attachment(part: Part) -> Json:
    return {
        "Name": part.name,
        "Content": base64.b64encode(part.data).decode(),
        "ContentType": part.mime,
        "ContentLength": len(part.data),
        "ContentID": part.content_id,
    }


def delivery(sent: Json, recipient: str, at: str) -> Json:
    """The recipient's server has taken it."""
    return _tracked("Delivery", sent) | {
        "Recipient": recipient,
        "DeliveredAt": at,
        "Details": "smtp;250 2.0.0 OK",
    }


def bounce(sent: Json, recipient: str, at: str, details: str, *, soft: bool) -> Json:
    """The recipient's server refused it."""
    names = ("SoftBounce", 4096, "Soft bounce") if soft else ("HardBounce", 1, "Hard bounce")
    what = "mailbox full" if soft else "unknown user, mailbox not found"
    return _tracked("Bounce", sent) | {
        "ID": secrets.randbelow(10**9) + 10**9,
        "Type": names[0],
        "TypeCode": names[1],
        "Name": names[2],
        "Description": f"The server was unable to deliver your message (ex: {what}).",
        "Details": f"smtp;{details}",
        "Email": recipient,
        "From": sent["From"],
        "BouncedAt": at,
        "DumpAvailable": True,
        "Inactive": not soft,
        "CanActivate": True,
        "Subject": sent["Subject"],
        "Content": "",
    }


def complaint(sent: Json, recipient: str, at: str) -> Json:
    """The recipient called it spam."""
    return _tracked("SpamComplaint", sent) | {
        "ID": secrets.randbelow(10**9) + 10**9,
        "Type": "SpamComplaint",
        "TypeCode": 512,
        "Name": "Spam complaint",
        "Description": "The subscriber explicitly marked this message as spam.",
        "Details": "",
        "Email": recipient,
        "From": sent["From"],
        "BouncedAt": at,
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": False,
        "Subject": sent["Subject"],
        "Content": "",
    }


def _tracked(kind: str, sent: Json) -> Json:
    """What all reports have."""
    server = "ServerId" if kind == "Delivery" else "ServerID"
    return {
        "RecordType": kind,
        server: SERVER_ID,
        "MessageStream": sent.get("MessageStream", "outbound"),
        "MessageID": sent["MessageID"],
        "Tag": sent.get("Tag", ""),
        "Metadata": sent.get("Metadata", {}),
    }
