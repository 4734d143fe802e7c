"""Canned replies: one's own, and for who may, the shared ones (ux C6)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from inbox.forms import CannedForm
from inbox.models import CannedReply
from inbox.services import canned


@require_http_methods(["GET", "POST"])
@page(Permission.THREADS_READ)
def replies(request: HttpRequest) -> HttpResponse:
    """All that one may edit, and a form for another one."""
    user = user_of(request)
    form = CannedForm(user, request.POST or None)
    if request.method == "POST" and _kept(request, form):
        return redirect("inbox:replies")
    rows = canned.editable(user).order_by("name", "id")
    context = {"section": "settings", "form": form, "replies": rows, "variables": canned.VARIABLES}
    return render(request, "inbox/replies.html", context)


@require_http_methods(["GET", "POST"])
@page(Permission.THREADS_READ)
def reply(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of them, to be changed."""
    user = user_of(request)
    found = get_object_or_404(canned.editable(user), public_id=public_id)
    form = CannedForm(user, request.POST or None, initial=CannedForm.of(found))
    if request.method == "POST" and _kept(request, form, found):
        return redirect("inbox:replies")
    context = {"section": "settings", "form": form, "reply": found, "variables": canned.VARIABLES}
    return render(request, "inbox/replies.html", context)


def _kept(request: HttpRequest, form: CannedForm, found: CannedReply | None = None) -> bool:
    if not form.is_valid():
        return False
    try:
        canned.keep(user_of(request), form.written(), found)
    except canned.CannedRefused as refused:
        form.add_error("body", str(refused))
        return False
    messages.success(request, _("Reply saved"))
    return True


@require_POST
@page(Permission.THREADS_READ)
def remove(request: HttpRequest, public_id: str) -> HttpResponse:
    """Forget a reply."""
    get_object_or_404(canned.editable(user_of(request)), public_id=public_id).delete()
    return redirect("inbox:replies")
