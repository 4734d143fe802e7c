"""What Mailtrap posts and answers of mail that came in (https://docs.mailtrap.io/developers/inbound/messages)."""

import uuid

from connectors.sandbox.direct.esp.composing import written
from connectors.sandbox.direct.esp.reading import headers, html, parts, people, plain
from connectors.sandbox.direct.esp.records import Received, Sent
from connectors.sandbox.direct.mail.office import header, parsed
from connectors.sandbox.direct.mailtrap.house import INBOX_ID, VERIFIED_DOMAIN
from connectors.sandbox.records import Json

_SELECTED = frozenset({"mime-version", "return-path"})


def event(kind: str, sent: Sent, recipient: str, seconds: float) -> Json:
    """One event of one recipient, who has a message id of their own; `timestamp` is in seconds."""
    return {
        "event": kind,
        "timestamp": int(seconds),
        "sending_stream": "transactional",
        **sent.fields["told"],
        "message_id": sent.fields["ids"][recipient],
        "email": recipient,
        "event_id": str(uuid.uuid4()),
        "sending_domain_name": VERIFIED_DOMAIN,
    }


def arrival(row: Received, seconds: float) -> Json:
    """`inbound.message_received`; `timestamp` is in milliseconds here."""
    who = next(iter(people(parsed(row.data), "From")), ("", row.sender))
    return {
        "event": "inbound.message_received",
        "event_id": str(uuid.uuid4()),
        "timestamp": int(seconds * 1000),
        "inbox_id": INBOX_ID,
        "message_id": row.id,
        "from": written(*who),
    }


def message(row: Received) -> Json:
    """A mail that is fetched, apart from the links to its bytes."""
    mail = parsed(row.data)
    text, rich = plain(mail), html(mail)
    who = next(iter(people(mail, "From")), ("", row.sender))
    return {
        "id": row.id,
        "inbox_id": INBOX_ID,
        "from": written(*who),
        "to": [address for _, address in people(mail, "To")],
        "cc": [address for _, address in people(mail, "Cc")],
        "bcc": [],
        "reply_to": header(mail, "Reply-To") or None,
        "subject": header(mail, "Subject") or None,
        "message_id": header(mail, "Message-ID") or None,
        "in_reply_to": header(mail, "In-Reply-To") or None,
        "references": header(mail, "References").split(),
        "headers": {name.casefold(): value for name, value in headers(mail) if name.casefold() in _SELECTED},
        "size": len(row.data),
        "html_size": len((rich or "").encode()),
        "text_size": len((text or "").encode()),
        "received_at": row.received_at,
        "html_body": rich,
        "text_body": text,
        "attachments": [
            {
                "attachment_id": f"att-{number}",
                "size": len(part.data),
                "filename": part.name,
                "content_type": part.mime,
                "content_disposition": part.disposition,
                "content_id": part.content_id or None,
            }
            for number, part in enumerate(parts(mail), start=1)
        ],
    }
