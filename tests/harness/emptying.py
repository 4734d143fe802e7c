"""The database between tests that commit: what holds rows is emptied. Without TRUNCATE's new files for each of a
hundred tables, and without making the permissions anew; together they take thirty times as long."""

from __future__ import annotations

from functools import cache

from django.db import connection, transaction
from django.test import TransactionTestCase

# Made by migrate, the same for every test.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@cache
def _tables() -> list[str]:
    return [name for name in connection.introspection.table_names() if name not in KEPT]


def empty(_: TransactionTestCase) -> None:
    """Waits for whoever still writes, as TRUNCATE would. Triggers rest, so the order of tables doesn't matter."""
    quote = connection.ops.quote_name
    asked = [f"SELECT '{name}' WHERE EXISTS (SELECT FROM {quote(name)})" for name in _tables()]  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"LOCK TABLE {', '.join(map(quote, _tables()))} IN EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(asked))
        filled = [name for (name,) in cursor.fetchall()]
        for name in filled:
            cursor.execute(f"DELETE FROM {quote(name)}")  # noqa: S608


def quickly() -> None:
    """From now on, in this process."""
    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]
