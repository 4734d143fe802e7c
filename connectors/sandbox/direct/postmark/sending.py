"""`POST /email`: the mail is made, handed to the post office, and what becomes of it is reported."""

import base64
import binascii
import json
import uuid
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import getaddresses, parseaddr

from connectors.sandbox.direct.mail.office import STATUSES, PostOffice
from connectors.sandbox.direct.mail.records import FULL
from connectors.sandbox.direct.postmark import payloads
from connectors.sandbox.direct.postmark.house import INBOUND, INBOUND_DOMAIN, TRACKING
from connectors.sandbox.direct.postmark.records import Sent, Suppression
from connectors.sandbox.records import Json, Subscription
from connectors.sandbox.world import World

_MOST_RECIPIENTS, _MOST_BYTES = 50, 10 * 1024 * 1024
_KEPT = ("From", "Subject", "Tag", "Metadata", "MessageStream")
_REFUSED = "You tried to send to a recipient that has been marked as inactive.\nFound"
_KEEP_ID = "x-pm-keepid"


class PostmarkError(Exception):
    """Ends a call: 422 with Postmark's own code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.body: Json = {"ErrorCode": code, "Message": message}


class Sending:
    """One server's mail, out and in."""

    def __init__(self, world: World, office: PostOffice) -> None:
        self._world = world
        self._office = office
        office.elsewhere = self.take

    def send(self, message: Json) -> Json:
        """One mail. Raises PostmarkError."""
        recipients = [address for name in ("To", "Cc", "Bcc") for address in self._addresses(message, name)]
        sender = parseaddr(str(message.get("From", "")))[1]
        if "@" not in sender:
            raise PostmarkError(300, f"Invalid 'From' address: '{message.get('From', '')}'.")
        if not recipients or len(recipients) > _MOST_RECIPIENTS:
            raise PostmarkError(300, "Zero recipients specified" if not recipients else "Too many recipients")
        if not (message.get("TextBody") or message.get("HtmlBody")):
            raise PostmarkError(300, "Provide either email TextBody or HtmlBody or both.")
        inactive = [one for one in recipients if self._world.store.get(Suppression, one.casefold())]
        if len(inactive) == len(recipients):
            raise PostmarkError(
                406,
                _inactive(inactive, _REFUSED),
            )
        key = str(uuid.uuid4())
        raw = self._mail(message, key).as_bytes()
        if len(raw) > _MOST_BYTES:
            raise PostmarkError(300, "The message is larger than 10 MB.")
        kept: Json = {name: message[name] for name in _KEPT if name in message}
        self._world.store.put(Sent(key, {"Subject": "", "MessageID": key} | kept))
        for recipient in recipients:
            if recipient not in inactive:
                self._deliver(sender, recipient, raw, key)
        answer: Json = {
            "SubmittedAt": self._world.clock.iso(),
            "MessageID": key,
            "ErrorCode": 0,
            "Message": "OK",
        }
        if message.get("To"):
            answer["To"] = message["To"]
        if inactive:
            answer["Message"] = _inactive(inactive, "Message OK, but will not deliver to these")
        return answer

    def _addresses(self, message: Json, name: str) -> list[str]:
        text = message.get(name) or ""
        found = [address for _, address in getaddresses([str(text)]) if address]
        for address in found:
            if "@" not in address:
                why = "It must contain the '@' symbol."
                raise PostmarkError(300, f"Error parsing '{name}': Illegal email address '{address}'. {why}")
        return found

    def _mail(self, message: Json, key: str) -> EmailMessage:
        """The mail as it goes out. Postmark sets the Message-ID unless a header says that ours is to be kept."""
        mail = EmailMessage(policy=POLICY)
        headers = {
            str(row.get("Name", "")): str(row.get("Value", "")) for row in message.get("Headers") or []
        }
        keeps = any(name.casefold() == _KEEP_ID for name in headers)
        for name in ("From", "To", "Cc", "Subject"):
            if message.get(name):
                mail[name] = str(message[name])
        if message.get("ReplyTo"):
            mail["Reply-To"] = str(message["ReplyTo"])
        for name, value in headers.items():
            if name.casefold() == "message-id" and not keeps:
                continue
            if name.casefold() not in (_KEEP_ID, "date"):
                mail[name] = value
        if "Message-ID" not in mail:
            mail["Message-ID"] = f"<{key}@mtasv.net>"
        mail["Date"] = self._office.now()
        mail["X-PM-Message-Id"] = key
        text, html = message.get("TextBody"), message.get("HtmlBody")
        mail.set_content(str(text) if text else str(html), subtype="plain" if text else "html")
        if text and html:
            mail.add_alternative(str(html), subtype="html")
        _attach(mail, message)
        return mail

    def _deliver(self, sender: str, recipient: str, raw: bytes, key: str) -> None:
        bounces = f"pm_bounces@{sender.partition('@')[2]}"
        state = self._office.deliver(bounces, recipient, raw, {"postmark": key})
        sent, at = self._sent(key), self._world.clock.iso()
        if state not in STATUSES:
            self._report(payloads.delivery(sent, recipient, at))
            return
        soft = state == FULL
        self._report(payloads.bounce(sent, recipient, at, STATUSES[state][1], soft=soft))
        if not soft:
            self._world.store.put(Suppression(recipient.casefold(), at))

    def _sent(self, key: str) -> Json:
        return self._world.store.need(Sent, key).fields

    def complain(self, key: str, recipient: str) -> None:
        """The guest called a mail spam: no more mail goes there."""
        at = self._world.clock.iso()
        self._world.store.put(Suppression(recipient.casefold(), at))
        self._report(payloads.complaint(self._sent(key), recipient, at))

    def _report(self, value: Json) -> None:
        endpoint = self._world.store.need(Subscription, TRACKING)
        if endpoint.url:
            self._world.queue.owe(endpoint, value["RecordType"], json.dumps(value, ensure_ascii=False))

    def take(self, sender: str, recipient: str, raw: bytes) -> bool:
        """A mail to the inbound domain is posted; to any other, somebody else serves."""
        endpoint = self._world.store.need(Subscription, INBOUND)
        if recipient.partition("@")[2].casefold() != str(endpoint.extra.get("domain", INBOUND_DOMAIN)):
            return False
        if endpoint.url:
            with_raw = bool(endpoint.extra.get("raw"))
            value = payloads.inbound(sender, recipient, raw, str(uuid.uuid4()), with_raw=with_raw)
            self._world.queue.owe(endpoint, "Inbound", json.dumps(value, ensure_ascii=False))
        return True


def _inactive(addresses: list[str], start: str) -> str:
    listed = ", ".join(address.casefold() for address in addresses)
    why = "Inactive recipients are ones that have generated a hard bounce or a spam complaint."
    return f"{start} inactive addresses: {listed}. {why}"


def _attach(mail: EmailMessage, message: Json) -> None:
    """Files; those with a ContentID belong into the HTML. Raises PostmarkError."""
    for row in message.get("Attachments") or []:
        main, _, sub = (
            str(row.get("ContentType", "application/octet-stream")).partition(";")[0].partition("/")
        )
        try:
            data = base64.b64decode(str(row.get("Content", "")), validate=False)
        except binascii.Error:
            raise PostmarkError(300, "Attachment content is not base64.") from None
        where: Json = {}
        if key := row.get("ContentID"):
            where = {"cid": f"<{str(key).removeprefix('cid:')}>", "disposition": "inline"}
        name = str(row.get("Name", "file"))
        mail.add_attachment(data, maintype=main, subtype=sub or "octet-stream", filename=name, **where)
