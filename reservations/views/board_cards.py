"""Cards as HTML, rendered once per content and language and kept: the page and all sockets share them.

What is a person's own in a card ("You") is set by the browser.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from reservations.board.cards import Card

KEEP = 4_000
_cards: OrderedDict[tuple[Card, str], SafeString] = OrderedDict()
_lock = Lock()


def html(card: Card, language: str) -> SafeString:
    """The card for everybody who reads that language."""
    key = (card, language)
    with _lock:
        if key in _cards:
            _cards.move_to_end(key)
            return _cards[key]
    with translation.override(language):
        made = mark_safe(render_to_string("housekeeping/_card.html", {"card": card}).strip())  # noqa: S308 (our own template)
    with _lock:
        _cards[key] = made
        while len(_cards) > KEEP:
            _cards.popitem(last=False)
    return made


def forget() -> None:
    """Draw every card anew from now on."""
    with _lock:
        _cards.clear()
