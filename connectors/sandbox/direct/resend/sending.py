"""`POST /emails`, and what becomes of mail (https://resend.com/docs/api-reference/emails/send-email)."""

import mimetypes
import uuid
from email.utils import parseaddr
from typing import Any

from connectors.sandbox.direct.esp.composing import Draft, Enclosure, compose, decoded
from connectors.sandbox.direct.esp.desk import Desk, Refusal
from connectors.sandbox.direct.esp.reading import Part, parts
from connectors.sandbox.direct.esp.records import INBOUND, TRACKING, Received, Sent
from connectors.sandbox.direct.mail.office import parsed
from connectors.sandbox.direct.records import File
from connectors.sandbox.direct.resend import payloads
from connectors.sandbox.direct.resend.house import INBOUND_DOMAIN, VERIFIED_DOMAIN
from connectors.sandbox.records import Json

_MOST_RECIPIENTS, _MOST_BYTES = 50, 40 * 1024 * 1024


class ResendError(Exception):
    """Ends a call."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"statusCode": status, "name": name, "message": message}


class Sending(Desk):
    """One team's mail, out and in."""

    inbound_domain = INBOUND_DOMAIN

    def send(self, body: Json) -> Json:
        """One mail. Raises ResendError."""
        groups = {name: _many(body.get(name)) for name in ("to", "cc", "bcc", "reply_to")}
        sender = parseaddr(str(body.get("from", "")))[1]
        _check(body, sender, groups["to"])
        key, at = str(uuid.uuid4()), self.world.clock.iso()
        message_id = f"<{key}@email.{VERIFIED_DOMAIN}>"
        draft = Draft(
            sender=str(body["from"]),
            subject=str(body["subject"]),
            to=", ".join(groups["to"]),
            cc=", ".join(groups["cc"]),
            reply_to=", ".join(groups["reply_to"]),
            text=str(body.get("text") or ""),
            html=str(body.get("html") or ""),
            headers={str(name): str(value) for name, value in (body.get("headers") or {}).items()},
            enclosures=[_enclosure(row) for row in body.get("attachments") or []],
        )
        raw = compose(draft, message_id, self.office.now()).as_bytes()
        if len(raw) > _MOST_BYTES:
            raise ResendError(422, "validation_error", "The email is larger than 40 MB.")
        told: Json = {"created_at": at, "email_id": key, "message_id": message_id, "from": body["from"]}
        tags = {str(row["name"]): str(row["value"]) for row in body.get("tags") or []}
        sent = Sent(
            key, told | {"to": groups["to"], "subject": body["subject"]} | ({"tags": tags} if tags else {})
        )
        self.world.store.put(sent)
        self._tell("email.sent", sent.fields)
        for person in (*groups["to"], *groups["cc"], *groups["bcc"]):
            self.hand_over(sent, f"resend-bounces@{sender.partition('@')[2]}", parseaddr(person)[1], raw)
        return {"id": key}

    def _tell(self, kind: str, data: Json) -> None:
        self.report(TRACKING, kind, payloads.event(kind, self.world.clock.iso(), data))

    def delivered(self, sent: Sent, recipient: str) -> None:
        """`email.delivered`, to whom it was."""
        self._tell("email.delivered", sent.fields | {"to": [recipient]})

    def bounced(self, sent: Sent, recipient: str, refusal: Refusal) -> None:
        """`email.bounced`, hard and soft."""
        self._tell("email.bounced", sent.fields | {"to": [recipient], "bounce": payloads.bounce(refusal)})

    def suppressed(self, sent: Sent, recipient: str) -> None:
        """`email.suppressed`."""
        self._tell("email.suppressed", sent.fields | {"to": [recipient], "suppressed": payloads.suppressed()})

    def complained(self, sent: Sent, recipient: str) -> None:
        """`email.complained`."""
        self._tell("email.complained", sent.fields | {"to": [recipient]})

    def received(self, sender: str, recipient: str, raw: bytes, *, forged: bool) -> None:
        """`email.received` says where to fetch it."""
        data = f"Return-Path: <{sender}>\r\n".encode() + raw
        keys = [str(uuid.uuid4()) for _ in parts(parsed(data))]
        extra = {"files": keys, "forged": forged}
        row = Received(str(uuid.uuid4()), sender, recipient, self.world.clock.iso(), data, extra)
        self.world.store.put(row)
        event = payloads.event(
            "email.received", self.world.clock.iso(), payloads.received(row, files_of(row))
        )
        self.report(INBOUND, "email.received", event)

    def mail(self, key: str) -> Received:
        """A mail that came in. Raises ResendError."""
        row = self.world.store.get(Received, key)
        if row is None:
            raise ResendError(404, "not_found", "Email not found")
        return row

    def file(self, mail: str, key: str) -> Part:
        """One of its files. Raises ResendError."""
        for found, part in files_of(self.mail(mail)):
            if found == key:
                return part
        raise ResendError(404, "not_found", "Attachment not found")


def files_of(row: Received) -> list[tuple[str, Part]]:
    """The files of a mail with their ids."""
    return list(zip(row.extra["files"], parts(parsed(row.data)), strict=True))


def _many(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


def _check(body: Json, sender: str, to: list[str]) -> None:
    """Raises ResendError."""
    missing = [name for name in ("from", "to", "subject") if not body.get(name)]
    if missing:
        raise ResendError(422, "missing_required_field", f"Missing `{missing[0]}` field.")
    if "@" not in sender or any("@" not in parseaddr(one)[1] for one in to):
        why = "Invalid address. Use `email@example.com` or `Name <email@example.com>`."
        raise ResendError(422, "validation_error", why)
    domain = sender.partition("@")[2].casefold()
    if domain != VERIFIED_DOMAIN:
        why = f"The {domain} domain is not verified. Please, add and verify your domain."
        raise ResendError(403, "validation_error", why)
    if len(to) > _MOST_RECIPIENTS:
        raise ResendError(422, "validation_error", f"There are at most {_MOST_RECIPIENTS} recipients.")
    if not (body.get("html") or body.get("text")):
        raise ResendError(422, "missing_required_field", "Missing `html` or `text` field.")


def _enclosure(row: Json) -> Enclosure:
    """A file; one that is to be fetched isn't played here. Raises ResendError."""
    if not row.get("content"):
        raise ResendError(422, "invalid_attachment", "Attachment must have either a `content` or `path`.")
    try:
        data = decoded(row["content"])
    except ValueError:
        raise ResendError(422, "invalid_attachment", "The content is not base64.") from None
    name = str(row.get("filename") or "file")
    mime = str(row.get("content_type") or mimetypes.guess_type(name)[0] or "application/octet-stream")
    return Enclosure(File(mime, name, data), str(row.get("content_id") or ""))
