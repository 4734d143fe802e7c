"""Two or more real connections at once: threads that start together, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")


def together(*acts: Callable[[], T]) -> list[T | BaseException]:
    """Run all at the same time. Returns what each returned or raised, in order."""
    start = threading.Barrier(len(acts))
    found: list[Any] = [None] * len(acts)

    def run(n: int, act: Callable[[], T]) -> None:
        try:
            start.wait(10)
            found[n] = act()
        except BaseException as error:  # noqa: BLE001 (handed to the test)
            found[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a deadlock"
    return found


class Turn:
    """Lets one thread wait until another has come to a point: `a.reached()` returns after `a.pass_by()`."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def pass_by(self) -> None:
        self._event.set()

    def reached(self, timeout: float = 10.0) -> bool:
        return self._event.wait(timeout)


def waits_for_a_lock() -> bool:
    """Is any other connection of this database held up by a lock?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees what it saw at first
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        row = cursor.fetchone()
    return bool(row and row[0])
