"""What Brevo posts: events (https://developers.brevo.com/docs/transactional-webhooks), and mail that came in
(https://developers.brevo.com/docs/inbound-parse-webhooks)."""

from collections import defaultdict
from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from connectors.sandbox.direct.brevo.house import WEBHOOK_ID
from connectors.sandbox.direct.esp.reading import headers, html, parts, people, plain, stripped
from connectors.sandbox.direct.esp.records import Received, Sent
from connectors.sandbox.direct.mail.office import header, parsed
from connectors.sandbox.direct.mail.writing import text_of
from connectors.sandbox.records import Json

_PARIS = ZoneInfo("Europe/Paris")
_SPARSE = frozenset({"spam"})
_CUSTOM = "X-Mailin-custom"


def event(kind: str, sent: Sent, recipient: str, now: datetime) -> Json:
    """One event of one recipient; `date` is in Paris, `ts_epoch` in milliseconds. Complaints say little."""
    value: Json = {
        "event": kind,
        "email": recipient,
        "id": WEBHOOK_ID,
        "date": now.astimezone(_PARIS).strftime("%Y-%m-%d %H:%M:%S"),
        "ts": int(now.timestamp()),
        "message-id": sent.id,
        "ts_event": int(now.timestamp()),
        "tags": sent.fields["tags"],
    }
    if custom := sent.fields.get(_CUSTOM):
        value[_CUSTOM] = custom
    if kind not in _SPARSE:
        value |= {
            "subject": sent.fields["subject"],
            "sending_ip": "192.0.2.25",
            "ts_epoch": int(now.timestamp() * 1000),
            "contact_id": 0,
        }
    return value


def received(row: Received) -> Json:
    """One item. `Recipients` are texts, as in the sample of the vendor's page, not objects as in its table."""
    mail = parsed(row.data)
    text = text_of(mail)
    return {
        "Uuid": [row.id],
        "MessageId": header(mail, "Message-ID"),
        "InReplyTo": header(mail, "In-Reply-To") or None,
        "From": next(iter(_people(mail, "From")), None),
        "To": _people(mail, "To"),
        "Recipients": [row.recipient],
        "Cc": _people(mail, "Cc"),
        "ReplyTo": next(iter(_people(mail, "Reply-To")), None),
        "SentAtDate": header(mail, "Date"),
        "Subject": header(mail, "Subject"),
        "RawHtmlBody": html(mail),
        "RawTextBody": plain(mail),
        "ExtractedMarkdownMessage": stripped(text),
        "ExtractedMarkdownSignature": None,
        "SpamScore": 0.1,
        "Attachments": _files(row, mail),
        "Headers": _headers(mail),
    }


def _people(mail: EmailMessage, name: str) -> list[Json]:
    return [{"Name": who or None, "Address": address} for who, address in people(mail, name)]


def _files(row: Received, mail: EmailMessage) -> list[Json]:
    """Without their bytes: a token leads to them."""
    return [
        {
            "Name": part.name,
            "ContentType": part.mime,
            "ContentLength": len(part.data),
            "ContentID": part.content_id or None,
            "DownloadToken": token,
        }
        for token, part in zip(row.extra["tokens"], parts(mail), strict=True)
    ]


def _headers(mail: EmailMessage) -> Json:
    """A text each; a list where there are several of a name."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in headers(mail):
        found[name].append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
