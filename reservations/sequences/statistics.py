"""What became of a sequence's messages in a span of days, by version and step (ux Q12). Each number is the length of a
list: `rows_of` and `of` ask the same questions.

A message counts on the day on which it was settled (sent, or not), an enrollment on its own day, an answer with the
message that first bore its link. Its version is the one that the stay is on. Percentages and the NPS are kept back
under twenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from reservations import ports
from reservations.models import (
    Enrollment,
    ScheduledMessage,
    Sequence,
    SequenceVersion,
    SurveyAnswer,
)
from reservations.ports import Outcome
from reservations.sequences import definition, reasons
from reservations.services import scope

ENOUGH: Final = 20
LONGEST: Final = 400
USUAL: Final = timedelta(days=29)
ANSWERED, SUPPRESSED, ENROLLED, HANDED_OVER = "answered", "suppressed", "enrolled", "handed_over"
PROMOTERS, DETRACTORS = "promoters", "detractors"
NAMES: Final = {*map(str, Outcome), ANSWERED, SUPPRESSED, ENROLLED, HANDED_OVER, PROMOTERS, DETRACTORS}
_SENT = Q(state=ScheduledMessage.State.SENT)


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from `first` to `last`, both included, as instants: `start` up to, not including, `end`."""

    first: date
    last: date
    start: datetime
    end: datetime


def period(first: date | None, last: date | None, now: datetime) -> Period:
    """The days that were asked for, else the last thirty; `now` is in the zone whose days they are."""
    zone, today = now.tzinfo, now.date()
    assert zone is not None
    last = last or today
    first = min(first, last) if first is not None else last - USUAL
    first = max(first, last - timedelta(days=LONGEST))
    return Period(first, last, _midnight(first, zone), _midnight(last + timedelta(days=1), zone))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


# --- the questions ---
def _answers(low: int, high: int) -> Exists:
    rows = SurveyAnswer.objects.filter(survey__scheduled=OuterRef("pk"), score__gte=low, score__lte=high)
    return Exists(rows)


def questions() -> dict[str, Q]:
    """What may be asked of a settled message, by the name of its number."""
    of_outcome = ports.outcome.get()
    return {
        HANDED_OVER: _SENT,
        **{which.value: _SENT & Q(of_outcome(which)) for which in Outcome},
        SUPPRESSED: Q(state=ScheduledMessage.State.SUPPRESSED),
        ANSWERED: Q(_answers(0, 10)),
        PROMOTERS: Q(_answers(9, 10)),
        DETRACTORS: Q(_answers(0, 6)),
    }


def _messages(user: User, span: Period) -> QuerySet[ScheduledMessage]:
    rows = ScheduledMessage.objects.filter(
        organization_id=user.organization_id, settled_at__gte=span.start, settled_at__lt=span.end
    )
    ids = scope.property_ids(user)
    return rows if ids is None else rows.filter(reservation__property_id__in=ids)


def _enrollments(user: User, span: Period) -> QuerySet[Enrollment]:
    rows = Enrollment.objects.filter(
        organization_id=user.organization_id, enrolled_at__gte=span.start, enrolled_at__lt=span.end
    )
    ids = scope.property_ids(user)
    return rows if ids is None else rows.filter(reservation__property_id__in=ids)


# --- the numbers ---
@dataclass(frozen=True, slots=True)
class Reason:
    """Why messages of a step were not sent, and how many."""

    code: str
    words: str
    count: int


@dataclass(frozen=True)
class Numbers:
    """The numbers of a step, a version or a sequence, by name (see `questions`)."""

    of: Mapping[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> int:
        """0 for what didn't happen. Raises KeyError for what is no number."""
        if name not in NAMES:
            raise KeyError(name)
        return self.of.get(name, 0)

    @cached_property
    def nps(self) -> int | None:
        """Promoters less detractors per hundred answers; None under twenty answers."""
        answers = self[ANSWERED]
        return round(100 * (self[PROMOTERS] - self[DETRACTORS]) / answers) if answers >= ENOUGH else None

    def percent(self, name: str) -> int | None:
        """Of what was handed over; None under twenty."""
        base = self[HANDED_OVER]
        return round(100 * self[name] / base) if base >= ENOUGH else None


@dataclass(frozen=True, slots=True)
class StepResult:
    key: str
    name: str
    has_survey: bool
    numbers: Numbers
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class VersionResult:
    """A version with its steps, in their order; those that were taken out of it meanwhile come last."""

    number: int
    enrolled: int
    steps: tuple[StepResult, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """`scores`: how many answers there are for each score from 0 to 10."""

    versions: tuple[VersionResult, ...]
    total: Numbers
    reasons: tuple[Reason, ...]
    scores: tuple[int, ...]


def of(user: User, sequence: Sequence, span: Period) -> Results:
    """The numbers of one sequence, newest version first; always the same few statements."""
    rows = _messages(user, span).filter(sequence=sequence)
    by = ("enrollment__version_id", "step_key")
    counts = {name: Count("pk", filter=asked) for name, asked in questions().items()}
    found = {(row[by[0]], row[by[1]]): row for row in rows.values(*by).annotate(**counts).order_by()}
    stopped = rows.filter(state=ScheduledMessage.State.SUPPRESSED).values(*by, "reason")
    why: dict[tuple[int, str], dict[str, int]] = {}
    for row in stopped.annotate(n=Count("pk")).order_by():
        why.setdefault((row[by[0]], row[by[1]]), {})[row["reason"]] = row["n"]
    enrolled = dict(
        _enrollments(user, span)
        .filter(sequence=sequence)
        .values("version_id")
        .annotate(n=Count("pk"))
        .order_by()
        .values_list("version_id", "n")
    )
    versions = []
    for version in sequence.versions.order_by("-number"):
        keys = [key for version_id, key in found if version_id == version.pk]
        if keys or version.pk in enrolled:
            steps = _steps(version, keys, found, why)
            versions.append(VersionResult(version.number, enrolled.get(version.pk, 0), steps))
    return Results(
        tuple(versions),
        _sum([step.numbers for version in versions for step in version.steps], sum(enrolled.values())),
        _reasons(_added(why.values())),
        _scores(rows),
    )


def _steps(
    version: SequenceVersion,
    keys: list[str],
    found: Mapping[tuple[int, str], Mapping[str, Any]],
    why: Mapping[tuple[int, str], Mapping[str, int]],
) -> tuple[StepResult, ...]:
    parsed = definition.in_order(definition.parse(version.definition).steps)
    known = {step.key: step for step in parsed}
    told = []
    for key in [*known, *(key for key in keys if key not in known)]:
        step = known.get(key)
        numbers = Numbers({name: found.get((version.pk, key), {}).get(name, 0) for name in questions()})
        told.append(
            StepResult(
                key,
                step.name if step else key,
                step is not None and any("survey.link" in text.body for text in step.texts.values()),
                numbers,
                _reasons(why.get((version.pk, key), {})),
            )
        )
    return tuple(told)


def _sum(parts: Iterable[Numbers], enrolled: int) -> Numbers:
    return Numbers({**_added(part.of for part in parts), ENROLLED: enrolled})


def _added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0) + count
    return total


def _reasons(counted: Mapping[str, int]) -> tuple[Reason, ...]:
    most_first = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(Reason(code, reason_words(code), count) for code, count in most_first)


def reason_words(code: str) -> str:
    """A reason for many messages at once: what differs between them stays open."""
    return reasons.sentence(code, {"field": "…", "name": "…", "who": _("A colleague")})


def _scores(rows: QuerySet[ScheduledMessage]) -> tuple[int, ...]:
    answers = SurveyAnswer.objects.filter(survey__scheduled__in=rows.values("pk"))
    counted = dict(answers.values("score").annotate(n=Count("pk")).order_by().values_list("score", "n"))
    return tuple(counted.get(score, 0) for score in range(11))


def overview(user: User, span: Period) -> list[tuple[Sequence, Numbers]]:
    """Every sequence that was ever published, by name, with its numbers; a constant number of statements."""
    counts = {name: Count("pk", filter=asked) for name, asked in questions().items()}
    totals: QuerySet[Any, Any] = _messages(user, span).values("sequence_id").annotate(**counts).order_by()
    found = {row["sequence_id"]: {name: row[name] for name in counts} for row in totals}
    enrolled = dict(
        _enrollments(user, span)
        .values("sequence_id")
        .annotate(n=Count("pk"))
        .order_by()
        .values_list("sequence_id", "n")
    )
    rows = user.organization.sequences.exclude(live=None).order_by("name")
    return [(row, Numbers({**found.get(row.pk, {}), ENROLLED: enrolled.get(row.pk, 0)})) for row in rows]


# --- the lists behind them ---
@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Which number is opened: its name, and the version, step, reason or score that it is of (None, empty: all)."""

    what: str
    version: int | None = None
    step: str = ""
    reason: str = ""
    score: int | None = None


def rows_of(user: User, sequence: Sequence, span: Period, cell: Cell) -> QuerySet[Any]:
    """The messages (or enrollments) that a number counts, each with its moment `at`. Raises KeyError for no number."""
    if cell.what == ENROLLED:
        enrollments = _enrollments(user, span).filter(sequence=sequence)
        if cell.version is not None:
            enrollments = enrollments.filter(version__number=cell.version)
        return enrollments.annotate(at=F("enrolled_at"))
    rows = _messages(user, span).filter(questions()[cell.what], sequence=sequence)
    if cell.version is not None:
        rows = rows.filter(enrollment__version__number=cell.version)
    if cell.step:
        rows = rows.filter(step_key=cell.step)
    if cell.reason:
        rows = rows.filter(reason=cell.reason)
    if cell.score is not None:
        rows = rows.filter(_answers(cell.score, cell.score))
    return rows.annotate(at=F("settled_at"))
