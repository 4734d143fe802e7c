"""A guest answers: once per link, whatever is sent twice or at the same moment; then they may add words once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import transaction

from bellhop.core import clock, events
from bellhop.core.throttle import Limit, count
from reservations.events import SurveyAnswered
from reservations.models import Survey, SurveyAnswer
from reservations.surveys import standing

MOST_WORDS: Final = 4_000
BY_NETWORK: Final = Limit(60, 3_600)
BY_LINK: Final = Limit(10, 3_600)


class AlreadyAnswered(Exception):
    """There is an answer (or an addition) already; this one was not kept."""


class LinkOver(Exception):
    """The link is not good any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was sent: `score` from 0 to 10, `language` of the page."""

    score: int
    words: str = ""
    may_contact: bool = False
    language: str = ""


def may_send(survey: Survey, network: str) -> None:
    """Count one more form of this network and link. Raises TooOften."""
    count(f"survey:{network}", BY_NETWORK)
    count(f"survey:link:{survey.pk}", BY_LINK)


@transaction.atomic
def answer(survey: Survey, given: Given) -> SurveyAnswer:
    """Keep the answer and tell it upward. Raises AlreadyAnswered, LinkOver."""
    locked = _lock(survey)
    if SurveyAnswer.objects.filter(survey=locked).exists():
        raise AlreadyAnswered
    made = SurveyAnswer.objects.create(
        survey=locked,
        organization_id=locked.organization_id,
        score=given.score,
        words=given.words.strip()[:MOST_WORDS],
        may_contact=given.may_contact,
        language=given.language,
        answered_at=clock.now(),
    )
    events.emit(SurveyAnswered(answer=made, added=False))
    return made


@transaction.atomic
def add(survey: Survey, words: str) -> SurveyAnswer:
    """Add words to the answer, once. Raises AlreadyAnswered, LinkOver (also where there is no answer yet)."""
    locked = _lock(survey)
    row = SurveyAnswer.objects.filter(survey=locked).first()
    if row is None:
        raise LinkOver
    if row.added_at is not None:
        raise AlreadyAnswered
    row.added, row.added_at = words.strip()[:MOST_WORDS], clock.now()
    row.save(update_fields=["added", "added_at"])
    events.emit(SurveyAnswered(answer=row, added=True))
    return row


def _lock(survey: Survey) -> Survey:
    rows = Survey.objects.select_for_update(of=("self",), no_key=True)
    locked = rows.select_related("reservation__property", "guest").get(pk=survey.pk)
    if standing.is_over(locked):
        raise LinkOver
    return locked
