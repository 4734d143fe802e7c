"""The guests behind a number of a sequence, newest first, page by page by the moment of the last one."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from reservations import ports
from reservations.models import Enrollment, Reservation, ScheduledMessage, Sequence
from reservations.sequences import definition, reasons

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One guest: `at` in the property's zone, `why` in one sentence, `score` where they answered a survey."""

    at: datetime
    stay: Reservation
    version: int
    step: str
    channel: str
    why: str
    score: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """`after` leads to the next one, empty at the end."""

    entries: tuple[Entry, ...]
    after: str


def page(sequence: Sequence, rows: QuerySet[Any], after: str = "") -> Page:
    """A page of `statistics.rows_of`; a constant number of statements. A cursor that can't be read is the beginning."""
    if (cursor := _cursor(after)) is not None:
        moment, pk = cursor
        rows = rows.filter(Q(at__lt=moment) | Q(at=moment, pk__lt=pk))
    found = list(rows.order_by("-at", "-pk").select_related(*_related(rows))[: PAGE + 1])
    shown = found[:PAGE]
    names = _step_names(sequence)
    entries = tuple(map(_of_enrollment, shown)) if rows.model is Enrollment else _of_messages(shown, names)
    last = shown[-1] if len(found) > PAGE else None
    return Page(entries, f"{last.at.isoformat()}_{last.pk}" if last is not None else "")


def _related(rows: QuerySet[Any]) -> tuple[str, ...]:
    stay = ("reservation__guest", "reservation__unit", "reservation__property")
    return (*stay, "version") if rows.model is Enrollment else (*stay, "enrollment__version", "sequence")


def _cursor(text: str) -> tuple[datetime, int] | None:
    moment, _, pk = text.rpartition("_")
    try:
        found = datetime.fromisoformat(moment), int(pk)
    except ValueError:
        return None
    return found if found[0].tzinfo is not None else None


def _step_names(sequence: Sequence) -> dict[tuple[int, str], str]:
    return {
        (version.number, step.key): step.name
        for version in sequence.versions.all()
        for step in definition.parse(version.definition).steps
    }


def _local(moment: datetime, stay: Reservation) -> datetime:
    return moment.astimezone(stay.property.zone if stay.property else None)


def _of_enrollment(row: Enrollment) -> Entry:
    stay = row.reservation
    why = reasons.sentence(row.reason, {}) if row.reason else ""
    return Entry(_local(row.enrolled_at, stay), stay, row.version.number, "", "", why, None)


def _of_messages(rows: Many[ScheduledMessage], names: dict[tuple[int, str], str]) -> tuple[Entry, ...]:
    failed = ports.why_not.get()([row.message_id for row in rows if row.message_id is not None])
    ids = [row.pk for row in rows]
    scores = dict(
        ScheduledMessage.objects.filter(pk__in=ids)
        .exclude(surveys__answer=None)
        .values_list("pk", "surveys__answer__score")
    )
    return tuple(
        Entry(
            _local(row.settled_at or row.due_at, row.reservation),
            row.reservation,
            row.enrollment.version.number,
            names.get((row.enrollment.version.number, row.step_key), row.step_key),
            row.channel,
            reasons.in_words(row) or failed.get(row.message_id or 0, ""),
            scores.get(row.pk),
        )
        for row in rows
    )
