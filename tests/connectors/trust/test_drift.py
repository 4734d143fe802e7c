"""Promise: where the two sides disagree is found, told and settled; what is under way is no drift (N5, D1 to D3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bellhop.accounts.models import AuditEntry
from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.contract.events import Entity, ReadHint
from connectors.contract.intents import SetCustomField
from connectors.events import Source
from connectors.inbound import processing, reading
from connectors.inbound.apply import apply
from connectors.models import Command, CommandState, ConnectionHealth, Drift, DriftRun, FieldOverwrite
from connectors.outbound import caller, outbox
from connectors.trust import drift, drift_cause, drift_compare, drift_runs, rules
from connectors.trust.drift_cause import Facts
from connectors.trust.ownership import Direction, Freshness, Overwrite, Owner, Rule
from reservations.models import Reservation
from tests.harness.waiting import eventually
from tests.pms import Pms

FIELD = "late_check_out"


@pytest.fixture
def stay(pms: Pms) -> Reservation:
    rules.forget()
    connector, call = caller.connector_for(pms.connection), caller.caller_for(pms.connection)
    for listed in (connector.list_properties, connector.list_units):
        cursor: str | None = None
        while (page := listed(call, cursor)).items or page.next_cursor:
            with transaction.atomic():
                for record in page.items:
                    apply(Source(connection=pms.connection), record)
            if (cursor := page.next_cursor) is None:
                break
    return _book(pms, "Yuki Tanaka")


def _book(pms: Pms, name: str) -> Reservation:
    remote_id = str(pms.control("book", "POST", guest_name=name)["reservation"]["id"])
    connector, call = caller.connector_for(pms.connection), caller.caller_for(pms.connection)
    hint = ReadHint(entity=Entity.RESERVATION, external_id=remote_id)
    fetched = reading.fetch(pms.connection, connector, call, hint)
    assert fetched is not None
    with transaction.atomic():
        processing.apply_fetched(Source(connection=pms.connection), fetched)
    return Reservation.objects.get(connection=pms.connection, remote_id=remote_id)


def _behind_our_back(pms: Pms, stay: Reservation, value: str = "14:00") -> None:
    """The webhook of this change is lost."""
    pms.fault("webhook_lost")
    pms.control(f"reservations/{stay.remote_id}/custom-field", "POST", field=FIELD, value=value)
    pms.heal()


def _plan_arrival(pms: Pms, stay: Reservation, at: str) -> None:
    pms.fault("webhook_lost")
    pms.control(f"reservations/{stay.remote_id}/dates", "POST", planned_arrival=at)
    pms.heal()


def _run(pms: Pms) -> DriftRun:
    drift_runs.start(pms.connection)
    drift_runs.run_due()
    run = DriftRun.objects.filter(connection=pms.connection).latest("id")
    assert run.finished_at is not None, run.error
    return run


def _ours(pms: Pms, field: str = "custom_fields") -> None:
    """From now on this field belongs to Bellhop."""
    wanted = rules.Wanted(
        owner=Owner.BELLHOP,
        direction=Direction.ONCE,
        freshness=Freshness.MINUTES,
        alert_id=None,
        reason="ours",
    )
    rules.change(pms.desk.people["Admin"], pms.connection, "reservation", field, wanted)
    rules.forget()


def test_what_is_mirrored_is_equal(pms: Pms, stay: Reservation) -> None:
    run = _run(pms)
    assert (run.records, run.found) == (1, 0)
    assert run.places > 5
    assert run.fields > 15
    assert not Drift.objects.exists()


def test_a_change_behind_our_back_is_found_in_one_run(pms: Pms, stay: Reservation) -> None:
    pms.subscribe()
    _plan_arrival(pms, stay, "18:45")
    pms.forward(120)
    assert _run(pms).found == 1
    found = Drift.objects.get()
    assert (found.field, found.theirs, found.owner) == ("check_in_time", "18:45:00", "pms")
    assert (found.cause, found.label) == (Drift.Cause.LOST_WEBHOOK, "Yuki Tanaka")
    assert found.arrival_date == stay.arrival_date
    assert found.since < found.found_at
    assert _run(pms).found == 0
    assert Drift.objects.count() == 1


def test_what_may_still_be_under_way_says_so_and_alerts_nobody(pms: Pms, stay: Reservation) -> None:
    _plan_arrival(pms, stay, "18:45")
    _run(pms)
    assert Drift.objects.get().cause == Drift.Cause.NOT_SYNCED
    assert not Incident.objects.filter(code=drift_runs.FOUND).exists()


def test_a_near_arrival_opens_one_incident_until_all_is_equal(pms: Pms, stay: Reservation) -> None:
    Reservation.objects.update(
        arrival_date=clock.now().date(), departure_date=clock.now().date() + timedelta(days=3)
    )
    _run(pms)  # now the dates differ: PMS-owned, told with the same version
    incident = Incident.objects.get(code=drift_runs.FOUND)
    assert "Yuki Tanaka" in incident.detail
    _run(pms)
    incident.refresh_from_db()
    assert incident.times_seen == 1
    drift.take(pms.desk.people["Admin"], Drift.objects.all())
    drift_runs.run_due()
    incident.refresh_from_db()
    assert incident.closed_at is not None


def test_the_person_of_the_rule_is_alerted(pms: Pms, stay: Reservation) -> None:
    admin = pms.desk.people["Admin"]
    wanted = rules.Wanted(
        owner=Owner.PMS,
        direction=Direction.IN,
        freshness=Freshness.INSTANT,
        alert_id=admin.pk,
        reason="Sam knows",
    )
    rules.change(admin, pms.connection, "reservation", "departure_date", wanted)
    today = clock.now().date()
    Reservation.objects.update(departure_date=today + timedelta(days=40), arrival_date=today)
    _run(pms)
    assert Incident.objects.get(code=drift_runs.FOUND).alerted_user_id == admin.pk


def test_taking_the_pms_value_records_the_overwrite(pms: Pms, stay: Reservation) -> None:
    _plan_arrival(pms, stay, "18:45")
    _run(pms)
    manager = pms.desk.people["Operations manager"]
    assert drift.take(manager, Drift.objects.all()) == 1
    drift_runs.run_due()
    stay.refresh_from_db()
    assert str(stay.check_in_time) == "18:45:00"
    solved = Drift.objects.get()
    assert (solved.state, solved.how, solved.by) == (Drift.State.RESOLVED, Drift.How.TOOK, manager)
    assert FieldOverwrite.objects.filter(field="check_in_time", applied=True, source="read").count() == 1
    assert AuditEntry.objects.filter(action="drift.take").exists()


def test_a_change_of_ours_under_way_is_no_drift(pms: Pms, stay: Reservation) -> None:
    _behind_our_back(pms, stay)
    with transaction.atomic():
        outbox.enqueue(
            pms.connection,
            SetCustomField(reservation_id=stay.remote_id, field_id="x", value="1"),
            subject="test",
            order_key="test",
            due_at=clock.now() + timedelta(hours=1),
        )
    assert _run(pms).found == 0
    Command.objects.update(state=CommandState.CANCELLED)
    assert _run(pms).found == 1


def test_a_webhook_that_waits_is_no_drift(pms: Pms, stay: Reservation) -> None:
    pms.subscribe()
    pms.control(f"reservations/{stay.remote_id}/custom-field", "POST", field=FIELD, value="14:00")
    eventually(lambda: pms.control("state")["deliveries"]["pending"] == 0)
    assert pms.journal()
    assert _run(pms).found == 0
    pms.run()
    assert _run(pms).found == 0


def test_a_state_that_is_newer_here_is_no_drift(pms: Pms, stay: Reservation) -> None:
    pms.connection.external_ids.filter(entity="reservation").update(version="2999-01-01T00:00:00.000Z")
    _behind_our_back(pms, stay)
    assert _run(pms).found == 0


def test_it_solves_itself_and_says_how(pms: Pms, stay: Reservation) -> None:
    _plan_arrival(pms, stay, "18:45")
    _run(pms)
    connector, call = caller.connector_for(pms.connection), caller.caller_for(pms.connection)
    hint = ReadHint(entity=Entity.RESERVATION, external_id=stay.remote_id)
    fetched = reading.fetch(pms.connection, connector, call, hint)
    assert fetched is not None
    with transaction.atomic():
        processing.apply_fetched(Source(connection=pms.connection), fetched)
    _run(pms)
    assert Drift.objects.get().how == Drift.How.LATER_READ


def test_ours_is_sent_and_accepted(pms: Pms, stay: Reservation) -> None:
    """We own it, the PMS can be written: the Command's confirmation ends the drift."""
    _behind_our_back(pms, stay, "13:00")
    _run(pms)
    with pytest.raises(drift.NotPossible):
        drift.send(pms.desk.people["Admin"], Drift.objects.all())
    drift.take(pms.desk.people["Admin"], Drift.objects.all())
    drift_runs.run_due()
    _ours(pms)
    _behind_our_back(pms, stay, "15:00")
    _run(pms)
    found = Drift.objects.get(state=Drift.State.OPEN)
    with pytest.raises(drift.NotPossible):
        drift.take(pms.desk.people["Admin"], [found])
    drift.send(pms.desk.people["Admin"], [found])
    assert _run(pms).found == 0
    pms.run()
    found.refresh_from_db()
    assert (found.state, found.how) == (Drift.State.RESOLVED, Drift.How.SENT)
    assert found.command is not None
    assert "13:00" in str(pms.control(f"reservations/{stay.remote_id}"))
    pms.forward(300)
    assert _run(pms).found == 0


def test_ignored_until_its_day(pms: Pms, stay: Reservation) -> None:
    _behind_our_back(pms, stay)
    _run(pms)
    admin, tomorrow = pms.desk.people["Admin"], clock.now().date() + timedelta(days=1)
    with pytest.raises(drift.NotPossible):
        drift.ignore(admin, Drift.objects.all(), tomorrow, " ")
    drift.ignore(admin, Drift.objects.all(), tomorrow, "The owner asked for it")
    assert Drift.objects.get().state == Drift.State.IGNORED
    _run(pms)
    assert Drift.objects.get().state == Drift.State.IGNORED
    pms.forward(3 * 86_400)
    drift_runs.plan()
    assert Drift.objects.get().state == Drift.State.OPEN


def test_all_daily_and_arrivals_hourly(pms: Pms, stay: Reservation) -> None:
    ConnectionHealth.objects.update(caught_up_to=clock.now())
    far = _book(pms, "Far Away")
    Reservation.objects.filter(pk=far.pk).update(arrival_date=clock.now().date() + timedelta(days=60))
    Reservation.objects.filter(pk=far.pk).update(departure_date=clock.now().date() + timedelta(days=62))
    Reservation.objects.filter(pk=stay.pk).update(arrival_date=clock.now().date())

    def runs() -> list[tuple[str, int]]:
        return list(DriftRun.objects.order_by("id").values_list("scope", "records"))

    drift_runs.run_due()
    drift_runs.run_due()
    assert runs() == [("all", 2)]
    pms.forward(3601)
    drift_runs.run_due()
    assert runs() == [("all", 2), ("near", 1)]
    pms.forward(86_401)
    drift_runs.run_due()
    assert runs()[-1] == ("all", 2)


def test_a_comparison_goes_on_where_it_was_stopped(pms: Pms, stay: Reservation) -> None:
    second = _book(pms, "Second")
    drift_runs.start(pms.connection)
    DriftRun.objects.update(after=stay.pk, records=1)
    drift_runs.run_due()
    run = DriftRun.objects.get()
    assert (run.records, run.after) == (2, second.pk)


@pytest.mark.usefixtures("steady_clock")
def test_a_stay_costs_the_same_whatever_differs_beside_it(pms: Pms, stay: Reservation) -> None:
    connector, call = caller.connector_for(pms.connection), caller.caller_for(pms.connection)
    record = connector.get_reservation(call, stay.remote_id)

    def cost() -> int:
        rules.forget()
        began = clock.now()
        rules.of(pms.connection.pk, "reservation")
        with CaptureQueriesContext(database) as queries:
            drift_compare.judge(pms.connection, connector, record, began)
        return len(queries)

    alone = cost()
    _book(pms, "Second")
    _book(pms, "Third")
    assert cost() == alone


def test_the_terminal_prints_what_differs(pms: Pms, stay: Reservation, capsys: Any) -> None:
    _behind_our_back(pms, stay)
    call_command("drift", pms.connection.public_id)
    said = capsys.readouterr().out
    assert "reservation.custom_fields" in said
    assert "1 differ" in said


def test_the_page_lists_filters_acts_and_exports(pms: Pms, stay: Reservation) -> None:
    client = Client()
    client.force_login(pms.desk.people["Operations manager"])
    url = reverse("connectors:drift")
    assert "Not compared yet" in client.get(url).content.decode()
    _run(pms)
    assert "all equal" in client.get(url).content.decode()
    _plan_arrival(pms, stay, "18:45")
    _run(pms)
    row = Drift.objects.get()
    assert "Yuki Tanaka" in client.get(url).content.decode()
    assert "Yuki Tanaka" not in client.get(url, {"cause": "schema"}).content.decode()
    assert "18:45" in client.get(url, {"format": "csv"}).content.decode()
    assert "18:45" in client.get(reverse("connectors:drift-detail", args=[row.public_id])).content.decode()
    agent = Client()
    agent.force_login(pms.desk.agent)
    assert agent.post(reverse("connectors:drift-act"), {"do": f"take:{row.public_id}"}).status_code == 403
    client.post(reverse("connectors:drift-act"), {"do": f"take:{row.public_id}"})
    drift_runs.run_due()
    assert "Yuki Tanaka" in client.get(url, {"state": "resolved"}).content.decode()


# --- the causes, pure ---
@pytest.mark.parametrize(
    ("field", "theirs", "owner", "facts", "cause"),
    [
        ("arrival_date", None, Owner.PMS, {}, "required_missing"),
        ("adults", 3, Owner.PMS, {"same_version": True}, "schema"),
        ("status_raw", "x", Owner.PMS, {"strange": True}, "schema"),
        ("adults", 3, Owner.PMS, {"age": timedelta(minutes=5)}, "not_synced"),
        ("adults", 3, Owner.PMS, {}, "lost_webhook"),
        ("custom_fields", {}, Owner.BELLHOP, {"written": True, "writable": True}, "automation"),
        ("pets", None, Owner.BELLHOP, {}, "unsupported"),
        ("pets", 2, Owner.BELLHOP, {}, "one_way"),
        ("check_out_time", 2, Owner.BELLHOP, {"writable": True, "refused": True}, "separate"),
        ("check_out_time", 2, Owner.BELLHOP, {"writable": True}, "not_synced"),
    ],
)
def test_the_cause(field: str, theirs: Any, owner: Owner, facts: dict[str, Any], cause: str) -> None:
    rule = Rule(owner, Direction.IN if owner is Owner.PMS else Direction.ONCE, Freshness.MINUTES)
    known = Facts(**{"age": timedelta(hours=1), **facts})
    assert drift_cause.cause_of(Overwrite(field, "ours", theirs, True, ""), rule, known) == cause
