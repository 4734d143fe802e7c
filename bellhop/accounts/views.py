"""A person's own settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bellhop.accounts import invites, keys, services
from bellhop.accounts.models import AuditEntry, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, remember_language, user_of

if TYPE_CHECKING:
    _UserForm = forms.ModelForm[User]
else:
    _UserForm = forms.ModelForm

AUDIT_PAGE = 50
UNDO_CHOICES = [
    (seconds, gettext_lazy("%d seconds") % seconds if seconds else gettext_lazy("Off"))
    for seconds in (0, 5, 10, 20, 30)
]


class SettingsForm(_UserForm):
    """Name, look and the composer's habits."""

    undo_send_s = forms.TypedChoiceField(label=gettext_lazy("Undo send"), choices=UNDO_CHOICES, coerce=int)
    theme = forms.ChoiceField(
        label=gettext_lazy("Theme"),
        required=False,
        choices=[
            ("", gettext_lazy("As the system")),
            ("light", gettext_lazy("Light")),
            ("dark", gettext_lazy("Dark")),
        ],
    )
    density = forms.ChoiceField(
        label=gettext_lazy("Density"),
        required=False,
        choices=[("", gettext_lazy("Comfortable")), ("compact", gettext_lazy("Compact"))],
    )

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = User
        fields = ("full_name", "language", "theme", "density", "undo_send_s", "enter_sends", "single_keys")
        labels = {
            "full_name": gettext_lazy("Name"),
            "enter_sends": gettext_lazy("Enter sends (Shift+Enter starts a new line)"),
            "single_keys": gettext_lazy("Single-letter shortcuts"),
        }


class HouseRulesForm(forms.Form):
    """What holds for everybody of the organization."""

    show_read_marks = forms.BooleanField(
        label=gettext_lazy("Show guests that we have read their messages"),
        help_text=gettext_lazy(
            "Where the channel can: WhatsApp's blue ticks, once a person has opened the thread."
        ),
        required=False,
    )
    reply_in_others_threads = forms.BooleanField(
        label=gettext_lazy("Colleagues may reply in threads that belong to somebody else"), required=False
    )


@login_required
@require_http_methods(["GET", "POST"])
def own_settings(request: HttpRequest) -> HttpResponse:
    """Show and store one's own settings."""
    form = SettingsForm(request.POST or None, instance=user_of(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        with translation.override(user_of(request).language):
            messages.success(request, _("Settings saved"))
        answer = redirect("accounts:settings")
        remember_language(answer, user_of(request))
        return answer
    organization = user_of(request).organization
    rules = {name: getattr(organization, name) for name in HouseRulesForm.base_fields}
    context = {"form": form, "rules": HouseRulesForm(initial=rules), "section": "settings"}
    return render(request, "accounts/settings.html", context)


@require_POST
@page(Permission.CONNECTIONS_EDIT)
def house_rules(request: HttpRequest) -> HttpResponse:
    """Store what holds for everybody of the organization."""
    form = HouseRulesForm(request.POST)
    if form.is_valid():
        services.change_house_rules(user_of(request), **form.cleaned_data)
        messages.success(request, _("Settings saved"))
    return redirect("accounts:settings")


@login_required
@require_http_methods(["GET", "POST"])
def own_keys(request: HttpRequest) -> HttpResponse:
    """One's own single-letter keys; `reset` brings the usual ones back."""
    user, problem = user_of(request), ""
    if request.method == "POST" and "reset" in request.POST:
        keys.reset(user)
    elif request.method == "POST":
        try:
            keys.keep(user, request.POST)
        except keys.KeysRefused as refused:
            problem = str(refused)
    if request.method == "POST" and not problem:
        messages.success(request, _("Keys saved"))
        return redirect("accounts:keys")
    shown = {
        **keys.of(user),
        **({name: request.POST.get(name, "") for name in keys.ACTIONS} if problem else {}),
    }
    lines = [(name, words, shown[name], usual) for name, (usual, words) in keys.ACTIONS.items()]
    context = {"section": "settings", "lines": lines, "problem": problem}
    return render(request, "accounts/keys.html", context, status=422 if problem else 200)


@require_GET
def invite(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation's link leads to the page that sets a password; one that has ended says so."""
    person = invites.accepted(token)
    if person is None:
        return render(request, "accounts/invite_over.html", status=410)
    answer = redirect(invites.password_link(person))
    answer["Cache-Control"] = "no-store"
    return answer


@require_GET
@page(Permission.AUDIT_READ)
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first, page by page from an id downwards."""
    text, before = request.GET.get("q", "").strip(), request.GET.get("before", "")
    rows = AuditEntry.objects.filter(organization_id=user_of(request).organization_id)
    if text:
        rows = rows.filter(Q(action__icontains=text) | Q(subject__icontains=text))
    if before.isdigit():
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.select_related("user").order_by("-id")[: AUDIT_PAGE + 1])
    context = {
        "section": "people",
        "entries": found[:AUDIT_PAGE],
        "next_before": found[AUDIT_PAGE - 1].pk if len(found) > AUDIT_PAGE else None,
        "text": text,
    }
    return render(request, "accounts/audit.html", context)


@login_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """From light to dark and back, remembered for the person."""
    user = user_of(request)
    user.theme = "light" if user.theme == "dark" else "dark"
    user.save(update_fields=["theme"])
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    return redirect(back)
