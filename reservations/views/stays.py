"""What a person does about a stay beside the conversation: put it on a sequence, pause all that is automatic, put its
guest on legal hold."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from reservations.models import Reservation, Sequence
from reservations.sequences import by_hand, pausing
from reservations.services import legal_hold, scope

PANEL = {"HX-Trigger": "bellhop:panel"}


def _stay(request: HttpRequest, public_id: str) -> Reservation:
    """A stay that the person sees."""
    user = user_of(request)
    rows = Reservation.objects.filter(organization_id=user.organization_id).select_related("guest")
    ids = scope.property_ids(user)
    if ids is not None:
        rows = rows.filter(property_id__in=ids)
    return get_object_or_404(rows, public_id=public_id)


@require_POST
@page(Permission.THREADS_REPLY)
def put_on(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put the stay on a sequence by hand."""
    user, stay = user_of(request), _stay(request, public_id)
    chosen = Sequence.objects.filter(organization_id=user.organization_id)
    sequence = get_object_or_404(chosen.select_related("live"), public_id=request.POST.get("sequence", ""))
    try:
        by_hand.put_on(user, stay, sequence)
    except by_hand.CannotPutOn as refused:
        return HttpResponse(str(refused), status=409, content_type="text/plain")
    return HttpResponse(status=204, headers=PANEL)


@require_POST
@page(Permission.THREADS_REPLY)
def pause(request: HttpRequest, public_id: str, how: str) -> HttpResponse:
    """Pause everything automatic of the stay, or let it go on."""
    acts = {"pause": pausing.pause, "go-on": pausing.go_on}
    if how not in acts:
        raise Http404(how)
    acts[how](user_of(request), _stay(request, public_id))
    return HttpResponse(status=204, headers=PANEL)


@require_POST
@page(Permission.LEGAL_HOLD)
def hold(request: HttpRequest, public_id: str, how: str) -> HttpResponse:
    """Put the stay's guest on legal hold, or lift it."""
    user, stay = user_of(request), _stay(request, public_id)
    if stay.guest is None or how not in {"put", "lift"}:
        raise Http404(how)
    if how == "put":
        legal_hold.put(user, stay.guest, request.POST.get("reason", ""))
    else:
        legal_hold.lift(user, stay.guest)
    return HttpResponse(status=204, headers=PANEL)
