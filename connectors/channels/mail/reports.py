"""Delivery reports (RFC 3464, and what flufl.bounce knows of others) and complaints (RFC 5965). Anybody can write one:
a report counts only if it names a message of ours, which the caller checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from typing import Final

from flufl.bounce import scan_message

from connectors.channels.mail.addresses import fold, id_of
from connectors.channels.mail.automatic import REFERENCE
from connectors.channels.mail.mime import Mail, bytes_of, header, open_mail
from connectors.contract.direct import Address, AddressKind, AddressState, Channel, Delivery, DeliveryReport

_BAD: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.10"})
_STATUS: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ACTIONS: Final = {
    "failed": Delivery.FAILED,
    "delayed": Delivery.DELAYED,
    "delivered": Delivery.DELIVERED,
    "relayed": Delivery.SENT,
    "expanded": Delivery.SENT,
}
DELAYED: Final = "The guest's mail host does not take it yet. It is tried again, for some days at most."
_MOST: Final = 20
_ORIGINALS: Final = frozenset({"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"})


@dataclass(frozen=True, slots=True)
class Original:
    """What a report says about the mail that it is about."""

    message_id: str = ""
    reference: str = ""
    recipient: str = ""


def is_report(mail: Mail) -> bool:
    return mail.get_content_type() == "multipart/report" and report_type(mail) in {
        "delivery-status",
        "feedback-report",
    }


def report_type(mail: Mail) -> str:
    given = mail.get_param("report-type", "")
    return given.lower() if isinstance(given, str) else ""


def read_reports(mail: Mail, at: datetime | None) -> list[DeliveryReport]:
    """Empty where it says nothing of what became of a mail. A delay is no bounce."""
    original = original_of(mail)
    if report_type(mail) == "feedback-report":
        return [_complaint(mail, original, at)]
    return [
        _report(original, recipient, state, status, at) for recipient, state, status in _recipients(mail)
    ][:_MOST]


def read_odd_bounce(mail: Mail, at: datetime | None) -> list[DeliveryReport]:
    """Of hosts that don't follow the standard. Only what flufl.bounce calls final."""
    final = sorted(scan_message(mail))[:_MOST]
    original = original_of(mail)
    addresses = [
        fold(one.decode("ascii", "replace") if isinstance(one, bytes) else str(one)) for one in final
    ]
    return [_report(original, one, Delivery.FAILED, "5.0.0", at) for one in addresses if one]


def _walk(mail: Mail) -> Iterator[Mail]:
    for count, part in enumerate(mail.walk()):
        if count > 50:
            return
        yield part


def original_of(mail: Mail) -> Original:
    for part in _walk(mail):
        if part.get_content_type() not in _ORIGINALS:
            continue
        inner = part.get_payload()
        first = inner[0] if isinstance(inner, list) and inner else None
        told = first if isinstance(first, Message) else open_mail(bytes_of(part))
        return Original(
            id_of(header(told, "Message-ID")), header(told, REFERENCE)[:40], fold(header(told, "To"))
        )
    return Original()


def _recipients(mail: Mail) -> Iterator[tuple[str, Delivery, str]]:
    for part in _walk(mail):
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if not isinstance(block, Message):
                continue
            state = _ACTIONS.get(header(block, "Action").split(" ")[0].strip().lower())
            given = header(block, "Original-Recipient") or header(block, "Final-Recipient")
            if state is None or not given:
                continue
            status = _STATUS.search(f"{header(block, 'Status')} {header(block, 'Diagnostic-Code')}")
            yield fold(given.rpartition(";")[2]), state, status[1] if status else ""


def _report(
    original: Original, recipient: str, state: Delivery, status: str, at: datetime | None
) -> DeliveryReport:
    failed, delayed = state == Delivery.FAILED, state == Delivery.DELAYED
    return DeliveryReport(
        external_id=original.message_id,
        channel=Channel.EMAIL,
        state=state,
        reference=original.reference,
        code=status if failed or delayed else "",
        reason=reason_of(status) if failed else DELAYED if delayed else "",
        at=at,
        address=_address(recipient or original.recipient),
        address_state=state_of(status) if failed else AddressState.FINE,
    )


def _complaint(mail: Mail, original: Original, at: datetime | None) -> DeliveryReport:
    recipient = ""
    for part in _walk(mail):
        if part.get_content_type() == "message/feedback-report":
            recipient = fold(header(open_mail(bytes_of(part)), "Original-Rcpt-To"))
    return DeliveryReport(
        external_id=original.message_id,
        channel=Channel.EMAIL,
        state=Delivery.DELIVERED,
        reference=original.reference,
        code="complaint",
        at=at,
        address=_address(recipient or original.recipient),
        address_state=AddressState.COMPLAINED,
    )


def _address(value: str) -> Address | None:
    return Address(kind=AddressKind.EMAIL, value=value) if value else None


def state_of(status: str) -> AddressState:
    return AddressState.BAD if status in _BAD else AddressState.FINE


def reason_of(status: str) -> str:
    """RFC 3463 in a sentence."""
    if status in _BAD:
        return "This e-mail address does not exist."
    sentences: Sequence[tuple[str, str]] = (
        ("5.2.2", "The guest's mailbox is full."),
        ("4.2.2", "The guest's mailbox is full."),
        ("5.3.4", "The mail is too large for the guest's host."),
        ("5.2.3", "The mail is too large for the guest's host."),
        ("5.7.", "The guest's mail host refuses mail from us."),
        ("4.", "The guest's mail host did not take it in time."),
    )
    return next((words for begin, words in sentences if status.startswith(begin)), "The mail came back.")
