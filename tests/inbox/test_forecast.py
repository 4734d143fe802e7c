"""The forecast (signature N12): what it says for fourteen days is what is sent then, but for dated changes; and why
somebody gets nothing, in one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from bellhop.core import clock
from connectors.models import ConnectionHealth
from inbox.models import Thread
from reservations.models import ContactPoint, Guest, Reservation, ScheduledMessage, Sequence
from reservations.sequences import absent, forecast, predicting, publishing, sending, upcoming
from reservations.sequences.predicting import Prediction
from tests import factories
from tests.channels import connect_twilio
from tests.factories import Desk
from tests.sequences import (
    DAY_BEFORE,
    at_noon,
    booked,
    cancel,
    forward,
    live,
    move_days,
    move_to,
    states,
    step,
    tell,
)

pytestmark = pytest.mark.django_db
State = ScheduledMessage.State
ZONES = ("America/New_York", "Asia/Kathmandu")
AHEAD = timedelta(days=14)


# --- one at a time ---
@pytest.fixture
def noon(db: None) -> None:
    at_noon()


def phone(stay: Reservation, value: str = "+351912345678") -> None:
    assert stay.guest is not None
    ContactPoint.objects.create(organization=stay.organization, guest=stay.guest, kind="phone", value=value)


def told(stay: Reservation) -> list[tuple[str, str]]:
    """(state as it will be, why in one sentence) as the panel shows it."""
    return [(one.state.value, one.why) for one in upcoming.of(stay)]


@pytest.mark.usefixtures("noon")
def test_a_condition_that_is_false_is_foretold(desk: Desk) -> None:
    live(desk, {**DAY_BEFORE, "rules": [{"field": "nights", "operator": "at_least", "value": 9}]})
    stay = booked(desk)
    assert told(stay) == [("suppressed", "A condition does not hold: Nights.")]
    assert ScheduledMessage.objects.get().state == State.PLANNED, "nothing was changed by asking"


@pytest.mark.usefixtures("noon")
def test_why_a_stay_is_not_on_a_sequence(desk: Desk) -> None:
    """N12: one sentence; and once its conditions hold, it is, for what is ahead."""
    long = [{"field": "nights", "operator": "at_least", "value": 5}]
    row = live(desk, step(), {**DAY_BEFORE, "key": "s2"}, rules=long)
    stay = booked(desk)
    assert [(one.sequence, one.why) for one in absent.of(stay).left_out] == [
        (row, "A condition does not hold: Nights.")
    ]
    assert stay.departure_date is not None
    before = stay.departure_date.isoformat()
    stay.departure_date += timedelta(days=5)
    tell(stay, "departure_date", was=before)
    assert absent.of(stay).left_out == ()
    assert sending.send_due() == 0
    assert states(stay) == [("suppressed", "past_its_time"), ("planned", "")]


@pytest.mark.usefixtures("noon")
def test_a_night_is_foretold_with_its_morning(desk: Desk) -> None:
    connect_twilio(desk.organization, "https://sms.example")
    live(desk, step(when={"anchor": "booked", "hours": 11}, channels=["sms"]))
    stay = booked(desk)
    phone(stay)
    (line,) = forecast.lines(desk.people["Admin"])
    # Eight o'clock on the Azores, where a Portuguese phone may be, too.
    assert (line.state, line.at.strftime("%H:%M")) == (State.PLANNED, "09:00")
    assert line.why == "It is night at the guest's; it waits for the morning."


@pytest.mark.usefixtures("noon")
def test_what_lacks_consent_a_channel_or_a_value_is_foretold(desk: Desk) -> None:
    connect_twilio(desk.organization, "https://sms.example")
    hole = {"en": {"body": "Code {{ stay.door_code }}"}}
    live(
        desk,
        step(channels=["sms"], purpose="marketing"),
        {**step(channels=["email"]), "key": "s2"},
        {**step(texts=hole), "key": "s3"},
    )
    stay = booked(desk)
    phone(stay)
    assert told(stay) == [
        ("suppressed", "There is no consent to marketing for this guest."),
        ("suppressed", "No channel of the step reaches this guest."),
        ("held", "A value is missing: stay.door_code."),
    ]


@pytest.mark.usefixtures("noon")
def test_the_fourth_of_a_day_is_foretold(desk: Desk) -> None:
    live(desk, *[step(key=f"s{n}", texts={"en": {"body": f"Hello {n}"}}) for n in range(4)])
    stay = booked(desk)
    lines = forecast.lines(desk.people["Admin"])
    assert [line.row.step_key for line in lines] == ["s0", "s1", "s2", "s3"]
    assert lines[3].at - lines[0].at == timedelta(days=1)
    assert "Three messages" in lines[3].why
    assert stay.pk == lines[3].row.reservation_id


@pytest.mark.usefixtures("noon")
def test_a_pause_and_an_outage_are_foretold(desk: Desk) -> None:
    row = live(desk)
    stay = booked(desk)
    ConnectionHealth.objects.update(down_since=clock.now())
    assert told(stay)[0][0] == "planned"
    assert "connection is down" in told(stay)[0][1]
    publishing.set_state(desk.people["Marketer"], row, Sequence.State.PAUSED)
    assert told(stay) == [("suppressed", "The sequence, or this stay, is paused.")]


@pytest.mark.usefixtures("noon")
def test_a_forecast_costs_the_same_at_any_size(desk: Desk, settings: Any) -> None:
    settings.BELLHOP_CLOCK_REFRESH_S = 3_600
    connect_twilio(desk.organization, "https://sms.example")
    live(desk, step(channels=["sms", "pms"]), {**DAY_BEFORE, "key": "s2"})

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            forecast.lines(desk.people["Admin"])
        return len(captured)

    for number in range(2):
        phone(booked(desk), f"+35191234560{number}")
    few = cost()
    for number in range(9):
        phone(booked(desk), f"+35191234561{number}")
    assert cost() == few <= 20


# --- any plan, any changes ---
offsets = st.sampled_from([-3, -1, 0, 1, 2])
clocks = st.sampled_from(["00:30", "07:00", "10:00", "15:00", "21:00", "23:45"])
whens = st.one_of(
    st.builds(lambda h: {"anchor": "booked", "hours": h}, st.sampled_from([0, 1, 9, 30])),
    st.builds(
        lambda a, d, at: {"anchor": a, "days": d, "at": at},
        st.sampled_from(["arrival", "departure"]), offsets, clocks,
    ),
    st.builds(
        lambda a, h: {"anchor": a, "hours": h},
        st.sampled_from(["check_in", "check_out"]), st.sampled_from([-20, -3, 0, 4]),
    ),
)  # fmt: skip
lates = st.sampled_from(
    [
        {"late": "skip", "useful_until": None},
        {"late": "hold", "useful_until": None},
        {"late": "send", "useful_until": {"anchor": "check_in"}},
        {"late": "send", "useful_until": {"anchor": "departure", "at": "12:00"}},
    ]
)
RULES = ([], [{"field": "nights", "operator": "at_least", "value": 3}])
TEXTS = ("Hello {{ guest.first_name }}", "Code {{ stay.door_code }}", "{{ unit.name }} on {{ stay.arrival }}")
steps = st.fixed_dictionaries(
    {
        "when": whens,
        "late": lates,
        "channels": st.sampled_from([["pms"], ["sms"], ["sms", "pms"], ["email", "sms"]]),
        "text": st.sampled_from(TEXTS),
        "rules": st.sampled_from(RULES),
        "any_hour": st.booleans(),
    }
)
plans = st.fixed_dictionaries(
    {"steps": st.lists(steps, min_size=1, max_size=4), "stop_when_answered": st.booleans()}
)
stays = st.fixed_dictionaries(
    {
        "guest": st.sampled_from([0, 0, 1, 2]),
        "starts_in": st.sampled_from([0, 2, 2, 6]),
        "nights": st.integers(1, 4),
        "house": st.sampled_from([0, 0, 1]),
        "door_code": st.sampled_from(["", "1234"]),
    }
)
changes = st.tuples(
    st.integers(1, 13 * 24), st.integers(0, 3), st.sampled_from(["cancel", "move", "write", "mend"])
)


@dataclass
class World:
    desk: Desk
    stays: list[Reservation] = field(default_factory=list)
    first: dict[int, Prediction] = field(default_factory=dict)
    newest: dict[int, Prediction] = field(default_factory=dict)
    changed: set[int | None] = field(default_factory=set)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def build(sequences: list[dict[str, Any]], given_stays: list[dict[str, Any]]) -> World:
    at_noon()
    world = World(factories.desk())
    connect_twilio(world.desk.organization, "https://sms.example")
    for plan in sequences:
        made = [
            step(
                key=f"s{n}",
                texts={"en": {"body": f"{n} {one['text']}"}},
                **one["late"],
                **{name: one[name] for name in ("when", "channels", "rules", "any_hour")},
            )
            for n, one in enumerate(plan["steps"])
        ]
        live(world.desk, *made, stop_when_answered=plan["stop_when_answered"])
    guests = [
        Guest.objects.create(
            organization=world.desk.organization,
            full_name=f"Guest {n}",
            language="en",
            created_at=clock.now(),
        )
        for n in range(3)
    ]
    for guest, number in zip(guests[:2], ("+351912345601", "+12125550123"), strict=True):
        ContactPoint.objects.create(
            organization=world.desk.organization, guest=guest, kind="phone", value=number
        )
    houses = [factories.property_of(world.desk.organization, zone, zone) for zone in ZONES]
    for one in given_stays:
        place = houses[one["house"]]
        values = {name: one[name] for name in ("starts_in", "nights", "door_code")}
        world.stays.append(booked(world.desk, guest=guests[one["guest"]], property=place, **values))
    return world


def foresee(world: World) -> dict[int, Prediction]:
    rows = ScheduledMessage.objects.filter(organization=world.desk.organization)
    return predicting.of(list(rows.select_related(*predicting.LOADED)))


def change(world: World, number: int, what: str) -> None:
    """Something dated happens to a stay: its guest's forecast is another one from now on."""
    stay = Reservation.objects.select_related("guest", "property", "unit").get(
        pk=world.stays[number % len(world.stays)].pk
    )
    if stay.status == Reservation.Status.CANCELLED:
        return
    if what == "cancel":
        cancel(stay)
    elif what == "move":
        move_days(stay, 2)
    elif what == "write":
        factories.says(Thread.objects.get(stay=stay), f"Hello at {clock.now()}")
    else:
        stay.door_code = "9876"
        stay.save()
    world.changed.add(stay.guest_id)
    told_now = foresee(world)
    mine = ScheduledMessage.objects.filter(reservation__guest=stay.guest).values_list("pk", flat=True)
    for pk in mine:
        world.newest.pop(pk, None)
        if pk in told_now:
            world.newest[pk] = told_now[pk]


def run(world: World, events: list[tuple[int, int, str]]) -> None:
    """Let fourteen days pass, from one moment at which something is due or happens to the next."""
    began = clock.now()
    ahead = sorted((began + timedelta(hours=hours), number, what) for hours, number, what in events)
    while True:
        sending.send_due()
        due = ScheduledMessage.objects.filter(state=State.PLANNED).order_by("due_at").first()
        moments = [*([due.due_at] if due else []), *(at for at, _number, _what in ahead[:1])]
        if not moments or min(moments) > began + AHEAD:
            return
        moment = min(moments)
        move_to(max(moment, clock.now()) + timedelta(seconds=1))
        if ahead and ahead[0][0] <= moment:
            sending.send_due()
            change(world, *ahead.pop(0)[1:])


def agrees(row: ScheduledMessage, said: Prediction, end: datetime) -> bool:
    if said.at > end - timedelta(hours=1) and said.state == State.PLANNED:
        return True
    if said.state == State.PLANNED:
        late = (row.settled_at or end) - said.at
        return row.state == State.SENT and timedelta(seconds=-5) <= late <= timedelta(minutes=2)
    return (row.state, row.reason) == (said.state, said.reason)


EXAMPLES = int(os.environ.get("BELLHOP_EXAMPLES", "30"))
"""Each is a fortnight; they aren't made smaller where one fails, that would take minutes."""


CROWDED = {
    "steps": [
        {
            "when": {"anchor": "arrival", "days": -1, "at": at},
            "late": {"late": "skip", "useful_until": None},
            "channels": ["sms", "pms"],
            "text": TEXTS[0],
            "rules": [],
            "any_hour": at == "10:00",
        }
        for at in ("10:00", "10:00", "15:00", "21:00", "23:45")
    ],
    "stop_when_answered": False,
}
ROOM = {"guest": 0, "starts_in": 2, "nights": 2, "house": 0, "door_code": ""}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 30,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(
    st.lists(plans, min_size=1, max_size=2),
    st.lists(stays, min_size=2, max_size=5),
    st.lists(changes, max_size=3),
)
@example([CROWDED, CROWDED], [ROOM, ROOM, {**ROOM, "guest": 2}], [])
@example([CROWDED, CROWDED], [ROOM, ROOM, {**ROOM, "guest": 2}], [(20, 1, "move"), (40, 2, "cancel")])
def test_the_forecast_is_what_is_sent(
    sequences: list[dict[str, Any]], given_stays: list[dict[str, Any]], events: list[tuple[int, int, str]]
) -> None:
    """N12: quiet hours, caps, conditions, missing values, doubles, late rules; cancellations, other dates, answers and
    mended values at random moments. What the first forecast says of guests without a dated change, and what the newest
    one says of all, is what happens."""
    with undone():
        world = build(sequences, given_stays)
        world.first = foresee(world)
        world.newest = dict(world.first)
        began = clock.now()
        run(world, events)
        rows = {row.pk: row for row in ScheduledMessage.objects.select_related("reservation")}
        wrong = [
            (row.step_key, said, row.state, row.reason, row.settled_at, row.due_at)
            for forecasts, everybody in ((world.first, False), (world.newest, True))
            for pk, said in forecasts.items()
            if everybody or rows[pk].reservation.guest_id not in world.changed
            for row in [rows[pk]]
            if not agrees(row, said, began + AHEAD)
        ]
        assert not wrong


@pytest.mark.usefixtures("noon")
def test_the_property_can_fail(desk: Desk) -> None:
    """A forecast that ignores a moved date is told from what happens."""
    live(desk, DAY_BEFORE)
    stay = booked(desk)
    (said,) = foresee(World(desk)).values()
    move_days(stay, 3)
    forward(days=14)
    sending.send_due()
    assert not agrees(ScheduledMessage.objects.get(), said, clock.now())
