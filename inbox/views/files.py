"""Files: those of a draft as they are added and described, those of messages as they are opened."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from bellhop.core.file_types import MAX_BYTES, reason
from bellhop.core.serving import file_response
from connectors.contract.errors import ConnectorError, NotFound
from inbox.models import Attachment, FileState, Thread
from inbox.services import attachments, fetching, shown_files, uploads
from inbox.views import access, parts

# The bytes of a kept file never change; what a browser keeps of them is that person's own.
KEPT_BY_BROWSERS_S = 7 * 24 * 3600


def _file_of(request: HttpRequest, public_id: str) -> Attachment:
    visible = attachments.visible_to(user_of(request))
    rows = visible.select_related("message__thread", "message__connection")
    return get_object_or_404(rows, public_id=public_id)


@require_safe
@page(Permission.THREADS_READ)
def file(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The file; on to where it is while it isn't here; a page that says why not where it can't be had now."""
    held = _file_of(request, public_id)
    if held.state == FileState.KEPT:
        download = "download" in request.GET
        return file_response(
            request, held.storage_key, held.name, download=download, max_age_s=KEPT_BY_BROWSERS_S
        )
    try:
        return HttpResponseRedirect(attachments.link(held))
    except NotFound:
        return render(request, "inbox/no_file.html", {"gone": True}, status=404)
    except ConnectorError:
        return render(request, "inbox/no_file.html", {"gone": False}, status=503)


@require_safe
@page(Permission.THREADS_READ)
def thumbnail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The small image of an image."""
    held = _file_of(request, public_id)
    if not held.thumbnail_key:
        raise Http404(public_id)
    return file_response(request, held.thumbnail_key, held.name, max_age_s=KEPT_BY_BROWSERS_S)


@require_http_methods(["GET", "POST"])
@page(Permission.THREADS_REPLY)
def draft_files(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the ways to the guest make of the draft's files; or keep one more."""
    thread = access.plain_thread_of(request, public_id)
    if request.method == "GET":
        return render(request, "inbox/_files_notes.html", parts.composer_context(request, thread))
    return _upload(request, thread)


def _upload(request: HttpRequest, thread: Thread) -> HttpResponse:
    """Answers with the file's line for the composer, or with why it isn't taken."""
    given = request.FILES.get("file")
    seen = request.POST.get("seen", "")
    if given is None or not given.size:
        return _refused(reason("empty"))
    if given.size > MAX_BYTES:
        return _refused(reason("too_large"))
    try:
        kept = uploads.upload(
            user_of(request),
            thread,
            given.read(),
            name=given.name or "",
            mime_type=given.content_type or "",
            seen=int(seen) if seen.isdecimal() else 0,
        )
    except uploads.UploadRefused as refused:
        return _refused(str(refused))
    except OSError:
        return _refused(
            _("Files can't be kept right now. Try again in a moment."), HTTPStatus.SERVICE_UNAVAILABLE
        )
    return render(request, "inbox/_draft_file.html", {"file": shown_files.one(kept)})


def _refused(why: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> HttpResponse:
    return HttpResponse(why, status=status, content_type="text/plain; charset=utf-8")


@require_POST
@page(Permission.THREADS_REPLY)
def remove(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a file out of one's draft."""
    try:
        uploads.remove(user_of(request), _file_of(request, public_id))
    except Attachment.DoesNotExist:
        raise Http404(public_id) from None
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_POST
@page(Permission.THREADS_REPLY)
def describe(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say in words what an image of one's draft shows."""
    try:
        uploads.describe(user_of(request), _file_of(request, public_id), request.POST.get("alt", ""))
    except Attachment.DoesNotExist:
        raise Http404(public_id) from None
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_POST
@page(Permission.THREADS_READ)
def again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Try once more to fetch a file; the log shows how that goes."""
    fetching.again(user_of(request), _file_of(request, public_id))
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
