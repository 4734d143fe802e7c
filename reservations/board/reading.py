"""The board of a property on a day: eight statements, whatever its size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Q

from connectors.contract.events import Entity
from connectors.contract.intents import SetHousekeepingState
from connectors.contract.registry import connector_class
from connectors.models import Connection, ExternalId
from reservations.board import private
from reservations.board.cards import (
    DONE,
    GOING,
    OUT,
    REFUSALS,
    REFUSED,
    WELCOME,
    Card,
    Extra,
    Found,
    Group,
    Mark,
    Moment,
    Party,
    Written,
)
from reservations.models import (
    Cleaning,
    PmsState,
    Property,
    RequestKind,
    Reservation,
    StayRequest,
    Unit,
    UnitReport,
    UnitState,
    UnitStateChange,
)
from reservations.services.request_conflicts import USUAL_CHECK_IN, USUAL_CHECK_OUT

BEFORE, AFTER = timedelta(days=7), timedelta(days=14)
"""How far around a day stays are looked for: since when a unit is empty, and until when."""
_THERE: Final = (
    Reservation.Status.TENTATIVE,
    Reservation.Status.CONFIRMED,
    Reservation.Status.CHECKED_IN,
    Reservation.Status.CHECKED_OUT,
)
_ASKED: Final = (StayRequest.State.ASKED, StayRequest.State.PROPOSED)
_BEDS: Final = (RequestKind.COT, RequestKind.EXTRA_BED)
_STAY: Final = (
    "unit_id", "status", "arrival_date", "departure_date", "check_in_time", "check_out_time",
    "adults", "children", "infants", "pets", "is_owner_stay", "guest__full_name",
)  # fmt: skip

Key = tuple[int, date]
_LACKS: Final[dict[str, int]] = {PmsState.FAILED: 2, PmsState.UNCONFIRMED: 2, PmsState.WAITING: 1}


@dataclass(slots=True)
class _Known:
    """What was read, by unit, by stay, by unit and day."""

    stays: dict[int, list[Reservation]] = field(default_factory=lambda: defaultdict(list))
    requests: dict[int, list[StayRequest]] = field(default_factory=lambda: defaultdict(list))
    cleanings: dict[Key, Cleaning] = field(default_factory=dict)
    written: dict[int, list[UnitStateChange]] = field(default_factory=lambda: defaultdict(list))
    reports: dict[int, list[UnitReport]] = field(default_factory=lambda: defaultdict(list))
    pms: dict[int, str] = field(default_factory=dict)


def today(place: Property, now: datetime) -> date:
    """The property's own."""
    return now.astimezone(place.zone).date()


def of_places(places: Sequence[Property], now: datetime, *, tomorrow: bool = False) -> list[Card]:
    """A card of every unit, of each property's own today or tomorrow."""
    days = {place.pk: (today(place, now) + timedelta(days=tomorrow),) for place in places}
    known = {place.pk: place for place in places}
    units = list(Unit.objects.filter(property__in=known))
    for unit in units:
        unit.property = known[unit.property_id]
    return read(units, days, now)


def of_units(unit_ids: Iterable[int], now: datetime) -> list[Card]:
    """Two cards of each unit: of today and of tomorrow, by its property's calendar."""
    units = list(Unit.objects.filter(pk__in=list(unit_ids)).select_related("property"))
    days = {
        unit.property_id: (first := today(unit.property, now), first + timedelta(days=1)) for unit in units
    }
    return read(units, days, now)


def read(units: Sequence[Unit], days: Mapping[int, Sequence[date]], now: datetime) -> list[Card]:
    """A card of each unit on each of its property's `days`; a constant number of statements."""
    if not units:
        return []
    known = _known(units, days)
    return [_card(unit, day, known, now) for unit in units for day in days[unit.property_id]]


def _known(units: Sequence[Unit], days: Mapping[int, Sequence[date]]) -> _Known:
    known, ids = _Known(), [unit.pk for unit in units]
    every_day = [day for some in days.values() for day in some]
    stays = Reservation.objects.filter(
        property_id__in=list(days), unit_id__in=ids, status__in=_THERE,
        departure_date__gte=min(every_day) - BEFORE, arrival_date__lte=max(every_day) + AFTER,
    )  # fmt: skip
    for stay in stays.select_related("guest").only(*_STAY).order_by("arrival_date", "id"):
        known.stays[stay.unit_id or 0].append(stay)
    near = [stay.pk for some in known.stays.values() for stay in some]
    wishes = StayRequest.objects.filter(
        reservation_id__in=near, state__in=(*_ASKED, StayRequest.State.APPROVED)
    )
    for request in wishes.order_by("id"):
        known.requests[request.reservation_id].append(request)
    cleanings = Cleaning.objects.filter(unit_id__in=ids, date__in=set(every_day))
    for cleaning in cleanings.select_related("assignee", "started_by"):
        known.cleanings[cleaning.unit_id, cleaning.date] = cleaning
    newest = UnitStateChange.objects.filter(unit_id__in=ids, act__in=(*UnitState.values, *REFUSALS))
    newest = newest.exclude(undone_at__isnull=False, pms_state="").annotate(refusal=Q(act__in=REFUSALS))
    for change in newest.order_by("unit_id", "refusal", "-id").distinct("unit_id", "refusal"):
        known.written[change.unit_id].append(change)
    open_reports = UnitReport.objects.filter(unit_id__in=ids, done_at=None)
    for report in open_reports.select_related("work").order_by("reported_at"):
        known.reports[report.unit_id].append(report)
    known.pms = _pms(ids)
    return known


def _pms(unit_ids: list[int]) -> dict[int, str]:
    """unit → name of the PMS that takes its state."""
    rows = ExternalId.objects.filter(entity=Entity.UNIT, object_id__in=unit_ids)
    told = rows.values_list("object_id", "connection__name", "connection__slug")
    return {unit_id: name for unit_id, name, slug in told if slug_takes_states(slug)}


def takes_states(connection: Connection) -> bool:
    """Can this PMS be told what condition a unit is in?"""
    return slug_takes_states(connection.slug)


def slug_takes_states(slug: str) -> bool:
    """Can a PMS of that kind?"""
    return SetHousekeepingState in connector_class(slug).performs


def _card(unit: Unit, day: date, known: _Known, now: datetime) -> Card:
    zone = unit.property.zone
    is_today = now.astimezone(zone).date() == day
    stays = known.stays.get(unit.pk, [])
    leaving = next((one for one in stays if one.departure_date == day and one.arrival_date != day), None)
    arriving = next((one for one in stays if one.arrival_date == day), None)
    staying = next((one for one in stays if _stays_over(one, day)), None)
    inside = leaving or staying
    group = _group(leaving, staying, arriving)
    cleaning = known.cleanings.get((unit.pk, day))
    state = _state(unit, cleaning)
    requests = known.requests
    names = [stay.guest.full_name for stay in stays if stay.guest is not None]
    return Card(
        unit_id=unit.pk,
        public_id=unit.public_id,
        name=unit.name,
        property_id=unit.property_id,
        place=unit.property.name,
        place_id=unit.property.public_id,
        day=day,
        is_today=is_today,
        group=group,
        state=state,
        blocked=_blocked(unit, cleaning, is_today),
        out=_out(leaving, unit, requests, zone, is_today) if leaving else None,
        coming=_coming(arriving, unit, requests, zone) if arriving else None,
        party=_party(inside or arriving, day, requests),
        next_party=_party(arriving, day, requests) if inside else None,
        since=_since(stays, day) if group == Group.VACANT else None,
        until=_until(stays, day) if group == Group.VACANT else None,
        note=private.note(unit.condition_note, names),
        **_who(cleaning, zone),
        minutes=_minutes(unit, group, state, cleaning),
        mark=_mark(cleaning, zone),
        written=_written(known.written[unit.pk], unit, cleaning) if is_today else None,
        pms=known.pms.get(unit.pk, ""),
        found=tuple(_found(row) for row in known.reports.get(unit.pk, ())),
    )


def _stays_over(stay: Reservation, day: date) -> bool:
    known = stay.arrival_date is not None and stay.departure_date is not None
    return known and bool(stay.arrival_date < day < stay.departure_date)  # type: ignore[operator]


def _group(leaving: Any, staying: Any, arriving: Any) -> Group:
    if leaving is not None:
        return Group.DEPARTURES
    if staying is not None:
        return Group.STAY_OVERS
    return Group.ARRIVALS if arriving is not None else Group.VACANT


def _state(unit: Unit, cleaning: Cleaning | None) -> str:
    if cleaning is not None and cleaning.is_going and unit.condition not in DONE:
        return GOING
    return unit.condition


def _blocked(unit: Unit, cleaning: Cleaning | None, is_today: bool) -> str:
    if cleaning is not None and cleaning.refused:
        return REFUSED
    return "dnd" if unit.do_not_disturb and is_today else ""


def _of_kind(
    requests: Iterable[StayRequest], kind: RequestKind
) -> tuple[StayRequest | None, StayRequest | None]:
    """(the approved one, the one that is asked for and not decided)"""
    mine = [one for one in requests if one.kind == kind]
    approved = next((one for one in mine if one.state == StayRequest.State.APPROVED), None)
    asked = next((one for one in mine if one.state in _ASKED), None)
    return approved, asked


def _out(
    stay: Reservation, unit: Unit, requests: Mapping[int, list[StayRequest]], zone: ZoneInfo, is_today: bool
) -> Moment:
    approved, asked = _of_kind(requests.get(stay.pk, ()), RequestKind.LATE_CHECK_OUT)
    was = _before(approved, unit.check_out_time, USUAL_CHECK_OUT)
    over = stay.status == Reservation.Status.CHECKED_OUT or (is_today and unit.occupied is False)
    at = (approved and approved.agreed) or stay.check_out_time or unit.check_out_time or USUAL_CHECK_OUT
    return _moment(at, was if was and at > was else None, asked, approved, zone, over)


def _coming(
    stay: Reservation, unit: Unit, requests: Mapping[int, list[StayRequest]], zone: ZoneInfo
) -> Moment:
    approved, asked = _of_kind(requests.get(stay.pk, ()), RequestKind.EARLY_CHECK_IN)
    was = _before(approved, unit.check_in_time, USUAL_CHECK_IN)
    at = (approved and approved.agreed) or stay.check_in_time or unit.check_in_time or USUAL_CHECK_IN
    over = stay.status == Reservation.Status.CHECKED_IN
    return _moment(at, was if was and at < was else None, asked, approved, zone, over)


def _before(approved: StayRequest | None, usual: time | None, guess: time) -> time | None:
    """The time that an agreed one replaces. Where nothing was agreed and the unit has no usual time, a stay's own time
    is neither late nor early."""
    return ((approved.before or usual or guess) if approved else None) or usual


def _moment(
    at: time,
    was: time | None,
    asked: StayRequest | None,
    approved: StayRequest | None,
    zone: ZoneInfo,
    over: bool,
) -> Moment:
    decided = approved.decided_at.astimezone(zone).time() if approved and approved.decided_at else None
    by = private.first_name(approved.decided_name) if approved else ""
    return Moment(
        at=at,
        was=was,
        is_asked=asked is not None,
        asked=(asked.wished or asked.agreed) if asked else None,
        by=by,
        decided=decided if by else None,
        over=over,
    )


def _party(stay: Reservation | None, day: date, requests: Mapping[int, list[StayRequest]]) -> Party | None:
    if stay is None or stay.arrival_date is None or stay.departure_date is None:
        return None
    nights = (stay.departure_date - stay.arrival_date).days
    night = (day - stay.arrival_date).days + 1
    beds = {
        one.kind: one.state == StayRequest.State.APPROVED
        for one in requests.get(stay.pk, ())
        if one.kind in _BEDS
    }
    return Party(
        name=private.short_name(stay.guest.full_name) if stay.guest else "",
        adults=stay.adults or 0,
        children=stay.children or 0,
        infants=stay.infants or 0,
        pets=stay.pets or 0,
        nights=nights,
        night=night if _stays_over(stay, day) else None,
        is_owner=stay.is_owner_stay,
        extras=tuple(Extra(kind, decided) for kind, decided in beds.items()),
    )


def _since(stays: Sequence[Reservation], day: date) -> date | None:
    left = [one.departure_date for one in stays if one.departure_date and one.departure_date < day]
    return max(left, default=None)


def _until(stays: Sequence[Reservation], day: date) -> date | None:
    coming = [one.arrival_date for one in stays if one.arrival_date and one.arrival_date > day]
    return min(coming, default=None)


def _who(cleaning: Cleaning | None, zone: ZoneInfo) -> dict[str, Any]:
    person = cleaning.assignee if cleaning else None
    going = cleaning is not None and cleaning.is_going
    starter = cleaning.started_by if cleaning and going else None
    return {
        "assignee": person.public_id if person else "",
        "assignee_name": private.first_name(person.full_name) if person else "",
        "assignee_initials": person.initials if person else "",
        "started": cleaning.started_at.astimezone(zone).time()
        if going and cleaning and cleaning.started_at
        else None,
        "started_by": private.first_name(starter.full_name) if starter else "",
    }


def _minutes(unit: Unit, group: Group, state: str, cleaning: Cleaning | None) -> int:
    if cleaning is not None and cleaning.minutes is not None:
        return cleaning.minutes
    refused = cleaning is not None and cleaning.refused
    cleaned = cleaning is not None and cleaning.finished_at is not None
    if refused or state in OUT or (group != Group.DEPARTURES and state in DONE and not cleaned):
        return 0
    if group == Group.STAY_OVERS:
        return unit.property.stay_over_minutes
    return unit.departure_minutes or unit.property.departure_minutes


def _mark(cleaning: Cleaning | None, zone: ZoneInfo) -> Mark | None:
    if cleaning is None or cleaning.changed_at is None or not cleaning.change:
        return None
    if cleaning.seen_at is not None and cleaning.seen_at >= cleaning.changed_at:
        return None
    told = cleaning.change
    return Mark(
        name=cleaning.changed_at.isoformat(),
        what=str(told.get("what", "")),
        now=str(told.get("now", "")),
        was=str(told.get("was", "")),
        by=str(told.get("by", "")),
        at=cleaning.changed_at.astimezone(zone).time(),
        withdrawn=bool(told.get("withdrawn")),
    )


def _written(changes: list[UnitStateChange], unit: Unit, cleaning: Cleaning | None) -> Written | None:
    """Of what the board says and the PMS is told, what the PMS lacks most."""
    refused = REFUSED if cleaning is not None and cleaning.refused else WELCOME
    says = {unit.condition, refused}
    valid = [change for change in changes if change.act in says or change.undone_at is not None]
    if not valid:
        return None
    change = max(valid, key=lambda one: (_LACKS.get(one.pms_state, 0), one.pk))
    return Written(
        state=change.pms_state, reason=change.pms_reason, act=change.act,
        token="" if change.undone_at else change.token,
    )  # fmt: skip


def _found(row: UnitReport) -> Found:
    return Found(
        public_id=row.public_id,
        note=row.note,
        by=private.first_name(row.reported_name),
        at=row.reported_at,
        has_photo=bool(row.thumbnail_key),
        work=row.work.pms_state if row.work else "",
        is_request=row.request_id is not None,
    )
