"""Invariant 1: a webhook gets its 2xx once its bytes are committed, and only then. Over HTTP, with a real database."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction

from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.inbound import journal, processing
from connectors.models import ConnectionHealth, DeliveryState, WebhookDelivery
from tests.connectors.pms.guesty.helpers import SECRETS, sign
from tests.pms import Pms

BODY = json.dumps({"event": "something.new", "hello": "wörld"}).encode()


@pytest.fixture(autouse=True)
def secrets(pms: Pms) -> None:
    pms.connection.webhook_secrets = [{"value": SECRETS[0]}]
    pms.connection.save()


def signed(body: bytes = BODY, delivery: str = "msg_1", secret: str = SECRETS[0]) -> dict[str, str]:
    return sign(body, secret, clock.now(), delivery)


def test_accepted_is_committed(pms: Pms) -> None:
    """Invariant 1: bytes and headers as they came."""
    answer = pms.post(BODY, signed())
    (row,) = pms.journal()
    assert answer.status_code == 202
    assert bytes(row.body) == BODY
    assert row.headers["svix-id"] == "msg_1"
    assert row.verified is True
    assert row.state == DeliveryState.RECEIVED
    assert ConnectionHealth.objects.get(pk=pms.connection.pk).last_delivery_at is not None


def test_the_answer_waits_for_the_commit(pms: Pms) -> None:
    """Invariant 1: while the table can't be written, nothing is acknowledged."""
    with ThreadPoolExecutor() as pool:
        with database.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE connectors_webhookdelivery IN EXCLUSIVE MODE")
            sent = pool.submit(pms.post, BODY, signed())
            with pytest.raises(TimeoutError):
                sent.result(timeout=0.7)
            cursor.execute("COMMIT")
        assert sent.result(timeout=10).status_code == 202
    assert len(pms.journal()) == 1


def test_duplicates_at_once_are_one_row(pms: Pms) -> None:
    """Invariant 1, fault 10: ten sockets, same bytes: ten times 202, one row."""
    headers = signed()
    with ThreadPoolExecutor(max_workers=10) as pool:
        answers = list(pool.map(lambda _: pms.post(BODY, headers).status_code, range(10)))
    assert answers == [202] * 10
    assert len(pms.journal()) == 1


def test_a_burst_is_kept_whole(pms: Pms) -> None:
    """Invariant 1: group commit loses nobody."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = list(
            pool.map(lambda n: pms.post(BODY, signed(delivery=f"msg_{n}")).status_code, range(200))
        )
    assert answers == [202] * 200
    assert len(pms.journal()) == 200


@pytest.mark.parametrize("what", ["other key", "other body", "one byte off", "no signature", "old"])
def test_a_wrong_signature_is_refused_and_not_kept(pms: Pms, what: str) -> None:
    """Invariant 1, decision: 401, and the body isn't stored."""
    headers = signed(secret=SECRETS[1] if what == "other key" else SECRETS[0])
    body = BODY
    if what == "other body":
        body = BODY + b" "
    elif what == "one byte off":
        value = headers["svix-signature"]
        headers["svix-signature"] = value[:-3] + ("A" if value[-3] != "A" else "B") + value[-2:]
    elif what == "no signature":
        headers.pop("svix-signature")
    elif what == "old":
        from datetime import timedelta

        headers = sign(BODY, SECRETS[0], clock.now() - timedelta(minutes=10))
    assert pms.post(body, headers).status_code == 401
    assert pms.journal() == []


def test_a_replaced_secret_is_good_for_a_day(pms: Pms) -> None:
    from connectors.inbound.subscriptions import with_secret

    pms.connection.webhook_secrets = with_secret(pms.connection.webhook_secrets, SECRETS[1])
    pms.connection.save()
    assert pms.post(BODY, signed(secret=SECRETS[1])).status_code == 202
    assert pms.post(BODY, signed(delivery="msg_2")).status_code == 202
    pms.forward(86_500)
    entries = with_secret(pms.connection.webhook_secrets, SECRETS[1])
    assert [entry["value"] for entry in entries] == [SECRETS[1]]


def test_too_large_is_413(pms: Pms) -> None:
    body = b'{"event": "' + b"x" * 1_000_000 + b'"}'
    assert pms.post(body, signed(body)).status_code == 413
    assert pms.journal() == []


def test_an_unknown_address_is_404_and_reading_is_405(pms: Pms) -> None:
    import httpx

    assert httpx.post(f"{pms.intake.url}/hooks/nobody", content=BODY).status_code == 404
    assert httpx.get(f"{pms.intake.url}/hooks/{pms.connection.hook_token}").status_code == 405


def test_signed_but_unreadable_is_kept_and_parked(pms: Pms) -> None:
    """Invariants 1 and 12: 202, quarantined, and a named person is alerted."""
    body = b"\xff not json"
    assert pms.post(body, signed(body)).status_code == 202
    processing.drain()
    (row,) = pms.journal()
    assert row.state == DeliveryState.QUARANTINED
    assert row.error
    incident = Incident.objects.get(code="delivery_quarantined", closed_at=None)
    assert incident.alerted_user_id == pms.desk.people["Operations manager"].pk
    assert incident.remedy
    journal.discard(row, "Nonsense.")
    assert Incident.objects.get(pk=incident.pk).closed_at is not None


def test_many_headers_hide_no_signature(pms: Pms) -> None:
    """The signature counts wherever it stands; credentials of proxies aren't kept; there is a bound."""
    many = {f"x-{n}": "v" * 100 for n in range(150)}
    secret = {"authorization": "Basic abc", "cookie": "a=b"}
    assert pms.post(BODY, {**many, **secret, **signed()}).status_code == 202
    kept = pms.journal()[-1].headers
    assert "svix-id" in kept
    assert not {"authorization", "cookie"} & set(kept)
    assert pms.post(BODY, {f"x-{n}": "v" for n in range(300)} | signed(delivery="msg_2")).status_code == 431


def test_payloads_are_never_edited(pms: Pms) -> None:
    """Invariant 1: processing, quarantine and replay leave the bytes alone; a replay names the original."""
    body = b"[not, json"
    pms.post(body, signed(body))
    processing.drain()
    (original,) = pms.journal()
    again = journal.replay(original)
    processing.drain()
    third = journal.replay(again)
    processing.drain()
    rows = pms.journal()
    assert [bytes(row.body) for row in rows] == [body] * 3
    assert [row.original_id for row in rows] == [None, original.pk, original.pk]
    assert len({row.key for row in rows}) == 3
    assert third.original_id == original.pk
    assert [row.state for row in rows] == [
        DeliveryState.REPLAYED,
        DeliveryState.REPLAYED,
        DeliveryState.QUARANTINED,
    ]


def test_what_retention_emptied_stays_empty(pms: Pms) -> None:
    """Invariant 1: parking an entry writes its outcome only."""
    pms.post(BODY, signed())
    (row,) = pms.journal()
    WebhookDelivery.objects.update(body=b"")
    with transaction.atomic():
        journal.quarantine(row, "Too late.")
    assert bytes(pms.journal()[0].body) == b""


def test_processed_entries_are_not_parked(pms: Pms) -> None:
    """Whoever lost its lease must not undo what another worker did."""
    pms.post(BODY, signed())
    (stale,) = pms.journal()
    processing.drain()
    with transaction.atomic():
        journal.quarantine(stale, "Too late.")
    assert pms.journal()[0].state == DeliveryState.IGNORED


def test_an_unknown_kind_is_ignored_and_says_so(pms: Pms) -> None:
    pms.post(BODY, signed())
    processing.drain()
    (row,) = pms.journal()
    assert row.state == DeliveryState.IGNORED
    assert "something.new" in row.summary


def test_the_replay_command(pms: Pms, capsys: pytest.CaptureFixture[str]) -> None:
    body = b"nonsense"
    pms.post(body, signed(body))
    processing.drain()
    (row,) = pms.journal()
    call_command("replay", quarantined=pms.connection.name, dry_run=True)
    assert len(pms.journal()) == 1
    call_command("replay", quarantined=pms.connection.public_id)
    assert len(pms.journal()) == 2
    call_command("replay", str(row.pk))
    assert f"{row.pk} again as" in capsys.readouterr().out
    with pytest.raises(Exception, match="No journal entry 99999999"):
        call_command("replay", "99999999")


def test_a_defect_of_ours_is_parked_at_the_fifth_time(pms: Pms) -> None:
    """Invariant 12: retried with a time, then an incident with the traceback."""
    from connectors.models import Connection

    Connection.objects.filter(pk=pms.connection.pk).update(slug="a-pms-that-we-lost")
    WebhookDelivery.objects.create(
        connection=pms.connection, key="k", received_at=clock.now(), body=BODY, next_try_at=clock.now()
    )
    for attempt in range(1, 6):
        processing.drain()
        (row,) = pms.journal()
        assert row.attempts == attempt
        assert (row.state == DeliveryState.QUARANTINED) == (attempt == 5)
        pms.forward(5)
    assert row.traceback
    assert Incident.objects.filter(code="delivery_quarantined", closed_at=None).exists()
