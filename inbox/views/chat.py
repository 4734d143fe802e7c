"""The chat of a website: its script, its frame, and what the frame asks. The frame stands on our own origin; its
requests bear the visitor's token as a header, so no cookie of anybody is worth anything to a foreign page."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from bellhop.core import clock, peers
from bellhop.core.throttle import TooOften
from connectors.channels.webchat import MAX_FILE, MAX_FILES, MAX_TEXT
from inbox.models import ChatVisitor, ChatWidget
from inbox.services.chat import cookies, identity, reading, talking, visitors, widgets
from inbox.services.chat.reading import Reader
from inbox.services.chat.talking import ChatRefused, Said
from inbox.services.chat.visitors import ContactRefused, SomebodyElse
from inbox.views.chat_words import frame_words

VERSION = "1"
"""Of the loader. A pinned one never changes, so that a site may check it (SRI)."""
LARGEST_BODY = 64_000
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, ChatWidget, P], HttpResponse]


def peer_of(request: HttpRequest) -> str:
    """Where the request comes from, behind our proxies."""
    return peers.peer_of(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))


def too_often(error: TooOften) -> JsonResponse:
    return JsonResponse(
        {"problem": _("That is too much at once. Try again in a moment.")},
        status=HTTPStatus.TOO_MANY_REQUESTS,
        headers={"Retry-After": str(error.after_s)},
    )


@require_safe
def script(request: HttpRequest, version: str = VERSION) -> HttpResponse:
    """The loader, for any site."""
    if version != VERSION:
        raise Http404(version)
    response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    pinned = "widget.js" not in request.path
    response["Cache-Control"] = "public, max-age=31536000, immutable" if pinned else "public, max-age=3600"
    response["Access-Control-Allow-Origin"] = "*"  # SRI needs it; nothing of anybody's is in it
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _script() -> bytes:
    return (Path(settings.BASE_DIR) / "static" / "js" / "chat" / "widget.js").read_bytes()


@require_safe
@xframe_options_exempt
def frame(request: HttpRequest, key: str) -> HttpResponse:
    """The chat itself. Browsers show it within the listed sites and nowhere else; looking at it changes nothing."""
    widget = widgets.by_key(key)
    if widget is None:
        raise Http404("no such chat")
    language = _language(request, widget)
    origin = request.GET.get("o", "")
    reader = reading.by_token(key, request.COOKIES.get(cookies.CHAT, ""))
    with translation.override(language):
        context = {
            "widget": widget,
            "title": widgets.title_of(widget),
            "allowed": origin in widget.origins,
            "origin": origin if origin in widget.origins else "",
            "token": request.COOKIES.get(cookies.CHAT, "") if reader is not None else "",
            "language": language,
            "words": json.dumps(frame_words()),
            "most": MAX_TEXT,
            "most_files": MAX_FILES,
        }
        response = render(request, "chat/frame.html", context)
    response["Content-Security-Policy"] = _policy(request, widget)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _policy(request: HttpRequest, widget: ChatWidget) -> str:
    scheme = "wss" if request.is_secure() else "ws"
    ancestors = " ".join(widget.origins) or "'none'"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
        f"font-src 'self'; connect-src 'self' {scheme}://{request.get_host()}; object-src 'none'; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors {ancestors}"
    )


def _language(request: HttpRequest, widget: ChatWidget) -> str:
    """That of the site's page, else of the browser, if the widget speaks it."""
    wanted = request.GET.get("l", "")[:2].lower() or translation.get_language_from_request(request)[:2]
    known = [code for code in widget.languages if code in dict(settings.BELLHOP_WHOLE_LANGUAGES)] or ["en"]
    return wanted if wanted in known else known[0]


# --- what the frame asks ---
def _asked(view: View[P]) -> Callable[..., HttpResponse]:
    """A request of our own frame: its page is ours, its widget is open, its network isn't blocked."""

    @csrf_exempt
    @wraps(view)
    def checked(request: HttpRequest, key: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        widget = widgets.by_key(key)
        if widget is None:
            raise Http404("no such chat")
        origin = request.headers.get("Origin", "")
        if request.method == "POST" and urlsplit(origin).netloc != request.get_host():
            return _problem(_("This page may not ask that."), HTTPStatus.FORBIDDEN)
        with translation.override(_language(request, widget)):
            if widgets.is_blocked(widget, peer_of(request)):
                return _problem(_("The chat is closed."), HTTPStatus.FORBIDDEN)
            try:
                response = view(request, widget, *args, **kwargs)
            except TooOften as error:
                response = too_often(error)
            except (ChatRefused, ContactRefused) as refused:
                response = _problem(str(refused))
        response["Cache-Control"] = "no-store"
        return response

    return checked


def _problem(text: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> JsonResponse:
    return JsonResponse({"problem": text}, status=status)


def _visitor(request: HttpRequest, widget: ChatWidget) -> ChatVisitor | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return visitors.of_token(widget, token.strip()) if scheme == "Bearer" else None


def _ended() -> JsonResponse:
    return _problem(_("This chat has ended."), HTTPStatus.UNAUTHORIZED)


def _told(request: HttpRequest) -> dict[str, Any]:
    """The JSON of a request. Raises BadRequest."""
    try:
        if int(request.headers.get("Content-Length") or 0) > LARGEST_BODY:
            raise BadRequest("too large")
        told = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("no JSON") from error
    if not isinstance(told, dict):
        raise BadRequest("no object")
    return told


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


@require_POST
@_asked
def start(request: HttpRequest, widget: ChatWidget) -> HttpResponse:
    """A new visitor: only with their first message, so that looking makes nobody one."""
    network = peers.network_of(peer_of(request))
    talking.may("start", talking.STARTS, peer=network, widget=widget.key)
    _visitor_row, token = visitors.start(widget, translation.get_language() or "")
    response = JsonResponse({"token": token}, status=HTTPStatus.CREATED)
    cookies.keep_chat(response, widget.key, token, int(visitors.LIVES.total_seconds()))
    return response


@require_GET
@_asked
def messages(request: HttpRequest, widget: ChatWidget) -> HttpResponse:
    """What was said, for pages without a socket."""
    visitor = _visitor(request, widget)
    if visitor is None:
        return _ended()
    visitors.here(visitor)
    return JsonResponse(reading.snapshot(Reader(visitor), request.GET.get("after", "")[:20]))


@require_POST
@_asked
def write(request: HttpRequest, widget: ChatWidget) -> HttpResponse:
    """Take a message; 202 once it is committed."""
    visitor = _visitor(request, widget)
    if visitor is None:
        return _ended()
    network = peers.network_of(peer_of(request))
    talking.may("message", talking.MESSAGES, visitor=visitor.public_id, peer=network, widget=widget.key)
    told = _told(request)
    uploads = told.get("files")
    said = Said(
        client_id=_text(told, "id"),
        text=_text(told, "text"),
        uploads=tuple(str(one) for one in uploads) if isinstance(uploads, list) else (),
        url=_text(told, "url"),
        title=_text(told, "title"),
        language=translation.get_language() or "",
    )
    talking.write(visitor, said, peer_of(request))
    return JsonResponse({}, status=HTTPStatus.ACCEPTED)


@require_POST
@_asked
def upload(request: HttpRequest, widget: ChatWidget) -> HttpResponse:
    """Keep a file for the message to come."""
    visitor = _visitor(request, widget)
    if visitor is None:
        return _ended()
    network = peers.network_of(peer_of(request))
    talking.may("upload", talking.UPLOADS, visitor=visitor.public_id, peer=network, widget=widget.key)
    return JsonResponse({"file": keep_upload(request, visitor)}, status=HTTPStatus.CREATED)


def keep_upload(request: HttpRequest, visitor: ChatVisitor) -> str:
    """The one file of a request. Raises ChatRefused."""
    given = request.FILES.get("file")
    if not isinstance(given, UploadedFile):
        raise ChatRefused(_("There is no file."))
    if (given.size or 0) > MAX_FILE:
        raise ChatRefused(_("A file has at most %(n)d MB.") % {"n": MAX_FILE // 1_000_000})
    return talking.upload(visitor, given.read(), given.name or "")


@require_POST
@_asked
def seen(request: HttpRequest, widget: ChatWidget) -> HttpResponse:
    """What arrived, or was looked at."""
    visitor = _visitor(request, widget)
    if visitor is None:
        return _ended()
    told = _told(request)
    reading.seen(Reader(visitor), told.get("keys"), told.get("state"))
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_POST
@_asked
def contact(request: HttpRequest, widget: ChatWidget) -> HttpResponse:
    """How the visitor can be reached."""
    visitor = _visitor(request, widget)
    if visitor is None:
        return _ended()
    network = peers.network_of(peer_of(request))
    talking.may("contact", talking.CHECKS, peer=network)
    told = _told(request)
    visitors.leave_contact(
        visitor, name=_text(told, "name"), email=_text(told, "email"), phone=_text(told, "phone")
    )
    return JsonResponse(reading.snapshot(Reader(visitor)))


@require_POST
@_asked
def identify(request: HttpRequest, widget: ChatWidget) -> HttpResponse:
    """The site vouches for the visitor. What it doesn't prove, leaves them a stranger; another person than before needs
    a chat of their own (409)."""
    visitor = _visitor(request, widget)
    if visitor is None:
        return _ended()
    network = peers.network_of(peer_of(request))
    talking.may("identify", talking.CHECKS, peer=network)
    try:
        told = identity.read(
            _text(_told(request), "identity"), key=widget.key, secret=widget.secret, now=clock.now()
        )
        visitors.vouch(visitor, told)
    except identity.NotVerified as error:
        return JsonResponse({"verified": False, "why": str(error)})
    except SomebodyElse:
        return JsonResponse({"verified": False}, status=HTTPStatus.CONFLICT)
    return JsonResponse({"verified": True})


@require_POST
@_asked
def end(request: HttpRequest, widget: ChatWidget) -> HttpResponse:
    """End the chat in this browser: the token opens nothing any more."""
    visitor = _visitor(request, widget)
    if visitor is not None:
        visitors.end(visitor)
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    cookies.keep_chat(response, widget.key, "", 0)
    return response


@require_GET
def kept(request: HttpRequest, key: str) -> HttpResponse:
    """Did this browser keep the cookie of the frame? Else the site's page has to keep the token."""
    reader = reading.by_token(key, request.COOKIES.get(cookies.CHAT, ""))
    return JsonResponse({"kept": reader is not None}, headers={"Cache-Control": "no-store"})
