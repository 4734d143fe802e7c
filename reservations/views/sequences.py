"""Sequences: the list, what is done with one of them, and a stay's messages."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from reservations.models import ScheduledMessage, Sequence
from reservations.sequences import forecast, publishing, upcoming
from reservations.services import scope
from reservations.views.editor import sequence_of

STATES = {"pause": Sequence.State.PAUSED, "go-on": Sequence.State.LIVE, "stop": Sequence.State.STOPPED}


@require_GET
@page(Permission.SEQUENCES_EDIT)
def sequences(request: HttpRequest) -> HttpResponse:
    """Every sequence with its numbers; a new organization finds the library's as drafts."""
    organization = user_of(request).organization
    publishing.seed(organization)
    numbers = forecast.counts(organization.pk)
    rows = [
        (row, len((row.live.definition if row.live else row.draft).get("steps", ())), numbers.get(row.pk, {}))
        for row in organization.sequences.select_related("live").order_by("name")
    ]
    return render(
        request, "reservations/sequences.html", {"section": "sequences", "page": "sequences", "rows": rows}
    )


@require_POST
@page(Permission.SEQUENCES_EDIT)
def publish(request: HttpRequest, public_id: str) -> HttpResponse:
    """Publish the draft; above a limit the number of stays has to be typed."""
    row = sequence_of(request, public_id)
    typed = request.POST.get("typed", "")
    try:
        publishing.publish(
            user_of(request),
            row,
            int(typed) if typed.isdecimal() else None,
            move=bool(request.POST.get("move")),
        )
    except publishing.CannotPublish as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Published."))
    return redirect("reservations:sequence", row.public_id)


@require_POST
@page(Permission.SEQUENCES_EDIT)
def change_state(request: HttpRequest, public_id: str, how: str) -> HttpResponse:
    """Pause, go on, stop."""
    if how not in STATES:
        raise Http404(how)
    row = sequence_of(request, public_id)
    publishing.set_state(user_of(request), row, STATES[how])
    return redirect("reservations:sequence", row.public_id)


@require_POST
@page(Permission.THREADS_REPLY)
def scheduled(request: HttpRequest, public_id: str, how: str) -> HttpResponse:
    """Skip one message, send it now, or give it other words."""
    user = user_of(request)
    rows = ScheduledMessage.objects.filter(organization_id=user.organization_id)
    ids = scope.property_ids(user)
    if ids is not None:
        rows = rows.filter(reservation__property_id__in=ids)
    row = get_object_or_404(rows, public_id=public_id)
    try:
        if how == "skip":
            upcoming.skip(user, row)
        elif how == "send":
            upcoming.send_now(user, row)
        elif how == "edit":
            upcoming.edit(user, row, request.POST.get("text", ""))
        else:
            raise Http404(how)
    except upcoming.TooLate:
        return HttpResponse(_("Too late: it was sent or ended meanwhile."), status=409)
    return HttpResponse(status=204, headers={"HX-Trigger": "bellhop:panel"})
