"""Finding people, stays and words. Accents and case are folded here, because the database's search doesn't."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import connection, models
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
    """The value of a search column: the words as a query has them, not as the database's parser would cut addresses,
    codes and numbers."""
    return SearchVector(Value(plain(body)), config="simple")


def plain(text: str) -> str:
    """The folded words with a space between them."""
    return " ".join(_WORD.findall(fold(text)))[:20_000]


def query_text(text: str) -> str:
    """A tsquery in which every word must occur, the last one as a prefix; empty where nothing is left to look for."""
    words = _WORD.findall(fold(text))[:8]
    if not words:
        return ""
    return " & ".join([*words[:-1], f"{words[-1]}:*"])


class Findable(models.Model):
    """A row that is found by the words of its field `found_by`: every save keeps them in `search`. Whoever changes that
    field in bulk must do the same."""

    found_by: ClassVar[str]
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is None or self.found_by in update_fields:
            self.search = vector(getattr(self, self.found_by))
            update_fields = None if update_fields is None else {*update_fields, "search"}
        super().save(*args, update_fields=update_fields, **kwargs)


_FILL = """
UPDATE {table} AS row SET search = to_tsvector('simple', found.words)
FROM unnest(%s::bigint[], %s::text[]) AS found (id, words) WHERE row.id = found.id AND row.search IS NULL
"""


def fill(table: str, column: str, step: int = 1_000) -> None:
    """Give rows from before they were findable their words, a thousand at a time."""
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT id, {column} FROM {table} WHERE id > %s AND search IS NULL ORDER BY id LIMIT %s",  # noqa: S608 (names from a migration)
                [last, step],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            last = rows[-1][0]
            cursor.execute(
                _FILL.format(table=table), [[pk for pk, _ in rows], [plain(text) for _, text in rows]]
            )
