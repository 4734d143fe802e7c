"""Writing mails as guests' programs and mail servers do: replies with quotes, reports, machine answers."""

import html
import re
import secrets
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import formataddr, parsedate_to_datetime

from connectors.sandbox.direct.records import File

GMAIL, OUTLOOK, APPLE = "gmail", "outlook", "apple"
STYLES = (GMAIL, OUTLOOK, APPLE)
_AUTOMATIC = ("auto-submitted", "list-id", "list-unsubscribe", "x-autoreply", "x-autorespond")
_SUPPRESSED = re.compile(r"\b(OOF|AutoReply|All)\b", re.IGNORECASE)
_PREFIX = re.compile(r"(re|aw|sv|odp)\s*:", re.IGNORECASE)


def new_message_id(address: str) -> str:
    """`<random@domain>`."""
    return f"<{secrets.token_urlsafe(18)}@mail.{address.partition('@')[2]}>"


def fresh(address: str, name: str, to: str, subject: str, date: str) -> EmailMessage:
    """A mail without content."""
    mail = EmailMessage(policy=POLICY)
    mail["Message-ID"] = new_message_id(address)
    mail["Date"] = date
    mail["From"] = formataddr((name, address))
    mail["To"] = to
    mail["Subject"] = subject
    return mail


def text_of(mail: EmailMessage) -> str:
    """What a person reads: the plain part, else the HTML without its tags."""
    part = mail.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, ValueError):
        return ""
    if part.get_content_subtype() == "html":
        content = html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"(?i)<br\s*/?>|</p>|</div>", "\n", content)))
    return content.replace("\r\n", "\n").strip()


def html_of(mail: EmailMessage) -> str:
    """The HTML part, empty if there is none."""
    part = mail.get_body(("html",))
    try:
        return str(part.get_content()) if part else ""
    except (LookupError, ValueError):
        return ""


def reply(mail: EmailMessage, address: str, name: str, text: str, style: str, date: str) -> EmailMessage:
    """A guest's answer to a mail: to its Reply-To, in its thread, with what was said quoted."""
    subject = str(mail.get("Subject", ""))
    prefix = "RE" if style == OUTLOOK else "Re"
    answer = fresh(
        address,
        name,
        str(mail.get("Reply-To") or mail.get("From", "")),
        subject if _PREFIX.match(subject) else f"{prefix}: {subject}",
        date,
    )
    parent = str(mail.get("Message-ID", ""))
    if parent:
        answer["In-Reply-To"] = parent
        answer["References"] = f"{mail.get('References', '')} {parent}".strip()
    if style == OUTLOOK:
        answer["Thread-Topic"] = subject
        answer.set_content(_outlook(mail, text), subtype="html")
    else:
        _quoted(answer, mail, text, style)
    return answer


def _quoted(answer: EmailMessage, mail: EmailMessage, text: str, style: str) -> None:
    said, who = text_of(mail), str(mail.get("From", ""))
    at = parsedate_to_datetime(str(mail["Date"])) if mail["Date"] else None
    form = "%a, %b %d, %Y at %I:%M %p" if style == GMAIL else "%d %b %Y, at %H:%M,"
    when = at.strftime(form).replace(" at 0", " at ") if at else "an earlier day"
    line = f"On {when} {who} wrote:"
    quoted = "\n".join(f"> {row}".rstrip() for row in said.splitlines())
    answer.set_content(f"{text}\n\n{line}\n\n{quoted}\n")
    inner = html_of(mail) or _as_html(said)
    top = f'<div dir="ltr">{_as_html(text)}</div><br>'
    if style == GMAIL:
        attribution = f'<div dir="ltr" class="gmail_attr">{html.escape(line)}<br></div>'
        quote = f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{inner}</blockquote>'
        body = f'{top}<div class="gmail_quote gmail_quote_container">{attribution}{quote}</div>'
    else:
        body = f'{top}<div>{html.escape(line)}</div><blockquote type="cite">{inner}</blockquote>'
    answer.add_alternative(body, subtype="html")


def _outlook(mail: EmailMessage, text: str) -> str:
    rows = "<br>".join(
        f"<b>{label}:</b> {html.escape(str(mail.get(name, '')))}"
        for label, name in (("From", "From"), ("Sent", "Date"), ("To", "To"), ("Subject", "Subject"))
    )
    return (
        f'<html><body><div>{_as_html(text)}</div><div id="appendonsend"></div>'
        f'<hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">{rows}</div>'
        f"<div>{html_of(mail) or _as_html(text_of(mail))}</div></body></html>"
    )


def _as_html(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def attach(mail: EmailMessage, files: Sequence[File]) -> None:
    """Add files."""
    for file in files:
        main, _, sub = file.mime.partition("/")
        mail.add_attachment(
            file.data, maintype=main, subtype=sub or "octet-stream", filename=file.filename or "file"
        )


def may_be_answered(mail: EmailMessage) -> bool:
    """Whether a machine may answer (RFC 3834): no answers to machines, lists, or who forbids it."""
    if any(str(mail.get(name, "no")).casefold() != "no" for name in _AUTOMATIC):
        return False
    bulk = str(mail.get("Precedence", "")).casefold() in ("bulk", "junk", "list", "auto_reply")
    return not bulk and not _SUPPRESSED.search(str(mail.get("X-Auto-Response-Suppress", "")))


def auto_reply(address: str, name: str, text: str, to: str, mail: EmailMessage, date: str) -> EmailMessage:
    """An out-of-office answer."""
    answer = fresh(address, name, to, f"Automatic reply: {mail.get('Subject', '')}", date)
    if mail.get("Message-ID"):
        answer["In-Reply-To"] = str(mail["Message-ID"])
        answer["References"] = str(mail["Message-ID"])
    answer["Auto-Submitted"] = "auto-replied"
    answer["X-Auto-Response-Suppress"] = "All"
    answer["Precedence"] = "auto_reply"
    answer.set_content(text)
    return answer
