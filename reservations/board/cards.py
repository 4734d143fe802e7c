"""A card of the board: what there is to know of one unit on one day, and nothing else. Plain values, so that the same
card is rendered once for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

from reservations.models import UnitState

GOING: Final = "going"
DONE: Final = frozenset({UnitState.CLEAN.value, UnitState.INSPECTED.value})
OUT: Final = frozenset({UnitState.OUT_OF_ORDER.value, UnitState.OUT_OF_SERVICE.value})
STARTED, REFUSED, WELCOME = "started", "refused", "welcome"
REFUSALS: Final = frozenset({REFUSED, WELCOME})
ACTS: Final = frozenset({*UnitState.values, STARTED, REFUSED, WELCOME})
_NEXT: Final = {
    UnitState.PICKUP.value: UnitState.CLEAN.value,
    GOING: UnitState.CLEAN.value,
    UnitState.CLEAN.value: UnitState.INSPECTED.value,
    UnitState.INSPECTED.value: "",
    UnitState.OUT_OF_ORDER.value: UnitState.DIRTY.value,
    UnitState.OUT_OF_SERVICE.value: UnitState.DIRTY.value,
}


class Group(StrEnum):
    DEPARTURES = "departures"
    STAY_OVERS = "stay_overs"
    ARRIVALS = "arrivals"
    VACANT = "vacant"


@dataclass(frozen=True, slots=True)
class Moment:
    """When somebody leaves or comes, local to the property. `was`: the time that it replaces, if it does;
    `is_asked`: another one is asked for and not decided, `asked` where a time was told. `over`: they have left, or are
    in already."""

    at: time
    was: time | None = None
    is_asked: bool = False
    asked: time | None = None
    by: str = ""
    decided: time | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Extra:
    """A bed or the like: `kind` is a RequestKind, `decided` whether it is agreed."""

    kind: str
    decided: bool


@dataclass(frozen=True, slots=True)
class Party:
    """Who sleeps there, as far as the unit needs it. `night`: which night this is, of those who stay over."""

    name: str
    adults: int
    children: int
    infants: int
    pets: int
    nights: int | None
    night: int | None
    is_owner: bool
    extras: tuple[Extra, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """What changed, until somebody taps it; `name` tells it from an earlier change. `what` is out, in, leaves, arrives,
    cancelled, moved_to or moved_from (another unit), or moved_out (to none so far)."""

    name: str
    what: str
    now: str
    was: str
    by: str
    at: time | None
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Written:
    """Does the PMS have the state? `state` is a PmsState, empty where it is kept here only."""

    state: str
    reason: str
    act: str
    token: str


@dataclass(frozen=True, slots=True)
class Found:
    """An open report: what is wrong, who said so, whether there is a photo; `work` is the order's PmsState."""

    public_id: str
    note: str
    by: str
    at: datetime
    has_photo: bool
    work: str
    is_request: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One unit on one day. `state`: a UnitState, "going" once somebody began, empty where nobody said, or the PMS's own
    word. `blocked`: dnd or refused. `place_id`: the property's public id. `since` and `until` bound an empty unit's
    gap. `minutes` to clean it."""

    unit_id: int
    public_id: str
    name: str
    property_id: int
    place: str
    place_id: str
    day: date
    is_today: bool
    group: Group
    state: str
    blocked: str
    out: Moment | None
    coming: Moment | None
    party: Party | None
    next_party: Party | None
    since: date | None
    until: date | None
    note: str
    assignee: str
    assignee_name: str
    assignee_initials: str
    minutes: int
    started: time | None
    started_by: str
    mark: Mark | None
    written: Written | None
    pms: str
    found: tuple[Found, ...]

    @property
    def next_act(self) -> str:
        """What one tap does; empty where nothing is left, and on any day but today."""
        if not self.is_today or (self.blocked and self.state not in DONE):
            return ""
        return _NEXT.get(self.state, STARTED)

    @property
    def is_done(self) -> bool:
        return self.state in DONE

    @property
    def shown_state(self) -> str:
        """What stands behind the unit's name: a blocked unit says that first."""
        return self.blocked if self.blocked and self.state not in DONE | OUT else self.state

    @property
    def counts_as(self) -> str:
        """Which part of the day's progress it is."""
        if self.state == UnitState.INSPECTED or self.state == UnitState.CLEAN or self.state == GOING:
            return self.state
        return "blocked" if self.blocked or self.state in OUT else "left"

    @property
    def order(self) -> str:
        """Sorts by the next deadline, then by name as people count: the next guest, else who leaves."""
        deadline = self.coming or self.out
        first = "0" if self.coming else "1"
        return f"{first}{deadline.at if deadline else '99'}{natural(self.name)}{self.place}"


def natural(name: str) -> str:
    """ "9" before "10", as a text that sorts."""
    return "".join(part.zfill(8) if part.isdigit() else part.casefold() for part in _pieces(name))


def _pieces(name: str) -> list[str]:
    pieces: list[str] = []
    for sign in name:
        if pieces and pieces[-1][-1].isdigit() == sign.isdigit():
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces


def grouped(cards: Sequence[Card]) -> dict[Group, list[Card]]:
    """In the order of the board; empty groups are there."""
    found: dict[Group, list[Card]] = {group: [] for group in Group}
    for card in sorted(cards, key=lambda one: one.order):
        found[card.group].append(card)
    return found


def progress(cards: Sequence[Card]) -> dict[str, int]:
    """How many units are inspected, clean, going, left, blocked; empty ones too."""
    counts = {"inspected": 0, "clean": 0, GOING: 0, "left": 0, "blocked": 0}
    for card in cards:
        counts[card.counts_as] += 1
    return counts
