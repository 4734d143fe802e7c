"""A survey's link has one answer (ux S3). The race: both forms look for an answer before either has kept one."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from bellhop.core import clock
from inbox.models import ThreadEvent
from reservations.models import Reservation, Survey, SurveyAnswer
from reservations.surveys import answering, links
from reservations.surveys.answering import AlreadyAnswered, Given
from tests import factories
from tests.concurrency.both import Turn, together
from tests.factories import Desk


def asked(desk: Desk) -> Survey:
    stay: Reservation = factories.stay(desk, starts_in=-3)
    factories.thread(desk, stay)
    links.filled(links.stand_in(stay), stay)
    return Survey.objects.get(reservation=stay)


def naive(survey: Survey, here: Turn, there: Turn) -> str:
    """What `answering.answer` does, without the survey's lock."""
    with transaction.atomic():
        known = SurveyAnswer.objects.filter(survey=survey).exists()
        here.pass_by()
        there.reached()
        if not known:
            SurveyAnswer.objects.create(
                survey=survey, organization_id=survey.organization_id, score=9, answered_at=clock.now()
            )
        return "known" if known else "kept"


def test_the_race_exists_without_the_lock(desk: Desk) -> None:
    survey = asked(desk)
    one, two = Turn(), Turn()
    found = together(lambda: naive(survey, one, two), lambda: naive(survey, two, one))
    assert "known" not in found
    assert [type(error) for error in found if isinstance(error, Exception)] == [IntegrityError]


def test_of_six_at_once_one_counts_and_the_others_are_told(desk: Desk) -> None:
    survey = asked(desk)
    acts = [lambda n=n: answering.answer(survey, Given(score=n, words=str(n))) for n in range(6)]
    found = together(*acts)
    kept = [one for one in found if isinstance(one, SurveyAnswer)]
    assert [type(one) for one in found if isinstance(one, BaseException)] == [AlreadyAnswered] * 5
    assert SurveyAnswer.objects.get() == kept[0]
    assert ThreadEvent.objects.filter(kind="survey").count() == 1


def test_of_two_additions_one_counts(desk: Desk) -> None:
    survey = asked(desk)
    answering.answer(survey, Given(score=9))
    found = together(lambda: answering.add(survey, "One"), lambda: answering.add(survey, "Two"))
    assert [type(one) for one in found if isinstance(one, BaseException)] == [AlreadyAnswered]
    assert SurveyAnswer.objects.get().added in {"One", "Two"}


def test_two_messages_at_once_bear_one_link(desk: Desk) -> None:
    stay = factories.stay(desk, starts_in=-3)
    text = links.stand_in(stay)

    def leaves() -> str:
        with transaction.atomic():
            return links.filled(text, stay)

    assert len({*together(*[leaves] * 4)}) == 1
    assert Survey.objects.count() == 1
