"""Results of sequences: numbers by version and step in a span of days, each of which opens the list of its guests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import clock
from connectors.views.spreadsheet import as_csv
from reservations.models import Sequence
from reservations.ports import Outcome
from reservations.sequences import statistics, statistics_lists
from reservations.sequences.statistics import ANSWERED, ENROLLED, SUPPRESSED, Cell, Numbers, Period
from reservations.services import scope
from reservations.views.editor import sequence_of

# Name of a number → its column's head; those of the second kind only stand where there are any.
COLUMNS: dict[str, str | Promise] = {
    Outcome.SENT: _("Sent"),
    Outcome.DELIVERED: _("Delivered"),
    Outcome.READ: _("Read"),
    Outcome.REPLIED: _("Replied"),
    Outcome.FAILED: _("Not delivered"),
    SUPPRESSED: _("Not sent"),
    ANSWERED: _("Answers"),
}
SOMETIMES: dict[str, str | Promise] = {
    Outcome.WAITING: _("On their way"),
    Outcome.UNCONFIRMED: _("May not have arrived"),
}
OTHERS: dict[str, str | Promise] = {
    ENROLLED: _("Enrolled"),
    statistics.PROMOTERS: _("Promoters"),
    statistics.DETRACTORS: _("Detractors"),
}
NAMES = {**COLUMNS, **SOMETIMES, **OTHERS}
SHARES = (Outcome.SENT, Outcome.DELIVERED, Outcome.READ, Outcome.REPLIED, Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class Shown:
    """A number on screen: its head, how many, of hundred, and where its list is."""

    head: str | Promise
    count: int
    percent: int | None
    url: str


def _now(request: HttpRequest) -> datetime:
    """In the zone whose days are meant: that of the first property that the person sees."""
    places = scope.properties(user_of(request))
    return clock.now().astimezone(places[0].zone) if places else clock.now()


def _span(request: HttpRequest) -> Period:
    return statistics.period(_day(request.GET.get("from")), _day(request.GET.get("to")), _now(request))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _cells(names: list[str], sequence: Sequence, span: Period, numbers: Numbers, **of: object) -> list[Shown]:
    return [
        Shown(
            NAMES[name],
            numbers[name],
            numbers.percent(name) if name in SHARES and numbers[name] else None,
            _list_url(sequence, span, name, **of),
        )
        for name in names
    ]


def _list_url(sequence: Sequence, span: Period, what: str, **of: object) -> str:
    given = {
        "from": span.first,
        "to": span.last,
        **{name: value for name, value in of.items() if value != ""},
    }
    return f"{reverse('reservations:result-list', args=[sequence.public_id, what])}?{urlencode(given)}"


def _columns(total: Numbers) -> list[str]:
    return [*COLUMNS, *(name for name in SOMETIMES if total[name])]


@require_GET
@page(Permission.SEQUENCES_EDIT)
def overview(request: HttpRequest) -> HttpResponse:
    """Every published sequence with its totals."""
    span = _span(request)
    found = statistics.overview(user_of(request), span)
    names = [ENROLLED, *_columns(_total(found))]
    rows = [(row, _cells(names, row, span, numbers), numbers.nps) for row, numbers in found]
    context = {"rows": rows, "heads": [NAMES[name] for name in names], **_around(span)}
    return render(request, "reservations/results.html", context)


def _total(found: list[tuple[Sequence, Numbers]]) -> Numbers:
    return Numbers({name: sum(numbers[name] for _row, numbers in found) for name in NAMES})


def _around(span: Period) -> dict[str, Any]:
    return {"section": "sequences", "page": "results", "span": span, "enough": statistics.ENOUGH}


@require_GET
@page(Permission.SEQUENCES_EDIT)
def results(request: HttpRequest, public_id: str) -> HttpResponse:
    """One sequence by version and step; as CSV with ?format=csv."""
    row, span = sequence_of(request, public_id), _span(request)
    found = statistics.of(user_of(request), row, span)
    if request.GET.get("format") == "csv":
        return _csv(row, found)
    names = _columns(found.total)
    context = {
        "sequence": row,
        "found": found,
        "heads": [NAMES[name] for name in names],
        "total": _cells([ENROLLED, *names], row, span, found.total),
        "versions": [_version(row, span, version, names) for version in found.versions],
        "reasons": [
            (reason, _list_url(row, span, SUPPRESSED, reason=reason.code)) for reason in found.reasons
        ],
        "scores": [
            (score, count, _list_url(row, span, ANSWERED, score=score))
            for score, count in enumerate(found.scores)
        ],
        "most_scores": max(found.scores),
        **_around(span),
    }
    return render(request, "reservations/result.html", context)


def _version(
    row: Sequence, span: Period, version: statistics.VersionResult, names: list[str]
) -> dict[str, Any]:
    number = version.number
    return {
        "number": number,
        "enrolled": version.enrolled,
        "enrolled_url": _list_url(row, span, ENROLLED, version=number),
        "steps": [
            (
                step,
                _cells(names, row, span, step.numbers, version=number, step=step.key),
                [
                    (
                        reason,
                        _list_url(row, span, SUPPRESSED, version=number, step=step.key, reason=reason.code),
                    )
                    for reason in step.reasons
                ],
            )
            for step in version.steps
        ],
    }


def _csv(row: Sequence, found: statistics.Results) -> HttpResponse:
    names = [*COLUMNS, *SOMETIMES, statistics.PROMOTERS, statistics.DETRACTORS]
    lines: list[list[object]] = [
        [version.number, step.name, *(step.numbers[name] for name in names), _because(step.reasons)]
        for version in found.versions
        for step in version.steps
    ]
    return as_csv(f"results-{row.public_id}", ("version", "step", *names, "reasons"), lines)


def _because(reasons: tuple[statistics.Reason, ...]) -> str:
    return "; ".join(f"{reason.code}: {reason.count}" for reason in reasons)


@require_GET
@page(Permission.SEQUENCES_EDIT)
def listed(request: HttpRequest, public_id: str, what: str) -> HttpResponse:
    """The guests behind one number."""
    row, span, given = sequence_of(request, public_id), _span(request), request.GET
    if what not in NAMES:
        raise Http404(what)
    cell = Cell(
        what=what,
        version=_number(given.get("version")),
        step=given.get("step", ""),
        reason=given.get("reason", ""),
        score=_number(given.get("score")),
    )
    rows = statistics.rows_of(user_of(request), row, span, cell)
    shown = statistics_lists.page(row, rows, given.get("after", ""))
    context = {
        "sequence": row,
        "cell": cell,
        "head": NAMES[what],
        "reason": statistics.reason_words(cell.reason) if cell.reason else "",
        "shown": shown,
        **_around(span),
    }
    return render(request, "reservations/result_list.html", context)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 6 else None
