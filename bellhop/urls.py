"""Which app answers which address. Webhooks (/hooks/) and the socket (/live/) are taken in `asgi` before Django."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import RedirectView

from bellhop import checks, health  # noqa: F401 (checks are registered by being imported)
from bellhop.core import serving
from inbox import guest_urls
from inbox.views import unsubscribe
from reservations.views import survey

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("f/<str:token>/<str:name>", serving.shared_file, name="shared-file"),
    path("unsubscribe/<str:token>", unsubscribe.unsubscribe, name="unsubscribe"),
    path("survey/<str:token>", survey.survey, name="survey"),
    *guest_urls.urlpatterns,
    # An admin gives people their address; the package's page for changing it is shadowed.
    path(
        "accounts/email/",
        login_required(RedirectView.as_view(pattern_name="accounts:settings")),
        name="account_email",
    ),
    path("accounts/", include("allauth.urls")),
    path("", include("inbox.urls")),
    path("", include("reservations.urls")),
    path("", include("connectors.urls")),
    path("", include("bellhop.accounts.urls")),
]
