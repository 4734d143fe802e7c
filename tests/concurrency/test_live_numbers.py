"""Live numbers follow commit order, because readers give them. The race: a sequence hands out numbers before commit, so
that a reader that has seen the later one never asks for the earlier one."""

from __future__ import annotations

from django.db import connection, transaction

from bellhop.core import live
from bellhop.core.live import Change
from bellhop.core.models import LiveEvent
from tests.concurrency.both import Turn, together
from tests.factories import Desk
from tests.harness.waiting import eventually


def test_the_race_exists_with_a_sequence(desk: Desk) -> None:
    """With a plain sequence, number 2 is visible while number 1 is not: whoever resumes at 2 misses 1."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE naive_numbers")
    taken, seen = Turn(), Turn()

    def number() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('naive_numbers')")
            return int(cursor.fetchone()[0])  # type: ignore[index]

    def slow() -> int:
        with transaction.atomic():
            mine = number()
            taken.pass_by()
            seen.reached()
            return mine

    def fast() -> int:
        taken.reached()
        with transaction.atomic():
            mine = number()
        seen.pass_by()
        return mine

    try:
        assert together(slow, fast) == [1, 2]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SEQUENCE naive_numbers")


def test_what_commits_later_is_numbered_later(desk: Desk) -> None:
    """Whoever read up to n will get everything above n, and everything up to n is there. Nobody waits for a writer."""
    organization, appended, read = desk.organization.pk, Turn(), Turn()

    def slow() -> None:
        with transaction.atomic():
            live.append(organization, [Change(topic="slow")])
            appended.pass_by()
            assert read.reached()

    def fast() -> list[tuple[str, int | None]]:
        assert appended.reached()
        with transaction.atomic():
            live.append(organization, [Change(topic="fast")])
        try:
            return _told(organization)
        finally:
            read.pass_by()

    assert together(slow, fast) == [None, [("fast", 1)]]
    assert _told(organization) == [("fast", 1), ("slow", 2)]


def _told(organization: int) -> list[tuple[str, int | None]]:
    return [(event.topic, event.number) for event in live.since(organization, 0) or []]


def test_two_readers_number_every_row_once(desk: Desk) -> None:
    """The second one waits for the first, and then sees what that one numbered."""
    organization = desk.organization.pk
    with transaction.atomic():
        live.append(organization, [Change(topic=f"{number}") for number in range(200)])
    readers = together(*[lambda: _told(organization)] * 6)
    assert readers == [[(f"{number}", number + 1) for number in range(200)]] * 6


def test_a_reader_never_sees_a_gap(desk: Desk) -> None:
    """Eight writers, one reader that follows by number: it gets all of them, in order, once."""
    organization = desk.organization.pk
    got: list[int] = []

    def write() -> None:
        for _ in range(20):
            with transaction.atomic():
                live.append(organization, [Change(topic="a"), Change(topic="b")])

    def read() -> None:
        def follow() -> bool:
            events = live.since(organization, got[-1] if got else 0)
            assert events is not None, "a gap"
            got.extend(event.number for event in events)
            return len(got) == 320

        eventually(follow, timeout=30, pause=0)

    found = together(read, *[write] * 8)
    assert not [error for error in found if isinstance(error, BaseException)], found
    assert got == list(range(1, 321))


def test_too_far_behind_means_refresh(desk: Desk) -> None:
    """ux B1: pruned, too many, or from the future: the screen fetches itself anew."""
    organization = desk.organization.pk
    with transaction.atomic():
        live.append(organization, [Change(topic="a")] * 10)
    assert [event.number for event in live.since(organization, 8) or []] == [9, 10]
    assert live.since(organization, 10) == []
    assert live.since(organization, 11) is None
    LiveEvent.objects.filter(number__lte=5).delete()
    assert live.since(organization, 3) is None
    assert live.since(organization, 5) is not None
    with transaction.atomic():
        live.append(organization, [Change(topic="a")] * live.TOO_MANY)
    assert live.since(organization, 9) is None
