"""The post office: which mailbox a mail goes to, what bounces, who answers by machine."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import SMTP as POLICY
from email.utils import format_datetime
from typing import Protocol

from connectors.sandbox.direct.mail import reports, writing
from connectors.sandbox.direct.mail.house import GUEST_PASSWORD, HOTEL, new_validity, open_mailbox
from connectors.sandbox.direct.mail.records import FULL, INBOX, MISSING, OK, Folder, Letter, Mailbox, Raw
from connectors.sandbox.ids import new_id
from connectors.sandbox.records import Json
from connectors.sandbox.world import World


class Elsewhere(Protocol):
    """Somebody who serves other recipients, and answers whether this one is among them."""

    def __call__(self, sender: str, recipient: str, raw: bytes, *, forged: bool) -> bool:
        """Take a mail; `forged`: it fails DMARC."""


class Issuer(Protocol):
    """Somebody whose tokens open mailboxes."""

    name: str

    def opens(self, token: str, address: str) -> bool:
        """Whether the token is good for this mailbox now."""


STATUSES = {MISSING: ("5.1.1", "550 5.1.1 user unknown"), FULL: ("5.2.2", "552 5.2.2 mailbox full")}
_HOUSE_DOMAIN = HOTEL.partition("@")[2]
_UNKNOWN_PREFIX, _UNKNOWN_SUFFIX = "nobody", ".invalid"


def parsed(raw: bytes) -> EmailMessage:
    """A mail as an object."""
    return BytesParser(policy=POLICY).parsebytes(raw)


class PostOffice:
    """Delivers. Used from the event loop's thread only."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.elsewhere: list[Elsewhere] = []
        self.issuers: list[Issuer] = []
        self.listeners: dict[str, list[Callable[[], None]]] = defaultdict(list)

    def send(self, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        """Deliver to everybody; what can't be delivered comes back to the envelope sender."""
        with self.world.store.tx():
            for recipient in recipients:
                state = self.deliver(sender, recipient, raw)
                if state in STATUSES and sender:
                    self.deliver(
                        "", sender, reports.bounce(sender, recipient, raw, *STATUSES[state], self.now())
                    )

    def deliver(self, sender: str, recipient: str, raw: bytes, extra: Json | None = None) -> str:
        """One copy; answers the state of the mailbox: it arrived if that is ok."""
        recipient = recipient.strip()
        forged = bool((extra or {}).get("forged"))
        if any(take(sender, recipient, raw, forged=forged) for take in self.elsewhere):
            return OK
        mailbox = self.mailbox(recipient)
        if mailbox.state in STATUSES:
            return mailbox.state
        self._put(mailbox, sender, recipient, raw, extra or {})
        if mailbox.away and sender and writing.may_be_answered(parsed(raw)):
            answer = writing.auto_reply(
                mailbox.id, mailbox.name, mailbox.away, sender, parsed(raw), self.now()
            )
            self.deliver("", sender, answer.as_bytes())
        return mailbox.state

    def mailbox(self, address: str) -> Mailbox:
        """The mailbox that serves an address: the hotel's takes its whole domain; a guest's comes into being."""
        folded = address.casefold()
        local, _, domain = folded.partition("@")
        if domain == _HOUSE_DOMAIN:
            return self.world.store.need(Mailbox, HOTEL)
        plain = f"{local.partition('+')[0]}@{domain}"
        found = self.world.store.get(Mailbox, folded) or self.world.store.get(Mailbox, plain)
        if found:
            return found
        if local.startswith(_UNKNOWN_PREFIX) or domain.endswith(_UNKNOWN_SUFFIX):
            return Mailbox(folded, "", "", state=MISSING)
        return open_mailbox(self.world.store, Mailbox(folded, address.partition("@")[0], GUEST_PASSWORD))

    def now(self) -> str:
        """The Date header of now."""
        return format_datetime(self.world.clock.now())

    def _put(self, mailbox: Mailbox, sender: str, recipient: str, raw: bytes, extra: Json) -> None:
        """Into the inbox, with what the last mail server adds."""
        result = "fail" if extra.get("forged") else "pass"
        domain = sender.partition("@")[2] or "unknown.example"
        head = (
            f"Return-Path: <{sender}>\r\n"
            f"Delivered-To: {recipient}\r\n"
            f"Received: from mx.{domain} by mx.{_HOUSE_DOMAIN} with ESMTPS id {new_id()}; {self.now()}\r\n"
            f"Authentication-Results: mx.{_HOUSE_DOMAIN}; spf={result}; dkim={result}; dmarc={result}\r\n"
        )
        self.store(self.folder(mailbox.id, INBOX), head.encode() + raw, [], sender, recipient, extra)

    def folder(self, address: str, name: str) -> Folder:
        """A folder. Raises MissingError."""
        return self.world.store.need(Folder, f"{address}/{name}")

    def store(
        self,
        folder: Folder,
        raw: bytes,
        flags: Sequence[str],
        sender: str,
        recipient: str,
        extra: Json | None = None,
    ) -> Letter:
        """Put a mail into a folder; who looks at the folder is told."""
        mail = parsed(raw)
        with self.world.store.tx():
            folder = self.world.store.need(Folder, folder.id)
            letter = Letter(
                id=new_id(),
                folder=folder.id,
                uid=folder.uidnext,
                flags=list(flags),
                received_at=self.world.clock.iso(),
                sender=sender,
                recipient=recipient,
                message_id=header(mail, "Message-ID"),
                subject=header(mail, "Subject"),
                size=len(raw),
                extra=extra or {},
            )
            folder.uidnext += 1
            self.world.store.put(folder)
            self.world.store.put(letter)
            self.world.store.put(Raw(letter.id, raw))
        for told in list(self.listeners[folder.id]):
            told()
        return letter

    def letters(self, folder: str) -> list[Letter]:
        """The mails of a folder, by UID."""
        return self.world.store.find(Letter, "folder = ?", (folder,), order="uid")

    def raw(self, letter: Letter) -> bytes:
        """The bytes of a mail."""
        return self.world.store.need(Raw, letter.id).data

    def renumber(self, address: str) -> None:
        """The mailbox was restored from a backup: other UIDs, and UIDVALIDITY says so."""
        with self.world.store.tx():
            for folder in self.world.store.find(Folder, "mailbox = ?", (address,)):
                letters = self.letters(folder.id)
                for number, letter in enumerate(letters, start=1):
                    letter.uid = number
                self.world.store.put_all(letters)
                folder.uidvalidity, folder.uidnext = new_validity(), len(letters) + 1
                self.world.store.put(folder)


def header(mail: Message, name: str) -> str:
    """A header as one line; empty if there is none or it can't be read."""
    try:
        return str(mail.get(name, "")).replace("\r", "").replace("\n", " ").strip()
    except (ValueError, TypeError, AttributeError, IndexError):
        return ""
