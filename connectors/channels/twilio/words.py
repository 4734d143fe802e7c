"""Twilio's words and numbers → ours (https://www.twilio.com/docs/api/errors,
https://www.twilio.com/docs/messaging/api/message-resource#message-status-values)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connectors.contract.direct import AddressState, Delivery, Keyword, TemplateStatus
from connectors.contract.phones import is_toll_free

STATES: Final = {
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "partially_delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    "undelivered": Delivery.FAILED,
    "failed": Delivery.FAILED,
    "canceled": Delivery.FAILED,
}
UNDER_WAY: Final = frozenset({"accepted", "scheduled", "queued", "sending", "receiving", "received"})

TEMPLATES: Final = {
    "received": TemplateStatus.PENDING,
    "pending": TemplateStatus.PENDING,
    "approved": TemplateStatus.APPROVED,
    "rejected": TemplateStatus.REJECTED,
    "paused": TemplateStatus.PAUSED,
    "disabled": TemplateStatus.PAUSED,
}
"""https://www.twilio.com/docs/whatsapp/tutorial/message-template-approvals-statuses; `unsubmitted` is none yet."""

# What Twilio itself acts on and answers for long codes and toll-free numbers, as single words. YES lifts a block there,
# too, but a guest who answers a question with it asked for nothing: our own ledger waits for START.
STOP_WORDS: Final = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
KEYWORDS: Final = {
    **dict.fromkeys(STOP_WORDS, Keyword.STOP),
    **dict.fromkeys(("START", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
}

TOLL_FREE_STOP: Final = 30004
"""Blocked; where the sender is toll-free it may be the guest's STOP, which the network handles."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """`text` for the agent; `state` of the address; `again_s`: it surely did not go out, and may be tried again after
    so many seconds; `operator`: somebody has to see to the account."""

    text: str
    state: AddressState = AddressState.FINE
    again_s: float | None = None
    operator: bool = False


_BAD, _OUT = AddressState.BAD, AddressState.OPTED_OUT
_NO_SENDER: Final = Meaning("Twilio can't send from this sender; check the connection.", operator=True)
_NO_MOBILE: Final = Meaning("This number can't receive text messages.", _BAD)
_NO_NUMBER: Final = Meaning("This number does not exist or is not in use.", _BAD)
_FULL: Final = Meaning("The sender's queue at Twilio is full.", again_s=300)
_CAP: Final = Meaning("The sender's limit at the carrier is reached.", again_s=3600)
_CONTENT: Final = Meaning("The text or file was not accepted.")
_TEMPLATE: Final = Meaning("The template does not fit; check its name, language and parameters.")
_REGISTER: Final = Meaning("The sender is not registered with the carriers yet.", operator=True)
_WHATSAPP: Final = Meaning("The WhatsApp account is not in order; check it at Twilio.", operator=True)
_STOPPED: Final = Meaning("The guest has stopped messages from this number.", _OUT)
_BLOCKED: Final = Meaning("The guest has blocked this sender.", _OUT)
_BUSY: Final = Meaning("Twilio could not take it now.", again_s=60)

CODES: Final[dict[int, Meaning]] = {
    14107: Meaning("Two robots seem to be answering each other; Twilio stopped it."),
    20429: _BUSY,
    21211: _NO_NUMBER,
    21408: Meaning("Messages to this country are not enabled at Twilio.", operator=True),
    21606: _NO_SENDER,
    21608: Meaning("A trial account may only write to verified numbers.", operator=True),
    21609: Meaning("Bellhop's address is not one that Twilio can call.", operator=True),
    21610: _STOPPED,
    21611: _FULL,
    21612: Meaning("This number can't be reached from our sender."),
    21614: _NO_MOBILE,
    21617: Meaning("The text is longer than 1600 characters."),
    21620: Meaning("Twilio could not fetch the file."),
    21623: Meaning("There are more files than one message can have."),
    21635: _NO_MOBILE,
    **dict.fromkeys((21655, 21656), _TEMPLATE),
    **dict.fromkeys((21703, 21704, 21705), _NO_SENDER),
    30001: Meaning("It waited too long in the queue."),
    30002: Meaning("The Twilio account is suspended.", operator=True),
    30003: Meaning("The phone is off or out of reach."),
    TOLL_FREE_STOP: Meaning("The guest's phone or carrier blocks it.", _BAD),
    30005: _NO_NUMBER,
    30006: _NO_MOBILE,
    30007: Meaning("The carrier filtered it as unwanted."),
    30008: Meaning("It was not delivered, and the carrier does not say why."),
    30010: Meaning("It would have cost more than allowed."),
    30011: Meaning("Files can't be sent to this number."),
    30017: Meaning("The carrier's network is overloaded."),
    30019: Meaning("The file is too large for the carrier."),
    **dict.fromkeys((30018, 30024, 30032, 30034, 30035), _REGISTER),
    **dict.fromkeys((30022, 30023, 30027), _CAP),
    30410: Meaning("The carrier gave no answer; it may have arrived."),
    30450: Meaning("Twilio holds back messages to this number for a while.", again_s=1800),
    63001: _WHATSAPP,
    63003: Meaning("This number is not on WhatsApp.", _BAD),
    63005: _CONTENT,
    63007: _NO_SENDER,
    63010: _BUSY,
    **dict.fromkeys((63013, 63020, 63051), _WHATSAPP),
    **dict.fromkeys((63014, 63033), _BLOCKED),
    63015: Meaning("The guest has not joined the WhatsApp sandbox.", operator=True),
    63016: Meaning("More than 24 hours since the guest's last message: send a template."),
    **dict.fromkeys((63018, 63038), Meaning("The account's limit at WhatsApp is reached.", again_s=3600)),
    63021: _CONTENT,
    63024: Meaning("WhatsApp can't reach this number.", _BAD),
    **dict.fromkeys((63027, 63028, 63041), _TEMPLATE),
    63032: Meaning("WhatsApp did not deliver it."),
    63036: Meaning("This number can't be reached that way."),
}


def meaning_of(code: int | None, sender: str = "") -> Meaning:
    """What a code says; `sender` is our number where it is known."""
    if code == TOLL_FREE_STOP and is_toll_free(sender):
        return _STOPPED
    return CODES.get(code or 0, Meaning(f"Twilio reports error {code}." if code else "It was not delivered."))
