"""`POST /v3/smtp/email`, and what becomes of mail (https://developers.brevo.com/reference/sendtransacemail)."""

import mimetypes
import secrets
import uuid
from typing import Any

from connectors.sandbox.direct.brevo import payloads
from connectors.sandbox.direct.brevo.house import INBOUND_DOMAIN
from connectors.sandbox.direct.esp.composing import Draft, Enclosure, compose, decoded, written
from connectors.sandbox.direct.esp.desk import Desk, Refusal
from connectors.sandbox.direct.esp.reading import Part, parts
from connectors.sandbox.direct.esp.records import INBOUND, TRACKING, Received, Sent
from connectors.sandbox.direct.mail.office import parsed
from connectors.sandbox.direct.records import File
from connectors.sandbox.records import Json

_MOST_RECIPIENTS, _MOST_BYTES = 99, 20 * 1024 * 1024
_ONCE_SECONDS = 1_800.0
_KEY = "idempotencykey"


class BrevoError(Exception):
    """Ends a call with a code and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"code": code, "message": message}


class Sending(Desk):
    """One account's mail, out and in."""

    inbound_domain = INBOUND_DOMAIN

    def send(self, body: Json) -> Json:
        """One mail, once per idempotency key within 30 minutes (…/docs/heterogenous-versions-batch-emails).

        Raises BrevoError.
        """
        headers = {str(name): str(value) for name, value in (body.get("headers") or {}).items()}
        key = next((value for name, value in headers.items() if name.casefold() == _KEY), "")
        if key and self.recall(key):
            raise BrevoError(
                400, "duplicate_parameter", "A request with this idempotencyKey was accepted already."
            )
        answer = self._send(body, {name: value for name, value in headers.items() if name.casefold() != _KEY})
        if key:
            self.remember(key, "", answer, _ONCE_SECONDS)
        return answer

    def _send(self, body: Json, headers: dict[str, str]) -> Json:
        groups = {name: _people(body, name) for name in ("to", "cc", "bcc")}
        sender = _checked(body, groups["to"])
        now = self.world.clock.now()
        message_id = f"<{now:%Y%m%d%H%M}.{secrets.randbelow(10**11):011d}@smtp-relay.mailin.fr>"
        draft = Draft(
            sender=sender[0],
            subject=str(body["subject"]),
            to=", ".join(text for text, _ in groups["to"]),
            cc=", ".join(text for text, _ in groups["cc"]),
            reply_to=_person(body["replyTo"])[0] if isinstance(body.get("replyTo"), dict) else "",
            text=str(body.get("textContent") or ""),
            html=str(body.get("htmlContent") or ""),
            headers=headers,
            enclosures=[_enclosure(row) for row in body.get("attachment") or []],
        )
        raw = compose(draft, message_id, self.office.now()).as_bytes()
        if len(raw) > _MOST_BYTES:
            raise BrevoError(400, "invalid_parameter", "The email is larger than 20 MB.")
        custom = {name: value for name, value in headers.items() if name == "X-Mailin-custom"}
        sent = Sent(message_id, {"subject": body["subject"], "tags": body.get("tags") or [], **custom})
        self.world.store.put(sent)
        for _, recipient in (*groups["to"], *groups["cc"], *groups["bcc"]):
            self._tell("request", sent, recipient)
            self.hand_over(sent, f"brevo-bounces@{sender[1].partition('@')[2]}", recipient, raw)
        return {"messageId": message_id}

    def _tell(self, kind: str, sent: Sent, recipient: str, **more: object) -> None:
        value = payloads.event(kind, sent, recipient, self.world.clock.now())
        self.report(TRACKING, kind, value | more)

    def delivered(self, sent: Sent, recipient: str) -> None:
        """`delivered`."""
        self._tell("delivered", sent, recipient)

    def bounced(self, sent: Sent, recipient: str, refusal: Refusal) -> None:
        """`hard_bounce` or `soft_bounce`."""
        self._tell("soft_bounce" if refusal.soft else "hard_bounce", sent, recipient, reason=refusal.said)

    def suppressed(self, sent: Sent, recipient: str) -> None:
        """`blocked`."""
        self._tell("blocked", sent, recipient, reason="blocked : due to blacklist user")

    def complained(self, sent: Sent, recipient: str) -> None:
        """`spam`."""
        self._tell("spam", sent, recipient)

    def unsubscribed(self, sent: Sent, recipient: str) -> None:
        """`unsubscribed`."""
        self._tell("unsubscribed", sent, recipient)

    def received(self, sender: str, recipient: str, raw: bytes, *, forged: bool) -> None:  # noqa: ARG002 - Brevo says nothing of it
        """The mail's parts in one item."""
        head = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
        data = head.encode() + raw
        tokens = [secrets.token_urlsafe(48) for _ in parts(parsed(data))]
        row = Received(str(uuid.uuid4()), sender, recipient, self.world.clock.iso(), data, {"tokens": tokens})
        self.world.store.put(row)
        self.report(INBOUND, "inboundEmailProcessed", {"items": [payloads.received(row)]})

    def file(self, token: str) -> Part:
        """A file of a mail that came in. Raises BrevoError."""
        for row in self.world.store.find(Received, "instr(extra, ?) > 0", (token,)):
            for found, part in zip(row.extra["tokens"], parts(parsed(row.data)), strict=True):
                if found == token:
                    return part
        raise BrevoError(404, "document_not_found", "Attachment not found")


def _person(row: Any) -> tuple[str, str]:
    """As in a header, and the address. Raises BrevoError."""
    address = str(row.get("email", "")) if isinstance(row, dict) else ""
    if "@" not in address:
        raise BrevoError(400, "invalid_parameter", "email is not valid in to")
    return written(str(row.get("name") or ""), address), address


def _people(body: Json, name: str) -> list[tuple[str, str]]:
    return [_person(row) for row in body.get(name) or []]


def _checked(body: Json, to: list[tuple[str, str]]) -> tuple[str, str]:
    """The sender. Raises BrevoError."""
    for name, present in (("sender", body.get("sender")), ("to", to), ("subject", body.get("subject"))):
        if not present:
            raise BrevoError(400, "missing_parameter", f"{name} is missing")
    if not (body.get("htmlContent") or body.get("textContent")):
        raise BrevoError(400, "missing_parameter", "htmlContent or textContent is missing")
    if len(to) > _MOST_RECIPIENTS:
        raise BrevoError(400, "invalid_parameter", f"There are at most {_MOST_RECIPIENTS} recipients.")
    return _person(body["sender"])


def _enclosure(row: Json) -> Enclosure:
    """A file; one that is to be fetched isn't played here. Raises BrevoError."""
    if not row.get("content") or not row.get("name"):
        raise BrevoError(400, "missing_parameter", "attachment has content and name")
    try:
        data = decoded(row["content"])
    except ValueError:
        raise BrevoError(400, "invalid_parameter", "attachment content is not base64") from None
    name = str(row["name"])
    return Enclosure(File(mimetypes.guess_type(name)[0] or "application/octet-stream", name, data))
