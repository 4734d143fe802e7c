"""Promise: one click turns "it doesn't match" into evidence that can be sent to a vendor, and into a case (N15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bellhop.accounts.models import AuditEntry
from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.models import Drift, FieldOverwrite
from connectors.trust import casefile, drift_runs
from connectors.trust.redaction import MASKED, payload, without_secrets
from inbox.models import Message, Thread
from reservations.models import Reservation
from tests import factories
from tests.pms import Pms

WORDS = "Where is the crib, please?"


@pytest.fixture
def thread(pms: Pms) -> Thread:
    """A stay that differs in one field, a guest's message, and a reply that got through at the second try."""
    pms.subscribe()
    stay_id = str(pms.control("book", "POST", guest_name="Yuki Tanaka")["reservation"]["id"])
    pms.hear()
    made = pms.thread(stay_id)
    pms.guest_writes(made, WORDS)
    pms.hear()
    pms.fault("too_many", path="*/send-message", retry_after=4, count=1)
    pms.reply(made, "In the cupboard")
    pms.run()
    pms.heal()
    pms.forward(90)
    pms.run()
    pms.hear()
    Reservation.objects.update(adults=9)
    drift_runs.start(pms.connection)
    drift_runs.run_due()
    return made


def _client(pms: Pms, role: str = "Operations manager") -> Client:
    client = Client()
    client.force_login(pms.desk.people[role])
    return client


def _file(client: Client, kind: str, public_id: str, **query: str) -> dict[str, Any]:
    answer = client.get(reverse("connectors:case", args=[kind, public_id]), {"format": "json", **query})
    assert answer.status_code == 200, answer.status_code
    assert "attachment" in answer["Content-Disposition"]
    return dict(answer.json())


def test_a_reservations_file_has_both_values_the_rule_and_what_happened(pms: Pms, thread: Thread) -> None:
    stay = thread.stays.get()
    told = _file(_client(pms), "reservation", stay.public_id)
    adults = next(field for field in told["fields"] if field["differs"])
    assert (adults["field"], adults["bellhop"], adults["owner"]) == ("adults", "9", "pms")
    assert adults["pms"] not in ("", "9")
    assert told["about"]["remote_id"] == stay.remote_id
    assert told["connector_version"] == "1"
    kinds = {entry["kind"] for entry in told["timeline"]}
    assert {"webhook", "drift"} <= kinds
    assert [entry["at"] for entry in told["timeline"]] == sorted(entry["at"] for entry in told["timeline"])
    assert "Tanaka" not in str(told)
    assert stay.guest is not None
    assert next(field for field in told["fields"] if field["field"] == "guest")["bellhop"].startswith(
        "[redacted"
    )


def test_a_messages_file_has_its_attempts_and_not_its_words(pms: Pms, thread: Thread) -> None:
    reply = Message.objects.get(author="agent")
    told = _file(_client(pms), "message", reply.public_id)
    attempts = [entry for entry in told["timeline"] if entry["kind"] == "attempt"]
    assert len(attempts) >= 2
    assert "HTTP 429" in " ".join(entry["outcome"] for entry in attempts)
    assert {field["field"] for field in told["fields"]} >= {"at_the_guest", "at_the_pms", "characters"}
    assert "cupboard" not in str(told)
    asked = Message.objects.get(body=WORDS)
    told = _file(_client(pms), "message", asked.public_id)
    assert "webhook" in {entry["kind"] for entry in told["timeline"]}
    assert "crib" not in str(told)


def test_words_are_told_to_those_who_may_see_payloads_and_that_is_written_down(
    pms: Pms, thread: Thread
) -> None:
    asked = Message.objects.get(body=WORDS)
    told = _file(_client(pms), "message", asked.public_id, full="1")
    assert "crib" in str(told)
    assert pms.connection.hook_token not in str(told)
    assert AuditEntry.objects.filter(action="case.read_in_full").count() == 1
    watcher = factories.person(pms.desk.organization, "Agent")
    watcher.role.permissions = ["health.read", "threads.read", "stays.read"]
    watcher.role.save()
    client = Client()
    client.force_login(watcher)
    url = reverse("connectors:case", args=["message", asked.public_id])
    assert client.get(url, {"full": "1"}).status_code == 403
    assert "crib" not in client.get(url).content.decode()


def test_a_drifts_file_and_what_others_may_not_see(pms: Pms, thread: Thread) -> None:
    row = Drift.objects.get(field="adults")
    told = _file(_client(pms), "drift", row.public_id)
    assert [field["field"] for field in told["fields"]] == ["adults"]
    assert {entry["kind"] for entry in told["timeline"]} >= {"drift", "webhook"}
    stay = thread.stays.get()
    elsewhere = factories.property_of(pms.desk.organization, "Elsewhere")
    limited = factories.limited(pms.desk.organization, elsewhere, role="Operations manager")
    client = Client()
    client.force_login(limited)
    reply = Message.objects.get(author="agent")
    for kind, public_id in (("reservation", stay.public_id), ("message", reply.public_id), ("nonsense", "x")):
        assert client.get(reverse("connectors:case", args=[kind, public_id])).status_code == 404


def test_a_case_has_an_owner_somebody_to_ask_and_a_day(pms: Pms, thread: Thread) -> None:
    client, admin = _client(pms), pms.desk.people["Admin"]
    row = Drift.objects.get(field="adults")
    here = reverse("connectors:case", args=["drift", row.public_id])
    until = (clock.now() + timedelta(days=2)).date()
    wanted = {"owner": str(admin.pk), "contact": "support@pms.example, ticket 81", "until": until.isoformat()}
    for wrong in ({"contact": " "}, {"owner": "0"}, {"until": "2020-01-01"}, {"until": "soon"}):
        client.post(f"{here}open/", {**wanted, **wrong})
    assert not Incident.objects.filter(code=casefile.CASE).exists()
    client.post(f"{here}open/", {**wanted, "note": "They say it is us"})
    incident = Incident.objects.get(code=casefile.CASE)
    assert incident.alerted_user_id == admin.pk
    assert incident.contact.startswith("support@")
    assert incident.due_at is not None
    assert incident.due_at.date() >= until
    page = client.get(here).content.decode()
    assert "ticket 81" in page
    assert "Make it a case" not in page
    health = client.get(reverse("connectors:health")).content.decode()
    assert "ticket 81" in health
    assert "overdue" not in health
    pms.forward(5 * 86_400)
    assert "overdue" in client.get(reverse("connectors:health")).content.decode()
    assert _file(client, "incident", incident.public_id)["fields"][0]["field"] == "adults"
    client.post(reverse("connectors:close-case", args=[incident.public_id]))
    incident.refresh_from_db()
    assert incident.closed_at is not None
    actions = AuditEntry.objects.filter(action__startswith="case.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["case.opened", "case.closed"]


def test_an_incidents_file_shows_its_hours(pms: Pms, thread: Thread) -> None:
    pms.post(b"not json", {"content-type": "application/json"})
    pms.run()
    now = clock.now()
    incident = Incident.objects.create(
        organization_id=pms.desk.organization.pk, connection_id=pms.connection.pk, code="quarantine",
        subject="x", title="In quarantine", opened_at=now, last_seen_at=now,
    )  # fmt: skip
    assert _file(_client(pms), "incident", incident.public_id)["case"] == "In quarantine"
    client = _client(pms)
    assert client.post(reverse("connectors:close-case", args=[incident.public_id])).status_code == 409


@pytest.mark.usefixtures("steady_clock")
def test_a_file_costs_the_same_however_much_happened(pms: Pms, thread: Thread) -> None:
    stay, user = thread.stays.get(), pms.desk.people["Admin"]

    def cost() -> int:
        with CaptureQueriesContext(database) as queries:
            assert casefile.of(user, "reservation", stay.public_id)
        return len(queries)

    alone = cost()
    for n in range(20):
        FieldOverwrite.objects.create(
            connection=pms.connection, entity="reservation", object_id=stay.pk, field="adults", old=n, new=n + 1,
            source="read", rule="x", at=clock.now(),
        )  # fmt: skip
    assert cost() == alone


def test_secrets_are_masked_at_any_depth() -> None:
    told = payload(
        b'{"a": {"api_key": "k1", "list": [{"Access-Token": "k2", "name": "n"}]}, "secret": ["k3"]}'
    )
    assert "k1" not in told
    assert "k2" not in told
    assert MASKED in told
    assert without_secrets({"secret": ["k3"]}) == {"secret": MASKED}
