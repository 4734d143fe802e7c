"""What will become of planned messages, judged as if it were their time already: the same questions as in sending, in
the order of time, with what went before counted in. Changes no row; a constant number of statements for any number.

What can't be known is taken as it is now: dates, conditions, consent, what guests wrote. A connection that is down is
taken to be back once a step would not wait for it any more.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence as Several
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Q

from bellhop.core import clock
from connectors.contract.text import fingerprint
from reservations import ports
from reservations.models import Reason, Reservation, ScheduledMessage, Sequence
from reservations.ports import Ask, Reach
from reservations.sequences import definition, judging
from reservations.sequences.definition import Definition, Step
from reservations.sequences.judging import Case, Twin, Verdict
from reservations.services import matching, sending
from reservations.services.matching import Houses

MOST_MOVES: Final = 60
State = ScheduledMessage.State
LOADED: Final = (
    "sequence", "enrollment__version", "reservation__guest", "reservation__property", "reservation__unit",
    "reservation__organization",
)  # fmt: skip
_Key = tuple[int, str, str, object, int | None]


@dataclass(frozen=True, slots=True)
class Prediction:
    """`state` planned: it leaves `at`, perhaps later than planned for `reason`; else it will not, for `reason`."""

    state: ScheduledMessage.State
    at: datetime
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def of(rows: Several[ScheduledMessage]) -> dict[int, Prediction]:
    """For those of the rows (of one organization, with `LOADED` loaded) that are planned: what will become of each."""
    planned = [row for row in rows if row.state == State.PLANNED]
    if not planned:
        return {}
    now = clock.now()
    live = [row for row in planned if row.sequence.state == Sequence.State.LIVE]
    found = {row.pk: _of_paused(row) for row in planned if row.sequence.state != Sequence.State.LIVE}
    told = _Run(now, [*live, *_others(live)]).predict() if live else {}
    return found | {row.pk: told[row.pk] for row in live}


def _of_paused(row: ScheduledMessage) -> Prediction:
    return Prediction(State.SUPPRESSED, row.time, Reason.PAUSED)


def _others(live: Several[ScheduledMessage]) -> list[ScheduledMessage]:
    """What else goes to the same guests up to then: it counts for the daily cap, and as a double."""
    guests = [pk for row in live if (pk := row.reservation.guest_id) is not None]
    rows = ScheduledMessage.objects.filter(
        reservation__guest_id__in=guests,
        state=State.PLANNED,
        sequence__state=Sequence.State.LIVE,
        due_at__lte=max(row.due_at for row in live),
        reservation__messages_paused_at=None,
    )
    return list(rows.exclude(pk__in=[row.pk for row in live]).select_related(*LOADED))


@dataclass(slots=True)
class _Known:
    """What the database told at the beginning, and what the run has sent since."""

    now: datetime
    ways: dict[Ask, list[Reach]]
    wrote: dict[int, datetime]
    said: dict[int, dict[str, datetime]]
    houses: Houses
    lately: dict[int, list[datetime]]
    twins: dict[_Key, list[Twin]]


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts about one message, out of what is known of all."""

    known: _Known
    row: ScheduledMessage
    step: Step
    at: datetime

    def ways(self) -> list[Reach]:
        found = self.known.ways[_ask(self.row, self.step)]
        if self.at <= self.known.now + judging.PATIENCE:
            return found
        return [replace(way, refusal="") if way.refusal == Reason.CONNECTION_DOWN else way for way in found]

    def guest_wrote(self) -> bool:
        at = self.known.wrote.get(self.row.reservation_id)
        return at is not None and at > self.row.enrollment.enrolled_at

    def was_said(self, body: str) -> bool:
        at = self.known.said.get(self.row.reservation_id, {}).get(fingerprint(body))
        return at is not None and at > judging.since_when(self.row, self.row.reservation)

    def twins(self, address: str) -> Iterable[Twin]:
        keys = {_key(self.row, address), _ota_key(self.row)}
        found = [twin for key in keys for twin in self.known.twins.get(key, ())]
        return [twin for twin in found if twin.stay_id != self.row.reservation_id]

    def lately(self, now: datetime) -> list[datetime]:
        times = self.known.lately.get(self.row.reservation.guest_id or 0, ())
        return sorted(at for at in times if now - judging.CAP_WITHIN < at <= now)

    def zones(self, way: Reach, now: datetime) -> list[ZoneInfo]:
        house = self.known.houses.of(way.kind, way.address, now)
        place = self.row.reservation.property
        return sending.zones_in(house, way.kind, way.address) or [place.zone if place else ZoneInfo("UTC")]


class _Run:
    """Lets the time run over the messages, each judged when it is due."""

    def __init__(self, now: datetime, rows: Several[ScheduledMessage]) -> None:
        self._now = now
        self._found: dict[int, Prediction] = {}
        self._steps: dict[int, tuple[Definition, Step | None]] = {}
        self._rows = {row.pk: copy(row) for row in rows}  # they move in here only
        parsed: dict[int, Definition] = {}
        for row in rows:
            version = row.enrollment.version
            whole = parsed.setdefault(version.pk, definition.parse(version.definition))
            self._steps[row.pk] = (whole, whole.step(row.step_key))
        self._known = _load(
            now, [(row, step) for row in rows if (step := self._steps[row.pk][1]) is not None]
        )

    def predict(self) -> dict[int, Prediction]:
        """Message → what becomes of it."""
        ahead = [(max(row.due_at, self._now), row.due_at, pk, 0) for pk, row in self._rows.items()]
        heapq.heapify(ahead)
        while ahead:
            at, _due, pk, moves = heapq.heappop(ahead)
            later = self._look(self._rows[pk], at, moves)
            if later is not None:
                heapq.heappush(ahead, (later, later, pk, moves + 1))
        return self._found

    def _look(self, row: ScheduledMessage, at: datetime, moves: int) -> datetime | None:
        whole, step = self._steps[row.pk]
        if step is None:
            self._found[row.pk] = Prediction(State.SUPPRESSED, at, Reason.STEP_GONE)
            return None
        case = Case(row, row.reservation, whole, step, _Facts(self._known, row, step, at))
        verdict = judging.judge(case, at)
        if verdict.later is not None and verdict.reason != Reason.CONNECTION_DOWN and moves < MOST_MOVES:
            row.due_at, row.planned_for, row.reason = verdict.later, None, verdict.reason
            return verdict.later
        self._found[row.pk] = self._end(case, at, verdict)
        return None

    def _end(self, case: Case, at: datetime, verdict: Verdict) -> Prediction:
        if verdict.later is not None:
            return Prediction(State.PLANNED, at, verdict.reason)
        if verdict.way is None:
            return Prediction(verdict.state, at, verdict.reason, verdict.detail)
        row, stay = case.row, case.stay
        self._known.lately.setdefault(stay.guest_id or 0, []).append(at)
        twin = Twin(stay.pk, judging.codes_of(stay))
        for key in (_key(row, verdict.way.address), _ota_key(row)):
            self._known.twins.setdefault(key, []).append(twin)
        return Prediction(State.PLANNED, at, row.reason, row.detail)


# --- what all of them need, at once ---
def _ask(row: ScheduledMessage, step: Step) -> Ask:
    return row.reservation_id, step.channels, step.purpose


def _key(row: ScheduledMessage, address: str) -> _Key:
    stay = row.reservation
    return row.sequence_id, row.step_key, address, stay.arrival_date, stay.property_id


def _ota_key(row: ScheduledMessage) -> _Key:
    """Under which a stay is known whatever PMS tells of it; one of its own where it has no code of an OTA."""
    code = row.reservation.channel_code.upper() or f"none:{row.reservation_id}"
    return row.sequence_id, row.step_key, f"ota:{code}", None, None


def _load(now: datetime, pairs: Several[tuple[ScheduledMessage, Step]]) -> _Known:
    ways = ports.reach_many.get()(list(dict.fromkeys(_ask(row, step) for row, step in pairs)))
    every = [way for some in ways.values() for way in some if way.address]
    rows = [row for row, _step in pairs]
    organization_id = rows[0].organization_id if rows else 0
    stays = sorted({row.reservation_id for row in rows})
    began = min((judging.since_when(row, row.reservation) for row in rows), default=now)
    return _Known(
        now=now,
        ways=ways,
        wrote=ports.last_wrote.get()(stays),
        said=ports.said_elsewhere.get()(stays, began),
        houses=matching.houses(organization_id, {(way.kind, way.address) for way in every if way.rings}),
        lately=_sent_lately(rows, now),
        twins=_sent_twins(rows, {way.address for way in every}),
    )


def _sent_lately(rows: Several[ScheduledMessage], now: datetime) -> dict[int, list[datetime]]:
    guests = [pk for row in rows if (pk := row.reservation.guest_id) is not None]
    sent = ScheduledMessage.objects.filter(
        reservation__guest_id__in=guests, state=State.SENT, settled_at__gt=now - judging.CAP_WITHIN
    )
    found: dict[int, list[datetime]] = defaultdict(list)
    for guest_id, at in sent.values_list("reservation__guest_id", "settled_at"):
        if at is not None:
            found[guest_id].append(at)
    return found


def _sent_twins(rows: Several[ScheduledMessage], addresses: set[str]) -> dict[_Key, list[Twin]]:
    sent = ScheduledMessage.objects.filter(
        sequence_id__in={row.sequence_id for row in rows},
        step_key__in={row.step_key for row in rows},
        state=State.SENT,
    ).filter(
        Q(address__in=addresses, reservation__arrival_date__in={row.reservation.arrival_date for row in rows})
        | Q(reservation__channel_code__in={row.reservation.channel_code for row in rows} - {""})
    )
    found: dict[_Key, list[Twin]] = defaultdict(list)
    for row in sent.select_related("reservation"):
        stay: Reservation = row.reservation
        for key in (_key(row, row.address), _ota_key(row)):
            found[key].append(Twin(stay.pk, judging.codes_of(stay)))
    return found
