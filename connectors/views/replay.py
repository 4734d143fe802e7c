"""Replaying a range of the journal, after looking at what that would be (ux I3)."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit
from bellhop.accounts.web import page, user_of
from connectors.forms import RangeForm
from connectors.inbound import journal
from connectors.views.proof import connection_of


@require_http_methods(["GET", "POST"])
@page(Permission.HEALTH_ACT)
def replay_range(request: HttpRequest, public_id: str) -> HttpResponse:
    """GET shows which entries the range has; POST replays them, each as a new entry."""
    connection, user = connection_of(request, public_id), user_of(request)
    form = RangeForm(request.POST if request.method == "POST" else request.GET or None)
    given = form.cleaned_data if form.is_valid() else None
    rows = list(journal.in_range(connection, given["first"], given["last"], given["state"])) if given else []
    if request.method == "POST" and rows and given:
        for row in rows:
            journal.replay(row)
        audit(
            user.organization_id,
            user,
            "delivery.replayed_range",
            f"connection:{connection.public_id}",
            after=f"{given['first']}-{given['last']}: {len(rows)}",
        )
        return redirect("connectors:detail", connection.public_id)
    context = {
        "section": "health",
        "connection": connection,
        "form": form,
        "rows": rows,
        "asked": given,
        "is_full": len(rows) == journal.MOST_AT_ONCE,
    }
    wrong = form.is_bound and not form.is_valid()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, "connectors/replay.html", context, status=status)
