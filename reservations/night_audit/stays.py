"""Stays of the date: arrivals of the next one without delivered instructions, cancellations and what was stopped, and
departures against the PMS."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from connectors.models import Drift, FieldOverwrite
from reservations import ports
from reservations.models import Reason, Reservation, ScheduledMessage, SequenceVersion
from reservations.night_audit.days import Day
from reservations.night_audit.facts import Fact, Known, Part, Section, at, ids_of, of_stay
from reservations.ports import Outcome
from reservations.sequences import definition, reasons
from reservations.sequences.definition import Anchor, Step

Status = Reservation.Status
OVER: Final = (Status.CANCELLED, Status.NO_SHOW)
COMING: Final = (Status.TENTATIVE, Status.CONFIRMED, Status.CHECKED_IN)
STANDING: Final = (Drift.State.OPEN, Drift.State.IGNORED)
INSTRUCTIONS_WITHIN: Final = timedelta(days=2)
_NONE: Final[frozenset[str]] = frozenset()


def _stays(day: Day) -> QuerySet[Reservation]:
    rows = Reservation.objects.filter(organization_id=day.organization_id, property_id=day.property_id)
    return rows.select_related("unit", "guest", "connection")


# --- instructions ---
def instructions(day: Day, known: Known) -> Part:
    """Arrivals of the next date, and how far their instructions came: the messages of a sequence that are due from two
    days before the arrival on, marketing apart. `sent`: without a report of delivery, which not every channel gives.
    Three statements."""
    booked = Q(booked_at__lt=day.end) | Q(booked_at=None)
    arrivals = Q(arrival_date=day.next_date, status__in=COMING, is_owner_stay=False) & booked
    named = Q(pk__in=ids_of(known.get(Section.INSTRUCTIONS, _NONE)))
    stays = list(_stays(day).filter(arrivals | named).order_by("unit__name", "pk"))
    messages = _messages(stays)
    found = {stay.pk: _how_far(messages.get(stay.pk, [])) for stay in stays}
    coming = [stay for stay in stays if stay.arrival_date == day.next_date and stay.status in COMING]
    counts = {name: sum(found[stay.pk][0] == name for stay in coming) for name in ("delivered", "sent")}
    keep = known.get(Section.INSTRUCTIONS, _NONE)
    rows = [
        {"key": str(stay.pk), **of_stay(stay), "state": found[stay.pk][0], "why": found[stay.pk][1]}
        for stay in stays
        if str(stay.pk) in keep or found[stay.pk][0] not in {"delivered", "sent"}
    ]
    return Part(tuple(rows), len(coming), counts)


def _messages(stays: Iterable[Reservation]) -> dict[int, list[ScheduledMessage]]:
    outcome = ports.outcome.get()
    rows = list(
        ScheduledMessage.objects.filter(reservation__in=[stay.pk for stay in stays])
        .select_related("enrollment")
        .annotate(is_delivered=outcome(Outcome.DELIVERED), is_sent=outcome(Outcome.SENT))
        .order_by("due_at", "pk")
    )
    steps = _instruction_steps({row.enrollment.version_id for row in rows})
    found: dict[int, list[ScheduledMessage]] = {}
    for row in rows:
        if row.step_key in steps.get(row.enrollment.version_id, _NONE):
            found.setdefault(row.reservation_id, []).append(row)
    return found


def _instruction_steps(version_ids: set[int]) -> dict[int, frozenset[str]]:
    versions = SequenceVersion.objects.in_bulk(version_ids)
    return {
        pk: frozenset(
            step.key for step in definition.parse(row.definition).steps if is_instruction(step)
        )
        for pk, row in versions.items()
    }  # fmt: skip


def is_instruction(step: Step) -> bool:
    """Does a step tell guests how to arrive? Those shortly before the arrival or the check-in, marketing apart."""
    when = step.when
    before = timedelta(days=when.days, hours=when.hours)
    is_near = -INSTRUCTIONS_WITHIN <= before <= timedelta()
    return when.anchor in {Anchor.ARRIVAL, Anchor.CHECK_IN} and is_near and step.purpose != "marketing"


def _how_far(rows: list[Any]) -> tuple[str, str]:
    """The best that any of them came to, and why it isn't more."""
    if not rows:
        return "none", ""
    if any(row.is_delivered for row in rows):
        return "delivered", ""
    if any(row.is_sent for row in rows):
        return "sent", ""
    last = rows[-1]
    if last.state == ScheduledMessage.State.SENT:
        return "not_arrived", ""
    words = reasons.in_words(last)
    return {"planned": "planned", "held": "held"}.get(last.state, "not_sent"), words


# --- cancellations ---
def cancelled(day: Day, known: Known) -> Part:
    """Cancelled on the date, by the PMS's time, else when it was told. Three statements."""
    named = ids_of(known.get(Section.CANCELLED, _NONE))
    over = Q(status__in=OVER, as_of__gte=day.start)
    stays = list(_stays(day).filter(over | Q(pk__in=named)).order_by("cancelled_at", "pk"))
    told = {
        row.object_id: row.at
        for row in _overwrites(stays, "status").filter(new__in=[str(one) for one in OVER])
    }  # fmt: skip
    when = {stay.pk: stay.cancelled_at or told.get(stay.pk) for stay in stays}
    of_day = [
        stay
        for stay in stays
        if stay.pk in named
        or ((moment := when[stay.pk]) is not None and day.start <= moment < day.end)
    ]  # fmt: skip
    stopped = _stopped([stay.pk for stay in of_day])
    rows = [
        {
            "key": str(stay.pk),
            **of_stay(stay),
            "state": stay.status if stay.status in OVER else "stands",
            "at": at(when[stay.pk]),
            "by": stay.cancelled_by,
            **stopped.get(stay.pk, {"stopped": 0, "stopped_at": None, "farewell_at": None}),
        }
        for stay in of_day
    ]
    return Part(tuple(rows))


def _overwrites(stays: Iterable[Reservation], field: str) -> QuerySet[FieldOverwrite]:
    rows = FieldOverwrite.objects.filter(entity="reservation", object_id__in=[stay.pk for stay in stays])
    return rows.filter(field=field, applied=True).order_by("pk")


def _stopped(stay_ids: list[int]) -> dict[int, Fact]:
    """Stay → how many messages were stopped, when the last of them was, and when a farewell goes out."""
    found: dict[int, Fact] = {}
    rows = ScheduledMessage.objects.filter(reservation_id__in=stay_ids).order_by("settled_at", "due_at")
    for row in rows:
        fact = found.setdefault(row.reservation_id, {"stopped": 0, "stopped_at": None, "farewell_at": None})
        if row.state == ScheduledMessage.State.SUPPRESSED and row.reason == Reason.CANCELLED:
            fact["stopped"] += 1
            fact["stopped_at"] = at(row.settled_at)
        elif row.state == ScheduledMessage.State.PLANNED:
            fact["farewell_at"] = fact["farewell_at"] or at(row.due_at)
    return found


# --- departures ---
def departures(day: Day, known: Known) -> Part:
    """Who was due out on the date: left, stays longer, or neither; with what the PMS says otherwise. Three
    statements."""
    named = ids_of(known.get(Section.DEPARTURES, _NONE))
    around = Q(arrival_date__lt=day.next_date, departure_date__gte=day.on) & ~Q(status=Status.INQUIRY)
    stays = list(_stays(day).filter(around | Q(pk__in=named)).order_by("unit__name", "pk"))
    moved = {
        row.object_id
        for row in _overwrites(stays, "departure_date").filter(old=day.on.isoformat())
        if row.at >= day.start
    }
    due = [
        stay
        for stay in stays
        if stay.pk in named
        or (stay.status not in OVER and (stay.departure_date == day.on or stay.pk in moved))
    ]  # fmt: skip
    differs = _differences([stay.pk for stay in due])
    facts = [_departure(stay, day.on, differs.get(stay.pk, [])) for stay in due]
    counts = {
        name: sum(fact["state"] == name for fact in facts)
        for name in ("left", "extended", "in_house", "untold")
    }
    rows = [fact for fact in facts if fact["state"] != "left" or fact["differs"] or int(fact["key"]) in named]
    return Part(tuple(rows), len(facts), counts)


def _departure(stay: Reservation, due: date, differs: list[Fact]) -> Fact:
    state = "untold"
    if stay.departure_date is not None and stay.departure_date > due:
        state = "extended"
    elif stay.status in OVER:
        state = "cancelled"
    elif stay.status in {Status.CHECKED_OUT, Status.CHECKED_IN}:
        state = "left" if stay.status == Status.CHECKED_OUT else "in_house"
    return {
        "key": str(stay.pk),
        **of_stay(stay),
        "state": state,
        "to": stay.departure_date.isoformat() if stay.departure_date else None,
        "pms": stay.connection.name,
        "differs": differs,
    }


def _differences(stay_ids: list[int]) -> dict[int, list[Fact]]:
    """What the last comparison with the PMS found of their dates and status."""
    rows = Drift.objects.filter(
        entity="reservation",
        object_id__in=stay_ids,
        state__in=STANDING,
        field__in=("departure_date", "status"),
    )
    found: dict[int, list[Fact]] = {}
    for row in rows.order_by("pk"):
        found.setdefault(row.object_id, []).append(
            {"field": row.field, "ours": row.ours, "theirs": row.theirs, "owner": row.owner}
        )
    return found
