"""Finding people, stays and words. Accents and case are folded here, because the database's search doesn't."""

from __future__ import annotations

import re
import unicodedata

from django.contrib.postgres.search import SearchVector
from django.db.models import Value

_WORD = re.compile(r"\w+")
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


def fold(text: str) -> str:
    """Lower case without marks; runs of wide script become overlapping pairs, because the parser keeps them as one
    word."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return _WIDE.sub(lambda run: f" {_pairs(run.group())} ", plain)


def _pairs(run: str) -> str:
    """The last sign stands alone too, so that it is found by itself."""
    return " ".join(run[i : i + 2] for i in range(len(run)))


def vector(body: str) -> SearchVector:
    """The value of a message's search column: the words as a query has them, not as the database's parser would cut
    addresses, codes and numbers."""
    return SearchVector(Value(" ".join(_WORD.findall(fold(body)))[:20_000]), config="simple")


def query_text(text: str) -> str:
    """A tsquery in which every word must occur, the last one as a prefix; empty where nothing is left to look for."""
    words = _WORD.findall(fold(text))[:8]
    if not words:
        return ""
    return " & ".join([*words[:-1], f"{words[-1]}:*"])
