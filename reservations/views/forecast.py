"""The forecast: a week or a day of what goes out by itself, and why the rest does not; one step with its guests."""

from __future__ import annotations

from collections.abc import Sequence as Many
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import clock
from reservations.models import Property, ScheduledMessage
from reservations.sequences import calendar, definition, forecast, previewing
from reservations.sequences.calendar import Item, Show, Wanted
from reservations.sequences.forecast import Line
from reservations.sequences.previewing import Preview
from reservations.services import scope
from reservations.views.editor import sequence_of


@require_GET
@page(Permission.SEQUENCES_EDIT)
def show(request: HttpRequest) -> HttpResponse:
    """`?sequence=` one of them, `?view=day`, `?day=` where it begins, `?open=` an item whose guests stand beside."""
    user, given = user_of(request), request.GET
    sequence = sequence_of(request, given["sequence"]) if given.get("sequence") else None
    places = scope.properties(user)
    wanted = Wanted(
        place=given.get("property", ""), show=given.get("state", ""), reason=given.get("reason", "")
    )
    now = _now(places, wanted.place)
    count = 1 if given.get("view") == "day" else calendar.WEEK
    first, before, after = calendar.span(_day(given.get("day", ""), now.date()), count, now.date())
    known = forecast.lines(user, sequence)
    lines = [line for line in known if wanted.holds(line)]
    days = calendar.days(lines, first, count, now)
    items = [item for day in days for item in day.items]
    shown = [line for item in items for line in (*item.going, *item.held)]
    whys = calendar.whys(
        line for line in known if first <= line.day <= days[-1].day and wanted.holds_but_for_reason(line)
    )
    context = {
        "section": "sequences",
        "page": "forecast",
        "sequence": sequence,
        "sequences": user.organization.sequences.exclude(live=None).order_by("name"),
        "places": places,
        "wanted": wanted,
        "shows": Show.choices,
        "days": days,
        "lines": sorted(shown, key=lambda line: (line.at.time(), line.row.due_at)),
        "is_day": count == 1,
        "first": first,
        "last": days[-1].day,
        "before": before,
        "after": after,
        "now": now,
        "going": sum(day.going for day in days),
        "held": sum(day.held for day in days),
        "whys": whys,
        "most": sum(why.count for why in whys),
        "is_cut": len(known) >= forecast.MOST,
        "is_filtered": bool(sequence or wanted != Wanted()),
        **_open(user, items, given.get("open", ""), given.get("guest", "")),
    }
    return render(request, "reservations/forecast.html", context)


def _now(places: Many[Property], chosen: str) -> datetime:
    """The present at the chosen property, else at the first one."""
    place = next((one for one in places if one.public_id == chosen), None) or next(iter(places), None)
    return clock.now().astimezone(place.zone) if place is not None else clock.now()


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return today


def _open(user: User, items: list[Item], key: str, guest: str) -> dict[str, Any]:
    item = next((one for one in items if one.key == key), None)
    if item is None:
        return {}
    lines = (*item.going, *item.held)
    chosen = next((line for line in lines if line.row.public_id == guest), lines[0])
    return {"item": item, "chosen": chosen, "preview": _preview(user, chosen)}


def _preview(user: User, line: Line) -> Preview | None:
    """The text as it would leave now; None for what has left."""
    if line.row.state == ScheduledMessage.State.SENT:
        return None
    stay = previewing.by_id(user, line.row.reservation.public_id)
    found = definition.parse(line.row.enrollment.version.definition)
    step = next((one for one in found.steps if one.key == line.row.step_key), None)
    return previewing.of(stay, found, step) if stay is not None and step is not None else None
