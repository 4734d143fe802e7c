"""`POST /api/send`, and what becomes of mail (https://docs.mailtrap.io/developers/email-sending)."""

import uuid
from typing import Any

from connectors.sandbox.direct import batches
from connectors.sandbox.direct.esp.composing import Draft, Enclosure, compose, decoded, written
from connectors.sandbox.direct.esp.desk import Desk, Refusal
from connectors.sandbox.direct.esp.records import INBOUND, TRACKING, Received, Sent
from connectors.sandbox.direct.mail.office import PostOffice
from connectors.sandbox.direct.mailtrap import payloads
from connectors.sandbox.direct.mailtrap.house import INBOUND_DOMAIN, VERIFIED_DOMAIN
from connectors.sandbox.direct.records import File
from connectors.sandbox.ids import Numbers
from connectors.sandbox.records import Json
from connectors.sandbox.world import World

_MOST_RECIPIENTS = 1_000
_FIRST_ID = 1_870_000_000_000_000_000
_new_id = Numbers({"message": _FIRST_ID}, step=1_000)


class MailtrapError(Exception):
    """Ends a call with its sentences."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(*errors)
        self.status = status
        self.body: Json = {"success": False, "errors": list(errors)}


class Sending(Desk):
    """One account's mail, out and in. Events of one call are told in one batch."""

    inbound_domain = INBOUND_DOMAIN

    def __init__(self, world: World, office: PostOffice) -> None:
        super().__init__(world, office)
        self._events: list[Json] = []

    def send(self, body: Json) -> Json:
        """One mail; every recipient has an id. Raises MailtrapError."""
        groups = {name: [_person(row) for row in body.get(name) or []] for name in ("to", "cc", "bcc")}
        everybody = [address for rows in groups.values() for _, address in rows]
        sender = _checked(body, everybody)
        headers = {str(name): str(value) for name, value in (body.get("headers") or {}).items()}
        draft = Draft(
            sender=sender[0],
            subject=str(body["subject"]),
            to=", ".join(text for text, _ in groups["to"]),
            cc=", ".join(text for text, _ in groups["cc"]),
            reply_to=_person(body["reply_to"])[0] if isinstance(body.get("reply_to"), dict) else "",
            text=str(body.get("text") or ""),
            html=str(body.get("html") or ""),
            headers=headers,
            enclosures=[_enclosure(row) for row in body.get("attachments") or []],
        )
        ids = {address: str(uuid.uuid4()) for address in everybody}
        told = {name: body[name] for name in ("category", "custom_variables") if body.get(name)}
        sent = Sent(str(uuid.uuid4()), {"ids": ids, "told": told})
        self.world.store.put(sent)
        for recipient, key in ids.items():
            mail = compose(draft, f"<{key}@{VERIFIED_DOMAIN}>", self.office.now())
            self.hand_over(sent, f"mailtrap-bounces@{VERIFIED_DOMAIN}", recipient, mail.as_bytes())
        self._flush()
        return {"success": True, "message_ids": list(ids.values())}

    def _note(self, kind: str, sent: Sent, recipient: str, **more: object) -> None:
        self._events.append(payloads.event(kind, sent, recipient, self.world.clock.epoch()) | more)

    def _flush(self) -> None:
        events, self._events = self._events, []
        if events:
            batches.owe(self.world, self.endpoint(TRACKING), events[0]["event"], {"events": events}, "events")

    def delivered(self, sent: Sent, recipient: str) -> None:
        """`delivery`."""
        self._note("delivery", sent, recipient)

    def bounced(self, sent: Sent, recipient: str, refusal: Refusal) -> None:
        """`bounce` or `soft bounce`, with a space (https://docs.mailtrap.io/email-api-smtp/bounce-categorization)."""
        kind, category = ("soft bounce", "overquota") if refusal.soft else ("bounce", "badrecipient")
        code, _, response = refusal.said.partition(" ")
        self._note(
            kind, sent, recipient, response=response, response_code=int(code), bounce_category=category
        )

    def suppressed(self, sent: Sent, recipient: str) -> None:
        """`reject`."""
        self._note("reject", sent, recipient, reason="Recipient is on the suppression list")

    def complained(self, sent: Sent, recipient: str) -> None:
        """`spam`."""
        self._note("spam", sent, recipient)
        self._flush()

    def unsubscribed(self, sent: Sent, recipient: str) -> None:
        """`unsubscribe`."""
        self._note("unsubscribe", sent, recipient, ip="192.0.2.7", user_agent="Sandbox/1.0")
        self._flush()

    def received(self, sender: str, recipient: str, raw: bytes, *, forged: bool) -> None:  # noqa: ARG002 - Mailtrap says nothing of it
        """The webhook says where to fetch it."""
        data = f"Return-Path: <{sender}>\r\n".encode() + raw
        row = Received(_new_id("message"), sender, recipient, self.world.clock.iso(), data)
        self.world.store.put(row)
        value = {"events": [payloads.arrival(row, self.world.clock.epoch())]}
        batches.owe(self.world, self.endpoint(INBOUND), "inbound.message_received", value, "events")


def _person(row: Any) -> tuple[str, str]:
    """As in a header, and the address. Raises MailtrapError."""
    address = str(row.get("email", "")) if isinstance(row, dict) else ""
    if "@" not in address:
        raise MailtrapError(400, f"'{address}' is not a valid address")
    return written(str(row.get("name") or ""), address), address


def _checked(body: Json, everybody: list[str]) -> tuple[str, str]:
    """The sender. Raises MailtrapError."""
    errors = [f"'{name}' is required" for name in ("from", "subject") if not body.get(name)]
    if not everybody:
        errors.append("'to', 'cc' or 'bcc' address is required")
    if not (body.get("text") or body.get("html")):
        errors.append("must specify either text or html body")
    if len(everybody) > _MOST_RECIPIENTS:
        errors.append(f"there are at most {_MOST_RECIPIENTS} recipients")
    if errors:
        raise MailtrapError(400, *errors)
    sender = _person(body["from"])
    if sender[1].partition("@")[2].casefold() != VERIFIED_DOMAIN:
        raise MailtrapError(403, "Forbidden")
    return sender


def _enclosure(row: Json) -> Enclosure:
    """Raises MailtrapError."""
    if not row.get("content") or not row.get("filename"):
        raise MailtrapError(400, "attachments have content and filename")
    try:
        data = decoded(row["content"])
    except ValueError:
        raise MailtrapError(400, "attachment content is not base64") from None
    mime = str(row.get("type") or "application/octet-stream")
    inline = str(row.get("content_id") or "") if row.get("disposition") == "inline" else ""
    return Enclosure(File(mime, str(row["filename"]), data), inline)
