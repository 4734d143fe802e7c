"""An e-mail as it was designed, in a frame that can do nothing (invariant 11)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page
from bellhop.core import rich_text
from inbox.models import MessageMail
from inbox.services import shown_files
from inbox.views import access


@require_GET
@page(Permission.THREADS_READ)
@xframe_options_sameorigin
def mail(request: HttpRequest, public_id: str) -> HttpResponse:
    """The sanitised document; pictures of other hosts only when they are asked for (`?pictures=1`)."""
    message = access.message_of(request, public_id)
    row = MessageMail.objects.filter(message=message).first()
    if row is None or not row.html:
        raise Http404("not designed")
    remote = request.GET.get("pictures") == "1"
    shown, policy = rich_text.page(row.html, shown_files.by_content_id(message), remote=remote)
    response = HttpResponse(shown)
    response["Content-Security-Policy"] = policy
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response
