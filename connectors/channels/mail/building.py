"""A mail to be sent, as bytes: RFC 5322 and MIME. No value can add a header of its own: breaks are taken out, and what
is written by hand is checked sign by sign."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

from connectors.channels.mail.addresses import capped, fold, ids_in
from connectors.channels.mail.automatic import LOOP, REFERENCE
from connectors.contract.errors import Rejected
from connectors.contract.intents import Mail, OutFile, SendDirect

_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PLAIN: Final = re.compile(r"^[\x21-\x7e ]*$")
_TYPE: Final = re.compile(r"^[a-z]+/[a-z0-9.+-]+$")


def build(intent: SendDirect, own: str, instance: str, read: Callable[[str], bytes], at: datetime) -> bytes:
    """Raises Rejected for what can't be written."""
    mail = intent.mail
    if mail is None:
        raise Rejected("An e-mail needs a subject.", code="no_mail")
    to, sender = fold(intent.to), fold(own)
    if not (to.isascii() and sender.isascii() and to and sender):
        raise Rejected("This e-mail address can't be written to.", code="bad_address")
    message = EmailMessage(policy=SMTP)
    message["From"] = HeaderAddress(display_name=one_line(mail.from_name), addr_spec=sender)
    message["To"] = to
    message["Subject"] = one_line(mail.subject)
    message.set_content(_body(intent.body), cte=None)
    if mail.html:
        message.add_alternative(_body(mail.html), subtype="html")
    for file in intent.files:
        _attach(message, file, read(file.key))
    return by_hand(intent, mail, instance, at) + bytes(message)


def by_hand(intent: SendDirect, mail: Mail, instance: str, at: datetime) -> bytes:
    """Headers of ids and addresses, which no program may re-code when it folds them."""
    lines = [("Date", format_datetime(at)), ("Message-ID", _id(mail.message_id))]
    if mail.answers:
        lines.append(("In-Reply-To", _id(mail.answers)))
    references = capped([one for given in (*mail.references, mail.answers) for one in ids_in(given)])
    if references:
        lines.append(("References", "\r\n ".join(references)))
    if mail.reply_to:
        lines.append(("Reply-To", f"<{fold(mail.reply_to)}>"))
    if mail.unsubscribe_url:
        lines.append(("List-Unsubscribe", f"<{mail.unsubscribe_url}>"))
        lines.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    if intent.automatic:
        lines.append(("Auto-Submitted", "auto-replied" if mail.answer else "auto-generated"))
        lines.append(("X-Auto-Response-Suppress", "OOF, AutoReply"))
    lines += [(LOOP, instance), (REFERENCE, intent.reference)]
    for name, value in lines:
        if not all(_PLAIN.match(part) for part in value.split("\r\n ")):
            raise Rejected(
                "Something in the mail's headers can't be written.", code="bad_header", detail=name
            )
    return "".join(f"{name}: {value}\r\n" for name, value in lines).encode("ascii")


def one_line(value: str) -> str:
    return _BREAKS.sub(" ", _sound(value)).strip()[:900]


def _sound(text: str) -> str:
    """Without halves of letters, which no encoding has."""
    return text.encode("utf-8", "replace").decode()


def _body(text: str) -> str:
    return _sound(text).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _id(given: str) -> str:
    found = ids_in(given)
    if len(found) != 1:
        raise Rejected("The mail's id is none.", code="bad_header")
    return found[0]


def _attach(message: EmailMessage, file: OutFile, content: bytes) -> None:
    kind = file.mime_type.lower() if _TYPE.match(file.mime_type.lower()) else "application/octet-stream"
    if kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"
    maintype, _, subtype = kind.partition("/")
    message.add_attachment(
        content, maintype=maintype, subtype=subtype, filename=one_line(file.name) or "file"
    )


def instance_of(hook_url: str) -> str:
    """Our mark against loops: the same for all mail of one Bellhop."""
    return hashlib.sha256(f"bellhop:{urlsplit(hook_url).netloc}".encode()).hexdigest()[:24]
