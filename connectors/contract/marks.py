"""Marks in texts that we keep in a PMS without an id or client reference of its own: `[bh:7f3k2q]`.

The token is known before the text leaves. So a lost answer is settled by looking for it, and the text's own webhook is
known for ours.
"""

from __future__ import annotations

import re
import secrets

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_LENGTH = 8
_MARK = re.compile(r" ?\[bh:([0-9a-z]{4,20})\]")
_DIGITS = re.compile(r"\d(?:[ \-.]?\d){12,}")
_CARD_DIGITS = 12
_LONGEST_CARD = 19


def new_reference() -> str:
    """A token for one Command; 40 bits, only ever compared within one reservation."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def mark(reference: str) -> str:
    """The token as it stands in a text."""
    return f"[bh:{reference}]"


def reference_in(text: str) -> str:
    """The first token in a text, empty where there is none."""
    found = _MARK.search(text)
    return found[1] if found else ""


def references_in(text: str) -> tuple[str, ...]:
    """All tokens in a text."""
    return tuple(_MARK.findall(text))


def mask_cards(text: str) -> str:
    """The text with numbers of more than 12 digits that pass the Luhn test made unreadable but for their last four:
    they may be payment cards, and PMSs refuse texts that hold them."""
    return _DIGITS.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    if not _holds_card(re.split(r"\D", found[0])):
        return found[0]
    hidden = sum(sign.isdigit() for sign in found[0]) - 4
    shown: list[str] = []
    for sign in found[0]:
        if sign.isdigit():
            shown.append("•" if hidden > 0 else sign)
            hidden -= 1
        else:
            shown.append(sign)
    return "".join(shown)


def _holds_card(groups: list[str]) -> bool:
    """Does any run of neighbouring groups look like a card? (A date may stand right behind one.)"""
    for start in range(len(groups)):
        digits = ""
        for group in groups[start:]:
            digits += group
            if len(digits) > _LONGEST_CARD:
                break
            if len(digits) > _CARD_DIGITS and _passes_luhn([int(sign) for sign in digits]):
                return True
    return False


def _passes_luhn(digits: list[int]) -> bool:
    """https://www.iso.org/standard/70484.html (ISO/IEC 7812-1, annex B)"""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def without_marks(text: str) -> str:
    """The text as people are to see it."""
    return _MARK.sub("", text).rstrip()


def mark_behind(text: str, reference: str) -> str:
    """The text with its token at the end, where a reader is least disturbed by it, card numbers masked."""
    return f"{mask_cards(text)}\n{mark(reference)}".strip()


def marked(text: str, reference: str) -> str:
    """A one-line or longer text with its token behind the first line, card numbers masked."""
    first, _, rest = mask_cards(text).strip().partition("\n")
    line = f"{first} {mark(reference)}"
    return f"{line}\n{rest}" if rest else line
