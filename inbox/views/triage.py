"""Assigning, closing, snoozing, tagging, reading, linking: one address each."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.models import Team, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit
from bellhop.accounts.web import page, user_of
from inbox.forms import SnoozeForm, local_moment
from inbox.models import SavedView, Thread
from inbox.services import emergencies, listing, matching, snoozing, triage
from inbox.views import access
from reservations.models import Reservation

Action = Callable[[HttpRequest, User, Thread], object]


def _done(then: str = "") -> HttpResponse:
    """Nothing to swap: the socket brings the change to every screen, this one too."""
    return HttpResponse(status=204, headers={"HX-Trigger": then} if then else None)


def _assign(request: HttpRequest, user: User, thread: Thread) -> object:
    wanted = request.POST.get("assignee", "")
    if wanted == "me":
        return triage.assign(user, thread, user)
    if not wanted:
        return triage.assign(user, thread, None)
    person = get_object_or_404(User, organization_id=user.organization_id, public_id=wanted, is_active=True)
    return triage.assign(user, thread, person)


def _team(request: HttpRequest, user: User, thread: Thread) -> object:
    wanted = request.POST.get("team", "")
    team = get_object_or_404(Team, organization_id=user.organization_id, public_id=wanted) if wanted else None
    return triage.assign_team(user, thread, team)


def _snooze(request: HttpRequest, user: User, thread: Thread) -> object:
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    given = form.cleaned_data
    if given["until"]:
        until = local_moment(given["until"], thread)
        if until is None:
            raise BadRequest(_("That time is past."))
        return triage.snooze(user, thread, until)
    try:
        until = snoozing.until(user, given["snooze"], thread)
    except snoozing.UnknownSnooze:
        raise Http404(given["snooze"]) from None
    return triage.snooze(user, thread, until)


ACTIONS: dict[str, Action] = {
    "assign": _assign,
    "team": _team,
    "snooze": _snooze,
    "close": lambda _request, user, thread: triage.close(user, thread),
    "reopen": lambda _request, user, thread: triage.reopen(user, thread),
    "no-answer": lambda _request, user, thread: triage.no_answer_needed(user, thread),
    "needs-answer": lambda _request, user, thread: triage.needs_answer(user, thread),
    "tags": lambda request, user, thread: triage.tag(user, thread, request.POST.get("tags", "").split(",")),
    "handled": lambda _request, user, thread: emergencies.end(user, thread, emergencies.HANDLED),
    "false-alarm": lambda _request, user, thread: emergencies.end(user, thread, emergencies.FALSE_ALARM),
    "emergency": lambda _request, user, thread: emergencies.undo(user, thread),
    "unread": lambda _request, user, thread: triage.mark_unread(user, thread),
}
MOST_QUERY = 1_000
GOES_ON = {"close", "snooze"}


@require_POST
@page(Permission.THREADS_TRIAGE)
def act(request: HttpRequest, public_id: str, action: str) -> HttpResponse:
    """One change of one thread."""
    if action not in ACTIONS:
        raise Http404(action)
    ACTIONS[action](request, user_of(request), access.plain_thread_of(request, public_id))
    return _done("bellhop:next" if action in GOES_ON else "")


@require_POST
@page(Permission.THREADS_READ)
def mark_read(request: HttpRequest, public_id: str) -> HttpResponse:
    """Seen up to a message."""
    thread = access.plain_thread_of(request, public_id)
    up_to = request.POST.get("up_to", "0")
    if not up_to.isdigit():
        raise BadRequest("up_to")
    triage.mark_read(user_of(request), thread, min(int(up_to), thread.last_message_id or int(up_to)))
    return _done()


@require_POST
@page(Permission.THREADS_MATCH)
def link(request: HttpRequest, public_id: str, how: str) -> HttpResponse:
    """Link a stay, unlink it, or make it the current one."""
    thread = access.plain_thread_of(request, public_id)
    user = user_of(request)
    stays = Reservation.objects.filter(organization_id=user.organization_id)
    stay = get_object_or_404(stays, public_id=request.POST.get("stay", ""))
    actions = {"link": matching.link, "unlink": matching.unlink, "choose": matching.choose_stay}
    if how not in actions:
        raise Http404(how)
    if how != "link" and not thread.stays.filter(pk=stay.pk).exists():
        raise Http404("not a stay of this thread")
    actions[how](user, thread, stay)
    return _done()


@require_GET
@page(Permission.THREADS_MATCH)
def candidates(request: HttpRequest, public_id: str) -> HttpResponse:
    """Stays that may fit, by the words that were typed."""
    thread = access.plain_thread_of(request, public_id)
    found = matching.candidates(user_of(request), thread, request.GET.get("q", ""))
    return render(request, "inbox/_candidates.html", {"candidates": found, "thread": thread})


@require_POST
@page(Permission.DOOR_CODES_READ)
def door_code(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a door code; showing it is logged."""
    thread = access.plain_thread_of(request, public_id)
    if thread.stay is None or not thread.stay.door_code:
        raise Http404("no door code")
    user = user_of(request)
    audit(user.organization_id, user, "door_code.shown", f"reservation:{thread.stay.public_id}")
    return HttpResponse(thread.stay.door_code, content_type="text/plain")


@require_POST
@page(Permission.THREADS_READ)
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the current filters under a name."""
    user = user_of(request)
    name = " ".join(request.POST.get("name", "").split())[:60]
    view = request.POST.get("view", "")
    kept = f"{view}/?{request.POST.get('query', '')}"
    if not name or view not in listing.VIEWS or len(kept) > MOST_QUERY:
        raise BadRequest("name")
    shared = bool(request.POST.get("shared")) and user.may(Permission.VIEWS_SHARE)
    SavedView.objects.update_or_create(
        owner=user,
        name=name,
        defaults={
            "organization_id": user.organization_id,
            "shared": shared,
            "query": kept,
        },
    )
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


@require_POST
@page(Permission.THREADS_READ)
def delete_view(request: HttpRequest, public_id: str) -> HttpResponse:
    """Forget a saved view of one's own."""
    get_object_or_404(SavedView, owner=user_of(request), public_id=public_id).delete()
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
