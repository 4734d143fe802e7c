"""Portal links of a stay, as agents make and revoke them in the panel; and the settings of a web chat."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from inbox.chat_forms import ChatSettingsForm
from inbox.models import ChatWidget, PortalLink, Thread
from inbox.services import row_view, threads, ways
from inbox.services.chat import portal, widgets
from inbox.views import access


@require_http_methods(["GET", "POST"])
@page(Permission.THREADS_REPLY)
def links(request: HttpRequest, public_id: str) -> HttpResponse:
    """The stay's links (GET), and one more for one recipient (POST), which is shown this once."""
    thread = access.plain_thread_of(request, public_id)
    if request.method != "POST":
        return _shown(request, thread)
    channel, _sign, recipient = request.POST.get("to", "").partition(":")
    more: dict[str, Any] = {}
    rights = [right for right in portal.ALL_RIGHTS if right != PortalLink.Right.DETAILS]
    if request.POST.get("details"):
        rights = portal.ALL_RIGHTS
    if thread.stay is None or (channel and (channel, recipient) not in portal.recipients(thread.stay)):
        return _shown(request, thread, 422)
    try:
        _link, token = portal.make(
            user_of(request), thread.stay, channel=channel, recipient=recipient, rights=rights
        )
    except portal.PortalRefused as refused:
        more["problem"] = str(refused)
    else:
        via = next(
            (one.key for one in ways.of(thread) if (one.channel, one.value) == (channel, recipient)), ""
        )
        more |= {
            "new_link": portal.url_of(token),
            "new_words": portal.words(thread.stay, token),
            "new_via": via,
        }
    return _shown(request, thread, **more)


def _shown(request: HttpRequest, thread: Thread, status: int = 200, **more: Any) -> HttpResponse:
    stay = thread.stay
    may_read = user_of(request).may(Permission.CONTACTS_READ)
    asked = portal.recipients(stay) if stay is not None and may_read else []
    context = {
        "thread": thread,
        "portal_links": portal.of_stay(stay) if stay is not None else [],
        "recipients": [
            (f"{channel}:{value}", f"{row_view.channel_words(channel)[0]} {value}")
            for channel, value in asked
        ],
        **more,
    }
    return render(request, "inbox/_portal_links.html", context, status=status)


@require_POST
@page(Permission.THREADS_REPLY)
def revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    visible = Thread.objects.filter(pk__in=threads.visible_to(user_of(request)).values("pk"))
    links = PortalLink.objects.select_related("stay").filter(stay__threads__in=visible).distinct()
    link = get_object_or_404(links, public_id=public_id)
    portal.revoke(user_of(request), link)
    thread = visible.filter(stay=link.stay).first() or visible.filter(stays=link.stay).first()
    assert thread is not None
    return _shown(request, thread)


def _widget(request: HttpRequest, public_id: str) -> ChatWidget:
    rows = ChatWidget.objects.filter(organization_id=user_of(request).organization_id)
    return get_object_or_404(rows.select_related("connection", "property"), connection__public_id=public_id)


@require_http_methods(["GET", "POST"])
@page(Permission.CONNECTIONS_EDIT)
def chat_settings(request: HttpRequest, public_id: str) -> HttpResponse:
    """What visitors see, when somebody answers, which sites may show it; and what the site's owner needs."""
    widget = _widget(request, public_id)
    form = ChatSettingsForm(widget, request.POST or None)
    if form.is_valid():
        widgets.change(user_of(request), widget, form.wanted())
        return redirect(reverse("inbox:chat-settings", args=[public_id]) + "?saved=1")
    base = settings.BELLHOP_PUBLIC_URL
    context = {
        "section": "health",
        "widget": widget,
        "connection": widget.connection,
        "form": form,
        "saved": request.GET.get("saved") == "1",
        "base": base,
        "snippet": f'<script src="{base}/chat/widget.js" data-key="{widget.key}" '
        f'data-color="{widget.colour}" async></script>',
        "policy": f"script-src {base}; frame-src {base}",
        "secret": widget.secret,
    }
    status = 422 if form.is_bound else 200
    return render(request, "inbox/chat_settings.html", context, status=status)


@require_POST
@page(Permission.CONNECTIONS_EDIT)
def new_secret(request: HttpRequest, public_id: str) -> HttpResponse:
    """Identities signed with the old secret prove nothing from now on."""
    widget = _widget(request, public_id)
    widgets.renew_secret(user_of(request), widget)
    return redirect("inbox:chat-settings", public_id)
