"""What makes the board an app of its own: its manifest and its service worker, for its addresses only."""

from __future__ import annotations

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

_PAPER, _PINE = "#f6f4f0", "#05433a"


@require_GET
def manifest(_request: HttpRequest) -> JsonResponse:
    """Name, sign and colours of the installed board; it tells nothing of anybody."""
    board = reverse("reservations:board")
    told = {
        "name": _("Bellhop board"),
        "short_name": _("Board"),
        "id": board,
        "start_url": board,
        "scope": board,
        "display": "standalone",
        "background_color": _PAPER,
        "theme_color": _PINE,
        "icons": [
            {"src": static("icons/board-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": static("icons/board-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
            {
                "src": static("icons/board-512.png"),
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ],
    }
    return JsonResponse(told, content_type="application/manifest+json")


@never_cache
@require_GET
def worker(_request: HttpRequest) -> HttpResponse:
    """From below the board's own address, so that it answers for nothing else."""
    path = finders.find("js/board/worker.js")
    if not isinstance(path, str):
        raise Http404("worker.js")
    return HttpResponse(Path(path).read_text(encoding="utf-8"), content_type="text/javascript")
