"""Does a message ask for something beside the booking? A small, plain list of words per language. It suggests; a person
decides."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import time
from typing import Final

from reservations.models import RequestKind

_TIMES: Final = re.compile(
    r"(?<![\d.:])(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?"
    r"\s*(?P<half>a\.?m\.?|p\.?m\.?)?(?![\d.:]*\d)"
)
# Numbers that people write out, English and Spanish.
_WORDS: Final = {
    "noon": "12:00", "midday": "12:00", "mediodia": "12:00",
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
    "una": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6", "siete": "7", "ocho": "8",
    "nueve": "9", "diez": "10", "once": "11", "doce": "12",
}  # fmt: skip
_SIGNS: Final = {
    RequestKind.LATE_CHECK_OUT: (
        r"late (check[\s-]?out|departure)",
        r"check[\s-]?out (later|late|at|until)",
        r"(stay|keep the (room|apartment|flat))( \w+){0,2} (until|till|til)",
        r"leave (a (bit|little) )?later",
        r"later check[\s-]?out",
        r"salida tardia",
        r"(salir|dejar la habitacion|irnos)( \w+){0,3} (mas tarde|hasta|a las?)",
        r"quedar(nos|me) hasta",
        r"check[\s-]?out (mas )?tarde",
        r"check[\s-]?out a las",
    ),
    RequestKind.EARLY_CHECK_IN: (
        r"early (check[\s-]?in|arrival)",
        r"check[\s-]?in (earlier|early|at|before)",
        r"arrive (earlier|early)",
        r"earlier check[\s-]?in",
        r"(come|get in|check in)( \w+){0,3} before",
        r"(llegar|entrar)( \w+){0,3} (antes|temprano)",
        r"entrada anticipada",
        r"check[\s-]?in (antes|temprano|anticipado)",
    ),
    RequestKind.COT: (r"\bcots?\b", r"\bcribs?\b", r"baby bed", r"\bcuna\b"),
    RequestKind.EXTRA_BED: (
        r"(extra|additional|another|spare) bed",
        r"(sofa|camp|folding) bed",
        r"cama (extra|adicional|supletoria)",
    ),
    RequestKind.LUGGAGE: (
        r"(leave|store|keep|drop)( \w+){0,3} (luggage|bags|suitcases?|baggage)",
        r"luggage (storage|room)",
        r"(dejar|guardar)( \w+){0,3} (maletas?|equipaje)",
        r"consigna",
    ),
}
_PATTERNS: Final = {
    kind: re.compile("|".join(f"(?:{sign})" for sign in signs)) for kind, signs in _SIGNS.items()
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a message seems to ask for, and the time in it, where it names one."""

    kind: RequestKind
    wished: time | None = None


def suggest(text: str) -> list[Suggestion]:
    """In the order of the list, each kind once; empty for most messages."""
    plain = _plain(text)
    found = [kind for kind, pattern in _PATTERNS.items() if pattern.search(plain)]
    return [Suggestion(kind, _time(plain, kind)) for kind in found]


def _plain(text: str) -> str:
    """Lower case, without accents, one space between words."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in folded if not unicodedata.combining(sign)).split())


def _time(plain: str, kind: RequestKind) -> time | None:
    """The last time that is named, on the side of noon that such a wish means."""
    if kind not in {RequestKind.LATE_CHECK_OUT, RequestKind.EARLY_CHECK_IN}:
        return None
    spelled = re.sub(r"[a-z]+", lambda word: _WORDS.get(word.group(), word.group()), plain)
    times = [found for match in _TIMES.finditer(spelled) if (found := _of(match, kind)) is not None]
    return times[-1] if times else None


def _of(match: re.Match[str], kind: RequestKind) -> time | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = (match["half"] or "").replace(".", "").lower()
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    elif not half and kind == RequestKind.LATE_CHECK_OUT and hour < 8:
        hour += 12  # "until one" on the day of departure is after noon
    if hour > 23 or minute > 59:
        return None
    return time(hour, minute)
