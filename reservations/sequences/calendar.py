"""The forecast's lines as a calendar: days, in them steps with how many go and how many are held back, and why (ux
Q10). Pure: no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reservations.models import ScheduledMessage
from reservations.sequences.forecast import AHEAD, BACK, Line

WEEK: Final = 7
_HELD: Final = {ScheduledMessage.State.HELD, ScheduledMessage.State.SUPPRESSED}
_MOVED: Final = {"quiet_hours", "daily_cap"}


def is_held(line: Line) -> bool:
    return line.state in _HELD


class Show(TextChoices):
    """Which lines are shown."""

    GOING = "going", _("Will go")
    HELD = "held", _("Held back")
    SENT = "sent", _("Sent")


_IS: Final[dict[str, Callable[[Line], bool]]] = {
    Show.GOING: lambda line: line.state == ScheduledMessage.State.PLANNED,
    Show.HELD: is_held,
    Show.SENT: lambda line: line.state == ScheduledMessage.State.SENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person filters by; empty: everything. `place` is a property's public id, `reason` a key of `Why`."""

    place: str = ""
    show: str = ""
    reason: str = ""

    def holds(self, line: Line) -> bool:
        return self.holds_but_for_reason(line) and (
            not self.reason or (is_held(line) and reason_key(line) == self.reason)
        )

    def holds_but_for_reason(self, line: Line) -> bool:
        place = line.row.reservation.property
        return (not self.place or (place is not None and place.public_id == self.place)) and (
            self.show not in _IS or _IS[self.show](line)
        )


@dataclass(frozen=True, slots=True)
class Item:
    """One step at one time of a day: the lines that go (or went), and those that are held back."""

    key: str
    at: datetime
    sequence: str
    step: str
    going: tuple[Line, ...]
    held: tuple[Line, ...]

    @property
    def is_sent(self) -> bool:
        """Is all that goes gone?"""
        return bool(self.going) and all(line.state == ScheduledMessage.State.SENT for line in self.going)

    @property
    def moved(self) -> int:
        """How many go later than planned, because of the night or the daily cap."""
        return sum(line.reason in _MOVED for line in self.going)


@dataclass(frozen=True, slots=True)
class Day:
    """A column. `now_before`: the item before which the line of the present stands, None on any other day."""

    day: date
    items: tuple[Item, ...]
    now_before: int | None

    @property
    def going(self) -> int:
        return sum(len(item.going) for item in self.items)

    @property
    def held(self) -> int:
        return sum(len(item.held) for item in self.items)

    @property
    def is_today(self) -> bool:
        return self.now_before is not None


@dataclass(frozen=True, slots=True)
class Why:
    """A reason that holds messages back, in words, and how many."""

    key: str
    words: str
    count: int


def reason_key(line: Line) -> str:
    """The reason's code, with the field or value that it names."""
    named = line.detail.get("field") or line.detail.get("name") or ""
    return f"{line.reason}:{named}" if named else str(line.reason)


def span(first: date, days: int, today: date) -> tuple[date, date | None, date | None]:
    """The first day as near as the forecast reaches, and where "before" and "after" lead; None: nowhere."""
    start, end = today - BACK, today + AHEAD
    first = max(start, min(first, end))
    before = max(start, first - timedelta(days=days)) if first > start else None
    after = first + timedelta(days=days)
    return first, before, after if after <= end else None


def days(lines: Iterable[Line], first: date, count: int, now: datetime) -> list[Day]:
    """`count` days from `first` on; `now` is in the zone by which "today" is meant."""
    by_day: dict[date, list[Line]] = {}
    for line in lines:
        by_day.setdefault(line.day, []).append(line)
    found = []
    for day in (first + timedelta(days=n) for n in range(count)):
        items = _items(by_day.get(day, ()))
        passed = sum(item.at.time() <= now.time() for item in items)
        found.append(Day(day, items, passed if day == now.date() else None))
    return found


def _items(lines: Sequence[Line]) -> tuple[Item, ...]:
    ordered = sorted(lines, key=lambda line: (f"{line.at:%H:%M}", line.row.sequence.name, key_of(line)))
    return tuple(_item(key, tuple(group)) for key, group in groupby(ordered, key_of))


def key_of(line: Line) -> str:
    """What names a line's item: day, time, sequence and step."""
    return f"{line.at:%Y%m%d%H%M}.{line.row.sequence.public_id}.{line.row.step_key}"


def _item(key: str, lines: tuple[Line, ...]) -> Item:
    first = lines[0]
    return Item(
        key,
        first.at,
        first.row.sequence.name,
        first.step,
        tuple(line for line in lines if not is_held(line)),
        tuple(line for line in lines if is_held(line)),
    )


def whys(lines: Iterable[Line]) -> list[Why]:
    """Why lines are held back, the most frequent reason first; each line has one."""
    held = [line for line in lines if is_held(line)]
    words = {reason_key(line): line.why for line in held}
    counted = Counter(map(reason_key, held))
    return [Why(key, words[key], count) for key, count in counted.most_common()]
