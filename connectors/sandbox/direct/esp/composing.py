"""The mail that goes out, made of what a provider's call says."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import formataddr

from connectors.sandbox.direct.records import File
from connectors.sandbox.records import Json

_OWN = frozenset({"from", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version"})


@dataclass(frozen=True)
class Enclosure:
    """A file; with a `content_id` it belongs into the HTML."""

    file: File
    content_id: str = ""


@dataclass(frozen=True)
class Draft:
    """A mail without what the provider adds. Addresses are texts as in headers."""

    sender: str
    subject: str
    to: str = ""
    cc: str = ""
    reply_to: str = ""
    text: str = ""
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    enclosures: Sequence[Enclosure] = ()


def compose(draft: Draft, message_id: str, date: str) -> EmailMessage:
    """The mail. Headers that have a field of their own, or that the provider sets, aren't taken from the others."""
    mail = EmailMessage(policy=POLICY)
    fields = {"From": draft.sender, "To": draft.to, "Cc": draft.cc, "Subject": draft.subject}
    for name, value in (fields | {"Reply-To": draft.reply_to}).items():
        if value:
            mail[name] = value
    for name, value in draft.headers.items():
        if name.casefold() not in _OWN and name not in mail:
            mail[name] = value
    mail["Message-ID"] = message_id
    mail["Date"] = date
    mail.set_content(draft.text or draft.html, subtype="plain" if draft.text else "html")
    if draft.text and draft.html:
        mail.add_alternative(draft.html, subtype="html")
    for row in draft.enclosures:
        _enclose(mail, row)
    return mail


def _enclose(mail: EmailMessage, row: Enclosure) -> None:
    main, _, sub = row.file.mime.partition(";")[0].partition("/")
    where: Json = {}
    if row.content_id:
        where = {"cid": f"<{row.content_id.removeprefix('cid:').strip('<>')}>", "disposition": "inline"}
    mail.add_attachment(
        row.file.data,
        maintype=main,
        subtype=sub or "octet-stream",
        filename=row.file.filename or "file",
        **where,
    )


def decoded(content: object) -> bytes:
    """The bytes of a file in base64. Raises ValueError."""
    try:
        return base64.b64decode(str(content or ""), validate=False)
    except binascii.Error:
        raise ValueError("not base64") from None


def written(name: str, address: str) -> str:
    """A person as in a header."""
    return formataddr((name, address)) if name else address
