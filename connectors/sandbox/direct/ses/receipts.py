"""What SES tells of mail that came in (…/ses/latest/dg/receiving-email-notifications-contents.html)."""

import base64

from connectors.sandbox.direct.esp.composing import written
from connectors.sandbox.direct.esp.reading import headers, people
from connectors.sandbox.direct.esp.records import Received
from connectors.sandbox.direct.mail.office import header, parsed
from connectors.sandbox.records import Json

MOST_IN_MESSAGE = 150 * 1024
"""Bytes of a mail that an SNS action publishes; a larger one bounces (…/receiving-email-action-sns.html)."""
_COMMON = (("From", "from"), ("To", "to"), ("Cc", "cc"), ("Reply-To", "replyTo"))


def arrived(sender: str, recipient: str, raw: bytes, key: str, date: str, *, forged: bool) -> bytes:
    """The mail with what SES puts on top."""
    result, domain = ("fail" if forged else "pass"), sender.partition("@")[2] or "unknown.example"
    top = (
        f"Return-Path: <{sender}>\r\n"
        f"Received: from mx.{domain} by inbound-smtp.us-east-1.amazonaws.com with SMTP id {key}\r\n"
        f" for {recipient};\r\n {date}\r\n"
        f"X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\n"
        f"Authentication-Results: amazonses.com; spf={result} smtp.mailfrom={sender}; dkim={result}; dmarc={result}\r\n"
    )
    return top.encode() + raw


def received(mail: Received, action: Json, at: str, *, forged: bool) -> Json:
    """The notification, without the content."""
    verdict = {"status": "FAIL" if forged else "PASS"}
    return {
        "notificationType": "Received",
        "mail": _mail(mail),
        "receipt": {
            "timestamp": at,
            "processingTimeMillis": 222,
            "recipients": [mail.recipient],
            "spamVerdict": {"status": "PASS"},
            "virusVerdict": {"status": "PASS"},
            "spfVerdict": verdict,
            "dkimVerdict": verdict,
            "dmarcVerdict": verdict,
            **({"dmarcPolicy": "none"} if forged else {}),
            "action": action,
        },
    }


def content(raw: bytes, encoding: str) -> str:
    """The mail within the notification."""
    return base64.b64encode(raw).decode() if encoding == "Base64" else raw.decode("utf-8", "replace")


def _mail(row: Received) -> Json:
    mail = parsed(row.data)
    common: Json = {"returnPath": row.sender, "date": header(mail, "Date")}
    for name, key in _COMMON:
        if name in mail:
            common[key] = [written(who, address) for who, address in people(mail, name)]
    return {
        "timestamp": row.received_at,
        "source": row.sender,
        "messageId": row.id,
        "destination": [address for name in ("To", "Cc") for _, address in people(mail, name)]
        or [row.recipient],
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in headers(mail)],
        "commonHeaders": common
        | {"messageId": header(mail, "Message-ID"), "subject": header(mail, "Subject")},
    }
