"""A survey's link leaves with a sequence, and its answer stands in the thread and the panel, live; a low score finds
somebody (ux S4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from bellhop.accounts.models import Team, User
from bellhop.core import clock
from bellhop.core.models import LiveEvent
from connectors.models import Command
from inbox.models import Message, Notice, Thread, ThreadEvent
from inbox.services import mirror, notices, triage
from inbox.services.chat import forgetting
from inbox.services.chat.links import hidden
from reservations.models import Reservation, ScheduledMessage, Sequence, Survey, SurveyAnswer
from reservations.sequences import publishing, sending, upcoming
from reservations.surveys import answering, links
from reservations.surveys.answering import Given
from tests import factories
from tests.factories import Desk
from tests.inbox.test_sequences import booked, cancel, forward, noon, said

__all__ = ["noon"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    return factories.stay(desk, starts_in=-3)


@pytest.fixture
def thread(desk: Desk, stay: Reservation) -> Thread:
    return factories.thread(desk, stay)


def asked(stay: Reservation) -> Survey:
    links.filled(links.stand_in(stay), stay)
    return Survey.objects.get(reservation=stay)


def answers(stay: Reservation, score: int, words: str = "") -> SurveyAnswer:
    return answering.answer(asked(stay), Given(score=score, words=words, may_contact=True, language="en"))


def events(thread: Thread) -> list[str]:
    return list(thread.events.order_by("id").values_list("kind", flat=True))


def told(user: User) -> list[str]:
    return [notices.words(notice) for notice in notices.of(user) if notice.kind == Notice.Kind.SURVEY]


def from_library(desk: Desk, key: str) -> Sequence:
    publishing.seed(desk.organization)
    row = Sequence.objects.get(library_key=key)
    publishing.publish(desk.people["Marketer"], row)
    return row


def test_the_thank_you_carries_the_guests_own_link(desk: Desk) -> None:
    from_library(desk, "thanks")
    stay = booked(desk, starts_in=-1, nights=1)
    row = upcoming.of(stay)[0]
    assert row.text.endswith(links.stand_in(stay))
    assert not Survey.objects.exists()
    forward(hours=23)
    assert sending.send_due() == 1
    survey = Survey.objects.get()
    assert said(stay)[0].endswith(links.url_of(survey))
    assert links.url_of(survey) in Command.objects.get().intent["body"]
    assert survey.kind == Survey.Kind.STAY


def test_a_text_that_a_person_changed_keeps_its_link(desk: Desk) -> None:
    from_library(desk, "thanks")
    stay = booked(desk, starts_in=-1, nights=1)
    row = ScheduledMessage.objects.get(reservation=stay)
    upcoming.edit(desk.agent, row, f"Dear Maria, a word? {links.stand_in(stay)}")
    forward(hours=23)
    sending.send_due()
    assert said(stay) == [f"Dear Maria, a word? {links.url_of(Survey.objects.get())}"]


def test_who_cancels_is_asked_why(desk: Desk) -> None:
    from_library(desk, "cancellation")
    stay = booked(desk)
    cancel(stay)
    forward(minutes=16)
    sending.send_due()
    survey = Survey.objects.get()
    assert survey.kind == Survey.Kind.FAREWELL
    assert said(stay)[0].endswith(links.url_of(survey))


def test_the_answer_stands_in_thread_and_panel(desk: Desk, stay: Reservation, thread: Thread) -> None:
    factories.says(thread, "Is anybody there?")
    before = Thread.objects.get(pk=thread.pk)
    answers(stay, 9, "The <view>!")
    thread.refresh_from_db()
    assert thread.waiting_since == before.waiting_since is not None
    assert (thread.assignee, told(desk.people["Operations manager"])) == (None, [])
    event = LiveEvent.objects.filter(topic="thread", subject_id=thread.pk).latest("id")
    assert event.data["what"] == "stay"
    client = Client()
    client.force_login(desk.agent)
    log = client.get(f"/threads/{thread.public_id}/log/").content.decode()
    assert "Survey after the stay: 9 of 10" in log
    assert "The &lt;view&gt;!" in log
    panel = client.get(f"/threads/{thread.public_id}/panel/").content.decode()
    assert "9 of 10" in panel
    assert "may be written to about it" in panel
    answering.add(Survey.objects.get(), "And the breakfast.")
    log = client.get(f"/threads/{thread.public_id}/log/").content.decode()
    assert "Added to the survey (9 of 10)" in log
    assert "And the breakfast." in client.get(f"/threads/{thread.public_id}/panel/").content.decode()


def test_a_line_with_a_score_is_never_folded(desk: Desk, stay: Reservation, thread: Thread) -> None:
    for number in range(4):
        triage.tag(desk.agent, thread, [f"tag {number}"])
    answers(stay, 9)
    client = Client()
    client.force_login(desk.agent)
    log = client.get(f"/threads/{thread.public_id}/log/").content.decode()
    assert "4 events" in log
    assert "Survey after the stay" in log.rpartition("</details>")[2]


@pytest.mark.parametrize(("score", "alerted"), [(6, True), (7, False)])
def test_a_low_score_goes_to_a_manager(
    desk: Desk, stay: Reservation, thread: Thread, score: int, alerted: bool
) -> None:
    manager = desk.people["Operations manager"]
    triage.close(desk.agent, thread)
    answers(stay, score)
    thread.refresh_from_db()
    assert (thread.assignee == manager) is alerted
    assert told(manager) == (["Maria Lindqvist gave 6 of 10"] if alerted else [])
    assert thread.status == ("open" if alerted else "closed")
    assert ("assigned" in events(thread)) is alerted
    assert told(desk.agent) == told(desk.people["Admin"]) == []


def test_a_low_score_stays_with_who_has_the_thread(desk: Desk, stay: Reservation, thread: Thread) -> None:
    triage.assign(desk.people["Admin"], thread, desk.agent)
    answers(stay, 0)
    thread.refresh_from_db()
    assert thread.assignee == desk.agent
    assert told(desk.agent) == ["Maria Lindqvist gave 0 of 10"]
    assert told(desk.people["Operations manager"]) == []


def test_a_low_score_goes_to_the_threads_team(desk: Desk, stay: Reservation, thread: Thread) -> None:
    team = Team.objects.create(organization=desk.organization, name="Front desk")
    team.members.add(desk.agent)
    triage.assign_team(desk.people["Admin"], thread, team)
    answers(stay, 3)
    assert told(desk.agent) == ["Maria Lindqvist gave 3 of 10"]
    assert told(desk.people["Operations manager"]) == []


def test_only_who_sees_the_property_is_alerted(desk: Desk, stay: Reservation, thread: Thread) -> None:
    User.objects.filter(pk__in=[desk.people["Operations manager"].pk, desk.people["Admin"].pk]).update(
        is_active=False
    )
    elsewhere = factories.limited(
        desk.organization, factories.property_of(desk.organization, "Far"), role="Operations manager"
    )
    here = factories.limited(desk.organization, desk.place, role="Operations manager")
    answers(stay, 1)
    thread.refresh_from_db()
    assert (thread.assignee, told(elsewhere)) == (here, [])


def test_the_panel_of_a_cancelled_stay_says_what_became_of_the_farewell(
    desk: Desk, stay: Reservation, thread: Thread
) -> None:
    """Ux V8."""
    client = Client()
    client.force_login(desk.agent)

    def panel() -> str:
        return client.get(f"/threads/{thread.public_id}/panel/").content.decode()

    assert 'id="surveys"' not in panel()
    Reservation.objects.filter(pk=stay.pk).update(status="cancelled", cancelled_at=clock.now())
    stay.refresh_from_db()
    assert "After the cancellation" in panel()
    assert "Not sent" in panel()
    survey = asked(stay)
    assert "Not answered yet" in panel()
    Survey.objects.update(made_at=clock.now() - timedelta(days=15))
    assert "over now" in panel()
    Survey.objects.update(made_at=clock.now())
    answering.answer(survey, Given(score=4, words="Plans changed"))
    assert "4 of 10" in panel()
    assert "Plans changed" in panel()


def test_no_other_organization_sees_it(desk: Desk, stay: Reservation, thread: Thread) -> None:
    answers(stay, 2, "Private words")
    other = factories.desk("elsewhere")
    client = Client()
    client.force_login(other.people["Admin"])
    assert client.get(f"/threads/{thread.public_id}/panel/").status_code == 404
    assert told(other.people["Operations manager"]) == []


def test_the_copy_in_the_pms_opens_nothing(desk: Desk, stay: Reservation, thread: Thread) -> None:
    survey = asked(stay)
    message: Message = factories.answers(desk.agent, thread, f"How was it? {links.url_of(survey)}")
    kept = mirror.intent_for(thread, message)
    assert kept is not None
    assert links.token_of(survey) not in kept.body
    assert hidden("https://photos.example/s/abcdefghijklmnopqrstuvwxyz").endswith("xyz")


def test_erasure_takes_the_words_and_leaves_the_score(desk: Desk, stay: Reservation, thread: Thread) -> None:
    survey = asked(stay)
    token = links.token_of(survey)
    answers(stay, 3, "Room 204 was cold")
    answering.add(survey, "Ask Ana about it")
    assert stay.guest is not None
    forgetting.forget(stay.guest)
    answer = SurveyAnswer.objects.get()
    assert (answer.score, answer.words, answer.added, answer.may_contact) == (3, "", "", False)
    kept = [str(event.data) for event in ThreadEvent.objects.filter(kind="survey")]
    assert len(kept) == 2
    assert not any("cold" in data or "Ana" in data for data in kept)
    assert Client().get(f"/survey/{token}").status_code == 404


def test_what_is_posted_reaches_the_thread(desk: Desk, stay: Reservation, thread: Thread) -> None:
    """The whole way, by a browser without anything of ours in it."""
    survey = asked(stay)
    browser: Any = Client(enforce_csrf_checks=True)
    answer = browser.post(
        f"/survey/{links.token_of(survey)}", {"score": "5", "words": "Noise"}, HTTP_ORIGIN="null"
    )
    assert answer.status_code == 303
    assert not browser.cookies
    event = thread.events.get(kind="survey")
    assert (event.data["score"], event.data["words"]) == (5, "Noise")
