"""Which app answers which address. Webhooks (/hooks/) and the socket (/live/) are taken in `asgi` before Django."""

from __future__ import annotations

from django.urls import include, path

from bellhop import checks, health  # noqa: F401 (checks are registered by being imported)

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("", include("inbox.urls")),
    path("", include("reservations.urls")),
    path("", include("connectors.urls")),
    path("", include("bellhop.accounts.urls")),
]
