"""Playing the guests' mail programs, and looking into mailboxes."""

import base64
import re
from dataclasses import asdict, replace
from email.message import EmailMessage
from email.utils import getaddresses

import httpx

from connectors.sandbox.control.requests import ControlError
from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.direct.esp.desk import Desk
from connectors.sandbox.direct.mail import reports, writing
from connectors.sandbox.direct.mail.house import HOTEL
from connectors.sandbox.direct.mail.office import header, parsed
from connectors.sandbox.direct.mail.records import (
    FULL,
    GOOGLE,
    INBOX,
    MICROSOFT,
    MISSING,
    OK,
    SENT,
    Letter,
    Mailbox,
)
from connectors.sandbox.records import Json

_UNSUBSCRIBE = re.compile(r"<(https?://[^>]+)>")
_SECONDS = 10.0
_STATES = (OK, MISSING, FULL)
_HOSTS = ("", MICROSOFT, GOOGLE)
_HEADERS = (
    "Reply-To",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)


def mailboxes(ask: TownAsk) -> Json:
    """Every mailbox with its count of mails, and where the servers listen."""
    office = ask.town.office
    rows = [
        asdict(row) | {"letters": len(office.letters(f"{row.id}/{INBOX}"))}
        for row in office.world.store.find(Mailbox)
    ]
    ports = {"host": ask.town.host, "smtp_port": ask.town.ports[0], "imap_port": ask.town.ports[1]}
    return {"now": office.world.clock.iso(), "mailboxes": rows, "hotel": HOTEL, **ports}


def letters(ask: TownAsk) -> Json:
    """The mails of a folder (`folder`, INBOX unless told), newest first."""
    office, address = ask.town.office, ask.params["address"].casefold()
    mailbox = office.world.store.need(Mailbox, address)
    rows = office.letters(office.folder(address, ask.query.get("folder", INBOX)).id)
    return {"mailbox": asdict(mailbox), "letters": [shown(ask, row) for row in reversed(rows)]}


def shown(ask: TownAsk, row: Letter) -> Json:
    """A mail as a person sees it."""
    mail = parsed(ask.town.office.raw(row))
    path = f"/_control/mail/letters/{row.id}"
    value: Json = {
        "id": row.id,
        "uid": row.uid,
        "flags": row.flags,
        "received_at": row.received_at,
        "envelope": {"sender": row.sender, "recipient": row.recipient},
        "message_id": row.message_id,
        "from": header(mail, "From"),
        "to": header(mail, "To"),
        "cc": header(mail, "Cc"),
        "subject": row.subject,
        "date": header(mail, "Date"),
        "text": writing.text_of(mail),
        "html": f"{path}/html" if writing.html_of(mail) else None,
        "raw": f"{path}/raw",
        "headers": {name: header(mail, name) for name in _HEADERS if name in mail},
        "provider": _provider(ask, row),
    }
    files = [
        {
            "filename": part.get_filename() or "file",
            "mime": part.get_content_type(),
            "url": f"{path}/files/{number}",
        }
        for number, part in enumerate(attachments(mail))
    ]
    return value | {"files": files}


def _desk(ask: TownAsk, row: Letter) -> Desk | None:
    """The provider by which a mail came."""
    return ask.town.desks.get(str(row.extra.get("provider")))


def _provider(ask: TownAsk, row: Letter) -> str | None:
    desk = _desk(ask, row)
    return desk.world.house.title if desk else None


def attachments(mail: EmailMessage) -> list[EmailMessage]:
    """The parts that are files."""
    if not mail.is_multipart():
        return []
    return [part for part in mail.walk() if part.get_filename() and not part.is_multipart()]


def letter_of(ask: TownAsk, key: str) -> tuple[Letter, bytes]:
    """A mail with its bytes. Raises MissingError."""
    row = ask.town.office.world.store.need(Letter, key)
    return row, ask.town.office.raw(row)


def change(ask: TownAsk) -> Json:
    """`state` (ok, missing, full), `away` (what is answered by machine, empty for nothing), `name`, `host`."""
    office = ask.town.office
    mailbox = office.mailbox(ask.params["address"])
    for key, value in ask.body.items():
        if not isinstance(value, str) or key not in ("state", "away", "name", "host"):
            raise ControlError("a mailbox has state, away, name and host, all texts")
    if ask.text("state", OK) not in _STATES:
        raise ControlError(f"state is one of {', '.join(_STATES)}")
    if ask.text("host") not in _HOSTS:
        raise ControlError(f"host is one of {', '.join(_HOSTS[1:])}, or empty")
    mailbox = replace(mailbox, **ask.body)
    office.world.store.put(mailbox)
    return asdict(mailbox)


def send(ask: TownAsk) -> Json:
    """A guest writes: `to`, `subject`, `text` or `html`, `files`, `headers` (an object), `forged` (fails DMARC)."""
    office, mailbox = ask.town.office, _sender(ask)
    mail = writing.fresh(mailbox.id, mailbox.name, ask.text("to", HOTEL), ask.text("subject"), office.now())
    headers = ask.body.get("headers", {})
    if not isinstance(headers, dict):
        raise ControlError("headers is an object")
    mail.set_content(ask.text("text"))
    if html := ask.text("html"):
        mail.add_alternative(html, subtype="html")
    for name, value in headers.items():
        del mail[name]
        mail[name] = str(value)
    return _post(ask, mailbox, mail)


def reply(ask: TownAsk) -> Json:
    """A guest answers a mail (`letter`): `text`, `style` (gmail, outlook, apple), `files`."""
    mailbox, style = _sender(ask), ask.text("style", writing.GMAIL)
    if style not in writing.STYLES:
        raise ControlError(f"style is one of {', '.join(writing.STYLES)}")
    _, raw = letter_of(ask, ask.text("letter"))
    now = ask.town.office.now()
    mail = writing.reply(parsed(raw), mailbox.id, mailbox.name, ask.text("text"), style, now)
    return _post(ask, mailbox, mail)


def _sender(ask: TownAsk) -> Mailbox:
    mailbox = ask.town.office.mailbox(ask.params["address"])
    if mailbox.state == MISSING:
        raise ControlError("there is no such mailbox")
    return mailbox


def _post(ask: TownAsk, mailbox: Mailbox, mail: EmailMessage) -> Json:
    """Send it, and keep a copy among what was sent."""
    office = ask.town.office
    writing.attach(mail, ask.files())
    raw = mail.as_bytes()
    to = [address for _, address in getaddresses([header(mail, "To"), header(mail, "Cc")]) if address]
    with office.world.store.tx():
        if ask.body.get("forged") is True:
            for recipient in to:
                office.deliver(mailbox.id, recipient, raw, {"forged": True})
        else:
            office.send(mailbox.id, to, raw)
        row = office.store(office.folder(mailbox.id, SENT), raw, ["\\Seen"], mailbox.id, "")
    return {"message_id": row.message_id, "to": to, "letter": shown(ask, row)}


def raw(ask: TownAsk) -> Json:
    """Any mail: `sender` and `recipient` of the envelope, `raw` in base64 (or `text`)."""
    data = base64.b64decode(ask.text("raw")) if "raw" in ask.body else ask.text("text").encode()
    ask.town.office.send(ask.text("sender"), [ask.text("recipient", HOTEL)], data)
    return {"ok": True}


def complain(ask: TownAsk) -> Json:
    """The guest calls a mail (`letter`) spam: a report to its sender, or the provider's."""
    row, data = letter_of(ask, ask.text("letter"))
    office = ask.town.office
    if desk := _desk(ask, row):
        desk.complain(str(row.extra["key"]), row.recipient)
    else:
        office.send("", [row.sender], reports.complaint(row.sender, row.recipient, data, office.now()))
    return {"ok": True}


async def unsubscribe(ask: TownAsk) -> Json:
    """The guest unsubscribes from a mail (`letter`): with one click (RFC 8058), else at a provider that offers it."""
    row, data = letter_of(ask, ask.text("letter"))
    mail = parsed(data)
    found = _UNSUBSCRIBE.search(header(mail, "List-Unsubscribe"))
    if found is None or header(mail, "List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        desk = _desk(ask, row)
        if desk is None:
            raise ControlError("the mail offers no one-click unsubscribing")
        desk.unsubscribe(str(row.extra["key"]), row.recipient)
        return {"url": None, "status": None}
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            answer = await client.post(found[1], files={"List-Unsubscribe": (None, "One-Click")})
    except httpx.HTTPError as error:
        raise ControlError(str(error)) from error
    return {"url": found[1], "status": answer.status_code}


def renumber(ask: TownAsk) -> Json:
    """The mailbox was restored from a backup: other UIDs and another UIDVALIDITY."""
    ask.town.office.renumber(ask.params["address"].casefold())
    return {"ok": True}
