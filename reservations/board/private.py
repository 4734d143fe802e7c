"""What a housekeeper may read of a person: a first name and an initial, and no way to reach anybody (ux H6)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TITLES: Final = frozenset(
    {"mr", "mrs", "ms", "miss", "dr", "prof", "sir", "herr", "frau", "sr", "sra", "srta", "señor", "señora", "pan",
     "pani"}
)  # fmt: skip
_ADDRESS: Final = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+|\+?\d[\d\s()./-]{6,}\d")
_NUMBER: Final = r"(?:\d{1,3}(?:[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]\d{3})+|\d+)(?:[.,]\d+)*"
# Codes that are no words of their own: "try 2" is no price.
_CURRENCY: Final = (
    r"(?:[$¢-¥₠-₿]|(?<![^\W\d_])(?:eur|usd|gbp|pln|ron|chf|cad|aud|nzd|mxn|brl|clp|ars|cop|czk|huf|sek|nok|dkk|isk|bgn|uah|jpy|inr|zar"
    r"|aed|thb|zł|lei|kr|kč|ft)(?![^\W\d_]))"
)
_MONEY: Final = re.compile(rf"{_CURRENCY}\s*{_NUMBER}|(?<!\d){_NUMBER}\s*{_CURRENCY}", re.IGNORECASE)
HIDDEN: Final = "…"


def short_name(full_name: str) -> str:
    """ "Maria Lindqvist" → "Maria L."; who is only known by a title and a surname is an initial, and who is known by an
    address alone is nobody."""
    last, comma, first = _ADDRESS.sub(" ", full_name).partition(",")
    told = (word.strip("()[]\"'") for word in (f"{first} {last}" if comma else last).split())
    words = [word for word in told if word]
    titled = bool(words) and words[0].strip(".").casefold() in _TITLES
    words = words[1:] if titled else words
    if not words:
        return ""
    if titled and len(words) == 1:
        return f"{words[0][0]}."
    return words[0] if len(words) == 1 else f"{words[0]} {words[-1][0]}."


def first_name(full_name: str) -> str:
    """Of a colleague."""
    return full_name.split(maxsplit=1)[0] if full_name.strip() else ""


def note(text: str, guests: Iterable[str] = ()) -> str:
    """A note of the PMS without addresses and amounts, and without the surnames of `guests` (their full names)."""
    told = _MONEY.sub(HIDDEN, _ADDRESS.sub(HIDDEN, text))
    for name in guests:
        words = name.replace(",", " ").split()
        if len(words) > 1:
            for word in name.partition(",")[0].split() if "," in name else words[1:]:
                told = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", f"{word[0]}.", told, flags=re.IGNORECASE)
    return told.strip()
