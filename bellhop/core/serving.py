"""Files as answers: as what they are and never as what they claim to be, in parts where a player asks for parts."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from bellhop.core import files
from bellhop.core.file_types import is_shown, safe_name

_PDF = "application/pdf"
# A page made of a file may load nothing, run nothing and be framed by nobody. Browsers show PDFs in a viewer of their
# own, which a sandbox would forbid.
_POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
_A_PART = re.compile(r"bytes=(\d*)-(\d*)$")


@require_safe
def shared_file(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """A file for whoever has its link; whatever is wrong with the link, there is nothing here."""
    try:
        key, kept_name = files.of_link(token)
    except files.LinkRefused as error:
        raise Http404(str(error)) from None
    if name != kept_name:
        raise Http404(name)
    response = file_response(request, key, name)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    patch_cache_control(response, private=True, no_store=True)
    return response


def file_response(
    request: HttpRequest, key: str, name: str, *, download: bool = False, max_age_s: int = 0
) -> HttpResponse:
    """The file, or the part of it that was asked for. A browser shows images, PDFs, sound and film; all else it may
    only save. Raises Http404 where it is gone."""
    mime_type = files.type_of(key)
    shown = is_shown(mime_type) and not download
    try:
        with files.open_file(key) as opened:
            size: int = opened.seek(0, 2)
            part = _part(request.headers.get("Range", ""), size)
            opened.seek(part[0] if part else 0)
            content: bytes = opened.read(part[1] - part[0]) if part else opened.read()
    except FileNotFoundError:
        raise Http404(key) from None
    response = HttpResponse(
        content, content_type=mime_type if is_shown(mime_type) else "application/octet-stream"
    )
    if part:
        response.status_code = 206
        response["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{size}"
    response["Accept-Ranges"] = "bytes"
    response["Content-Encoding"] = "identity"  # else it would be packed, and parts would not fit
    response["Content-Disposition"] = content_disposition_header(not shown, safe_name(name, mime_type)) or ""
    response["Content-Security-Policy"] = _POLICY if mime_type == _PDF else f"{_POLICY}; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    if max_age_s:
        patch_cache_control(response, private=True, max_age=max_age_s, immutable=True)
    return response


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """(from, until) of the one part that is asked for; None: all of it, as for whatever can't be understood."""
    found = _A_PART.match(asked)
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    until = min(size, int(last) + 1) if first and last else size
    return (start, until) if start < until else None
