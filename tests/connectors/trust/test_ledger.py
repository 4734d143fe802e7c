"""The depth ledger (signature N1): levels come from traffic, age out by themselves, and can't be typed in."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from bellhop.accounts.models import AuditEntry
from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.contract.capabilities import Capability, Push
from connectors.contract.registry import BUILT_IN, connector_class
from connectors.models import EntityLevel, Evidence, Proof
from connectors.trust import evidence, ledger, publishing
from tests import factories
from tests.factories import Desk
from tests.pms import Pms


@pytest.fixture(autouse=True)
def _noted_anew() -> None:
    evidence.forget()


@pytest.fixture
def desk(db: None) -> Desk:
    return factories.desk()


ALL = {"read", "pushed", "written", "seen_written", "recovered", "alerted"}


@pytest.mark.parametrize(
    ("proven", "level"),
    [
        (set(), 1),
        ({"alerted", "recovered"}, 1),
        ({"read"}, 2),
        ({"read", "written"}, 2),
        ({"pushed"}, 3),
        ({"read", "pushed", "written"}, 4),
        (ALL - {"pushed"}, 2),
        (ALL - {"alerted"}, 4),
        (ALL - {"recovered"}, 4),
        (ALL - {"seen_written"}, 4),
        (ALL, 5),
    ],
)
def test_levels_of_what_is_pushed(proven: set[str], level: int) -> None:
    capability = Capability(read=True, write=True, push=Push.FULL)
    found, missing = ledger.level_of(capability, proven)
    assert found == level
    assert bool(missing) == (level < 5)


def test_what_nothing_pushes_is_kept_current_by_reading() -> None:
    assert ledger.level_of(Capability(read=True), {"read"})[0] == 3
    assert ledger.level_of(Capability(read=True, poll_s=120), {"read", "written"})[0] == 4


def prove(desk: Desk, proof: Proof, age: timedelta) -> None:
    Evidence.objects.update_or_create(
        connection=desk.connection, entity="reservation", proof=proof, defaults={"at": clock.now() - age}
    )


def level(desk: Desk) -> int:
    return ledger.of([desk.connection])[desk.connection.pk][0].level


def test_a_level_falls_when_its_proof_is_too_old(desk: Desk) -> None:
    """And a fall is an incident that names a person, closed when the proof is back."""
    hour = timedelta(hours=1)
    prove(desk, Proof.PUSHED, hour)
    prove(desk, Proof.WRITTEN, hour)
    assert level(desk) == 4
    ledger.check()
    assert EntityLevel.objects.get(connection=desk.connection, entity="reservation").level == 4
    prove(desk, Proof.WRITTEN, ledger.WINDOWS[Proof.WRITTEN] + hour)
    assert level(desk) == 3
    ledger.check()
    incident = Incident.objects.get(code=ledger.FELL)
    assert "from level 4 to 3" in incident.title
    assert incident.alerted_user_id is not None
    ledger.check()
    assert Incident.objects.get(code=ledger.FELL).times_seen == 1
    prove(desk, Proof.WRITTEN, hour)
    ledger.check()
    assert Incident.objects.get(code=ledger.FELL).closed_at is not None


def test_traffic_is_the_evidence(pms: Pms) -> None:
    """A guest's message by webhook, a reply of ours with its echo, and an answer that was lost on the way."""
    thread = pms.thread()
    pms.subscribe()
    pms.guest_writes(thread, "Hello")
    pms.hear()
    pms.reply(thread, "Good morning")
    pms.run()
    pms.hear()
    evidence.forget()
    pms.fault("cut_after_work", path="*send-message*", count=1)
    pms.reply(thread, "Breakfast is at eight", send_anyway=True)
    pms.run()
    pms.forward(5)
    pms.run()
    pms.hear()
    found = set(
        Evidence.objects.filter(connection=pms.connection, entity="message").values_list("proof", flat=True)
    )
    assert found == {"read", "pushed", "written", "seen_written", "recovered"}
    depth = next(d for d in ledger.of([pms.connection])[pms.connection.pk] if d.entity == "message")
    assert depth.level == 4
    assert depth.missing == ("an alert delivered",)


@pytest.mark.usefixtures("steady_clock")
def test_constant_statements(desk: Desk, django_assert_num_queries: object) -> None:
    others = [factories.connect(desk.organization, name=f"More {n}") for n in range(5)]
    with django_assert_num_queries(2):  # type: ignore[operator]
        ledger.of([desk.connection, *others])


@pytest.mark.parametrize("slug", BUILT_IN)
def test_what_a_connector_can_not_prove_has_its_reason(slug: str) -> None:
    capabilities = connector_class(slug).capabilities
    for entity in ledger.ENTITIES:
        capability = capabilities.of(entity)
        whole = capability.read and capability.write and capability.push != Push.NONE
        assert whole or capability.why, f"{slug}: say why {entity} can't be proven further"


def test_the_public_page_is_off_until_it_is_given_an_address(desk: Desk) -> None:
    """Only by those who may; audited; a new address ends the one before."""
    with pytest.raises(PermissionDenied):
        publishing.publish(desk.people["Operations manager"], desk.connection)
    admin = Client()
    admin.force_login(desk.people["Admin"])
    switch = reverse("connectors:publish-ledger", args=[desk.connection.public_id])
    seen = []
    for what in ("on", "on", "off"):
        admin.post(switch, {"do": what})
        desk.connection.refresh_from_db()
        seen.append(publishing.address(desk.connection))
    first, second, none = seen
    assert len({first, second}) == 2
    assert len(first.rstrip("/").rpartition("/")[2]) >= 43
    assert none == ""
    assert [Client().get(urlsplit(url).path).status_code for url in (first, second)] == [404, 404]
    assert Client().get("/proof/x/").status_code == 404
    actions = AuditEntry.objects.filter(action__startswith="ledger.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "ledger.published",
        "ledger.published",
        "ledger.withdrawn",
    ]


def test_the_public_page_tells_levels_and_dates_alone(desk: Desk) -> None:
    """Nothing of what the proof was, no secret; the same for everybody, so that caches may keep it."""
    prove(desk, Proof.PUSHED, timedelta(hours=3))
    Evidence.objects.update(detail="webhook 12: reservation-of-maria", delivery_id=12)
    path = urlsplit(publishing.publish(desk.people["Admin"], desk.connection)).path
    answer = Client().get(path)
    body = answer.content.decode()
    assert "Reservations" in body
    assert "3\xa0hours" in body
    assert answer["Cache-Control"] == "public, max-age=60"
    assert "noindex" in answer["X-Robots-Tag"]
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    told = Client().get(path, {"format": "json"})
    assert next(one for one in told.json()["entities"] if one["entity"] == "reservation")["level"] == 3
    connection = desk.connection
    for text in (body, told.content.decode()):
        for secret in ("maria", connection.hook_token, connection.base_url, connection.public_id):
            assert secret not in text
    signed_in = Client()
    signed_in.force_login(desk.agent)
    assert signed_in.get(path).content.decode() == body
    assert "Reservas" in Client().get(path, {"lang": "es"}).content.decode()


def test_the_export(desk: Desk, client: Client) -> None:
    prove(desk, Proof.READ, timedelta())
    client.force_login(desk.people["Operations manager"])
    path = f"/health/connections/{desk.connection.public_id}/ledger/"
    told = client.get(path, {"format": "json"}).json()
    reservation = next(entity for entity in told["entities"] if entity["entity"] == "reservation")
    assert reservation["level"] == 2
    assert {line["proof"] for line in reservation["evidence"] if line["counts"]} == {"read"}
    assert "For the next level" in client.get(path).content.decode()
