"""Night audits by themselves and by hand: once, frozen, with addenda, and by e-mail."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from bellhop.accounts.models import AuditEntry
from bellhop.core import clock
from bellhop.core.models import Incident
from inbox.models import Destination, Receipt, ReceiptState
from inbox.services import triage
from inbox.services.chat import forgetting
from reservations.models import NightAudit, NightAuditAddendum, NightAuditPlan, RequestKind, Reservation
from reservations.night_audit import addenda, plans, running
from reservations.services import places, requests
from reservations.services.requests import Terms, Wish
from tests import factories
from tests.audits import at, noon, run, today, wanted
from tests.factories import Desk
from tests.sequences import forward, move_to

__all__ = ["noon"]
pytestmark = pytest.mark.django_db
LATE = RequestKind.LATE_CHECK_OUT


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    return factories.stay(desk, starts_in=-2)


def late(audit: NightAudit) -> list[tuple[str, str]]:
    return list(audit.addenda.order_by("id").values_list("section", "kind"))


# --- once, and frozen ---
def test_run_twice_is_one(desk: Desk) -> None:
    assert run(desk).pk == run(desk).pk
    assert AuditEntry.objects.filter(action="night_audit.run").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"facts": {}},
        {"figures": {"open": 0}},
        {"business_date": date(2020, 1, 1)},
        {"run_at": datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC"))},
        {"run_by_name": "Somebody else"},
        {"layout": 9},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_frozen_can_not_be_changed(desk: Desk, change: dict[str, Any]) -> None:
    audit = run(desk)
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        NightAudit.objects.filter(pk=audit.pk).update(**change)
    audit.mailed_at = clock.now()
    audit.save()
    assert NightAudit.objects.get(pk=audit.pk).mailed_at is not None


def test_addenda_are_frozen_as_well(desk: Desk) -> None:
    row = NightAuditAddendum.objects.create(
        audit=run(desk), section="open", key="1", kind="gone", found_at=clock.now()
    )
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        NightAuditAddendum.objects.filter(pk=row.pk).update(kind="added")


def test_who_may_run_it(desk: Desk) -> None:
    for role, person in desk.people.items():
        if role in {"Housekeeper", "Marketer"}:
            with pytest.raises(PermissionDenied):
                running.run(person, desk.place, today())
        else:
            assert running.run(person, desk.place, today())


@pytest.mark.parametrize("days", [1, -40])
def test_dates_that_can_not_be_run(desk: Desk, days: int) -> None:
    with pytest.raises(running.NotPossible):
        run(desk, today() + timedelta(days=days))


def test_only_for_properties_that_one_sees(desk: Desk) -> None:
    """Invariant 10, in the services as well."""
    elsewhere = factories.property_of(desk.organization, "Elsewhere")
    for person in (
        factories.limited(desk.organization, elsewhere, role="Operations manager"),
        factories.desk("foreign").people["Admin"],
    ):
        with pytest.raises(PermissionDenied):
            running.run(person, desk.place, today())
        with pytest.raises(PermissionDenied):
            plans.change(person, desk.place, wanted())
        with pytest.raises(PermissionDenied):
            addenda.look(person, run(desk))


# --- by itself ---
def test_it_runs_after_the_close_and_not_before(desk: Desk) -> None:
    plans.plan(desk.place)
    move_to(at(2, 59, days=1))
    assert running.run_due() == 0
    closed = today() - timedelta(days=1)
    move_to(at(3))
    assert running.run_due() == 1
    audit = NightAudit.objects.get()
    assert (audit.business_date, audit.run_by) == (closed, None)
    assert audit.ends_at == at(3).replace(second=0)
    assert running.run_due() == 0
    forward(days=1)
    assert running.run_due() == 1


def test_one_that_was_run_by_hand_is_not_run_again(desk: Desk) -> None:
    plans.plan(desk.place)
    audit = run(desk)
    move_to(at(3, days=1))
    assert running.run_due() == 1
    assert NightAudit.objects.get().pk == audit.pk
    assert NightAuditPlan.objects.get().next_date == today()


def test_dates_missed_during_an_outage_are_run_late_a_week_back(desk: Desk) -> None:
    plans.plan(desk.place)
    forward(days=3)
    assert running.run_due() == 3
    forward(days=20)
    assert running.run_due() == running.CATCH_UP.days
    assert NightAudit.objects.count() == 3 + running.CATCH_UP.days


def test_a_zone_that_was_corrected_moves_the_close(desk: Desk) -> None:
    plans.plan(desk.place)
    desk.place.timezone = "America/New_York"
    desk.place.save()
    move_to(at(3, days=1))
    assert running.run_due() == 0
    plan = NightAuditPlan.objects.get()
    assert plan.next_at is not None
    assert plan.next_at.astimezone(desk.place.zone).time() == time(3)
    move_to(plan.next_at)
    assert running.run_due() == 1


@pytest.mark.parametrize(("on", "hours"), [(date(2027, 3, 13), 23), (date(2027, 11, 6), 25)])
def test_a_date_on_which_the_clocks_change(desk: Desk, on: date, hours: int) -> None:
    """Fault matrix 24: nothing falls between two papers, and nothing stands on both."""
    desk.place.timezone = "America/New_York"
    desk.place.save()
    move_to(datetime(on.year, on.month, on.day, 12, tzinfo=desk.place.zone))
    plans.plan(desk.place)
    for _ in range(3):
        forward(days=1)
        running.run_due()
    found = list(NightAudit.objects.order_by("business_date"))
    assert [audit.business_date for audit in found] == [on + timedelta(days=n) for n in range(3)]
    assert (found[0].ends_at - found[0].starts_at) == timedelta(hours=hours)
    assert all(one.ends_at == two.starts_at for one, two in pairwise(found))


def test_another_hour_leaves_no_gap(desk: Desk) -> None:
    manager = desk.people["Operations manager"]
    first = run(desk)
    plans.change(manager, desk.place, wanted(closes_at=time(5)))
    forward(days=1)
    second = run(desk)
    assert second.starts_at == first.ends_at
    assert second.ends_at - second.starts_at == timedelta(hours=26)


def test_one_that_fails_holds_up_no_other_and_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 12: tried again every ten minutes, and a person is told."""
    broken, other = desk.place, factories.property_of(desk.organization, "Elsewhere")
    plans.plan(broken)
    plans.plan(other)
    move_to(at(3, days=1))
    ours = running._run

    def breaks(place: Any, on: date, user: Any) -> NightAudit:
        if place.pk == broken.pk:
            raise ZeroDivisionError
        return ours(place, on, user)

    monkeypatch.setattr(running, "_run", breaks)
    for _ in range(running.ALERT_AFTER):
        with pytest.raises(ZeroDivisionError):
            running.run_due()
        running.run_due()
        forward(minutes=11)
    assert NightAudit.objects.get().property == other
    assert Incident.objects.get(code=running.FAILED, closed_at=None).subject == str(broken.pk)
    monkeypatch.setattr(running, "_run", ours)
    assert running.run_due() == 1
    assert not Incident.objects.filter(code=running.FAILED, closed_at=None).exists()


def test_a_new_property_is_audited_by_itself(desk: Desk) -> None:
    from connectors.contract.records import PropertyRecord
    from connectors.events import PropertyTold, Source

    record = PropertyRecord(external_id="p9", name="New House", timezone="Europe/Lisbon")
    with transaction.atomic():
        places.on_property(PropertyTold(source=Source(connection=desk.connection), record=record))
    plan = NightAuditPlan.objects.get(property__name="New House")
    assert plan.is_on
    assert plan.next_at is not None
    assert plan.next_at.astimezone(ZoneInfo("Europe/Lisbon")).time() == time(3)


def test_off_means_off(desk: Desk) -> None:
    manager = desk.people["Operations manager"]
    plans.change(manager, desk.place, wanted(is_on=False))
    forward(days=3)
    assert running.run_due() == 0
    plans.change(manager, desk.place, wanted())
    forward(days=1)
    assert running.run_due() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"mail_at": time(6)},
        {"recipients": ["no address"]},
        {"recipients": [f"a{n}@b.example" for n in range(21)]},
    ],
)
def test_a_plan_that_makes_no_sense(desk: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plans.change(desk.people["Operations manager"], desk.place, wanted(**changes))


def test_an_agent_sets_no_times(desk: Desk) -> None:
    with pytest.raises(PermissionDenied):
        plans.change(desk.agent, desk.place, wanted())


# --- addenda ---
def test_a_message_that_was_answered_later(desk: Desk, stay: Reservation) -> None:
    thread = factories.thread(desk, stay)
    factories.says(thread, "Hello?")
    audit = run(desk)
    frozen = NightAudit.objects.values("facts", "figures").get()
    assert addenda.look_again(audit.pk) == 0
    forward(hours=16)
    factories.staff_says(thread, "Good morning")
    assert addenda.look_again(audit.pk) == 1
    row = audit.addenda.get()
    assert (row.section, row.kind, row.row["state"]) == ("unanswered", "changed", "answered")
    assert row.before["text"] == "Hello?"
    assert NightAudit.objects.values("facts", "figures").get() == frozen
    assert addenda.look_again(audit.pk) == 0, "it is said once"


def test_no_answer_needed_is_told_apart(desk: Desk, stay: Reservation) -> None:
    thread = factories.thread(desk, stay)
    factories.says(thread, "Thanks!")
    audit = run(desk)
    triage.no_answer_needed(desk.agent, thread)
    addenda.look_again(audit.pk)
    assert audit.addenda.get().row["state"] == "dismissed"


def test_a_late_request_and_a_later_decision(desk: Desk, stay: Reservation) -> None:
    open_one = requests.ask(desk.agent, stay, Wish(kind=RequestKind.COT))
    audit = run(desk)
    requests.ask(desk.agent, stay, Wish(kind=LATE, wished=time(13)))
    assert addenda.look_again(audit.pk) == 1
    move_to(at(4, days=1))
    requests.approve(desk.agent, open_one, Terms())
    assert addenda.look_again(audit.pk) == 1
    assert late(audit) == [("open", "added"), ("open", "changed")]


def test_what_happens_after_the_date_is_not_of_it(desk: Desk, stay: Reservation) -> None:
    audit = run(desk)
    move_to(at(4, days=1))
    factories.says(factories.thread(desk, stay), "Hello?")
    requests.ask(desk.agent, stay, Wish(kind=RequestKind.COT))
    factories.stay(desk, starts_in=0, booked_at=clock.now())
    assert addenda.look_again(audit.pk) == 0


def test_a_receipt_that_came_later(desk: Desk, stay: Reservation) -> None:
    thread = factories.thread(desk, stay)
    message = factories.answers(desk.agent, thread, "See you")
    receipts = Receipt.objects.filter(message=message)
    receipts.update(state=ReceiptState.UNCONFIRMED, since=clock.now())
    audit = run(desk)
    receipts.filter(destination=Destination.GUEST).update(state=ReceiptState.DELIVERED, since=clock.now())
    assert addenda.look_again(audit.pk) == 1
    assert late(audit) == [("undelivered", "changed")]
    receipts.filter(destination=Destination.PMS).update(state=ReceiptState.SENT, since=clock.now())
    assert addenda.look_again(audit.pk) == 1
    assert late(audit)[1] == ("not_in_pms", "changed")


def test_a_departure_told_the_next_morning(desk: Desk, stay: Reservation) -> None:
    stay.status = Reservation.Status.CHECKED_IN
    stay.save()
    audit = run(desk)
    forward(hours=19)
    stay.status = Reservation.Status.CHECKED_OUT
    stay.save()
    addenda.look_again(audit.pk)
    row = audit.addenda.get()
    assert (row.section, row.before["state"], row.row["state"]) == ("departures", "in_house", "left")


def test_what_is_gone_is_said_and_may_come_back(desk: Desk, stay: Reservation) -> None:
    thread = factories.thread(desk, stay)
    factories.says(thread, "Hello?")
    audit = run(desk)
    elsewhere = factories.property_of(desk.organization, "Elsewhere")
    for place, kind in ((elsewhere, "gone"), (desk.place, "added")):
        thread.property = place
        thread.save()
        assert addenda.look_again(audit.pk) == 1
        assert late(audit)[-1] == ("unanswered", kind)


def test_looks_become_rarer_and_end(desk: Desk) -> None:
    plans.plan(desk.place)
    move_to(at(3, days=1))
    running.run_due()
    looks = 0
    NightAuditPlan.objects.update(next_at=None)
    for _ in range(24 * 4):
        forward(hours=1)
        looks += addenda.look_due()
    assert looks == len(running.LOOKS) - 1
    assert NightAudit.objects.get().look_at is None


def test_who_may_look(desk: Desk) -> None:
    audit = run(desk)
    with pytest.raises(PermissionDenied):
        addenda.look(desk.people["Marketer"], audit)
    with pytest.raises(PermissionDenied):
        addenda.look(factories.desk("elsewhere").agent, audit)


# --- erasure ---
def test_an_erased_guest_is_gone_from_frozen_papers(desk: Desk, stay: Reservation) -> None:
    """Names and words go, counts stay, nobody else is touched, and the papers are frozen as before."""
    for name, words in (("Maria Lindqvist", "I am at +351 900"), ("Omar Farouk", "Hello")):
        one = stay if name.startswith("Maria") else factories.stay(desk, name, starts_in=-2)
        thread = factories.thread(desk, one)
        factories.says(thread, words)
        sent = factories.answers(desk.agent, thread, f"Dear {name}")
        Receipt.objects.filter(message=sent).update(
            state="failed", reason=f"{name} blocked us", since=clock.now()
        )
        factories.says(thread, words, at=clock.now() + timedelta(seconds=1))
        requests.ask(desk.agent, one, Wish(kind=RequestKind.OTHER, note=f"{name} needs a ramp"))
    forward(minutes=1)
    audit = run(desk)
    figures = audit.figures
    triage.no_answer_needed(desk.agent, stay.threads.get())
    addenda.look_again(audit.pk)
    assert stay.guest is not None
    forgetting.forget(stay.guest)
    audit = NightAudit.objects.get()
    kept = str(audit.facts) + str(list(audit.addenda.values_list("row", "before")))
    assert "Maria" not in kept
    assert "+351" not in kept
    assert kept.count("Omar Farouk") >= 4
    assert audit.figures == figures
    assert [fact["key"] for fact in audit.facts["open"]["rows"]]
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        NightAudit.objects.filter(pk=audit.pk).update(facts={})
    assert addenda.look_again(audit.pk) == 0
