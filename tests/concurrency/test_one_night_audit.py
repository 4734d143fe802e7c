"""One audit per property and business date. The race: two workers find that none is there before either has kept
one."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction

from bellhop.core import clock
from reservations.models import NightAudit, NightAuditAddendum, NightAuditPlan
from reservations.night_audit import addenda, plans, reading, running
from tests import factories
from tests.concurrency.both import Turn, together
from tests.factories import Desk


def naive(desk: Desk, here: Turn, there: Turn) -> str:
    """What `running._run` does, without the plan's lock."""
    now = clock.now()
    with transaction.atomic():
        known = NightAudit.objects.filter(property=desk.place, business_date=now.date()).exists()
        here.pass_by()
        there.reached()
        if not known:
            NightAudit.objects.create(
                organization=desk.organization, property=desk.place, business_date=now.date(), starts_at=now,
                ends_at=now, run_at=now, layout=1, facts={}, figures={},
            )  # fmt: skip
        return "known" if known else "kept"


def test_the_race_exists_without_the_lock(desk: Desk) -> None:
    one, two = Turn(), Turn()
    found = together(lambda: naive(desk, one, two), lambda: naive(desk, two, one))
    assert "known" not in found
    assert [type(error) for error in found if isinstance(error, Exception)] == [IntegrityError]


def test_by_hand_and_by_itself_at_once_is_one(desk: Desk) -> None:
    plans.plan(desk.place)
    now = clock.now()
    closed = now.date() - timedelta(days=2)
    NightAuditPlan.objects.update(next_date=closed, next_at=now)
    acts = [lambda: running.run(desk.agent, desk.place, closed).pk for _ in range(3)]
    found = together(*acts, running.run_due, running.run_due)
    assert not [one for one in found if isinstance(one, BaseException)]
    assert NightAudit.objects.filter(business_date=closed).count() == 1
    assert len({*found[:3]}) == 1


def test_two_looks_at_once_tell_a_fact_once(desk: Desk) -> None:
    thread = factories.thread(desk, factories.stay(desk))
    factories.says(thread, "Hello?")
    audit = running.run(desk.agent, desk.place, reading.today(desk.place))
    factories.staff_says(thread, "Yes")
    found = together(*[lambda: addenda.look_again(audit.pk)] * 4)
    assert sorted(one for one in found if isinstance(one, int)) == [0, 0, 0, 1]
    assert NightAuditAddendum.objects.count() == 1
