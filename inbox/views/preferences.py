"""How a person works in the inbox: their own snoozes."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from inbox.forms import SnoozePresetForm
from inbox.services import snoozing


@require_http_methods(["GET", "POST"])
@page(Permission.THREADS_READ)
def preferences(request: HttpRequest) -> HttpResponse:
    """One's own snoozes, and a form for another one."""
    user = user_of(request)
    form = SnoozePresetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            snoozing.keep_preset(user, **form.as_rule())
        except snoozing.PresetRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Snooze saved"))
            return redirect("inbox:preferences")
    context = {"section": "settings", "form": form, "presets": snoozing.presets(user)}
    return render(request, "inbox/preferences.html", context)


@require_POST
@page(Permission.THREADS_READ)
def remove_snooze(request: HttpRequest, public_id: str) -> HttpResponse:
    """Forget a snooze of one's own."""
    if not snoozing.remove_preset(user_of(request), public_id):
        raise Http404(public_id)
    return redirect("inbox:preferences")
