"""What Resend tells: events of mail that went out (https://resend.com/docs/webhooks/event-types), mail that came in."""

import base64
from email.message import EmailMessage

from connectors.sandbox.direct.esp.desk import Refusal
from connectors.sandbox.direct.esp.reading import Part, headers, html, people, plain
from connectors.sandbox.direct.esp.records import Received
from connectors.sandbox.direct.mail.office import header, parsed
from connectors.sandbox.records import Json

_SUPPRESSED = (
    "Resend has suppressed sending to this address because it is on the account-level suppression list. "
    "This does not count toward your bounce rate metric"
)


def event(kind: str, at: str, data: Json) -> Json:
    """The form of all."""
    return {"type": kind, "created_at": at, "data": data}


def bounce(refusal: Refusal) -> Json:
    """`bounce` of `email.bounced` (https://resend.com/docs/dashboard/emails/email-bounces)."""
    kind, subtype = ("Transient", "MailboxFull") if refusal.soft else ("Permanent", "General")
    why = (
        "a bounce message because the recipient's inbox was full" if refusal.soft else "a hard bounce message"
    )
    return {
        "diagnosticCode": [f"smtp; {refusal.said}"],
        "message": f"The recipient's email provider sent {why}.",
        "subType": subtype,
        "type": kind,
    }


def suppressed() -> Json:
    """`suppressed` of `email.suppressed`."""
    return {"message": _SUPPRESSED, "type": "OnAccountSuppressionList"}


def received(row: Received, files: list[tuple[str, Part]]) -> Json:
    """`data` of `email.received`: neither headers nor content."""
    mail = parsed(row.data)
    return {
        "email_id": row.id,
        "created_at": row.received_at,
        **_addresses(mail),
        "received_for": [row.recipient],
        "message_id": header(mail, "Message-ID"),
        "subject": header(mail, "Subject"),
        "attachments": [about(key, part) for key, part in files],
    }


def _addresses(mail: EmailMessage) -> Json:
    """Without names."""
    return {
        "from": next((address for _, address in people(mail, "From")), ""),
        "to": [address for _, address in people(mail, "To")],
        "cc": [address for _, address in people(mail, "Cc")],
        "bcc": [],
    }


def about(key: str, part: Part) -> Json:
    """A file without its bytes."""
    return {
        "id": key,
        "filename": part.name,
        "content_type": part.mime,
        "content_disposition": part.disposition,
        "content_id": part.content_id or None,
    }


def whole(row: Received, files: list[tuple[str, Part]], *, as_cid: bool) -> Json:
    """A mail that is fetched, apart from the link to its bytes."""
    mail, result = parsed(row.data), "fail" if row.extra.get("forged") else "pass"
    text = html(mail)
    for _, part in files if text and not as_cid else ():
        if text and part.content_id:
            data = base64.b64encode(part.data).decode()
            text = text.replace(f"cid:{part.content_id}", f"data:{part.mime};base64,{data}")
    return {
        "object": "email",
        "id": row.id,
        **_addresses(mail),
        "created_at": row.received_at,
        "subject": header(mail, "Subject"),
        "html": text,
        "html_format": "cid" if as_cid else "data_uri",
        "text": plain(mail),
        "headers": {name.casefold(): value for name, value in headers(mail)},
        "reply_to": [address for _, address in people(mail, "Reply-To")],
        "received_for": [row.recipient],
        "authentication": {"spf": result, "dkim": result, "dmarc": result},
        "message_id": header(mail, "Message-ID"),
        "attachments": [about(key, part) | {"size": len(part.data)} for key, part in files],
    }
