"""Comparing texts that travelled: what we sent against what a PMS shows."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from difflib import SequenceMatcher
from typing import Final

LEAST: Final = 20
SIMILAR: Final = 0.9

_TAG = re.compile(r"</?[a-z][^<>]*>|<!--.*?-->|<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)
_UNSHOWN = re.compile(r"<(style|script|head|title)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<\s*(br|/p|/div|/li|/tr|/h[1-6])\b[^<>]*>", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


def html_to_text(body: str) -> str:
    """Plain text of an HTML body, line breaks kept, entities resolved. Plain text (a "<3" too) passes
    unchanged."""
    if "<" not in body or not _TAG.search(body):
        return body
    text = html.unescape(_TAG.sub("", _BREAK.sub("\n", _UNSHOWN.sub("", body))))
    return text.replace("\xa0", " ").strip()


def normalise(body: str) -> str:
    """A form in which two copies of one text are equal: NFKC, no markup, no case, white space folded, no
    symbols beyond letters, digits and punctuation of the basic plane (channels drop or replace emoji)."""
    text = unicodedata.normalize("NFKC", html_to_text(body)).replace("\u200d", "").replace("\ufe0f", "")
    text = "".join(c for c in text if unicodedata.category(c) not in {"So", "Sk", "Cf", "Cs", "Co", "Cn"})
    return _SPACE.sub(" ", text).strip().casefold()


def similar(body: str, wanted: str) -> bool:
    """Is one normalised text a copy of the other that was cut short or had words masked on the way? Short texts must
    be equal."""
    if min(len(body), len(wanted)) < LEAST:
        return body == wanted
    return wanted.startswith(body) or SequenceMatcher(None, body, wanted, autojunk=False).ratio() >= SIMILAR


def fingerprint(body: str) -> str:
    """32 hex digits over the normalised body."""
    return hashlib.sha256(normalise(body).encode()).hexdigest()[:32]
