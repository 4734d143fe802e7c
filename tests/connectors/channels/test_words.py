"""Numbers, segments and the words of consent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import phones
from connectors.contract.consent_words import keyword_in, probably_stop
from connectors.contract.direct import Keyword
from connectors.contract.segments import Encoding, segments

VECTORS = json.loads((Path(__file__).parent / "sms_segment_vectors.json").read_text())["vectors"]


# --- numbers ---
@pytest.mark.parametrize(
    ("given", "region", "wanted"),
    [
        ("+1 (415) 555-0101", "", "+14155550101"),
        ("415-555-0101", "us", "+14155550101"),
        ("0049 30 901820", "", "+4930901820"),
        ("030 901820", "DE", "+4930901820"),
        ("415-555-0101", "", ""),
        ("+1 415 555 0101 ext. 7", "", ""),
        ("front desk", "US", ""),
        ("+" + "9" * 60, "", ""),
        ("", "US", ""),
    ],
)
def test_one_number_has_one_form(given: str, region: str, wanted: str) -> None:
    assert phones.to_e164(given, region) == wanted


@given(st.text(max_size=50), st.sampled_from(["", "US", "xx", "Ω"]))
def test_what_is_no_number_is_none(given: str, region: str) -> None:
    found = phones.to_e164(given, region)
    assert not found or (found.startswith("+") and phones.to_e164(found) == found)


def test_kinds_of_numbers() -> None:
    assert phones.is_toll_free("+18005550101")
    assert not phones.is_toll_free("+14155550101")
    assert not phones.is_toll_free("12345")
    assert phones.is_short_code("12345")
    assert not phones.is_short_code("+14155550101")
    assert phones.from_digits("14155550101") == "+14155550101"
    assert phones.shown("+14155550101") == "+1 415-555-0101"


# --- segments ---
@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_each_published_vector(vector: dict[str, object]) -> None:
    text = str(vector["text"])
    found = segments(text)
    assert (found.encoding.value, found.count) == (vector["encoding"], vector["segments"])
    if found.encoding == Encoding.GSM_7:
        assert found.units == vector["characters"]


def test_toll_free_parts_are_shorter() -> None:
    assert (segments("a" * 306).count, segments("a" * 306, toll_free=True).count) == (2, 3)
    assert (segments("ж" * 134).count, segments("ж" * 134, toll_free=True).count) == (2, 3)


def test_an_emoji_is_not_split() -> None:
    """67 units a part: the 34th emoji begins the second one."""
    found = segments("👍" * 66)
    assert (found.count, found.units, found.culprits) == (2, 132, ("👍",))
    assert segments("👍" * 67).count == 3


def test_what_is_left_and_who_is_to_blame() -> None:
    assert segments("a" * 150).left == 10
    assert segments("It\u2019s reçu").culprits == ("\u2019", "ç")


# --- consent ---
@pytest.mark.parametrize(
    "text",
    ["STOP", " stop. ", "Stop!!!", "\uff33\uff34\uff2f\uff30", "stop 🙏", "S.T.O.P.",
     "Opt-out", "optout", "STOPALL", "Unsubscribe",
     "END", "quit", "revoke", "Please stop", "ARRÊT", "arret", "STOPP", "alto", "BAJA", "parar", "Sair", "afmelden",
     "Wypisz", "oprește", "OPRESTE", "Abmelden", "basta"],
)  # fmt: skip
def test_a_keyword_alone_stops(text: str) -> None:
    assert keyword_in(text).keyword == Keyword.STOP
    assert not keyword_in(text).may_mean_booking
    assert not probably_stop(text)


@pytest.mark.parametrize("text", ["CANCEL", "cancel.", "Cancelar", "annulla", "anuluj"])
def test_cancel_stops_and_may_mean_the_booking(text: str) -> None:
    said = keyword_in(text)
    assert (said.keyword, said.may_mean_booking) == (Keyword.STOP, True)


def test_start_and_help() -> None:
    assert [keyword_in(word).keyword for word in ("Start", "UNSTOP", "empezar")] == [Keyword.START] * 3
    assert [keyword_in(word).keyword for word in ("HELP", "info", "Hilfe?", "aide", "Ayuda")] == [
        Keyword.HELP
    ] * 5
    assert keyword_in("YES").keyword == Keyword.NONE


@pytest.mark.parametrize(
    "text",
    ["please stop texting me", "Stop sending these messages", "Don't text me again", "do not contact me anymore",
     "unsubscribe me from this", "take me off your list", "Stop this now", "no more messages please",
     "No me escriba más", "denme de baja", "Bitte schreiben Sie mir nicht mehr, keine weiteren Nachrichten",
     "Hört auf damit", "Ne m'écrivez plus", "Arrêtez de m'écrire", "non scrivetemi più", "Basta messaggi",
     "Pare de mandar mensagens", "geen berichten meer", "proszę nie piszcie do mnie", "nu-mi mai scrieți"],
)  # fmt: skip
def test_a_sentence_that_may_mean_stop_is_looked_at(text: str) -> None:
    assert keyword_in(text).keyword == Keyword.NONE
    assert probably_stop(text)


@pytest.mark.parametrize(
    "text",
    ["we will stop by at 5", "Stop by later?", "Can we cancel one night?", "Fine", "Is there a bus stop?", "Yes",
     "I did not get your message", "Non ho ricevuto il messaggio", "Ich habe keine Nachricht bekommen", "",
     "No me llegan los mensajes", "Where does the shuttle stop?", "end of the week works",
     "The tap won't stop dripping",
     "Don't forget to send the door code", "👍"],
)  # fmt: skip
def test_what_guests_say_otherwise_is_left_alone(text: str) -> None:
    assert keyword_in(text).keyword == Keyword.NONE
    assert not probably_stop(text)


@given(st.text(max_size=1200))
def test_no_text_breaks_it(text: str) -> None:
    keyword_in(text)
    probably_stop(text)
