"""The housekeeping board: the page, one tap, undo, what somebody found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, remember_language, user_of
from bellhop.core import clock, live
from bellhop.core.file_types import MAX_BYTES, reason
from bellhop.core.serving import file_response
from reservations.board import cards, marks, reading, reporting, setting
from reservations.board.reporting import Report
from reservations.board.setting import Ask, Tap
from reservations.models import Property, Unit, UnitReport, UnitState
from reservations.services import scope
from reservations.templatetags.board_words import act_words, state_words
from reservations.views import board_cards

MOST_TOGETHER = 300
"""More units than these are shown property by property."""
KEPT_BY_BROWSERS_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Shown:
    """What a board is of: one of the `places` that the person sees, or all of them (`place` None); `day` is that of the
    first."""

    places: list[Property]
    place: Property | None
    tomorrow: bool
    day: date

    @property
    def chosen(self) -> list[Property]:
        return self.places if self.place is None else [self.place]


def shown(request: HttpRequest) -> Shown:
    """`?property=` one, "all" or nothing: all, unless they are too many; `?day=tomorrow`."""
    places = scope.properties(user_of(request))
    wanted = request.GET.get("property") or request.POST.get("property", "")
    place = next((some for some in places if some.public_id == wanted), None)
    if wanted not in {"", "all"} and place is None:
        raise Http404(wanted)
    if place is None and places and (len(places) == 1 or _are_many(places)):
        place = places[0]
    tomorrow = (request.GET.get("day") or request.POST.get("day")) == "tomorrow"
    first, now = place or next(iter(places), None), clock.now()
    today = reading.today(first, now) if first else now.date()
    return Shown(places, place, tomorrow, today + timedelta(days=tomorrow))


def _are_many(places: list[Property]) -> bool:
    return Unit.objects.filter(property__in=places)[: MOST_TOGETHER + 1].count() > MOST_TOGETHER


@require_GET
@page(Permission.HOUSEKEEPING_READ)
def show(request: HttpRequest) -> HttpResponse:
    """Units on a day; `?whose=mine` or `all`, else one's own where there are any."""
    user, now = user_of(request), clock.now()
    number = live.last_number(user.organization_id)
    of = shown(request)
    every = reading.of_places(of.chosen, now, tomorrow=of.tomorrow)
    mine = [card for card in every if card.assignee == user.public_id]
    whose = request.GET.get("whose") or ("mine" if mine else "all")
    listed = mine if whose == "mine" else every
    language = translation.get_language() or settings.LANGUAGE_CODE
    groups = [
        (group, [board_cards.html(card, language) for card in some])
        for group, some in cards.grouped(listed).items()
    ]
    context = {
        "section": "housekeeping",
        "page": "board",
        "live_number": number,
        "of": of,
        "whose": whose,
        "groups": groups,
        "total": len(listed),
        "all_count": len(every),
        "mine_count": len(mine),
        "sum": cards.progress(listed),
        "states": UnitState.values,
        "acts": [cards.STARTED, *UnitState.values],
        "languages": [
            (code, translation.get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES
        ],
    }
    return render(request, "housekeeping/board.html", context)


def units_of(user: User) -> QuerySet[Unit]:
    """The units that the person may see."""
    rows = Unit.objects.filter(organization_id=user.organization_id).select_related("property")
    ids = scope.property_ids(user)
    return rows if ids is None else rows.filter(property_id__in=ids)


def _unit(request: HttpRequest, public_id: str) -> Unit:
    return get_object_or_404(units_of(user_of(request)), public_id=public_id)


@require_POST
@page(Permission.HOUSEKEEPING_READ)
def tap(request: HttpRequest, public_id: str) -> HttpResponse:
    """`do` is what the tap says: a state, started, refused, welcome, seen, retry."""
    user, unit, act = user_of(request), _unit(request, public_id), request.POST.get("do", "")
    token = request.POST.get("token") or get_random_string(20)
    wanted = Tap(act=act, token=token, was=request.POST.get("was", ""), sure="sure" in request.POST)
    undoable = ""
    try:
        if act == "seen":
            marks.seen(user, unit, _day(request, unit), request.POST.get("mark", ""))
        elif act == "retry":
            setting.retry(user, unit)
        elif setting.tap(user, unit, wanted) is not None:
            undoable = token
    except Ask as ask:
        return _answer(request, unit, HTTPStatus.CONFLICT, ask=_question(unit, wanted, ask), was=ask.state)
    except ValidationError as why:
        return _answer(request, unit, HTTPStatus.UNPROCESSABLE_ENTITY, refused=" ".join(why.messages))
    except PermissionDenied:
        whose = _("Whoever cleans this unit has to read that.")
        return _answer(request, unit, HTTPStatus.UNPROCESSABLE_ENTITY, refused=whose)
    said = f"{unit.name}: {act_words(act)}" if undoable else ""
    return _answer(request, unit, HTTPStatus.OK, undo=undoable, said=said)


def _day(request: HttpRequest, unit: Unit) -> date:
    today = reading.today(unit.property, clock.now())
    return today + timedelta(days=request.POST.get("day") == "tomorrow")


def _question(unit: Unit, wanted: Tap, ask: Ask) -> str:
    if ask.why == "occupied":
        return _("%(unit)s: the PMS says that somebody is in. Set %(state)s all the same?") % {
            "unit": unit.name, "state": act_words(wanted.act),
        }  # fmt: skip
    at = f"{ask.at.astimezone(unit.property.zone):%H:%M}" if ask.at else ""
    told = {"unit": unit.name, "state": state_words(ask.state), "by": ask.by or _("the PMS"), "at": at}
    changed = _("%(unit)s was set to %(state)s by %(by)s, %(at)s.") % told
    return f"{changed} " + _("Set %(state)s all the same?") % {"state": act_words(wanted.act)}


def _answer(request: HttpRequest, unit: Unit, status: HTTPStatus, **told: Any) -> HttpResponse:
    """The card as it is now, and what there is to say; without scripts, the page."""
    if "application/json" not in request.headers.get("Accept", ""):
        return redirect(f"{reverse('reservations:board')}?property={unit.property.public_id}")
    return JsonResponse({"card": _card_html(request, unit), **told}, status=status)


def _card_html(request: HttpRequest, unit: Unit) -> str:
    day = _day(request, unit)
    fresh = Unit.objects.select_related("property").get(pk=unit.pk)
    [card] = reading.read([fresh], {fresh.property_id: (day,)}, clock.now())
    return board_cards.html(card, translation.get_language() or settings.LANGUAGE_CODE)


@require_POST
@page(Permission.HOUSEKEEPING_READ)
def undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a tap back, by its token."""
    unit = _unit(request, public_id)
    try:
        setting.undo(user_of(request), unit, request.POST.get("token", ""))
    except ValidationError as why:
        return _answer(request, unit, HTTPStatus.UNPROCESSABLE_ENTITY, refused=" ".join(why.messages))
    return _answer(request, unit, HTTPStatus.OK, said=_("%(unit)s: undone") % {"unit": unit.name})


@require_POST
@page(Permission.HOUSEKEEPING_READ)
def report(request: HttpRequest, public_id: str) -> HttpResponse:
    """What somebody found, with a photo."""
    unit, photo = _unit(request, public_id), request.FILES.get("photo")
    wanted = Report(
        kind=request.POST.get("kind", ""),
        note=request.POST.get("note", ""),
        token=request.POST.get("token") or get_random_string(20),
    )
    if photo is not None and (photo.size or 0) > MAX_BYTES:
        return _answer(request, unit, HTTPStatus.UNPROCESSABLE_ENTITY, refused=reason("too_large"))
    content, name = (photo.read(), photo.name or "") if photo is not None else (b"", "")
    try:
        made = reporting.report(user_of(request), unit, wanted, content, name)
    except ValidationError as why:
        return _answer(request, unit, HTTPStatus.UNPROCESSABLE_ENTITY, refused=" ".join(why.messages))
    except OSError:
        said = _("Photos can't be kept right now. Try again in a moment.")
        return _answer(request, unit, HTTPStatus.SERVICE_UNAVAILABLE, refused=said)
    return _answer(request, unit, HTTPStatus.OK, said=_reported(made))


def _reported(row: UnitReport) -> str:
    if row.work is not None:
        return _("%(unit)s: work ordered") % {"unit": row.unit.name}
    if row.request is not None:
        return _("%(unit)s: the desk knows") % {"unit": row.unit.name}
    return _("%(unit)s: kept on the board") % {"unit": row.unit.name}


def report_of(request: HttpRequest, public_id: str) -> UnitReport:
    """One that the person may see, by its property."""
    rows = UnitReport.objects.filter(unit__in=units_of(user_of(request))).select_related("unit__property")
    return get_object_or_404(rows, public_id=public_id)


@require_POST
@page(Permission.HOUSEKEEPING_READ)
def report_done(request: HttpRequest, public_id: str) -> HttpResponse:
    """It is dealt with."""
    row = report_of(request, public_id)
    reporting.done(user_of(request), row)
    return _answer(request, row.unit, HTTPStatus.OK, said=_("%(unit)s: done") % {"unit": row.unit.name})


@require_GET
@page(Permission.HOUSEKEEPING_READ)
def report_photo(request: HttpRequest, public_id: str) -> HttpResponse:
    """A report's photo; `?small` as it is shown on the card."""
    row = report_of(request, public_id)
    key = row.thumbnail_key if "small" in request.GET else row.storage_key
    if not key:
        raise Http404(public_id)
    return file_response(request, key, "photo", max_age_s=KEPT_BY_BROWSERS_S)


@require_POST
@page(Permission.HOUSEKEEPING_READ)
def language(request: HttpRequest) -> HttpResponse:
    """The language that the person reads, from now on and everywhere."""
    user, wanted = user_of(request), request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES):
        raise Http404(wanted)
    user.language = wanted
    user.save(update_fields=["language"])
    answer = redirect("reservations:board")
    remember_language(answer, user)
    return answer
