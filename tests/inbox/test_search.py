"""Finding people, stays and words: folding, prefixes, scope, and hostile queries (invariants 10 and 11)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from bellhop.core import clock, search
from connectors.contract.events import Entity
from connectors.contract.records import GuestRecord, UnitRecord
from connectors.events import Source
from connectors.inbound import identity
from connectors.inbound.apply import apply
from inbox.models import Thread
from inbox.services import find, matching, reply
from reservations.models import ContactKind, ContactPoint
from tests import factories
from tests.factories import Desk

SAID = (
    "Olá! Gostaríamos de tomar o café da manhã às 8h, é possível?",
    "Straße und Größe: Türschlüssel bitte",
    "今夜は大雨なので遅れます",
    "객실에 수건이 더 필요합니다",
    "هل يمكن إضافة سرير أطفال",
    "Write to maria.l@nordvik.example or call +1 401-555-0142, code TEST-0001",
    "O'Brien's taxi_stand",
)


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("cafe", 0),
        ("CAFÉ", 0),
        ("gostar", 0),
        ("manha possivel", 0),
        ("strasse", 1),
        ("Türschl", 1),
        ("大雨", 2),
        ("雨", 2),
        ("遅れます", 2),
        ("遅れ", 2),
        ("수건", 3),
        ("سرير", 4),
        ("nordvik", 5),
        ("maria.l@nordvik.example", 5),
        ("0142", 5),
        ("TEST-0001", 5),
        ("0001", 5),
        ("o'brien", 6),
    ],
)
def test_words_are_found(desk: Desk, query: str, hit: int) -> None:
    """Accents, case, prefixes, signs without spaces, addresses, numbers, codes."""
    thread = factories.thread(desk)
    made = [factories.says(thread, body) for body in SAID]
    assert [message.pk for message in find.find(desk.agent, query + " ").messages] == [made[hit].pk] or len(
        query
    ) < 2
    if len(query) > 1:
        assert find.find(desk.agent, query).messages == [made[hit]]


def test_every_word_must_occur(desk: Desk) -> None:
    thread = factories.thread(desk)
    factories.says(thread, "The heating is loud")
    assert find.find(desk.agent, "heating quiet").messages == []
    assert len(find.find(desk.agent, "heating lou").messages) == 1


@pytest.mark.parametrize(
    "query",
    [
        "'); DROP TABLE inbox_message; --",
        "a & | ! (",
        "<->",
        "%",
        "\\",
        "a:*:*",
        "''",
        "🦄",
        "\x00x",
        "x" * 5_000,
    ],
)
def test_no_query_breaks_the_search(desk: Desk, query: str) -> None:
    """Invariant 11: what a person types is words, never syntax."""
    factories.says(factories.thread(desk), "hello")
    find.find(desk.agent, query)
    assert Thread.objects.count() == 1


@given(st.text(max_size=60))
def test_folding_is_stable(text: str) -> None:
    query = search.query_text(text)
    assert not set("'\\()!<|") & set(query)
    assert search.fold(text) == search.fold(text)


NAMES = ("João Silva", "Maria da Silva", "O'Brien-Núñez", "Müller", "Straßer", "王小明", "Ana")


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("joao", {0}),
        ("JOÃO sil", {0}),
        ("silva", {1, 0}),
        ("silva maria", {1}),
        ("brien", {2}),
        ("nunez", {2}),
        ("muller", {3}),
        ("strasser", {4}),
        ("小明", {5}),
        ("ana", {6}),
        ("ilva", set()),
        ("da ana", set()),
    ],
)
def test_people_are_found_by_the_words_of_their_names(desk: Desk, query: str, hits: set[int]) -> None:
    """Case and accents don't matter, the last word may be a beginning; with a stay and without one."""
    made = [
        factories.thread(desk, factories.stay(desk, name) if n % 2 else None, party_name=name)
        for n, name in enumerate(NAMES)
    ]
    assert {made.index(thread) for thread in find.find(desk.agent, query).threads} == hits


@given(st.text(min_size=2, max_size=12), st.integers(0, 11))
def test_every_beginning_of_a_name_finds_it(name: str, length: int) -> None:
    """What a query asks for stands in what a row is found by."""
    words = search.plain(name).split()
    for word in words:
        wanted = search.query_text(word[: length + 1]).split(" & ")
        whole, beginning = wanted[:-1], wanted[-1].removesuffix(":*")
        assert set(whole) <= set(words)
        assert any(found.startswith(beginning) for found in words)


def test_who_is_found_follows_what_changes(desk: Desk) -> None:
    """A guest is renamed, a unit too, a stay is unlinked and linked: the search knows at once."""
    stay = factories.stay(desk, "Amélie Laurent", code="HM-31", channel_code="BDC55120")
    thread = factories.thread(desk, stay)

    def finds(text: str) -> bool:
        return find.find(desk.agent, text).threads == [thread]

    source, guest = Source(connection=desk.connection), stay.guest
    assert guest is not None
    identity.remember(desk.connection.pk, Entity.GUEST, "g1", guest.pk)
    with transaction.atomic():
        apply(source, GuestRecord(external_id="g1", full_name="Zoé Durand"))
    assert finds("zoe")
    assert not finds("amelie")
    assert [
        found.stay for found in matching.candidates(desk.agent, factories.thread(desk, party_name="Zoe D."))
    ] == [stay]
    identity.remember(desk.connection.pk, Entity.UNIT, "u1", desk.unit.pk)
    with transaction.atomic():
        apply(source, UnitRecord(external_id="u1", name="Ático"))
    assert finds("atico")
    assert not finds("204")
    assert all(map(finds, ("hm-31", "HM-3", "bdc55", "Durand")))
    admin = desk.people["Admin"]
    matching.unlink(admin, thread, stay)
    assert not any(map(finds, ("hm-31", "atico", "bdc55")))
    assert finds("durand"), "the party keeps its name"
    matching.link(admin, thread, stay)
    assert finds("HM-31")


def test_the_newest_of_many_come_first_and_older_ones_by_index(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "RECENT_THREADS", 10)
    now = clock.now()
    old = factories.thread(desk, party_name="Rare Person", last_activity_at=now - timedelta(days=9))
    common = [
        factories.thread(desk, party_name=f"Sam {n}", last_activity_at=now - timedelta(minutes=n))
        for n in range(12)
    ]
    assert find.find(desk.agent, "sam").threads == common[: find.LIMIT]
    assert find.find(desk.agent, "rare").threads == [old]


def test_rows_from_before_are_filled(desk: Desk) -> None:
    """What the migration does."""
    threads = [factories.thread(desk, party_name=f"João {n}") for n in range(5)]
    Thread.objects.update(search=None)
    assert not find.find(desk.agent, "joao")
    search.fill("inbox_thread", "party_name", step=2)
    assert len(find.find(desk.agent, "joao").threads) == len(threads)


def test_people_stays_and_units(desk: Desk) -> None:
    stay = factories.stay(desk, "Amélie Laurent", code="HMAML31")
    thread = factories.thread(desk, stay)
    ContactPoint.objects.create(
        organization=desk.organization, guest=stay.guest, kind=ContactKind.PHONE, value="+33612345678"
    )
    for query in ("amélie", "laurent", "hmaml31", "204", "+33 6 12 34 56 78"):
        assert find.find(desk.agent, query).threads == [thread], query
    marketer = desk.people["Marketer"]
    assert find.find(marketer, "+33612345678").threads == [], "contact data needs its permission"
    assert find.find(marketer, "amélie").threads == [thread]


def test_short_and_empty_queries_find_nothing(desk: Desk) -> None:
    factories.says(factories.thread(desk), "a b c")
    for query in ("", " ", "a"):
        assert not find.find(desk.agent, query)


def test_only_what_one_may_see(desk: Desk) -> None:
    """Invariant 10."""
    elsewhere = factories.property_of(desk.organization, "Casa")
    factories.says(factories.thread(desk, party_name="Sam"), "penguin here")
    factories.says(factories.thread(desk, party_name="Sam", property=elsewhere), "penguin there")
    bodies = [
        message.body
        for message in find.find(factories.limited(desk.organization, elsewhere), "penguin").messages
    ]
    assert bodies == ["penguin there"]
    assert len(find.find(factories.limited(desk.organization, elsewhere), "sam").threads) == 1
    stranger = factories.desk("other").agent
    assert not find.find(stranger, "penguin")
    assert not find.find(stranger, "sam")


def test_withdrawn_words_are_not_found(desk: Desk) -> None:
    thread = factories.thread(desk)
    message = factories.answers(desk.agent, thread, "unicorn")
    assert len(find.find(desk.agent, "unicorn").messages) == 1
    reply.withdraw(desk.agent, message)
    assert find.find(desk.agent, "unicorn").messages == []
