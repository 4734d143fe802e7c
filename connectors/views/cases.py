"""Case files: one page, a download, print; and the incident that makes somebody look after it (signature N15)."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.trust import casefile, cases, overview


@require_GET
@page(Permission.HEALTH_READ)
def case_page(request: HttpRequest, kind: str, public_id: str) -> HttpResponse:
    """The case file; with `?full=1` guests' words, too; `?format=json` downloads it."""
    user = user_of(request)
    case = casefile.of(user, kind, public_id, full=request.GET.get("full") == "1")
    if case is None:
        raise Http404
    if request.GET.get("format") == "json":
        answer = JsonResponse(casefile.as_json(case), json_dumps_params={"indent": 2, "ensure_ascii": False})
        answer["Content-Disposition"] = f'attachment; filename="case-{kind}-{public_id}.json"'
        return answer
    context = {
        "section": "health",
        "case": case,
        "people": User.objects.filter(organization_id=user.organization_id, is_active=True).order_by(
            "full_name"
        ),
        "known": overview.people(user, [case.incident]) if case.incident else {},
        "deadline": cases.usual_deadline().isoformat(),
        "now": clock.now(),
    }
    return render(request, "connectors/case.html", context)


@require_POST
@page(Permission.HEALTH_ACT)
def open_case(request: HttpRequest, kind: str, public_id: str) -> HttpResponse:
    """Make it an incident with an owner, somebody to ask, and a day."""
    user = user_of(request)
    case = casefile.of(user, kind, public_id)
    if case is None:
        raise Http404
    try:
        cases.open_case(user, case, _wanted(request))
    except cases.NotPossible as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The case is open."))
    return redirect("connectors:case", kind, public_id)


def _wanted(request: HttpRequest) -> cases.Wanted:
    asked = request.POST
    try:
        until, owner = date.fromisoformat(asked.get("until", "")), int(asked.get("owner", ""))
    except ValueError:
        raise cases.NotPossible(_("Name a person and a day.")) from None
    return cases.Wanted(
        owner_id=owner, contact=asked.get("contact", ""), until=until, note=asked.get("note", "")
    )


@require_POST
@page(Permission.HEALTH_ACT)
def close_case(request: HttpRequest, public_id: str) -> HttpResponse:
    """The case is settled."""
    user = user_of(request)
    incident = get_object_or_404(Incident, organization_id=user.organization_id, public_id=public_id)
    try:
        cases.close_case(user, incident)
    except cases.NotPossible as refused:
        return HttpResponse(str(refused), status=409)
    return redirect("connectors:health")
