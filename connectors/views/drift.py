"""Drift: the fields on which the two sides disagree, and what to do about them (ux D1 to D3)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import clock
from bellhop.core.words import read_out
from connectors.contract.registry import connector_class
from connectors.models import Drift
from connectors.trust import drift, drift_messages, drift_runs, overview, overwrites
from connectors.trust.ownership import DEFAULTS
from connectors.views.spreadsheet import as_csv

PAGE = 200
SOLVED_FOR = timedelta(days=7)
HEAD = (
    "connection", "record", "place", "arrival", "entity", "field", "owner", "bellhop", "pms", "since", "cause", "state",
    "solved by", "solved at", "who", "reason",
)  # fmt: skip


def _filter(request: HttpRequest) -> drift.Filter:
    asked = request.GET
    return drift.Filter(
        state=asked.get("state", Drift.State.OPEN),
        cause=asked.get("cause", ""),
        entity=asked.get("entity", ""),
        connection=asked.get("connection", ""),
    )


NAMES = {drift_messages.MISSING_HERE: _("not in Bellhop"), drift_messages.MISSING_THERE: _("not in the PMS")}
ENTITIES = (
    ("reservation", _("reservation")),
    ("guest", _("guest")),
    ("unit", _("unit")),
    ("property", _("property")),
    ("message", _("message")),
)


def _line(user: User, row: Drift) -> dict[str, Any]:
    pms = connector_class(row.connection.slug).label
    take, explained = _taking(row, pms)
    return {
        "row": row,
        "name": NAMES.get(row.field, row.field.replace("_", " ")),
        "pms": pms,
        "take": take,
        "explained": explained,
        "error": read_out(row.error, {}),
        "has_rule": row.field in DEFAULTS.get(row.entity, ()),
        "ours": overwrites.shown(user, row.field, row.ours),
        "theirs": overwrites.shown(user, row.field, row.theirs),
        "can_take": row.owner == "pms" and row.state != Drift.State.RESOLVED,
        "can_send": row.state != Drift.State.RESOLVED and drift.can_send(row),
    }


def _taking(row: Drift, pms: str) -> tuple[str, str]:
    """What the button is called, and what it does, in words."""
    known = {"pms": pms}
    if row.field == drift_messages.MISSING_HERE:
        return gettext("Bring it here"), gettext("Bellhop reads the conversation and takes the message in.")
    if row.field == drift_messages.MISSING_THERE:
        return gettext("Mark as not arrived"), gettext(
            "Bellhop reads the conversation again. If the message still is not there, it is marked as one that may not "
            "have arrived: whoever has the conversation decides whether to send it again. Nothing is sent now."
        )
    if row.cause == Drift.Cause.GONE:
        return gettext("Cancel it here"), gettext(
            "Bellhop asks %(pms)s again. If the stay still is not there, it is cancelled here, and what was planned "
            "for it stops. Nothing is written in %(pms)s."
        ) % known
    return gettext("Take %(pms)s\u2019s") % known, gettext(
        "Bellhop reads it again and takes what %(pms)s says. Nothing is written in %(pms)s."
    ) % known


@require_GET
@page(Permission.HEALTH_READ)
def list_page(request: HttpRequest) -> HttpResponse:
    """The drifts that the filter takes, nearest arrival first; as CSV with ?format=csv."""
    user, wanted = user_of(request), _filter(request)
    rows = drift.listed(user, wanted)
    if request.GET.get("format") == "csv":
        return as_csv("drift", HEAD, [_row(user, row) for row in rows])
    now = clock.now()
    solved = drift.of(user).filter(state=Drift.State.RESOLVED, resolved_at__gte=now - SOLVED_FOR)
    context: dict[str, Any] = {
        "trust": "drift",
        "summary": drift.summary(user),
        "lines": [_line(user, row) for row in rows[:PAGE]],
        "total": rows.count(),
        "solved": [_line(user, row) for row in solved.order_by("-resolved_at")[:20]],
        "wanted": wanted,
        "states": Drift.State.choices,
        "causes": Drift.Cause.choices,
        "entities": ENTITIES,
        "connections": list(overview.connections_of(user).order_by("name")),
        "query": request.GET.urlencode(),
        "here": request.get_full_path(),
        "tomorrow": (now + timedelta(days=1)).date().isoformat(),
    }
    part = request.headers.get("HX-Request-Type") == "partial"
    return render(request, "connectors/drift_part.html" if part else "connectors/drift.html", context)


def _row(user: User, row: Drift) -> list[object]:
    return [
        row.connection.name, row.label, row.place, row.arrival_date or "", row.entity, row.field, row.owner,
        overwrites.shown(user, row.field, row.ours), overwrites.shown(user, row.field, row.theirs),
        row.since.isoformat(timespec="seconds"), row.cause, row.state, row.how,
        row.resolved_at.isoformat(timespec="seconds") if row.resolved_at else "",
        row.by.full_name if row.by else "", row.reason,
    ]  # fmt: skip


@require_GET
@page(Permission.HEALTH_READ)
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One drift: both values, what each button would write and where, and the field's earlier drifts."""
    user = user_of(request)
    row = get_object_or_404(drift.of(user), public_id=public_id)
    earlier = drift.of(user).filter(
        connection=row.connection, entity=row.entity, object_id=row.object_id, field=row.field
    )
    context = {
        "trust": "drift",
        "line": _line(user, row),
        "earlier": [_line(user, old) for old in earlier.exclude(pk=row.pk).order_by("-found_at")[:20]],
        "tomorrow": (clock.now() + timedelta(days=1)).date().isoformat(),
        "here": request.get_full_path(),
    }
    return render(request, "connectors/drift_detail.html", context)


@require_POST
@page(Permission.HEALTH_ACT)
def act(request: HttpRequest) -> HttpResponse:
    """Take the PMS's values, send ours, or ignore until a day: for one drift or several of one cause."""
    user = user_of(request)
    name, _sep, one = request.POST.get("do", "").partition(":")
    chosen = drift.of(user).filter(public_id__in=[one] if one else request.POST.getlist("drift"))
    try:
        count = _act(user, name, list(chosen), request)
    except drift.NotPossible as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, ngettext("%(n)d field: under way.", "%(n)d fields: under way.", count) % {"n": count}
        )
    back = request.POST.get("next", "")
    return redirect(back if back.startswith("/drift/") else "connectors:drift")


def _act(user: User, name: str, chosen: list[Drift], request: HttpRequest) -> int:
    if name == "take":
        return drift.take(user, chosen)
    if name == "send":
        return drift.send(user, chosen)
    if name != "ignore":
        raise BadRequest(name)
    try:
        until = date.fromisoformat(request.POST.get("until", ""))
    except ValueError:
        raise drift.NotPossible(gettext("Until which day?")) from None
    return drift.ignore(user, chosen, until, request.POST.get("reason", ""))


@require_POST
@page(Permission.HEALTH_ACT)
def compare_now(request: HttpRequest) -> HttpResponse:
    """Compare all live stays of every connection now."""
    for connection in overview.connections_of(user_of(request)).filter(paused_at__isnull=True):
        drift_runs.start(connection)
    messages.success(request, _("Comparing."))
    return redirect("connectors:drift")
