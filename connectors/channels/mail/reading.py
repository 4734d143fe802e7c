"""A mail as it came → records: what somebody wrote, or what became of a mail of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.channels.mail import automatic, reports
from connectors.channels.mail.addresses import (
    derived_id,
    fold,
    id_of,
    ids_in,
    is_address_of,
    people_in,
)
from connectors.channels.mail.mime import Mail, header, headers, moment_of, words_of
from connectors.channels.mail.visible import visible_of
from connectors.contract.direct import Address, Channel, DirectMessageRecord, DirectRecord, ThreadHints
from connectors.contract.events import CanonicalEvent, EventKind
from connectors.contract.records import Direction
from connectors.contract.relays import agency_of

_TO_US = ("Delivered-To", "X-Original-To", "X-Envelope-To", "Envelope-To")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What we know of ourselves: our address, where answers come in, our mark against loops, the name under which our
    receiving host vouches for senders, and domains of relays beside the known ones."""

    address: str
    inbound: str = ""
    instance: str = ""
    authserv_id: str = ""
    relays: tuple[str, ...] = ()

    def is_ours(self, address: str) -> bool:
        if self.inbound.startswith("@"):
            return is_address_of(self.address, address) or address.endswith(self.inbound)
        return any(one and is_address_of(one, address) for one in (self.address, self.inbound))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the mail itself doesn't say: for whom and from whom it was brought (None: not known; empty: the null
    sender), when, and the provider's idea of the visible text."""

    recipients: Sequence[str] = ()
    sender: str | None = None
    received_at: datetime | None = None
    stripped: str = ""


def read_mail(mail: Mail, home: Home, envelope: Envelope = Envelope()) -> list[DirectRecord] | str:
    """The records, or in a few words why there is nothing to be told."""
    if automatic.is_loop(mail, home.instance):
        return "our own mail, come round"
    at = moment_of(mail) or envelope.received_at
    if reports.is_report(mail):
        return list(reports.read_reports(mail, at)) or "a report that says nothing of a mail"
    people = people_in(headers(mail, "From")) or people_in(headers(mail, "Sender"))
    if not people:
        return "a mail from nobody"
    sender = people[0]
    if home.is_ours(sender.value):
        return "from our own address"
    robot = sender.value.startswith(("mailer-daemon@", "postmaster@")) or envelope.sender == ""
    if robot and (odd := reports.read_odd_bounce(mail, at)):
        return list(odd)
    return [_inbound(mail, home, envelope, sender, at)]


def read_sent(mail: Mail, home: Home, at: datetime | None = None) -> DirectMessageRecord | str:
    """What somebody of ours sent from a mail program; ours bear our mark."""
    if automatic.is_loop(mail, home.instance):
        return "sent by us"
    to = [one for one in people_in(headers(mail, "To")) if not home.is_ours(one.value)]
    if not to:
        return "to nobody else"
    record = _message(mail, home, to[0], moment_of(mail) or at, recipients=())
    return replace(record, direction=Direction.OUTBOUND, ours=home.address)


def _inbound(
    mail: Mail, home: Home, envelope: Envelope, sender: Address, at: datetime | None
) -> DirectMessageRecord:
    recipients = _recipients(mail, envelope)
    ours = next((one for one in recipients if home.is_ours(one)), home.address)
    record = _message(mail, home, sender, at, recipients=recipients, stripped=envelope.stripped)
    return replace(
        record,
        ours=ours,
        automatic=automatic.is_automatic(mail, sender.value, envelope.sender),
        warning=automatic.warning_of(mail, home.authserv_id),
    )


def _recipients(mail: Mail, envelope: Envelope) -> tuple[str, ...]:
    """The envelope's first: what the mail itself says may be of a list, or hidden."""
    told = [one for name in _TO_US for one in headers(mail, name)]
    named = [one.value for one in people_in([*headers(mail, "To"), *headers(mail, "Cc")])]
    given = [*map(fold, envelope.recipients), *map(fold, told), *named]
    return tuple(dict.fromkeys(one for one in given if one))


def _message(
    mail: Mail,
    home: Home,
    guest: Address,
    at: datetime | None,
    *,
    recipients: tuple[str, ...],
    stripped: str = "",
) -> DirectMessageRecord:
    words = words_of(mail)
    visible = visible_of(words.text, words.html, stripped)
    subject = header(mail, "Subject")[:500]
    references = ids_in(header(mail, "References"))
    answers = tuple(dict.fromkeys([*ids_in(header(mail, "In-Reply-To")), *reversed(references)]))
    own_id = id_of(header(mail, "Message-ID")) or derived_id(
        header(mail, "Date"), guest.value, header(mail, "To"), subject, words.text or words.html
    )
    relay = guest.value if agency_of(guest.value, home.relays) else ""
    return DirectMessageRecord(
        external_id=own_id,
        channel=Channel.EMAIL,
        guest=guest,
        body_text=visible.text,
        body_html=words.html,
        quoted_text=visible.quoted,
        signature=visible.signature,
        subject=subject,
        sent_at=at,
        attachments=words.files,
        hints=ThreadHints(recipients=recipients, answers=answers[:50], relay=relay),
        raw={"message_id": own_id, "from": guest.value, "subject": subject},
    )


def as_events(found: list[DirectRecord] | str, key: str) -> list[CanonicalEvent]:
    """Records as events of one delivery."""
    if isinstance(found, str):
        return [CanonicalEvent(kind=EventKind.IGNORED, dedupe_key=f"mail:{key}", reason=found[:100])]
    events = []
    for place, record in enumerate(found):
        is_message = isinstance(record, DirectMessageRecord)
        kind = EventKind.DIRECT_MESSAGE if is_message else EventKind.DELIVERY_REPORT
        mine = f"message:{record.external_id}" if is_message else f"report:{key}:{place}"
        events.append(CanonicalEvent(kind=kind, dedupe_key=mine[:500], direct=record))
    return events
