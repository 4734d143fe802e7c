"""Where a survey stands: open, answered, over.

There is no "opened": whoever fetches a link (mail scanners, previews) may do so as often as they like, it changes
nothing and is counted nowhere. The only sign of a guest that counts is the form that they send.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from bellhop.core import clock
from reservations.models import Reservation, Survey, SurveyAnswer
from reservations.surveys.links import OVER

GOOD_FOR: Final = timedelta(days=14)


class State(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Shown:
    """A survey as the panel of its stay lists it."""

    survey: Survey
    answer: SurveyAnswer | None
    state: State
    ends_at: datetime

    @property
    def is_low(self) -> bool:
        return self.answer is not None and self.answer.is_low


def is_farewell(survey: Survey) -> bool:
    """Is it about a stay that is cancelled?"""
    return survey.reservation.status in OVER


def ends_at(survey: Survey) -> datetime:
    """Until two weeks after the day of departure, by the property's calendar; after the message, where that is later
    or the stay is cancelled."""
    stay = survey.reservation
    if survey.kind == Survey.Kind.FAREWELL or stay.departure_date is None:
        return survey.made_at + GOOD_FOR
    zone = stay.property.zone if stay.property else ZoneInfo("UTC")
    departure = datetime.combine(stay.departure_date, time.max, zone)
    return max(departure, survey.made_at) + GOOD_FOR


def is_over(survey: Survey) -> bool:
    """A farewell is over, too, once the cancellation was taken back."""
    taken_back = survey.kind == Survey.Kind.FAREWELL and not is_farewell(survey)
    return taken_back or clock.now() >= ends_at(survey)


def answer_of(survey: Survey) -> SurveyAnswer | None:
    return getattr(survey, "answer", None)


def state_of(survey: Survey) -> State:
    if answer_of(survey) is not None:
        return State.ANSWERED
    return State.OVER if is_over(survey) else State.OPEN


def may_add(survey: Survey) -> bool:
    """May words be added to the answer? Once, while the link is good."""
    answer = answer_of(survey)
    return answer is not None and answer.added_at is None and not is_over(survey)


def of_stay(stay: Reservation) -> list[Shown]:
    """The surveys of a stay, oldest first; one statement."""
    rows = Survey.objects.filter(reservation=stay).select_related("answer", "reservation__property")
    return [
        Shown(survey, answer_of(survey), state_of(survey), ends_at(survey))
        for survey in rows.order_by("made_at")
    ]
