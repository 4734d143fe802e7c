"""Meta's words and numbers → ours
(https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from connectors.contract.direct import AddressState, Delivery, TemplateStatus

STATES: Final = {
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    "played": Delivery.READ,
    "failed": Delivery.FAILED,
}
TEMPLATES: Final = {
    "APPROVED": TemplateStatus.APPROVED,
    "REINSTATED": TemplateStatus.APPROVED,
    "FLAGGED": TemplateStatus.APPROVED,
    "PENDING": TemplateStatus.PENDING,
    "IN_APPEAL": TemplateStatus.PENDING,
    "REJECTED": TemplateStatus.REJECTED,
    "PAUSED": TemplateStatus.PAUSED,
    "DISABLED": TemplateStatus.PAUSED,
    "LOCKED": TemplateStatus.PAUSED,
    "LIMIT_EXCEEDED": TemplateStatus.PAUSED,
    "ARCHIVED": TemplateStatus.GONE,
    "DELETED": TemplateStatus.GONE,
    "PENDING_DELETION": TemplateStatus.GONE,
}


class Next(Enum):
    """What to do after an error: nothing; wait with everything; wait with this one; ask a person about the account."""

    GIVE_UP = 0
    HOLD = 1
    LATER = 2
    OPERATOR = 3
    CREDENTIALS = 4


@dataclass(frozen=True, slots=True)
class Meaning:
    """`text` for the agent; `state` of the address."""

    text: str
    next: Next = Next.GIVE_UP
    state: AddressState = AddressState.FINE


_SIGN_IN: Final = Meaning("WhatsApp refuses our access token.", Next.CREDENTIALS)
_MAY_NOT: Final = Meaning("Our app may not do this; check its permissions at Meta.", Next.OPERATOR)
_BUSY: Final = Meaning("WhatsApp could not take it now.", Next.LATER)
_LIMIT: Final = Meaning("WhatsApp's limit of calls is reached.", Next.HOLD)
_ACCOUNT: Final = Meaning("The WhatsApp account is not in order; check it at Meta.", Next.OPERATOR)
_CONTENT: Final = Meaning("WhatsApp did not accept the content.")
_FILE: Final = Meaning("WhatsApp could not take the file.")
_TEMPLATE: Final = Meaning("The template does not fit; check its name, language and parameters.")
_NO_REPEAT: Final = Meaning("WhatsApp held it back to spare the guest; write another way.")
_WINDOW: Final = Meaning("More than 24 hours since the guest's last message: send a template.")

CODES: Final[dict[int, Meaning]] = {
    **dict.fromkeys((0, 190), _SIGN_IN),
    **dict.fromkeys((3, 10, *range(200, 300), 131005), _MAY_NOT),
    **dict.fromkeys((1, 2, 131000, 131016, 131057, 132069, 135000), _BUSY),
    **dict.fromkeys((4, 80007, 130429), _LIMIT),
    131056: Meaning("Too many messages to this guest within a short time.", Next.LATER),
    **dict.fromkeys((368, 130497, 131031, 131037, 131042, 131045, 131048, 131064, 133016), _ACCOUNT),
    **dict.fromkeys((131063, 132068, 137000), _ACCOUNT),
    131030: Meaning("A test number may only write to numbers on its list.", Next.OPERATOR),
    **dict.fromkeys((100, 131008, 131009, 131021, 131051, 131062), _CONTENT),
    131026: Meaning("WhatsApp can't reach this guest: not on WhatsApp, or blocked."),
    **dict.fromkeys((470, 131047), _WINDOW),
    131049: _NO_REPEAT,
    130472: _NO_REPEAT,
    131050: Meaning("The guest has stopped marketing messages from us.", state=AddressState.COMPLAINED),
    **dict.fromkeys((131052, 131053), _FILE),
    **dict.fromkeys((132000, 132001, 132005, 132007, 132012, 132018), _TEMPLATE),
    132015: Meaning("The template is paused.", Next.OPERATOR),
    132016: Meaning("The template is disabled.", Next.OPERATOR),
}
PAIR_RATE: Final = 131056
PAIR_WAIT_S: Final = 16.0
LATER_S: Final = 30.0


def meaning_of(code: int | None) -> Meaning:
    return CODES.get(
        -1 if code is None else code,
        Meaning("It was not delivered." if code is None else f"WhatsApp reports error {code}."),
    )
