"""Guests' requests in the panel and from a message: ask, approve, propose, decline, take back, tell the PMS again."""

from __future__ import annotations

import json
from datetime import time
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from reservations import ports
from reservations.models import RequestKind, Reservation, StayRequest
from reservations.services import request_replies, requests, scope
from reservations.services.requests import Terms, Wish


@require_POST
@page(Permission.THREADS_REPLY)
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """A request of a stay, by hand or from one of its messages."""
    user = user_of(request)
    stay = get_object_or_404(stays_of(user), public_id=public_id)
    kind = request.POST.get("kind", "")
    if kind not in RequestKind.values:
        raise Http404(kind)
    message_id = None
    if public := request.POST.get("message", ""):
        message_id = ports.message_of_stay.get()(stay.pk, public)
        if message_id is None:
            raise Http404(public)
    source = StayRequest.Source.MESSAGE if message_id else StayRequest.Source.HAND
    try:
        wish = Wish(
            kind=RequestKind(kind),
            wished=_time(request.POST.get("wished", "")),
            note=request.POST.get("note", ""),
            message_id=message_id,
            source=source,
        )
        requests.ask(user, stay, wish)
    except ValidationError as why:
        return refused(why)
    return done("")


@require_POST
@page(Permission.REQUESTS_DECIDE)
def decide(request: HttpRequest, public_id: str, how: str) -> HttpResponse:
    """Approve, propose, decline, take back, or tell the PMS again; offers the words for the guest."""
    user = user_of(request)
    rows = StayRequest.objects.filter(reservation__in=stays_of(user)).select_related("reservation__guest")
    row = get_object_or_404(rows, public_id=public_id)
    try:
        terms = _terms(request)
        match how:
            case "approve":
                row = requests.approve(user, row, terms)
            case "propose":
                row = requests.propose(user, row, terms)
            case "decline":
                row = requests.decline(user, row)
            case "withdraw":
                row = requests.withdraw(user, row)
            case "retry":
                requests.retry(user, row)
                return done("")
            case _:
                raise Http404(how)
    except ValidationError as why:
        return refused(why)
    return done(request_replies.text(row))


def stays_of(user: User) -> QuerySet[Reservation]:
    """The stays that the person may see."""
    rows = Reservation.objects.filter(organization_id=user.organization_id)
    ids = scope.property_ids(user)
    return rows if ids is None else rows.filter(property_id__in=ids)


def _terms(request: HttpRequest) -> Terms:
    price = request.POST.get("price", "").strip().replace(",", ".")
    try:
        amount = Decimal(price).quantize(Decimal("0.01")) if price else None
    except InvalidOperation as error:
        raise ValidationError(_("Give the price as a number.")) from error
    if amount is not None and not 0 <= amount < 100_000_000:
        raise ValidationError(_("Give the price as a number."))
    return Terms(
        agreed=_time(request.POST.get("agreed", "")), price=amount, currency=request.POST.get("currency", "")
    )


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text) if text else None
    except ValueError as error:
        raise ValidationError(_("Give a time such as 13:00.")) from error


def refused(why: ValidationError, place: str = "#request-refused") -> HttpResponse:
    """Said in the panel, at `place`; what was typed stays."""
    answer = HttpResponse(escape(" ".join(why.messages)), status=422)
    answer["HX-Retarget"], answer["HX-Reswap"] = place, "innerHTML"
    return answer


def done(offer: str) -> HttpResponse:
    """The panel shows it anew; `offer` are words for the guest, for the agent to read and send."""
    told = {"bellhop:panel": {}, **({"bellhop:offer": {"text": offer}} if offer else {})}
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(told)})
