"""A mail that came in, taken apart as providers do."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses

from connectors.sandbox.direct.mail.office import header
from connectors.sandbox.direct.mail.writing import html_of, text_of

_QUOTED = ("mixed", "related", "report")


@dataclass(frozen=True)
class Part:
    """A file of a mail."""

    name: str
    mime: str
    data: bytes
    content_id: str
    disposition: str | None


def parts(mail: EmailMessage) -> list[Part]:
    """The files, inline ones included."""
    if mail.get_content_maintype() != "multipart" or mail.get_content_subtype() not in _QUOTED:
        return []
    return [_part(row) for row in _files(mail)]


def _files(mail: EmailMessage) -> Iterator[EmailMessage]:
    for row in mail.iter_attachments():
        if isinstance(row, EmailMessage):
            yield row


def _part(row: EmailMessage) -> Part:
    data = row.get_payload(decode=True)
    return Part(
        row.get_filename() or "file",
        row.get_content_type(),
        data if isinstance(data, bytes) else b"",
        str(row.get("Content-ID", "")).strip("<>"),
        row.get_content_disposition(),
    )


def people(mail: EmailMessage, name: str) -> list[tuple[str, str]]:
    """Names and addresses of a header."""
    return [(who, address) for who, address in getaddresses([header(mail, name)]) if address]


def headers(mail: EmailMessage) -> list[tuple[str, str]]:
    """Every header as one line, in order."""
    return [(name, str(value).replace("\r", "").replace("\n", " ").strip()) for name, value in mail.items()]


def plain(mail: EmailMessage) -> str | None:
    """The plain text, None if there is no such part."""
    return text_of(mail) if mail.get_body(("plain",)) else None


def html(mail: EmailMessage) -> str | None:
    """The HTML, None if there is no such part."""
    return html_of(mail) or None


def stripped(text: str) -> str:
    """The text above the quote."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith(">") or (line.startswith("On ") and line.rstrip().endswith("wrote:")):
            break
        lines.append(line)
    return "\n".join(lines).strip()
