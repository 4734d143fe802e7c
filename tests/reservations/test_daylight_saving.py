"""Fault matrix 24: the clocks change at the property while a guest is there."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from inbox.models import Thread
from inbox.services import listing, row_view
from reservations.models import StayPhase
from tests import factories

# Zone, last day before the change, the change's day, and the UTC hours at which these days and the next one begin.
CHANGES = [
    ("America/New_York", date(2026, 10, 31), (4, 4, 5)),
    ("America/New_York", date(2027, 3, 13), (5, 5, 4)),
    ("Australia/Lord_Howe", date(2026, 10, 3), (13.5, 13.5, 13)),
]


def at(day: date, hour: float, minutes: int) -> datetime:
    """`minutes` from that UTC hour of the day; hours past noon belong to the day before."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    seconds = (hour if hour < 12 else hour - 24) * 3600 + minutes * 60
    return datetime.fromtimestamp(start + seconds, UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(("zone", "before", "hours"), CHANGES)
def test_phases_change_at_the_propertys_midnight(
    zone: str, before: date, hours: tuple[float, float, float]
) -> None:
    """Matrix 24: whatever the offset, a day begins at local midnight, and agreed wall times stay as they are."""
    desk = factories.desk()
    desk.place.timezone = zone
    desk.place.save()
    changed, after = (date.fromordinal(before.toordinal() + n) for n in (1, 2))
    stay = factories.stay(
        desk, arrival_date=changed, departure_date=after, check_in_time=time(2, 30), check_out_time=time(11)
    )
    loaded = listing.for_anyone(Thread.objects.filter(pk=factories.thread(desk, stay).pk)).get()
    expected = {
        changed: (StayPhase.UPCOMING, StayPhase.ARRIVING),
        after: (StayPhase.ARRIVING, StayPhase.DEPARTING),
    }
    for day, hour in zip((changed, after), hours[1:], strict=True):
        for minutes, phase in zip((-1, 1), expected[day], strict=True):
            moment = at(day, hour, minutes)
            assert stay.phase(moment) == phase, moment
            shown = row_view.of(loaded, moment)
            assert shown.phase == phase.value
    assert stay.nights == 1
    stay.refresh_from_db()
    assert (stay.effective_check_in, stay.effective_check_out) == (time(2, 30), time(11))
