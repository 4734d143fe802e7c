"""What an integration has proven: the ledger, the steps between stages, rehearsals (ux I1, I6)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import clock
from connectors import ports
from connectors.models import Connection, ConnectionKind, PilotPlace, Rehearsal, Stage, StageChange
from connectors.trust import ledger, overview, publishing, rehearsals, shadow_report, stages
from connectors.trust.stages import NotReady
from connectors.trust.verify import NotATest

REHEARSALS = 20


def connection_of(request: HttpRequest, public_id: str) -> Connection:
    """A connection of the person's organization; everything else is 404 (invariant 10)."""
    rows = overview.connections_of(user_of(request)).select_related("health")
    return get_object_or_404(rows, public_id=public_id)


@require_GET
@page(Permission.HEALTH_READ)
def ledger_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Level and evidence per entity; `?format=json` exports it."""
    connection = connection_of(request, public_id)
    depths = ledger.of([connection])[connection.pk]
    if request.GET.get("format") == "json":
        return JsonResponse(ledger.as_json(connection, depths))
    context = {
        "section": "health",
        "connection": connection,
        "depths": depths,
        "public_address": publishing.address(connection),
        "now": clock.now(),
    }
    return render(request, "connectors/ledger.html", context)


@require_POST
@page(Permission.CONNECTIONS_EDIT)
def publish_ledger(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the ledger a public address, or take it away."""
    connection, user = connection_of(request, public_id), user_of(request)
    if request.POST.get("do") == "off":
        publishing.withdraw(user, connection)
    elif request.POST.get("do") == "on":
        publishing.publish(user, connection)
    else:
        raise BadRequest(request.POST.get("do", ""))
    return redirect("connectors:ledger", connection.public_id)


@require_GET
@page(Permission.HEALTH_READ)
def stage_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Where it stands, what the next step needs, what shadowing has shown; `?format=json` exports the report."""
    connection = connection_of(request, public_id)
    if request.GET.get("format") == "json":
        answer = JsonResponse(shadow_report.as_json(connection, shadow_report.of(connection)))
        answer["Content-Disposition"] = 'attachment; filename="report.json"'
        return answer
    return render(request, "connectors/stage.html", _stage_context(connection))


def _stage_context(connection: Connection, **more: Any) -> dict[str, Any]:
    above = stages.next_stage(connection)
    chosen = set(PilotPlace.objects.filter(connection=connection).values_list("place_id", flat=True))
    return {
        "section": "health",
        "connection": connection,
        "order": [(stage, stage.label, stage == connection.stage) for stage in stages.ORDER],
        "above": above,
        "checks": stages.checklist(connection, above) if above else [],
        "below": stages.steps_back(connection),
        "report": shadow_report.of(connection),
        "places": [(pk, name, pk in chosen) for pk, name in ports.places.get()(connection.organization_id)],
        "choose_places": Stage.PILOT in {above, connection.stage},
        "history": StageChange.objects.filter(connection=connection)
        .select_related("by")
        .order_by("-id")[:10],
        "now": clock.now(),
        **more,
    }


@require_POST
@page(Permission.CONNECTIONS_EDIT)
def change_stage(request: HttpRequest, public_id: str) -> HttpResponse:
    """One step up with its checklist, or any step back."""
    connection = connection_of(request, public_id)
    to = request.POST.get("to", "")
    if to not in Stage.values:
        raise BadRequest(to)
    known = {pk for pk, _name in ports.places.get()(connection.organization_id)}
    places = {int(value) for value in request.POST.getlist("place") if value.isdigit()} & known
    signed = request.POST.get("signed") == "1"
    try:
        stages.change(user_of(request), connection, Stage(to), places=places, signed=signed)
    except NotReady as error:
        context = _stage_context(connection, problem=str(error))
        return render(request, "connectors/stage.html", context, status=409)
    return redirect("connectors:stage", connection.public_id)


@require_GET
@page(Permission.HEALTH_READ)
def rehearsals_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Rehearsals of a connection, and the form that starts one."""
    return render(
        request, "connectors/rehearsals.html", _rehearsals_context(connection_of(request, public_id))
    )


def _rehearsals_context(connection: Connection, **more: Any) -> dict[str, Any]:
    if connection.kind == ConnectionKind.CHANNEL:
        raise Http404("channels are rehearsed by writing to oneself")
    found = Rehearsal.objects.filter(connection=connection).select_related("by")
    rows = found.order_by("-started_at")[:REHEARSALS]
    return {"section": "health", "connection": connection, "rows": rows, "now": clock.now(), **more}


@require_POST
@page(Permission.CONNECTIONS_EDIT)
def start_rehearsal(request: HttpRequest, public_id: str) -> HttpResponse:
    """Rehearse on a test reservation; a worker does it."""
    connection = connection_of(request, public_id)
    reservation = request.POST.get("reservation", "").strip()
    try:
        row = rehearsals.start(user_of(request), connection, reservation)
    except NotATest as error:
        problem = str(error) if reservation else _("Name a reservation that is marked as a test.")
        context = _rehearsals_context(connection, problem=problem, typed=reservation)
        return render(request, "connectors/rehearsals.html", context, status=409)
    return redirect("connectors:rehearsal", row.public_id)


@require_GET
@page(Permission.HEALTH_READ)
def rehearsal_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One rehearsal: page, part that refreshes while it runs, `?format=json`; prints as a report."""
    visible = overview.connections_of(user_of(request)).values("pk")
    row = get_object_or_404(
        Rehearsal.objects.select_related("connection", "by"), public_id=public_id, connection__in=visible
    )
    if request.GET.get("format") == "json":
        return JsonResponse(rehearsals.as_json(row))
    depths = ledger.of([row.connection])[row.connection_id]
    context = {
        "section": "health",
        "rehearsal": row,
        "report": rehearsals.as_json(row),
        "depths": depths,
        "running": rehearsals.is_running(row),
        "now": clock.now(),
    }
    part = request.headers.get("HX-Request-Type") == "partial"
    return render(request, "connectors/_rehearsal.html" if part else "connectors/rehearsal.html", context)
