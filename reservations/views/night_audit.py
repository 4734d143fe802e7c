"""Night audits: all properties on a date, the dates of a property, the paper with its print, CSV and PDF."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import clock
from connectors.views.spreadsheet import as_csv
from reservations.models import NightAudit, NightAuditPlan, Property
from reservations.models.audit import USUAL_CLOSE
from reservations.night_audit import addenda, days, mailing, pdf, plans, reading, running
from reservations.night_audit.sheet import Sheet

PLACES = 200
"""So many properties fit into a list to choose from."""
EARLIEST = date(2000, 1, 1)
"""No paper is older; the calendar's own beginning has no day before."""
CSV_HEAD = ("section", "number", "property", "business date", "row", "column", "value", "was")


def place_of(request: HttpRequest, public_id: str) -> Property:
    """404 for what the person does not see."""
    return get_object_or_404(reading.places(user_of(request)), public_id=public_id)


def day_of(text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found >= EARLIEST else None


def _date(text: str) -> date:
    found = day_of(text)
    if found is None:
        raise Http404(text)
    return found


@require_GET
@page(Permission.NIGHT_AUDIT_READ)
def overview(request: HttpRequest) -> HttpResponse:
    """Every property on one date: `?day=`, else the last one that is over."""
    user = user_of(request)
    newest = reading.first_date(user)
    on = min(day_of(request.GET.get("day")) or newest, newest + timedelta(days=1))
    context = {
        "audit_page": "overview",
        "on": on,
        "before": on - timedelta(days=1),
        "next": on + timedelta(days=1) if on <= newest else None,
        "shown": reading.of_date(user, on, request.GET.get("after", "")),
        "is_first": not request.GET.get("after"),
    }
    return render(request, "reservations/night_audit/overview.html", context)


@require_GET
@page(Permission.NIGHT_AUDIT_READ)
def dates(request: HttpRequest, public_id: str) -> HttpResponse:
    """The dates of a property, newest first, those that are missing among them."""
    place = place_of(request, public_id)
    shown = reading.of_place(user_of(request), place, day_of(request.GET.get("before")))
    missing = [line.on for line in shown.lines if line.lacks]
    context = {
        "audit_page": "dates",
        "place": place,
        "plan": plans.of(place),
        "shown": shown,
        "missing": missing,
    }
    return render(request, "reservations/night_audit/dates.html", context)


@require_GET
@page(Permission.NIGHT_AUDIT_READ)
def paper(request: HttpRequest, public_id: str, day: str) -> HttpResponse:
    """The audit of a date; as CSV or PDF with ?format=."""
    place, on = place_of(request, public_id), _date(day)
    user, plan = user_of(request), plans.of(place)
    today = reading.today(place, plan)
    if on > today:
        raise Http404(day)
    sheet, kind = reading.paper(user, place, on), request.GET.get("format")
    if sheet is not None and kind == "csv":
        return _csv(sheet)
    if sheet is not None and kind == "pdf":
        return _pdf(sheet)
    context: dict[str, Any] = {
        "audit_page": "paper",
        "place": place,
        "places": reading.places(user).order_by("name", "pk")[:PLACES],
        "plan": plan,
        "on": on,
        "before": on - timedelta(days=1),
        "next": on + timedelta(days=1) if on < today else None,
        "is_open": on >= today,
        "early": _early(place, plan, on),
        "can_run": on >= today - running.BACK,
        "sheet": sheet,
        "now": clock.now(),
    }
    return render(request, "reservations/night_audit/paper.html", context)


def _early(place: Property, plan: NightAuditPlan | None, on: date) -> int:
    """Minutes until the date's close; 0 after it."""
    close = days.ends(on, plan.closes_at if plan is not None else USUAL_CLOSE, place.zone)
    return max(0, int((close - clock.now()).total_seconds() // 60))


def _csv(sheet: Sheet) -> HttpResponse:
    """One line per value, so that sections of unlike columns stand in one table; a section without rows is one line
    that says 0."""
    fixed = (sheet.place.name, sheet.audit.business_date.isoformat())
    lines: list[tuple[object, ...]] = []
    for block in sheet.blocks:
        about = (block.title, block.number, *fixed)
        lines.append((*about, "", _("Count"), len(block.rows), block.of or block.summary))
        for n, row in enumerate(block.rows, 1):
            lines += [
                (*about, n, head, cell.value, cell.was)
                for head, cell in zip(block.heads, row, strict=True)
                if cell.value or cell.was
            ]
    for late in sheet.late:
        at = late.found_at.astimezone(sheet.place.zone).isoformat(timespec="seconds")
        lines += [
            (one.title, "", *fixed, at, ", ".join(part for part in (one.who, one.unit) if part), one.what, "")
            for one in late.lines
        ]
    return as_csv(mailing.file_name(sheet.audit, "csv").removesuffix(".csv"), CSV_HEAD, lines)


def _pdf(sheet: Sheet) -> HttpResponse:
    answer = HttpResponse(pdf.render(sheet), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{mailing.file_name(sheet.audit, "pdf")}"'
    return answer


@require_POST
@page(Permission.NIGHT_AUDIT_RUN)
def run(request: HttpRequest, public_id: str, day: str) -> HttpResponse:
    """Run it now."""
    place, on = place_of(request, public_id), _date(day)
    try:
        running.run(user_of(request), place, on)
    except running.NotPossible as refused:
        messages.error(request, str(refused))
        return redirect("reservations:night-audit-dates", place.public_id)
    return redirect("reservations:night-audit", place.public_id, on.isoformat())


@require_POST
@page(Permission.NIGHT_AUDIT_RUN)
def look(request: HttpRequest, public_id: str, day: str) -> HttpResponse:
    """Look for facts that became known since."""
    place, on = place_of(request, public_id), _date(day)
    rows = NightAudit.objects.defer("facts").select_related("property")
    row = get_object_or_404(rows, property=place, business_date=on)
    found = addenda.look(user_of(request), row)
    told = ngettext("%(n)d fact was added.", "%(n)d facts were added.", found) % {"n": found}
    messages.success(request, told if found else _("Nothing else became known."))
    return redirect("reservations:night-audit", place.public_id, on.isoformat())
