"""The guest portal: a link leads here, to the page of one stay. Looking changes nothing, so that whoever fetches links
(mail scanners, previews) may; what changes something is a form that a person sends."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bellhop.core import peers
from bellhop.core.throttle import TooOften
from connectors.channels.webchat import MAX_FILES, MAX_TEXT
from inbox.models import PortalLink
from inbox.services.chat import cookies, portal, reading, talking, visitors
from inbox.services.chat.reading import Reader
from inbox.services.chat.talking import ChatRefused, Said, Shown
from inbox.views.chat import keep_upload, peer_of, too_often
from inbox.views.chat_words import frame_words

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, PortalLink, P], HttpResponse]


def _private(response: HttpResponse) -> HttpResponse:
    """Nobody keeps it, nobody lists it, no other site learns from where one went on. (A page that tells not even itself
    sends its forms without an origin, which the check against forged ones refuses; its address bears no token.)"""
    response["Cache-Control"] = "no-store"
    response.setdefault("Referrer-Policy", "same-origin")
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _gone(request: HttpRequest, status: HTTPStatus = HTTPStatus.NOT_FOUND, **more: Any) -> HttpResponse:
    """One page for every link that is no good, whatever is wrong with it; its address stays out of the log."""
    response = render(request, "portal/gone.html", more, status=status)
    response["Referrer-Policy"] = "no-referrer"
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return _private(response)


@require_safe
@sensitive_variables("token")
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """From the link to an address without its token, with a cookie that is good for that page only."""
    link = portal.of_token(token)
    if link is None:
        return _gone(request)
    address = reverse("portal-stay", args=[link.public_id])
    response = redirect(address)
    response["Referrer-Policy"] = "no-referrer"
    _give(response, cookies.PORTAL, cookies.pass_for(link.public_id), address, 60 * 24 * 3600)
    return _private(response)


def _give(response: HttpResponseBase, name: str, value: str, path: str, lives_s: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=lives_s,
        path=path,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _of_stay(view: View[P]) -> Callable[..., HttpResponse]:
    """For who has the cookie of a link that is still good; in the guest's language, in the property's time."""

    @wraps(view)
    def checked(request: HttpRequest, public_id: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        link = _link_of(request, public_id)
        if link is None:
            return _gone(request)
        zone = link.stay.property.zone if link.stay.property else None
        with translation.override(_language(request, link)), timezone.override(zone):
            return _private(view(request, link, *args, **kwargs))

    return checked


def _link_of(request: HttpRequest, public_id: str) -> PortalLink | None:
    try:
        named = cookies.link_of(request.COOKIES.get(cookies.PORTAL, ""))
    except signing.BadSignature:
        return None
    return portal.by_id(public_id) if named == public_id else None


def _language(request: HttpRequest, link: PortalLink) -> str:
    wanted = (link.visitor.language or translation.get_language_from_request(request))[:2].lower()
    return wanted if wanted in dict(settings.BELLHOP_WHOLE_LANGUAGES) else settings.LANGUAGE_CODE


@require_safe
@_of_stay
def stay(request: HttpRequest, link: PortalLink) -> HttpResponse:
    """The page."""
    return _page(request, link)


def _page(
    request: HttpRequest, link: PortalLink, status: HTTPStatus = HTTPStatus.OK, **more: Any
) -> HttpResponse:
    proven = cookies.is_proven(link.public_id, request.COOKIES.get(cookies.PROVEN, ""))
    shown = [_with_moment(one) for one in portal.messages(link)]
    may_see = portal.may(link, PortalLink.Right.DETAILS)
    context = {
        "link": link,
        "stay": link.stay,
        "place": link.stay.property or link.stay.organization,
        "messages": shown,
        "last": next((one["key"] for one in reversed(shown) if one["key"]), ""),
        "may_write": portal.may(link, PortalLink.Right.CHAT),
        "may_upload": portal.may(link, PortalLink.Right.UPLOAD),
        "may_see_details": may_see,
        "proven": proven and may_see,
        "zone": link.stay.property.timezone if link.stay.property else "UTC",
        "client_id": str(uuid.uuid4()),
        "most": MAX_TEXT,
        "most_files": MAX_FILES,
        "words": json.dumps(frame_words()),
        **more,
    }
    return render(request, "portal/stay.html", context, status=status)


def _with_moment(one: Shown) -> dict[str, Any]:
    return {
        "key": one.key,
        "client_id": one.client_id,
        "mine": one.mine,
        "name": one.name,
        "text": one.text,
        "at": parse_datetime(one.at),
        "files": one.files,
    }


def _may_write(link: PortalLink) -> None:
    """Raises ChatRefused."""
    if not portal.may(link, PortalLink.Right.CHAT):
        raise ChatRefused(_("This page is for reading."))


@require_POST
@_of_stay
def write(request: HttpRequest, link: PortalLink) -> HttpResponse:
    """A message, from the plain form or from the script (which wants JSON); with files from the form."""
    wants_json = "application/json" in request.headers.get("Accept", "")
    network = peers.network_of(peer_of(request))
    try:
        _may_write(link)
        talking.may("message", talking.MESSAGES, visitor=link.visitor.public_id, peer=network)
        said = Said(
            client_id=request.POST.get("id", ""),
            text=request.POST.get("text", ""),
            uploads=tuple(request.POST.getlist("upload")) + _uploads(request, link, network),
            language=translation.get_language() or "",
        )
        talking.write(link.visitor, said, peer_of(request))
    except TooOften as error:
        return (
            too_often(error)
            if wants_json
            else _page(
                request,
                link,
                HTTPStatus.TOO_MANY_REQUESTS,
                problem=_("That is too much at once. Try again in a moment."),
                typed=request.POST.get("text", ""),
            )
        )
    except ChatRefused as refused:
        if wants_json:
            return JsonResponse({"problem": str(refused)}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        return _page(
            request,
            link,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            problem=str(refused),
            typed=request.POST.get("text", ""),
        )
    if wants_json:
        return JsonResponse({}, status=HTTPStatus.ACCEPTED)
    return redirect(reverse("portal-stay", args=[link.public_id]) + "#write")


def _uploads(request: HttpRequest, link: PortalLink, network: str) -> tuple[str, ...]:
    if not request.FILES:
        return ()
    if not portal.may(link, PortalLink.Right.UPLOAD):
        raise ChatRefused(_("No files are taken here."))
    talking.may("upload", talking.UPLOADS, visitor=link.visitor.public_id, peer=network)
    return (keep_upload(request, link.visitor),)


@require_POST
@_of_stay
def upload(request: HttpRequest, link: PortalLink) -> HttpResponse:
    """A file for the message to come (script only)."""
    try:
        _may_write(link)
        kept = _uploads(request, link, peers.network_of(peer_of(request)))
    except TooOften as error:
        return too_often(error)
    except ChatRefused as refused:
        return JsonResponse({"problem": str(refused)}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"file": kept[0] if kept else ""}, status=HTTPStatus.CREATED)


@require_safe
@_of_stay
def messages(request: HttpRequest, link: PortalLink) -> HttpResponse:
    """What was said, for pages without a socket."""
    shown = reading.snapshot(Reader(link.visitor, link), request.GET.get("after", "")[:20])
    return JsonResponse(shown)


@require_POST
@_of_stay
def seen(request: HttpRequest, link: PortalLink) -> HttpResponse:
    """What the script shows, or the guest looks at; it also tells that they are here."""
    try:
        told = json.loads(request.body)
    except ValueError:
        told = {}
    visitors.here(link.visitor)
    if isinstance(told, dict):
        reading.seen(Reader(link.visitor, link), told.get("keys"), told.get("state"))
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_POST
@_of_stay
def prove(request: HttpRequest, link: PortalLink) -> HttpResponse:
    """One fact that the guest knows opens the door code, the address and the Wi-Fi for some hours."""
    fits = portal.may(link, PortalLink.Right.DETAILS) and portal.prove(
        link, request.POST.get("fact", "")[:100], peers.network_of(peer_of(request))
    )
    if not fits:
        words = _("That does not fit, or there were too many tries. Write to us below if you need help.")
        return _page(request, link, HTTPStatus.UNPROCESSABLE_ENTITY, proof_problem=words)
    address = reverse("portal-stay", args=[link.public_id])
    response = redirect(address)
    _give(response, cookies.PROVEN, cookies.proof_for(link.public_id), address, cookies.PROVEN_S)
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest) -> HttpResponse:
    """A lost link: sent anew to an address that the booking has. The answer is the same for everybody, and
    nothing of who asks gives them a right, so that there is nothing to forge."""
    if request.method != "POST":
        return _gone(request, HTTPStatus.OK)
    try:
        portal.ask_again(
            request.POST.get("code", ""),
            request.POST.get("contact", "")[:254],
            peers.network_of(peer_of(request)),
        )
    except TooOften:
        return _gone(request, HTTPStatus.TOO_MANY_REQUESTS, too_often=True)
    return _gone(request, HTTPStatus.OK, sent=True)
