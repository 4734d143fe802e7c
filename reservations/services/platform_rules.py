"""What agencies forbid in their threads, looked for before anything is sent there (consent.md §8).

Airbnb: no contact data before booking, nothing that leads away (https://www.airbnb.com/help/article/2799); Booking.com:
links only where the extranet approves them, no unsolicited offers; Vrbo and Expedia mask contact data before booking.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _

from reservations.models import Reservation


class Rule(StrEnum):
    LINK = "link"
    PHONE = "phone"
    EMAIL = "email"
    AWAY = "away"
    BRAND = "brand"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in a text that a platform's rule is against: the rule, and the words."""

    rule: Rule
    words: str


PLATFORMS: Final = {"airbnb": "Airbnb", "booking": "Booking.com", "vrbo": "Vrbo", "expedia": "Expedia"}
_ALWAYS: Final = {
    "airbnb": {Rule.LINK, Rule.AWAY, Rule.BRAND},
    "booking": {Rule.LINK, Rule.AWAY, Rule.BRAND},
    "vrbo": {Rule.AWAY, Rule.BRAND},
    "expedia": {Rule.AWAY, Rule.BRAND},
}
_BEFORE_BOOKING: Final = {Rule.LINK, Rule.PHONE, Rule.EMAIL}
_LINK: Final = re.compile(
    r"\b(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|net|org|io|co|info|example|pt|es|de|fr|uk)\b(?:/\S*)?",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(r"(?<![\w.])\+?\d(?:[\s().-]?\d){7,14}(?!\w)")
_EMAIL: Final = re.compile(
    r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\.|\s?\(dot\)\s?)[\w.-]+", re.IGNORECASE
)
_AWAY: Final = re.compile(
    r"\bbook (?:it )?direct(?:ly)?\b|\b(?:outside|off) (?:of )?(?:airbnb|booking|vrbo|expedia|the platform)\b"
    r"|\bcancel (?:it |this )?and re-?book\b|\bpay (?:me |us )?(?:in )?(?:cash|directly)\b"
    r"|\b(?:paypal|venmo|zelle|western union|bank transfer|wire transfer)\b|\bon our (?:own )?web ?site\b"
    r"|\breserv\w+ direct\w*|\bdirekt (?:bei uns )?buchen\b|\bréserve[rz]? en direct\b",
    re.IGNORECASE,
)
_OTHERS: Final = {
    "airbnb": r"booking\.com|vrbo|homeaway|expedia",
    "booking": r"airbnb|vrbo|homeaway|expedia",
    "vrbo": r"airbnb|booking\.com",
    "expedia": r"airbnb|booking\.com",
}


def findings(text: str, platform: str, stay: Reservation | None) -> list[Finding]:
    """What in a text is against the rules of the platform in whose thread it would stand; empty elsewhere."""
    if platform not in PLATFORMS:
        return []
    wanted = _ALWAYS[platform] | (set() if is_booked(stay) else _BEFORE_BOOKING)
    without_mail = _EMAIL.sub(" ", text)
    brands = re.compile(rf"\b(?:{_OTHERS[platform]})\b", re.IGNORECASE)
    looked = {
        Rule.EMAIL: _EMAIL.findall(text),
        Rule.LINK: _LINK.findall(brands.sub(" ", without_mail)),
        Rule.PHONE: _PHONE.findall(text),
        Rule.AWAY: _AWAY.findall(text),
        Rule.BRAND: brands.findall(without_mail),
    }
    return [
        Finding(rule, words.strip())
        for rule, found in looked.items()
        if rule in wanted
        for words in dict.fromkeys(found)
    ]


def is_booked(stay: Reservation | None) -> bool:
    """Before that, platforms are strictest; a booking that was cancelled was one."""
    if stay is None:
        return False
    was = stay.status == Reservation.Status.CANCELLED and stay.cancelled_at is not None
    return was or stay.status in {
        Reservation.Status.CONFIRMED,
        Reservation.Status.CHECKED_IN,
        Reservation.Status.CHECKED_OUT,
    }


def in_words(finding: Finding, platform: str) -> str:
    """The rule, named, with what is against it."""
    rule = {
        Rule.LINK: _("%(platform)s allows no links here: %(words)s"),
        Rule.PHONE: _("%(platform)s allows no phone number before the booking: %(words)s"),
        Rule.EMAIL: _("%(platform)s allows no e-mail address before the booking: %(words)s"),
        Rule.AWAY: _("%(platform)s allows nothing that leads away from it: %(words)s"),
        Rule.BRAND: _("%(platform)s allows no other platform to be named: %(words)s"),
    }[finding.rule]
    return rule % {"platform": PLATFORMS[platform], "words": finding.words}
