"""The thread list: every view, filter and order; pages that never repeat or skip; few statements at any size."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from bellhop.accounts.models import Team, User
from bellhop.core import clock
from connectors.models import Command, CommandState
from connectors.outbound import outbox
from inbox.live import rows
from inbox.models import Receipt, Thread, ThreadStatus
from inbox.services import listing, notes, row_view, threads, triage
from inbox.services.listing import ListQuery
from reservations.models import Reservation
from tests import factories
from tests.factories import Desk

MOST_STATEMENTS = 5


def names(user: User, view: str = "all", sort: str = "", **filters: tuple[str, ...]) -> list[str]:
    query = ListQuery(view=view, sort=sort, filters=filters)
    return [row.party_name for row in listing.page(user, query).rows]


def many(desk: Desk, count: int, **fields: Any) -> list[Thread]:
    """Rows that differ in nothing but their id, unless told."""
    now = clock.now()
    return Thread.objects.bulk_create(
        Thread(
            organization=desk.organization,
            connection=desk.connection,
            conversation_id=f"c{n}-{count}",
            property=desk.place,
            party_name=f"Guest {n}",
            **{"last_activity_at": now, "created_at": now, "waiting_since": now, **fields},
        )
        for n in range(count)
    )


def test_every_view(desk: Desk) -> None:
    """ux L4."""
    team = Team.objects.create(organization=desk.organization, name="Desk")
    desk.agent.teams.add(team)
    made = {
        "waits": factories.thread(desk, party_name="waits", waiting_since=clock.now()),
        "mine": factories.thread(desk, party_name="mine", assignee=desk.agent),
        "team": factories.thread(desk, party_name="team", assignee=desk.people["Admin"], team=team),
        "snoozed": factories.thread(
            desk, party_name="snoozed", status=ThreadStatus.SNOOZED, waiting_since=clock.now()
        ),
        "closed": factories.thread(
            desk, party_name="closed", status=ThreadStatus.CLOSED, assignee=desk.agent
        ),
        "failed": factories.thread(
            desk, factories.stay(desk), party_name="failed", assignee=desk.people["Admin"]
        ),
        "queued": factories.thread(
            desk, factories.stay(desk), party_name="queued", assignee=desk.people["Admin"]
        ),
        "named": factories.thread(
            desk, factories.stay(desk), party_name="named", assignee=desk.people["Admin"]
        ),
    }
    for name in ("failed", "queued"):
        factories.answers(desk.people["Admin"], made[name], "Hello")
    failed = Receipt.objects.filter(thread=made["failed"])[0].command_id
    outbox._end(Command.objects.get(pk=failed or 0), CommandState.FAILED, "refused")
    first_name = desk.agent.full_name.split()[0]
    notes.add(desk.people["Admin"], made["named"], f"@{first_name} look", client_token="note-1")
    expected = {
        "needs-reply": {"waits"},
        "mine": {"mine"},
        "unassigned": {"waits"},
        "team": {"team"},
        "snoozed": {"snoozed"},
        "mentions": {"named"},
        "unmatched": {"waits", "mine", "team"},
        "not-in-pms": {"failed", "queued"},
        "failed": {"failed"},
        "all": set(made),
        "closed": {"closed"},
    }
    assert set(expected) == set(listing.VIEWS)
    assert {view: set(names(desk.agent, view)) for view in expected} == expected
    assert listing.counts(desk.agent) == {view: len(found) for view, found in expected.items()}
    triage.mark_read(desk.agent, made["named"], 0)
    assert listing.counts(desk.agent)["mentions"] == 0


def test_filters_or_within_and_between(desk: Desk) -> None:
    """ux L5."""
    elsewhere = factories.property_of(desk.organization, "Casa")
    a = factories.thread(desk, party_name="a", channel="sms", property=elsewhere)
    factories.thread(desk, party_name="b", channel="email")
    c = factories.thread(desk, party_name="c", channel="airbnb", assignee=desk.agent, language="pt")
    triage.tag(desk.agent, c, ["vip"])
    tag = c.tags.get().public_id
    here, there = desk.place.public_id, elsewhere.public_id

    def found(**filters: tuple[str, ...]) -> set[str]:
        return set(names(desk.agent, **filters))

    assert found(channel=("sms", "email")) == {"a", "b"}
    assert found(channel=("sms", "email"), property=(here,)) == {"b"}
    assert found(property=(here, there)) == {"a", "b", "c"}
    assert found(assignee=("none",)) == {"a", "b"}
    assert found(assignee=("none", desk.agent.public_id)) == {"a", "b", "c"}
    assert found(assignee=(desk.agent.public_id,)) == {"c"}
    assert found(tag=(tag,)) == found(language=("pt",)) == {"c"}
    assert found(status=("closed",)) == set()
    assert found(arrival=("not a date",)) == set()
    assert found(nonsense=("x",), channel=("",)) == {"a", "b", "c"}
    assert a.public_id


@pytest.mark.parametrize(
    ("starts_in", "nights", "status", "phase"),
    [
        (0, 2, "confirmed", "arriving"),
        (-1, 3, "checked_in", "in_house"),
        (-2, 2, "checked_in", "departing"),
        (5, 2, "confirmed", "upcoming"),
        (-9, 2, "confirmed", "checked_out"),
        (-1, 1, "checked_out", "checked_out"),
        (0, 2, "cancelled", "cancelled"),
        (0, 2, "inquiry", "inquiry"),
    ],
)
def test_a_phase_filter_agrees_with_the_chip(
    desk: Desk, starts_in: int, nights: int, status: str, phase: str
) -> None:
    """ux L9."""
    stay = factories.stay(desk, starts_in=starts_in, nights=nights, status=status)
    factories.thread(desk, stay, party_name="it")
    assert stay.phase(clock.now()).value == phase
    assert names(desk.agent, phase=(phase,)) == ["it"]
    assert set(names(desk.agent, phase=(phase, "cancelled", "upcoming"))) == {"it"}


def test_orders(desk: Desk) -> None:
    """ux L7."""
    now = clock.now()
    for n, (waits, active, arrives) in enumerate(((3, 1, 9), (9, 5, 2), (6, 3, 4))):
        factories.thread(
            desk,
            factories.stay(desk, starts_in=arrives),
            party_name=str(n),
            waiting_since=now - timedelta(minutes=waits),
            last_activity_at=now - timedelta(minutes=active),
        )
    factories.thread(desk, party_name="none", last_activity_at=now - timedelta(minutes=7))
    assert names(desk.agent, "needs-reply") == ["1", "2", "0"]
    assert names(desk.agent, "all") == ["0", "2", "1", "none"]
    assert names(desk.agent, "all", "oldest") == ["none", "1", "2", "0"]
    assert names(desk.agent, "all", "arrival") == ["1", "2", "0", "none"]
    assert names(desk.agent, "all", "waiting") == ["1", "2", "0"]
    assert names(desk.agent, "all", "nonsense") == names(desk.agent, "all")


@pytest.mark.parametrize("sort", ["waiting", "recent", "oldest", "arrival"])
def test_pages_never_repeat_or_skip_though_all_ties(desk: Desk, sort: str) -> None:
    """ux L7: 130 rows with one and the same sort value."""
    made = many(desk, 130)
    seen: list[int] = []
    cursor = ""
    while True:
        page = listing.page(desk.agent, ListQuery(view="all", sort=sort), cursor)
        seen += [row.pk for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
    assert sorted(seen) == sorted(row.pk for row in made)
    assert len(seen) == len(set(seen))


def test_a_row_that_moves_meanwhile_hides_nobody(desk: Desk) -> None:
    """Keyset paging: whoever stays where they are is shown once."""
    made = many(desk, 120)
    first = listing.page(desk.agent, ListQuery(view="all"))
    Thread.objects.filter(pk=first.rows[10].pk).update(last_activity_at=clock.now() + timedelta(hours=1))
    second = listing.page(desk.agent, ListQuery(view="all"), first.next_cursor)
    third = listing.page(desk.agent, ListQuery(view="all"), second.next_cursor)
    seen = [row.pk for page in (first, second, third) for row in page.rows]
    assert sorted(seen) == sorted(row.pk for row in made)


@pytest.mark.parametrize("cursor", ["nonsense", "bm90IGpzb24=", "WzEsMl0="])
def test_a_broken_cursor_starts_at_the_top(desk: Desk, cursor: str) -> None:
    many(desk, 3)
    assert len(listing.page(desk.agent, ListQuery(view="all"), cursor).rows) == 3


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.usefixtures("steady_clock")
def test_few_statements_at_any_size(desk: Desk, limited: bool) -> None:
    """G10: page and counts together take the same few statements at 10 and at 300 rows, for everybody."""
    user = factories.limited(desk.organization, desk.place) if limited else desk.agent
    numbers = []
    for count in (10, 290):
        for row in many(desk, count)[:20]:
            stay = factories.stay(desk)
            Thread.objects.filter(pk=row.pk).update(stay=stay, guest=stay.guest, assignee=desk.agent)
        user = User.objects.select_related("role", "organization").get(pk=user.pk)
        with CaptureQueriesContext(
            database,
        ) as captured:
            page = listing.page(user, ListQuery(view="needs-reply"))
            html = rows.page(page.rows, clock.now(), "en", user.pk)
            listing.counts(user)
        numbers.append(len(captured))
        assert len(html) == len(page.rows)
    assert numbers[0] == numbers[1] <= MOST_STATEMENTS, numbers


def test_counts_are_capped(desk: Desk) -> None:
    """ux L4: never more than "999+"."""
    many(desk, 1_005)
    assert listing.counts(desk.agent)["all"] == listing.COUNT_LIMIT


def test_one_row_is_the_lists_row(desk: Desk) -> None:
    thread = factories.thread(desk, factories.stay(desk))
    found = listing.row(desk.agent, thread.pk)
    assert found is not None
    assert found.pk == thread.pk
    other = factories.desk("other")
    assert listing.row(other.agent, thread.pk) is None
    assert Reservation.objects.count() == 1
    assert threads.visible_to(other.agent).count() == 0


def test_dates_are_in_the_readers_language(desk: Desk) -> None:
    """ux X9."""
    about = factories.stay(desk, arrival_date=date(2027, 1, 30), departure_date=date(2027, 2, 2))
    thread = factories.thread(desk, about)
    assert row_view.dates_of(thread) == "30 Jan–2 Feb"  # noqa: RUF001 (a range takes the longer dash)
    with translation.override("es"):
        assert row_view.dates_of(thread).lower().startswith("30 ene")
