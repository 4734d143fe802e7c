"""The inbox: list, thread and panel, as a page or as the parts that htmx asks for."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from inbox.services import find, listing
from inbox.views import access, parts
from inbox.views.filters import menu_context

DEFAULT_VIEW = "needs-reply"


@require_GET
def home(request: HttpRequest) -> HttpResponseBase:
    """The first page a person has a use for."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    user = user_of(request)
    if user.may(Permission.THREADS_READ):
        return redirect("inbox:list", DEFAULT_VIEW)
    if user.may(Permission.HOUSEKEEPING_READ):
        return redirect("reservations:board")
    return render(request, "inbox/nothing_here.html", status=200)


def _known(view: str) -> str:
    if view not in listing.VIEWS:
        raise Http404(view)
    return view


@require_GET
@page(Permission.THREADS_READ)
def thread_list(request: HttpRequest, view: str) -> HttpResponse:
    """The list alone: no thread is open."""
    query = parts.list_query(_known(view), request.GET)
    context = {**parts.frame_context(request, query), **parts.list_context(request, query)}
    if request.headers.get("HX-Request-Type") == "partial":
        return render(request, "inbox/_list.html", context)
    return render(request, "inbox/inbox.html", {**context, "pane": "list"})


@require_GET
@page(Permission.THREADS_READ)
def thread_rows(request: HttpRequest, view: str) -> HttpResponse:
    """The next page of rows."""
    query = parts.list_query(_known(view), request.GET)
    return render(
        request, "inbox/_rows.html", parts.list_context(request, query, request.GET.get("cursor", ""))
    )


@require_GET
@page(Permission.THREADS_READ)
def thread_page(request: HttpRequest, view: str, public_id: str) -> HttpResponse:
    """One open thread: beside its list as a page, alone for htmx."""
    query = parts.list_query(_known(view), request.GET)
    try:
        thread = access.thread_of(request, public_id)
    except Http404:
        target = access.merged_into(request, public_id)
        if target is None:
            raise
        return redirect("inbox:thread", view, target.public_id)
    context = parts.thread_context(request, thread, query, since=parts.named_entry_at(request, thread))
    if request.headers.get("HX-Request-Type") == "partial":
        return render(request, "inbox/_open.html", context)
    context = {**parts.frame_context(request, query), **parts.list_context(request, query), **context}
    return render(request, "inbox/inbox.html", {**context, "pane": "thread"})


@require_GET
@page(Permission.THREADS_READ)
def log(request: HttpRequest, public_id: str) -> HttpResponse:
    """Entries of a thread: anew since the oldest shown, or an earlier page."""
    thread = access.thread_of(request, public_id)
    context = parts.log_context(
        request, thread, since=request.GET.get("since", ""), before=request.GET.get("before", "")
    )
    return render(request, "inbox/_log.html", {**context, **parts.outage_context(thread)})


@require_GET
@page(Permission.THREADS_READ)
def head(request: HttpRequest, public_id: str) -> HttpResponse:
    """Title, assignee and outage banner of a thread, after somebody changed them."""
    thread = access.thread_of(request, public_id)
    query = parts.list_query(_known(request.GET.get("view", DEFAULT_VIEW)), request.GET)
    return render(request, "inbox/_thread_head.html", parts.head_context(thread, query))


@require_GET
@page(Permission.THREADS_READ)
def panel(request: HttpRequest, public_id: str) -> HttpResponse:
    """The reservation panel: asked for once the log is there, and after somebody changed what it shows."""
    thread = access.thread_of(request, public_id, "guest", "stay__property")
    return render(request, "inbox/_panel.html", parts.panel_context(request, thread))


@require_GET
@page(Permission.THREADS_TRIAGE)
def menu(request: HttpRequest, public_id: str, what: str) -> HttpResponse:
    """What a menu of the thread has besides its fixed choices, asked for when it is opened."""
    try:
        context = parts.menu_context(request, access.plain_thread_of(request, public_id), what)
    except KeyError:
        raise Http404(what) from None
    return render(request, "inbox/_menu_more.html", context)


@require_GET
@page(Permission.THREADS_READ)
def row(request: HttpRequest, public_id: str) -> HttpResponse:
    """One row as this person sees it."""
    from bellhop.core import clock
    from inbox.services import row_view

    thread = access.row_of(request, public_id)
    return render(request, "inbox/_row.html", {"row": row_view.of(thread, clock.now(), user_of(request).pk)})


@require_GET
@page(Permission.THREADS_READ)
def counts(request: HttpRequest) -> HttpResponse:
    """The views with their counts, for the navigation and the list's menu."""
    query = parts.list_query(request.GET.get("view", DEFAULT_VIEW), request.GET)
    user = user_of(request)
    return render(request, "inbox/_views.html", parts.views_context(user, query, listing.counts(user)))


@require_GET
@page(Permission.THREADS_READ)
def filters(request: HttpRequest, view: str) -> HttpResponse:
    """The filter menu, asked for when it is opened for the first time."""
    query = parts.list_query(_known(view), request.GET)
    return render(request, "inbox/_filters.html", menu_context(user_of(request), query))


@require_GET
@page(Permission.THREADS_READ)
def search(request: HttpRequest) -> HttpResponse:
    """The search box's results."""
    text = request.GET.get("q", "")
    context = {"text": text.strip(), "results": find.find(user_of(request), text)}
    return render(request, "inbox/_results.html", context)
