"""Work ordered from the panel: order, order again after a failure, say how far it is."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from reservations import ports
from reservations.models import OrderedWork, WorkOrder
from reservations.services import ordering, scope
from reservations.services.ordering import Order
from reservations.views.requests import done, refused, stays_of


@require_POST
@page(Permission.THREADS_REPLY)
def order(request: HttpRequest, public_id: str) -> HttpResponse:
    """Work for a stay, by hand or from one of its messages."""
    user = user_of(request)
    stay = get_object_or_404(stays_of(user).select_related("connection", "unit"), public_id=public_id)
    message_id = None
    if public := request.POST.get("message", ""):
        message_id = ports.message_of_stay.get()(stay.pk, public)
        if message_id is None:
            raise Http404(public)
    wanted = Order(
        title=request.POST.get("title", ""),
        kind=request.POST.get("kind", "maintenance"),
        priority=request.POST.get("priority", ""),
        entry=request.POST.get("entry", ""),
        description=request.POST.get("description", "")[:5_000],
        message_id=message_id,
    )
    try:
        ordering.order(user, stay.connection, stay, wanted)
    except ValidationError as why:
        return refused(why, "#order-refused")
    return done("")


@require_POST
@page(Permission.THREADS_REPLY)
def order_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Tell the PMS once more."""
    user = user_of(request)
    rows = OrderedWork.objects.filter(organization_id=user.organization_id, reservation__in=stays_of(user))
    try:
        ordering.order_again(user, get_object_or_404(rows, public_id=public_id))
    except ValidationError as why:
        return refused(why, "#order-refused")
    return done("")


@require_POST
@page(Permission.THREADS_REPLY)
def set_state(request: HttpRequest, public_id: str) -> HttpResponse:
    """Begun, done, or not to be done."""
    user = user_of(request)
    state = request.POST.get("state", "")
    if state not in WorkOrder.State.values:
        raise Http404(state)
    rows = WorkOrder.objects.filter(organization_id=user.organization_id)
    ids = scope.property_ids(user)
    if ids is not None:
        rows = rows.filter(property_id__in=ids)
    row = get_object_or_404(rows, public_id=public_id)
    try:
        ordering.set_state(user, row, WorkOrder.State(state))
    except ValidationError as why:
        return refused(why, "#order-refused")
    return done("")
