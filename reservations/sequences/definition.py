"""What a marketer wrote, as typed values: steps with their times, texts, channels and rules. Pure: no database.

Stored as JSON in a version, which never changes once it is published. Anything odd in it is a `Flaw` with the place
where it is, never an exception in the middle of the night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from typing import Any


class Anchor(StrEnum):
    """What a step's time counts from. `ARRIVAL` and `DEPARTURE` are the local days, `CHECK_IN` and `CHECK_OUT` the
    agreed (or usual) times on them."""

    BOOKED = "booked"
    ARRIVAL = "arrival"
    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    DEPARTURE = "departure"
    CANCELLED = "cancelled"


DAYS_ONLY = frozenset({Anchor.ARRIVAL, Anchor.DEPARTURE})
ANCHOR_ORDER = (
    Anchor.BOOKED,
    Anchor.ARRIVAL,
    Anchor.CHECK_IN,
    Anchor.CHECK_OUT,
    Anchor.DEPARTURE,
    Anchor.CANCELLED,
)


class Late(StrEnum):
    """What becomes of a step whose time has passed before it could be planned or sent."""

    SEND = "send"
    SKIP = "skip"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """`days` with a local clock time `at`, or `hours`, after (negative: before) the anchor."""

    anchor: Anchor
    days: int = 0
    at: time | None = None
    hours: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One language's words; `subject` is for e-mail. Both are Liquid."""

    body: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition: a field of the registry, how it is compared, and with what; `others` are alternatives, one of
    which is enough. Of a list of rules all must hold."""

    field: str
    operator: str
    value: Any
    others: tuple[Rule, ...] = ()

    @property
    def each(self) -> tuple[Rule, ...]:
        """The rule and its alternatives."""
        return (self, *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One message. `key` stays the same through all versions: what was sent under it is never sent again.

    `channels` in the order in which they are tried. `useful_until`: with `Late.SEND`, the moment after which it is of
    no use. `purpose` is transactional or marketing; `any_hour`: it may leave at night (a door code on the day of
    arrival).
    """

    key: str
    name: str
    when: When
    channels: tuple[str, ...]
    texts: Mapping[str, Text]
    language: str
    late: Late = Late.SKIP
    useful_until: When | None = None
    rules: tuple[Rule, ...] = ()
    purpose: str = "transactional"
    any_hour: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A whole sequence. `rules` decide who is enrolled. `stop_when_answered`: a guest who wrote since is left to a
    person. `when_dates_change`: "replan" (messages move with the dates) or "stop" (nothing more of it)."""

    steps: tuple[Step, ...] = ()
    rules: tuple[Rule, ...] = ()
    stop_when_answered: bool = False
    when_dates_change: str = "replan"

    @property
    def is_farewell(self) -> bool:
        """Is it about cancellations? Those are its business, not its end."""
        return bool(self.steps) and all(step.when.anchor == Anchor.CANCELLED for step in self.steps)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that keeps a sequence from being published: where, and why, as a code with values for its words."""

    place: str
    code: str
    values: Mapping[str, str] = field(default_factory=dict)


CHANNELS = ("pms", "sms", "whatsapp", "email", "webchat")
PURPOSES = ("transactional", "marketing")
MOST_DAYS = 730


def parse(stored: Mapping[str, Any]) -> Definition:
    """The definition of a stored version. Raises ValueError where it isn't one (see `flaws` first)."""
    return Definition(
        steps=tuple(_step(one) for one in stored.get("steps", ())),
        rules=parse_rules(stored.get("rules", ())),
        stop_when_answered=bool(stored.get("stop_when_answered")),
        when_dates_change=str(stored.get("when_dates_change", "replan")),
    )


def _step(stored: Mapping[str, Any]) -> Step:
    until = stored.get("useful_until")
    return Step(
        key=str(stored["key"]),
        name=str(stored["name"]),
        when=parse_when(stored["when"]),
        channels=tuple(map(str, stored["channels"])),
        texts={
            language: Text(body=str(text["body"]), subject=str(text.get("subject", "")))
            for language, text in stored["texts"].items()
        },
        language=str(stored["language"]),
        late=Late(stored.get("late", Late.SKIP)),
        useful_until=parse_when(until) if until else None,
        rules=parse_rules(stored.get("rules", ())),
        purpose=str(stored.get("purpose", "transactional")),
        any_hour=bool(stored.get("any_hour")),
    )


def parse_when(stored: Mapping[str, Any]) -> When:
    """A stored time. Raises KeyError, ValueError."""
    at = stored.get("at")
    return When(
        anchor=Anchor(stored["anchor"]),
        days=int(stored.get("days", 0)),
        at=time.fromisoformat(at) if at else None,
        hours=float(stored.get("hours", 0.0)),
    )


def parse_rules(stored: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Stored conditions. Raises KeyError."""
    return tuple(
        Rule(
            field=str(one["field"]),
            operator=str(one["operator"]),
            value=one.get("value"),
            others=parse_rules(one.get("or", ())),
        )
        for one in stored
    )


def group_of(step: Step) -> Anchor:
    """The anchor under which a step is listed: check-in stands with arrival, check-out with departure."""
    return {Anchor.CHECK_IN: Anchor.ARRIVAL, Anchor.CHECK_OUT: Anchor.DEPARTURE}.get(
        step.when.anchor, step.when.anchor
    )


def in_order(steps: Sequence[Step]) -> tuple[Step, ...]:
    """As they come in a stay: by anchor, then by time."""

    def place(step: Step) -> tuple[int, float]:
        when = step.when
        clock = when.at.hour / 24 + when.at.minute / 1440 if when.at else _USUAL.get(when.anchor, 0.0)
        return ANCHOR_ORDER.index(group_of(step)), when.days + when.hours / 24 + clock

    return tuple(sorted(steps, key=place))


_USUAL = {Anchor.CHECK_IN: 15 / 24, Anchor.CHECK_OUT: 11 / 24}


def flaws(stored: Mapping[str, Any]) -> list[Flaw]:
    """Everything that keeps it from being published; the texts and rules are judged by `rendering` and `conditions`."""
    try:
        found = parse(stored)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [Flaw("", "unreadable", {"why": str(error)})]
    if not found.steps:
        return [Flaw("", "no_steps")]
    keys = [step.key for step in found.steps]
    doubled = [Flaw(key, "key_twice") for key in dict.fromkeys(keys) if keys.count(key) > 1]
    mixed = len({step.when.anchor == Anchor.CANCELLED for step in found.steps}) > 1
    return [
        *doubled,
        *([Flaw("", "cancelled_mixed")] if mixed else []),
        *(flaw for step in found.steps for flaw in _of_step(step)),
    ]


def _of_step(step: Step) -> list[Flaw]:
    checks = {
        "no_name": not step.name.strip(),
        "no_channel": not step.channels,
        "unknown_channel": any(channel not in CHANNELS for channel in step.channels),
        "no_text": step.language not in step.texts or not step.texts[step.language].body.strip(),
        "day_without_time": step.when.anchor in DAYS_ONLY and step.when.at is None,
        "hours_of_a_day": step.when.anchor in DAYS_ONLY and step.when.hours != 0,
        "too_far": abs(step.when.days) > MOST_DAYS or abs(step.when.hours) > MOST_DAYS * 24,
        "unknown_purpose": step.purpose not in PURPOSES,
        "no_end": step.late == Late.SEND and step.useful_until is None,
        "marketing_in_pms": step.purpose == "marketing" and "pms" in step.channels,
    }
    return [Flaw(step.key, code) for code, is_so in checks.items() if is_so]
