"""What becomes of one message at an instant. Pure but for `Facts`, which are handed in: sending asks the database for
them one by one, the forecast has them for a whole page; both judge by the same rules.

The order of the questions is fixed, and the first that stops a message is the reason that people are told (ux Q11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from reservations.models import Reason, Reservation, ScheduledMessage
from reservations.ports import Reach
from reservations.sequences import conditions, planning, rendering, timing, values
from reservations.sequences.definition import Definition, Late, Step, Text
from reservations.services import platform_rules, quiet_hours

# Less than that is no delay that anybody would notice.
GRACE: Final = timedelta(minutes=10)
STOPPING_FOR: Final = timedelta(minutes=10)
CAP: Final = 3
CAP_WITHIN: Final = timedelta(hours=24)
# A channel that is down is waited for so long, then the step's next one is taken.
PATIENCE: Final = timedelta(hours=1)
LOOK_AGAIN: Final = timedelta(minutes=5)
MARGIN: Final = timedelta(minutes=1)
HELD: Final = ScheduledMessage.State.HELD
SUPPRESSED: Final = ScheduledMessage.State.SUPPRESSED
OVER: Final = {Reservation.Status.CANCELLED, Reservation.Status.NO_SHOW}
CODES: Final = ("reservation__code", "reservation__channel_code", "reservation__conversation_id")
# A text that names one of these says something else for each stay.
_OF_ONE_STAY: Final = ("unit.", "stay.code", "stay.door_code", "stay.check")


@dataclass(frozen=True, slots=True)
class Filled:
    """An approved template with its blanks filled in."""

    name: str
    language: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a message: it goes by `way`, or not: `state` with a reason, or a `later` time."""

    reason: str = ""
    state: ScheduledMessage.State = SUPPRESSED
    later: datetime | None = None
    way: Reach | None = None
    text: Text | None = None
    template: Filled | None = None
    language: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Twin:
    """What went to the same address under the same step for the same arrival, for another row of a stay."""

    stay_id: int
    codes: frozenset[str]


class Facts(Protocol):
    """What is known about one message beside its own row, step and stay."""

    def ways(self) -> Sequence[Reach]: ...
    def guest_wrote(self) -> bool: ...
    def was_said(self, body: str) -> bool:
        """Do these very words stand in the guest's thread, though they didn't come from here?"""
        ...

    def twins(self, address: str) -> Iterable[Twin]: ...
    def lately(self, now: datetime) -> Sequence[datetime]:
        """When messages of sequences went to this guest within `CAP_WITHIN` before `now`, oldest first."""
        ...

    def zones(self, way: Reach, now: datetime) -> Sequence[ZoneInfo]: ...


@dataclass(frozen=True, slots=True)
class Case:
    """One message with what it is judged by. `row` with its sequence and enrollment, `stay` with its unit, property,
    guest and organization loaded."""

    row: ScheduledMessage
    stay: Reservation
    found: Definition
    step: Step
    facts: Facts

    def ends(self) -> datetime | None:
        return ends(self.row, self.stay, self.step)


def ends(row: ScheduledMessage, stay: Reservation, step: Step) -> datetime | None:
    """The moment after which a late one is of no use, None where the step names none."""
    if step.late != Late.SEND or step.useful_until is None:
        return None
    return timing.due_at(step.useful_until, planning.times_of(stay, row.enrollment))


def judge(case: Case, now: datetime) -> Verdict:
    """What becomes of it, if it is looked at `now`."""
    stay, found, step = case.stay, case.found, case.step
    if not found.is_farewell and (stay.status in OVER or is_stopping(stay, now)):
        return Verdict(Reason.CANCELLED)
    if stay.guest is not None and stay.guest.held_at is not None:
        return Verdict(Reason.LEGAL_HOLD, HELD)
    if stay.messages_paused_at is not None:
        return Verdict(Reason.PAUSED, HELD)
    if (late := _late(case, now)) is not None:
        return late
    broken = conditions.first_false((*found.rules, *step.rules), stay)
    if broken is not None:
        return Verdict(Reason.CONDITION_FALSE, detail={"field": broken.field})
    if found.stop_when_answered and case.facts.guest_wrote():
        return Verdict(Reason.GUEST_REPLIED, HELD)
    chosen = _choose(case, now)
    if isinstance(chosen, Verdict):
        return chosen
    if (doubled := _doubled(case, chosen)) is not None:
        return doubled
    return _wait(case, chosen, now) or _words(case, chosen, now)


def is_stopping(stay: Reservation, now: datetime) -> bool:
    """A cancellation is waiting to be applied; one that never was (an old webhook) has no say after a while."""
    return stay.stopping_at is not None and stay.stopping_at > now - STOPPING_FOR


def _late(case: Case, now: datetime) -> Verdict | None:
    row, step = case.row, case.step
    if now <= row.time + GRACE or row.reason == Reason.APPROVED:
        return None
    until = case.ends()
    if until is not None and now < until:
        return None
    return late(row, step)


def late(row: ScheduledMessage, step: Step) -> Verdict:
    """It is too late for it; why it is, and whether a person decides."""
    if row.reason == Reason.CONNECTION_DOWN:
        reason = Reason.CONNECTION_DOWN
    elif was_paused(row):
        reason = Reason.PAUSED
    else:
        reason = Reason.HELD_FOR_APPROVAL if step.late == Late.HOLD else Reason.PAST_ITS_TIME
    return Verdict(reason, HELD if step.late == Late.HOLD else SUPPRESSED)


def was_paused(row: ScheduledMessage) -> bool:
    """Did its time pass while its sequence was paused?"""
    paused, resumed = row.sequence.paused_at, row.sequence.resumed_at
    within = paused is not None and row.time + GRACE >= paused and (resumed is None or row.time < resumed)
    return row.reason == Reason.PAUSED or within


# --- by which way ---
def refusal(way: Reach, step: Step, now: datetime) -> str:
    """Why a way can't be taken at an instant: a window that is closed then needs the step's template to be approved."""
    if way.refusal or way.closes_at is None or now < way.closes_at:
        return way.refusal
    wanted = (step.template.name, step.template.language) if step.template else None
    return "" if wanted in way.templates else Reason.NO_CHANNEL


def ways_at(
    step: Step, ways: Iterable[Reach], now: datetime, stay: Reservation, edited: str = ""
) -> list[Reach]:
    """The ways as they stand at an instant; one in an agency's thread is none for what the agency forbids:
    the next one is taken. `edited`: other words for this guest."""
    found = [replace(way, refusal=refusal(way, step, now)) for way in ways]
    return [
        replace(way, refusal=Reason.AGAINST_RULES)
        if way.platform and not way.refusal and _is_forbidden(way.platform, step, stay, edited)
        else way
        for way in found
    ]


def _is_forbidden(platform: str, step: Step, stay: Reservation, edited: str) -> bool:
    language = language_of(step, stay)
    try:
        body = edited.strip() or rendering.render(step.texts[language].body, values.of(stay, language))
    except (rendering.MissingValue, rendering.BadTemplate):
        return False  # it is held for that, and never sent
    return bool(platform_rules.findings(body, platform, stay))


def _choose(case: Case, now: datetime) -> Reach | Verdict:
    """The first way that is open. One before it that is only down is waited for: an hour at most, and never past the
    use of the step; where no other way is open, as long as it is of use."""
    ways = ways_at(case.step, case.facts.ways(), now, case.stay, case.row.edited)
    usable = next((n for n, way in enumerate(ways) if not way.refusal), None)
    if not any(way.refusal == Reason.CONNECTION_DOWN for way in ways[:usable]):
        return ways[usable] if usable is not None else Verdict(_worst(ways))
    began = case.row.time
    last = (case.ends() or began + GRACE) - MARGIN
    until = last if usable is None else min(last, began + PATIENCE)
    if now < until:
        return Verdict(Reason.CONNECTION_DOWN, later=min(now + LOOK_AGAIN, until))
    if usable is not None:
        return ways[usable]
    return Verdict(Reason.CONNECTION_DOWN, HELD if case.step.late == Late.HOLD else SUPPRESSED)


def _worst(ways: Sequence[Reach]) -> str:
    """The reason of the first way that was tried and might have worked; a guest without any address has no channel."""
    told = [way.refusal for way in ways if way.refusal != Reason.NO_CHANNEL]
    return told[0] if told else Reason.NO_CHANNEL


# --- not twice, not at night, not too often ---
def since_when(row: ScheduledMessage, stay: Reservation) -> datetime:
    """From when on the same words in the guest's thread are this message: it may have been sent, and forgotten, before
    the stay came in once more."""
    return min(row.enrollment.enrolled_at, stay.booked_at or row.enrollment.enrolled_at)


def codes_of(stay: Reservation) -> frozenset[str]:
    """What a stay is known by, under whatever row."""
    return codes(stay.code, stay.channel_code, stay.conversation_id)


def codes(code: str, channel_code: str, conversation_id: str) -> frozenset[str]:
    named = {"code": code, "ota": channel_code.upper(), "talk": conversation_id}
    return frozenset(f"{kind}:{value}" for kind, value in named.items() if value)


def _doubled(case: Case, way: Reach) -> Verdict | None:
    """Did this step go to this address for this arrival already? For the same stay under another row (a PMS that was
    connected anew): never again. For another stay: not again, unless the text says something of that one alone."""
    twins = list(case.facts.twins(way.address))
    if any(twin.codes & codes_of(case.stay) for twin in twins):
        return Verdict(Reason.ALREADY_SENT)
    if twins and not _is_of_one_stay(case.step.texts[language_of(case.step, case.stay)].body):
        return Verdict(Reason.DUPLICATE_CONTACT)
    return None


def _is_of_one_stay(text: str) -> bool:
    try:
        return any(name.startswith(_OF_ONE_STAY) for name in rendering.names_in(text))
    except rendering.BadTemplate:
        return False


def _wait(case: Case, way: Reach, now: datetime) -> Verdict | None:
    """Nights and the daily cap move a message; past its use they end it."""
    moved = _capped(case, now) or _at_night(case, way, now)
    until = case.ends()
    if moved is not None and moved.later is not None and until is not None and moved.later >= until:
        return Verdict(moved.reason)
    return moved


def _capped(case: Case, now: datetime) -> Verdict | None:
    times = case.facts.lately(now) if case.stay.guest_id else ()
    if len(times) < CAP:
        return None
    # One more may go once fewer than the cap are younger than a day.
    return Verdict(Reason.DAILY_CAP, later=times[len(times) - CAP] + CAP_WITHIN)


def _at_night(case: Case, way: Reach, now: datetime) -> Verdict | None:
    if not way.rings or case.step.any_hour:
        return None
    opens = quiet_hours.next_opening(
        now,
        case.facts.zones(way, now),
        marketing=case.step.purpose == "marketing",
        american=way.address.startswith("+1"),
    )
    return Verdict(Reason.QUIET_HOURS, later=opens) if opens > now else None


# --- in which words ---
def language_of(step: Step, stay: Reservation) -> str:
    """The guest's language where the step has it (whole, then without its region), else the step's own."""
    wanted = (stay.guest.language if stay.guest else "").replace("_", "-")
    for candidate in (wanted, wanted.partition("-")[0]):
        if candidate in step.texts:
            return candidate
    return step.language


def _words(case: Case, way: Reach, now: datetime) -> Verdict:
    step = case.step
    language = language_of(step, case.stay)
    text, told = step.texts[language], values.of(case.stay, language)
    try:
        if step.template is not None and way.closes_at is not None and now >= way.closes_at:
            blanks = {name: rendering.render(value, told) for name, value in step.template.values.items()}
            filled = Filled(step.template.name, step.template.language, blanks)
            return Verdict(way=way, text=Text(body=""), template=filled, language=filled.language)
        body = case.row.edited.strip() or rendering.render(text.body, told)
        subject = rendering.render(text.subject, told) if text.subject else ""
    except rendering.MissingValue as missing:
        return Verdict(Reason.MISSING_VALUE, HELD, detail={"name": missing.name})
    except rendering.BadTemplate as bad:
        return Verdict(Reason.MISSING_VALUE, HELD, detail={"name": str(bad)})
    if case.facts.was_said(body):
        return Verdict(Reason.ALREADY_SENT)
    return Verdict(way=way, text=Text(body=body, subject=subject), language=language)
