"""`POST /email`: the mail is made, handed to the post office, and what becomes of it is reported."""

import uuid
from collections.abc import Mapping
from email.utils import getaddresses, parseaddr
from typing import ClassVar

from connectors.sandbox.direct.esp.composing import Draft, Enclosure, compose, decoded
from connectors.sandbox.direct.esp.desk import Desk, Refusal
from connectors.sandbox.direct.esp.records import INBOUND, TRACKING, Sent
from connectors.sandbox.direct.postmark import payloads
from connectors.sandbox.direct.postmark.house import INBOUND_DOMAIN
from connectors.sandbox.direct.records import File
from connectors.sandbox.records import Json

_MOST_RECIPIENTS, _MOST_BYTES = 50, 10 * 1024 * 1024
_KEPT = ("From", "Subject", "Tag", "Metadata", "MessageStream")
_REFUSED = "You tried to send to a recipient that has been marked as inactive.\nFound"
_KEEP_ID = "x-pm-keepid"


class PostmarkError(Exception):
    """Ends a call: 422 with Postmark's own code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.body: Json = {"ErrorCode": code, "Message": message}


class Sending(Desk):
    """One server's mail, out and in."""

    inbound_domain = INBOUND_DOMAIN
    choices: ClassVar[Mapping[str, tuple[object, ...]]] = {"raw": (True, False)}

    def send(self, message: Json) -> Json:
        """One mail. Raises PostmarkError."""
        recipients = [address for name in ("To", "Cc", "Bcc") for address in _addresses(message, name)]
        sender = parseaddr(str(message.get("From", "")))[1]
        if "@" not in sender:
            raise PostmarkError(300, f"Invalid 'From' address: '{message.get('From', '')}'.")
        if not recipients or len(recipients) > _MOST_RECIPIENTS:
            raise PostmarkError(300, "Zero recipients specified" if not recipients else "Too many recipients")
        if not (message.get("TextBody") or message.get("HtmlBody")):
            raise PostmarkError(300, "Provide either email TextBody or HtmlBody or both.")
        inactive = [one for one in recipients if self.is_suppressed(one)]
        if len(inactive) == len(recipients):
            raise PostmarkError(406, _inactive(inactive, _REFUSED))
        key = str(uuid.uuid4())
        raw = self._mail(message, key)
        if len(raw) > _MOST_BYTES:
            raise PostmarkError(300, "The message is larger than 10 MB.")
        kept: Json = {name: message[name] for name in _KEPT if name in message}
        sent = Sent(key, {"Subject": "", "MessageID": key} | kept)
        self.world.store.put(sent)
        for recipient in recipients:
            self.hand_over(sent, f"pm_bounces@{sender.partition('@')[2]}", recipient, raw)
        answer: Json = {
            "SubmittedAt": self.world.clock.iso(),
            "MessageID": key,
            "ErrorCode": 0,
            "Message": "OK",
        }
        if message.get("To"):
            answer["To"] = message["To"]
        if inactive:
            answer["Message"] = _inactive(inactive, "Message OK, but will not deliver to these")
        return answer

    def _mail(self, message: Json, key: str) -> bytes:
        """The mail as it goes out. Postmark sets the Message-ID unless a header says that ours is to be kept."""
        headers = {
            str(row.get("Name", "")): str(row.get("Value", "")) for row in message.get("Headers") or []
        }
        folded = {name.casefold(): value for name, value in headers.items()}
        own = folded.get("message-id") if _KEEP_ID in folded else None
        draft = Draft(
            sender=str(message["From"]),
            subject=str(message.get("Subject") or ""),
            to=str(message.get("To") or ""),
            cc=str(message.get("Cc") or ""),
            reply_to=str(message.get("ReplyTo") or ""),
            text=str(message.get("TextBody") or ""),
            html=str(message.get("HtmlBody") or ""),
            headers={name: value for name, value in headers.items() if name.casefold() != _KEEP_ID}
            | {"X-PM-Message-Id": key},
            enclosures=[_enclosure(row) for row in message.get("Attachments") or []],
        )
        return compose(draft, own or f"<{key}@mtasv.net>", self.office.now()).as_bytes()

    def delivered(self, sent: Sent, recipient: str) -> None:
        """`Delivery`."""
        self._tell(payloads.delivery(sent.fields, recipient, self.world.clock.iso()))

    def bounced(self, sent: Sent, recipient: str, refusal: Refusal) -> None:
        """`Bounce`; a hard one makes the address inactive."""
        at = self.world.clock.iso()
        self._tell(payloads.bounce(sent.fields, recipient, at, refusal.said, soft=refusal.soft))

    def suppressed(self, sent: Sent, recipient: str) -> None:
        """The answer to the call has said so."""

    def complained(self, sent: Sent, recipient: str) -> None:
        """`SpamComplaint`."""
        self._tell(payloads.complaint(sent.fields, recipient, self.world.clock.iso()))

    def _tell(self, value: Json) -> None:
        self.report(TRACKING, value["RecordType"], value)

    def received(self, sender: str, recipient: str, raw: bytes, *, forged: bool) -> None:  # noqa: ARG002 - Postmark says nothing of it
        """`Inbound`, with the raw mail unless that is off."""
        endpoint = self.endpoint(INBOUND)
        with_raw = bool(endpoint.extra.get("raw"))
        value = payloads.inbound(sender, recipient, raw, str(uuid.uuid4()), with_raw=with_raw)
        self.report(INBOUND, "Inbound", value)


def _addresses(message: Json, name: str) -> list[str]:
    found = [address for _, address in getaddresses([str(message.get(name) or "")]) if address]
    for address in found:
        if "@" not in address:
            why = "It must contain the '@' symbol."
            raise PostmarkError(300, f"Error parsing '{name}': Illegal email address '{address}'. {why}")
    return found


def _inactive(addresses: list[str], start: str) -> str:
    listed = ", ".join(address.casefold() for address in addresses)
    why = "Inactive recipients are ones that have generated a hard bounce or a spam complaint."
    return f"{start} inactive addresses: {listed}. {why}"


def _enclosure(row: Json) -> Enclosure:
    """A file; those with a ContentID belong into the HTML. Raises PostmarkError."""
    try:
        data = decoded(row.get("Content"))
    except ValueError:
        raise PostmarkError(300, "Attachment content is not base64.") from None
    mime = str(row.get("ContentType", "application/octet-stream"))
    return Enclosure(File(mime, str(row.get("Name", "file")), data), str(row.get("ContentID") or ""))
