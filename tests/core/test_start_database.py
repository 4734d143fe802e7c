"""The throw-away servers of a test run."""

from __future__ import annotations

import pytest
from django.db import connection

from bellhop.core import wake


@pytest.mark.django_db
def test_the_database_folds_case_beyond_ascii() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower('ÉÜЖ'), current_setting('TimeZone')")
        assert cursor.fetchone() == ("éüж", "UTC")


def test_a_wake_up_reaches_redis() -> None:
    assert wake.publish("bellhop:test", "x")
    assert wake.task("core.heartbeat")
