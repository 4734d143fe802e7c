"""The bell: count, list, reading, do not disturb, browser notifications (ux R3, U4). Everything is one's own."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.web import user_of
from bellhop.core import clock
from inbox.services import notices


@login_required
@require_GET
def count(request: HttpRequest) -> JsonResponse:
    """How many are unread, and whether the person wants to be left alone."""
    user = user_of(request)
    return JsonResponse({"unread": notices.unread(user), "muted": notices.is_muted(user)})


@login_required
@require_GET
def menu(request: HttpRequest) -> HttpResponse:
    """The list behind the bell."""
    return _menu(request)


def _menu(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    lines = [(notice, notices.words(notice), notices.link(notice)) for notice in notices.of(user)]
    context = {
        "notices": lines,
        "muted_until": user.muted_until if notices.is_muted(user) else None,
        "muted_for_good": notices.is_muted_for_good(user),
        "now": clock.now(),
    }
    return render(request, "inbox/_notices.html", context)


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """All of them are read."""
    notices.mark_all_read(user_of(request))
    return _menu(request)


@login_required
@require_POST
def mute(request: HttpRequest) -> HttpResponse:
    """Do not disturb, for a while or until told otherwise; or be disturbed again."""
    notices.mute(user_of(request), request.POST.get("for", ""))
    return _menu(request)


@login_required
@require_POST
def browser(request: HttpRequest) -> HttpResponse:
    """Notifications of the browser: off, on, or on with the words of messages."""
    how = request.POST.get("how", "")
    if how not in {"off", "on", "text"}:
        raise BadRequest("how")
    user = user_of(request)
    user.browser_notices, user.notices_show_text = how != "off", how == "text"
    user.save(update_fields=["browser_notices", "notices_show_text"])
    return _menu(request)
