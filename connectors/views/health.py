"""Integration health: every connection, worst first; one connection with its journal and Commands (ux I1, I3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit
from bellhop.accounts.web import page, user_of
from bellhop.core import clock, live
from bellhop.core.models import Incident
from connectors.contract.direct import Channel
from connectors.contract.registry import connector_class
from connectors.forms import CredentialsForm
from connectors.inbound import journal
from connectors.models import Command, Connection, ConnectionKind, DeliveryState, WebhookDelivery
from connectors.outbound import outbox
from connectors.outbound.addresses import hook_url
from connectors.outbound.caller import channel_for
from connectors.trust import connecting, freshness, overview, redaction, shapes
from connectors.views.channel_words import WORDS

PAGE = 50


@require_GET
@page(Permission.HEALTH_READ)
def overview_page(request: HttpRequest) -> HttpResponse:
    """All connections and open incidents."""
    user = user_of(request)
    number = live.last_number(user.organization_id)
    found = overview.incidents(user)
    context = {
        "section": "health",
        "live_number": number,
        "rows": overview.rows(user),
        "incidents": found,
        "people": overview.people(user, found),
        "now": clock.now(),
    }
    part = request.headers.get("HX-Request-Type") == "partial"
    return render(request, "connectors/_overview.html" if part else "connectors/health.html", context)


def _connection(request: HttpRequest, public_id: str) -> Connection:
    rows = overview.connections_of(user_of(request)).select_related("health")
    return get_object_or_404(rows, public_id=public_id)


@require_GET
@page(Permission.HEALTH_READ)
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One connection: journal, quarantine, Commands, imports, capabilities."""
    connection = _connection(request, public_id)
    state = request.GET.get("state", "")
    before = request.GET.get("before", "")
    deliveries = (
        WebhookDelivery.objects.filter(connection=connection).defer("body", "traceback").order_by("-id")
    )
    if state in DeliveryState.values:
        deliveries = deliveries.filter(state=state)
    if before.isdigit():
        deliveries = deliveries.filter(pk__lt=int(before))
    page_rows = list(deliveries[: PAGE + 1])
    context: dict[str, Any] = {
        "section": "health",
        "live_number": live.last_number(connection.organization_id),
        "connection": connection,
        "row": next(row for row in overview.rows(user_of(request)) if row.connection.pk == connection.pk),
        "deliveries": page_rows[:PAGE],
        "next_before": page_rows[PAGE - 1].pk if len(page_rows) > PAGE else None,
        "state": state,
        "states": DeliveryState.choices,
        "commands": _commands(connection),
        "runs": list(connection.sync_runs.order_by("-id")[:12]),
        "capabilities": connector_class(connection.slug).capabilities.entities.items(),
        "limits": connector_class(connection.slug).limits,
        "credentials": CredentialsForm(connector_class(connection.slug)),
        "now": clock.now(),
        "addresses": [(WORDS[Channel(name)], at) for name, at in connection.addresses.items()],
        "templates": list(connection.templates.order_by("name", "language")),
        "to_enter": _to_enter(connection) if user_of(request).may(Permission.CONNECTIONS_EDIT) else (),
        **_freshness(connection),
        "shapes": shapes.compared(connection),
        "endpoints": list(connection.endpoint_calls.order_by("path", "method")),
    }
    return render(request, "connectors/detail.html", context)


def _to_enter(connection: Connection) -> list[tuple[str, str]]:
    """What a person types into the provider's console: (what it is for, address). It bears what makes it believed."""
    if connection.kind == ConnectionKind.PMS:
        return []
    words = {"inbound": _("What guests write"), "tracking": _("What became of ours")}
    found = channel_for(connection).hook_addresses(hook_url(connection))
    return [(str(words.get(name, name)), address) for name, address in found.items()]


def _freshness(connection: Connection) -> dict[str, Any]:
    """Lag per entity over a day and over a week, side by side."""
    now = clock.now()
    windows = ((_("24 h"), timedelta(days=1)), (_("7 d"), timedelta(days=7)))
    found = [
        {lag.entity: lag for lag in freshness.lags([connection.pk], now - length)}
        for _label, length in windows
    ]
    rows = [
        (entity, f"{lag.class_name}, {lag.target_s:g} s", [window.get(entity) for window in found])
        for entity, lag in found[-1].items()
    ]
    return {"lag_windows": [label for label, _length in windows], "lag_rows": rows}


def _commands(connection: Connection) -> list[Command]:
    return list(connection.commands.prefetch_related("attempts").order_by("-id")[:PAGE])


def _delivery(request: HttpRequest, number: int) -> WebhookDelivery:
    visible = overview.connections_of(user_of(request)).values("pk")
    return get_object_or_404(
        WebhookDelivery.objects.select_related("connection"), pk=number, connection__in=visible
    )


@require_GET
@page(Permission.PAYLOADS_READ)
def delivery_page(request: HttpRequest, number: int) -> HttpResponse:
    """One journal entry as received, secrets masked."""
    delivery = _delivery(request, number)
    context = {
        "section": "health",
        "delivery": delivery,
        "headers": redaction.headers(delivery.headers),
        "body": redaction.payload(bytes(delivery.body)),
        "replays": list(delivery.replays.order_by("id")),
    }
    return render(request, "connectors/delivery.html", context)


@require_POST
@page(Permission.HEALTH_ACT)
def delivery_act(request: HttpRequest, number: int, action: str) -> HttpResponse:
    """Replay a journal entry, or discard a quarantined one."""
    user, delivery = user_of(request), _delivery(request, number)
    if action == "replay":
        journal.replay(delivery)
    elif action == "discard":
        journal.discard(delivery, f"by {user.full_name}")
    else:
        raise BadRequest(action)
    audit(user.organization_id, user, f"delivery.{action}", f"delivery:{delivery.pk}")
    return redirect("connectors:detail", delivery.connection.public_id)


@require_POST
@page(Permission.HEALTH_ACT)
def connection_act(request: HttpRequest, public_id: str, action: str) -> HttpResponse:
    """Pause, resume, or replay the whole quarantine."""
    user, connection = user_of(request), _connection(request, public_id)
    if action == "pause":
        connecting.pause(
            connection, request.POST.get("reason", "") or _("Paused by %s") % user.full_name, user
        )
    elif action == "resume":
        connecting.resume(connection, user)
    elif action == "replay-quarantine":
        parked = WebhookDelivery.objects.filter(connection=connection, state=DeliveryState.QUARANTINED)
        for delivery in parked.select_related("connection").order_by("id")[:500]:
            journal.replay(delivery)
        audit(user.organization_id, user, "delivery.replayed_all", f"connection:{connection.public_id}")
    else:
        raise BadRequest(action)
    return redirect("connectors:detail", connection.public_id)


@require_POST
@page(Permission.CONNECTIONS_EDIT)
def reauthenticate(request: HttpRequest, public_id: str) -> HttpResponse:
    """New credentials in place: ids and queue stay."""
    connection = _connection(request, public_id)
    form = CredentialsForm(connector_class(connection.slug), request.POST)
    if form.is_valid():
        connecting.reauthenticate(connection, form.cleaned_data, user_of(request))
    else:
        messages.error(request, _("Nothing was changed: one of the choices is not offered."))
    return redirect("connectors:detail", connection.public_id)


@require_POST
@page(Permission.HEALTH_ACT)
def cancel_command(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take back a Command that waits; its receipts say so."""
    user = user_of(request)
    visible = overview.connections_of(user).values("pk")
    command = get_object_or_404(
        Command.objects.select_related("connection"), public_id=public_id, connection__in=visible
    )
    reason = request.POST.get("reason", "").strip() or _("no reason given")
    try:
        outbox.give_up(command.pk, f"{user.full_name}: {reason}")
    except outbox.NotPossible:
        return HttpResponse(_("Too late: it has left."), status=409)
    audit(user.organization_id, user, "command.cancelled", f"command:{command.public_id}", after=reason)
    return redirect("connectors:detail", command.connection.public_id)


@require_POST
@page(Permission.HEALTH_ACT)
def acknowledge(request: HttpRequest, public_id: str) -> HttpResponse:
    """I look after this incident."""
    user = user_of(request)
    incident = get_object_or_404(Incident, organization_id=user.organization_id, public_id=public_id)
    overview.acknowledge(user, incident)
    return redirect("connectors:health")
