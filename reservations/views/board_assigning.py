"""Who cleans what: a column for each person, by drag or by keyboard, and how far the day is."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import clock, live
from reservations.board import assigning, cards, reading
from reservations.board.assigning import Share
from reservations.views.board import Shown, shown, units_of

MOST_AT_ONCE = 200


@require_GET
@page(Permission.HOUSEKEEPING_ASSIGN)
def show(request: HttpRequest) -> HttpResponse:
    """The page; for htmx and after every change the columns alone."""
    number = live.last_number(user_of(request).organization_id)
    of = shown(request)
    template = "housekeeping/_shares.html" if "part" in request.GET else "housekeeping/assigning.html"
    context = {**_columns(of), "section": "housekeeping", "page": "assigning", "live_number": number}
    return render(request, template, context)


def _columns(of: Shown) -> dict[str, object]:
    shares: list[Share] = assigning.shares(of.chosen, clock.now(), tomorrow=of.tomorrow) if of.places else []
    every = [card for share in shares for card in share.cards]
    return {
        "of": of,
        "shares": shares,
        "sum": cards.progress(every),
        "total": len(every),
        "minutes": sum(share.minutes for share in shares),
        "minutes_done": sum(share.minutes_done for share in shares),
    }


@require_POST
@page(Permission.HOUSEKEEPING_ASSIGN)
def assign(request: HttpRequest) -> HttpResponse:
    """`unit` one or many, `person` empty: nobody's again."""
    user, of = user_of(request), shown(request)
    wanted = request.POST.getlist("unit")[:MOST_AT_ONCE]
    units = list(units_of(user).filter(public_id__in=wanted))
    if len(units) != len(set(wanted)):
        raise Http404("unit")
    person = None
    if public_id := request.POST.get("person", ""):
        people = User.objects.filter(organization_id=user.organization_id)
        person = get_object_or_404(people, public_id=public_id)
    try:
        assigning.assign(user, units, person, clock.now(), tomorrow=of.tomorrow)
    except ValidationError as why:
        return _refused(why)
    return render(request, "housekeeping/_shares.html", _columns(of))


@require_POST
@page(Permission.HOUSEKEEPING_ASSIGN)
def spread(request: HttpRequest) -> HttpResponse:
    """Give what is nobody's to whoever has the least."""
    of = shown(request)
    try:
        count = assigning.spread(user_of(request), of.chosen, clock.now(), tomorrow=of.tomorrow)
    except ValidationError as why:
        return _refused(why)
    said = ngettext("%d unit given", "%d units given", count) % count
    return render(request, "housekeeping/_shares.html", {**_columns(of), "said": said})


@require_POST
@page(Permission.HOUSEKEEPING_ASSIGN)
def minutes(request: HttpRequest, public_id: str) -> HttpResponse:
    """How long a unit takes on that day; empty: as usual."""
    of = shown(request)
    unit = get_object_or_404(units_of(user_of(request)), public_id=public_id)
    day = reading.today(unit.property, clock.now()) + timedelta(days=of.tomorrow)
    try:
        told = request.POST.get("minutes", "").strip()
        assigning.set_minutes(user_of(request), unit, day, _number(told) if told else None)
    except ValidationError as why:
        return _refused(why)
    return render(request, "housekeeping/_shares.html", _columns(of))


@require_POST
@page(Permission.HOUSEKEEPING_ASSIGN)
def usual(request: HttpRequest) -> HttpResponse:
    """How long units of the property usually take."""
    of = shown(request)
    if of.place is None:
        raise Http404("property")
    try:
        departure, stay_over = (_number(request.POST.get(name, "")) for name in ("departure", "stay_over"))
        assigning.set_usual(user_of(request), of.place, departure, stay_over)
    except ValidationError as why:
        return _refused(why)
    return render(request, "housekeeping/_shares.html", {**_columns(of), "said": _("Minutes saved")})


def _number(text: str) -> int:
    if not text.strip().isdecimal():
        raise ValidationError(_("Give minutes as a number."))
    return int(text)


def _refused(why: ValidationError) -> HttpResponse:
    words = " ".join(why.messages)
    return HttpResponse(
        words, status=HTTPStatus.UNPROCESSABLE_ENTITY, content_type="text/plain; charset=utf-8"
    )
