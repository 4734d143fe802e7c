"""Integration health: one row per connection, worst first (ux I1)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page


@require_GET
@page(Permission.HEALTH_READ)
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "connectors/health.html", {"section": "health"})
