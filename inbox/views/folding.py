"""Runs of events in a thread fold into one line, so that what was said stays in sight (ux T4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.utils import timezone

from inbox.services.timeline import Entry

FOLD_FROM = 3
# What must not be missed stands alone.
NEVER = {"cancelled", "survey", "emergency"}


@dataclass(frozen=True, slots=True)
class Fold:
    """A run of events of one day, oldest first."""

    entries: Sequence[Entry]
    kind: str = "events"

    @property
    def at(self) -> datetime:
        return self.entries[0].at

    @property
    def until(self) -> datetime:
        return self.entries[-1].at

    @property
    def key(self) -> str:
        return f"fold-{self.entries[0].item.pk}"

    @property
    def count(self) -> int:
        return len(self.entries)


def folded(entries: Iterable[Entry]) -> Iterator[Entry | Fold]:
    """The entries with every run of three events or more as one Fold; a new day begins a new run."""

    def run(entry: Entry) -> tuple[bool, date, int]:
        can_fold = entry.kind == "event" and entry.item.kind not in NEVER
        return can_fold, timezone.localtime(entry.at).date(), 0 if can_fold else id(entry)

    for (can_fold, _day, _own), found in groupby(entries, run):
        group = list(found)
        if can_fold and len(group) >= FOLD_FROM:
            yield Fold(group)
        else:
            yield from group


def by_day(entries: Iterable[Entry | Fold]) -> Iterator[tuple[Entry | Fold, bool]]:
    """Every entry with whether it is the first of its day."""
    before: date | None = None
    for entry in entries:
        day = timezone.localtime(entry.at).date()
        yield entry, day != before
        before = day
