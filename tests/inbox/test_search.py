"""Finding people, stays and words: folding, prefixes, scope, and hostile queries (invariants 10 and 11)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.models import Thread
from inbox.services import find, reply, search
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
    assert find._messages(desk.agent, query) == [made[hit]]


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
