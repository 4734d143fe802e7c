"""Stages (signature N7): in shadow nothing leaves, up by a checklist, down by one click that loses nothing."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.urls import reverse

from bellhop.core import clock
from connectors.contract.errors import Rejected
from connectors.contract.intents import AddNote
from connectors.models import (
    Command,
    CommandState,
    Connection,
    Evidence,
    Proof,
    Rehearsal,
    Stage,
    StageChange,
    SyncRun,
)
from connectors.outbound import caller, delivery, outbox
from connectors.trust import drift_runs, shadow_report, stages
from connectors.trust.stages import NotReady
from connectors.trust.verify import NotATest, verify
from inbox.models import Thread
from reservations.models import ContactPoint
from tests import factories
from tests.connectors.trust.test_verify import mirror
from tests.pms import Pms


def in_stage(pms: Pms, stage: Stage) -> None:
    Connection.objects.filter(pk=pms.connection.pk).update(stage=stage)
    pms.connection.refresh_from_db()


def writes(pms: Pms) -> list[str]:
    """What reached the PMS that is no read and no setting up of ours."""
    seen = pms.control("requests?limit=500")["requests"]
    ours = ("token", "webhooks")
    return [r["path"] for r in seen if r["method"] != "GET" and not any(word in r["path"] for word in ours)]


def placed(pms: Pms, code: str = "TEST-0001") -> Thread:
    """The thread of a stay whose property is known."""
    mirror(pms, code)
    return pms.thread(code)


def test_in_shadow_nothing_is_written(pms: Pms) -> None:
    """Neither a reply, nor a note, nor a rehearsal, nor a call that forgot to ask."""
    thread = pms.thread()
    in_stage(pms, Stage.SHADOW)
    pms.subscribe()
    before = writes(pms)
    message = pms.reply(thread, "Would have been sent")
    pms.run()
    assert pms.command(message).state == CommandState.WOULD_HAVE_SENT
    with pytest.raises(NotATest, match="In shadow"):
        list(verify(pms.connection, "TEST-0001"))
    note = AddNote(body="Slipped through", conversation_id=thread.conversation_id)
    with pytest.raises(Rejected, match="In shadow"):
        caller.connector_for(pms.connection).perform(caller.caller_for(pms.connection), note)
    assert writes(pms) == before
    assert shadow_report.of(pms.connection).would_have_sent == 1


def test_one_click_back_holds_what_waits_and_up_again_lets_it_go(pms: Pms) -> None:
    """In order, and nothing is lost."""
    thread = placed(pms)
    in_stage(pms, Stage.LIVE)
    admin = pms.desk.people["Admin"]
    first = pms.reply(thread, "First")
    second = pms.reply(thread, "Second", send_anyway=True)
    assert stages.change(admin, pms.connection, Stage.SHADOW) == 2
    pms.run()
    states = Command.objects.order_by("pk").values_list("state", "reason_code")
    assert list(states) == [(CommandState.HELD, "stage")] * 2
    assert not pms.posts(thread, "First")
    in_stage(pms, Stage.PILOT)
    assert stages.change(admin, pms.connection, Stage.PILOT, places=[thread.property_id or 0]) == 2
    pms.run()
    assert [post["body"] for post in pms.posts(thread)][-2:] == ["First", "Second"]
    pms.once(thread, first)
    pms.once(thread, second)
    assert [change.after for change in StageChange.objects.order_by("pk")] == ["shadow", "pilot"]


def test_a_pilot_writes_for_its_properties_alone(pms: Pms) -> None:
    thread = placed(pms)
    codes = [row["id"] for row in pms.control("reservations")["reservations"] if row.get("conversation_id")]
    other = next(t for t in (placed(pms, code) for code in codes) if t.property_id != thread.property_id)
    in_stage(pms, Stage.LIVE)
    stages.change(pms.desk.people["Admin"], pms.connection, Stage.PILOT, places=[thread.property_id or 0])
    inside, outside = pms.reply(fresh(thread), "Inside"), pms.reply(fresh(other), "Outside")
    pms.run()
    assert pms.command(inside).state == CommandState.CONFIRMED
    assert pms.command(outside).state == CommandState.WOULD_HAVE_SENT
    assert not pms.posts(other, "Outside")


def fresh(thread: Thread) -> Thread:
    return Thread.objects.get(pk=thread.pk)


def test_up_needs_its_checklist(pms: Pms) -> None:
    in_stage(pms, Stage.SHADOW)
    admin, connection = pms.desk.people["Admin"], pms.connection
    with pytest.raises(NotReady, match="at least one property"):
        stages.change(admin, connection, Stage.PILOT)
    with pytest.raises(NotReady, match="One step"):
        stages.change(admin, connection, Stage.LIVE)
    with pytest.raises(NotReady, match="History is imported"):
        stages.change(admin, connection, Stage.PILOT, places=[1], signed=True)
    now = clock.now()
    for entity in ("reservation", "conversation"):
        SyncRun.objects.create(
            connection=connection, purpose="backfill", entity=entity, done=3, started_at=now, finished_at=now
        )
    for proof in (Proof.READ, Proof.PUSHED):
        Evidence.objects.update_or_create(
            connection=connection, entity="message", proof=proof, defaults={"at": now}
        )
    stages.change(admin, connection, Stage.PILOT, places=[1], signed=True)
    connection.refresh_from_db()
    kept = StageChange.objects.get(after=Stage.PILOT).report["report"]
    assert kept["connector_version"] == "1"
    with pytest.raises(NotReady, match="rehearsal"):
        stages.change(admin, connection, Stage.LIVE, signed=True)
    Rehearsal.objects.create(
        connection=connection, reservation="x", started_at=now, finished_at=now, passed=True
    )
    stages.change(admin, connection, Stage.LIVE, signed=True)
    connection.refresh_from_db()
    assert connection.stage == Stage.LIVE


def test_what_does_not_fit_needs_a_signature(pms: Pms) -> None:
    """An unmatched conversation is in the report and stops the step until a person accepts it."""
    in_stage(pms, Stage.SHADOW)
    now = clock.now()
    SyncRun.objects.create(
        connection=pms.connection, purpose="backfill", entity="unit", done=1, started_at=now, finished_at=now
    )
    for proof in (Proof.READ, Proof.PUSHED):
        Evidence.objects.create(connection=pms.connection, entity="message", proof=proof, at=now)
    Thread.objects.create(
        organization=pms.desk.organization, connection=pms.connection, conversation_id="odd", last_activity_at=now,
        created_at=now,
    )  # fmt: skip
    assert shadow_report.of(pms.connection).mirror.unmatched_threads == 1
    admin = pms.desk.people["Admin"]
    with pytest.raises(NotReady, match="Every conversation has its stay"):
        stages.change(admin, pms.connection, Stage.PILOT, places=[1])
    stages.change(admin, pms.connection, Stage.PILOT, places=[1], signed=True)


def test_only_those_who_may(pms: Pms) -> None:
    with pytest.raises(PermissionDenied):
        stages.change(pms.desk.agent, pms.connection, Stage.SHADOW)


def test_what_waits_when_the_stage_changes_is_not_claimed(pms: Pms) -> None:
    """A Command that slipped in with the old stage before its eyes stays where it is."""
    thread = pms.thread()
    stale = Connection.objects.get(pk=pms.connection.pk)
    in_stage(pms, Stage.SHADOW)
    with transaction.atomic():
        outbox.enqueue(
            stale, AddNote(body="Late", conversation_id=thread.conversation_id), subject="x", order_key="x"
        )
    assert delivery.drain() == 0


def test_the_report_says_what_matches_how_late_it_was_and_who_is_there_twice(pms: Pms) -> None:
    """On the page, as JSON, and with the signature."""
    thread = placed(pms)
    pms.subscribe()
    pms.guest_writes(thread, "Hello")
    pms.hear()
    stay = thread.stays.get()
    stay.adults = (stay.adults or 0) + 3
    stay.save(update_fields=["adults"])
    twin = factories.stay(pms.desk, "Same Person", remote_id="twin", status="cancelled")
    for guest in (stay.guest, twin.guest):
        assert guest is not None
        ContactPoint.objects.create(
            organization=pms.desk.organization, guest=guest, kind="phone", value="+34600000000"
        )
    drift_runs.start(pms.connection)
    drift_runs.run_due()
    report = shadow_report.of(pms.connection)
    rates = {(match.entity, match.field): match for match in report.matches}
    assert rates["reservation", "status"].percent == 100
    assert (rates["reservation", "adults"].compared, rates["reservation", "adults"].equal) == (1, 0)
    assert [lag.entity for lag in report.lags] == ["message"]
    assert (report.mirror.duplicates, report.mirror.duplicate_guests) == (1, 2)
    admin = Client()
    admin.force_login(pms.desk.people["Admin"])
    url = reverse("connectors:stage", args=[pms.connection.public_id])
    told = admin.get(url, {"format": "json"}).json()
    adults = next(row for row in told["match_rates"] if row["field"] == "adults")
    assert (adults["compared"], adults["percent"]) == (1, 0)
    assert told["latency"][0]["p95_s"] >= told["latency"][0]["p50_s"]
    assert told["mirror"]["duplicate_guests"] == 2
    page = admin.get(url).content.decode()
    assert "reservation: adults" in page
    in_stage(pms, Stage.SHADOW)
    checks = {check.name: check for check in stages.checklist(pms.connection, Stage.PILOT)}
    assert not checks["Both sides agree"].passed
    assert "adults: 0 %" in checks["Both sides agree"].evidence
