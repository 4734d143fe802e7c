"""Does a message tell of something broken? A small, plain list of words per language. It suggests; a person orders."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_BROKEN: Final = re.compile(
    r"\b(broken|leak(s|ing)?|blocked|clogged|no hot water|no heating|no power|no electricity|too cold|knocking noise|"
    r"out of order|(does|do|is|are)(n'?t| not) work(ing)?|stopped working|won'?t (open|close|start|turn on)|"
    r"roto|rota|gotera|fuga|atascad[oa]|averia(do|da)?|no (funciona|va|hay agua|hay luz|enciende|cierra|abre))\b"
)
_URGENT: Final = re.compile(
    r"\b(gas|fire|smoke|flood(ed|ing)?|burst|sparks?|locked out|emergency|injured|"
    r"fuego|humo|incendio|inundacion|inundad[oa]|chispas|emergencia|herid[oa])\b"
)
_TITLE: Final = 80


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a message tells of: a short title, and whether it can't wait."""

    title: str
    urgent: bool


def suggest(text: str) -> Trouble | None:
    """None for most messages."""
    plain = " ".join(_plain(text).split())
    urgent = bool(_URGENT.search(plain))
    if not urgent and not _BROKEN.search(plain):
        return None
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(text.split()))
    telling = next((one for one in sentences if _tells(one)), sentences[0])
    return Trouble(telling[:_TITLE].rstrip(" ."), urgent)


def _tells(sentence: str) -> bool:
    plain = _plain(sentence)
    return bool(_BROKEN.search(plain) or _URGENT.search(plain))


def _plain(text: str) -> str:
    """Lower case, without accents, with a typewriter's apostrophe."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    return "".join(sign for sign in folded if not unicodedata.combining(sign))
