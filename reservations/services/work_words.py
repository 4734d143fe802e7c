"""Does a message tell of something broken? A small, plain list of words per language. It suggests; a person orders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from reservations.services import emergency_words
from reservations.services.emergency_words import plain

_BROKEN: Final = re.compile(
    r"\b(broken|leak(s|ing)?|blocked|clogged|no hot water|no heating|no power|no electricity|too cold|knocking noise|"
    r"out of order|(does|do|is|are)(n'?t| not) work(ing)?|stopped working|won'?t (open|close|start|turn on)|"
    r"roto|rota|gotera|fuga|atascad[oa]|averia(do|da)?|no (funciona|va|hay agua|hay luz|enciende|cierra|abre))\b"
)
_URGENT: Final = re.compile(r"\b(locked out|this is an emergency|es una emergencia)\b")
_TITLE: Final = 80


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a message tells of: a short title, and whether it can't wait."""

    title: str
    urgent: bool


def suggest(text: str) -> Trouble | None:
    """None for most messages."""
    urgent = _is_urgent(text)
    if not urgent and not _BROKEN.search(plain(text)):
        return None
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(text.split()))
    telling = next((one for one in sentences if _tells(one)), sentences[0])
    return Trouble(telling[:_TITLE].rstrip(" ."), urgent)


def _tells(sentence: str) -> bool:
    return bool(_BROKEN.search(plain(sentence))) or _is_urgent(sentence)


def _is_urgent(text: str) -> bool:
    return emergency_words.find(text) is not None or bool(_URGENT.search(plain(text)))
