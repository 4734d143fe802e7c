"""A connection on screen: connecting it, its rate budget and endpoints, replaying a range (ux I1, I3, I5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from bellhop.accounts.models import AuditEntry
from bellhop.core import clock
from connectors.models import Connection, DeliveryState, EndpointCall, WebhookDelivery
from connectors.outbound import caller
from connectors.trust import connecting, endpoints, overview
from connectors.trust.connecting import CannotConnect, NewConnection
from tests import factories
from tests.pms import OFFLINE, Pms

ADDRESS = "/health/connect/guesty/"


def admin_of(pms: Pms) -> Client:
    client = Client()
    client.force_login(pms.desk.people["Admin"])
    return client


def typed(pms: Pms, **changes: str) -> dict[str, str]:
    return {
        "name": "Second house",
        "timezone": "Europe/Lisbon",
        "stage": "sandbox",
        "base_url": pms.sandbox.url,
        "credential_client_id": "sandbox-client",
        "credential_client_secret": "sandbox-secret",
        **changes,
    }


def test_a_pms_is_connected_on_screen(pms: Pms) -> None:
    """Tested with one call; then its page shows the import."""
    client = admin_of(pms)
    assert b"Cloudbeds" in client.get("/health/connect/").content
    assert client.get(ADDRESS).status_code == 200
    answer = client.post(ADDRESS, typed(pms))
    made = Connection.objects.exclude(pk=pms.connection.pk).get()
    assert answer.headers["Location"] == f"/health/connections/{made.public_id}/"
    assert (made.timezone, made.stage, made.account_name) == (
        "Europe/Lisbon",
        "sandbox",
        "Harbour House Group",
    )
    assert b"Backfill: reservation" in client.get(answer.headers["Location"]).content
    entry = AuditEntry.objects.get(action="connection.added")
    assert entry.user == pms.desk.people["Admin"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"credential_client_secret": "a-wrong-secret"}, b"credentials"),
        ({"base_url": "http://127.0.0.1:9/guesty"}, b"may not be called"),
        ({"name": "Guesty"}, b"exists"),
        ({"credential_client_id": ""}, b"required"),
        ({"timezone": "Mars/Olympus"}, b"valid choice"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_said_and_nothing_is_kept(pms: Pms, changes: dict[str, str], said: bytes) -> None:
    Connection.objects.filter(pk=pms.connection.pk).update(name="Guesty")
    answer = admin_of(pms).post(ADDRESS, typed(pms, **changes))
    assert answer.status_code == 422
    assert said in answer.content
    assert b"sandbox-secret" not in answer.content
    assert b"a-wrong-secret" not in answer.content
    assert Connection.objects.count() == 1


def test_a_choice_is_offered_explained_and_checked(pms: Pms) -> None:
    """A wrong one is refused before anything is called, on screen and behind it; in the reader's language."""
    client = admin_of(pms)
    page = client.get("/health/connect/mail_provider/").content.decode()
    assert '<option value="postmark">Postmark</option>' in page
    assert 'aria-describedby="id_credential_api_key_helptext"' in page
    given = {"name": "Mail", "timezone": "UTC", "stage": "sandbox", "credential_esp": "pigeon"}
    answer = client.post("/health/connect/mail_provider/", given)
    assert answer.status_code == 422
    assert b"pigeon is not one of the available choices" in answer.content
    credentials = {"esp": "pigeon", "address": "a@b.example", "api_key": "k", "webhook_password": "p"}
    new = NewConnection(slug="mail_provider", name="Mail", credentials=credentials, base_url=OFFLINE)
    with pytest.raises(CannotConnect, match="postmark"):
        connecting.connect(pms.desk.organization, new)
    assert Connection.objects.count() == 1
    client.cookies["django_language"] = "es"
    assert "Contraseña de los webhooks" in client.get("/health/connect/mail_provider/").content.decode()


def test_new_credentials_keep_what_is_left_empty(pms: Pms) -> None:
    client = admin_of(pms)
    address = f"/health/connections/{pms.connection.public_id}/"
    assert b'id="credential-client_secret"' in client.get(address).content
    client.post(f"{address}credentials/", {"client_secret": "another"})
    pms.connection.refresh_from_db()
    assert pms.connection.credentials == {"client_id": "sandbox-client", "client_secret": "another"}


def test_an_unknown_pms_is_not_found(pms: Pms) -> None:
    assert admin_of(pms).get("/health/connect/nobody/").status_code == 404


def test_the_rate_budget_and_the_endpoints_are_shown(pms: Pms) -> None:
    endpoints.forget()
    call = caller.caller_for(pms.connection)
    for _ in range(3):
        call.connector.ping(call)
    [row] = overview.rows(pms.desk.people["Operations manager"])
    assert row.budget is not None
    assert row.budget.used >= 3
    assert row.budget.allowed == 15 * pms.connection.limit_scale
    [called] = EndpointCall.objects.filter(path__endswith="/accounts/me")
    assert (called.method, called.status) == ("GET", 200)
    page = admin_of(pms).get(f"/health/connections/{pms.connection.public_id}/").content
    assert f"GET {called.path}".encode() in page


def test_an_endpoint_keeps_its_newest_answer_and_when_it_worked(pms: Pms) -> None:
    endpoints.forget()
    path = "/v1/reservations/5f0e1d2c3b4a59687706152a/notes/17"
    endpoints.note(pms.connection.pk, "GET", path, 200)
    worked = EndpointCall.objects.get().at
    clock.set_offset(timedelta(minutes=5))
    endpoints.note(pms.connection.pk, "GET", path, 500)
    [row] = EndpointCall.objects.all()
    assert (row.path, row.status, row.worked_at) == ("/v1/reservations/{id}/notes/{id}", 500, worked)
    assert row.at > worked


def entry(connection: Connection, number: int, state: str = DeliveryState.PROCESSED) -> WebhookDelivery:
    now = clock.now()
    return WebhookDelivery.objects.create(
        connection=connection, key=f"k{number}", received_at=now, headers={}, body=b"{}", verified=True,
        state=state, next_try_at=now,
    )  # fmt: skip


def test_a_range_is_shown_before_it_is_replayed(pms: Pms) -> None:
    """A dry run first; then each of them once, as a new entry that names its original. Other connections' are not."""
    mine = [entry(pms.connection, number) for number in range(3)]
    parked = entry(pms.connection, 3, DeliveryState.QUARANTINED)
    foreign = entry(factories.desk("other").connection, 4)
    client = admin_of(pms)
    address = f"/health/connections/{pms.connection.public_id}/replay/"
    asked = {"first": mine[1].pk, "last": foreign.pk, "state": ""}
    shown = client.get(address, asked).content
    assert b"Replay 3" in shown
    assert WebhookDelivery.objects.filter(original__isnull=False).count() == 0
    assert b"Replay 1" in client.get(address, {**asked, "state": "quarantined"}).content
    assert client.post(address, asked).status_code == 302
    again = WebhookDelivery.objects.filter(original__isnull=False).values_list("original_id", flat=True)
    assert set(again) == {mine[1].pk, mine[2].pk, parked.pk}
    assert AuditEntry.objects.get(action="delivery.replayed_range").after.endswith(": 3")


@pytest.mark.parametrize("asked", [{"first": "9", "last": "3"}, {"first": "x", "last": "3"}, {"first": "1"}])
def test_a_range_that_is_none_is_refused(pms: Pms, asked: dict[str, str]) -> None:
    address = f"/health/connections/{pms.connection.public_id}/replay/"
    answer = admin_of(pms).get(address, asked)
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content
