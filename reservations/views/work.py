"""Work in the panel: order it, say how far it is, give it to somebody, remark on it; tell the PMS again after a
failure."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from reservations import ports
from reservations.models import Contact, OrderedWork, PmsPerson, WorkNote, WorkOrder
from reservations.services import assigning, directory, ordering, scope, work_notes
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
    try:
        ordering.order_again(user, _ordered(user, public_id))
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
    try:
        ordering.set_state(user, _order(user, public_id), WorkOrder.State(state))
    except ValidationError as why:
        return refused(why, "#order-refused")
    return done("")


def _order(user: User, public_id: str) -> WorkOrder:
    rows = WorkOrder.objects.filter(organization_id=user.organization_id)
    ids = scope.property_ids(user)
    return get_object_or_404(rows if ids is None else rows.filter(property_id__in=ids), public_id=public_id)


def _ordered(user: User, public_id: str) -> OrderedWork:
    rows = OrderedWork.objects.filter(organization_id=user.organization_id, reservation__in=stays_of(user))
    return get_object_or_404(rows, public_id=public_id)


@require_POST
@page(Permission.THREADS_REPLY)
def assign(request: HttpRequest, public_id: str) -> HttpResponse:
    """`to`: "contact:…" of the directory, "person:…" of the PMS, or nobody."""
    user = user_of(request)
    row = _order(user, public_id)
    try:
        assigning.assign(user, row, _chosen(user, row, request.POST.get("to", "")))
    except ValidationError as why:
        return refused(why, "#order-refused")
    return done("")


def _chosen(user: User, row: WorkOrder, value: str) -> Contact | PmsPerson | None:
    kind, _colon, key = value.partition(":")
    match kind:
        case "":
            return None
        case "contact":
            return get_object_or_404(directory.visible_to(user), public_id=key)
        case "person":
            return get_object_or_404(PmsPerson, connection_id=row.connection_id, remote_id=key)
    raise Http404(value)


@require_POST
@page(Permission.THREADS_REPLY)
def assigned(request: HttpRequest, public_id: str, how: str) -> HttpResponse:
    """Tell the PMS `again` who does it, or take that `back`."""
    user = user_of(request)
    acts = {"again": assigning.again, "back": assigning.take_back}
    if how not in acts:
        raise Http404(how)
    try:
        acts[how](user, _order(user, public_id))
    except ValidationError as why:
        return refused(why, "#order-refused")
    return done("")


@require_POST
@page(Permission.THREADS_REPLY)
def note(request: HttpRequest, public_id: str) -> HttpResponse:
    """A remark on a task of the PMS."""
    user = user_of(request)
    return _noted(user, _order(user, public_id), request.POST.get("body", ""))


@require_POST
@page(Permission.THREADS_REPLY)
def note_ordered(request: HttpRequest, public_id: str) -> HttpResponse:
    """A remark on work that the PMS doesn't have yet."""
    user = user_of(request)
    return _noted(user, _ordered(user, public_id), request.POST.get("body", ""))


def _noted(user: User, about: WorkOrder | OrderedWork, body: str) -> HttpResponse:
    try:
        work_notes.add(user, about, body)
    except ValidationError as why:
        return refused(why, "#order-refused")
    return done("")


@require_POST
@page(Permission.THREADS_REPLY)
def note_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Tell the PMS once more."""
    user = user_of(request)
    rows = WorkNote.objects.filter(organization_id=user.organization_id)
    ids = scope.property_ids(user)
    found = get_object_or_404(rows if ids is None else rows.filter(property_id__in=ids), public_id=public_id)
    try:
        work_notes.again(user, found)
    except ValidationError as why:
        return refused(why, "#order-refused")
    return done("")
