"""The ownership log: whose each field is, what happened to it, and the quarterly review (ux O1 to O3)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core import clock
from connectors.models import Connection, FieldRule
from connectors.trust import overview, overwrites, rules, rules_log, rules_review
from connectors.trust.ownership import DEFAULTS, Direction, Freshness, Owner
from connectors.views.spreadsheet import as_csv

HEAD = (
    "connection", "entity", "field", "owner", "direction", "freshness", "alert", "reason", "last change", "changed by",
    "last overwrite", "overwrites in 91 days", "refused in 91 days", "last reviewed", "reviewed by", "against the rule",
)  # fmt: skip


def _connection(request: HttpRequest, public_id: str) -> Connection:
    return get_object_or_404(overview.connections_of(user_of(request)), public_id=public_id)


def _filter(request: HttpRequest) -> rules_log.Filter:
    asked = request.POST if request.method == "POST" else request.GET
    return rules_log.Filter(
        entity=asked.get("entity", ""),
        owner=asked.get("owner", ""),
        text=asked.get("q", "")[:80],
        only=asked.get("only", ""),
    )


@require_GET
@page(Permission.HEALTH_READ)
def log_page(request: HttpRequest) -> HttpResponse:
    """The table of one connection, filtered; as CSV of all connections with ?format=csv."""
    connections = list(overview.connections_of(user_of(request)).order_by("name"))
    wanted = _filter(request)
    if request.GET.get("format") == "csv":
        return _csv(rules_log.lines(connections, wanted))
    asked = request.GET.get("connection", "")
    chosen = next(
        (row for row in connections if row.public_id == asked), connections[0] if connections else None
    )
    everything = rules_log.lines([chosen]) if chosen else []
    context: dict[str, Any] = {
        "trust": "ownership",
        "connections": connections,
        "chosen": chosen,
        "wanted": wanted,
        "lines": [line for line in everything if wanted.takes(line)],
        "due": rules_review.due(chosen, everything) if chosen else None,
        "entities": [(entity, entity.replace("_", " ")) for entity in DEFAULTS],
        "owners": FieldRule.Owner.choices,
        "query": request.GET.urlencode(),
        "now": clock.now(),
    }
    return render(request, "connectors/ownership.html", context)


def _csv(lines: list[rules_log.Line]) -> HttpResponse:
    return as_csv("ownership", HEAD, [_row(line) for line in lines])


def _row(line: rules_log.Line) -> list[object]:
    rule = line.rule
    return [
        line.connection.name, rule.entity, rule.field, rule.owner, rule.get_direction_display(), rule.freshness,
        rule.alert.full_name if rule.alert else "", rule.reason, _iso(rule.changed_at),
        rule.changed_by.full_name if rule.changed_by else "", _iso(line.last_overwrite), line.overwrites, line.refused,
        _iso(rule.reviewed_at), rule.reviewed_by.full_name if rule.reviewed_by else "", " ".join(line.against),
    ]  # fmt: skip


def _iso(moment: Any) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


@require_http_methods(["GET", "POST"])
@page(Permission.HEALTH_READ)
def field_page(request: HttpRequest, public_id: str, entity: str, field: str) -> HttpResponse:
    """One field: its rule, who changed it, the last overwrites and refusals; POST changes the rule."""
    connection, user = _connection(request, public_id), user_of(request)
    if field not in DEFAULTS.get(entity, {}):
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            rules.change(user, connection, entity, field, _wanted(request))
        except rules.NotAllowed as refused:
            error = str(refused)
        else:
            messages.success(request, _("The rule holds from now on."))
            return redirect("connectors:rule", public_id, entity, field)
    line = rules_log.line_of(connection, entity, field)
    context = {
        "trust": "ownership",
        "line": line,
        "error": error,
        "history": _history(user, line),
        "people": User.objects.filter(organization_id=user.organization_id, is_active=True).order_by(
            "full_name"
        ),
        "owners": FieldRule.Owner.choices,
        "directions": FieldRule.Direction.choices,
        "freshness": [
            choice for choice in FieldRule.Freshness.choices if not (line.urgent and choice[0] == "daily")
        ],
    }
    return render(request, "connectors/ownership_field.html", context, status=422 if error else 200)


def _history(user: User, line: rules_log.Line) -> list[dict[str, object]]:
    rule = line.rule
    return [
        {
            "row": row,
            "old": overwrites.shown(user, row.field, row.old),
            "new": overwrites.shown(user, row.field, row.new),
            "against": rules_log.contradicts(row, rule),
        }
        for row in rules_log.history(line.connection, rule.entity, rule.field)
    ]


def _wanted(request: HttpRequest) -> rules.Wanted:
    asked = request.POST
    alert = asked.get("alert", "")
    try:
        return rules.Wanted(
            owner=Owner(asked.get("owner", "")),
            direction=Direction(asked.get("direction", "")),
            freshness=Freshness(asked.get("freshness", "")),
            alert_id=int(alert) if alert else None,
            reason=asked.get("reason", ""),
        )
    except ValueError as error:
        raise BadRequest(str(error)) from error


@require_POST
@page(Permission.HEALTH_ACT)
def mark(request: HttpRequest, public_id: str) -> HttpResponse:
    """The rows that the filter shows were looked at."""
    connection = _connection(request, public_id)
    count = rules_review.mark(user_of(request), connection, rules_log.lines([connection], _filter(request)))
    messages.success(request, _("%d fields marked as reviewed.") % count)
    return redirect(f"{reverse('connectors:ownership')}?connection={connection.public_id}")


@require_POST
@page(Permission.HEALTH_ACT)
def sign_off(request: HttpRequest, public_id: str) -> HttpResponse:
    """End the quarterly review with a name."""
    connection = _connection(request, public_id)
    try:
        rules_review.sign_off(user_of(request), connection, request.POST.get("name", ""))
    except rules.NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Signed off."))
    return redirect(f"{reverse('connectors:ownership')}?connection={connection.public_id}")
