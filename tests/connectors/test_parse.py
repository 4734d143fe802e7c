"""`manage.py parse`: what an integrator sees. Runs without a database, as its own process once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.connectors.pms.guesty.helpers import FIXTURES, SECRETS, fixture, sign
from tests.connectors.pms.guesty.test_webhooks import AT


@pytest.fixture
def delivery(tmp_path: Path) -> Any:
    """Write one delivery into a file, as text or as an object, and name the file."""

    def write(body: object, headers: dict[str, str] | None = None) -> str:
        path = tmp_path / "delivery.json"
        path.write_text(json.dumps({"headers": headers or {}, "body": body}))
        return str(path)

    return write


def parsed(*args: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("parse", *args, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_message(delivery: Any) -> None:
    [event] = parsed("guesty", delivery(fixture("webhook_reservation_message_received")))
    assert event == {
        "kind": "message.received",
        "dedupe_key": "message:69778d8f1ff4960010098e66",
        "verified": None,
        "needs_read": [],
        "unknown": {},
        "version": None,
        "reason": "",
        "message": {
            "external_id": "69778d8f1ff4960010098e66",
            "conversation_id": "68b9b28d7c124a0011fbe0ca",
            "reservation_id": "68b9b28d58d5d60012e688ab",
            "direction": "inbound",
            "author_kind": "guest",
            "author_name": "Example Guest",
            "channel": "airbnb",
            "body_text": fixture("webhook_reservation_message_received")["message"]["body"],
            "sent_at": "2026-01-26T15:51:27Z",
        },
    }


def test_a_reservation(delivery: Any) -> None:
    [event] = parsed("guesty", delivery(fixture("webhook_reservation_updated_v2")))
    assert event["kind"] == "reservation.updated"
    assert event["needs_read"] == [{"entity": "reservation", "external_id": "5f92cbf10cf217478ba93561"}]
    stay = event["reservation"]
    assert (stay["arrival_date"], stay["departure_date"]) == ("2026-12-20", "2026-12-22")
    assert (stay["check_in_time"], stay["source"], stay["guest_id"]) == (None, None, None)
    assert stay["version"] == "2026-10-02T09:15:04.120Z"
    [legacy] = parsed("guesty", delivery(fixture("webhook_reservation_new_legacy")))
    assert (legacy["reservation"]["check_in_time"], legacy["reservation"]["check_out_time"]) == (
        "15:00",
        "08:00",
    )


def test_the_zone_serves_where_the_payload_names_none(delivery: Any) -> None:
    body = {"event": "reservation.updated", "reservation": {"_id": "r", "checkIn": "2026-03-01T01:00:00Z"}}
    [utc] = parsed("guesty", delivery(body))
    [west] = parsed("guesty", delivery(body), "--timezone", "Pacific/Honolulu")
    assert utc["reservation"]["arrival_date"] == "2026-03-01"
    assert west["reservation"]["arrival_date"] == "2026-02-28"


def test_a_signature_is_judged_at_the_given_time(delivery: Any) -> None:
    raw = (FIXTURES / "webhook_task_created.json").read_text()
    file = delivery(raw, sign(raw.encode(), SECRETS[0], AT))
    at = AT.isoformat()
    assert parsed("guesty", file)[0]["verified"] is None
    assert parsed("guesty", file, "--secret", SECRETS[0], "--at", at)[0]["verified"] is True
    assert parsed("guesty", file, "--secret", SECRETS[1], "--at", at)[0]["verified"] is False
    both = ("--secret", SECRETS[1], "--secret", SECRETS[0])
    assert parsed("guesty", file, *both, "--at", at)[0]["verified"] is True
    assert (
        parsed("guesty", file, "--secret", SECRETS[0], "--at", "2026-11-23T13:00:00Z")[0]["verified"] is False
    )


def test_a_changed_unit_is_shown_as_ignored_with_what_it_is_about(delivery: Any) -> None:
    [event] = parsed("guesty", delivery({"event": "listing.updated", "listing": {"_id": "l"}}))
    assert (event["kind"], event["about"]) == ("ignored", "unit.updated")


@pytest.mark.parametrize("body", ["{", "[]", "<html>", {}])
def test_an_unreadable_payload_is_an_answer(delivery: Any, body: object) -> None:
    [event] = parsed("guesty", delivery(body))
    assert event["kind"] == "ignored"
    assert event["reason"].startswith("unreadable: ")
    assert event["dedupe_key"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold"),
        ('{"headers": {}}', "must hold"),
        ('{"body": "", "headers": 1}', "must hold"),
    ],
)
def test_an_unreadable_file_is_one_sentence(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "f.json"
    file.write_text(content)
    with pytest.raises(CommandError, match=said):
        parsed("guesty", str(file))


def test_other_mistakes_are_one_sentence_each(delivery: Any) -> None:
    file = delivery({})
    with pytest.raises(CommandError, match="can't be read"):
        parsed("guesty", "/nowhere/at/all.json")
    with pytest.raises(CommandError, match="There are: cloudbeds, guesty, hostaway"):
        parsed("unknown", file)
    with pytest.raises(CommandError, match="no time zone"):
        parsed("guesty", file, "--timezone", "Mars/Base")
    with pytest.raises(CommandError, match="--at"):
        parsed("guesty", file, "--at", "yesterday")


def test_it_runs_where_nothing_else_does(delivery: Any, tmp_path: Path) -> None:
    """No PostgreSQL, no Redis: both addresses lead nowhere."""
    nowhere = {
        "DATABASE_URL": "postgresql://nobody:x@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "BELLHOP_SECRET_KEY": "a-key-for-tests-of-no-value-anywhere",
        "BELLHOP_DATA": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "bellhop.settings",
    }
    file = delivery(fixture("webhook_reservation_message_sent"))
    command = [sys.executable, "manage.py", "parse", "guesty"]
    environment = {**os.environ, **nowhere}
    done = subprocess.run(
        [*command, file], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["kind"] == "message.sent"
    failed = subprocess.run(
        [*command, "/nowhere.json"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 1
    assert failed.stderr.strip().count("\n") == 0
    assert "Traceback" not in failed.stderr
