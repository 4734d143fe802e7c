"""When a property's audits run, and who gets them; and the audits over the dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import mail
from connectors.views.spreadsheet import as_csv
from reservations.models import NightAuditPlan, Property
from reservations.night_audit import plans, reading, trends
from reservations.night_audit.plans import Wanted
from reservations.night_audit.trends import Series
from reservations.views.night_audit import PLACES, day_of, place_of

TITLES: dict[str, str | Promise] = {
    "requests": gettext_lazy("Requests"),
    "response": gettext_lazy("Response time"),
    "unanswered": gettext_lazy("Unanswered at close"),
    "undelivered": gettext_lazy("Failed or unconfirmed"),
    "outages": gettext_lazy("Outages"),
}
ANCHORS = {"requests": "open", "response": "unanswered"}
WHAT: dict[str, str | Promise] = {"response": gettext_lazy("median"), "unanswered": gettext_lazy("latest")}
STEP, HEIGHT = 10, 100


class PlanForm(forms.Form):
    """Times are local to the property."""

    is_on = forms.BooleanField(label=gettext_lazy("Run by itself every night"), required=False)
    closes_at = forms.TimeField(
        label=gettext_lazy("The business date ends at"),
        help_text=gettext_lazy("By the property's clocks. What happens before belongs to the day before."),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    mail_at = forms.TimeField(
        label=gettext_lazy("E-mail it at"),
        help_text=gettext_lazy("Empty: no e-mail."),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    recipients = forms.CharField(
        label=gettext_lazy("To"),
        help_text=gettext_lazy(
            "One address per line. Guests' words only go to colleagues who may read conversations here."
        ),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(
            is_on=given["is_on"],
            closes_at=given["closes_at"],
            mail_at=given["mail_at"],
            recipients=given["recipients"].replace(",", "\n").splitlines(),
        )


@require_http_methods(["GET", "POST"])
@page(Permission.NIGHT_AUDIT_EDIT)
def plan(request: HttpRequest, public_id: str) -> HttpResponse:
    """The times of a property's audits."""
    place = place_of(request, public_id)
    row = plans.of(place) or NightAuditPlan(property=place)
    form = PlanForm(request.POST or None, initial=_given(row))
    if request.method == "POST" and form.is_valid():
        try:
            plans.change(user_of(request), place, form.wanted())
        except ValidationError as refused:
            form.add_error("recipients", refused)
        else:
            messages.success(request, _("Saved"))
            return redirect("reservations:night-audit-dates", place.public_id)
    context = {
        "audit_page": "dates",
        "place": place,
        "plan": row,
        "form": form,
        "mail_configured": mail.is_configured(),
    }
    return render(request, "reservations/night_audit/plan.html", context)


def _given(row: NightAuditPlan) -> dict[str, Any]:
    return {
        "is_on": row.is_on,
        "closes_at": row.closes_at,
        "mail_at": row.mail_at,
        "recipients": "\n".join(row.recipients),
    }


# --- over the dates ---
@dataclass(frozen=True, slots=True)
class Bar:
    """One date of a chart, in its own units: `height` None where there is no number."""

    x: int
    y: int
    height: int | None
    value: int | None
    on: date
    url: str


@dataclass(frozen=True, slots=True)
class Chart:
    title: str | Promise
    what: str | Promise
    is_time: bool
    total: int | None
    most: int
    width: int
    bars: tuple[Bar, ...]


@require_GET
@page(Permission.NIGHT_AUDIT_READ)
def trend(request: HttpRequest) -> HttpResponse:
    """Requests, response time, unanswered, failed and outages by date; as CSV with ?format=csv."""
    user, given = user_of(request), request.GET
    place = place_of(request, given["property"]) if given.get("property") else None
    over = reading.today(place, plans.of(place)) - timedelta(days=1) if place else reading.first_date(user)
    first, last = trends.span(day_of(given.get("from")), day_of(given.get("to")), over)
    found = trends.of(user, place, first, last)
    if given.get("format") == "csv":
        lines = [
            [point.on, point.of, *(point.values[name] for name in trends.NAMES)] for point in found.points
        ]
        return as_csv("night-audit-trends", ("date", "audits", *trends.NAMES), lines)
    context = {
        "audit_page": "trends",
        "place": place,
        "places": reading.places(user).order_by("name", "pk")[:PLACES],
        "found": found,
        "charts": [_chart(series, place) for series in found.series],
        "rows": [
            (
                point,
                [
                    (name, TITLES[name], point.values[name], _url(name, place, point.on))
                    for name in trends.NAMES
                ],
            )
            for point in found.points
        ],
    }
    return render(request, "reservations/night_audit/trends.html", context)


def _url(name: str, place: Property | None, on: date) -> str:
    """Where a number comes from: the paper, or the list of that date's papers."""
    if place is None:
        return f"{reverse('reservations:night-audits')}?{urlencode({'day': on})}"
    anchor = ANCHORS.get(name, name)
    return f"{reverse('reservations:night-audit', args=[place.public_id, on.isoformat()])}#s-{anchor}"


def _chart(series: Series, place: Property | None) -> Chart:
    bars = tuple(_bar(n, series, place) for n in range(len(series.points)))
    is_time = series.name == "response"
    what = WHAT.get(series.name, _("in all"))
    return Chart(TITLES[series.name], what, is_time, series.total, series.most, STEP * len(bars), bars)


def _bar(n: int, series: Series, place: Property | None) -> Bar:
    on, value = series.points[n]
    height = None if value is None else max(2, round(HEIGHT * value / series.most)) if value else 1
    return Bar(STEP * n + 1, HEIGHT - (height or 0), height, value, on, _url(series.name, place, on))
