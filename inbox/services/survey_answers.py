"""A survey's answer in the thread of its stay: a line with the score and the words; a low score finds somebody who
looks after it (ux S4)."""

from __future__ import annotations

from django.db.models import Count, Q

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.core import clock, live
from inbox.models import Notice, Thread, ThreadEvent, ThreadStatus
from inbox.services import notices, threads, triage, whose
from inbox.services.notices import About
from reservations.events import SurveyAnswered
from reservations.models import Guest, SurveyAnswer
from reservations.surveys import forgetting

KIND = "survey"


def on_answer(event: SurveyAnswered) -> None:
    """Write it into the thread, live. What a guest answers in a survey ends no waiting: nobody has answered them."""
    answer = event.answer
    survey = answer.survey
    thread = whose.thread_of_stay(survey.reservation)
    if thread is None:
        return
    threads.log_event(
        thread,
        KIND,
        answer=answer.pk,
        survey=survey.kind,
        score=answer.score,
        words=answer.added if event.added else answer.words,
        may_contact=answer.may_contact,
        added=event.added,
    )
    thread.last_activity_at = clock.now()
    told = _alert(thread, answer) if answer.is_low else []
    threads.save(thread)
    threads.announce(thread, "stay", told)


def _alert(thread: Thread, answer: SurveyAnswer) -> list[live.Change]:
    """Open the thread, give it to somebody if nobody has it, and tell them."""
    if thread.status != ThreadStatus.OPEN:
        threads.log_event(thread, "reopened", None, was=thread.status)
        thread.status, thread.snoozed_until, thread.woken_at = ThreadStatus.OPEN, None, None
    data = {"guest": thread.party_name, "score": answer.score}
    return notices.tell(_responsible(thread), Notice.Kind.SURVEY, About(thread=thread, data=data))


def _responsible(thread: Thread) -> list[User]:
    """Who has the thread; else its team; else a manager of its property, who gets it: the one with the fewest open
    threads. Without any, all who reply there."""
    able = triage.who_may_have(thread)
    if thread.assignee_id is not None and (mine := able.filter(pk=thread.assignee_id).first()):
        return [mine]
    if thread.team_id is not None and (team := list(able.filter(teams=thread.team_id))):
        return team
    manager = _manager(thread)
    if manager is None:
        return list(able)
    thread.assignee = manager
    threads.log_event(thread, "assigned", None, to=manager.full_name, was="")
    return [manager]


def _manager(thread: Thread) -> User | None:
    """Not an admin, if there is another."""
    may_act = Q(role__permissions__contains=[Permission.HEALTH_ACT.value])
    ids = triage.who_may_have(thread).filter(may_act).order_by().values("pk")
    people = list(User.objects.filter(pk__in=ids).select_related("role"))
    open_of = dict(
        Thread.objects.filter(assignee__in=people, status=ThreadStatus.OPEN)
        .values("assignee_id")
        .annotate(n=Count("id"))
        .values_list("assignee_id", "n")
    )
    return min(
        people,
        key=lambda one: (one.may(Permission.USERS_EDIT), open_of.get(one.pk, 0), one.pk),
        default=None,
    )


def forget(guest: Guest) -> None:
    """Erasure: the guest's words go from their answers and from the lines in threads; scores stay."""
    for row in ThreadEvent.objects.filter(kind=KIND, data__answer__in=forgetting.forget(guest)):
        row.data = {**row.data, "words": "", "may_contact": False}
        row.save(update_fields=["data"])
