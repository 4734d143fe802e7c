"""Surveys: the guest's page behind a signed link (ux S1 to S4), without session, cookie or script."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from bellhop import logs
from bellhop.core import clock
from reservations.models import Guest, Reservation, Survey, SurveyAnswer
from reservations.sequences import library, publishing, rendering, values
from reservations.surveys import links, standing
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db
LARGEST = 30_000
CSS = ("tokens.css", "survey.css")


@pytest.fixture
def desk(db: None) -> Desk:
    clock.forget()
    return factories.desk()


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    return factories.stay(desk, starts_in=-3)


def asked(stay: Reservation) -> Survey:
    """A message with the link leaves."""
    links.filled(links.stand_in(stay), stay)
    return Survey.objects.latest("pk")


def address(survey: Survey) -> str:
    return f"/survey/{links.token_of(survey)}"


def send(survey: Survey, peer: str = "198.51.100.7", lang: str = "", **given: str) -> Any:
    return Client().post(address(survey) + lang, given, REMOTE_ADDR=peer)


def look(survey: Survey, lang: str = "") -> str:
    return str(Client().get(address(survey) + lang).content.decode())


def test_the_link_is_made_when_the_message_leaves_and_not_before(desk: Desk, stay: Reservation) -> None:
    text = rendering.render("How was it? {{ survey.link }}", values.of(stay, "en"))
    assert Survey.objects.count() == 0
    assert Client().get(re.sub(r".*(/survey/)", r"\1", text)).status_code == 404
    sent = links.filled(text, stay)
    survey = Survey.objects.get()
    assert sent == f"How was it? {links.url_of(survey)}"
    assert len(sent) == len(text)
    assert links.filled(text, stay) == sent
    assert Survey.objects.count() == 1


def test_a_stay_without_a_guest_has_no_link(desk: Desk) -> None:
    nobodys = factories.stay(desk, guest=None)
    with pytest.raises(rendering.MissingValue):
        rendering.render("{{ survey.link }}", values.of(nobodys, "en"))


def test_one_page_without_session_cookie_and_small(desk: Desk, stay: Reservation) -> None:
    survey = asked(stay)
    answer = Client().get(address(survey), REMOTE_ADDR="198.51.100.7")
    assert answer.status_code == 200
    assert not answer.cookies
    page = answer.content.decode()
    assert "<script" not in page
    assert 'src="' not in page
    for words in ("Maria, how was your stay?", "Harbour House", "0, not at all", "10, certainly"):
        assert words in page
    assert "Lindqvist" not in page
    assert "204" not in page
    loaded = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    size = sum(Path(f"static/{path.removeprefix('/static/')}").stat().st_size for path in loaded)
    assert len(answer.content) + size < LARGEST
    assert {path.rpartition("/")[2] for path in loaded if path.endswith(".css")} == set(CSS)
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_scanners_neither_open_nor_answer(desk: Desk, stay: Reservation) -> None:
    """S4: whatever fetches the page, as often as it likes, even with the answer in the address."""
    survey = asked(stay)
    for _time in range(3):
        page = Client().get(f"{address(survey)}?score=9").content.decode()
        assert "checked" not in page
    assert Client().head(address(survey)).status_code == 200
    assert send(survey).status_code == 422  # a form that was sent as it came
    assert standing.of_stay(stay)[0].state == "open"
    assert not SurveyAnswer.objects.exists()


def test_an_answer_is_kept_once_and_words_may_be_added_once(desk: Desk, stay: Reservation) -> None:
    survey = asked(stay)
    first = send(survey, score="9", words="  A fine stay. ", contact="1")
    assert (first.status_code, first["Location"]) == (303, address(survey))
    answer = SurveyAnswer.objects.get()
    assert (answer.score, answer.words, answer.may_contact) == (9, "A fine stay.", True)
    assert "Thank you, Maria" in look(survey)
    again = send(survey, score="2", words="No, it was not.")
    assert again.status_code == 409
    assert "No, it was not." in again.content.decode()
    assert send(survey, words="   ", add="1").status_code == 422
    assert send(survey, words="No, it was not.", add="1").status_code == 303
    late = send(survey, words="And more", add="1")
    assert (late.status_code, "And more" in late.content.decode()) == (409, True)
    answer.refresh_from_db()
    assert (answer.score, answer.added) == (9, "No, it was not.")
    assert "<textarea" not in look(survey)


@pytest.mark.parametrize("score", ["", "11", "-1", "ten", "9.5", "٣"])
def test_what_is_no_score_keeps_what_was_typed(desk: Desk, stay: Reservation, score: str) -> None:
    survey = asked(stay)
    answer = send(survey, score=score, words="<b>Loud</b> pipes", contact="1")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose a number from 0 to 10." in page
    assert "&lt;b&gt;Loud&lt;/b&gt; pipes" in page
    assert re.search(r'name="contact"[^>]*checked', page)
    assert not SurveyAnswer.objects.exists()


def test_too_many_words_or_odd_ones_are_told(desk: Desk, stay: Reservation) -> None:
    survey = asked(stay)
    answer = send(survey, score="7", words="x" * 4_001)
    assert "longer than 4000 characters" in answer.content.decode()
    assert re.search(r'value="7"[^>]*checked', answer.content.decode())
    assert send(survey, score="7", words="nul\x00l").status_code == 422
    assert send(survey, score="7", words="x" * 4_000).status_code == 303


def test_every_wrong_link_gets_the_same_page(desk: Desk, stay: Reservation) -> None:
    survey = asked(stay)
    token = links.token_of(survey)
    other = factories.stay(desk, "Somebody Else")
    wrong = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        asked(other).public_id + token[14:],
        token[:14],
        "x",
        "é" * 36,
        token + "A",
    ]
    answers = [Client().get(f"/survey/{given}") for given in wrong]
    answers += [Client().post(f"/survey/{given}", {"score": "9"}) for given in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    Reservation.objects.filter(pk=stay.pk).update(guest=other.guest)
    moved = Client().get(f"/survey/{token}")
    assert (moved.status_code, moved.content) == (404, answers[0].content)


def test_it_is_good_for_two_weeks_after_departure(desk: Desk, stay: Reservation) -> None:
    survey = asked(stay)
    leaves = clock.now().date() - timedelta(days=14)
    Reservation.objects.filter(pk=stay.pk).update(departure_date=leaves)
    Survey.objects.update(made_at=clock.now() - timedelta(days=15))
    assert Client().get(address(survey)).status_code == 200
    Reservation.objects.filter(pk=stay.pk).update(departure_date=leaves - timedelta(days=1))
    over = Client().get(address(survey))
    assert (over.status_code, "This link is over" in over.content.decode()) == (410, True)
    assert send(survey, score="9").status_code == 410
    assert not SurveyAnswer.objects.exists()
    Survey.objects.update(made_at=clock.now() - timedelta(days=1))  # a message that was approved late
    assert Client().get(address(survey)).status_code == 200


def test_an_answer_of_a_link_that_is_over_still_says_thank_you(desk: Desk, stay: Reservation) -> None:
    survey = asked(stay)
    send(survey, score="9")
    Reservation.objects.filter(pk=stay.pk).update(departure_date=clock.now().date() - timedelta(days=30))
    Survey.objects.update(made_at=clock.now() - timedelta(days=30))
    page = look(survey)
    assert ("Thank you" in page, "<textarea" in page) == (True, False)
    assert send(survey, words="Late", add="1").status_code == 410


def test_a_cancelled_stay_has_its_own_words(desk: Desk, stay: Reservation) -> None:
    Reservation.objects.filter(pk=stay.pk).update(status="cancelled", cancelled_at=clock.now())
    stay.refresh_from_db()
    survey = asked(stay)
    assert survey.kind == Survey.Kind.FAREWELL
    page = look(survey)
    assert "Maria, sorry to see you go" in page
    assert "What made you cancel?" in page
    Reservation.objects.filter(pk=stay.pk).update(status="confirmed")  # taken back: there is nothing to ask
    assert Client().get(address(survey)).status_code == 410


def test_the_guests_language_and_a_switch(desk: Desk, stay: Reservation) -> None:
    survey = asked(stay)
    Guest.objects.filter(pk=survey.guest_id).update(language="es-MX")
    page = look(survey)
    assert '<html lang="es">' in page
    assert "how was your stay" not in page
    english = look(survey, "?lang=en")
    assert '<html lang="en">' in english
    assert re.search(r'<a href="[^"]+\?lang=es" lang="es" hreflang="es"', english)
    answered = send(survey, lang="?lang=en", score="8")
    assert answered["Location"].endswith("?lang=en")
    assert SurveyAnswer.objects.get().language == "en"
    assert '<html lang="es">' in look(survey, "?lang=xx")
    Guest.objects.filter(pk=survey.guest_id).update(language="fi")
    french = Client().get(address(survey), headers={"Accept-Language": "es,fr"})
    assert '<html lang="es">' in french.content.decode()


def test_too_many_forms_of_one_link_are_refused_with_what_was_typed(desk: Desk, stay: Reservation) -> None:
    survey = asked(stay)
    for number in range(10):
        assert send(survey, peer=f"198.51.100.{number}").status_code == 422
    answer = send(survey, peer="203.0.113.9", score="9", words="Kept")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Kept" in answer.content.decode()
    assert not SurveyAnswer.objects.exists()


def test_no_token_in_logs(desk: Desk, stay: Reservation, caplog: pytest.LogCaptureFixture) -> None:
    token = links.token_of(asked(stay))
    chain = logs.configuration(json=True)["formatters"]["line"]["foreign_pre_chain"]
    redact = next(step for step in chain if getattr(step, "__name__", "") == "redact")
    with caplog.at_level(logging.DEBUG):
        Client().get(f"/survey/{token}")
        Client().get(f"/survey/{token[:-1]}_")
        Client().get(f"/survey/{token}/elsewhere")
        Client().put(f"/survey/{token}")
    assert caplog.records
    for record in caplog.records:
        assert token[:-1] not in str(redact(None, "", {"event": record.getMessage()})), record.name


def test_who_books_may_change_the_key_and_links_stay_good(
    desk: Desk, stay: Reservation, settings: Any
) -> None:
    survey = asked(stay)
    link = address(survey)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a newer one", [settings.SECRET_KEY]
    assert Client().get(link).status_code == 200
    assert address(survey) != link


def test_the_librarys_farewells_carry_the_link_in_both_languages() -> None:
    found = {entry.key: entry.definition["steps"] for entry in library.entries()}
    assert list(found) == [
        "welcome", "pre_arrival", "day_before", "mid_stay", "check_out", "thanks", "cancellation",
        "tenant_welcome", "tenant_rent", "tenant_renewal",
    ]  # fmt: skip
    for entry in library.entries():
        assert publishing.flaws(entry.definition) == []
        for step in entry.definition["steps"]:
            assert set(step["texts"]) == {"en", "es"}
    for key in ("thanks", "cancellation"):
        texts = found[key][0]["texts"]
        assert all("{{ survey.link }}" in texts[language]["body"] for language in ("en", "es"))
