"""Promise: the ownership log is data that people keep, and the write path does what it says (ux O1 to O3, N4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from bellhop.accounts.models import AuditEntry
from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.contract.records import ReservationRecord
from connectors.events import Source
from connectors.inbound.apply import apply
from connectors.models import FieldOverwrite, FieldRule, OwnershipReview
from connectors.trust import rules, rules_log, rules_review
from connectors.trust.ownership import DEFAULTS, URGENT, Direction, Freshness, Owner, Rule, merge
from reservations.models import Reservation
from tests import factories
from tests.factories import Desk

EVERY_FIELD = [(entity, field) for entity, fields in DEFAULTS.items() for field in fields]
WANTED: dict[str, Any] = {
    "owner": Owner.BELLHOP,
    "direction": Direction.ONCE,
    "freshness": Freshness.MINUTES,
    "alert_id": None,
    "reason": "We plan rates.",
}


@pytest.fixture
def desk(db: None) -> Desk:
    rules.forget()
    return factories.desk()


def _change(desk: Desk, field: str, entity: str = "reservation", **other: Any) -> FieldRule:
    row = rules.change(
        desk.people["Admin"], desk.connection, entity, field, rules.Wanted(**{**WANTED, **other})
    )
    rules.forget()
    return row


def _tell(desk: Desk, **fields: Any) -> Reservation:
    record = ReservationRecord(external_id="r1", version="2026-11-23T10:00:00.000Z", **fields)
    with transaction.atomic():
        apply(Source(connection=desk.connection), record)
    return Reservation.objects.get(remote_id="r1")


# --- the pure merge, field by field ---
@pytest.mark.parametrize(("entity", "field"), EVERY_FIELD)
@pytest.mark.parametrize("owner", list(Owner))
def test_each_field_follows_its_rule(entity: str, field: str, owner: Owner) -> None:
    """Invariant 6, for every mirrored field under either owner."""
    direction = Direction.IN if owner is Owner.PMS else Direction.ONCE
    in_force = {**DEFAULTS[entity], field: Rule(owner, direction, Freshness.MINUTES)}

    def taken(held: Any, version: str = "2") -> bool:
        found = merge(
            entity, {field: held}, {field: "new"}, held_version="1", told_version=version, rules=in_force
        )
        return found[0].applied

    assert taken("old") is (owner is Owner.PMS)
    assert taken("old", version="0") is False
    assert taken("") is True


def test_what_never_flows_in_isnt_filled_either() -> None:
    in_force = {**DEFAULTS["unit"], "wifi": Rule(Owner.BELLHOP, Direction.NEVER, Freshness.DAILY)}
    found = merge("unit", {"wifi": ""}, {"wifi": "x"}, held_version="", told_version=None, rules=in_force)
    assert [change.applied for change in found] == [False]


# --- rules in force ---
def test_a_changed_rule_is_enforced_and_recorded(desk: Desk) -> None:
    _tell(desk, rate_plan="FLEX")
    _change(desk, "rate_plan")
    stay = _tell(desk, rate_plan="OTHER", adults=3)
    assert (stay.rate_plan, stay.adults) == ("FLEX", 3)
    refused = FieldOverwrite.objects.get(field="rate_plan", applied=False)
    assert (refused.old, refused.new, refused.rule) == ("FLEX", "OTHER", "Bellhop owns this")
    line = rules_log.line_of(desk.connection, "reservation", "rate_plan")
    assert line.refused == 1
    assert len(line.against) == 1


def test_a_rule_holds_for_its_connection_only(desk: Desk) -> None:
    other = factories.connect(desk.organization)
    _change(desk, "rate_plan")
    assert rules.of(desk.connection.pk, "reservation")["rate_plan"].owner is Owner.BELLHOP
    assert rules.of(other.pk, "reservation") == DEFAULTS["reservation"]


@pytest.mark.usefixtures("steady_clock")
def test_a_record_costs_no_statement_for_its_rules(desk: Desk, django_assert_num_queries: Any) -> None:
    rules.of(desk.connection.pk, "reservation")
    with django_assert_num_queries(0):
        rules.of(desk.connection.pk, "reservation")
        rules.of(desk.connection.pk, "guest")


@pytest.mark.parametrize(
    "case",
    [
        {"reason": " "},
        {"field": "status"},
        {"owner": Owner.PMS},
        {"direction": Direction.IN},
        {"alert_id": 0},
    ],
    ids=str,
)
def test_what_a_rule_cannot_be(desk: Desk, case: dict[str, Any]) -> None:
    with pytest.raises(rules.NotAllowed):
        _change(desk, **{"field": "rate_plan", **case})
    assert not FieldRule.objects.exists()


@pytest.mark.parametrize(
    ("entity", "field"), [(e, f) for e, fields in URGENT.items() for f in sorted(fields)]
)
def test_access_arrival_and_cancellation_are_never_daily(desk: Desk, entity: str, field: str) -> None:
    with pytest.raises(rules.NotAllowed):
        _change(desk, field, entity, owner=Owner.PMS, direction=Direction.IN, freshness=Freshness.DAILY)


def test_an_edit_is_audited(desk: Desk) -> None:
    alert = desk.people["Operations manager"]
    _change(desk, "rate_plan", alert_id=alert.pk)
    entry = AuditEntry.objects.get(action="rule.changed")
    assert (entry.before["owner"], entry.after["owner"], entry.after["alert"]) == ("pms", "bellhop", alert.pk)
    assert entry.user == desk.people["Admin"]


# --- the review ---
def test_the_review_is_due_signed_and_due_again(desk: Desk) -> None:
    manager = desk.people["Operations manager"]
    with pytest.raises(rules.NotAllowed):
        rules_review.sign_off(manager, desk.connection, "Helen Marsh")
    desk.connection.created_at -= timedelta(days=92)
    desk.connection.save()
    assert rules_review.check() == 1
    assert Incident.objects.get(code=rules_review.OVERDUE).closed_at is None
    lines = rules_log.lines([desk.connection])
    assert rules_review.due(desk.connection, lines).unreviewed == len(EVERY_FIELD)
    assert rules_review.mark(manager, desk.connection, lines) == len(EVERY_FIELD)
    assert rules_review.mark(manager, desk.connection, rules_log.lines([desk.connection])) == 0
    rules_review.sign_off(manager, desk.connection, "Helen Marsh")
    assert OwnershipReview.objects.get().fields == len(EVERY_FIELD)
    assert Incident.objects.get(code=rules_review.OVERDUE).closed_at is not None
    due = rules_review.due(desk.connection, rules_log.lines([desk.connection]))
    assert (due.overdue, due.unreviewed) == (False, len(EVERY_FIELD))
    assert rules_review.check() == 0


def test_marking_keeps_the_rule(desk: Desk) -> None:
    _change(desk, "rate_plan")
    rules_review.mark(desk.people["Admin"], desk.connection, rules_log.lines([desk.connection]))
    row = FieldRule.objects.get(field="rate_plan")
    assert (row.owner, row.reason) == ("bellhop", "We plan rates.")
    assert row.reviewed_by == desk.people["Admin"]


# --- the pages ---
def _as(desk: Desk, role: str) -> Client:
    client = Client()
    client.force_login(desk.people[role])
    return client


def test_the_page_filters_and_exports(desk: Desk) -> None:
    client = _as(desk, "Operations manager")
    page = client.get(
        reverse("connectors:ownership"), {"entity": "unit", "owner": "bellhop"}
    ).content.decode()
    assert "wifi" in page
    assert "rate plan" not in page
    _change(desk, "rate_plan", reason="=1+1")
    table = client.get(reverse("connectors:ownership"), {"format": "csv"}).content.decode("utf-8-sig")
    assert len(table.splitlines()) == len(EVERY_FIELD) + 1
    assert ",'=1+1," in table


def test_the_field_page_shows_overwrites_and_hides_secrets(desk: Desk) -> None:
    _tell(desk, door_code="1111")
    _tell(desk, door_code="2222")
    url = reverse("connectors:rule", args=[desk.connection.public_id, "reservation", "door_code"])
    assert "2222" in _as(desk, "Admin").get(url).content.decode()
    role = desk.people["Operations manager"].role
    role.permissions = [name for name in role.permissions if name != "door_codes.read"]
    role.save()
    hidden = _as(desk, "Operations manager").get(url).content.decode()
    assert "2222" not in hidden
    assert "••••" in hidden


def test_only_who_edits_connections_changes_a_rule(desk: Desk) -> None:
    url = reverse("connectors:rule", args=[desk.connection.public_id, "reservation", "rate_plan"])
    form = {"owner": "bellhop", "direction": "once", "freshness": "minutes", "reason": "ours"}
    assert _as(desk, "Operations manager").post(url, form).status_code == 403
    assert _as(desk, "Admin").post(url, {**form, "reason": ""}).status_code == 422
    assert _as(desk, "Admin").post(url, form).status_code == 302
    assert FieldRule.objects.get().owner == "bellhop"
    assert _as(desk, "Admin").get(url.replace("rate_plan", "nothing")).status_code == 404


@pytest.mark.usefixtures("steady_clock")
def test_the_log_costs_the_same_for_any_number_of_overwrites(
    desk: Desk, django_assert_max_num_queries: Any
) -> None:
    now = clock.now()
    FieldOverwrite.objects.bulk_create(
        FieldOverwrite(
            connection=desk.connection, entity="reservation", object_id=n, field="adults", at=now, source="read",
            rule="the PMS owns this",
        )
        for n in range(60)
    )  # fmt: skip
    with django_assert_max_num_queries(4):  # the clock may look at the database, too
        rules_log.lines([desk.connection])
    assert len(rules_log.history(desk.connection, "reservation", "adults")) == rules_log.SHOWN
