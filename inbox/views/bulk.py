"""One action for many threads: those ticked, or all that match the list (ux L14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.models import Team, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import clock
from inbox.forms import local_moment
from inbox.models import Tag, Thread
from inbox.services import bulk, listing, snoozing, threads, triage
from inbox.services.bulk import Action, BulkResult
from inbox.views import parts

SESSION_KEY = "bulk_undo"


def _assign(request: HttpRequest, wanted: str) -> Action:
    user = user_of(request)
    people = User.objects.filter(organization_id=user.organization_id, is_active=True)
    to = user if wanted == "me" else get_object_or_404(people, public_id=wanted) if wanted else None
    return Action(lambda thread: triage.assign(user, thread, to))


def _team(request: HttpRequest, wanted: str) -> Action:
    user = user_of(request)
    teams = Team.objects.filter(organization_id=user.organization_id)
    team = get_object_or_404(teams, public_id=wanted) if wanted else None
    return Action(lambda thread: triage.assign_team(user, thread, team))


def _snooze(request: HttpRequest, choice: str) -> Action:
    user, typed = user_of(request), request.POST.get("until", "")

    def do(thread: Thread) -> Thread:
        # Each thread sleeps by its own property's clock.
        until = snoozing.until(user, choice, thread) if choice else local_moment(typed, thread)
        if not choice and until is None:
            raise bulk.Skip(_("that time is past"))
        return triage.snooze(user, thread, until)

    return Action(do)


def _tags(request: HttpRequest, way: str) -> Action:
    user = user_of(request)
    names = [name for name in request.POST.get("tags", "").split(",") if name.strip()]
    if not names or way not in {"add", "remove"}:
        raise BadRequest("tags")
    return Action(lambda thread: triage.change_tags(user, thread, **{way: names}), tags=True)


def _read(request: HttpRequest, _value: str) -> Action:
    user = user_of(request)
    return Action(lambda thread: triage.mark_read(user, thread, thread.last_message_id or 0), read=True)


def _unread(request: HttpRequest, _value: str) -> Action:
    user = user_of(request)
    return Action(lambda thread: triage.mark_unread(user, thread), read=True)


def _simple(change: Callable[[User, Thread], Thread]) -> Callable[[HttpRequest, str], Action]:
    return lambda request, _value: Action(lambda thread: change(user_of(request), thread))


# An action's button names it with its value: "assign:me", "snooze:tomorrow", "tags:add".
ACTIONS: dict[str, Callable[[HttpRequest, str], Action]] = {
    "assign": _assign,
    "team": _team,
    "snooze": _snooze,
    "tags": _tags,
    "read": _read,
    "unread": _unread,
    "close": _simple(triage.close),
    "reopen": _simple(triage.reopen),
    "no-answer": _simple(triage.no_answer_needed),
}


@require_POST
@page(Permission.THREADS_BULK)
def change(request: HttpRequest, view: str) -> HttpResponse:
    """Do it, and say what came of it."""
    if view not in listing.VIEWS:
        raise Http404(view)
    name, _colon, value = request.POST.get("action", "").partition(":")
    if name not in ACTIONS:
        raise BadRequest("action")
    action = ACTIONS[name](request, value)
    user = user_of(request)
    rows = threads.visible_to(user).select_related("property", "stay").order_by("-pk")
    if request.POST.get("all"):
        query = parts.list_query(view, request.GET)
        matching = listing.filtered(listing.in_view(user, view), query.filters, clock.now())
        rows = rows.filter(pk__in=matching.values("pk"))
    else:
        rows = rows.filter(public_id__in=request.POST.getlist("thread"))
    try:
        result = bulk.run(user, rows, action)
    except snoozing.UnknownSnooze:
        raise Http404(value) from None
    request.session[SESSION_KEY] = result.undo
    words = ngettext("%(n)d thread changed", "%(n)d threads changed", result.done)
    return _answer(request, words % {"n": result.done}, result, undoable=bool(result.undo))


@require_POST
@page(Permission.THREADS_BULK)
def undo(request: HttpRequest) -> HttpResponse:
    """Put back what the last bulk action of this session changed."""
    result = bulk.restore(user_of(request), request.session.pop(SESSION_KEY, []))
    words = ngettext("Undone for %(n)d thread", "Undone for %(n)d threads", result.done)
    return _answer(request, words % {"n": result.done}, result)


def _answer(request: HttpRequest, words: str, result: BulkResult, *, undoable: bool = False) -> HttpResponse:
    context = {"text": words, "skipped": list(result.skipped.items()), "undoable": undoable}
    return render(request, "inbox/_bulk_done.html", context)


@require_GET
@page(Permission.THREADS_BULK)
def menu(request: HttpRequest, what: str) -> HttpResponse:
    """A menu of the selection bar, asked for when it is opened for the first time."""
    user = user_of(request)
    people = User.objects.filter(organization_id=user.organization_id, is_active=True)
    contexts: dict[str, Callable[[], dict[str, Any]]] = {
        "assign": lambda: {
            "people": people.filter(role__permissions__contains=[Permission.THREADS_REPLY.value]).order_by(
                "full_name"
            ),
            "teams": Team.objects.filter(organization_id=user.organization_id).order_by("name"),
        },
        "snooze": lambda: {"snoozes": [*parts.snooze_choices(), *parts.own_snoozes(user)]},
        "tags": lambda: {
            "tags": Tag.objects.filter(organization_id=user.organization_id).order_by("name")[:200]
        },
    }
    if what not in contexts:
        raise Http404(what)
    return render(request, "inbox/_bulk_menu.html", {"what": what, **contexts[what]()})
