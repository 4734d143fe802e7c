"""What anybody who has the address may see: the ledger of one connection. No sign-in, no cookie, one language each."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from bellhop.core import clock
from connectors.contract.registry import connector_class
from connectors.trust import ledger, publishing

FOR_S = 60


@require_GET
def ledger_page(request: HttpRequest, token: str) -> HttpResponse:
    """Levels with the dates and ages of their proof; `?format=json` exports them. 404 where it is off."""
    connection = publishing.found(token)
    if connection is None:
        raise Http404
    asked = request.GET.get("lang", "")
    language = asked if asked in dict(settings.BELLHOP_WHOLE_LANGUAGES) else settings.LANGUAGE_CODE
    with translation.override(language), timezone.override("UTC"):
        depths = ledger.of([connection])[connection.pk]
        if request.GET.get("format") == "json":
            answer: HttpResponse = JsonResponse(publishing.as_json(connection, depths))
        else:
            context = {
                "connection": connection,
                "pms": connector_class(connection.slug).label,
                "depths": [depth for depth in depths if depth.offered],
                "not_offered": [depth for depth in depths if not depth.offered],
                "languages": [code for code, _name in settings.BELLHOP_WHOLE_LANGUAGES if code != language],
                "now": clock.now(),
            }
            # Without the request: nothing of a session may reach a page that others share.
            answer = HttpResponse(render_to_string("connectors/public_ledger.html", context))
    answer["Cache-Control"] = f"public, max-age={FOR_S}"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
