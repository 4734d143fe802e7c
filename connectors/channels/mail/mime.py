"""Taking a mail apart: headers, the text and HTML that are its words, and files by their place. Nothing in a mail can
break it: what is odd is read as far as it goes."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from typing import Any, Final, TypeAlias

from connectors.contract.channel import Media
from connectors.contract.errors import NotFound
from connectors.contract.records import AttachmentRecord

Mail: TypeAlias = "Message[str, str]"

PART: Final = "part:"
MAX_PARTS: Final = 200
MAX_TEXT: Final = 1_000_000
_ERRORS = (HeaderParseError, LookupError, ValueError, TypeError, AttributeError, binascii.Error)
_ANGLES: Final = "<>"


@dataclass(frozen=True, slots=True)
class Words:
    text: str
    html: str
    files: tuple[AttachmentRecord, ...]


def open_mail(raw: bytes) -> Mail:
    """Never raises: any bytes are a mail of some kind."""
    return message_from_bytes(raw)


def header(mail: Mail, name: str) -> str:
    """The first header of that name, decoded, on one line."""
    return next(iter(headers(mail, name)), "")


def headers(mail: Mail, name: str) -> list[str]:
    return [" ".join(_decoded(str(value)).split()) for value in mail.get_all(name) or []]


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except _ERRORS:
        return value.encode("utf-8", "replace").decode("utf-8", "replace")


def moment_of(mail: Mail) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header(mail, "Date"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


# --- parts ---
def leaves(mail: Mail) -> Iterator[tuple[int, Mail]]:
    """Everything that holds bytes, with its place. A mail within the mail is one of them and is not opened."""
    waiting: list[Any] = [mail]
    place = 0
    while waiting and place < MAX_PARTS:
        part = waiting.pop(0)
        inner = part.get_payload() if part.is_multipart() else None
        if isinstance(inner, list) and part.get_content_type() != "message/rfc822":
            waiting = [one for one in inner if isinstance(one, Message)] + waiting
            continue
        yield place, part
        place += 1


def words_of(mail: Mail) -> Words:
    """The first text and the first HTML that are no files are the words; everything else is a file."""
    text: str | None = None
    html: str | None = None
    files: list[AttachmentRecord] = []
    for place, part in leaves(mail):
        kind = part.get_content_type()
        is_file = bool(file_name(part)) or part.get_content_disposition() == "attachment"
        if kind == "text/plain" and not is_file and text is None:
            text = text_of(part)
        elif kind == "text/html" and not is_file and html is None:
            html = text_of(part)
        elif kind == "text/plain" and not is_file and text is not None:
            text = f"{text}\n{text_of(part)}"[:MAX_TEXT]  # Apple's mails: words between pictures
        else:
            files.append(_file(place, part))
    return Words(text or "", html or "", tuple(files))


def text_of(part: Mail) -> str:
    content = bytes_of(part)
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return content.decode(charset)[:MAX_TEXT].replace("\r\n", "\n").replace("\0", "")
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1")[:MAX_TEXT].replace("\r\n", "\n").replace("\0", "")


def bytes_of(part: Mail) -> bytes:
    try:
        if part.is_multipart():
            inner = part.get_payload()
            return b"".join(one.as_bytes() for one in inner if isinstance(one, Message))
        found = part.get_payload(decode=True)
        return found if isinstance(found, bytes) else b""
    except _ERRORS:
        return str(part.get_payload()).encode("utf-8", "replace")


def file_name(part: Mail) -> str:
    try:
        given = part.get_filename()
        name = _decoded(collapse_rfc2231_value(given)) if given else ""
    except _ERRORS:
        return ""
    return " ".join(name.replace("\\", "/").rsplit("/", 1)[-1].split())[:200]


def _file(place: int, part: Mail) -> AttachmentRecord:
    kind = part.get_content_type()
    inner = part.get_payload() if kind == "message/rfc822" else None
    if isinstance(inner, list) and inner and isinstance(inner[0], Message):
        name = f"{header(inner[0], 'Subject')[:100] or 'mail'}.eml"
    else:
        name = file_name(part)
    return AttachmentRecord(
        external_id=f"{PART}{place}",
        name=name,
        mime_type=kind,
        size=len(bytes_of(part)),
        content_id=header(part, "Content-ID").strip(_ANGLES),
    )


def part_of(mail: Mail, external_id: str) -> Media:
    """The bytes of a file by its place. Raises NotFound."""
    for place, part in leaves(mail):
        if external_id == f"{PART}{place}":
            return Media(content=bytes_of(part), mime_type=part.get_content_type(), name=file_name(part))
    raise NotFound(detail=external_id, code="no_part")
