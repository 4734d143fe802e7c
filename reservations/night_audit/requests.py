"""Late check-outs and early check-ins with who decided what, and what nobody has decided (signature N14)."""

from __future__ import annotations

from typing import Final

from django.db.models import Q, QuerySet

from connectors.models import Command
from reservations.models import RequestKind, StayRequest
from reservations.night_audit.days import Day
from reservations.night_audit.facts import Fact, Known, Part, Parts, Section, at, clock_time, ids_of, of_stay

State = StayRequest.State
TIMES: Final = (RequestKind.LATE_CHECK_OUT, RequestKind.EARLY_CHECK_IN)
UNDECIDED: Final = (State.ASKED, State.PROPOSED)
_NONE: Final[frozenset[str]] = frozenset()


def collect(day: Day, known: Known) -> Parts:
    """Four statements at most."""
    ids = _of_day(day) | set(ids_of(known.get(Section.TIMES, _NONE) | known.get(Section.OPEN, _NONE)))
    rows = list(
        StayRequest.objects.filter(pk__in=ids)
        .select_related("reservation__unit", "reservation__guest", "reservation__connection")
        .order_by("asked_at", "pk")
    )
    written = dict(
        Command.objects.filter(pk__in=[row.command_id for row in rows if row.command_id])
        .values_list("pk", "settled_at")
    )  # fmt: skip
    decided, undecided = [], []
    for row in rows:
        fact = _fact(row) | {"pms_at": at(written.get(row.command_id or 0))}
        if _is_named(row, known, Section.OPEN) or (row.state in UNDECIDED and row.asked_at < day.end):
            undecided.append(fact)
        if _is_named(row, known, Section.TIMES) or (_was_decided(row, day) and row.kind in TIMES):
            decided.append(fact)
    return {
        Section.TIMES: Part(tuple(decided)),
        Section.OPEN: Part(tuple(undecided), counts={"asked": _asked(rows, day)}),
    }


def _is_named(row: StayRequest, known: Known, section: Section) -> bool:
    return str(row.pk) in known.get(section, _NONE)


def _was_decided(row: StayRequest, day: Day) -> bool:
    """By the end of the date; what is decided later is still open on its paper."""
    return row.state not in UNDECIDED and (row.decided_at is None or row.decided_at < day.end)


def _asked(rows: list[StayRequest], day: Day) -> int:
    return sum(day.start <= row.asked_at < day.end for row in rows)


def _of_day(day: Day) -> set[int]:
    """Decided or asked on the date, not decided at its end, or about it. Each by an index of its own."""
    mine = StayRequest.objects.filter(
        organization_id=day.organization_id, reservation__property_id=day.property_id
    )
    about = mine.filter(
        Q(kind=RequestKind.LATE_CHECK_OUT, reservation__departure_date=day.on)
        | Q(kind=RequestKind.EARLY_CHECK_IN, reservation__arrival_date=day.on)
    )
    happened = mine.filter(
        Q(decided_at__gte=day.start, decided_at__lt=day.end)
        | Q(state__in=UNDECIDED, asked_at__lt=day.end)
        | Q(asked_at__gte=day.start, asked_at__lt=day.end)
    )
    return set(_ids(about)) | set(_ids(happened))


def _ids(rows: QuerySet[StayRequest]) -> QuerySet[StayRequest, int]:
    return rows.order_by().values_list("pk", flat=True)


def _fact(row: StayRequest) -> Fact:
    stay, is_late = row.reservation, row.kind == RequestKind.LATE_CHECK_OUT
    usual = row.before
    if usual is None and stay.unit is not None:
        usual = stay.unit.check_out_time if is_late else stay.unit.check_in_time
    date = stay.departure_date if is_late else stay.arrival_date
    return {
        "key": str(row.pk),
        **of_stay(stay),
        "kind": row.kind,
        "for": date.isoformat() if date and row.has_time else None,
        "usual": clock_time(usual),
        "wished": clock_time(row.wished),
        "agreed": clock_time(row.agreed),
        "note": row.note,
        "price": str(row.price) if row.price is not None else None,
        "currency": row.currency,
        "asked_at": at(row.asked_at),
        "source": row.source,
        "said": row.message_id,
        "state": row.state,
        "decided_at": at(row.decided_at),
        "decided_by": row.decided_name,
        "pms": stay.connection.name,
        "pms_state": row.pms_state,
        "pms_way": row.pms_way,
        "pms_reason": row.pms_reason,
    }
