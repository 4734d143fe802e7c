"""Files that guests sent: opened where they are, at the PMS."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page
from connectors.contract.errors import ConnectorError, NotFound
from inbox.services import attachments
from inbox.views import access


@require_GET
@page(Permission.THREADS_READ)
def file(request: HttpRequest, public_id: str, place: int) -> HttpResponse:
    """On to where the file is; a page that says why not where it can't be had now."""
    message = access.message_of(request, public_id)
    try:
        return HttpResponseRedirect(attachments.link(message, place))
    except NotFound:
        return render(request, "inbox/no_file.html", {"gone": True}, status=404)
    except ConnectorError:
        return render(request, "inbox/no_file.html", {"gone": False}, status=503)
