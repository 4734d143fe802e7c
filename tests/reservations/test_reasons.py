"""The reasons are a closed list (ux Q11), and nothing else can be stored."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from reservations.models import Enrollment, Reason, ScheduledMessage
from reservations.sequences import reasons, sending
from tests import factories
from tests.sequences import at_noon, booked, live

# ux Q11, in its order.
LISTED = (
    "cancelled", "dates_changed", "past_its_time", "quiet_hours", "condition_false", "no_consent", "no_channel",
    "duplicate_contact", "daily_cap", "paused", "opted_out", "missing_value", "connection_down", "held_for_approval",
    "already_sent",
)  # fmt: skip


def test_every_listed_reason_is_one() -> None:
    assert set(LISTED) <= set(Reason.values)


@pytest.mark.parametrize("code", Reason.values)
def test_each_has_one_sentence(code: str) -> None:
    words = reasons.sentence(code, {"field": "nights", "name": "stay.door_code", "who": "Ana"})
    assert words not in ("", code)
    assert words.endswith(".")
    assert words.count(". ") == 0


def test_no_sentence_is_of_no_reason() -> None:
    assert set(reasons.CODES) == set(Reason.values)


@pytest.mark.django_db
def test_the_database_takes_no_other() -> None:
    at_noon()
    desk = factories.desk()
    live(desk)
    booked(desk)
    sending.send_due()
    for rows in (ScheduledMessage.objects, Enrollment.objects):
        for code in ("", *Reason.values):
            rows.update(reason=code)
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(reason="because")


@pytest.mark.django_db
def test_every_place_that_stores_one_is_watched() -> None:
    """A column named so in a table of sequences has a constraint with exactly these codes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.table_name, pg_get_constraintdef(k.oid) FROM information_schema.columns c
            LEFT JOIN pg_constraint k ON k.conrelid = c.table_name::regclass AND k.contype = 'c'
              AND pg_get_constraintdef(k.oid) LIKE '%reason%'
            WHERE c.column_name = 'reason' AND c.table_name LIKE 'reservations%'
              AND c.table_name NOT IN ('reservations_deadaddress')"""
        )
        found = dict(cursor.fetchall())
    assert {"reservations_scheduledmessage", "reservations_enrollment"} <= set(found)
    for table, told in found.items():
        assert told is not None, table
        assert all(f"'{code}'" in told for code in Reason.values), table
