"""The way out of automatic mail, without a login (RFC 8058, https://www.rfc-editor.org/rfc/rfc8058)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from inbox.services import unsubscribing

ONE_CLICK = "One-Click"


@csrf_exempt
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a page with a button and changes nothing, because scanners follow links; POST stops, from the button or
    from the receiver's mail program (which has no cookie and no token of ours: the address is the permission)."""
    address = unsubscribing.address_of(token)
    if address is None:
        raise Http404("unknown")
    done = request.method == "POST"
    if done:
        one_click = request.POST.get("List-Unsubscribe") == ONE_CLICK
        everything = request.POST.get("everything") == "1"
        proof = {
            "how": "one click" if one_click else "page",
            "agent": request.headers.get("User-Agent", "")[:200],
        }
        unsubscribing.stop(address, everything=everything, proof=proof)
        if one_click:
            return HttpResponse(status=200)
    context = {
        "business": address.organization.name,
        "done": done,
        "standing": unsubscribing.standing(address),
    }
    response = render(request, "inbox/unsubscribe.html", context)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response
